// Where the items that conflict stand in the lines of a text that was made from the merged tree.
import type { Format, Parsed } from '../formats/index.ts'
import type { Item, ListNode, MapNode, Node, Tree } from '../tree/tree.ts'
import type { Range } from './sequence.ts'

/** Which of the items of each container leads to an item; comments are not counted. */
type Ordinals = readonly number[]

const isNode = (item: Item): boolean => item.kind !== 'comment'

/** The items of a tree that are looked for, with the ways to them. */
function findItems(tree: Tree, wanted: ReadonlySet<Item>): ReadonlyMap<Item, Ordinals> {
  const found = new Map<Item, Ordinals>()
  const visit = (node: Node, way: Ordinals): void => {
    if (wanted.has(node)) found.set(node, way)
    if (node.kind === 'leaf') return
    ;(node.items as readonly Item[]).filter(isNode).forEach((item, i) => {
      if (wanted.has(item)) found.set(item, [...way, i])
      visit(item.kind === 'entry' ? item.value : (item as Node), [...way, i])
    })
  }
  for (const [i, document] of tree.documents.entries()) visit(document, [i])
  return found
}

/** Follows ways in a tree. */
function wayFinder(tree: Tree): (way: Ordinals) => Item | undefined {
  const known = new Map<Node, readonly Item[]>()
  const itemsOf = (node: MapNode | ListNode): readonly Item[] => {
    const items = known.get(node) ?? (node.items as readonly Item[]).filter(isNode)
    known.set(node, items)
    return items
  }
  return ([document, ...rest]) => {
    const root: Item | undefined = tree.documents[document ?? 0]
    return rest.reduce((item: Item | undefined, ordinal) => {
      const node = item?.kind === 'entry' ? item.value : item
      return node?.kind === 'map' || node?.kind === 'list' ? itemsOf(node)[ordinal] : undefined
    }, root)
  }
}

function endOf(item: Item): number {
  const own = item.origin?.end ?? 0
  if (item.kind === 'entry') return Math.max(own, endOf(item.value))
  if (item.kind === 'leaf' || item.kind === 'comment') return own
  return ((item as MapNode).items as readonly Item[]).reduce((end, inner) => Math.max(end, endOf(inner)), own)
}

/** A text that was made from a merged tree, and how it is read. */
export interface MadeText {
  readonly bytes: Uint8Array
  readonly format: Format
  /** Without metadata. */
  readonly tree: Tree
  readonly parsed: Parsed
}

/** The lines, from 0, of what was chosen in a merged tree, in the text that was made from it. */
export function placesIn(
  { format, parsed, tree: made }: MadeText,
  { tree, items }: { readonly tree: Tree; readonly items: ReadonlyMap<number, readonly Item[]> },
): { readonly at: (index: number) => Range | undefined } {
  const ways = findItems(tree, new Set([...items.values()].flat()))
  const [itemAt, lineOf] = [wayFinder(made), format.lineFinder?.(parsed)]
  return {
    at: (index) => {
      const chosen = [items.get(index)?.at(0), items.get(index)?.at(-1)].map((item) => item && ways.get(item))
      const [first, last] = chosen.map((way) => way && itemAt(way))
      if (!lineOf || !first?.origin || !last?.origin) return undefined
      return [lineOf(first.origin.start), lineOf(Math.max(endOf(last) - 1, first.origin.start)) + 1]
    },
  }
}
