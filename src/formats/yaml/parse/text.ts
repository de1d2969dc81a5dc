// Bytes to text and back: the encodings, byte order marks and characters YAML allows (spec/format.md 7.1, 7.2).

import { SopsError } from '../../../errors.ts'
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

/** 1-based line and column of an offset; linear, for error messages only. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let start = 0
  for (let i = 0; i < offset && i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (!isBreak(c) || (c === carriageReturn && text.charCodeAt(i + 1) === lineFeed)) continue
    line++
    start = i + 1
  }
  return { line, column: offset - start + 1 }
}

export function parseError(text: string, offset: number, problem: string): SopsError {
  const position = positionAt(text, offset)
  return new SopsError('parse', `yaml: line ${position.line}: ${problem}`, { position })
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
    throw new SopsError('parse', `yaml: ${problem}`, { cause })
  }
  const bad = forbidden.exec(text)
  if (bad) {
    throw new SopsError('parse', 'yaml: control characters are not allowed', { position: positionAt(text, bad.index) })
  }
  return { text, byteOrderMark: skip === 3, utf16: encoding !== 'utf8' }
}

const utf8 = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
const utf16 = (bytes: Uint8Array): string => new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true }).decode(bytes)

function swapped(bytes: Uint8Array): Uint8Array {
  if (bytes.length % 2) throw new RangeError('odd length')
  return Buffer.from(bytes).swap16()
}

export const encode = (text: string, byteOrderMark: boolean): Uint8Array =>
  Buffer.from(byteOrderMark ? `\ufeff${text}` : text, 'utf8')
