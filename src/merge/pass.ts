// One way through the trees of three versions, with what was to be chosen on it and where that stands then.
import type { Format, Parsed } from '../formats/index.ts'
import { formatPath } from '../tree/path.ts'
import type { Entry, Item, Tree } from '../tree/tree.ts'
import { mergeTrees } from './documents.ts'
import type { Conflict, Merging, Side } from './nodes.ts'
import type { Sides } from './sides.ts'
import type { MergeConflict } from './types.ts'

/** A version as it is merged: its data, and the text that it came from. */
interface PassSide {
  readonly format: Format
  readonly parsed: Parsed
  readonly tree: Tree
}

/** What tells one way from another, and open versions from closed ones. */
interface PassSettings extends Pick<Merging, 'commentsCount' | 'isBaseUnknown' | 'mergeLeaf'> {
  readonly choose: (conflict: MergeConflict) => Side
  /** How many conflicts come before those of the trees. */
  readonly before: number
}

/** A merged tree. */
export interface TreePass {
  readonly tree: Tree
  /** What stands in the place of each conflict, by its number. */
  readonly items: ReadonlyMap<number, readonly Item[]>
}

/** Undefined where documents cannot be paired. */
export function passThrough(
  { base, ours, theirs }: Sides<PassSide>,
  { choose, before, ...settings }: PassSettings,
): TreePass | undefined {
  const items = new Map<number, readonly Item[]>()
  const numbers = new Map<Conflict, number>()
  const { id } = ours.format
  const tree = mergeTrees(base?.tree, ours.tree, theirs.tree, {
    ...settings,
    choose: (conflict) => {
      numbers.set(conflict, before + numbers.size)
      return choose({ ...conflict, keyPath: formatPath(conflict.path) })
    },
    placed: (conflict, some) => items.set(numbers.get(conflict)!, some),
    commentsFollow: id === 'ini',
    textOf: (side: Side, entry: Entry) => {
      const from = { base, ours, theirs }[side]
      const hasLines = from?.format.id === id && (id === 'yaml' || id === 'json')
      return hasLines && entry.origin ? from.format.textOf(from.parsed, entry) : undefined
    },
  })
  return tree && { tree, items }
}
