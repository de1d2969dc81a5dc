// age's ASCII armor, read strictly.
import { decodeCanonical } from '../../../text/base64.ts'

export const ARMOR_HEADER = '-----BEGIN AGE ENCRYPTED FILE-----'
const ARMOR_FOOTER = '-----END AGE ENCRYPTED FILE-----'
const COLUMNS = 64
/** Bytes of white space tolerated before the armor, and after it. */
const MAXIMUM_BLANKS = 1024

/** A blank, or one of the five controls from tab to carriage return. */
const isBlank = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d)

/** The armored text of an age file, with its final newline. */
export function encodeArmor(bytes: Buffer): string {
  const base64 = bytes.toString('base64')
  const lines = [ARMOR_HEADER]
  for (let at = 0; at < base64.length; at += COLUMNS) lines.push(base64.slice(at, at + COLUMNS))
  return `${lines.join('\n')}\n${ARMOR_FOOTER}\n`
}

/**
 * The age file inside the armor (rules: spec/keys.md 3.2).
 * @throws Error
 */
export function decodeArmor(text: string): Buffer {
  let start = 0
  while (isBlank(text.charCodeAt(start))) start++
  let end = text.length
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  if (start > MAXIMUM_BLANKS) throw new Error('too much leading white space')
  if (text.length - end > MAXIMUM_BLANKS) throw new Error('too much trailing white space')
  const lines = text
    .slice(start, end)
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  if (lines[0] !== ARMOR_HEADER) throw new Error('invalid first line')
  if (lines.length < 2 || lines.at(-1) !== ARMOR_FOOTER) throw new Error('invalid closing line')
  const body = lines.slice(1, -1)
  for (const [i, line] of body.entries()) {
    if (line === '') throw new Error('empty line in armored data')
    if (line.length > COLUMNS) throw new Error('column limit exceeded')
    if (line.length < COLUMNS && i < body.length - 1) throw new Error('short line in armored data')
  }
  return decodeCanonical(body.join(''))
}
