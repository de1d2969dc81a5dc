// Scans scalars of every style and decodes their values.

import { isBlankEnd, isBreak, parseError } from './text.ts'
import { atMarker, refuseTabs, type Scanner, skipBreak, T } from './tokens.ts'

/** Consumes a line break and returns what it stands for in a value. */
export function readBreak(s: Scanner): string {
  const c = s.text.charCodeAt(s.pos)
  skipBreak(s)
  return c === 0x2028 || c === 0x2029 ? String.fromCharCode(c) : '\n'
}

/** White space between two pieces of a flow scalar, folded. */
interface Gap {
  blanks: string
  first: string
  more: string
  broken: boolean
}

const folded = (gap: Gap): string => {
  if (!gap.broken) return gap.blanks
  if (gap.first !== '\n') return gap.first + gap.more
  return gap.more === '' ? ' ' : gap.more
}

function addBreak(s: Scanner, gap: Gap): void {
  if (gap.broken) gap.more += readBreak(s)
  else {
    gap.first = readBreak(s)
    gap.broken = true
  }
}

export function scanPlain(s: Scanner): void {
  const { text } = s
  const start = s.pos
  const startLine = s.line
  const column = start - s.lineStart
  const indent = s.indent + 1
  const inFlow = s.flowDepth > 0
  const parts: string[] = []
  let end = start
  let gap: Gap = { blanks: '', first: '', more: '', broken: false }
  let question = false
  for (;;) {
    if (atMarker(s) || text.charCodeAt(s.pos) === 35) break
    let p = s.pos
    for (; ; p++) {
      const c = text.charCodeAt(p)
      if (isBlankEnd(c)) break
      if (c === 58) {
        if (isBlankEnd(text.charCodeAt(p + 1))) break
      } else if (inFlow) {
        if (c === 44 || c === 91 || c === 93 || c === 123 || c === 125) break
        if (c === 63) {
          if (isBlankEnd(text.charCodeAt(p + 1))) break
          question = true
        }
      }
    }
    if (p > s.pos) {
      if (end > start) parts.push(folded(gap))
      parts.push(text.slice(s.pos, p))
      s.pos = end = p
      s.newlines = 0
    }
    let c = text.charCodeAt(p)
    if (!(c === 32 || c === 9 || isBreak(c))) break
    const blanksFrom = s.pos
    gap = { blanks: '', first: '', more: '', broken: false }
    for (; ; c = text.charCodeAt(s.pos)) {
      if (c === 32 || c === 9) {
        if (c === 9 && gap.broken && s.pos - s.lineStart < indent && !refuseTabs(s)) {
          throw parseError(text, s.pos, 'found a tab character that violates indentation')
        }
        s.pos++
      } else if (isBreak(c)) addBreak(s, gap)
      else break
    }
    if (!gap.broken) gap.blanks = text.slice(blanksFrom, s.pos)
    else s.simpleKeyAllowed = true
    if (!inFlow && s.pos - s.lineStart < indent) break
  }
  if (end === start) throw parseError(text, start, 'found character that cannot start any token')
  if (question) s.refused.push({ construct: 'question', start, end })
  const value = parts.length === 1 ? (parts[0] as string) : parts.join('')
  s.tokens.push({ type: T.scalar, start, end, line: startLine, column, style: '', value })
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

function readEscape(s: Scanner): string {
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

export function scanQuoted(s: Scanner, quote: number): void {
  const { text } = s
  const start = s.pos
  const startLine = s.line
  const column = start - s.lineStart
  const parts: string[] = []
  s.pos++
  s.newlines = 0
  for (;;) {
    if (atMarker(s)) throw parseError(text, s.pos, 'found unexpected document indicator')
    if (s.pos >= s.length) throw parseError(text, start, 'found unexpected end of stream')
    const gap: Gap = { blanks: '', first: '', more: '', broken: false }
    let from = s.pos
    for (;;) {
      const c = text.charCodeAt(s.pos)
      if (isBlankEnd(c)) break
      s.newlines = 0
      if (c === quote) {
        if (quote !== 39 || text.charCodeAt(s.pos + 1) !== 39) break
        parts.push(text.slice(from, s.pos + 1))
        from = s.pos += 2
      } else if (c === 92 && quote === 34) {
        if (s.pos > from) parts.push(text.slice(from, s.pos))
        if (isBreak(text.charCodeAt(s.pos + 1))) {
          s.pos++
          skipBreak(s)
          gap.broken = true
          from = s.pos
          break
        }
        parts.push(readEscape(s))
        from = s.pos
      } else s.pos++
    }
    if (s.pos > from) parts.push(text.slice(from, s.pos))
    if (text.charCodeAt(s.pos) === quote) break
    const blanksFrom = s.pos
    for (let c = text.charCodeAt(s.pos); ; c = text.charCodeAt(s.pos)) {
      if (c === 32 || c === 9) s.pos++
      else if (isBreak(c)) addBreak(s, gap)
      else break
    }
    if (!gap.broken) gap.blanks = text.slice(blanksFrom, s.pos)
    parts.push(folded(gap))
  }
  s.pos++
  s.newlines = 0
  const style = quote === 34 ? '"' : "'"
  s.tokens.push({ type: T.scalar, start, end: s.pos, line: startLine, column, style, value: parts.join('') })
}
