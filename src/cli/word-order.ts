// Words in the wrong place, and where they belong.
import { resolve } from 'node:path'
import { codeOf, statOf, statSync } from '../system/index.ts'
import { fileWord, shellWord } from '../text/quote.ts'

/** True for what is written like an index: `["key"]`. */
export const isIndex = (word: string): boolean => /^\s*\[/.test(word)

const isRecipient = (word: string): boolean => /^age1[a-z0-9]{20,}/.test(word)

/** True if a file is there; what cannot be looked at is none. */
export const isFile = (word: string, cwd: string): boolean => statOf(resolve(cwd, word))?.isFile() ?? false

const isNowhere = (word: string, cwd: string): boolean => {
  try {
    statSync(resolve(cwd, word))
    return false
  } catch (error) {
    return codeOf(error) === 'ENOENT'
  }
}

/** Commands of one file, and those with a word behind it. */
const takesOne: ReadonlySet<string> = new Set(['decrypt', 'edit', 'encrypt', 'filestatus', 'publish'])
const takesMore: ReadonlySet<string> = new Set(['exec-env', 'exec-file'])

/**
 * Hints for a command that failed because its first word names no file, though another word does, or it is plainly something else. No
 * word of these commands is a value.
 */
export function orderHints(command: string, words: readonly string[], cwd: string): readonly string[] {
  const [first, ...more] = words
  const isOfMore = takesMore.has(command)
  if (first === undefined || !(isOfMore || takesOne.has(command)) || !isNowhere(first, cwd)) return []
  const file = more.find((word) => isFile(word, cwd))
  const name = fileWord(file ?? 'FILE')
  const call = `sops ${command}`
  if (isIndex(first) && command === 'decrypt')
    return [`for one value: sops decrypt --extract ${shellWord(first)} ${name}`]
  if (isRecipient(first)) return [`a recipient stands behind a flag: ${call} --age ${first} ${name}`]
  if (file === undefined) return []
  if (!isOfMore) return [`name the file alone: ${call} ${name}`]
  return [`the file stands first: ${call} ${name} ${shellWord(words.filter((word) => word !== file).join(' '))}`]
}
