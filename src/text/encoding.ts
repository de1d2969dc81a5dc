// Recognizes UTF-16, which PowerShell's `>` writes, so that it is refused by name where only UTF-8 is read.
import { longestText, SopsError } from '../errors.ts'

type Utf16 = 'UTF-16LE' | 'UTF-16BE'

const sampled = 512

/**
 * The kind of UTF-16 that the bytes are; undefined for everything else. Without a byte order mark, every other byte of what is mostly ASCII
 * is zero at the start of the text.
 */
export function utf16Of(bytes: Uint8Array): Utf16 | undefined {
  const [a, b] = bytes
  if (a === 0xff && b === 0xfe) return share(bytes, 1, bytes.length) * 16 >= 1 ? 'UTF-16LE' : undefined
  if (a === 0xfe && b === 0xff) return share(bytes, 0, bytes.length) * 16 >= 1 ? 'UTF-16BE' : undefined
  if (share(bytes, 1, sampled) * 2 > 1) return 'UTF-16LE'
  return share(bytes, 0, sampled) * 2 > 1 ? 'UTF-16BE' : undefined
}

/** The share of byte pairs whose byte at `high` (0 or 1) is zero and whose other one is not. */
function share(bytes: Uint8Array, high: 0 | 1, length: number): number {
  const end = Math.min(bytes.length, length) & ~1
  let found = 0
  for (let at = 0; at < end; at += 2) if (bytes[at + high] === 0 && bytes[at + 1 - high] !== 0) found++
  return end === 0 ? 0 : (found * 2) / end
}

/** What is wrong with text in UTF-16, and what to do; undefined for everything else. */
export function utf16Problem(bytes: Uint8Array): string | undefined {
  const kind = utf16Of(bytes)
  if (kind === undefined) return undefined
  const name = kind === 'UTF-16LE' ? 'Unicode' : 'BigEndianUnicode'
  return `the text is ${kind}, as Windows PowerShell's > writes it, and not UTF-8: save it as UTF-8 (in PowerShell: Get-Content -Encoding ${name} OLD | Set-Content -Encoding utf8 NEW)`
}

/** @throws SopsError `parse` for text in UTF-16. */
export function refuseUtf16(bytes: Uint8Array): void {
  const problem = utf16Problem(bytes)
  if (problem !== undefined) throw new SopsError('parse', problem)
}

const tooLongHints = [
  'split the file into smaller ones',
  'a file of any size can be encrypted and decrypted as binary: --input-type binary --output-type binary',
]

/** @throws SopsError `parse` for more bytes than a JavaScript string can hold. */
export function refuseTooLong({ length }: Uint8Array, most: number = longestText): void {
  if (length <= most) return
  const problem = `the text has ${length} bytes, and at most ${most} can be worked on as one text`
  throw new SopsError('parse', problem, { hints: tooLongHints })
}
