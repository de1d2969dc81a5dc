// The key types, one a line: those listed here are read from files and rules, have flags, and travel to key services.
export { age } from './age.ts'
export { azureKv } from './azure-kv.ts'
export { gcpKms } from './gcp-kms.ts'
export { hcVault } from './hc-vault.ts'
export { hckms } from './hckms.ts'
export { kms } from './kms.ts'
export { pgp } from './pgp.ts'
