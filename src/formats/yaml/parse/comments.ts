// Collects comments between tokens and anchors them, as the reference's library does (spec/format.md 7.9 A to C).

import { isBreak } from './text.ts'
import { type Remark, type RemarkLine, type Scanner, skipBreak, T } from './tokens.ts'

/** The start of the earliest of the contiguous remarks before `at` that stands at the column, if any. */
export function remarkAtColumn(remarks: readonly Remark[], at: number, column: number): number | undefined {
  let stop = at
  let found: number | undefined
  for (let i = remarks.length - 1; i >= 0; i--) {
    const remark = remarks[i] as Remark
    if (remark.kind === 'line' || remark.end < stop) break
    if (remark.column === column) found = remark.start
    stop = remark.scan
  }
  return found
}

const newLine = 10
const nextKey = 115

function readLine(s: Scanner, start: number): RemarkLine {
  let end = start
  while (end < s.length && !isBreak(s.text.charCodeAt(end))) end++
  s.pos = end
  s.newlines = 0
  return { start, end }
}

/** A comment on the line of the token just fetched. */
export function collectLineRemark(s: Scanner, anchor: number): void {
  if (s.newlines > 0) return
  let p = s.pos
  let c = s.text.charCodeAt(p)
  while (c === 32 || c === 9) c = s.text.charCodeAt(++p)
  if (c !== 35) return
  const column = p - s.lineStart
  const line = readLine(s, p)
  s.remarks.push({ kind: 'line', anchor, scan: 0, start: p, end: s.pos, column, lines: [line] })
}

/**
 * Comments on lines of their own, from the `#` at the current position on; `before` is where the white space began. Leaves the position
 * behind the last comment. Columns count from 1 here, and the line number lags one line behind after the first comment, as in the library.
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: follows the reference's library step by step
export function collectRemarks(s: Scanner, before: number, onFirstLine: boolean): void {
  const { tokens } = s
  let prior = tokens[tokens.length - 1]
  if (prior?.type === T.comma && tokens.length > 1) prior = tokens[tokens.length - 2]
  let anchor = prior?.start ?? 0
  let scan = before
  let lines: RemarkLine[] = []
  let start = 0
  let startColumn = 0
  let startLine = 0
  const next = Math.max(s.indent, 0)
  let firstEmpty = s.newlines <= 1
  let recentEmpty = false
  let footLine = -1
  if (!onFirstLine) {
    footLine = s.line - s.newlines + 1
    if (s.newlines === 0 && s.pos - s.lineStart > 1) footLine++
  }

  function push(kind: 'head' | 'foot', at: number, till: number): void {
    s.remarks.push({ kind, anchor: at, scan, start, end: till, column: startColumn - 1, lines })
    lines = []
  }
  function splitFoot(at: number, ownAnchor: boolean): void {
    push('foot', ownAnchor ? start : anchor, at)
    scan = at
    anchor = at
  }

  // A key follows wherever the text ends: the metadata of the encrypted file, whose comments must stand in the same places.
  const end = isBreak(s.text.charCodeAt(s.length - 1)) ? s.length : s.length + (s.text.includes('\r\n') ? 2 : 1)
  // Nothing can follow the marker that ends the last document.
  const isLast = prior?.type === T.documentEnd
  let line = s.line
  let column = s.pos - s.lineStart
  let i = s.pos
  for (; ; i++) {
    column++
    const c = i < s.length ? s.text.charCodeAt(i) : i < end || isLast ? newLine : nextKey
    if (c === 32 || c === 9) continue
    const closes = s.flowDepth > 0 && (c === 93 || c === 125)
    if (closes || isBreak(c)) {
      if (lines.length > 0 && (closes || !recentEmpty)) {
        const dedented = startColumn - 1 < next
        if (closes || (firstEmpty && ((startLine === footLine && prior?.type !== T.value) || dedented))) {
          splitFoot(i, dedented)
        } else lines.push(null)
      }
      if (closes || (isLast && i >= s.length)) break
      firstEmpty = false
      recentEmpty = true
      column = 0
      line++
      continue
    }
    if (lines.length > 0 && column - 1 < next && column !== startColumn) splitFoot(i, false)
    if (c !== 35) break
    if (lines.length === 0) {
      start = i
      startColumn = column
      startLine = line
    }
    recentEmpty = false
    while (s.pos < i) {
      if (isBreak(s.text.charCodeAt(s.pos))) skipBreak(s)
      else s.pos++
    }
    lines.push(readLine(s, i))
    i = s.pos
    column = 0
    line = s.line
  }
  if (lines.length > 0) push('head', start, i - 1)
}
