// What opening a tree remembers, so that sealing it again leaves unchanged leaves as they are (spec/format.md 2.6).
import { createHash } from 'node:crypto'
import type { LeafCipher } from './cipher.ts'
import { type ScalarType, textOrBytes } from './scalar.ts'
import type { Origin } from './tree.ts'

export interface Remembered {
  readonly aad: string
  readonly type: ScalarType
  /** The bytes the MAC takes: equal for equal values. */
  readonly canonical: string | Uint8Array
  /** The plaintext as encrypted, where it is not `canonical`. */
  readonly spelling: string | undefined
  /** The ENC[…] text. */
  readonly text: string
  readonly iv: Uint8Array
  readonly origin: Origin | undefined
}

export interface Stash {
  readonly cipher: LeafCipher
  /** The exact source text of a leaf, where the caller knows it; asked only for leaves that are put back. */
  readonly tokenText: ((origin: Origin) => string | undefined) | undefined
  readonly leaves: Remembered[]
}

export const newStash = (cipher: LeafCipher, tokenText: Stash['tokenText']): Stash => ({
  cipher,
  tokenText,
  leaves: [],
})

/** Longer plaintexts are looked up by their digest. */
const longest = 256

/** The same key for a text and for its bytes. */
function keyOf(aad: string, type: ScalarType, canonical: string | Uint8Array): string {
  // Bytes of UTF-8 text beyond this limit have more than `longest` UTF-16 units.
  const plain = typeof canonical === 'string' || canonical.length > longest * 4 ? canonical : textOrBytes(canonical)
  const isShort = typeof plain === 'string' && plain.length <= longest
  const value = isShort ? `t${plain}` : `h${createHash('sha256').update(plain).digest('base64')}`
  return `${type} ${aad.length} ${aad}${value}`
}

/** Gives the remembered leaves out again, in their order. */
export interface Recall {
  /** True when the stash was made with this data key, so that its ENC[…] texts are still good. */
  readonly sameKey: boolean
  readonly find: (
    aad: string,
    type: ScalarType,
    canonical: string | Uint8Array,
    plaintext: string | Uint8Array,
  ) => Reuse
}

export interface Reuse {
  /** The very text to put back, and the format's token for it. */
  readonly leaf?: Remembered
  readonly token?: string
  /** The nonce to encrypt with. */
  readonly iv?: Uint8Array
}

interface Queue {
  readonly leaves: Remembered[]
  at: number
}

const nothing: Reuse = {}

/**
 * The k-th leaf of equal path and value meets the k-th remembered one, further ones the last. With the same data key its text is reused
 * if the plaintext is the same to the byte; under a new data key its nonce is, once: a nonce never serves two plaintexts of one key.
 */
export function recall(stash: Stash | undefined, cipher: LeafCipher): Recall {
  if (stash === undefined) return { sameKey: false, find: () => nothing }
  const sameKey = stash.cipher.key.equals(cipher.key)
  let queues: Map<string, Queue> | undefined
  const usedIvs = new Set<string>()

  function collect(): Map<string, Queue> {
    const made = new Map<string, Queue>()
    for (const leaf of stash!.leaves) {
      const key = keyOf(leaf.aad, leaf.type, leaf.canonical)
      const queue = made.get(key)
      if (queue === undefined) made.set(key, { leaves: [leaf], at: 0 })
      else queue.leaves.push(leaf)
    }
    return made
  }

  return {
    sameKey,
    find(aad, type, canonical, plaintext) {
      queues ??= collect()
      const queue = queues.get(keyOf(aad, type, canonical))
      if (queue === undefined) return nothing
      const leaf = queue.leaves[Math.min(queue.at, queue.leaves.length - 1)]!
      queue.at++
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
