// Two versions of an encrypted file, value by value. Without keys the nonces tell: whatever keeps a value keeps its nonce (spec/format.md 2.6).
import type { Watch } from '../context/index.ts'
import { type EncryptedFile, loadEncrypted, type OpenFile, type OpenOptions, withOpenFile } from '../file/index.ts'
import type { FormatId } from '../formats/index.ts'
import { distinctKeys, identityOf, type MasterKey } from '../keys/index.ts'
import type { Path } from '../tree/path.ts'
import { leavesOf, type StoredLeaf } from './leaves.ts'
import { equalPairs, type Leftovers, leftoversOf, type Pairs } from './match-leaves.ts'

/** A version of an encrypted file. */
export interface FileVersion {
  readonly bytes: Uint8Array
  readonly format: FormatId
}

/** With what two versions are compared. */
export interface CompareFilesOptions {
  /** Opens both versions with these keys, so that the answer is exact. Without it no key is used. */
  readonly open?: OpenOptions
  readonly watch?: Watch
}

/**
 * What became of a value. `same`: its text is the same; `reencrypted`: the value is the same, and its text is another, as under a new data key;
 * `changed`: it is another value, or is spelled in another way; `unknown`: only a key could tell, so it may be any of these, and in a list
 * `added` or `removed` too.
 */
export type ValueChange = 'same' | 'reencrypted' | 'changed' | 'added' | 'removed' | 'unknown'

/** A value of either version, never with what it says. */
export interface ComparedValue {
  /** Counted from 1, in the later version; in the earlier one for what is no longer there. The same goes for `path` and `isEncrypted`. */
  readonly document: number
  /** List indexes count comments, as those of `--extract` do. */
  readonly path: Path
  readonly isEncrypted: boolean
  readonly change: ValueChange
}

/** How two versions of a file differ. Comments are not compared. */
export interface FileComparison {
  /**
   * `same`; `rotated`: another one, while values kept their nonces; `new`: the file was encrypted from scratch, or no value outlived a new data
   * key; `unknown`: without keys nothing tells.
   */
  readonly dataKey: 'same' | 'rotated' | 'new' | 'unknown'
  /** Each once; an entry without a wrapped data key is none. */
  readonly recipients: { readonly added: readonly MasterKey[]; readonly removed: readonly MasterKey[] }
  /** In the order of the later version, those that were removed at the end. */
  readonly values: readonly ComparedValue[]
}

/**
 * Compares two versions of an encrypted file. Without keys the answer is as true as the texts, which nothing authenticates, and holds for versions
 * that follow each other: what was changed and changed back between the two is `changed`. Equal values that share a key path, NaN, times, and
 * all values of a file that was encrypted from scratch are `unknown` then, unless their nonces stayed.
 * @throws SopsError `parse` or `generic` for a version that is no encrypted file; as `openFile` where `open` is given.
 */
export async function compareFiles(
  before: FileVersion,
  after: FileVersion,
  { open, watch }: CompareFilesOptions = {},
): Promise<FileComparison> {
  const older = await loadEncrypted(before.bytes, before.format, watch)
  const newer = await loadEncrypted(after.bytes, after.format, watch)
  if (!open) return compared(older, newer)
  return withOpenFile(older, open, (one) =>
    withOpenFile(newer, open, (other) => compared(one, other, isSame(one.dataKey, other.dataKey))),
  )
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** @param hasSameKey undefined where the files are closed. */
async function compared(
  before: EncryptedFile | OpenFile,
  after: EncryptedFile | OpenFile,
  hasSameKey?: boolean,
): Promise<FileComparison> {
  const [old, own] = [await leavesOf(before), await leavesOf(after)]
  const areOpen = hasSameKey !== undefined
  const equal = equalPairs(old, own, areOpen)
  const isShared = hasSameKey ?? (hasSharedEntry(before, after) || [...equal].some(isSameToken))
  const dataKey = isShared ? 'same' : otherDataKey(old, own, equal, areOpen)
  const keepsNonces = dataKey === 'same' || dataKey === 'rotated'
  const values = changesOf(own, equal, leftoversOf(old, own, equal, { areOpen, keepsNonces }))
  return { dataKey, recipients: recipientChanges(before, after), values }
}

type Pair = readonly [own: StoredLeaf, old: StoredLeaf]

/** No two data keys give one text. */
const isSameToken = ([{ token }, { token: old }]: Pair): boolean =>
  token !== undefined && old !== undefined && token.iv === old.iv && token.tag === old.tag && token.data === old.data

const keptNonce = ([{ token }, { token: old }]: Pair): boolean => token !== undefined && token.iv === old?.iv

function otherDataKey(
  old: readonly StoredLeaf[],
  own: readonly StoredLeaf[],
  equal: Pairs,
  areOpen: boolean,
): FileComparison['dataKey'] {
  if ([...equal].some(keptNonce)) return 'rotated'
  const families = new Set(old.filter(({ token }) => token).map(({ family }) => family))
  return areOpen || own.some(({ token, family }) => token && families.has(family)) ? 'new' : 'unknown'
}

function changesOf(own: readonly StoredLeaf[], equal: Pairs, left: Leftovers): ComparedValue[] {
  const compare = (leaf: StoredLeaf, change: ValueChange): ComparedValue => {
    const { document, path, family, token } = leaf
    const isKnown = equal.has(leaf) || !left.unsure.has(family)
    return { document, path, isEncrypted: token !== undefined, change: isKnown ? change : 'unknown' }
  }
  const present = own.map((leaf) => {
    const old = equal.get(leaf)
    if (old === undefined) return compare(leaf, left.replaced.has(leaf) ? 'changed' : 'added')
    const isStill = leaf.token || old.token ? isSameToken([leaf, old]) : true
    return compare(leaf, isStill ? 'same' : 'reencrypted')
  })
  return [...present, ...left.old.map((leaf) => compare(leaf, 'removed'))]
}

const wrappedKeys = ({ metadata }: EncryptedFile): readonly MasterKey[] =>
  metadata.keyGroups.flatMap(({ keys }) => keys).filter(({ isBare }) => !isBare)

/** True where an entry of both holds the very same wrapped key: it was there when the later version was written, and nobody wraps alike. */
export function hasSharedEntry(before: EncryptedFile, after: EncryptedFile): boolean {
  const entryOf = (key: MasterKey): string => `${identityOf(key)} ${key.enc.replace(/\s+/g, '')}`
  const entries = new Set(wrappedKeys(before).map(entryOf))
  return wrappedKeys(after).some((key) => entries.has(entryOf(key)))
}

function recipientChanges(before: EncryptedFile, after: EncryptedFile): FileComparison['recipients'] {
  const [old, own] = [distinctKeys(wrappedKeys(before)), distinctKeys(wrappedKeys(after))]
  const without = (keys: readonly MasterKey[], others: readonly MasterKey[]): readonly MasterKey[] => {
    const known = new Set(others.map(identityOf))
    return keys.filter((key) => !known.has(identityOf(key)))
  }
  return { added: without(own, old), removed: without(old, own) }
}
