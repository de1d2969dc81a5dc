// Bytes to text and back: the encodings, byte order marks and characters YAML allows (spec/format.md 7.1, 7.2).

import { type Position, SopsError } from '../../../errors.ts'
import {
  carriageReturn,
  lineFeed,
  lineSeparator,
  nextLine,
  paragraphSeparator,
  space,
  tab,
} from '../../../text/characters.ts'
import { refuseTooLong, refuseUtf16 } from '../../../text/encoding.ts'
import { positionIn } from '../../../text/position.ts'
import { textOfBytes } from '../../../tree/utf8.ts'

/** A decoded text. */
interface Decoded {
  /** Without the byte order mark. */
  readonly text: string
  /** It is UTF-8 with a byte order mark. UTF-16 is written as UTF-8 without one, as by the reference. */
  readonly byteOrderMark: boolean
  readonly utf16: boolean
}

/** A space or a tab. */
export const isBlank = (c: number): boolean => c === space || c === tab

const isUnicodeBreak = (c: number): boolean => c === nextLine || c === lineSeparator || c === paragraphSeparator

export const isBreak = (c: number): boolean =>
  c > space ? c >= nextLine && isUnicodeBreak(c) : c === lineFeed || c === carriageReturn

/** Blank, line break, or the end of the text: NUL behind it, NaN beyond. */
export const isBlankEnd = (c: number): boolean =>
  c > space ? c >= nextLine && isUnicodeBreak(c) : isBlank(c) || isBreak(c) || c === 0 || Number.isNaN(c)

export function parseError(
  text: string,
  offset: number,
  problem: string,
  details: SopsError['details'] = {},
): SopsError {
  const position = positionIn(text, offset)
  return new SopsError('parse', `yaml: line ${position.line}: ${problem}`, {
    position,
    hints: breakHints(text, offset),
    details,
  })
}

/** Characters that end a line in YAML but in hardly any editor, and how double quotes write them. */
const escapes = { '\x85': '\\N', '\u2028': '\\L', '\u2029': '\\P' } as const

/** Names such a character on the line of the error, or the one before. */
function breakHints(text: string, offset: number): string[] {
  const before = text.slice(0, offset + 1)
  const [found] = Object.entries(escapes)
    .map(([character, written]) => ({ at: before.lastIndexOf(character), character, written }))
    .sort((a, b) => b.at - a.at)
  if (found === undefined || found.at < 0) return []
  const { line, column } = positionIn(text, found.at)
  if (line < positionIn(text, offset).line - 1) return []
  const code = found.character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  return [
    `line ${line}, column ${column} holds U+${code}, which ends a line in YAML: delete it, or write it as ${found.written} in double quotes`,
  ]
}

// Everything outside of tab, LF, CR, NEL and the printable ranges.
const forbidden = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/** @throws SopsError `parse` for bytes that are no text and for control characters. */
export function decode(bytes: Uint8Array): Decoded {
  refuseTooLong(bytes)
  const [a, b, c] = bytes
  let encoding: 'utf8' | 'utf16le' | 'utf16be' = 'utf8'
  let skip = 0
  if (a === 0xff && b === 0xfe) [encoding, skip] = ['utf16le', 2]
  else if (a === 0xfe && b === 0xff) [encoding, skip] = ['utf16be', 2]
  else if (a === 0xef && b === 0xbb && c === 0xbf) skip = 3
  else refuseUtf16(bytes)
  const body = bytes.subarray(skip)
  let text: string
  try {
    text = encoding === 'utf16be' ? utf16(swapped(body)) : encoding === 'utf16le' ? utf16(body) : utf8(body)
  } catch (cause) {
    const problem = encoding === 'utf8' ? 'invalid UTF-8' : 'invalid UTF-16'
    const place = encoding === 'utf8' ? { position: firstNoText(body) } : {}
    throw new SopsError('parse', `yaml: ${problem}`, { ...place, cause })
  }
  const bad = forbidden.exec(text)
  if (bad) {
    throw new SopsError('parse', 'yaml: control characters are not allowed', { position: positionIn(text, bad.index) })
  }
  return { text, byteOrderMark: skip === 3, utf16: encoding !== 'utf8' }
}

/** Where the first byte is that is not UTF-8. */
function firstNoText(bytes: Uint8Array): Position {
  const text = textOfBytes(bytes)
  return positionIn(text, text.search(/\p{Surrogate}/u))
}

const utf8 = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
const utf16 = (bytes: Uint8Array): string => new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true }).decode(bytes)

function swapped(bytes: Uint8Array): Uint8Array {
  if (bytes.length % 2) throw new RangeError('odd length')
  return Buffer.from(bytes).swap16()
}

export const encode = (text: string, byteOrderMark: boolean): Uint8Array =>
  Buffer.from(byteOrderMark ? `\ufeff${text}` : text, 'utf8')
