// Files that git left in the middle of a merge.
import { lineIn } from './position.ts'

/**
 * The line, from 1, on which the first merge conflict begins; undefined if there is none. Only a whole mark counts: one that begins, then one
 * of the same length that parts the sides or ends them.
 */
export function conflictLine(bytes: Uint8Array): number | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const begins = /^<{7,}(?= |\r?$)/m.exec(text)
  if (!begins) return undefined
  const after = text.slice(begins.index)
  const size = begins[0].length
  if (!new RegExp(`^(?:={${size}}\\r?$|>{${size}}(?= |\\r?$))`, 'm').test(after)) return undefined
  return lineIn(text, begins.index)
}

/** What happened, in the place of the parser's words, which name what the mark looks like to it. */
export const conflictText = (line: number): string => `line ${line} begins a merge conflict: both sides are in the text`

/** What to do about it in a text that people write. */
export const conflictHint: string =
  'keep what is meant, and delete the lines that begin with <<<<<<<, ======= and >>>>>>>'
