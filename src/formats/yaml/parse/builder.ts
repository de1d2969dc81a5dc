// The state of building the tree of a document from its nodes, how comments get into it, and the bounds of what aliases stand for.
import type { Item, Origin } from '../../../tree/tree.ts'
import type { Ticks } from '../../ticks.ts'
import type { YAlias, YCollection, YElement, YEntry, YNode } from './nodes.ts'
import { parseError } from './text.ts'
import type { CommentLine } from './tokens.ts'

/** The origin of every node of a tree that came from YAML text. */
export interface Place extends Origin {
  /** The node itself; of an entry: its key. Comments have none. */
  readonly node: YNode | undefined
  /** Of an entry. */
  readonly entry?: YEntry
  /** Of an element of a list. */
  readonly element?: YElement | undefined
  /** The outermost alias this is a copy for. */
  readonly alias: YAlias | undefined
}

/** A collection of the tree, or what stands before or behind its root. */
export interface CommentTarget {
  readonly items: Item[]
  readonly inList: boolean
  /** The outermost alias it is a copy for. */
  readonly alias: YAlias | undefined
}

/** A collection whose items are to come. */
export interface OpenNode extends CommentTarget {
  readonly node: YCollection
  /** Of the next item. */
  index: number
  /** Its own comments go inside it (not for elements of lists, whose comments stand in the list). */
  readonly inside: boolean
}

export interface Builder {
  readonly text: string
  /** What only the reference refuses is refused. */
  readonly checked: boolean
  /** Characters of scalars and comments that aliases stand for, in all documents. */
  readonly copies: { length: number }
  readonly frames: OpenNode[]
  /** The nodes of the frames: an alias must not stand for what it is in. */
  readonly open: Set<YNode>
  visited: number
  copied: number
  /** Told where in the text it is. */
  readonly ticks: Ticks | undefined
}

const allowedRatio = (visited: number): number => {
  if (visited <= 400_000) return 0.99
  return visited >= 4_000_000 ? 0.1 : 0.99 - (0.89 * (visited - 400_000)) / 3_600_000
}

/** Characters of scalars that aliases may stand for in all: each copy is encrypted by itself. */
const maximumCopied = 2 ** 27

/** Counts a node. @throws SopsError `parse` where most of the document is copies. */
export function countNode(b: Builder, alias: YAlias | undefined): void {
  b.visited++
  if (!alias) return
  b.copied++
  if (b.copied > 100 && b.visited > 1000 && b.copied / b.visited > allowedRatio(b.visited)) {
    throw parseError(b.text, alias.start, 'document contains excessive aliasing')
  }
}

/** Counts text that is copied for an alias. @throws SopsError `parse` where it is too much. */
export function countCopy({ text, copies }: Builder, length: number, start: number): void {
  copies.length += length
  if (copies.length > maximumCopied) {
    throw parseError(text, start, `aliases stand for more than ${maximumCopied / 2 ** 20} MiB of text`)
  }
}

/** Puts comment lines into a collection; `inline` where they stand on the line of the item that follows. */
export function addComments(b: Builder, to: CommentTarget, lines: readonly CommentLine[], inline = false): void {
  const { items, inList, alias } = to
  for (const line of lines) {
    if (line === null) continue
    const value = b.text.slice(line.start + 1, line.end)
    if (alias) countCopy(b, value.length, line.start)
    // The reference turns an empty comment of a list into an element; the text keeps it.
    if (inList && value === '') continue
    const origin: Place = { start: line.start, end: line.end, value, node: undefined, alias }
    items.push({ kind: 'comment', text: value, inline, origin })
  }
}
