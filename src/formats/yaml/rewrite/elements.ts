// Encrypted comments that an earlier version of the text stores as elements of their lists, in a text that shows them as comments.
import type { Comment, Item, ListNode, MapNode, Node, Tree } from '../../../tree/tree.ts'
import { placeOf } from '../parse/source.ts'
import { isFirstOnLine, lineStart } from './edits.ts'

/** The tree with such comments as elements wherever a dash can stand in place of their `#`. */
export function withElements(text: string, tree: Tree): Tree {
  const all: (MapNode | ListNode)[] = [...tree.documents]
  let isAny = false
  for (const { items } of all) {
    for (const item of items) {
      const value = item.kind === 'entry' ? item.value : item
      if (value.kind === 'map' || value.kind === 'list') all.push(value)
      else if (value.kind === 'comment' && value.element) isAny = true
    }
  }
  if (!isAny) return tree
  const done = new Map<Node, Node>()
  // What is inside comes first: containers nest deeper than the call stack.
  for (const node of all.reverse()) {
    const items = (node.items as readonly Item[]).map((item) => {
      if (item.kind === 'comment')
        return isElement(text, node, item) ? { ...item, kind: 'leaf', value: item.text } : item
      if (item.kind !== 'entry') return done.get(item) ?? item
      const value = done.get(item.value)
      return value === undefined ? item : { ...item, value }
    })
    const isSame = items.every((item, at) => item === node.items[at])
    if (!isSame) done.set(node, { ...node, items } as MapNode | ListNode)
  }
  return { documents: tree.documents.map((document) => (done.get(document) ?? document) as MapNode) }
}

/** On a line of its own, at the column of the dashes. */
function isElement(text: string, list: Node, { element, origin }: Comment): boolean {
  if (!element || list.kind !== 'list' || list.origin === undefined || origin === undefined) return false
  const { node } = placeOf(list)
  if (node?.kind !== 'list' || node.flow) return false
  return isFirstOnLine(text, origin.start) && origin.start - lineStart(text, origin.start) === node.column
}
