// HuaweiCloud KMS keys (spec/keys.md 9).
import type { Context } from '../context/index.ts'
import { parseKeyId } from './hckms/id.ts'
import type { KeyType, MasterKey } from './types.ts'

function keyOf(id: string, ctx: Context): MasterKey {
  parseKeyId(id)
  const createdAt = ctx
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
  return { type: 'hckms', fields: { key_id: id }, createdAt, enc: '' }
}

export const hckms: KeyType = {
  id: 'hckms',
  fields: [{ name: 'key_id' }],
  dated: true,
  network: true,
  flag: {
    name: 'hckms',
    env: 'SOPS_HUAWEICLOUD_KMS_IDS',
    help: 'comma-separated list of HuaweiCloud KMS keys (region:key-uuid)',
  },
  config: { flat: 'hckms', group: 'hckms' },
  async parse(text, ctx) {
    const ids = text.split(',').map((part) => part.trim())
    return ids.flatMap((id) => (id === '' ? [] : [keyOf(id, ctx)]))
  },
  async parseGroupItem(item, ctx) {
    return [keyOf(typeof item === 'string' ? item : String(item['key_id'] ?? ''), ctx)]
  },
  logger: 'HCKMS',
  logFields: (key) => ({ keyID: String(key.fields.key_id ?? '') }),
  label: (key) => String(key.fields.key_id ?? ''),
  identity(key) {
    const { region, uuid } = parseKeyId(String(key.fields.key_id ?? ''))
    return `${region}:${uuid}`.toLowerCase()
  },
  check(key) {
    parseKeyId(String(key.fields.key_id ?? ''))
  },
  async wrap(key, dataKey, ctx) {
    const { wrap } = await import('./hckms/crypt.ts')
    return wrap(key, dataKey, ctx)
  },
  async unwrap(key, ctx) {
    const { unwrap } = await import('./hckms/crypt.ts')
    return unwrap(key, ctx)
  },
}
