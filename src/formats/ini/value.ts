// One INI value: how it is read from a line, and the spellings that read back as a given value (spec/format.md 10.1, 10.2).

import { SopsError } from '../../errors.ts'
import {
  carriageReturn,
  hash,
  lineSeparator,
  nextLine,
  noBreakSpace,
  paragraphSeparator,
  semicolon,
  space,
  tab,
} from '../../text/characters.ts'

/** How a value is spelled. `lines` is a value continued by backslashes. */
export type IniStyle = 'bare' | 'double' | 'single' | 'tick' | 'triple' | 'lines'

export interface ValueSpan {
  /** The whole spelling, with quotes and marker. */
  readonly start: number
  readonly end: number
  /** Between the quotes. */
  readonly innerStart: number
  readonly innerEnd: number
  readonly style: IniStyle
  /** What the value had been written as before it was put in back-ticks, with the places of its line breaks. */
  readonly marker: string | undefined
  readonly text: string
  /** The comment behind the value, from its introducer to its last character that is no blank. */
  readonly comment: { readonly start: number; readonly end: number } | undefined
  /** Where the next line starts. */
  readonly next: number
}

/** Go's unicode.IsSpace. */
export function isSpace(code: number): boolean {
  if (code <= space) return code === space || (code >= tab && code <= carriageReturn)
  if (code < 0x1680) return code === nextLine || code === noBreakSpace
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === lineSeparator ||
    code === paragraphSeparator ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  )
}

export function skipSpace(text: string, start: number, end: number): number {
  let at = start
  while (at < end && isSpace(text.charCodeAt(at))) at++
  return at
}

export function trimEnd(text: string, start: number, end: number): number {
  let at = end
  while (at > start && isSpace(text.charCodeAt(at - 1))) at--
  return at
}

/** The end of the line without its LF, and the start of the next one. */
export function lineAt(text: string, start: number): { end: number; next: number } {
  const feed = text.indexOf('\n', start)
  return feed < 0 ? { end: text.length, next: text.length } : { end: feed, next: feed + 1 }
}

const isIntroducer = (code: number): boolean => code === hash || code === semicolon
const quotes = { double: '"', single: "'", tick: '`', triple: '"""' } as const

/**
 * Reads the value that follows a delimiter. Unlike the reference, a comment behind a value must follow a blank and `#` or `;` inside quotes
 * belong to the value; {@link isMisread} tells where that makes a difference.
 * @throws SopsError `parse`, without position, for an unclosed quote.
 */
export function readValue(text: string, from: number): ValueSpan {
  const { end: lineEnd, next } = lineAt(text, from)
  const start = skipSpace(text, from, lineEnd)
  const end = trimEnd(text, start, lineEnd)
  if (start >= end) {
    const at = Math.min(from + (text[from] === ' ' ? 1 : 0), lineEnd)
    return bareSpan(text, at, at, next)
  }
  if (text.startsWith('"""', start) && next - start > 3) return readVerbatim(text, start, lineEnd, next, 'triple')
  if (text[start] === '`') return readVerbatim(text, start, lineEnd, next, 'tick')
  if (text[end - 1] === '\\') return readContinued(text, start, end, next)
  return readPlain(text, start, end, next)
}

/** A value without quotes. */
const bareSpan = (text: string, start: number, end: number, next: number): ValueSpan => ({
  start,
  end,
  innerStart: start,
  innerEnd: end,
  style: 'bare',
  marker: undefined,
  text: text.slice(start, end),
  comment: undefined,
  next,
})

function readPlain(text: string, start: number, end: number, next: number): ValueSpan {
  const first = text[start]
  if (first === '"' || first === "'") {
    const close = text.indexOf(first, start + 1)
    const rest = close < 0 ? end : skipSpace(text, close + 1, end)
    if (close > start && close < end && (rest >= end || isIntroducer(text.charCodeAt(rest)))) {
      const comment = rest < end ? { start: rest, end } : undefined
      const style = first === '"' ? 'double' : 'single'
      return { ...bareSpan(text, start + 1, close, next), start, end: close + 1, style, comment }
    }
  }
  for (let at = start; at < end; at++) {
    if (isIntroducer(text.charCodeAt(at)) && (at === start || isSpace(text.charCodeAt(at - 1)))) {
      const stop = trimEnd(text, start, at)
      return { ...bareSpan(text, start, stop, next), comment: { start: at, end } }
    }
  }
  return bareSpan(text, start, end, next)
}

const markerPattern = /^ ;(bare|double|single|lines(?: \d+\+\d+t?)+)(?=\s|$)/

/** In back-ticks or triple quotes: up to the last closing quote of the first line that has one. */
function readVerbatim(
  text: string,
  start: number,
  lineEnd: number,
  lineNext: number,
  style: 'tick' | 'triple',
): ValueSpan {
  const quote = quotes[style]
  const inner = start + quote.length
  const same = text.slice(inner, lineEnd).lastIndexOf(quote)
  if (same >= 0) {
    const close = inner + same
    const rest = close + quote.length
    const marker = markerPattern.exec(text.slice(rest, lineEnd))
    const end = rest + (marker ? marker[0].length : 0)
    const from = skipSpace(text, end, lineEnd)
    const comment = from < lineEnd ? { start: from, end: trimEnd(text, from, lineEnd) } : undefined
    return { ...bareSpan(text, inner, close, lineNext), start, end, style, comment, marker: marker?.[1] }
  }
  for (let at = lineNext; at < text.length; ) {
    const line = lineAt(text, at)
    const found = text.slice(at, line.end).lastIndexOf(quote)
    if (found >= 0) {
      const close = at + found
      const rest = close + quote.length
      const stop = trimEnd(text, rest, line.end)
      if (!(stop > rest && text[stop - 1] === '\\')) {
        const from = skipSpace(text, rest, stop)
        const comment = from < stop ? { start: from, end: stop } : undefined
        return { ...bareSpan(text, inner, close, line.next), start, end: rest, style, comment }
      }
    }
    at = line.next
  }
  throw new SopsError('parse', 'missing closing key quote')
}

/** A backslash at the end joins the next line, whatever it is; a blank line stops. */
function readContinued(text: string, start: number, firstEnd: number, firstNext: number): ValueSpan {
  const parts = [text.slice(start, firstEnd - 1)]
  let end = firstEnd
  let next = firstNext
  while (next < text.length) {
    const line = lineAt(text, next)
    const from = skipSpace(text, next, line.end)
    const to = trimEnd(text, from, line.end)
    next = line.next
    if (from >= to) break
    end = to
    const more = text[to - 1] === '\\'
    parts.push(text.slice(from, more ? to - 1 : to))
    if (!more) break
  }
  return { ...bareSpan(text, start, end, next), style: 'lines', text: parts.join('') }
}

/** The reference would read something else than `value.text`, because it ends values at the first `#` or `;`, quoted or not. */
export const isMisread = (value: ValueSpan): boolean =>
  (value.style === 'bare' || value.style === 'double' || value.style === 'single') && /[#;]/.test(value.text)

/** `value` in a style, where that reads back as `value`. */
export function spell(style: IniStyle, value: string): string | undefined {
  if (style === 'lines') return undefined
  const quote = style === 'bare' ? '' : quotes[style]
  const text = quote + value + quote
  return readsBack(text, value) ? text : undefined
}

function readsBack(text: string, value: string): boolean {
  if (text === '') return true
  try {
    const read = readValue(`${text}\n`, 0)
    return read.text === value && read.start === 0 && read.end === text.length && read.next === text.length + 1
  } catch {
    return false
  }
}

const harmless =
  /^(?:[\w!$%&()*+,./:<=>?@[\]^{|}~-](?:[\w !$%&()*+,./:<=>?@[\]^{|}~-]*[\w!$%&()*+,./:<=>?@[\]^{|}~-])?)?$/

/**
 * The reference's spelling of a value (spec/format.md 10.2), or another one where that would be read back differently, alone or with the
 * comment behind it.
 * Undefined when INI has none that the reference reads, too.
 */
export function referenceSpelling(value: string, comment = ''): string | undefined {
  if (harmless.test(value)) return value
  const choice: IniStyle = /[\n`]/.test(value)
    ? 'triple'
    : /[#;]/.test(value)
      ? 'tick'
      : isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(value.length - 1))
        ? 'double'
        : 'bare'
  const others: readonly IniStyle[] = /[#;]/.test(value) ? ['tick', 'triple'] : ['tick', 'triple', 'double', 'single']
  for (const style of [choice, ...others]) {
    const text = spell(style, value)
    if (text !== undefined && fits(text, comment)) return text
  }
  return undefined
}

/** Whether a comment may stand behind the spelling: back-ticks and triple quotes reach to their last closing quote on the line. */
export function fits(spelled: string, comment: string): boolean {
  const quote = spelled.startsWith('"""') ? '"""' : spelled.startsWith('`') ? '`' : undefined
  return quote === undefined || !comment.includes(quote)
}

/** The lengths and indents of a continued value's lines, as a marker; undefined where it could not be restored exactly. */
export function linesMarker(source: string, value: string, eol: string): string | undefined {
  const breaks: string[] = []
  const lines = source.split(eol)
  for (const [i, line] of lines.slice(0, -1).entries()) {
    const size = line.length - 1 - (i === 0 ? 0 : indentOf(line).length)
    const indent = indentOf(lines[i + 1]!)
    breaks.push(`${size}+${indent.length}${indent.startsWith('\t') ? 't' : ''}`)
  }
  const marker = ['lines', ...breaks].join(' ')
  return breaks.length > 0 && continuedText(marker, value, eol) === source ? marker : undefined
}

const indentOf = (line: string): string => /^[ \t]*/.exec(line)![0]

/** A value over several lines again, broken where the marker says. */
export function continuedText(marker: string, value: string, eol: string): string | undefined {
  let text = ''
  let at = 0
  for (const part of marker.split(' ').slice(1)) {
    const [size = '0', indent = '0'] = part.split('+')
    const end = at + Number(size)
    const blank = indent.endsWith('t') ? '\t' : ' '
    text += `${value.slice(at, end)}\\${eol}${blank.repeat(Math.min(Number.parseInt(indent, 10), 200))}`
    at = end
  }
  text += value.slice(at)
  if (at >= value.length) return undefined
  const read = readValue(`${text}\n`, 0)
  return read.text === value && read.end === text.length ? text : undefined
}
