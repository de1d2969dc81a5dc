// The key types, one a line: what stands here is read from files and rules, has its flags, and travels to key services.
export { age } from './age.ts'
export { azureKv } from './azure-kv.ts'
export { gcpKms } from './gcp-kms.ts'
export { hcVault } from './hc-vault.ts'
export { hckms } from './hckms.ts'
export { kms } from './kms.ts'
export { pgp } from './pgp.ts'
