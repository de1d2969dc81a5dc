// What opening a tree remembers, so that sealing it again leaves unchanged leaves as they are (spec/format.md 2.6).
import { createHash } from 'node:crypto'
import { type ScalarType, textOrBytes } from '../tree/scalar.ts'
import type { Origin, Tree } from '../tree/tree.ts'
import { bytesOfText } from '../tree/utf8.ts'
import type { LeafCipher } from './leaf.ts'
import type { Selection } from './selection.ts'

/** A leaf or comment as it was opened. */
interface Remembered {
  readonly aad: string
  readonly type: ScalarType
  /** The bytes the MAC takes: equal for equal values. */
  readonly canonical: string | Uint8Array
  /** The plaintext as encrypted, where it is not `canonical`. */
  readonly spelling: string | undefined
  /** The ENC[…] text; of a comment in clear its own. */
  readonly text: string
  /** Undefined for a comment that stood in clear, or partly so, where comments are encrypted: somebody added it, or no key opens it. */
  readonly iv: Uint8Array | undefined
  readonly origin: Origin | undefined
  /** See `Comment`. */
  readonly element?: true
}

/** What was opened, and how it was stored, so that unchanged values keep their ciphertext. */
export interface Stash {
  readonly cipher: LeafCipher
  /** The exact source text of a leaf, where the caller knows it; asked only for leaves that are put back. */
  readonly tokenText: ((origin: Origin) => string | undefined) | undefined
  /** All that was to be encrypted, in the order of the tree. */
  readonly leaves: Remembered[]
  /** What was opened, as it is stored, and the selection that told what of it is encrypted. */
  readonly stored: Tree
  readonly selection: Selection
}

/** Longer plaintexts are looked up by their digest. */
const longest = 256

/** What makes two leaves the same: path, type and value; the same for a text and for its bytes. */
export function identityOf(aad: string, type: ScalarType, canonical: string | Uint8Array): string {
  // Bytes of UTF-8 text beyond this limit have more than `longest` UTF-16 units.
  const plain = typeof canonical === 'string' || canonical.length > longest * 4 ? canonical : textOrBytes(canonical)
  const isShort = typeof plain === 'string' && plain.length <= longest
  const value = isShort
    ? `t${plain}`
    : `h${createHash('sha256')
        .update(typeof plain === 'string' ? bytesOfText(plain) : plain)
        .digest('base64')}`
  return `${type} ${aad.length} ${aad}${value}`
}

/** Finds for every leaf that is sealed the remembered one that it was. */
export interface Recall {
  /** To be asked for every leaf of `upcoming` once, in that order. */
  readonly next: (type: ScalarType, plaintext: string | Uint8Array) => Reuse
}

interface Reuse {
  /** The very text to put back, and the format's token for it. */
  readonly leaf?: Remembered
  readonly token?: string
  /** The nonce to encrypt with. */
  readonly iv?: Uint8Array
}

export const nothing: Reuse = {}

/** What two versions under one data key remember: the first of what both have, and of the second what only that one has. */
export function joinStashes(first: Stash, second: Stash): Stash {
  const idOf = ({ aad, type, canonical }: Remembered): string => identityOf(aad, type, canonical)
  const own = new Set(first.leaves.map(idOf))
  const added = second.leaves.filter((leaf) => !own.has(idOf(leaf)))
  const places = new Set(added.map(({ origin }) => origin))
  return {
    ...first,
    leaves: [...first.leaves, ...added],
    tokenText: (origin) => (places.has(origin) ? second : first).tokenText?.(origin),
  }
}

/** What was encrypted of what is remembered. */
export const sealedLeaves = ({ leaves }: Stash): (Remembered & { readonly iv: Uint8Array })[] =>
  leaves.filter((leaf): leaf is Remembered & { iv: Uint8Array } => leaf.iv !== undefined)

/**
 * Aligns the leaves to come with the remembered ones: what is equal from the start, and from the end, stands where it stood; in between
 * the k-th of equal path and value meets the k-th remembered one that is left, further ones the last. With the same data key its text is
 * reused if the plaintext is the same to the byte; under a new data key its nonce is, once: a nonce never serves two plaintexts of one key.
 * A comment that stood in clear stays as it stands.
 */
export function recall(stash: Stash, cipher: LeafCipher, upcoming: readonly string[]): Recall {
  const sameKey = stash.cipher.key.equals(cipher.key)
  const matches = align(stash.leaves, upcoming)
  const usedIvs = new Set<string>()
  let at = 0
  return {
    next(type, plaintext) {
      const leaf = matches[at++]
      if (leaf === undefined) return nothing
      if (leaf.iv === undefined) return sameKey || leaf.canonical === leaf.text ? { leaf } : nothing
      if (sameKey) {
        const before = leaf.spelling ?? leaf.canonical
        const same = type === 'str' || type === 'comment' || before === plaintext
        if (!same) return nothing
        const token = leaf.origin === undefined ? undefined : stash.tokenText?.(leaf.origin)
        return token === undefined ? { leaf } : { leaf, token }
      }
      const iv = Buffer.from(leaf.iv).toString('latin1')
      if (usedIvs.has(iv)) return nothing
      usedIvs.add(iv)
      return { iv: leaf.iv }
    },
  }
}

interface Queue {
  readonly leaves: Remembered[]
  at: number
}

function align(old: readonly Remembered[], upcoming: readonly string[]): (Remembered | undefined)[] {
  const keys = old.map((leaf) => identityOf(leaf.aad, leaf.type, leaf.canonical))
  const shorter = Math.min(keys.length, upcoming.length)
  let start = 0
  while (start < shorter && keys[start] === upcoming[start]) start++
  let end = 0
  while (end < shorter - start && keys[keys.length - 1 - end] === upcoming[upcoming.length - 1 - end]) end++
  const queues = new Map<string, Queue>()
  const enqueue = (i: number): void => {
    const queue = queues.get(keys[i]!)
    if (queue === undefined) queues.set(keys[i]!, { leaves: [old[i]!], at: 0 })
    else queue.leaves.push(old[i]!)
  }
  for (let i = start; i < keys.length - end; i++) enqueue(i)
  // A value that was copied finds its original even where that stands in the equal parts.
  const elsewhere = new Map<string, Remembered>()
  for (let i = 0; i < keys.length; i++) if (i < start || i >= keys.length - end) elsewhere.set(keys[i]!, old[i]!)
  return upcoming.map((key, i) => {
    if (i < start) return old[i]
    if (i >= upcoming.length - end) return old[keys.length - (upcoming.length - i)]
    const queue = queues.get(key)
    return queue === undefined ? elsewhere.get(key) : queue.leaves[Math.min(queue.at++, queue.leaves.length - 1)]
  })
}
