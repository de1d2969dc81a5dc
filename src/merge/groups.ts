// The items of a map or list, each with the comments that stand above it or beside it.
import { keyText } from '../tree/data.ts'
import type { Comment, Entry, Item } from '../tree/tree.ts'

/** An entry or element, and the comments before it in the tree. */
export interface Group<T extends Item> {
  readonly lead: readonly Comment[]
  readonly item: T
}

/** The groups of a container, and the comments behind the last of them; before the first, where comments follow their item. */
interface Groups<T extends Item> {
  readonly groups: readonly Group<T>[]
  readonly end: readonly Comment[]
}

/**
 * @param items all entries, or none.
 * @param isBehind the tree has comments behind their item, as that of INI, though the text has them above it.
 */
export function groupsOf<T extends Item>(items: readonly Item[], isBehind: boolean): Groups<T> {
  if (isBehind) {
    const { groups, end } = groupsOf<T>([...items].reverse(), false)
    return {
      groups: groups.map(({ lead, item }) => ({ lead: [...lead].reverse(), item })).reverse(),
      end: [...end].reverse(),
    }
  }
  const groups: Group<T>[] = []
  let lead: Comment[] = []
  for (const item of items) {
    if (item.kind === 'comment') lead.push(item)
    else {
      groups.push({ lead, item: item as T })
      lead = []
    }
  }
  return { groups, end: lead }
}

/** The items that groups were made from. */
export const itemsOf = (groups: readonly Group<Item>[], end: readonly Comment[], isBehind: boolean): Item[] =>
  isBehind
    ? [...end, ...groups.flatMap(({ lead, item }) => [item, ...lead])]
    : [...groups.flatMap(({ lead, item }) => [...lead, item]), ...end]

/** The entries of a map by their keys; equal ones are told apart by their order. */
export function byKey(groups: readonly Group<Entry>[]): {
  readonly byId: ReadonlyMap<string, Group<Entry>>
  readonly counts: ReadonlyMap<string, number>
} {
  const byId = new Map<string, Group<Entry>>()
  const counts = new Map<string, number>()
  for (const group of groups) {
    const key = keyText(group.item)
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    byId.set(`${count} ${key}`, group)
  }
  return { byId, counts }
}

/** Ours in its order, and what is new in theirs behind the nearest one before it that is there, else first. */
export function inOrderOfBoth<T>(
  ours: Iterable<string>,
  theirs: Iterable<string>,
  merged: ReadonlyMap<string, T>,
): readonly T[] {
  const own = [...ours].filter((id) => merged.has(id))
  const known = new Set(own)
  const behind = new Map<string | undefined, string[]>()
  let last: string | undefined
  for (const id of theirs) {
    if (known.has(id)) last = id
    else if (merged.has(id)) {
      const group = behind.get(last)
      if (group) group.push(id)
      else behind.set(last, [id])
    }
  }
  const ids = [...(behind.get(undefined) ?? []), ...own.flatMap((id) => [id, ...(behind.get(id) ?? [])])]
  return ids.map((id) => merged.get(id)!)
}
