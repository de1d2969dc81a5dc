// What the line-based formats (dotenv, INI) share: bytes to text without loss, and a scalar's text (spec/format.md 9.2).

import { isUtf8 } from 'node:buffer'
import { lineFeed } from '../text/characters.ts'
import { refuseTooLong, refuseUtf16 } from '../text/encoding.ts'
import { dotenvFloat } from '../tree/floats.ts'
import type { Value } from '../tree/tree.ts'
import { bytesOfText, textOfBytes } from '../tree/utf8.ts'

/** A decoded file. `raw` text has one character per byte, because the bytes are not valid UTF-8. */
export interface LineSource {
  readonly text: string
  readonly raw: boolean
}

/** A part of the output: text as the source holds it, or bytes. */
export type Piece = string | Uint8Array

/** @throws SopsError `parse` for text in UTF-16. */
export function decode(bytes: Uint8Array): LineSource {
  refuseTooLong(bytes)
  refuseUtf16(bytes)
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const raw = !isUtf8(buffer)
  return { text: buffer.toString(raw ? 'latin1' : 'utf8'), raw }
}

export const byteOrderMark = '\ufeff'

/** How many characters of the source are its byte order mark. */
export function markLength({ text, raw }: LineSource): number {
  const mark = raw ? Buffer.from(byteOrderMark).toString('latin1') : byteOrderMark
  return text.startsWith(mark) ? mark.length : 0
}

/** A string that stands in the source; bytes where it is not valid UTF-8. */
export function valueIn(source: LineSource, text: string): string | Uint8Array {
  if (!source.raw) return text
  const bytes = Buffer.from(text, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : new Uint8Array(bytes)
}

/** Text of a key or comment that stands in the source, as `textOfBytes` makes it. */
export const stringIn = (source: LineSource, text: string): string =>
  source.raw ? textOfBytes(Buffer.from(text, 'latin1')) : text

/** New text, fit to stand between parts of the source. */
export const insertable = (source: LineSource, text: string): Piece => (source.raw ? bytesOfText(text) : text)

/** Collects output: strings in the source's coding, and bytes. */
interface LineOutput {
  add(piece: Piece): void
  /** Whether nothing was added, or the last character is a LF. */
  atLineStart(): boolean
  bytes(): Uint8Array
}

export function output(raw: boolean): LineOutput {
  const pieces: Piece[] = []
  return {
    add(piece) {
      if (piece.length > 0) pieces.push(piece)
    },
    atLineStart() {
      const last = pieces.at(-1)
      return last === undefined || (typeof last === 'string' ? last.endsWith('\n') : last.at(-1) === lineFeed)
    },
    bytes: () => bytesOfPieces(pieces, raw),
  }
}

/**
 * The strings between bytes are joined and encoded at once: a string that grows by one after the other takes the executable three times as long.
 */
export function bytesOfPieces(pieces: readonly Piece[], raw: boolean): Uint8Array {
  const done: Uint8Array[] = []
  let from = 0
  const flush = (to: number): void => {
    const text = (to - from === pieces.length ? pieces : pieces.slice(from, to)).join('')
    if (text !== '') done.push(raw ? Buffer.from(text, 'latin1') : bytesOfText(text))
    from = to + 1
  }
  for (let at = 0; at < pieces.length; at++) {
    const piece = pieces[at]!
    if (typeof piece === 'string') continue
    flush(at)
    done.push(piece)
  }
  flush(pieces.length)
  return done.length === 1 ? done[0]! : Buffer.concat(done)
}

/** The text of a scalar; strings and bytes as they are. */
export function scalarText(value: Value): Piece {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  if (value === null) return '<nil>'
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return dotenvFloat(value)
  return value.rfc3339.replace(/\.\d+/, '')
}
