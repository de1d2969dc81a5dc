// A parsed YAML text as `rewrite` needs it, and where things end in it.

import { SopsError } from '../../../errors.ts'
import type { Comment, Entry, ListNode, MapNode, Node, Tree } from '../../../tree/tree.ts'
import { type ReadingShare, ticker } from '../../ticks.ts'
import { blanksBefore, isFirstOnLine } from '../rewrite/edits.ts'
import { build } from './build.ts'
import type { Place } from './builder.ts'
import { compose } from './compose.ts'
import { elementsOf, isCollection, type YCollection, type YDocument, type YNode, type YScalar } from './nodes.ts'
import type { Refusal } from './refusal.ts'
import { scan } from './scan.ts'
import { decode } from './text.ts'

export interface Source {
  readonly text: string
  readonly byteOrderMark: boolean
  readonly utf16: boolean
  readonly documents: readonly YDocument[]
  readonly tree: Tree
  /** The text's own line break. */
  readonly eol: string
  /** Indentation of nested maps and lists in the text; undefined where none is nested. */
  readonly indent: number | undefined
  readonly flatLists: boolean
  /** A block scalar that ends with the text, without a line break, and would have one more if a line followed. */
  readonly openBlock: YScalar | undefined
  /** What the reference would not take of it. */
  readonly refused: readonly Refusal[]
  /** Lines of nothing but blanks are there that only some neighbours bear, or that a block scalar above them would take for its own. */
  readonly oddBlanks: boolean
  /** A block scalar may be there whose trailing empty lines are its own (`|+`). */
  readonly keepsLines: boolean
}

/** @throws SopsError `parse`. */
export function read(bytes: Uint8Array, progress?: ReadingShare): Source {
  const { text, byteOrderMark, utf16 } = decode(bytes)
  const scanned = scan(text, ticker(progress, 0, 0.5))
  const documents = compose(text, scanned, ticker(progress, 0.5, 0.75))
  if (documents.length === 0 && text !== '') {
    throw new SopsError('parse', 'EOF: there is no document, only comments or blank lines', {
      hints: ['add a value, or {} for a document without any'],
    })
  }
  const tree = build(text, documents, ticker(progress, 0.75, 1))
  return {
    text,
    byteOrderMark,
    utf16,
    documents,
    tree,
    refused: scanned.refused,
    eol: /\r\n|\r|\n/.exec(text)?.[0] ?? '\n',
    keepsLines: /[|>][1-9]?[+]/.test(text),
    openBlock: openBlock(text, documents),
    oddBlanks: withoutOddBlanks(text) !== text,
    ...layoutOf(documents),
  }
}

/** The block scalar that the last document ends with. */
function lastBlock(documents: readonly YDocument[]): YScalar | undefined {
  let node = documents[documents.length - 1]?.root
  while (node && isCollection(node)) node = elementsOf(node).at(-1)?.value
  return node?.kind === 'scalar' && node.block ? node : undefined
}

function openBlock(text: string, documents: readonly YDocument[]): YScalar | undefined {
  const node = lastBlock(documents)
  const isOpen = node?.block && node.block.contentEnd === text.length && node.block.contentEnd > node.block.body
  return isOpen && !text.slice(node?.content, node?.block?.headerEnd).includes('-') ? node : undefined
}

/** Without blanks on lines of their own where they hold a tab or end the text. */
export function withoutOddBlanks(text: string): string {
  const end = blanksBefore(text, text.length)
  const kept = end < text.length && isFirstOnLine(text, end) ? text.slice(0, end) : text
  return kept.includes('\t') ? kept.replace(/^[ \t]+$/gm, (blanks) => (blanks.includes('\t') ? '' : blanks)) : kept
}

/** How the first nested block collections are indented. */
function layoutOf(documents: readonly YDocument[]): { indent: number | undefined; flatLists: boolean } {
  let indent: number | undefined
  let listIndent: number | undefined
  for (const { root } of documents) {
    const stack = root && isBlock(root) ? [root] : []
    for (let node = stack.pop(); node; node = stack.pop()) {
      for (const inner of collectionsIn(node)) {
        if (isBlock(inner)) stack.push(inner)
        if (node.kind !== 'map' || inner.flow) continue
        if (inner.kind === 'list') listIndent = inner.column - node.column
        else indent = inner.column - node.column
      }
      if (indent !== undefined && listIndent !== undefined) return { indent, flatLists: listIndent === 0 }
    }
  }
  return { indent: indent ?? (listIndent === 0 ? undefined : listIndent), flatLists: listIndent === 0 }
}

const isBlock = (node: YNode): node is YCollection => isCollection(node) && !node.flow

/** The collections right inside another one, the last first. */
function collectionsIn(node: YCollection): YCollection[] {
  const found: YCollection[] = []
  const add = (item: YNode): void => {
    if (isCollection(item)) found.push(item)
  }
  if (node.kind === 'list') for (const { value } of node.elements) add(value)
  else {
    for (const { key, value } of node.entries) {
      add(key)
      add(value)
    }
  }
  return found.reverse()
}

export const placeOf = (node: Node | Entry | Comment): Place => node.origin as Place

/** The end of an item's text, comments at its end included: in the tree, those may come before what they stand behind. */
export function endOf(item: Node | Entry | Comment): number {
  let end = placeOf(item).end
  for (let at: Node | Entry | Comment | undefined = item; at; ) {
    const place: Place | undefined = at.origin as Place | undefined
    if (place) end = Math.max(end, place.end)
    if (at.kind === 'entry') {
      if ((at.origin as Place).entry?.value.kind === 'alias') break
      at = at.value
    } else if (at.kind === 'map' || at.kind === 'list') {
      if (place?.alias) break
      let last: Node | Entry | undefined
      for (const inner of (at as MapNode | ListNode).items) {
        if (inner.kind !== 'comment') last = inner
        else if (inner.origin) end = Math.max(end, inner.origin.end)
      }
      at = last
    } else break
  }
  return end
}
