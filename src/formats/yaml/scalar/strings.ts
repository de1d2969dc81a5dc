// How strings are written: the reference's choice of style and the writers of each (spec/format.md 7.7), and what each style can hold.
import { resolvePlain } from './resolve.ts'

type ScalarStyle = '' | "'" | '"' | '|'

const sexagesimal = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/
const yaml11Booleans = new Set('y Y yes Yes YES on On ON n N no No NO off Off OFF'.split(' '))

/** Would read as another type when plain, here or in a YAML 1.1 reader. */
const looksTyped = (text: string): boolean =>
  typeof resolvePlain(text) !== 'string' || yaml11Booleans.has(text) || (text.includes(':') && sexagesimal.test(text))

// Not printable for the reference; LS and PS too, which YAML 1.2 readers see differently.
const special = /[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/
// Not allowed raw anywhere, or a line break other than LF.
const unreadable = /[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u
const indicators = '#,[]{}&*!|>\'"%@`'

const startsLikeMarker = (text: string): boolean => text.startsWith('---') || text.startsWith('...')
const colonEnds = /:(?:[ \t]|$)/
const commentStarts = /[ \t]#/

/**
 * A plain scalar of this text reads back as the same text (whatever its type); with `lax` only here, where in flow style the reference would
 * stop at a `?`.
 */
export function canBePlain(text: string, flow: boolean, lax = false): boolean {
  if (text === '' || text.includes('\n') || unreadable.test(text) || startsLikeMarker(text)) return false
  const first = text[0] as string
  if (indicators.includes(first)) return false
  if ('-?:'.includes(first) && (text.length === 1 || /[ \t]/.test(text[1] as string))) return false
  if (/^[ \t]|[ \t]$/.test(text) || colonEnds.test(text) || commentStarts.test(text)) return false
  if (!flow || first === ':') return !flow
  return !(lax ? /[,[\]{}]|^\?|\?[ \t]|\?$/ : /[,[\]{}?]/).test(text)
}

const isReferencePlain = (text: string): boolean =>
  !text.includes('\t') && !special.test(text) && canBePlain(text, false)

/** A single-quoted scalar on one line can hold the text. */
export const canBeSingle = (text: string): boolean => !text.includes('\n') && !unreadable.test(text)

/** A literal scalar can hold the text, given the right indentation indicator. */
export const canBeLiteral = (text: string): boolean => text !== '' && !unreadable.test(text)

/** Would be something else than a string without quotes, here or elsewhere; `typed` false where a tag already says that it is one. */
export const needsQuotes = (text: string, typed = true): boolean => (typed && looksTyped(text)) || text === '<<'

/** The style the reference prints a string in; `typed` false where a tag already says that it is a string. */
export function referenceStyle(text: string, typed = true): ScalarStyle {
  if (text.includes('\n')) {
    const fits = !special.test(text) && !/ \n| $|^\t/.test(text)
    return fits ? '|' : '"'
  }
  if (text === '' || needsQuotes(text, typed)) return '"'
  if (isReferencePlain(text)) return ''
  return special.test(text) || text.includes('\t') ? '"' : "'"
}

export const writeSingle = (text: string): string => `'${text.replaceAll("'", "''")}'`

const named: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\x85': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
}

function escaped(c: string): string {
  const name = named[c]
  if (name !== undefined) return name
  const code = c.codePointAt(0) as number
  const hex = code.toString(16).toUpperCase()
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

/** Double quotes; `raw` leaves every character that may stand raw, as people write, where the reference escapes those beyond U+FFFF. */
export function writeDouble(text: string, raw: boolean): string {
  if (!raw && text.startsWith('\ufeff')) return `"${text.replace(/./gsu, (c) => (c === '\xa0' ? '\\_' : escaped(c)))}"`
  const pattern = raw
    ? /["\\\t\n]|[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/gu
    : /["\\\t\n]|[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/gu
  return `"${text.replace(pattern, escaped)}"`
}

/** A block scalar: its header, and its lines without the last line break; none where all lines are empty ones that are there already. */
export interface BlockText {
  readonly head: string
  readonly body?: string
}

/** `digit` 0 for no indentation indicator. */
export const blockHeader = (style: string, digit: number, chomp: string, digitLast = false): string =>
  digit === 0 ? style + chomp : digitLast ? style + chomp + digit : style + digit + chomp

function chomping(value: string): string {
  if (!value.endsWith('\n')) return '-'
  return value === '\n' || value.endsWith('\n\n') ? '+' : ''
}

const needsDigit = (value: string): boolean => /^\n*[ \t]/.test(value)

const linesOf = (value: string): string[] => {
  const lines = value.split('\n')
  if (value.endsWith('\n')) lines.pop()
  return lines
}

interface BlockSite {
  /** Column of the content. */
  readonly column: number
  /** Column of the block the scalar stands in; an indentation indicator counts from there. -1 at the root. */
  readonly outer: number
  /** An indentation indicator is wanted in any case. */
  readonly digit: boolean
  /** It stands behind the chomping indicator. */
  readonly digitLast?: boolean
  readonly eol: string
  /** Empty lines that follow the block scalar whose place it takes. */
  readonly blanks?: number | undefined
  /** Empty lines that follow in a text where no block scalar stood; Infinity where one of them would belong to it. */
  readonly following?: number
}

/** Undefined where an indicator would not fit. */
export function writeBlock(style: '|' | '>', value: string, site: BlockSite): BlockText | undefined {
  if (site.following === Number.POSITIVE_INFINITY) return undefined
  const wanted = site.digit || needsDigit(value)
  const size = site.column - Math.max(site.outer, 0)
  if (wanted && (size < 1 || size > 9)) return undefined
  const pad = ' '.repeat(site.column)
  const lines = linesOf(value)
  const parts: string[] = []
  let lastText: string | undefined
  let gap = 0
  for (const line of lines) {
    if (line === '') {
      gap++
      continue
    }
    const isBlank = (text: string) => text[0] === ' ' || text[0] === '\t'
    if (style === '>' && lastText !== undefined && !isBlank(line) && !isBlank(lastText)) gap++
    for (; gap > 0; gap--) parts.push('')
    parts.push(pad + line)
    lastText = line
  }
  const chomp = chomping(value)
  // Of the empty lines at the end of a value, those that are in the text already stay there.
  const isBare = parts.length === 0
  const head = blockHeader(style, wanted ? size : 0, chomp, site.digitLast)
  if (isBare && site.blanks !== undefined) return gap === site.blanks ? { head } : undefined
  const missing = chomp === '+' ? gap - (site.blanks ?? site.following ?? 0) - (isBare ? 1 : 0) : 0
  if (missing < 0) return undefined
  if (isBare) parts.push('')
  for (let i = 0; i < missing; i++) parts.push('')
  return { head, body: parts.join(site.eol) }
}
