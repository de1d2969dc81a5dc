// The names metadata has in files, and their order.
import { selectionSettings } from '../cipher/index.ts'
import type { KeyTypeId } from '../keys/index.ts'
import { keyTypes } from '../keys/index.ts'

/** Lists of keys, in the order a group is made of them (spec/format.md 3.4). */
export const keyLists: readonly KeyTypeId[] = Object.values(keyTypes).map(({ id }) => id)

/** Every field of the block that has a meaning. */
export const fieldNames: readonly string[] = [
  ...keyLists,
  ...selectionSettings.map(({ field }) => field),
  ...['key_groups', 'lastmodified', 'mac', 'mac_only_encrypted', 'shamir_threshold', 'version'],
]
