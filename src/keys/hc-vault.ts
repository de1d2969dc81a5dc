// HashiCorp Vault and OpenBao transit keys (spec/keys.md 8).
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { secondsText } from '../text/seconds.ts'
import { parseTransitUri } from './hc-vault/uri.ts'
import { type KeyDescriptor, type KeyRecord, type KeyTypeRow, loadedWork } from './key-type.ts'

function keyOf(uri: string, ctx: Context): KeyRecord<'hc_vault'> {
  const { address, engine, name } = parseTransitUri(uri)
  return {
    type: 'hc_vault',
    fields: { vault_address: address, engine_path: engine, key_name: name },
    createdAt: secondsText(ctx.now()),
    enc: '',
  }
}

/** Host names are case-insensitive, and the default port may be left out. */
const addressOf = (text: string): string => (URL.canParse(text) ? new URL(text).href : text).replace(/\/+$/, '')

const descriptor: KeyDescriptor<'hc_vault', 'hc_vault_transit_uri', 'hc_vault'> = {
  id: 'hc_vault',
  fields: [{ name: 'vault_address' }, { name: 'engine_path' }, { name: 'key_name' }],
  dated: true,
  keepsEmptyList: true,
  network: true,
  ranks: { load: 5, flags: 6, rules: 7, rotate: 6, groups: 5 },
  flag: {
    name: 'hc-vault-transit',
    env: 'SOPS_VAULT_URIS',
    help: 'comma-separated list of Vault or OpenBao key URIs (https://vault.example.com:8200/v1/transit/keys/my-key)',
  },
  config: {
    flat: 'hc_vault_transit_uri',
    title: 'vault',
    group: 'hc_vault',
    aliases: ['hcvault', 'hcvaulttransit', 'hcvaulttransituri', 'hcvaulturi', 'hcvaulturis', 'vault'],
  },
  wireNumber: 5,
  question: { title: 'Hashicorp Vault key with URI' },
  logger: 'VAULT_TRANSIT',
  credentials: {
    variables: ['VAULT_TOKEN', 'VAULT_ADDR', 'VAULT_AGENT_ADDR'],
    files: ['.vault-token'],
  },
  secrets: ['VAULT_TOKEN', 'VAULT_HEADERS'],
}

/** The transit engine of HashiCorp Vault and OpenBao. */
export const hcVault: KeyTypeRow<'hc_vault', 'hc_vault_transit_uri', 'hc_vault'> = {
  ...descriptor,
  async parse(text, ctx) {
    return text.split(',').flatMap((uri) => (uri === '' ? [] : [keyOf(uri, ctx)]))
  },
  async parseGroupItem(item, ctx) {
    if (typeof item !== 'string') throw new SopsError('generic', 'a Vault transit key must be a string')
    return [keyOf(item, ctx)]
  },
  logFields: ({ fields }, done) => ({
    Path: `${fields.engine_path}/${done === 'wrap' ? 'encrypt' : 'decrypt'}/${fields.key_name}`,
  }),
  label: ({ fields }) => `${fields.vault_address}/v1/${fields.engine_path}/keys/${fields.key_name}`,
  identity: ({ fields }) =>
    `${addressOf(String(fields.vault_address))}/v1/${fields.engine_path}/keys/${fields.key_name}`,
  ...loadedWork(() => import('./hc-vault/crypt.ts')),
}
