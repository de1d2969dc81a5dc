// Scans literal (`|`) and folded (`>`) scalars.

import { greaterThan, hash, pipe, space, tab } from '../../../text/characters.ts'
import { lineStart } from '../rewrite/edits.ts'
import { readBreak } from './scan-scalars.ts'
import { isBlank, isBreak, parseError } from './text.ts'
import { refuseTabs, skipBreak, TokenType, type YamlScanner } from './tokens.ts'

interface Header {
  readonly chomping: string
  /** The indentation indicator. */
  readonly digit: string | undefined
  /** It stands behind the chomping indicator. */
  readonly digitLast: boolean
  readonly end: number
}

/** The scalar as far as it is read. */
interface Content {
  readonly chomping: string
  /** Column of the content; 0 while it is not known. */
  indent: number
  /** Where the token ends. */
  end: number
  /** Empty lines since the last line of content: how many, and what they stand for. */
  blanks: number
  breaks: string
}

const headerPattern = /[|>](?:([+-])([0-9])?|([0-9])([+-])?)?/y

/** The line of the indicator, its comment included. */
function readHeader(s: YamlScanner): Header {
  const { text } = s
  const start = s.pos
  headerPattern.lastIndex = start
  const match = headerPattern.exec(text) as RegExpExecArray
  const digit = match[2] ?? match[3]
  if (digit === '0') throw parseError(text, start, 'found an indentation indicator equal to 0')
  s.pos += match[0].length
  s.newlines = 0
  const end = s.pos
  while (isBlank(text.charCodeAt(s.pos))) s.pos++
  if (text.charCodeAt(s.pos) === hash) {
    const from = s.pos
    skipLine(s)
    const lines = [{ start: from, end: s.pos }]
    s.comments.push({
      kind: 'line',
      anchor: start,
      scan: 0,
      start: from,
      end: s.pos,
      column: from - s.lineStart,
      lines,
    })
  }
  if (s.pos < s.length && !isBreak(text.charCodeAt(s.pos)))
    throw parseError(text, start, 'did not find expected comment or line break')
  if (s.pos < s.length) skipBreak(s)
  return { chomping: match[1] ?? match[4] ?? '', digit, digitLast: match[2] !== undefined, end }
}

function skipLine(s: YamlScanner): void {
  while (s.pos < s.length && !isBreak(s.text.charCodeAt(s.pos))) s.pos++
}

/** Nothing of the scalar follows behind the empty lines here. */
function endsHere({ text, pos, length, indent }: YamlScanner, content: Content): boolean {
  const line = /[ \t\r\n\x85\u2028\u2029]*/y
  line.lastIndex = pos
  const at = pos + (line.exec(text)?.[0].length ?? 0)
  return at >= length || at - lineStart(text, at) < (content.indent || Math.max(indent + 1, 1))
}

/** Reads empty lines up to the content of the next one; the first ones say how far the content is indented. */
function skipEmptyLines(s: YamlScanner, content: Content): void {
  const { text } = s
  const { indent } = content
  let deepest = 0
  let isOver = false
  for (;;) {
    while ((indent === 0 || s.pos - s.lineStart < indent) && text.charCodeAt(s.pos) === space) s.pos++
    const at = s.pos - s.lineStart
    if (at > deepest) deepest = at
    if ((indent === 0 || at < indent) && text.charCodeAt(s.pos) === tab) {
      isOver ||= endsHere(s, content)
      if (!isOver || !refuseTabs(s)) {
        throw parseError(text, s.pos, 'found a tab character where an indentation space is expected')
      }
      s.pos++
    }
    if (!isBreak(text.charCodeAt(s.pos))) break
    if (content.chomping === '+') content.end = s.pos
    content.breaks += readBreak(s)
    content.blanks++
  }
  if (indent === 0) content.indent = Math.max(deepest, s.indent + 1, 1)
}

/** A scalar from its indicator on. Its token ends before the last line break that belongs to it. */
export function scanBlock(s: YamlScanner, indicator: number): void {
  const { text, pos: start, line } = s
  const column = start - s.lineStart
  const { chomping, digit, digitLast, end: headerEnd } = readHeader(s)
  const body = s.pos
  const indent = digit === undefined ? 0 : Math.max(s.indent, 0) + Number(digit)
  const content: Content = { chomping, indent, end: headerEnd, blanks: 0, breaks: '' }
  let contentEnd = body
  skipEmptyLines(s, content)
  const parts: string[] = []
  let lastBreak = ''
  let leadingBlank = false
  while (s.pos - s.lineStart === content.indent && s.pos < s.length) {
    const c = text.charCodeAt(s.pos)
    const blank = isBlank(c)
    if (indicator === greaterThan && !leadingBlank && !blank && lastBreak === '\n') {
      if (content.breaks === '') parts.push(' ')
    } else parts.push(lastBreak)
    lastBreak = ''
    parts.push(content.breaks)
    leadingBlank = blank
    const from = s.pos
    skipLine(s)
    parts.push(text.slice(from, s.pos))
    contentEnd = s.pos
    content.end = s.pos
    content.blanks = 0
    content.breaks = ''
    s.newlines = 0
    if (s.pos < s.length) lastBreak = readBreak(s)
    skipEmptyLines(s, content)
  }
  if (chomping !== '-') parts.push(lastBreak)
  if (chomping === '+') parts.push(content.breaks)
  const style = indicator === pipe ? '|' : '>'
  const { end, blanks } = content
  const block = { headerEnd, body, contentEnd, blanks, column: content.indent, digit: digit !== undefined, digitLast }
  s.tokens.push({ type: TokenType.scalar, start, end, line, column, style, value: parts.join(''), block })
}
