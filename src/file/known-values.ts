// What a text cannot show of its values: where a new version of it says the same, it means the same.
import type { Selection } from '../cipher/index.ts'
import { walk } from '../cipher/index.ts'
import { isTimestamp, type Leaf, sameValue, type Tree, type Value } from '../tree/tree.ts'

/** What the leaves mean that read alike at one path, in the order of the text. */
interface Known {
  readonly meant: Pick<Leaf, 'value' | 'spelling'>[]
  at: number
}

/**
 * `next` with the values that `meant` has for what it shows as `shown`, wherever a leaf of a path says the same as a leaf of that path did.
 * @param shown what is read from the text of `meant`.
 */
export function withKnownValues(next: Tree, shown: Tree, meant: Tree, selection: Selection): Tree {
  const known = knownOf(leavesOf(shown, selection), leavesOf(meant, selection))
  if (known === undefined) return next
  return eachLeaf(next, selection, (leaf, path) => {
    const found = known.get(idOf({ leaf, path }))
    if (found === undefined) return leaf
    const { spelling: _, ...rest } = leaf
    return { ...rest, ...found.meant[Math.min(found.at++, found.meant.length - 1)]! }
  })
}

/** Undefined where the text shows all that is meant. */
function knownOf(shown: readonly PlacedLeaf[], meant: readonly PlacedLeaf[]): ReadonlyMap<string, Known> | undefined {
  if (shown.length !== meant.length) return undefined
  const hidden = new Set(
    shown.flatMap((place, i) => (sameValue(place.leaf.value, meant[i]!.leaf.value) ? [] : [idOf(place)])),
  )
  if (hidden.size === 0) return undefined
  const known = new Map<string, Known>()
  for (const [i, place] of shown.entries()) {
    const id = idOf(place)
    if (!hidden.has(id)) continue
    const { value, spelling } = meant[i]!.leaf
    const entry = known.get(id) ?? { meant: [], at: 0 }
    known.set(id, entry)
    entry.meant.push(spelling === undefined ? { value } : { value, spelling })
  }
  return known
}

interface PlacedLeaf {
  readonly leaf: Leaf
  /** Its keys: an index says nothing, since items may come and go before it. */
  readonly path: string
}

const idOf = ({ leaf, path }: PlacedLeaf): string => `${path}=${textOf(leaf.value)}`

function textOf(value: Value): string {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('latin1')}`
  return isTimestamp(value) ? `time ${value.rfc3339}` : `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}`
}

function leavesOf(tree: Tree, selection: Selection): PlacedLeaf[] {
  const found: PlacedLeaf[] = []
  eachLeaf(tree, selection, (leaf, path) => {
    found.push({ leaf, path })
    return leaf
  })
  return found
}

const eachLeaf = (tree: Tree, selection: Selection, use: (leaf: Leaf, path: string) => Leaf): Tree =>
  walk(tree, selection, { leaf: use, comment: (comment) => comment }, [])
