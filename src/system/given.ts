// This process's arguments and variables as the system passed them: Node replaces bytes that are not UTF-8 by U+FFFD, Linux still has them.
import { readFileSync } from 'node:fs'
import { LOST, textOf } from './bytes.ts'

const isSuspect = (text: string): boolean => text.includes('\ufffd')

/** The NUL-terminated texts in a file of procfs; undefined on a system without one. */
function readTexts(path: string): string[] | undefined {
  try {
    return readFileSync(path, 'latin1')
      .split('\0')
      .slice(0, -1)
      .map((text) => textOf(Buffer.from(text, 'latin1')))
  } catch {
    return undefined
  }
}

/** On Windows they are UTF-16, of which Node loses nothing that a program could be passed. */
const lost = (text: string, platform: NodeJS.Platform): string =>
  platform === 'win32' ? text : text.replaceAll('\ufffd', LOST)

/** The last arguments of this process with their bytes (bytes.ts). `words` is what Node made of them. */
export function wordsAsGiven(words: readonly string[], platform: NodeJS.Platform): readonly string[] {
  if (!words.some(isSuspect)) return words
  const given = readTexts('/proc/self/cmdline')
  if (given === undefined || given.length < words.length) return words.map((word) => lost(word, platform))
  return given.slice(-words.length)
}

/** The variables of this process with their bytes; Node's own object if it replaced nothing. */
export function environmentAsGiven(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): Readonly<Record<string, string | undefined>> {
  const pairs = Object.entries(env)
  if (!pairs.some(([name, value]) => isSuspect(name) || isSuspect(value ?? ''))) return env
  const result: Record<string, string | undefined> = Object.create(null)
  for (const [name, value] of pairs) if (!isSuspect(name) && !isSuspect(value ?? '')) result[name] = value
  const given = readTexts('/proc/self/environ')
  if (given === undefined) {
    for (const [name, value] of pairs) if (isSuspect(value ?? '')) result[name] = lost(value ?? '', platform)
    return result
  }
  for (const pair of given) {
    const at = pair.indexOf('=')
    // Of two variables with the same name the first counts.
    if (at > 0 && !(pair.slice(0, at) in result)) result[pair.slice(0, at)] = pair.slice(at + 1)
  }
  return result
}
