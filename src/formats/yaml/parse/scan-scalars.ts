// Scans plain and quoted scalars and decodes their values; block scalars are in scan-block-scalar.ts.

import {
  backslash,
  closeBrace,
  closeBracket,
  colon,
  comma,
  doubleQuote,
  hash,
  lineSeparator,
  openBrace,
  openBracket,
  paragraphSeparator,
  questionMark,
  singleQuote,
  tab,
} from '../../../text/characters.ts'
import { isBlank, isBlankEnd, isBreak, parseError } from './text.ts'
import { atDocumentMarker, refuseTabs, skipBreak, TokenType, type YamlScanner } from './tokens.ts'

/** Consumes a line break and returns what it stands for in a value. */
export function readBreak(s: YamlScanner): string {
  const c = s.text.charCodeAt(s.pos)
  skipBreak(s)
  return c === lineSeparator || c === paragraphSeparator ? String.fromCharCode(c) : '\n'
}

/**
 * Consumes the white space behind a line break and folds both into what they stand for in a value. `lineBreak`: what the break stands for by
 * itself. A tab left of `indent` is an error.
 */
function foldBreaks(s: YamlScanner, lineBreak: string, indent: number): string {
  let more = ''
  for (let c = s.text.charCodeAt(s.pos); ; c = s.text.charCodeAt(s.pos)) {
    if (isBreak(c)) more += readBreak(s)
    else if (!isBlank(c)) break
    else if (c === tab && s.pos - s.lineStart < indent && !refuseTabs(s)) {
      throw parseError(s.text, s.pos, 'found a tab character that violates indentation')
    } else s.pos++
  }
  if (lineBreak !== '\n') return lineBreak + more
  return more === '' ? ' ' : more
}

function skipBlanks(s: YamlScanner): void {
  while (isBlank(s.text.charCodeAt(s.pos))) s.pos++
}

/** Where a piece of a plain scalar ends: before white space, or a colon that ends a key. */
function blockPieceEnd(text: string, from: number): number {
  let at = from
  for (let c = text.charCodeAt(at); !isBlankEnd(c); c = text.charCodeAt(++at)) {
    if (c === colon && isBlankEnd(text.charCodeAt(at + 1))) break
  }
  return at
}

/** In a flow collection: before its punctuation, too. */
function flowPieceEnd(text: string, from: number): number {
  let at = from
  for (let c = text.charCodeAt(at); !isBlankEnd(c); c = text.charCodeAt(++at)) {
    if (c === comma || c === openBracket || c === closeBracket || c === openBrace || c === closeBrace) break
    if ((c === colon || c === questionMark) && isBlankEnd(text.charCodeAt(at + 1))) break
  }
  return at
}

export function scanPlain(s: YamlScanner): void {
  const { text, pos: start, line } = s
  const column = start - s.lineStart
  const indent = s.indent + 1
  const inFlow = s.flowDepth > 0
  // The value of the lines before, and what stands between them and the next one: on one line a plain scalar is what it says.
  let before = ''
  let folded: string | undefined
  let from = start
  let end = start
  while (text.charCodeAt(s.pos) !== hash && !atDocumentMarker(s)) {
    const stop = inFlow ? flowPieceEnd(text, s.pos) : blockPieceEnd(text, s.pos)
    if (stop > s.pos) {
      if (folded !== undefined) {
        before += text.slice(from, end) + folded
        folded = undefined
        from = s.pos
      }
      s.pos = end = stop
      s.newlines = 0
    }
    if (!isBlank(text.charCodeAt(stop)) && !isBreak(text.charCodeAt(stop))) break
    skipBlanks(s)
    if (isBreak(text.charCodeAt(s.pos))) {
      folded = foldBreaks(s, readBreak(s), indent)
      s.simpleKeyAllowed = true
    }
    if (!inFlow && s.pos - s.lineStart < indent) break
  }
  if (end === start) throw parseError(text, start, 'found character that cannot start any token')
  const value = before + text.slice(from, end)
  if (inFlow && value.includes('?')) s.refused.push({ construct: 'question', start, end })
  s.tokens.push({ type: TokenType.scalar, start, end, line, column, style: '', value })
}

const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  "'": "'",
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
}
const hexLengths: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

function readEscape(s: YamlScanner): string {
  const letter = s.text[s.pos + 1] as string
  const plain = escapes[letter]
  if (plain !== undefined && Object.hasOwn(escapes, letter)) {
    if (letter === '/') s.refused.push({ construct: 'solidus', start: s.pos, end: s.pos + 2 })
    s.pos += 2
    return plain
  }
  const length = Object.hasOwn(hexLengths, letter) ? (hexLengths[letter] as number) : 0
  if (length === 0) throw parseError(s.text, s.pos, 'found unknown escape character')
  const digits = s.text.slice(s.pos + 2, s.pos + 2 + length)
  if (!/^[0-9A-Fa-f]+$/.test(digits) || digits.length !== length) {
    throw parseError(s.text, s.pos, 'did not find expected hexdecimal number')
  }
  const code = Number.parseInt(digits, 16)
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) {
    throw parseError(s.text, s.pos, 'found invalid Unicode character escape code')
  }
  s.pos += 2 + length
  return String.fromCodePoint(code)
}

/**
 * Reads the pieces of a quoted scalar up to white space or the closing quote. True where an escaped line break ended them, which is consumed.
 */
function readPieces(s: YamlScanner, quote: number, parts: string[]): boolean {
  const { text } = s
  let from = s.pos
  for (let c = text.charCodeAt(from); !isBlankEnd(c); c = text.charCodeAt(s.pos)) {
    if (c === quote) {
      if (quote !== singleQuote || text.charCodeAt(s.pos + 1) !== singleQuote) break
      parts.push(text.slice(from, s.pos + 1))
      from = s.pos += 2
    } else if (c === backslash && quote === doubleQuote) {
      if (s.pos > from) parts.push(text.slice(from, s.pos))
      if (isBreak(text.charCodeAt(s.pos + 1))) {
        s.pos++
        skipBreak(s)
        return true
      }
      parts.push(readEscape(s))
      from = s.pos
    } else s.pos++
  }
  if (s.pos > from) parts.push(text.slice(from, s.pos))
  return false
}

export function scanQuoted(s: YamlScanner, quote: number): void {
  const { text, pos: start, line } = s
  const column = start - s.lineStart
  const parts: string[] = []
  s.pos++
  for (;;) {
    if (atDocumentMarker(s)) throw parseError(text, s.pos, 'found unexpected document indicator')
    if (s.pos >= s.length) throw parseError(text, start, 'found unexpected end of stream')
    const isEscapedBreak = readPieces(s, quote, parts)
    if (text.charCodeAt(s.pos) === quote) break
    const blanks = s.pos
    skipBlanks(s)
    if (isEscapedBreak) parts.push(foldBreaks(s, '', 0))
    else if (isBreak(text.charCodeAt(s.pos))) parts.push(foldBreaks(s, readBreak(s), 0))
    else parts.push(text.slice(blanks, s.pos))
  }
  s.pos++
  s.newlines = 0
  const style = quote === doubleQuote ? '"' : "'"
  s.tokens.push({ type: TokenType.scalar, start, end: s.pos, line, column, style, value: parts.join('') })
}
