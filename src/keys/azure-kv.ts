// Azure Key Vault keys (spec/keys.md 7).
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { quote } from '../text/quote.ts'
import { secondsText } from '../text/seconds.ts'
import { type KeyDescriptor, type KeyRecord, type KeyTypeRow, loadedWork } from './key-type.ts'

/** A key without a version means the latest one; the vault is asked which that is. */
async function keyOf(vaultUrl: string, name: string, version: string, ctx: Context): Promise<KeyRecord<'azure_kv'>> {
  const createdAt = secondsText(ctx.now())
  const current = version === '' && !ctx.atHand ? await latestVersion(vaultUrl, name, ctx) : version
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

/** Vault, name and version. */
const keyUrl = /^(https:\/\/[^/]+)\/keys\/([^/]+)(?:\/([^/]*))?$/

const urlOf = ({ fields }: Pick<KeyRecord<string>, 'fields'>): string =>
  `${String(fields.vault_url).replace(/\/+$/, '')}/keys/${fields.name}/${fields.version}`

const malformed = (url: string): SopsError =>
  new SopsError('generic', `could not parse ${quote(url)} into a valid Azure Key Vault MasterKey []`)

async function keyAt(url: string, ctx: Context): Promise<KeyRecord<'azure_kv'>> {
  const match = keyUrl.exec(url)
  if (match === null) throw malformed(url)
  return keyOf(match[1]!, match[2]!, match[3] ?? '', ctx)
}

const descriptor: KeyDescriptor<'azure_kv', 'azure_keyvault'> = {
  id: 'azure_kv',
  fields: [{ name: 'vault_url' }, { name: 'name' }, { name: 'version' }],
  dated: true,
  network: true,
  ranks: { load: 4, flags: 4, rules: 6, rotate: 5, groups: 6 },
  flag: {
    name: 'azure-kv',
    env: 'SOPS_AZURE_KEYVAULT_URLS',
    help: 'comma-separated list of Azure Key Vault key URLs (https://HOST/keys/NAME[/VERSION])',
  },
  config: {
    flat: 'azure_keyvault',
    group: 'azure_keyvault',
    item: {
      type: 'azureKVKey',
      fields: ['vaultUrl', 'key', 'version'],
      aliases: { url: 'vaultUrl', vault: 'vaultUrl', name: 'key' },
    },
    aliases: ['azurekv', 'azure'],
  },
  wireNumber: 4,
  question: { title: 'Azure Key Vault key with URL' },
  logger: 'AZKV',
  credentials: {
    variables: ['AZURE_CLIENT_ID', 'AZURE_TENANT_ID', 'AZURE_CLIENT_SECRET', 'AZURE_FEDERATED_TOKEN_FILE'],
    files: [],
  },
  secrets: ['AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PASSWORD', 'AZURE_PASSWORD', 'IDENTITY_HEADER'],
}

/** Azure Key Vault. */
export const azureKv: KeyTypeRow<'azure_kv', 'azure_keyvault'> = {
  ...descriptor,
  async parse(text, ctx) {
    const keys: KeyRecord<'azure_kv'>[] = []
    if (text === '') return keys
    // One by one, so that the first wrong one is named.
    for (const url of text.split(',')) keys.push(await keyAt(url.trim(), ctx))
    return keys
  },
  async parseGroupItem(item, ctx) {
    if (typeof item === 'string') return [await keyAt(item, ctx)]
    const { vaultUrl = '', key = '', version = '' } = item
    return [await keyOf(String(vaultUrl), String(key), String(version), ctx)]
  },
  logFields: (key) => ({ key: String(key.fields.name ?? ''), version: String(key.fields.version ?? '') }),
  label: ({ fields }) => `${fields.vault_url}/keys/${fields.name}/${fields.version}`,
  /** Vaults are case-insensitive. */
  identity: (key) => urlOf(key).toLowerCase(),
  verify(key) {
    const url = urlOf(key)
    if (!keyUrl.test(url)) throw malformed(url)
  },
  ...loadedWork(() => import('./azure-kv/crypt.ts')),
}
