// Google Cloud KMS master keys, named by the resource id of a crypto key (spec/keys.md 6).
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import type { KeyType, MasterKey } from './types.ts'

const keyOf = (resourceId: string, ctx: Context): MasterKey => ({
  type: 'gcp_kms',
  fields: { resource_id: resourceId.replaceAll(' ', '') },
  createdAt: ctx
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z'),
  enc: '',
})

export const gcpKms: KeyType = {
  id: 'gcp_kms',
  fields: [{ name: 'resource_id' }],
  dated: true,
  network: true,
  flag: {
    name: 'gcp-kms',
    env: 'SOPS_GCP_KMS_IDS',
    help: 'comma separated list of GCP KMS resource IDs',
  },
  config: { flat: 'gcp_kms', group: 'gcp_kms' },
  async parse(text, ctx) {
    return text === '' ? [] : text.split(',').map((part) => keyOf(part, ctx))
  },
  async parseGroupItem(item, ctx) {
    if (typeof item === 'string') throw new SopsError('generic', 'a GCP KMS key must be a mapping with a resource_id')
    return [keyOf(typeof item.resource_id === 'string' ? item.resource_id : '', ctx)]
  },
  logger: 'GCPKMS',
  logFields: (key) => ({ resourceID: String(key.fields.resource_id ?? '') }),
  label: (key) => String(key.fields.resource_id ?? ''),
  async wrap(key, dataKey, ctx) {
    const { wrap } = await import('./gcp-kms/crypt.ts')
    return wrap(key, dataKey, ctx)
  },
  async unwrap(key, ctx) {
    const { unwrap } = await import('./gcp-kms/crypt.ts')
    return unwrap(key, ctx)
  },
}
