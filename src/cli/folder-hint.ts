// What to do where a folder is named and a file is wanted.
import { shellWord } from '../text/quote.ts'

/** What a command is called with for each file; others take the file as their only word. */
const calls: Readonly<Record<string, string>> = {
  encrypt: 'encrypt -i {} \\;',
  rotate: 'rotate -i {} \\;',
  updatekeys: 'updatekeys {} +',
  set: `set {} '["key"]' '"value"' \\;`,
  unset: `unset {} '["key"]' \\;`,
  'exec-env': "exec-env {} 'COMMAND' \\;",
  'exec-file': "exec-file {} 'COMMAND' \\;",
  'groups add': 'groups add -i --file {} --age age1… \\;',
  'groups delete': 'groups delete -i --file {} 0 \\;',
}

/** @param command the words of the command that was run, with `-i` if that was given. */
export const folderHint = (folder: string, command: string): string =>
  `commands take files, not folders: find ${shellWord(folder)} -name '*.yaml' ! -name .sops.yaml -type f -exec sops ${calls[command.replace(/ -i$/, '')] ?? `${command} {} \\;`}`
