// Visits the leaves and comments of a tree in the order that both ciphers and MAC follow (spec/format.md 1, 5.1).
import { SopsError } from '../errors.ts'
import { commentHits, type Hits, isSelected, keyHits, type Selection } from './selection.ts'
import type { Comment, Entry, Leaf, MapNode, Node, Tree } from './tree.ts'

export interface Visitor {
  /** `aad` is the additional data of spec/format.md 2.4. A comment may come back only for a list element. */
  leaf(leaf: Leaf, aad: string, selected: boolean, inList: boolean): Leaf | Comment
  comment(comment: Comment, aad: string, selected: boolean): Comment
}

/** What holds for everything inside a container. */
interface Surroundings {
  readonly aad: string
  /** What the keys of the path and the comments above the containers fit. */
  readonly hits: Hits
}

/**
 * A tree with what the visitor returns in place of each leaf and comment; containers in which nothing changed stay the same objects.
 * While it runs, and after an error, `path` holds the keys down to the current node.
 * @throws SopsError `generic` for a key that is not a string; whatever the visitor throws.
 */
export function walk(tree: Tree, selection: Selection, visitor: Visitor, path: string[]): Tree {
  const selects = makeSelects(selection)

  function visitComment(comment: Comment, around: Surroundings, active: Hits): Comment {
    const own = selection.commentRules.length === 0 ? 0 : commentHits(selection, comment.text)
    return visitor.comment(comment, around.aad === '' ? ':' : around.aad, selects(around.hits | active, own))
  }

  function visitMap(map: MapNode, around: Surroundings): MapNode {
    const items: (Entry | Comment)[] = new Array(map.items.length)
    let active = 0
    let same = true
    for (let i = 0; i < map.items.length; i++) {
      const item = map.items[i]!
      let next: Entry | Comment
      if (item.kind === 'comment') {
        next = visitComment(item, around, active)
        if (selection.commentRules.length > 0) active |= commentHits(selection, item.text)
      } else {
        next = visitEntry(item, around, active)
        active = 0
      }
      if (next !== item) same = false
      items[i] = next
    }
    return same ? map : { ...map, items }
  }

  function visitEntry(entry: Entry, around: Surroundings, active: Hits): Entry {
    if (entry.keyType !== undefined) {
      throw new SopsError(
        'generic',
        `Tree contains a non-string key (type ${entry.keyType}): ${entry.key}; keys must be strings, so put it in quotes`,
      )
    }
    path.push(entry.key)
    const aad = `${around.aad}${entry.key}:`
    const hits = around.hits | active | (selection.keyRules.length === 0 ? 0 : keyHits(selection, entry.key))
    const { value } = entry
    const next =
      value.kind === 'leaf' ? (visitor.leaf(value, aad, selects(hits), false) as Leaf) : visitNode(value, { aad, hits })
    path.pop()
    return next === value ? entry : { ...entry, value: next }
  }

  function visitNode(node: Exclude<Node, Leaf>, around: Surroundings): Node {
    if (node.kind === 'map') return visitMap(node, around)
    const items: (Node | Comment)[] = new Array(node.items.length)
    let active = 0
    let same = true
    for (let i = 0; i < node.items.length; i++) {
      const item = node.items[i]!
      let next: Node | Comment
      if (item.kind === 'comment') {
        next = visitComment(item, around, active)
        if (selection.commentRules.length > 0) active |= commentHits(selection, item.text)
      } else if (item.kind === 'leaf') {
        next = visitor.leaf(item, around.aad, selects(around.hits | active), true)
        // A string that turned out to be an encrypted comment belongs to the block of comments it stands in (5.1, defect).
        if (next.kind === 'leaf') active = 0
        else if (typeof item.value === 'string') active |= commentHits(selection, item.value)
      } else {
        next = visitNode(item, { aad: around.aad, hits: around.hits | active })
        active = 0
      }
      if (next !== item) same = false
      items[i] = next
    }
    return same ? node : { ...node, items }
  }

  const root = { aad: '', hits: 0 }
  return { documents: tree.documents.map((document) => visitMap(document, root)) }
}

/** `isSelected`, remembering the answer for each set of hits. */
function makeSelects(selection: Selection): (hits: Hits, own?: Hits) => boolean {
  const known: (boolean | undefined)[] = []
  return (hits, own = 0) => {
    const at = hits * 64 + own
    const answer = known[at]
    if (answer !== undefined) return answer
    const fresh = isSelected(selection, hits, own)
    known[at] = fresh
    return fresh
  }
}
