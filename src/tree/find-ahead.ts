// Finds where an item of a new version stood before.

/** So many are looked at for one that may be new: a text of which all is new must not take a square of time. */
const lookAhead = 1000

/** The index of the next item, from `from` on, that fits; -1 if there is none near. */
export function findAhead<Item>(items: readonly Item[], from: number, fits: (item: Item) => boolean): number {
  const end = Math.min(items.length, from + lookAhead)
  for (let at = from; at < end; at++) if (fits(items[at]!)) return at
  return -1
}
