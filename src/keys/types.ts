// Types of key types and master keys, derived from the table.
import type { KeyRecord, KeyTypeRow } from './key-type.ts'
import type * as table from './table.ts'

export type {
  IdentityPlace,
  KeyConfig,
  KeyDescriptor,
  KeyRanks,
  Operation,
  ParseOptions,
  StringMap,
  Unavailable,
} from './key-type.ts'

/** The key types as the table has them. */
type Row = (typeof table)[keyof typeof table]

/** Identifiers of the key types. */
export type KeyTypeId = Row['id']

/** Fields of a creation rule that hold keys. */
export type FlatField = Row['config']['flat']

/** Fields of a `key_groups` entry that hold keys. */
export type GroupField = Row['config']['group']

/** One kind of master key: its data, and its work, which is loaded on first use. */
export type KeyType = KeyTypeRow<KeyTypeId, FlatField, GroupField>

/** One recipient. */
export type MasterKey = KeyRecord<KeyTypeId>

/** Recipients of which each can open the file, or this group's share of it. */
export interface KeyGroup {
  readonly keys: readonly MasterKey[]
}
