// Visits the leaves and comments of a tree in the order that both ciphers and MAC follow (spec/format.md 1, 5.1).
import { SopsError } from '../errors.ts'
import type { Comment, Entry, Leaf, ListNode, MapNode, Node, Tree } from '../tree/tree.ts'
import { commentHits, type Hits, isSelected, keyHits, type Selection } from './selection.ts'

export interface Visitor {
  /** Called before each document. `number` counts from 1. */
  document?(number: number): void
  /** `aad` is the additional data of spec/format.md 2.4. A comment may come back only for a list element, and the other way round. */
  leaf(leaf: Leaf, aad: string, selected: boolean, inList: boolean): Leaf | Comment
  comment(comment: Comment, aad: string, selected: boolean, inList: boolean): Comment | Leaf
}

/** A container whose items are being visited; containers nest deeper than the call stack (spec/format.md 7.2: 10 000). */
interface Frame {
  readonly node: MapNode | ListNode
  readonly aad: string
  /** What the keys of the path and the comments above the containers fit. */
  readonly hits: Hits
  /** What the comments fit that stand directly above the next item. */
  active: Hits
  readonly items: (Entry | Comment | Node)[]
  same: boolean
}

const frameOf = (node: MapNode | ListNode, aad: string, hits: Hits): Frame => ({
  node,
  aad,
  hits,
  active: 0,
  items: [],
  same: true,
})

/** The next item of the container is done. */
function put(frame: Frame, next: Entry | Comment | Node): void {
  if (next !== frame.node.items[frame.items.length]) frame.same = false
  frame.items.push(next)
}

const finish = (frame: Frame): MapNode | ListNode =>
  frame.same ? frame.node : ({ ...frame.node, items: frame.items } as MapNode | ListNode)

/** What the steps of a walk share. */
interface Walk {
  readonly selection: Selection
  /** What `isSelected` said about sets of hits. */
  readonly known: (boolean | undefined)[]
  readonly visitor: Visitor
  /** The keys down to the current node. */
  readonly path: string[]
}

/**
 * A tree with what the visitor returns in place of each leaf and comment; containers in which nothing changed stay the same objects.
 * While it runs, and after an error, `path` holds the keys down to the current node.
 * @throws SopsError `generic` for a key that is not a string; whatever the visitor throws.
 */
export function walk(tree: Tree, selection: Selection, visitor: Visitor, path: string[]): Tree {
  const shared: Walk = { selection, known: [], visitor, path }
  return {
    documents: tree.documents.map((document, at) => {
      visitor.document?.(at + 1)
      return visitDocument(shared, document)
    }),
  }
}

function visitDocument(walk: Walk, document: MapNode): MapNode {
  const stack = [frameOf(document, '', 0)]
  for (;;) {
    const frame = stack[stack.length - 1]!
    const item = frame.node.items[frame.items.length]
    if (item !== undefined) {
      const next = visitItem(walk, frame, item)
      if (next !== frame) stack.push(next)
      continue
    }
    stack.pop()
    const done = finish(frame)
    const parent = stack[stack.length - 1]
    if (parent === undefined) return done as MapNode
    const place = parent.node.items[parent.items.length]!
    if (place.kind === 'entry') finishEntry(walk, parent, place, done)
    else {
      put(parent, done)
      parent.active = 0
    }
  }
}

/** The frame to go on with: this one, or that of the item's value when it is a container. */
function visitItem(walk: Walk, frame: Frame, item: Entry | Comment | Node): Frame {
  if (item.kind === 'entry') return visitEntry(walk, frame, item)
  if (item.kind !== 'comment') return visitElement(walk, frame, item)
  visitComment(walk, frame, item)
  return frame
}

function visitComment(walk: Walk, frame: Frame, comment: Comment): void {
  const { selection, visitor } = walk
  const own = commentHits(selection, comment.text)
  const selected = selects(walk, frame.hits | frame.active, own)
  const inList = frame.node.kind === 'list'
  put(frame, visitor.comment(comment, frame.aad === '' ? ':' : frame.aad, selected, inList))
  frame.active |= own
}

function visitEntry(walk: Walk, frame: Frame, entry: Entry): Frame {
  if (entry.keyType !== undefined) {
    throw new SopsError(
      'generic',
      `Tree contains a non-string key (${entry.keyType}): ${entry.key}; keys must be strings, so put it in quotes`,
    )
  }
  walk.path.push(entry.key)
  const { value } = entry
  const aad = `${frame.aad}${entry.key}:`
  const hits = frame.hits | frame.active | keyHits(walk.selection, entry.key)
  if (value.kind !== 'leaf') return frameOf(value, aad, hits)
  finishEntry(walk, frame, entry, walk.visitor.leaf(value, aad, selects(walk, hits), false) as Leaf)
  return frame
}

function finishEntry({ path }: Walk, frame: Frame, entry: Entry, value: Node): void {
  path.pop()
  put(frame, value === entry.value ? entry : { ...entry, value })
  frame.active = 0
}

function visitElement(walk: Walk, frame: Frame, element: Node): Frame {
  const { selection, visitor } = walk
  if (element.kind !== 'leaf') return frameOf(element, frame.aad, frame.hits | frame.active)
  const next = visitor.leaf(element, frame.aad, selects(walk, frame.hits | frame.active), true)
  put(frame, next)
  // A string that turned out to be an encrypted comment belongs to the block of comments it stands in (spec/format.md 5.1).
  if (next.kind === 'leaf') frame.active = 0
  else if (typeof element.value === 'string') frame.active |= commentHits(selection, element.value)
  return frame
}

/** `isSelected`, remembering the answer for each set of hits. */
function selects({ selection, known }: Walk, hits: Hits, own: Hits = 0): boolean {
  const at = hits * 64 + own
  const answer = known[at]
  if (answer !== undefined) return answer
  const fresh = isSelected(selection, hits, own)
  known[at] = fresh
  return fresh
}
