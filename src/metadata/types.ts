// The sops block as a record, and where a format puts it (spec/format.md 6.1, 6.3).
import type { SelectionOptions } from '../cipher/index.ts'
import type { KeyGroup } from '../keys/index.ts'

/** The `sops` block of a file (spec/format.md 6). */
export interface Metadata {
  readonly keyGroups: readonly KeyGroup[]
  /** 0 when absent. */
  readonly shamirThreshold: number
  /** RFC 3339, as stored. */
  readonly lastModified: string
  /** The encrypted MAC; empty when absent. */
  readonly mac: string
  /** Empty when absent. */
  readonly version: string
  /** Never empty after reading: without a setting, `defaultSelection`. */
  readonly selection: SelectionOptions
  readonly macOnlyEncrypted: boolean
}

/** `Format.metadata`. */
export type MetadataPlacement = 'nested' | 'section' | 'flat'
