// Reads INI text into sections, keys and comments with their places, by the reference's rules (spec/format.md 10.1).

import { SopsError } from '../../errors.ts'
import { hash, openBracket, semicolon } from '../../text/characters.ts'
import { positionIn } from '../../text/position.ts'
import type { Ticks } from '../ticks.ts'
import { isSpace, lineAt, readValue, skipSpace, trimEnd, type ValueSpan } from './value.ts'

/** One line, or the end of a line, that is a comment; from the introducer to the last non-blank character. */
export interface CommentPart {
  readonly start: number
  readonly end: number
  readonly lineStart: number
  readonly next: number
  readonly inline: boolean
}

/** Comment lines that are read as one comment. */
export type Block = readonly CommentPart[]

export interface IniLine {
  readonly key: string
  readonly lineStart: number
  readonly start: number
  /** Behind the key as it is written, with quotes. */
  readonly keyEnd: number
  /** The place of `=` or `:`. */
  readonly delimiter: number
  readonly value: ValueSpan
  readonly block: Block
}

/** The last line of a key. */
export interface KeyLine extends IniLine {
  /** Earlier lines of the same key, whose values this one overrides. */
  readonly overridden: readonly IniLine[]
}

/** Behind a key's value and the comment beside it. */
export const lineEnd = (line: IniLine): number => line.value.comment?.end ?? line.value.end

export interface IniSection {
  readonly name: string
  /** Where the header starts; -1 for the section of keys before any header. */
  readonly start: number
  readonly lineStart: number
  readonly block: Block
  /** In the order of their first lines. */
  readonly keys: readonly KeyLine[]
  /** Comments behind the last key that belong to nothing. */
  readonly trailing: Block
  /** Behind the header and the last key line. */
  readonly contentEnd: number
}

interface Draft {
  name: string
  start: number
  lineStart: number
  block: Block
  /** All lines of each key. */
  keys: Map<string, IniLine[]>
  trailing: CommentPart[]
  contentEnd: number
  numbered: number
}

const draft = (name: string, start: number, lineStart: number, block: Block, contentEnd: number): Draft => ({
  name,
  start,
  lineStart,
  block,
  keys: new Map(),
  trailing: [],
  contentEnd,
  numbered: 0,
})

/**
 * @param from where the text starts behind a byte order mark.
 * @throws SopsError `parse` with a position; also for text that the reference drops, which would be neither encrypted nor protected.
 */
export function scan(text: string, from: number, ticks?: Ticks): readonly IniSection[] {
  let section = draft('DEFAULT', -1, from, [], from)
  const sections = [section]
  let pending: CommentPart[] = []
  for (let lineStart = from; lineStart < text.length; ) {
    if (ticks && --ticks.left === 0) ticks.tell(lineStart, text.length)
    const { end: lineEnd, next } = lineAt(text, lineStart)
    const start = skipSpace(text, lineStart, lineEnd)
    if (start >= lineEnd) {
      lineStart = next
      continue
    }
    const first = text.charCodeAt(start)
    if (first === hash || first === semicolon) {
      pending.push({ start, end: trimEnd(text, start, lineEnd), lineStart, next, inline: false })
      lineStart = next
      continue
    }
    if (first === openBracket) {
      const close = start + text.slice(start, lineEnd).lastIndexOf(']')
      if (close < start) throw failure(text, start, 'unclosed section')
      const name = text.slice(start + 1, close)
      if (name === '') throw failure(text, start, 'empty section name')
      const inline = headerComment(text, lineStart, close + 1, lineEnd, next)
      if (skipSpace(text, close + 1, lineEnd) < (inline?.start ?? lineEnd))
        throw failure(text, start, 'text behind a section name, which SOPS drops and nothing protects,')
      // Comments above the metadata belong to the data: the reference drops them there.
      if (name === 'sops') for (const line of pending) section.trailing.push(line)
      else if (inline) pending.push(inline)
      section = draft(name, start, lineStart, name === 'sops' ? [] : pending, next)
      sections.push(section)
      pending = []
      lineStart = next
      continue
    }
    const line = keyLine(text, { lineStart, start, lineEnd }, pending, section)
    pending = []
    const lines = section.keys.get(line.key)
    if (lines === undefined) section.keys.set(line.key, [line])
    else lines.push(line)
    section.contentEnd = line.value.next
    lineStart = line.value.next
  }
  for (const line of pending) section.trailing.push(line)
  return sections.map(({ numbered, ...rest }) => ({ ...rest, keys: [...rest.keys.values()].map(lastOf) }))
}

const lastOf = (lines: readonly IniLine[]): KeyLine => ({ ...lines.at(-1)!, overridden: lines.slice(0, -1) })

function headerComment(
  text: string,
  lineStart: number,
  from: number,
  lineEnd: number,
  next: number,
): CommentPart | undefined {
  let start = from
  while (start < lineEnd && text[start] !== '#' && text[start] !== ';') start++
  if (start >= lineEnd) return undefined
  return { start, end: trimEnd(text, start, lineEnd), lineStart, next, inline: true }
}

interface LineBounds {
  readonly lineStart: number
  /** Behind its indentation. */
  readonly start: number
  readonly lineEnd: number
}

function keyLine(text: string, { lineStart, start, lineEnd }: LineBounds, above: Block, section: Draft): IniLine {
  const { name, keyEnd, delimiter } = readKey(text, start, lineEnd)
  if (name === '') throw failure(text, start, 'empty key name')
  const key = name === '-' ? `#${++section.numbered}` : name
  let value: ValueSpan
  try {
    value = readValue(text, delimiter + 1)
  } catch (error) {
    throw failure(text, start, (error as Error).message)
  }
  const { comment, next } = value
  const block = comment ? [...above, { ...comment, lineStart, next, inline: true }] : above
  return { key, lineStart, start, keyEnd, delimiter, value, block }
}

/** A key's name and delimiter. Quotes around the key protect delimiters in it. */
function readKey(text: string, start: number, lineEnd: number): { name: string; keyEnd: number; delimiter: number } {
  const quote = keyQuote(text, start, lineEnd)
  let nameStart = start
  let nameEnd: number
  let from = start
  if (quote !== '') {
    nameStart = start + quote.length
    nameEnd = text.indexOf(quote, nameStart)
    if (nameEnd < 0 || nameEnd >= lineEnd) throw failure(text, start, 'missing closing key quote')
    from = nameEnd + quote.length
  }
  let delimiter = from
  while (delimiter < lineEnd && text[delimiter] !== '=' && text[delimiter] !== ':') delimiter++
  if (delimiter >= lineEnd) throw failure(text, start, 'key-value delimiter not found')
  const keyEnd = quote === '' ? trimEnd(text, start, delimiter) : from
  nameEnd = quote === '' ? keyEnd : nameEnd!
  const left = skipSpace(text, nameStart, nameEnd)
  return { name: text.slice(left, trimEnd(text, left, nameEnd)), keyEnd, delimiter }
}

function keyQuote(text: string, start: number, lineEnd: number): '"""' | '"' | '`' | '' {
  if (text[start] === '`') return '`'
  if (text[start] !== '"') return ''
  return text.startsWith('"""', start) && lineEnd + 1 - start > 6 ? '"""' : '"'
}

/** Whether a spelled key reads back as `key`. */
export function keyReadsBack(spelled: string, key: string): boolean {
  const first = spelled.charCodeAt(0)
  if (
    spelled === '' ||
    spelled.includes('\n') ||
    key === '' ||
    key === '-' ||
    first === hash ||
    first === semicolon ||
    first === openBracket ||
    isSpace(first)
  )
    return false
  try {
    const read = readKey(`${spelled} = x`, 0, spelled.length + 4)
    return read.name === key && read.delimiter === spelled.length + 1
  } catch {
    return false
  }
}

function failure(text: string, at: number, message: string): SopsError {
  const position = positionIn(text, at)
  return new SopsError('parse', `Could not unmarshal input data: ${message} on line ${position.line}`, { position })
}
