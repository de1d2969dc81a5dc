// The types of an encrypted file: parsed, and opened.

import type { Selection, Stash } from '../cipher/index.ts'
import type { Context, LogLine, Watch } from '../context/index.ts'
import type { Format, Parsed } from '../formats/index.ts'
import type { CompareOptions, KeyService } from '../groups/index.ts'
import type { KeyGroup } from '../keys/index.ts'
import type { Metadata, OtherDocument } from '../metadata/index.ts'
import type { Tree } from '../tree/tree.ts'
import type { Twins } from '../tree/twins.ts'

/** A parsed encrypted file: its values are still encrypted, its metadata is lifted out. */
export interface EncryptedFile {
  readonly format: Format
  readonly parsed: Parsed
  /** The data without the metadata entries. */
  readonly tree: Tree
  /** That of the first document. */
  readonly metadata: Metadata
  /** Documents with other metadata: they are read with that of the first, and while they are there the file is not written. */
  readonly others: readonly OtherDocument[]
  /** The file as the reference reads it, if that differs (`Format.reading`). */
  readonly literal?: () => EncryptedFile
}

/** An encrypted file with its values decrypted. The owner wipes `dataKey`. */
export interface OpenFile extends EncryptedFile {
  readonly dataKey: Uint8Array
  readonly selection: Selection
  readonly plain: Tree
  readonly stash: Stash
  /** Keys that a map of `plain` has more than once. */
  readonly twins: readonly Twins[]
  /** Who waits while it is sealed again. */
  readonly watch?: Watch | undefined
}

/** How an encrypted file is opened. */
export interface OpenOptions {
  /** What unwraps the data key, asked in this order: `localKeyService`, those of `remoteKeyServices`. */
  readonly services: readonly KeyService[]
  /** Key types in the order to try a group's keys (spec/format.md 3.4). */
  readonly order?: readonly string[]
  /** Accept a file whose MAC is missing or wrong. */
  readonly ignoreMac?: boolean
  /** Takes warnings and details; without it they are dropped. */
  readonly log?: (line: LogLine) => void
  /** Where to record the opening, and for which file (`Context.audit`). */
  readonly audit?: { readonly context: Context; readonly file: string }
  /** Refuse a file whose entries open to different data keys, before anything is wrapped (groups/same-data-key.ts). */
  readonly compare?: Pick<CompareOptions, 'network'> & { readonly groups: readonly KeyGroup[] }
}
