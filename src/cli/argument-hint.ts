// What to do where the words of a command to run stand apart.
import { fileWord, shellWord } from '../text/quote.ts'

/** @param words the file, then the words of the command. */
export function oneArgumentHint(name: string, words: readonly string[]): string {
  const [file = 'FILE', ...command] = words
  // What stands for the file is no word that a shell changes.
  const [first = ''] = command
  // What stands for the file is no word that a shell changes; a word with blanks is a line of a shell, or the begin of one.
  const asWord = (word: string): string => (word === '{}' ? word : shellWord(word))
  const line = [/\s/.test(first) ? first : asWord(first), ...command.slice(1).map(asWord)].join(' ')
  return `put the whole command into one quoted argument: sops ${name} ${fileWord(file)} ${shellWord(line)}`
}
