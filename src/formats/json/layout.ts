// The layout habits of a JSON file: indentation, line ends, spacing, and where a new item goes.
import type { Entry, MapNode, Node } from '../../tree/tree.ts'
import type { Layout } from '../types.ts'
import { quoteMinimal } from './leaf.ts'
import { indentUnit, type JsonStyle } from './print.ts'
import type { ContainerOrigin, EntryOrigin } from './scan.ts'

export type JsonItem = Entry | Node

export interface FileStyle extends JsonStyle {
  /** Where the document starts. */
  readonly root: number
  /** Whether the document's members stand on lines of their own. */
  readonly broken: boolean
  /** The indentation asked for, if any. */
  readonly asked: string | undefined
  readonly encrypted: boolean
}

/** @throws SopsError `cannot-emit` for an indentation below -1. */
export function styleOf(text: string, root: MapNode, layout: Layout): FileStyle {
  const unit = indentUnit(layout.indent)
  const { start, items } = root.origin as ContainerOrigin
  const first = items[0]?.origin as EntryOrigin | undefined
  const gap = first === undefined ? '' : text.slice(first.keyEnd, first.valueStart)
  const colon = first === undefined || /[\r\n]/.test(gap) ? ': ' : gap
  const own = ownUnit(text, start, items)
  const newline = text.indexOf('\n')
  return {
    root: start,
    broken: own !== undefined || first === undefined,
    asked: layout.indent === undefined ? undefined : unit,
    encrypted: layout.encrypted === true,
    unit: own ?? unit,
    eol: newline > 0 && text[newline - 1] === '\r' ? '\r\n' : '\n',
    colon,
    comma: colon.endsWith(':') ? ',' : ', ',
    quote: quoteMinimal,
    keepSpelling: true,
  }
}

/** The indentation of the first member that stands on its own line. */
function ownUnit(text: string, start: number, items: readonly JsonItem[]): string | undefined {
  for (const item of items) {
    const indent = ownLine(text, item.origin!.start)
    if (indent === undefined) continue
    const outer = lineIndent(text, start)
    return indent.startsWith(outer) ? indent.slice(outer.length) : indent
  }
  return undefined
}

/** The blanks at the start of the line that holds `offset`. */
export function lineIndent(text: string, offset: number): string {
  const start = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
  let end = start
  while (text[end] === ' ' || text[end] === '\t') end += 1
  return text.slice(start, end)
}

/** The indentation of what stands at `offset` if it is the first on a line of its own. */
export function ownLine(text: string, offset: number): string | undefined {
  let start = offset
  while (text[start - 1] === ' ' || text[start - 1] === '\t') start -= 1
  return text[start - 1] === '\n' ? text.slice(start, offset) : undefined
}

/** What comes before a new item, and the item's indentation where that breaks the line. */
export interface Separator {
  readonly text: string
  readonly indent: string | undefined
}

/** For new items behind `old`, laid out like those. */
export function separator(text: string, old: readonly JsonItem[], style: FileStyle): Separator {
  const last = old[old.length - 1]?.origin
  if (last === undefined) return { text: style.comma, indent: undefined }
  const indent = ownLine(text, last.start)
  if (indent !== undefined) return { text: `,${style.eol}${indent}`, indent }
  const previous = old[old.length - 2]?.origin
  const gap = previous === undefined ? style.comma : text.slice(previous.end, last.start)
  return { text: gap.slice(gap.indexOf(',')), indent }
}

/** For the metadata, which stands on a line of its own where members do. */
export function ownSeparator(text: string, fresh: Separator, style: FileStyle): Separator {
  if (!style.broken || fresh.indent !== undefined || fresh.text === '') return fresh
  const indent = lineIndent(text, style.root) + style.unit
  return { text: `,${style.eol}${indent}`, indent }
}

/** The old place of every item; a new item takes the place of a removed one. */
export function placesOf(items: readonly JsonItem[], old: readonly JsonItem[]): readonly (number | undefined)[] {
  const starts = new Map<number, number>()
  old.forEach((item, place) => {
    starts.set(item.origin!.start, place)
  })
  const own = items.map(({ origin }) => (origin === undefined ? undefined : starts.get(origin.start)))
  const kept = new Set(own)
  let next = 0
  return own.map((place) => {
    const found = place ?? (next < old.length && !kept.has(next) ? next : undefined)
    if (found !== undefined) next = found + 1
    return found
  })
}
