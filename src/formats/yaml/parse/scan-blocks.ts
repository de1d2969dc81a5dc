// Block levels, which open and close by columns, and the indicators of their items.

import { commentAtColumn } from './comments.ts'
import { forgetKey, takeKey } from './scan-keys.ts'
import { parseError } from './text.ts'
import { addIndicator, maxDepth, type Token, TokenType, type YamlScanner } from './tokens.ts'

function insert({ tokens }: YamlScanner, at: number, token: Token): void {
  if (at >= tokens.length) tokens.push(token)
  else tokens.splice(at, 0, token)
}

interface LevelStart {
  readonly start: number
  readonly line: number
  readonly column: number
  /** Index of the token that the level's own goes before. */
  readonly tokenIndex: number
}

/** Opens a block level where the column is deeper. */
function openLevel(s: YamlScanner, type: number, { start, line, column, tokenIndex }: LevelStart): void {
  if (s.flowDepth > 0 || s.indent >= column) return
  s.indents.push(s.indent)
  s.indent = column
  if (s.indents.length > maxDepth) throw parseError(s.text, start, `exceeded max depth of ${maxDepth}`)
  insert(s, tokenIndex, { type, start, end: start, line, column, style: '', value: '' })
}

/** Closes the block levels deeper than the column; each end is placed by the comments before it (spec/format.md 7.9 C). */
export function closeLevels(s: YamlScanner, column: number, before: number): void {
  if (s.flowDepth > 0) return
  let at = before - 1
  while (s.indent > column) {
    at = commentAtColumn(s.comments, at, s.indent) ?? at
    s.tokens.push({
      type: TokenType.blockEnd,
      start: at,
      end: at,
      line: s.line,
      column: s.indent,
      style: '',
      value: '',
    })
    s.indent = s.indents.pop() as number
  }
}

/** Opens the level of an indicator at the current position, where one may stand. `what` is for the error. */
function openHere(s: YamlScanner, type: number, what: string): void {
  if (s.flowDepth > 0) return
  if (!s.simpleKeyAllowed) throw parseError(s.text, s.pos, `${what} are not allowed in this context`)
  openLevel(s, type, { start: s.pos, line: s.line, column: s.pos - s.lineStart, tokenIndex: s.tokens.length })
}

/** A dash. */
export function blockEntry(s: YamlScanner): void {
  openHere(s, TokenType.listStart, 'block sequence entries')
  forgetKey(s)
  s.simpleKeyAllowed = true
  addIndicator(s, TokenType.entry)
}

/** A `?`. */
export function explicitKey(s: YamlScanner): void {
  openHere(s, TokenType.mapStart, 'mapping keys')
  forgetKey(s)
  s.simpleKeyAllowed = s.flowDepth === 0
  addIndicator(s, TokenType.key)
}

/** A `:`, which makes what stands before it a key. */
export function mapValue(s: YamlScanner): void {
  const key = takeKey(s)
  if (key) {
    const { start, line, column, tokenIndex } = key
    insert(s, tokenIndex, { type: TokenType.key, start, end: start, line, column, style: '', value: '' })
    openLevel(s, TokenType.mapStart, key)
    s.simpleKeyAllowed = false
  } else {
    openHere(s, TokenType.mapStart, 'mapping values')
    s.simpleKeyAllowed = s.flowDepth === 0
  }
  addIndicator(s, TokenType.value)
}
