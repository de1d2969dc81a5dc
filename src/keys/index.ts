// The table of key types, in the order the reference loads them from metadata (spec/format.md 3.4). Adding one = a file and a line.
import { age } from './age.ts'
import { azureKv } from './azure-kv.ts'
import { gcpKms } from './gcp-kms.ts'
import { hcVault } from './hc-vault.ts'
import { hckms } from './hckms.ts'
import { kms } from './kms.ts'
import { pgp } from './pgp.ts'
import type { KeyType, KeyTypeId, MasterKey } from './types.ts'

export const keyTypes: Readonly<Record<KeyTypeId, KeyType>> = {
  kms,
  gcp_kms: gcpKms,
  hckms,
  azure_kv: azureKv,
  hc_vault: hcVault,
  pgp,
  age,
}

/** A key's name in messages and diffs (spec/keys.md 1.2). */
export const labelOf = (key: MasterKey): string => keyTypes[key.type].label(key)

/** Says that the user means an age recipient, whose plugin may then be started for it. */
export { nameRecipient } from './age/plugin/named.ts'

/** Makes age identities; loaded when asked for. */
export const loadKeygen = (): Promise<typeof import('./age/keygen.ts')> => import('./age/keygen.ts')
