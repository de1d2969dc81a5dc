// Which value of a later version of a file is which of the earlier one, and what became of those that have no equal.
import { valueText } from '../tree/data.ts'
import type { StoredLeaf } from './leaves.ts'

/** Values with one mark are the same value; undefined for what equals nothing. */
type Mark = (leaf: StoredLeaf) => string | undefined

/** Without keys: the nonce of what is encrypted, and what stands there in clear. */
const nonceOrText: Mark = ({ token, value }) => (token ? `nonce ${token.iv}` : `clear ${valueText(value)}`)

const nonceAndValue: Mark = ({ token, plain }) => token && plain && `${token.iv} ${valueText(plain.value)}`

const valueAndSpelling: Mark = ({ plain }) => plain && `${valueText(plain.value)} ${plain.spelling ?? ''}`

/** Values of the later version, each with that of the earlier one. */
export type Pairs = ReadonlyMap<StoredLeaf, StoredLeaf>

/** The values that are the same. Where the leaves are open, values are compared too; a nonce that was kept still comes first. */
export const equalPairs = (old: readonly StoredLeaf[], own: readonly StoredLeaf[], areOpen: boolean): Pairs =>
  pairsOf(old, own, areOpen ? [nonceAndValue, valueAndSpelling] : [nonceOrText])

const placeOf = ({ document, path }: StoredLeaf): string => JSON.stringify([document, path])

/** By each mark in turn: first what stands in one place, then what stands anywhere in one family, in its order. */
function pairsOf(old: readonly StoredLeaf[], own: readonly StoredLeaf[], marks: readonly Mark[]): Pairs {
  const pairs = new Map<StoredLeaf, StoredLeaf>()
  const taken = new Set<StoredLeaf>()
  const keys = marks.flatMap((mark) => [placeOf, ({ family }: StoredLeaf) => family].map((place) => ({ mark, place })))
  for (const { mark, place } of keys) {
    const keyOf = (leaf: StoredLeaf): string | undefined => {
      const marked = mark(leaf)
      return marked === undefined ? undefined : `${place(leaf)} ${marked}`
    }
    const waiting = grouped(
      old.filter((leaf) => !taken.has(leaf)),
      keyOf,
    )
    for (const leaf of own) {
      const key = pairs.has(leaf) ? undefined : keyOf(leaf)
      const found = key === undefined ? undefined : waiting.get(key)?.shift()
      if (found === undefined) continue
      taken.add(found)
      pairs.set(leaf, found)
    }
  }
  return pairs
}

function grouped<K>(leaves: readonly StoredLeaf[], keyOf: (leaf: StoredLeaf) => K): Map<K, StoredLeaf[]> {
  const groups = new Map<K, StoredLeaf[]>()
  for (const leaf of leaves) {
    const key = keyOf(leaf)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [leaf])
    else group.push(leaf)
  }
  return groups
}

/** What is left when all that is known to be equal is taken away. */
export interface Leftovers {
  /** Values of the later version that took the place of one of the earlier. */
  readonly replaced: Pairs
  readonly old: readonly StoredLeaf[]
  /** The families in which a value of one version may be one of the other all the same. */
  readonly unsure: ReadonlySet<string>
}

/** @param areOpen nothing is unsure. @param keepsNonces whoever wrote the later version kept the nonces of what did not change. */
export function leftoversOf(
  old: readonly StoredLeaf[],
  own: readonly StoredLeaf[],
  equal: Pairs,
  { areOpen, keepsNonces }: { readonly areOpen: boolean; readonly keepsNonces: boolean },
): Leftovers {
  const known = new Set(equal.values())
  const [leftOld, leftOwn] = [old.filter((leaf) => !known.has(leaf)), own.filter((leaf) => !equal.has(leaf))]
  const replaced = pairsOf(leftOld, leftOwn, [() => ''])
  const places = new Set(replaced.values())
  const unsure = new Set<string>()
  if (!areOpen) {
    const twice = new Set([...repeatedNonces(old), ...repeatedNonces(own)])
    const traits = (leaf: StoredLeaf): Traits => traitsOf(leaf, twice)
    const earlier = grouped(leftOld, ({ family }) => family)
    for (const [family, leaves] of grouped(leftOwn, (leaf) => leaf.family))
      if (mayMeet((earlier.get(family) ?? []).map(traits), leaves.map(traits), keepsNonces)) unsure.add(family)
  }
  return { replaced, old: leftOld.filter((leaf) => !places.has(leaf)), unsure }
}

/** A nonce that stands twice is that of equal values, and each of them may have had another one before, or get one later. */
function repeatedNonces(leaves: readonly StoredLeaf[]): string[] {
  const [once, twice] = [new Set<string>(), new Set<string>()]
  for (const { token } of leaves) if (token) (once.has(token.iv) ? twice : once).add(token.iv)
  return [...twice]
}

interface Traits {
  readonly isEncrypted: boolean
  /** It stands in clear, and is none of what is never encrypted. */
  readonly isClear: boolean
  readonly isRepeated: boolean
  /** Why its nonce may be new although the value is not: of a time, whose offset the reference may not find again, and of NaN. */
  readonly loses: 'time' | 'NaN' | undefined
}

/** Bytes of NaN. */
const notANumber = 3

function traitsOf({ token, value }: StoredLeaf, twice: ReadonlySet<string>): Traits {
  const isShort = token !== undefined && Buffer.byteLength(token.data, 'base64') === notANumber
  return {
    isEncrypted: token !== undefined,
    isClear: token === undefined && value !== null && value !== '',
    isRepeated: token !== undefined && twice.has(token.iv),
    loses: token?.type === 'time' ? 'time' : token?.type === 'float' && isShort ? 'NaN' : undefined,
  }
}

/** Whether one of the first may be one of the second. */
function mayMeet(old: readonly Traits[], own: readonly Traits[], keepsNonces: boolean): boolean {
  const both = (one: (traits: Traits) => boolean, other: (traits: Traits) => boolean): boolean =>
    (old.some(one) && own.some(other)) || (old.some(other) && own.some(one))
  const isEncrypted = (traits: Traits): boolean => traits.isEncrypted
  return (
    both(
      isEncrypted,
      ({ isClear, isRepeated, isEncrypted: also }) => isClear || isRepeated || (also && !keepsNonces),
    ) ||
    both(
      ({ loses }) => loses === 'time',
      ({ loses }) => loses === 'time',
    ) ||
    both(
      ({ loses }) => loses === 'NaN',
      ({ loses }) => loses === 'NaN',
    )
  )
}
