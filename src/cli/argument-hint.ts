// What to do where the words of a command to run stand apart.
import { shellWord } from '../text/quote.ts'

/** @param words the file, then the words of the command. */
export function oneArgumentHint(name: string, words: readonly string[]): string {
  const [file = 'FILE', ...command] = words
  // What stands for the file is no word that a shell changes.
  const line = command.map((word) => (word === '{}' ? word : shellWord(word))).join(' ')
  return `put the whole command into one quoted argument: sops ${name} ${shellWord(file)} ${shellWord(line)}`
}
