// Nodes to the document tree: keys and values resolved, aliases expanded, comments put where the reference has them (spec/format.md 7.3, 7.5).

import { type SopsError, withHints } from '../../../errors.ts'
import type { Comment, Entry, ListNode, MapNode, Node, Tree } from '../../../tree/tree.ts'
import type { Ticks } from '../../ticks.ts'
import { isTypeTag } from '../scalar/resolve.ts'
import { buildLeaf, keyOf, scalarValue } from './build-scalar.ts'
import {
  addComments,
  type Builder,
  type CommentTarget,
  countCopy,
  countNode,
  type OpenNode,
  type Place,
} from './builder.ts'
import { checkKeys } from './check-keys.ts'
import {
  contentText,
  isCollection,
  targetOf,
  type YAlias,
  type YCollection,
  type YDocument,
  type YElement,
  type YEntry,
  type YNode,
} from './nodes.ts'
import { parseError } from './text.ts'

/**
 * @throws SopsError `parse`: whatever the reference refuses in the first document; bad tags, alias loops and too much text behind aliases in
 * every one.
 */
export function build(text: string, documents: readonly YDocument[], ticks?: Ticks): Tree {
  const copies = { length: 0 }
  return {
    documents: documents.map((document, i) => {
      const b: Builder = { text, checked: i === 0, copies, frames: [], open: new Set(), visited: 1, copied: 0, ticks }
      return buildDocument(b, document)
    }),
  }
}

function buildDocument(b: Builder, document: YDocument): MapNode {
  const before: Comment[] = []
  const after: Comment[] = []
  addComments(b, beside(before), document.headComments)
  addComments(b, beside(after), document.footComments)
  const { root, start } = document
  const map = root ? buildRoot(b, root) : rootMap([], { start, end: start, node: undefined })
  for (let frame = b.frames[0]; frame; frame = b.frames[b.frames.length - 1]) {
    const { node } = frame
    const item = node.kind === 'map' ? node.entries[frame.index] : node.elements[frame.index]
    if (!item) finish(b, frame)
    else if (node.kind === 'map') addEntry(b, frame, item as YEntry)
    else addElement(b, frame, item)
  }
  return before.length + after.length === 0 ? map : { ...map, items: [...before, ...map.items, ...after] }
}

/** Comments that stand in no collection of the text, as those of a map. */
const beside = (items: Comment[]): CommentTarget => ({ items, inList: false, alias: undefined })

const rootMap = (items: Comment[], { start, end, node }: Pick<Place, 'start' | 'end' | 'node'>): MapNode => {
  const origin: Place = { start, end, value: null, node, alias: undefined }
  return { kind: 'map', items, origin }
}

function buildRoot(b: Builder, node: YNode): MapNode {
  if (node.kind === 'map') return startNode(b, node, undefined, undefined) as MapNode
  if (node.kind === 'scalar' && scalarValue(b, node) === null) {
    const items: Comment[] = []
    for (const lines of [node.headComments, node.lineComments, node.footComments]) addComments(b, beside(items), lines)
    return rootMap(items, { start: node.start, end: node.end, node })
  }
  throw rootError(b, node)
}

/** What is no tree is still a text. */
const wholeHint = 'or encrypt the text as one value: --input-type binary, and to decrypt it --output-type binary'

function rootError({ text, checked }: Builder, { kind, start }: YNode): SopsError {
  const isList = kind === 'list'
  // Of later documents the reference speaks in other words.
  const problem = checked
    ? `${isList ? 'a list' : 'a single value'} stands where a document needs keys`
    : `YAML documents that are ${isList ? 'sequences' : 'values'} are not supported`
  return withHints(parseError(text, start, problem), [
    isList
      ? 'SOPS takes a document of keys and values: put the list below a key, as in "items:"'
      : 'SOPS takes a document of keys and values: "key: value", with a space behind the colon',
    wholeHint,
  ])
}

/** A leaf at once; a collection with its items still to come. */
function startNode(
  b: Builder,
  node: YNode,
  alias: YAlias | undefined,
  element: YElement | undefined,
  inside = element === undefined,
): Node {
  countNode(b, alias)
  if (node.kind === 'alias') {
    if (b.open.has(node.target)) throw parseError(b.text, node.start, `anchor '${node.name}' value contains itself`)
    return startNode(b, node.target, alias ?? node, element, true)
  }
  if (node.kind === 'scalar') return buildLeaf(b, node, alias, element)
  const origin: Place = { start: node.start, end: node.end, value: null, node, element, alias }
  return startCollection(b, node, origin, inside)
}

function startCollection(b: Builder, node: YCollection, origin: Place, inside: boolean): Node {
  const { alias } = origin
  if (b.checked && isTypeTag(node.tag)) {
    const what = node.kind === 'map' ? 'a map' : 'a list'
    throw parseError(b.text, node.start, `${what} has the tag ${node.tag}`)
  }
  const frame: OpenNode = { node, items: [], inList: node.kind === 'list', index: 0, alias, inside }
  b.open.add(node)
  b.frames.push(frame)
  if (b.checked && node.kind === 'map' && !alias) checkKeys(b.text, node)
  if (inside) {
    addComments(b, frame, node.headComments)
    addComments(b, frame, node.lineComments)
  }
  addComments(b, frame, node.innerComments)
  return node.kind === 'list'
    ? { kind: 'list', items: frame.items as ListNode['items'], origin }
    : { kind: 'map', items: frame.items as MapNode['items'], origin }
}

function addEntry(b: Builder, frame: OpenNode, entry: YEntry): void {
  const { key, value } = entry
  const { alias } = frame
  frame.index++
  const { ticks } = b
  if (ticks && !alias && --ticks.left === 0) ticks.tell(key.start, b.text.length)
  countNode(b, alias)
  if (alias || key.kind === 'alias') countCopy(b, contentText(targetOf(key)).length, key.start)
  addComments(b, frame, key.headComments)
  addComments(b, frame, key.lineComments)
  const isSingle = !isCollection(value)
  if (isSingle) {
    addComments(b, frame, value.headComments)
    addComments(b, frame, value.lineComments, true)
  }
  const named = keyOf(b, key)
  const origin: Place = { start: key.start, end: value.end, value: named.key, node: key, entry, alias }
  const item: Entry = { kind: 'entry', ...named, value: startNode(b, value, alias, undefined), origin }
  frame.items.push(item)
  if (!isSingle) return
  addComments(b, frame, value.footComments)
  addComments(b, frame, key.footComments)
}

function addElement(b: Builder, frame: OpenNode, element: YElement): void {
  const { value } = element
  frame.index++
  const { ticks } = b
  if (ticks && !frame.alias && --ticks.left === 0) ticks.tell(value.start, b.text.length)
  addComments(b, frame, value.headComments)
  addComments(b, frame, value.lineComments, true)
  frame.items.push(startNode(b, value, frame.alias, element))
  addComments(b, frame, value.footComments)
}

/** What stands in a finished collection, and behind it in the one around it. */
function finish(b: Builder, frame: OpenNode): void {
  if (frame.inside) addComments(b, frame, frame.node.footComments)
  b.open.delete(frame.node)
  b.frames.pop()
  const outer = b.frames[b.frames.length - 1]
  if (outer?.node.kind !== 'map') return
  const { key, value } = outer.node.entries[outer.index - 1] as YEntry
  if (value.kind !== 'alias') addComments(b, outer, key.footComments)
}
