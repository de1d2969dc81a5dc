// Files with every kind of key: any one opens them, groups of mixed kinds do, and each service is asked over one connection.
import * as openpgp from 'openpgp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliResult, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { type AwsEmulator, awsDefaults, startAws } from '../support/emulators/aws.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { type AzureServer, startAzure } from '../support/emulators/azure.ts'
import { type GcpEmulator, startGcpGrpc } from '../support/emulators/gcp.ts'
import { type HuaweiServer, startHuawei } from '../support/emulators/huawei.ts'
import { startVault, type VaultServer } from '../support/emulators/vault.ts'

const plain = 'a: 1\nb: two\n'
const arn = 'arn:aws:kms:eu-west-2:1:key/a'
const resource = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'

let tls: TestCertificate
let aws: AwsEmulator
let gcp: GcpEmulator
let azure: AzureServer
let vault: VaultServer
let huawei: HuaweiServer
let box: Sandbox
let hung: boolean

/** Whatever each kind needs to open its key, and what makes it fail at once instead. */
let kinds: Record<string, { readonly use: Record<string, string>; readonly refuse: Record<string, string> }>
let places: Record<string, string>

beforeAll(async () => {
  tls = makeCertificate()
  hung = false
  aws = await startAws({ keys: { [arn]: 'enabled' }, fault: () => (hung ? 'hang' : undefined) })
  gcp = await startGcpGrpc({ keys: { [resource]: 'enabled' } }, tls)
  azure = await startAzure({ tls })
  vault = await startVault()
  huawei = await startHuawei()
  const { generateIdentity, identityToRecipient } = await import('age-encryption')
  const age = await generateIdentity()
  const pgp = await openpgp.generateKey({ userIDs: [{ name: 'a' }], format: 'object' })
  places = {
    AWS_ENDPOINT_URL: aws.url,
    SOPS_GCP_KMS_ENDPOINT: `localhost:${gcp.port}`,
    SSL_CERT_FILE: tls.path,
    VAULT_ADDR: vault.address,
    AZURE_AUTHORITY_HOST: azure.address,
    SOPS_AZURE_KEYVAULT_ORIGINS: azure.address,
    AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential',
    HUAWEICLOUD_SDK_PROJECT_ID: 'p1',
    HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: huawei.address,
    AWS_EC2_METADATA_DISABLED: 'true',
    PATH: '/nonexistent',
  }
  const application = { AZURE_TENANT_ID: 'tenant-1', AZURE_CLIENT_ID: 'client-1' }
  kinds = {
    age: { use: { SOPS_AGE_KEY: age }, refuse: {} },
    pgp: {
      use: { SOPS_PGP_KEY: pgp.privateKey.armor() },
      refuse: { SOPS_PGP_KEY: pgp.publicKey.armor() },
    },
    kms: { use: awsDefaults, refuse: { ...awsDefaults, AWS_SECRET_ACCESS_KEY: 'wrong-text' } },
    gcp_kms: { use: { GOOGLE_OAUTH_ACCESS_TOKEN: 'gcp-token' }, refuse: { GOOGLE_OAUTH_ACCESS_TOKEN: 'wrong-text' } },
    azure_kv: {
      use: { ...application, AZURE_CLIENT_SECRET: 'client-secret' },
      refuse: { ...application, AZURE_CLIENT_SECRET: 'wrong-text' },
    },
    hc_vault: { use: { VAULT_TOKEN: 'test-token' }, refuse: { VAULT_TOKEN: 'wrong-text' } },
    hckms: {
      use: { HUAWEICLOUD_SDK_AK: 'AK', HUAWEICLOUD_SDK_SK: 'SK-secret' },
      refuse: { HUAWEICLOUD_SDK_AK: 'AK', HUAWEICLOUD_SDK_SK: 'wrong-text' },
    },
  }
  const recipient = await identityToRecipient(age)
  const fingerprint = pgp.publicKey.getFingerprint().toUpperCase()
  const [azureKey, vaultKey] = [`${azure.address}/keys/main/v1`, `${vault.address}/v1/transit/keys/dev`]
  box = sandbox({
    'group.yaml': plain,
    'mixed.yaml': plain,
    ...Object.fromEntries([1, 2, 3].map((at) => [`many${at}.yaml`, plain])),
    '.sops.yaml': `creation_rules:
  - path_regex: mixed
    shamir_threshold: 2
    key_groups:
      - kms: [{ arn: '${arn}' }]
        hc_vault: ['${vaultKey}']
      - gcp_kms: [{ resource_id: ${resource} }]
        azure_keyvault: [{ vaultUrl: '${azure.address}', key: main, version: v1 }]
        age: [${recipient}]
      - hckms: [{ key_id: 'tr-west-1:key-1' }]
        pgp: [${fingerprint}]
  - age: ${recipient}
    pgp: ${fingerprint}
    kms: ${arn}
    gcp_kms: ${resource}
    azure_keyvault: ${azureKey}
    hc_vault_transit_uri: ${vaultKey}
    hckms: ['tr-west-1:key-1']
`,
  })
  for (const name of ['group', 'mixed', 'many1', 'many2', 'many3']) {
    expect(await sops(['encrypt', '-i', `${name}.yaml`], Object.keys(kinds))).toMatchObject({ code: 0, stderr: '' })
  }
})

afterAll(async () => {
  await Promise.all([aws.close(), gcp.close(), azure.close(), vault.close(), huawei.close()])
  tls.remove()
  box.remove()
})

/** A run in which only these kinds of keys are of use. */
const sops = (argv: readonly string[], usable: readonly string[], more = {}): Promise<CliResult> => {
  const given = Object.entries(kinds).map(([kind, { use, refuse }]) => (usable.includes(kind) ? use : refuse))
  return runCli(argv, { cwd: box.dir, env: { ...places, ...Object.assign({}, ...given), ...more } })
}

test.each(['age', 'pgp', 'kms', 'gcp_kms', 'azure_kv', 'hc_vault', 'hckms'])(
  '%s alone opens the file',
  async (kind) => {
    const { code, stdout, stderr } = await sops(['decrypt', 'group.yaml'], [kind])
    expect([stderr, code, stdout.toString()]).toEqual(['', 0, plain])
  },
)

test('none of them: each is named with its cause, and no secret is shown', async () => {
  const { code, stderr } = await sops(['decrypt', 'group.yaml'], [])
  expect(code).toBe(128)
  const text = stderr.replace(/\n +\| /g, ' ')
  for (const cause of [
    `${arn}: FAILED`,
    'InvalidSignatureException',
    `${resource}: FAILED`,
    'Unauthenticated',
    `${azure.address}/keys/main/v1: FAILED`,
    'invalid_client',
    `${vault.address}/v1/transit/keys/dev: FAILED`,
    'permission denied',
    'tr-west-1:key-1: FAILED',
    'Incorrect IAM authentication information',
  ])
    expect(text).toContain(cause)
  for (const secret of ['wrong-text', 'client-secret', 'SK-secret']) expect(text).not.toContain(secret)
})

test.each([
  [['kms', 'gcp_kms'], 0],
  [['hc_vault', 'pgp'], 0],
  [['azure_kv', 'hckms'], 0],
  [['age', 'hc_vault', 'pgp'], 0],
  [['kms', 'hc_vault'], 128],
  [['age'], 128],
] as const)('two of three groups of mixed kinds: with %j the status is %i', async (usable, status) => {
  const { code, stdout } = await sops(['decrypt', 'mixed.yaml'], usable)
  expect([code, stdout.toString()]).toEqual([status, status === 0 ? plain : ''])
})

test('keys that need no network come first, unless an order says otherwise', async () => {
  const asked = (): number => aws.requests.length
  const before = asked()
  await sops(['decrypt', 'group.yaml'], ['age', 'kms'])
  expect(asked()).toBe(before)
  await sops(['decrypt', '--decryption-order', 'kms,age', 'group.yaml'], ['age', 'kms'])
  expect(asked()).toBe(before + 1)
})

test('a service that does not answer is left for the next key', async () => {
  hung = true
  // The next one needs no network, so that the limit is for the first alone.
  const limit = { SOPS_KMS_TIMEOUT: '400ms' }
  const opened = await sops(['decrypt', '--decryption-order', 'kms,age', 'group.yaml'], ['kms', 'age'], limit)
  hung = false
  expect([opened.code, opened.stdout.toString()]).toEqual([0, plain])
})

test('many files: each service over one connection, with one token', async () => {
  const services = [aws, azure, vault, huawei]
  for (const { requests } of services) requests.length = 0
  gcp.requests.length = 0
  const done = await sops(['rotate', '-i', '--jobs', '1', 'many1.yaml', 'many2.yaml', 'many3.yaml'], Object.keys(kinds))
  expect([done.code, done.stderr]).toEqual([0, ''])
  for (const { requests } of services) expect(new Set(requests.map(({ port }) => port)).size).toBe(1)
  expect(new Set(gcp.requests.map(({ peer }) => peer)).size).toBe(1)
  expect(azure.requests.filter(({ path }) => path.endsWith('/token'))).toHaveLength(1)
  expect([aws, vault, huawei].map(({ requests }) => requests.length)).toEqual([3, 3, 3])
})
