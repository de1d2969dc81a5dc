// Files of certificates, keys and tokens that variables name, where they are none: nothing waits for them or fills the memory, and the message
// names variable and file.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { azureKv } from '../../src/keys/azure-kv.ts'
import { gcpKms } from '../../src/keys/gcp-kms.ts'
import { hcVault } from '../../src/keys/hc-vault.ts'
import { hckms } from '../../src/keys/hckms.ts'
import { kms } from '../../src/keys/kms.ts'
import { uploadToGcs } from '../../src/publish/gcs.ts'
import { sandbox } from '../support/cli.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { json, type Listening, listen } from '../support/emulators/listen.ts'

type Env = Readonly<Record<string, string>>

const box = sandbox({ 'folder/x': '' })
const pipe = box.path('pipe')
let tls: TestCertificate
/** Demands a token of a directory, as a key vault does. */
let vault: Listening
beforeAll(async () => {
  if (process.platform !== 'win32') execFileSync('mkfifo', [pipe])
  tls = makeCertificate()
  const demand = { 'WWW-Authenticate': 'Bearer authorization="https://login.microsoftonline.com/tenant-1"' }
  vault = await listen((_, response) => json(response, 401, {}, demand), { tls })
})
afterAll(async () => {
  await vault.close()
  tls.remove()
  box.remove()
})

const dataKey = new Uint8Array(32)
const arn = 'arn:aws:kms:eu-west-2:111122223333:key/bc436485-5092-42b8-92a3-0aa8b93536dc'

/** None of them is reached. */
const asks = {
  aws: (ctx: FakeContext) =>
    kms.wrap({ type: 'kms', fields: { arn, role: '', context: {}, aws_profile: '' }, enc: '' }, dataKey, ctx),
  google: (ctx: FakeContext) =>
    gcpKms.wrap(
      { type: 'gcp_kms', fields: { resource_id: 'projects/p/locations/global/keyRings/r/cryptoKeys/k' }, enc: '' },
      dataKey,
      ctx,
    ),
  storage: (ctx: FakeContext) => uploadToGcs('b', 'n', dataKey, ctx),
  azure: (ctx: FakeContext) =>
    azureKv.wrap(
      { type: 'azure_kv', fields: { vault_url: vault.address, name: 'main', version: 'v1' }, enc: '' },
      dataKey,
      ctx,
    ),
  vault: (ctx: FakeContext) =>
    hcVault.wrap(
      { type: 'hc_vault', fields: { vault_address: 'https://127.0.0.1:1', engine_path: 't', key_name: 'k' }, enc: '' },
      dataKey,
      ctx,
    ),
  huawei: (ctx: FakeContext) =>
    hckms.wrap({ type: 'hckms', fields: { key_id: 'tr-west-1:key-1' }, enc: '' }, dataKey, ctx),
}

const keys = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'hunter2-secret', AWS_EC2_METADATA_DISABLED: 'true' }
const huawei = { HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: 'http://127.0.0.1:1', HUAWEICLOUD_SDK_PROJECT_ID: 'p1' }
const server = { VAULT_ADDR: 'https://127.0.0.1:1' }
const application = () => ({
  AZURE_TENANT_ID: 'tenant-1',
  AZURE_CLIENT_ID: 'client-1',
  SOPS_AZURE_KEYVAULT_ORIGINS: vault.address,
  SSL_CERT_FILE: tls.path,
})

type Row = readonly [variable: string, service: keyof typeof asks, env: () => Env]

/** Read while the program waits for nothing else: side by side, one would stop the others' clocks. */
const stopping: readonly Row[] = [
  ['GOOGLE_CREDENTIALS', 'google', () => ({})],
  ['GOOGLE_APPLICATION_CREDENTIALS', 'google', () => ({})],
  ['GOOGLE_APPLICATION_CREDENTIALS', 'storage', () => ({})],
  ['AWS_CA_BUNDLE', 'aws', () => keys],
  ['AWS_CONFIG_FILE', 'aws', () => keys],
  ['AWS_SHARED_CREDENTIALS_FILE', 'aws', () => ({ ...keys, AWS_ACCESS_KEY_ID: '' })],
  [
    'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    'aws',
    () => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/x' }),
  ],
  [
    'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
    'google',
    () => ({ GOOGLE_OAUTH_ACCESS_TOKEN: 'hunter2-token', SOPS_GCP_KMS_ENDPOINT: 'localhost:1' }),
  ],
  [
    'SSL_CERT_FILE',
    'google',
    () => ({
      GOOGLE_OAUTH_ACCESS_TOKEN: 'hunter2-token',
      SOPS_GCP_KMS_ENDPOINT: 'localhost:1',
      SSL_CERT_DIR: '/nonexistent',
    }),
  ],
]

const waiting: readonly Row[] = [
  [
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'aws',
    () => ({ AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/x', AWS_EC2_METADATA_DISABLED: 'true' }),
  ],
  ['AZURE_FEDERATED_TOKEN_FILE', 'azure', application],
  ['AZURE_CLIENT_CERTIFICATE_PATH', 'azure', application],
  ['VAULT_CACERT', 'vault', () => server],
  ['VAULT_CLIENT_CERT', 'vault', () => ({ ...server, VAULT_CLIENT_KEY: '/dev/null' })],
  ['VAULT_CLIENT_KEY', 'vault', () => ({ ...server, VAULT_CLIENT_CERT: '/dev/null' })],
  ['HUAWEICLOUD_SDK_CREDENTIALS_FILE', 'huawei', () => huawei],
  [
    'HUAWEICLOUD_SDK_REGIONS_FILE',
    'huawei',
    () => ({ HUAWEICLOUD_SDK_AK: 'AK', HUAWEICLOUD_SDK_SK: 'hunter2-secret' }),
  ],
  ['HUAWEICLOUD_SDK_ID_TOKEN_FILE', 'huawei', () => ({ ...huawei, HUAWEICLOUD_SDK_IDP_ID: 'idp' })],
]

const names = (...[variable, service, env]: Row): void => {
  test.each([
    ['a pipe that nobody writes to', pipe, 'is a named pipe that nothing writes to'],
    ['a device without an end', '/dev/zero', 'file too large'],
    ['a folder', box.path('folder'), 'is a directory'],
  ])('%s', async (_, path, reason) => {
    const ctx = fakeContext({ env: { ...env(), [variable]: path }, now: new Date(), home: box.path('folder') })
    const told = await asks[service](ctx).then(
      () => 'no failure',
      (error: Error) => error.message,
    )
    expect(told).toMatch(new RegExp(`${variable}\\b.*${path}\\b.*${reason}`, 's'))
    expect(told).not.toContain('hunter2')
  })
}

describe.skipIf(process.platform === 'win32').each(stopping)('%s for %s', names)
describe.skipIf(process.platform === 'win32').concurrent.each(waiting)('%s for %s', names)
