// Comments of lists that a format has no text for (JSON): a new version of the text does not show them, so they stay where they were.
import { findAhead } from '../tree/find-ahead.ts'
import { type Comment, type Item, type ListNode, type MapNode, type Node, sameNode, type Tree } from '../tree/tree.ts'

/** A node that the text shows, and what it is with its comments. */
interface Known {
  readonly shown: Node
  readonly meant: Node
}

/**
 * `next` with the comments of the lists of `meant`, each above the element that it stood above, or else above the next one that stayed.
 * @param shown what is read from the text of `meant`.
 */
export const withUnseenComments = (next: Tree, shown: Tree, meant: Tree): Tree => ({
  documents: next.documents.map(
    (document, at) => withComments(document, { shown: shown.documents[at]!, meant: meant.documents[at]! }) as MapNode,
  ),
})

function withComments(next: Node, known: Known | undefined): Node {
  if (next.kind === 'leaf' || known?.meant.kind !== next.kind || known.shown.kind !== next.kind) return next
  if (next.kind === 'list') return elementsWith(next, known.shown as ListNode, known.meant as ListNode)
  const values = valuesOf(known.shown as MapNode, known.meant as MapNode)
  const items = next.items.map((item) => {
    if (item.kind !== 'entry') return item
    const value = withComments(item.value, values.get(item.key))
    return value === item.value ? item : { ...item, value }
  })
  return items.every((item, at) => item === next.items[at]) ? next : { ...next, items }
}

function valuesOf(shown: MapNode, meant: MapNode): ReadonlyMap<string, Known> {
  const found = new Map<string, Known>()
  const entries = meant.items.filter((item) => item.kind === 'entry')
  shown.items.forEach((item, at) => {
    const entry = entries[at]
    if (item.kind === 'entry' && entry && !found.has(item.key))
      found.set(item.key, { shown: item.value, meant: entry.value })
  })
  return found
}

const isComment = (item: Item): item is Comment => item.kind === 'comment'

function elementsWith(next: ListNode, shown: ListNode, meant: ListNode): ListNode {
  const [elements, old, known] = [next, shown, meant].map(({ items }) =>
    items.filter((item): item is Node => !isComment(item)),
  ) as [Node[], Node[], Node[]]
  const isSettled = old.length === elements.length
  const places: number[] = []
  let from = 0
  const items: (Node | Comment)[] = elements.map((element, at) => {
    const found = isSettled ? at : findAhead(old, from, (one) => sameNode(one, element))
    places.push(found)
    if (found < 0) return element
    from = found + 1
    return withComments(element, { shown: old[found]!, meant: known[found]! })
  })
  const isSame = known.length === meant.items.length && items.every((item, at) => item === elements[at])
  return isSame ? next : { ...next, items: woven(items, places, meant.items) }
}

/** @param places which of the elements before each of the items was, in rising order; -1 for a new one. */
function woven(
  items: readonly (Node | Comment)[],
  places: readonly number[],
  before: readonly (Node | Comment)[],
): (Node | Comment)[] {
  const found: (Node | Comment)[] = []
  const placed = new Map(places.map((one, at) => [one, at]))
  let at = 0
  let place = 0
  for (const item of before) {
    if (isComment(item)) {
      const { origin: _, ...comment } = item
      found.push(comment)
      continue
    }
    const stays = placed.get(place++)
    if (stays !== undefined) while (at <= stays) found.push(items[at++]!)
  }
  return [...found, ...items.slice(at)]
}
