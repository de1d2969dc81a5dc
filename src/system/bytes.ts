// Bytes that are not UTF-8 inside a string: arguments, variables and paths are bytes on POSIX systems, but strings in Node. Each byte that
// is not part of valid UTF-8 becomes a lone low surrogate, U+DC80 for 80 to U+DCFF for FF: decoded text never has one (see PEP 383).
import { isUtf8 } from 'node:buffer'
import { SopsError } from '../errors.ts'

/** Stands for bytes that Node has replaced and that are lost. */
export const LOST = '\udc00'

const carriers = /[\udc80-\udcff]/gu
const anyCarrier = /[\udc00\udc80-\udcff]/u

/** True when the text carries a byte that is not UTF-8, or has lost one. */
export const hasBytes = (text: string): boolean => anyCarrier.test(text)

/** Decodes bytes so that `bytesOf` gives the same bytes back. */
export function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isUtf8(buffer)) return buffer.toString('utf8')
  let text = ''
  let start = 0
  for (let at = 0; at < buffer.length; ) {
    const length = lengthOfCharacter(buffer, at)
    if (length > 0) at += length
    else {
      text += buffer.toString('utf8', start, at) + String.fromCharCode(0xdc00 + buffer[at]!)
      start = ++at
    }
  }
  return text + buffer.toString('utf8', start)
}

/** Length in bytes of the UTF-8 character at `at`; 0 if there is none. */
function lengthOfCharacter(buffer: Buffer, at: number): number {
  const first = buffer[at]!
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  return length > 0 && at + length <= buffer.length && isUtf8(buffer.subarray(at, at + length)) ? length : 0
}

/** The bytes that the text stands for. @throws SopsError `generic` when some are lost; the message does not quote the text. */
export function bytesOf(text: string): Buffer {
  if (!hasBytes(text)) return Buffer.from(text)
  if (/\udc00/u.test(text))
    throw new SopsError('generic', 'bytes that are no UTF-8 cannot be read from the system here')
  const parts: Buffer[] = []
  let start = 0
  for (const { index } of text.matchAll(carriers)) {
    parts.push(Buffer.from(text.slice(start, index)), Buffer.of(text.charCodeAt(index) - 0xdc00))
    start = index + 1
  }
  parts.push(Buffer.from(text.slice(start)))
  return Buffer.concat(parts)
}

/** The text for display: `\xe9` for the byte E9. */
export const shown = (text: string): string =>
  text.replace(/[\udc00\udc80-\udcff]/gu, (c) =>
    c === LOST ? '\ufffd' : `\\x${(c.charCodeAt(0) - 0xdc00).toString(16)}`,
  )

/** The text as RE2 expressions and the reference's JSON see it: U+FFFD for every such byte. */
export const replaced = (text: string): string => text.replace(/[\udc00\udc80-\udcff]/gu, '\ufffd')

/** A path in the form that Node's file calls take. @throws SopsError `generic` when some of its bytes are lost. */
export function nativePath(path: string): string | Buffer {
  if (!hasBytes(path)) return path
  try {
    return bytesOf(path)
  } catch (error) {
    throw new SopsError('generic', `${shown(path)}: ${(error as Error).message}`, { cause: error })
  }
}
