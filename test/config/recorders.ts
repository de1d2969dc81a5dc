// Key types that only record what they are given. Imports nothing of the program, since they take the place of one of its modules.
import type { KeyType, KeyTypeId, MasterKey } from '../../src/keys/types.ts'

/** A key type whose keys are the parts of the text it is given, or the item. */
function recorder(id: KeyTypeId, flat: string, group: string): KeyType {
  const key = (fields: MasterKey['fields']): MasterKey => ({ type: id, fields, enc: '' })
  return {
    id,
    fields: [],
    dated: true,
    network: false,
    flag: { name: id, env: '', help: '' },
    config: { flat, group },
    parse: async (text, _ctx, options = {}) =>
      text
        .split(',')
        .map((part) =>
          key({ id: part, ...(options.awsProfile ? { profile: options.awsProfile } : {}), ...options.context }),
        ),
    parseGroupItem: async (item) => [key(typeof item === 'string' ? { id: item } : item)],
    logger: 'CMD',
    logFields: () => ({}),
    label: (k) => JSON.stringify(k.fields),
    wrap: () => Promise.reject(new Error('not used')),
    unwrap: () => Promise.reject(new Error('not used')),
  }
}

export const keyTypes: Record<KeyTypeId, KeyType> = {
  age: recorder('age', 'age', 'age'),
  pgp: recorder('pgp', 'pgp', 'pgp'),
  kms: recorder('kms', 'kms', 'kms'),
  gcp_kms: recorder('gcp_kms', 'gcp_kms', 'gcp_kms'),
  hckms: recorder('hckms', 'hckms', 'hckms'),
  azure_kv: recorder('azure_kv', 'azure_keyvault', 'azure_keyvault'),
  hc_vault: recorder('hc_vault', 'hc_vault_transit_uri', 'hc_vault'),
}
