// Collects comments between tokens and anchors them, as the reference's library does (spec/format.md 7.9 A to C).

import { closeBrace, closeBracket, hash, lineFeed } from '../../../text/characters.ts'
import { isBlank, isBreak } from './text.ts'
import { type CommentBlock, type CommentLine, skipBreak, type Token, TokenType, type YamlScanner } from './tokens.ts'

/** The start of the earliest of the contiguous comments before `at` that stands at the column, if any. */
export function commentAtColumn(comments: readonly CommentBlock[], at: number, column: number): number | undefined {
  let stop = at
  let found: number | undefined
  for (let i = comments.length - 1; i >= 0; i--) {
    const comment = comments[i] as CommentBlock
    if (comment.kind === 'line' || comment.end < stop) break
    if (comment.column === column) found = comment.start
    stop = comment.scan
  }
  return found
}

function readLine(s: YamlScanner, start: number): CommentLine {
  let end = start
  while (end < s.length && !isBreak(s.text.charCodeAt(end))) end++
  s.pos = end
  s.newlines = 0
  return { start, end }
}

/** A comment on the line of the token just fetched. */
export function collectLineComment(s: YamlScanner, anchor: number): void {
  if (s.newlines > 0) return
  let p = s.pos
  let c = s.text.charCodeAt(p)
  while (isBlank(c)) c = s.text.charCodeAt(++p)
  if (c !== hash) return
  const column = p - s.lineStart
  const line = readLine(s, p)
  s.comments.push({ kind: 'line', anchor, scan: 0, start: p, end: s.pos, column, lines: [line] })
}

/** Comments on lines of their own between two tokens, as far as they are read. Columns count from 1 here, as in the reference's library. */
interface Run {
  readonly s: YamlScanner
  /** The token before. */
  readonly prior: Token | undefined
  /** What a foot is anchored at. */
  anchor: number
  /** Where the white space before the lines at hand begins. */
  scan: number
  /** Lines that go together, and where the first one begins. */
  lines: CommentLine[]
  start: number
  column: number
  line: number
  /** Column of the current block level. */
  readonly indent: number
  /** The line directly below the token before; -1 on the first line of the text. */
  readonly footLine: number
  /** No empty line was read yet. */
  firstEmpty: boolean
}

function startRun(s: YamlScanner, before: number, onFirstLine: boolean): Run {
  const { tokens } = s
  let prior = tokens[tokens.length - 1]
  if (prior?.type === TokenType.comma && tokens.length > 1) prior = tokens[tokens.length - 2]
  const isIndented = s.newlines === 0 && s.pos - s.lineStart > 1
  return {
    s,
    prior,
    anchor: prior?.start ?? 0,
    scan: before,
    lines: [],
    start: 0,
    column: 0,
    line: 0,
    indent: Math.max(s.indent, 0),
    footLine: onFirstLine ? -1 : s.line - s.newlines + (isIndented ? 2 : 1),
    firstEmpty: s.newlines <= 1,
  }
}

function push(run: Run, kind: 'head' | 'foot', anchor: number, end: number): void {
  const { s, scan, start, column, lines } = run
  s.comments.push({ kind, anchor, scan, start, end, column: column - 1, lines })
  run.lines = []
}

/** The lines at hand are the foot of what is before; what follows is anchored at `end`. */
function splitFoot(run: Run, end: number, ownAnchor: boolean): void {
  push(run, 'foot', ownAnchor ? run.start : run.anchor, end)
  run.scan = end
  run.anchor = end
}

/** An empty line or a closing bracket follows the lines at hand: it makes them a foot, or stays between them and the next ones. */
function endLines(run: Run, end: number, closes: boolean): void {
  if (run.lines.length === 0) return
  const isDedented = run.column - 1 < run.indent
  const isBelowPrior = run.line === run.footLine && run.prior?.type !== TokenType.value
  if (closes || (run.firstEmpty && (isBelowPrior || isDedented))) splitFoot(run, end, isDedented)
  else run.lines.push(null)
}

/** Adds the comment line at an offset, and moves the position behind it. */
function addLine(run: Run, at: number, column: number, line: number): void {
  const { s } = run
  if (run.lines.length === 0) {
    run.start = at
    run.column = column
    run.line = line
  }
  while (s.pos < at) {
    if (isBreak(s.text.charCodeAt(s.pos))) skipBreak(s)
    else s.pos++
  }
  run.lines.push(readLine(s, at))
}

/** Stands for the first character of the metadata's key. */
const nextKey = 115

/**
 * Comments on lines of their own, from the `#` at the current position on; `before` is where the white space began. Leaves the position
 * behind the last comment. The line number lags one line behind after the first comment, as in the reference's library.
 */
export function collectComments(s: YamlScanner, before: number, onFirstLine: boolean): void {
  const run = startRun(s, before, onFirstLine)
  // A key follows wherever the text ends: the metadata of the encrypted file, whose comments must stand in the same places.
  const end = isBreak(s.text.charCodeAt(s.length - 1)) ? s.length : s.length + (s.text.includes('\r\n') ? 2 : 1)
  // Nothing can follow the marker that ends the last document.
  const isLast = run.prior?.type === TokenType.documentEnd
  let recentEmpty = false
  let { line } = s
  let column = s.pos - s.lineStart
  let i = s.pos
  for (; ; i++) {
    column++
    const c = i < s.length ? s.text.charCodeAt(i) : i < end || isLast ? lineFeed : nextKey
    if (isBlank(c)) continue
    const closes = s.flowDepth > 0 && (c === closeBracket || c === closeBrace)
    if (closes || isBreak(c)) {
      if (closes || !recentEmpty) endLines(run, i, closes)
      if (closes || (isLast && i >= s.length)) break
      run.firstEmpty = false
      recentEmpty = true
      column = 0
      line++
      continue
    }
    if (run.lines.length > 0 && column - 1 < run.indent && column !== run.column) splitFoot(run, i, false)
    if (c !== hash) break
    recentEmpty = false
    addLine(run, i, column, line)
    i = s.pos
    column = 0
    line = s.line
  }
  if (run.lines.length > 0) push(run, 'head', run.start, i - 1)
}
