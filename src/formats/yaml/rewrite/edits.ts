// Changes to a text, collected by offset and applied in one pass.
import { isBlank, isBreak } from '../parse/text.ts'

export interface TextEdits {
  readonly text: string
  readonly eol: string
  replace(start: number, end: number, text: string): void
  /** Whole lines, each with its break, behind the line of the offset; a text without final line break stays one. */
  insertLines(offset: number, lines: string): void
  /** Whole lines before the line that begins at the offset, or at the end of the text; what stands before `floor` is no blank line. */
  insertAtEnd(offset: number, lines: string, floor?: number): void
  /** Removes whole lines: from the line of `start` to that of `end`. */
  removeLines(start: number, end: number, lines?: string): void
  /** Something is added behind the end of the text. */
  growsAtEnd(): boolean
  /** Something is changed from this offset on. */
  changes(offset: number): boolean
  /** Undefined when changes cut into each other. */
  apply(): string | undefined
}

/** The offset of the line break (or end of text) at or behind an offset. */
export function lineEnd(text: string, offset: number): number {
  let at = offset
  while (at < text.length && !isBreak(text.charCodeAt(at))) at++
  return at
}

export function lineStart(text: string, offset: number): number {
  let at = offset
  while (at > 0 && !isBreak(text.charCodeAt(at - 1))) at--
  return at
}

/** Behind the line break at an offset. */
export const afterBreak = (text: string, offset: number): number =>
  offset >= text.length ? offset : offset + (text.startsWith('\r\n', offset) ? 2 : 1)

/** Only blanks stand before the offset on its line. */
export function isFirstOnLine(text: string, offset: number): boolean {
  let at = offset
  while (at > 0 && isBlank(text.charCodeAt(at - 1))) at--
  return at === 0 || isBreak(text.charCodeAt(at - 1))
}

export function skipBlanks(text: string, offset: number): number {
  let at = offset
  while (isBlank(text.charCodeAt(at))) at++
  return at
}

export function blanksBefore(text: string, offset: number): number {
  let at = offset
  while (at > 0 && isBlank(text.charCodeAt(at - 1))) at--
  return at
}

const quotedToken = /^\s*(?:!\S* *)?(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')$/s
const bracketToken = /^\s*(?:[[{,]).*[\]}]$/s

const blockHeader = /^\s*[|>][-+0-9]*$/

/** A `#` directly behind it begins a comment, as it does behind a closing quote or bracket. */
const endsItself = (text: string): boolean =>
  quotedToken.test(text) || bracketToken.test(text) || blockHeader.test(text)

export function createEdits(text: string, eol: string): TextEdits {
  const list: { start: number; end: number; text: string }[] = []
  const replace = (start: number, end: number, by: string): void => {
    if (start !== end || by !== '') list.push({ start, end, text: by })
  }
  return {
    text,
    eol,
    replace,
    insertLines(offset, lines) {
      const end = lineEnd(text, offset)
      if (end < text.length) replace(afterBreak(text, end), afterBreak(text, end), lines)
      else if (text === '') replace(0, 0, lines)
      else replace(end, end, eol + lines.slice(0, -eol.length))
    },
    insertAtEnd(offset, lines, floor = 0) {
      // Spaces at the very end stay there: an empty line made of them could count to the text above. A tab may only stand where it stands.
      const blanks = blanksBefore(text, offset)
      const areSpaces = blanks < offset && blanks >= floor && !text.slice(blanks, offset).includes('\t')
      if (offset === text.length && areSpaces && isFirstOnLine(text, offset)) {
        replace(blanks, blanks, lines)
        return
      }
      const isNewLine = offset === 0 || isBreak(text.charCodeAt(offset - 1))
      replace(offset, offset, isNewLine ? lines : eol + lines.slice(0, -eol.length))
    },
    removeLines(start, end, lines = '') {
      const from = lineStart(text, start)
      const last = lineEnd(text, end)
      if (last < text.length) replace(from, afterBreak(text, last), lines)
      else replace(from, last, lines)
    },
    growsAtEnd: () => list.some((edit) => edit.start === text.length),
    changes: (offset) => list.some((edit) => edit.start === offset && edit.end > offset),
    apply() {
      const length = (edit: { start: number; end: number }): number => (edit.end > edit.start ? 1 : 0)
      const sorted = list
        .map((edit, i) => ({ edit, i }))
        .sort((a, b) => a.edit.start - b.edit.start || length(a.edit) - length(b.edit) || a.i - b.i)
      const parts: string[] = []
      let written = ''
      let isCut = false
      function put(part: string, isNew: boolean): void {
        if (part === '') {
          isCut ||= isNew
          return
        }
        // A comment that stood glued to what was there before must not become a part of what is there now.
        const isGlued = written === '' ? isCut && !/[\s,[{]$/.test(parts.at(-1) ?? ' ') : !endsItself(written)
        if (part[0] === '#' && isGlued && !/\s$/.test(written)) parts.push(' ')
        parts.push(part)
        written = isNew ? part : ''
        isCut = false
      }
      let at = 0
      for (const { edit } of sorted) {
        // Inside a piece that was written anew as a whole.
        if (edit.end <= at && edit.start < at) continue
        if (edit.start < at) return undefined
        put(text.slice(at, edit.start), false)
        put(edit.text, true)
        at = edit.end
      }
      put(text.slice(at), false)
      const result = parts.join('')
      const endsLine = (some: string): boolean => isBreak(some.charCodeAt(some.length - 1))
      return endsLine(result) && !endsLine(text) && text !== ''
        ? result.slice(0, result.endsWith('\r\n') ? -2 : -1)
        : result
    },
  }
}
