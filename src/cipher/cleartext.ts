// Finds what a new version of a file would newly show in clear: the settings of a file are not authenticated, and what they select can change
// with the comments around it (spec/format.md 5).

import { canonical, typeOf } from '../tree/scalar.ts'
import type { Tree, Value } from '../tree/tree.ts'
import type { Selection } from './selection.ts'
import { identityOf, type Stash, sealedLeaves } from './stash.ts'
import { isEncrypted } from './token.ts'
import { walk } from './walk.ts'

/** A value or comment that is about to be stored in clear. */
export interface ClearPlace {
  /** The keys down to it; for a comment, those of its container. */
  readonly path: readonly string[]
  readonly isComment: boolean
  /**
   * `encrypted`: it was, or another value of its path was and is gone; `clear`: another value of its path was in clear; `absent`: neither.
   */
  readonly before: 'encrypted' | 'clear' | 'absent'
  /** Its number among the leaves and comments of the tree. */
  readonly at: number
}

interface Item {
  readonly at: number
  readonly isComment: boolean
  /** As `Visitor` gives it. */
  readonly aad: string
  readonly value: Exclude<Value, null>
}

/** All leaves and comments that are not empty. */
interface Items {
  readonly clear: readonly Item[]
  readonly encrypted: readonly Item[]
}

/** `stored`: the tree holds ciphertext, and where comments are encrypted there may be some in clear (spec/format.md 2.5). */
function itemsOf(tree: Tree, selection: Selection, stored: boolean): Items {
  const clear: Item[] = []
  const encrypted: Item[] = []
  let at = 0
  walk(
    tree,
    selection,
    {
      leaf(leaf, aad, selected) {
        const { value } = leaf
        if (!isEmpty(value)) (selected ? encrypted : clear).push({ at, isComment: false, aad, value })
        at++
        return leaf
      },
      comment(comment, aad, selected) {
        const { text } = comment
        const isSealed = selected && (!stored || isEncrypted(text))
        if (text !== '') (isSealed ? encrypted : clear).push({ at, isComment: true, aad, value: text })
        at++
        return comment
      },
    },
    [],
  )
  return { clear, encrypted }
}

const isEmpty = (value: Value): value is null =>
  value === null || value === '' || (value instanceof Uint8Array && value.length === 0)

function textOf(value: Exclude<Value, null>): string | Uint8Array {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  try {
    return canonical(value)
  } catch {
    // A file may hold values in clear that could not be encrypted.
    return String(value)
  }
}

const placeOf = (isComment: boolean, aad: string): string => `${isComment ? '#' : '='}${aad}`

const idOf = ({ isComment, aad, value }: Item): string =>
  identityOf(placeOf(isComment, aad), typeOf(value), textOf(value))

/** The items of `now` that none of `before` answers for. */
function newOnes(now: readonly Item[], before: readonly Item[]): readonly Item[] {
  const isSame = (a: Item | undefined, b: Item | undefined): boolean =>
    a?.value === b?.value && a?.aad === b?.aad && a?.isComment === b?.isComment
  const shorter = Math.min(now.length, before.length)
  let start = 0
  while (start < shorter && isSame(now[start], before[start])) start++
  let end = 0
  while (end < shorter - start && isSame(now.at(-1 - end), before.at(-1 - end))) end++
  const changed = now.slice(start, now.length - end)
  const left = tally(before.slice(start, before.length - end).map(idOf))
  return changed.filter((item) => !take(left, idOf(item)))
}

function tally(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

function take(counts: Map<string, number>, key: string): boolean {
  const count = counts.get(key) ?? 0
  if (count > 0) counts.set(key, count - 1)
  return count > 0
}

/** Texts of this length are hardly equal by chance. */
const tellingLength = 8

/** Tells an item that was encrypted, or stands for one that was, given all that was encrypted and all that still is. */
function sealedBefore(stash: Stash, encrypted: readonly Item[]): (item: Item) => boolean {
  const sealed = sealedLeaves(stash)
  const places = tally(sealed.map(({ type, aad }) => placeOf(type === 'comment', aad)))
  for (const { isComment, aad } of encrypted) take(places, placeOf(isComment, aad))
  const valueId = (value: string | Uint8Array): string => identityOf('', 'str', value)
  const had = sealed.filter(({ type }) => type !== 'bool').map(({ canonical: text }) => valueId(text))
  const known = new Set(had)
  const gone = tally(had)
  for (const { value } of encrypted) take(gone, valueId(textOf(value)))
  return ({ isComment, aad, value }) => {
    if ((places.get(placeOf(isComment, aad)) ?? 0) > 0) return true
    if (typeof value === 'boolean') return false
    const text = textOf(value)
    const id = valueId(text)
    return (gone.get(id) ?? 0) > 0 || (text.length >= tellingLength && known.has(id))
  }
}

/**
 * What `tree` would say in clear where the file that `stash` remembers did not, in the order of the tree. A value counts as encrypted before
 * wherever it was, so that moving or copying it is seen.
 */
export function newlyClear(stash: Stash, tree: Tree, selection: Selection): ClearPlace[] {
  const now = itemsOf(tree, selection, false)
  if (now.clear.length === 0) return []
  const before = itemsOf(stash.stored, stash.selection, true)
  const found = newOnes(now.clear, before.clear)
  if (found.length === 0) return []
  const wasSealed = sealedBefore(stash, now.encrypted)
  const wasClear = new Set(before.clear.map(({ isComment, aad }) => placeOf(isComment, aad)))
  const paths = pathsOf(tree, selection, found)
  return found.map((item) => {
    const { at, isComment, aad } = item
    const path = paths.get(at)!
    if (wasSealed(item)) return { path, isComment, at, before: 'encrypted' }
    return { path, isComment, at, before: wasClear.has(placeOf(isComment, aad)) ? 'clear' : 'absent' }
  })
}

function pathsOf(tree: Tree, selection: Selection, items: readonly Item[]): Map<number, readonly string[]> {
  const wanted = new Set(items.map(({ at }) => at))
  const paths = new Map<number, readonly string[]>()
  const path: string[] = []
  visitNumbered(tree, selection, path, (at) => {
    if (wanted.has(at)) paths.set(at, [...path])
  })
  return paths
}

/** The places that another selection would encrypt. */
export function selectedAmong(
  places: readonly ClearPlace[],
  tree: Tree,
  selection: Selection,
): ReadonlySet<ClearPlace> {
  const byNumber = new Map(places.map((place) => [place.at, place]))
  const found = new Set<ClearPlace>()
  visitNumbered(tree, selection, [], (at, selected) => {
    const place = byNumber.get(at)
    if (place !== undefined && selected) found.add(place)
  })
  return found
}

/** Visits all leaves and comments in the order that gives `ClearPlace.at`. */
function visitNumbered(
  tree: Tree,
  selection: Selection,
  path: string[],
  use: (at: number, selected: boolean) => void,
): void {
  let at = 0
  walk(
    tree,
    selection,
    {
      leaf(leaf, _aad, selected) {
        use(at++, selected)
        return leaf
      },
      comment(comment, _aad, selected) {
        use(at++, selected)
        return comment
      },
    },
    path,
  )
}
