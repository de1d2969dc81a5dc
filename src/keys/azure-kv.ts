// Azure Key Vault keys (spec/keys.md 7).
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { quote } from '../text/quote.ts'
import type { KeyType, MasterKey } from './types.ts'

/** A key without a version is the latest one, which the vault is asked for. */
async function keyOf(vaultUrl: string, name: string, version: string, ctx: Context): Promise<MasterKey> {
  const createdAt = ctx
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
  const current = version === '' ? await latestVersion(vaultUrl, name, ctx) : version
  return { type: 'azure_kv', fields: { vault_url: vaultUrl, name, version: current }, createdAt, enc: '' }
}

async function latestVersion(vaultUrl: string, name: string, ctx: Context): Promise<string> {
  const reason = await ctx.localOnly?.()
  if (reason !== undefined) {
    throw new SopsError(
      'generic',
      `the latest version of ${quote(`${vaultUrl}/keys/${name}`)} is not asked for: ${reason}`,
    )
  }
  const { latestVersion } = await import('./azure-kv/crypt.ts')
  return latestVersion(vaultUrl, name, ctx)
}

async function keyAt(url: string, ctx: Context): Promise<MasterKey> {
  const match = /^(https:\/\/[^/]+)\/keys\/([^/]+)(?:\/([^/]*))?$/.exec(url)
  if (match === null) {
    throw new SopsError('generic', `could not parse ${quote(url)} into a valid Azure Key Vault MasterKey []`)
  }
  return keyOf(match[1]!, match[2]!, match[3] ?? '', ctx)
}

export const azureKv: KeyType = {
  id: 'azure_kv',
  fields: [{ name: 'vault_url' }, { name: 'name' }, { name: 'version' }],
  dated: true,
  network: true,
  flag: {
    name: 'azure-kv',
    env: 'SOPS_AZURE_KEYVAULT_URLS',
    help: 'comma-separated list of Azure Key Vault key URLs (https://HOST/keys/NAME[/VERSION])',
  },
  config: { flat: 'azure_keyvault', group: 'azure_keyvault' },
  async parse(text, ctx) {
    const keys: MasterKey[] = []
    if (text === '') return keys
    // One after the other, so that the first one that is wrong is named.
    for (const url of text.split(',')) keys.push(await keyAt(url.trim(), ctx))
    return keys
  },
  async parseGroupItem(item, ctx) {
    if (typeof item === 'string') return [await keyAt(item, ctx)]
    const { vaultUrl = '', key = '', version = '' } = item
    return [await keyOf(String(vaultUrl), String(key), String(version), ctx)]
  },
  logger: 'AZKV',
  logFields: (key) => ({ key: String(key.fields.name ?? ''), version: String(key.fields.version ?? '') }),
  label: ({ fields }) => `${fields.vault_url}/keys/${fields.name}/${fields.version}`,
  /** Vaults do not tell upper from lower case. */
  identity: ({ fields }) =>
    `${String(fields.vault_url).replace(/\/+$/, '')}/keys/${fields.name}/${fields.version}`.toLowerCase(),
  async wrap(key, dataKey, ctx) {
    const { wrap } = await import('./azure-kv/crypt.ts')
    return wrap(key, dataKey, ctx)
  },
  async unwrap(key, ctx) {
    const { unwrap } = await import('./azure-kv/crypt.ts')
    return unwrap(key, ctx)
  },
}
