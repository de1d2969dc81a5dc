// What a merge is given, and what can be done with it.
import type { SopsError } from '../errors.ts'
import type { OpenOptions } from '../file/index.ts'
import type { FormatId } from '../formats/index.ts'
import type { Labels } from './markers.ts'
import type { Conflict, Side } from './nodes.ts'
import type { Apart } from './sides.ts'

/** How versions are opened, and what of them is not told by themselves. */
export interface MergeOptions {
  readonly open: OpenOptions
  /** Of versions that are not encrypted, by their path. */
  readonly format: FormatId
  readonly now: Date
  /** The sides were put together from a text with markers: their bytes are no version's, and what becomes of them gets a MAC of its own. */
  readonly isRebuilt?: boolean
  /** Nothing says what there was before: what stands on one side alone may be new there, or removed on the other. */
  readonly isBaseUnknown?: boolean
}

/** What both sides changed, each in its own way. */
export interface MergeConflict extends Partial<Conflict> {
  /** `["a"][0]`, or `["sops"]["…"]` for a setting. */
  readonly keyPath: string
  readonly reason?: string
}

/** Decides a conflict; undefined leaves it. */
export type Choose = (conflict: MergeConflict) => Side | undefined

/** A merge whose versions are open. */
export interface OpenMerge {
  readonly kind: 'open'
  readonly conflicts: readonly MergeConflict[]
  /** Names of recipients that a side took out while the data key stayed what it was. */
  readonly unrotated: readonly string[]
  /** Names of recipients that theirs lets in, and ours does not have. */
  readonly admitted: readonly string[]
  /** The merged file. @throws SopsError as `sealFile`; `generic` for a conflict that `choose` leaves, and when wrapping the data key fails. */
  seal(choose?: Choose): Promise<Uint8Array>
  /** The same with markers around each conflict that is left, as ciphertext. */
  marked(labels: Labels, choose?: Choose): Promise<Uint8Array>
  /** The plaintext, with markers around each conflict that is left, and what was there before. */
  draft(labels: Labels, choose?: Choose): Promise<Uint8Array>
  /** Seals what became of a draft without markers. @throws SopsError as `parsePlain` and `sealFile`. */
  sealDraft(text: Uint8Array, choose?: Choose): Promise<Uint8Array>
}

/** Versions of which no key opens any: merged by their ciphertexts. */
export interface ClosedMerge {
  readonly kind: 'closed'
  /** Why no key opens them. */
  readonly cause: SopsError
  readonly conflicts: readonly MergeConflict[]
  /** The merged file, where its values are those of one side, whose MAC is its own then. */
  readonly sealed?: Uint8Array
  /** The changes of both sides, with markers around the MAC, which only a key can make, and around each conflict. */
  marked(labels: Labels): Uint8Array
}

/** What can be done with three versions. */
export type Merge =
  | { readonly kind: 'settled'; readonly bytes: Uint8Array }
  | { readonly kind: 'plain' }
  | { readonly kind: 'apart'; readonly why: Apart }
  | OpenMerge
  | ClosedMerge
