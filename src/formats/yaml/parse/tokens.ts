// What scanning YAML yields, tokens and comments, and the state that the files scanning one kind of token each share.
import { carriageReturn, dot, hyphen, lineFeed } from '../../../text/characters.ts'
import type { Refusal } from './refusal.ts'
import { isBlank, isBlankEnd, isBreak } from './text.ts'

/** One comment line: offsets of its `#` and of its end. An empty line inside a block of comments is null. */
export type CommentLine = { readonly start: number; readonly end: number } | null

/** Comment lines that go together to one token. */
export interface CommentBlock {
  readonly kind: 'head' | 'line' | 'foot'
  /** Delivered with the first token that starts here or later. */
  readonly anchor: number
  /** Where the white space it stands in begins, so that contiguous comments are known. */
  readonly scan: number
  readonly start: number
  readonly end: number
  readonly column: number
  readonly lines: readonly CommentLine[]
}

export const TokenType = {
  streamEnd: 0,
  directive: 1,
  documentStart: 2,
  documentEnd: 3,
  listStart: 4,
  mapStart: 5,
  blockEnd: 6,
  flowListStart: 7,
  flowListEnd: 8,
  flowMapStart: 9,
  flowMapEnd: 10,
  entry: 11,
  comma: 12,
  key: 13,
  value: 14,
  alias: 15,
  anchor: 16,
  tag: 17,
  scalar: 18,
} as const

export interface Token {
  readonly type: number
  readonly start: number
  /** Exclusive; of a scalar: behind its last character (a block scalar's last line break is not part of it). */
  readonly end: number
  readonly line: number
  readonly column: number
  /** Scalars: `"`, `'`, `|`, `>` or empty for plain. */
  readonly style: string
  /** Scalar value, anchor or alias name, tag or directive text. */
  readonly value: string
  /** Of block scalars. */
  readonly block?: BlockPlace
}

/** Where the parts of a block scalar are. */
export interface BlockPlace {
  readonly headerEnd: number
  /** Start of the first line of content. */
  readonly body: number
  /** Behind the last line of content, without the empty lines that follow. */
  readonly contentEnd: number
  /** How many empty lines follow. */
  readonly blanks: number
  /** Column of the content. */
  readonly column: number
  /** Has an indentation indicator. */
  readonly digit: boolean
  /** It stands behind the chomping indicator. */
  readonly digitLast: boolean
}

/** A place where a key without `?` may begin. */
export interface SimpleKey {
  possible: boolean
  required: boolean
  /** Index of the token it begins with. */
  tokenIndex: number
  start: number
  line: number
  column: number
}

/** The scanner's state, shared with the files that scan one kind of token each. */
export interface YamlScanner {
  /** The source with one NUL behind it. */
  readonly text: string
  readonly length: number
  pos: number
  line: number
  lineStart: number
  /** Line breaks since the last character that is not blank. */
  newlines: number
  /** Column of the current block level; -1 outside. */
  indent: number
  /** Columns of the block levels around that. */
  readonly indents: number[]
  /** The key that may be at hand, for every flow collection around and for the block outside. */
  readonly keys: SimpleKey[]
  flowDepth: number
  simpleKeyAllowed: boolean
  readonly tokens: Token[]
  readonly comments: CommentBlock[]
  readonly refused: Refusal[]
}

/** How deep collections may be. */
export const maxDepth = 10_000

export interface Scanned {
  readonly tokens: readonly Token[]
  readonly comments: readonly CommentBlock[]
  /** What the reference would not take; composing adds to it. */
  readonly refused: Refusal[]
}

/** Consumes one line break. */
export function skipBreak(s: YamlScanner): void {
  s.pos += s.text.charCodeAt(s.pos) === carriageReturn && s.text.charCodeAt(s.pos + 1) === lineFeed ? 2 : 1
  s.line++
  s.lineStart = s.pos
  s.newlines++
}

/** Only blanks follow on the line of a tab that the reference takes for indentation: moves to the last of them. */
export function refuseTabs(s: YamlScanner): boolean {
  let end = s.pos
  while (isBlank(s.text.charCodeAt(end))) end++
  if (end < s.length && !isBreak(s.text.charCodeAt(end))) return false
  s.refused.push({ construct: 'tabs', start: s.pos, end })
  s.pos = end - 1
  return true
}

/** Adds the token from `start` up to the current position. */
export function addToken(s: YamlScanner, type: number, start: number, value = ''): void {
  s.tokens.push({ type, start, end: s.pos, line: s.line, column: start - s.lineStart, style: '', value })
  s.newlines = 0
}

/** A token of one character. */
export function addIndicator(s: YamlScanner, type: number): void {
  s.pos++
  addToken(s, type, s.pos - 1)
}

/** A document marker (`---` or `...`) stands at the current position. */
export function atDocumentMarker(s: YamlScanner): boolean {
  if (s.pos !== s.lineStart) return false
  const c = s.text.charCodeAt(s.pos)
  if (c !== hyphen && c !== dot) return false
  return (
    s.text.charCodeAt(s.pos + 1) === c && s.text.charCodeAt(s.pos + 2) === c && isBlankEnd(s.text.charCodeAt(s.pos + 3))
  )
}
