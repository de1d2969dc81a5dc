// Key types that only record what they are given. Imports nothing of the program, since they take the place of one of its modules.
import type { KeyRecord, KeyTypeRow } from '../../src/keys/key-type.ts'

/** The same type, whose keys are the parts of the text it is given, or the item. */
function recorder(row: KeyTypeRow<string>): KeyTypeRow<string> {
  const key = (fields: KeyRecord['fields']): KeyRecord => ({ type: row.id, fields, enc: '' })
  const { identity: _identity, check: _check, ...rest } = row
  return {
    ...rest,
    parse: async (text, _ctx, options = {}) => {
      const { awsProfile, context } = row.id === 'kms' ? options : {}
      return text
        .split(',')
        .map((part) => key({ id: part, ...(awsProfile ? { profile: awsProfile } : {}), ...context }))
    },
    parseGroupItem: async (item) => [key(typeof item === 'string' ? { id: item } : item)],
    label: (k) => JSON.stringify(k.fields),
  }
}

/** Every key type of the table as a recorder. */
export const recordersOf = (table: Readonly<Record<string, KeyTypeRow<string>>>): Record<string, KeyTypeRow<string>> =>
  Object.fromEntries(Object.entries(table).map(([name, row]) => [name, recorder(row)]))
