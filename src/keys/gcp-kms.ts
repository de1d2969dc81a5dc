// Google Cloud KMS master keys, named by the resource id of a crypto key (spec/keys.md 6).
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { secondsText } from '../text/seconds.ts'
import { checkResourceId } from './gcp-kms/resource-id.ts'
import { type KeyDescriptor, type KeyRecord, type KeyTypeRow, loadedWork } from './key-type.ts'

const keyOf = (resourceId: string, ctx: Context): KeyRecord<'gcp_kms'> => ({
  type: 'gcp_kms',
  fields: { resource_id: resourceId.replaceAll(' ', '') },
  createdAt: secondsText(ctx.now()),
  enc: '',
})

const descriptor: KeyDescriptor<'gcp_kms'> = {
  id: 'gcp_kms',
  fields: [{ name: 'resource_id' }],
  dated: true,
  network: true,
  ranks: { load: 2, flags: 2, rules: 4, rotate: 3, groups: 3 },
  flag: {
    name: 'gcp-kms',
    env: 'SOPS_GCP_KMS_IDS',
    help: 'comma separated list of GCP KMS resource IDs',
  },
  config: {
    flat: 'gcp_kms',
    title: 'gcpkms',
    group: 'gcp_kms',
    item: { type: 'gcpKmsKey', fields: ['resource_id'], aliases: { id: 'resource_id', name: 'resource_id' } },
    aliases: ['gcp'],
  },
  wireNumber: 3,
  question: { title: 'GCP KMS key with resource ID', field: 'resource_id' },
  logger: 'GCPKMS',
  credentials: {
    variables: ['GOOGLE_CREDENTIALS', 'GOOGLE_OAUTH_ACCESS_TOKEN', 'GOOGLE_APPLICATION_CREDENTIALS'],
    files: ['.config/gcloud/application_default_credentials.json'],
  },
  secrets: ['GOOGLE_CREDENTIALS', 'GOOGLE_OAUTH_ACCESS_TOKEN'],
}

/** Google Cloud KMS. */
export const gcpKms: KeyTypeRow<'gcp_kms'> = {
  ...descriptor,
  async parse(text, ctx) {
    return text === '' ? [] : text.split(',').map((part) => keyOf(part, ctx))
  },
  async parseGroupItem(item, ctx) {
    if (typeof item === 'string') throw new SopsError('generic', 'a GCP KMS key must be a mapping with a resource_id')
    return [keyOf(typeof item.resource_id === 'string' ? item.resource_id : '', ctx)]
  },
  logFields: (key) => ({ resourceID: String(key.fields.resource_id ?? '') }),
  label: (key) => String(key.fields.resource_id ?? ''),
  verify({ fields }) {
    checkResourceId(String(fields.resource_id ?? ''))
  },
  ...loadedWork(() => import('./gcp-kms/crypt.ts')),
}
