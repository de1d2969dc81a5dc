// A block of INI comment lines is one comment: its text, the form that carries the encrypted text, and the way back to the lines.
import { isEncrypted } from '../../cipher/index.ts'
import type { Block, CommentPart } from './scan.ts'

/** A replacement of source text; `insert` is new text, not yet in the source's coding. */
interface TextChange {
  readonly start: number
  readonly end: number
  readonly insert: string
}

/** How much of a comment is the introducer and the blanks behind it: runs like `;;; ` and `## ` count as one. */
function runLength(text: string): number {
  const introducer = text[0]
  if (introducer !== '#' && introducer !== ';') return 0
  let at = 1
  while (text[at] === introducer || text[at] === ' ') at++
  return at
}

const introduced = (text: string): boolean => text[0] === '#' || text[0] === ';'

/**
 * The comment's text as the reference reads it (spec/format.md 10.1): the first line without its introducer, later lines with theirs. A bare
 * first line of several keeps its introducer, because the reference cannot write a text that starts with an empty line.
 */
export function blockText(text: string, block: Block): string {
  const lines = block.map((part) => text.slice(part.start, part.end))
  const [first = '', ...more] = lines
  const run = runLength(first)
  const rest = first.slice(run)
  if (isEncrypted(rest) && more.every((line) => line.length === 1 && introduced(line))) return rest
  return [rest === '' && more.length > 0 ? first : rest, ...more].join('\n')
}

/**
 * The block with an encrypted text: it stands in the first line, the other lines keep their introducers, which the reference ignores behind
 * it. A header's own line cannot hold it, since the name would run to the text's bracket: there it gets a line above.
 */
export function encryptBlock(
  text: string,
  block: Block,
  encrypted: string,
  eol: string,
  isHeader: boolean,
): TextChange[] {
  const [first, ...more] = block
  const run = runLength(text.slice(first!.start, first!.end))
  const changes = more.map((part) => bare(text, part))
  if (!(isHeader && first!.inline)) {
    return [{ start: first!.start + run, end: first!.end, insert: encrypted }, ...changes]
  }
  const above = indentAt(text, first!.lineStart) + text.slice(first!.start, first!.start + run) + encrypted + eol
  return [{ start: first!.lineStart, end: first!.lineStart, insert: above }, bare(text, first!)]
}

function bare(text: string, part: CommentPart): TextChange {
  const insert = introduced(text[part.start]!) ? text[part.start]! : ';'
  return { start: part.start, end: part.end, insert }
}

const indentAt = (text: string, lineStart: number): string => /^[ \t]*/.exec(text.slice(lineStart, lineStart + 200))![0]

/** The block with a plain text: its lines go back to where they stood; what has no line there is added behind the first. */
export function plainBlock(text: string, block: Block, plain: string, eol: string, isHeader: boolean): TextChange[] {
  const lines = plain.split('\n')
  const [first, second] = block as [CommentPart, CommentPart | undefined]
  const run = text.slice(first.start, first.start + runLength(text.slice(first.start, first.end)))
  if (isHeader && block.length === 2 && second!.inline && lines.length === 1) {
    return [
      { start: first.lineStart, end: first.next, insert: '' },
      { start: second!.start, end: second!.end, insert: run + plain },
    ]
  }
  const extra = Math.max(lines.length - block.length, 0)
  const indent = indentAt(text, first.lineStart)
  const opening = lines
    .slice(0, extra + 1)
    .map((line, i) => (i === 0 ? firstLine(run, line, lines.length) : laterLine(line)))
  const changes: TextChange[] = []
  if (first.inline && extra > 0) {
    const above = opening.slice(0, -1).map((line) => `${indent}${line}${eol}`)
    changes.push({ start: first.lineStart, end: first.lineStart, insert: above.join('') })
    changes.push({ start: first.start, end: first.end, insert: opening.at(-1)! })
  } else {
    changes.push({ start: first.start, end: first.end, insert: opening.join(eol + indent) })
  }
  for (const [i, part] of block.slice(1).entries()) {
    const line = lines[extra + 1 + i]
    if (line !== undefined) changes.push({ start: part.start, end: part.end, insert: line })
  }
  return changes
}

/** A comment as whole lines by itself, in place of a block that begins with `first`. */
export function standalone(text: string, first: CommentPart, plain: string, eol: string): string {
  const lines = plain.split('\n')
  const run = text.slice(first.start, first.start + runLength(text.slice(first.start, first.end)))
  const indent = indentAt(text, first.lineStart)
  return lines
    .map((line, i) => `${indent}${i === 0 ? firstLine(run, line, lines.length) : laterLine(line)}${eol}`)
    .join('')
}

/** A bare first line is whole in the text; the run before it says so by not ending in a blank. */
function firstLine(run: string, line: string, count: number): string {
  if (count > 1 && line !== '' && runLength(line) === line.length && !run.endsWith(' ')) return line
  return run + line
}

const laterLine = (line: string): string => (introduced(line) ? line : line === '' ? ';' : `; ${line}`)

/** A comment as the reference lays it out (spec/format.md 10.2), a bare introducer for an empty line. */
export function commentLines(text: string, ofSection: boolean): string[] {
  if (text === '') return []
  // The line feed at the end of a comment that was a line (overridden.ts) is no line of its own.
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      if (introduced(line)) return `${line[0]} ${line.slice(1).trim()}`
      if (line.trim() === '') return ';'
      return ofSection ? `; ${line}` : `; ${line.trim()}`
    })
}
