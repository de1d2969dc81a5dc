// Front door: requests to a Vault server.
export { vaultRequest } from './client.ts'
export { escapedAsNeeded } from './escape.ts'
export { exactJson, jsonText } from './json.ts'
export { checkName, checkPath, parseAddress } from './path.ts'
export { placeAt, placeOrAgent, type VaultPlace } from './place.ts'
export { vaultSettings } from './settings.ts'
