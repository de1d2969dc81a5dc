// One of the files that are checked, as one version has it.
import type { Config, RuleOfFile } from '../config/index.ts'
import type { Position } from '../errors.ts'
import type { EncryptedFile } from '../file/index.ts'
import type { StoredLeaf } from '../repo/index.ts'

/** A file before anybody has looked into it. */
export interface CheckedFile {
  /** Absolute, as the user sees it. */
  readonly path: string
  /** As commands take it: relative to the current folder, with `/`. */
  readonly name: string
  /** Relative to the top of the work tree, or outside of Git to the current folder, with `/`. */
  readonly place: string
  readonly bytes: Uint8Array
  /** It stands decrypted in the work tree for a while (`sops unlock`). */
  readonly isUnlocked: boolean
}

/** An encrypted file that could be read, with what is known of it without a key. */
export interface SealedVersion extends CheckedFile {
  readonly file: EncryptedFile
  readonly leaves: readonly StoredLeaf[]
  readonly config: Config | undefined
  /** Undefined where none is for it, and where an expression on the way does not compile. */
  readonly rule: RuleOfFile | undefined
}

/** Where in its text a value stands. */
export const positionOfLeaf = (
  { file: { format, parsed } }: Pick<SealedVersion, 'file'>,
  { origin }: StoredLeaf,
): Position | undefined => origin && format.positionOf?.(parsed, origin)
