// The key types, by identifier and in each of the reference's orders.
import type { Context } from '../context/index.ts'
import { declareSecretVariables } from '../system/index.ts'
import * as table from './table.ts'
import type { KeyRanks, KeyType, KeyTypeId, MasterKey } from './types.ts'

const inOrder = (types: readonly KeyType[], order: keyof KeyRanks): readonly KeyType[] =>
  types
    .filter(({ ranks }) => ranks[order] !== undefined)
    .sort(({ ranks: a }, { ranks: b }) => (a[order] ?? 0) - (b[order] ?? 0))

/** In the order in which the reference loads them from metadata (spec/format.md 3.4). */
export const keyTypes: Readonly<Record<KeyTypeId, KeyType>> = Object.fromEntries(
  inOrder(Object.values(table), 'load').map((type) => [type.id, type] as const),
) as Record<KeyTypeId, KeyType>

declareSecretVariables(Object.values(keyTypes).flatMap(({ secrets }) => secrets))

/** The key types in one of their orders; types without a place in it are left out. */
export const keyTypesInOrder = (order: keyof KeyRanks): readonly KeyType[] => inOrder(Object.values(keyTypes), order)

/** A key's name in messages and diffs (spec/keys.md 1.2). */
export const labelOf = (key: MasterKey): string => keyTypes[key.type].label(key)

/** Records that the user means this recipient, so that the plugin of an age recipient may be started for it. */
export const approveKey = (key: MasterKey, ctx: Context): void => keyTypes[key.type].approve?.(key, ctx)
