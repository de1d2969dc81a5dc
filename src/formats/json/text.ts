// Bytes to text and back for JSON sources, without losing a byte of those that are not valid UTF-8.
import { isUtf8 } from 'node:buffer'

/** A decoded file. */
export interface SourceText {
  readonly text: string
  /**
   * `latin1` when the bytes are not valid UTF-8: then one character of `text` is one byte, so that slices of it can be written back
   * unchanged, and strings are decoded one by one.
   */
  readonly encoding: 'utf8' | 'latin1'
}

/** Decodes a file. A byte order mark stays in the text. */
export function decode(bytes: Uint8Array): SourceText {
  const buffer = asBuffer(bytes)
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
  return { text: buffer.toString(encoding), encoding }
}

export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const REPLACEMENT = '\ufffd'

/** Bytes as text; every byte that is not part of valid UTF-8 becomes one U+FFFD (spec/format.md 8.1). */
export function decodeLossy(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return asBuffer(bytes).toString('utf8')
  const buffer = asBuffer(bytes)
  const parts: string[] = []
  let run = 0
  for (let i = 0; i < bytes.length; ) {
    const width = sequenceLength(bytes, i)
    if (width > 0) {
      i += width
      continue
    }
    if (run < i) parts.push(buffer.toString('utf8', run, i))
    parts.push(REPLACEMENT)
    i += 1
    run = i
  }
  if (run < bytes.length) parts.push(buffer.toString('utf8', run))
  return parts.join('')
}

/** Length of the valid UTF-8 sequence at `i`, 0 if there is none. */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const first = bytes[i]!
  if (first < 0x80) return 1
  const width =
    first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0
  return width > 0 && i + width <= bytes.length && isUtf8(bytes.subarray(i, i + width)) ? width : 0
}

/** Collects text and encodes it into one allocation; long pieces are never joined or copied on the way. */
export interface Writer {
  /** Adds new text. */
  write(text: string): void
  /** Adds a piece of the source text. */
  copy(piece: string): void
  bytes(): Uint8Array
}

const LONG = 1 << 16

export function writer(encoding: SourceText['encoding'] = 'utf8'): Writer {
  const parts: string[] = []
  let chunk = ''
  const copy = (piece: string): void => {
    if (piece.length < LONG) {
      chunk += piece
      if (chunk.length < LONG) return
      parts.push(chunk)
      chunk = ''
      return
    }
    parts.push(chunk, piece)
    chunk = ''
  }
  return {
    copy,
    write: encoding === 'utf8' ? copy : (text) => copy(Buffer.from(text, 'utf8').toString('latin1')),
    bytes() {
      parts.push(chunk)
      chunk = ''
      let size = 0
      for (const part of parts) size += Buffer.byteLength(part, encoding)
      const buffer = Buffer.allocUnsafeSlow(size)
      let at = 0
      for (const part of parts) at += buffer.write(part, at, encoding)
      return buffer
    },
  }
}
