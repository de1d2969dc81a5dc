// HuaweiCloud KMS keys (spec/keys.md 9).
import type { Context } from '../context/index.ts'
import { secondsText } from '../text/seconds.ts'
import { parseKeyId } from './hckms/id.ts'
import { type KeyDescriptor, type KeyRecord, type KeyTypeRow, loadedWork } from './key-type.ts'

function keyOf(id: string, ctx: Context): KeyRecord<'hckms'> {
  parseKeyId(id)
  const createdAt = secondsText(ctx.now())
  return { type: 'hckms', fields: { key_id: id }, createdAt, enc: '' }
}

const descriptor: KeyDescriptor<'hckms'> = {
  id: 'hckms',
  fields: [{ name: 'key_id' }],
  dated: true,
  network: true,
  ranks: { load: 3, flags: 3, rules: 5, rotate: 4, groups: 4 },
  flag: {
    name: 'hckms',
    env: 'SOPS_HUAWEICLOUD_KMS_IDS',
    help: 'comma-separated list of HuaweiCloud KMS keys (region:key-uuid)',
  },
  config: {
    flat: 'hckms',
    flatIsList: true,
    group: 'hckms',
    item: { type: 'hckmsKey', fields: ['key_id'], aliases: { id: 'key_id' } },
  },
  wireNumber: 7,
  question: { title: 'HuaweiCloud KMS key with ID', field: 'key_id' },
  logger: 'HCKMS',
  credentials: {
    variables: ['HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_SK', 'HUAWEICLOUD_SDK_SECURITY_TOKEN'],
    files: ['.huaweicloud/credentials'],
  },
  secrets: ['HUAWEICLOUD_SDK_SK', 'HUAWEICLOUD_SDK_SECURITY_TOKEN'],
}

/** HuaweiCloud KMS. */
export const hckms: KeyTypeRow<'hckms'> = {
  ...descriptor,
  async parse(text, ctx) {
    const ids = text.split(',').map((part) => part.trim())
    return ids.flatMap((id) => (id === '' ? [] : [keyOf(id, ctx)]))
  },
  async parseGroupItem(item, ctx) {
    return [keyOf(typeof item === 'string' ? item : String(item['key_id'] ?? ''), ctx)]
  },
  logFields: (key) => ({ keyID: String(key.fields.key_id ?? '') }),
  label: (key) => String(key.fields.key_id ?? ''),
  identity(key) {
    const { region, uuid } = parseKeyId(String(key.fields.key_id ?? ''))
    return `${region}:${uuid}`.toLowerCase()
  },
  check(key) {
    parseKeyId(String(key.fields.key_id ?? ''))
  },
  ...loadedWork(() => import('./hckms/crypt.ts')),
}
