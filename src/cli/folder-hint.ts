// What to do where a folder is named and a file is wanted.
import { shellWord } from '../text/quote.ts'

/** What a command is called with for each file; others take the file as their only word. */
const calls: Readonly<Record<string, string>> = {
  'exec-env': "exec-env {} 'COMMAND' \\;",
  'exec-file': "exec-file {} 'COMMAND' \\;",
}

/** Commands that take a folder for the files in it, by what they are called with. */
const takesFolders: Readonly<Record<string, string>> = {
  decrypt: 'decrypt',
  'decrypt -i': 'decrypt -i',
  encrypt: 'encrypt -i',
  'encrypt -i': 'encrypt -i',
  rotate: 'rotate -i',
  'rotate -i': 'rotate -i',
  updatekeys: 'updatekeys',
  doctor: 'doctor',
  filestatus: 'filestatus',
}

/** @param command the words of the command that was run, with `-i` if that was given. */
export function folderHint(folder: string, command: string): string {
  const call = takesFolders[command]
  if (call !== undefined)
    return `a folder stands for the files in it that the command is for: sops ${call} ${shellWord(folder)}`
  return `the command takes one file: find ${shellWord(folder)} -name '*.yaml' ! -name .sops.yaml -type f -exec sops ${calls[command] ?? `${command} {} \\;`}`
}
