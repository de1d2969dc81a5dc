// The names metadata has in files, and their order.
import type { SelectionOptions } from '../cipher/selection.ts'
import { keyTypes } from '../keys/index.ts'
import type { KeyTypeId } from '../keys/types.ts'

/** Lists of keys, in the order a group is made of them (spec/format.md 3.4). */
export const keyLists: readonly KeyTypeId[] = Object.values(keyTypes).map(({ id }) => id)

export const selectionNames: Readonly<Record<keyof SelectionOptions, string>> = {
  unencryptedSuffix: 'unencrypted_suffix',
  encryptedSuffix: 'encrypted_suffix',
  unencryptedRegex: 'unencrypted_regex',
  encryptedRegex: 'encrypted_regex',
  unencryptedCommentRegex: 'unencrypted_comment_regex',
  encryptedCommentRegex: 'encrypted_comment_regex',
}

/** Every field of the block that has a meaning. */
export const fieldNames: readonly string[] = [
  ...keyLists,
  ...Object.values(selectionNames),
  ...['key_groups', 'lastmodified', 'mac', 'mac_only_encrypted', 'shamir_threshold', 'version'],
]

export const defaultUnencryptedSuffix = '_unencrypted'
