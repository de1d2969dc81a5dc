// `sops help [COMMAND...]`.
import { type Command, command } from '../command.ts'
import { showTopic } from '../help.ts'

export const help: Command = command({
  args: '[COMMAND...]',
  flags: [],
  examples: ['sops help decrypt', 'sops help groups add'],
  run: (inv, io) => showTopic(inv.positionals, [], io.host),
})
