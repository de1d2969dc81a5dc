// A collection whose items change.
import type { Entry, Item, ListNode, MapNode, Node } from '../../../tree/tree.ts'
import type { YCollection, YElement, YNode } from '../parse/nodes.ts'
import { placeOf } from '../parse/source.ts'

export type Collection = MapNode | ListNode
/** What stayed of a collection's items: indexes into the old and into the new ones, in order. */
export type Kept = readonly (readonly [number, number])[]

/** A collection of the source and what it becomes. */
export interface CollectionDiff {
  readonly node: YCollection
  readonly old: Collection
  readonly next: Collection
  readonly kept: Kept
  /** Of a document's root: where the document ends; new text must not go behind. */
  readonly limit: number | undefined
}

export const isReal = (item: Item): item is Entry | Node => item.kind !== 'comment'
export const hasReal = (node: Collection): boolean => (node.items as readonly Item[]).some(isReal)

/** The node an item of a collection begins with: an entry's key, an element or the alias that stands for it. */
export const ownNode = (item: Entry | Node): YNode => {
  const place = placeOf(item)
  return item.kind === 'entry' ? place.entry!.key : place.element!.value
}

/** What an item of a collection is in the text. */
export const elementOf = (item: Entry | Node): YElement => {
  const place = placeOf(item)
  return (place.entry ?? place.element) as YElement
}

export const itemsOf = (diff: CollectionDiff): { old: readonly Item[]; next: readonly Item[] } => ({
  old: diff.old.items,
  next: diff.next.items,
})
