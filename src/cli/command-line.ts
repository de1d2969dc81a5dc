// The command that a line of words means, for a thread: the one that started it has read the same words and found nothing wrong.
import { type CommandLine, isUsageError, parseWords } from './argv.ts'
import type { Command } from './command.ts'
import { commands, findRow, isGroup, type Row } from './commands/index.ts'
import type { Flag } from './flag.ts'
import { rootFlags } from './flags.ts'
import type { Host } from './host.ts'
import type { Invocation } from './invocation.ts'

/** @throws Error for words that mean no command. */
export async function parseCommand(
  words: readonly string[],
  env: Host['env'],
): Promise<{ readonly command: Command; readonly inv: Invocation<Flag> }> {
  const root = parsed(rootFlags, words, env, 'root')
  const names: string[] = []
  let rows: readonly Row[] = commands
  let rest = root.positionals
  for (;;) {
    const [word, ...behind] = rest
    const row = findRow<Row>(rows, word)
    if (row === undefined) throw new Error('no command')
    names.push(row.name)
    if (!isGroup(row)) {
      const command = await row.load()
      const { values, positionals } = parsed(command.flags, behind, env, 'command')
      return { command, inv: { ...values, command: names, positionals, root: root.values, legacy: false } }
    }
    rows = row.subcommands
    rest = parsed([], behind, env, 'root').positionals
  }
}

function parsed(
  flags: readonly Flag[],
  words: readonly string[],
  env: Host['env'],
  level: 'root' | 'command',
): CommandLine {
  const line = parseWords(flags, words, env, level)
  if (isUsageError(line)) throw new Error('no command line')
  return line
}
