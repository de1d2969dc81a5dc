// A document without entries: nothing at all, `~`, `{}`, or only comments. Encrypted it has its `sops` block alone, in which a comment says
// how the emptiness was written, unless that is as a fresh text has it: `{}` on a line of its own at the end.
import type { Comment, Entry, MapNode, Node } from '../../../tree/tree.ts'
import type { YNode } from '../parse/nodes.ts'
import { placeOf, type Source } from '../parse/source.ts'
import { readIfSound } from './check.ts'
import { afterBreak, isFirstOnLine, lineEnd, lineStart } from './edits.ts'
import { isMetadata } from './metadata-line.ts'

/** How an empty document is written. */
interface Emptiness {
  /** The text of its root; empty where there is none. */
  readonly text: string
  /** Where that does not stand on a line of its own at the end: lines below that of the document's beginning, and column. */
  readonly place?: readonly [line: number, column: number]
}

const usual = '{}'
const noText = 'nothing'

const note = /^ empty document: (\S.*?)(?: at (\d{1,6}):(\d{1,6}))?$/
const noteLine = /^([^\r\n]*(?:\r\n|[\r\n]))[ \t]*# empty document: [^\r\n]*(?:\r\n|[\r\n])/

/** A root on one line, without comments. */
const root = /^(?:[!&][^\s#,[\]{}]* +)*(?:~|null|Null|NULL|!!null|\{[ \t]*\})$/

const isNote = (item: Entry | Node | Comment): boolean => item.kind === 'comment' && note.test(item.text)

/** A flow map with nothing between its braces, on one line. */
export const isBareFlow = (text: string, node: YNode): boolean =>
  node.kind === 'map' && node.flow && node.entries.length === 0 && root.test(text.slice(node.start, node.end))

/** Of a document whose root no entries can go into: what stands there, on however many lines; undefined for any other document. */
function rootText({ text }: Source, document: MapNode): string | undefined {
  const { node } = placeOf(document)
  if (node === undefined) return ''
  return node.kind === 'scalar' || isBareFlow(text, node) ? text.slice(node.start, node.end) : undefined
}

/** The root begins a line, and no comment of the document stands behind it, but for those behind `limit`, its end. */
function endsDocument({ text }: Source, document: MapNode, limit: number): boolean {
  const { node } = placeOf(document)
  if (!node || !isFirstOnLine(text, node.start)) return false
  return document.items.every((item) => {
    const { start, end } = placeOf(item)
    return end < node.start || start >= limit
  })
}

/** Lines that are put in the place of the root's line say the same, and so does the root in their place. */
export function standsAtEnd(source: Source, document: MapNode, limit: number): boolean {
  const { text } = source
  const { start, end } = placeOf(document)
  if (!endsDocument(source, document, limit)) return false
  return !canBeNoted(text, start, end) || (lineStart(text, start) === start && lineEnd(text, end) === end)
}

/** The rest of its line can stay where it is: a line of blanks with a tab is none for the reference. */
const canBeNoted = (text: string, start: number, end: number): boolean =>
  root.test(text.slice(start, end)) &&
  !/^[ ]*\t[ \t]*$/.test(text.slice(lineStart(text, start), start) + text.slice(end, lineEnd(text, end)))

function emptinessOf(source: Source, at: number): Emptiness | undefined {
  const document = source.tree.documents[at] as MapNode
  const text = rootText(source, document)
  if (text === '') return { text }
  const { start, end } = placeOf(document)
  if (text === undefined || !canBeNoted(source.text, start, end)) return undefined
  const { start: documentStart, end: documentEnd } = source.documents[at]!
  const from = lineStart(source.text, start)
  if (standsAtEnd(source, document, documentEnd)) return { text }
  let line = 0
  let begin = lineStart(source.text, documentStart)
  for (; begin < from; line++) begin = afterBreak(source.text, lineEnd(source.text, begin))
  return { text, place: [line, start - from] }
}

/** The numbers, counted from 1, of the empty documents that a fresh text has in another way. */
export const unusualDocuments = (source: Source): readonly number[] =>
  source.tree.documents.flatMap((document, at) => {
    const text = rootText(source, document)
    return text === undefined || text === usual ? [] : [at + 1]
  })

/**
 * A document of an encrypted text, with the note in its metadata if it is empty. `isKept` is false where no note can hold how it was
 * written.
 */
export function withNote(source: Source, at: number, next: MapNode): { document: MapNode; isKept: boolean } {
  const isEmpty = next.items.every((item) => item.kind === 'comment' || isMetadata(item))
  let isKept = true
  const items = next.items.map((item) => {
    if (!isMetadata(item) || (isEmpty && item.origin !== undefined)) return item
    const bare = withoutNote(item)
    const document = source.tree.documents[at]
    if (!isEmpty || document === undefined || rootText(source, document) === undefined) return bare
    const emptiness = emptinessOf(source, at)
    isKept = emptiness !== undefined
    return emptiness === undefined ? bare : noted(bare, emptiness, source.eol)
  })
  return { document: { ...next, items }, isKept }
}

function withoutNote(entry: Entry): Entry {
  const { text, value } = entry
  const bare = text === undefined ? entry : { ...entry, text: text.replace(noteLine, '$1') }
  if (value.kind !== 'map' || !value.items.some(isNote)) return bare
  return { ...bare, value: { ...value, items: value.items.filter((item) => !isNote(item)) } }
}

function noted(entry: Entry, { text, place }: Emptiness, eol: string): Entry {
  if (text === usual && place === undefined) return entry
  const comment = ` empty document: ${text === '' ? noText : text}${place ? ` at ${place.join(':')}` : ''}`
  const { value } = entry
  const lines = entry.text?.replace(
    /^([^\r\n]*(?:\r\n|[\r\n]))([ \t]*)/,
    (_, first: string, pad: string) => `${first}${pad}#${comment}${eol}${pad}`,
  )
  return {
    ...entry,
    ...(lines === undefined ? {} : { text: lines }),
    ...(value.kind === 'map'
      ? { value: { ...value, items: [{ kind: 'comment', text: comment, inline: false }, ...value.items] } }
      : {}),
  }
}

/** How the document at `at` of an encrypted text, which has nothing but metadata, is written in plain. */
export function plainEmptiness(source: Source, document: MapNode): { text: string; offset?: number } {
  const metadata = document.items.find(isMetadata)
  const block = metadata?.value
  const comment = block?.kind === 'map' ? block.items.find(isNote) : undefined
  const [, text = usual, line, column] = (comment?.kind === 'comment' && note.exec(comment.text)) || []
  if (text === noText) return { text: '' }
  if (!root.test(text) || !isEmptyText(text)) return { text: usual }
  if (line === undefined) return { text }
  const offset = offsetOf(source, document, Number(line), Number(column))
  return offset === undefined || offset > placeOf(metadata!).start ? { text: usual } : { text, offset }
}

function isEmptyText(text: string): boolean {
  const documents = readIfSound(text)?.tree.documents
  return documents?.length === 1 && documents[0]!.items.length === 0
}

/** Undefined where a root would not stand between blanks there. */
function offsetOf(
  { text, tree, documents }: Source,
  document: MapNode,
  line: number,
  column: number,
): number | undefined {
  const { start, end } = documents[tree.documents.indexOf(document)]!
  let from = lineStart(text, start)
  for (let i = 0; i < line && from < end; i++) from = afterBreak(text, lineEnd(text, from))
  const offset = from + column
  if (offset < start || offset > lineEnd(text, from) || offset > end) return undefined
  const isBlank = /^(?:---)?[ \t]*$/.test(text.slice(from, offset))
  return isBlank && /^(?:[ \t]|$)/.test(text.slice(offset, lineEnd(text, from))) ? offset : undefined
}
