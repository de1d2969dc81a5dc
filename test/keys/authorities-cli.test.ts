// Every service over TLS with an authority of the test's own, which the program is told of in each of the ways that there are.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program } from '../support/build.ts'
import { type Sandbox, sandbox } from '../support/cli.ts'
import { type AwsEmulator, awsDefaults, startAws } from '../support/emulators/aws.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { type AzureServer, startAzure } from '../support/emulators/azure.ts'
import { type GcpEmulator, startGcpGrpc, startGcpRest } from '../support/emulators/gcp.ts'
import { type IdentityServer, startGcpIdentity } from '../support/emulators/gcp-identity.ts'
import { type GcsServer, startGcs } from '../support/emulators/gcs.ts'
import { type HuaweiServer, startHuawei } from '../support/emulators/huawei.ts'
import { startTunnelProxy } from '../support/emulators/proxy.ts'
import { startVault, type VaultServer } from '../support/emulators/vault.ts'
import { type Outcome, runProcess, runProgram } from '../support/process.ts'

type Env = Readonly<Record<string, string>>

const plain = 'a: 1\n'
const arn = 'arn:aws:kms:eu-west-2:1:key/a'
const resource = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'

let [tls, other]: TestCertificate[] = []
let aws: AwsEmulator
let grpc: GcpEmulator
let rest: GcpEmulator
let identity: IdentityServer
let azure: AzureServer
let vault: VaultServer
let huawei: HuaweiServer
let gcs: GcsServer
let box: Sandbox

beforeAll(async () => {
  ;[tls, other] = [makeCertificate('kms.test'), makeCertificate()]
  aws = await startAws({ keys: { [arn]: 'enabled' }, tls: tls! })
  const tokens = ['gcp-token', 'federated', 'refreshed']
  grpc = await startGcpGrpc({ keys: { [resource]: 'enabled' }, tokens }, tls!)
  rest = await startGcpRest({ keys: { [resource]: 'enabled' }, tokens }, tls!)
  identity = await startGcpIdentity({ tls: tls! })
  azure = await startAzure({ tls: tls! })
  vault = await startVault({ tls: tls! })
  huawei = await startHuawei({ tls: tls! })
  gcs = await startGcs({ tls: tls! })
  box = sandbox({ 'plain.yaml': plain, 'subject.txt': 'subject-token\n' })
  for (const folder of ['named', 'others', 'etc']) mkdirSync(box.path(folder))
  copyFileSync(tls!.path, box.path('named/company'))
  copyFileSync(other!.path, box.path('others/company.pem'))
  copyFileSync(tls!.path, box.path('etc/ca-certificates.crt'))
  mkdirSync(box.path('bin'))
})
afterAll(async () => {
  await Promise.all([aws, grpc, rest, identity, azure, vault, huawei, gcs].map((server) => server.close()))
  tls?.remove()
  other?.remove()
  box.remove()
})

interface Client {
  readonly flags: () => string[]
  readonly env: () => Env
  /** Names the server in messages. */
  readonly host: () => string
}
const google = (server: () => GcpEmulator, more: () => Env): Client => ({
  flags: () => ['--gcp-kms', resource],
  env: () => ({ SOPS_GCP_KMS_ENDPOINT: `https://localhost:${server().port}`, ...more() }),
  host: () => `localhost:${server().port}`,
})
const application = { AZURE_TENANT_ID: 'tenant-1', AZURE_CLIENT_ID: 'client-1' }
const federated = (): object => ({
  type: 'external_account',
  audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  token_url: `${identity.address}/sts`,
  credential_source: { file: box.path('subject.txt') },
})
const login = (): object => ({
  type: 'authorized_user',
  client_id: 'c',
  client_secret: 's',
  refresh_token: 'the-refresh',
  token_uri: `${identity.address}/token`,
})
const atIdentity = (json: () => object): Client => ({
  ...google(
    () => rest,
    () => ({ SOPS_GCP_KMS_CLIENT_TYPE: 'rest', GOOGLE_CREDENTIALS: JSON.stringify(json()) }),
  ),
  host: () => identity.address.slice('https://'.length),
})

const clients: Readonly<Record<string, Client>> = {
  'AWS KMS': {
    flags: () => ['--kms', arn],
    env: () => ({ ...awsDefaults, AWS_ENDPOINT_URL: aws.url }),
    host: () => new URL(aws.url).host,
  },
  'Google, gRPC': google(
    () => grpc,
    () => ({ GOOGLE_OAUTH_ACCESS_TOKEN: 'gcp-token' }),
  ),
  'Google, REST': google(
    () => rest,
    () => ({ GOOGLE_OAUTH_ACCESS_TOKEN: 'gcp-token', SOPS_GCP_KMS_CLIENT_TYPE: 'rest' }),
  ),
  "Google's token service": atIdentity(login),
  "Google's library": atIdentity(federated),
  Azure: {
    flags: () => ['--azure-kv', `${azure.address}/keys/main/v1`],
    env: () => ({
      ...application,
      AZURE_CLIENT_SECRET: 'client-secret',
      AZURE_AUTHORITY_HOST: azure.address,
      SOPS_AZURE_KEYVAULT_ORIGINS: azure.address,
    }),
    host: () => azure.address.slice('https://'.length),
  },
  Vault: {
    flags: () => ['--hc-vault-transit', `${vault.address}/v1/transit/keys/dev`],
    env: () => ({ VAULT_ADDR: vault.address, VAULT_TOKEN: 'test-token', VAULT_MAX_RETRIES: '0' }),
    host: () => vault.address.slice('https://'.length),
  },
  HuaweiCloud: {
    flags: () => ['--hckms', 'tr-west-1:key-1'],
    env: () => ({
      HUAWEICLOUD_SDK_AK: 'AK',
      HUAWEICLOUD_SDK_SK: 'SK-secret',
      HUAWEICLOUD_SDK_PROJECT_ID: 'p1',
      HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: huawei.address,
    }),
    host: () => huawei.address.slice('https://'.length),
  },
}
const rows = Object.entries(clients)

/** Nothing of this process' environment: it may name authorities. */
const bare = (): Env => ({ PATH: box.path('bin'), HOME: box.dir, SOPS_KMS_TIMEOUT: '20s' })
const encrypt = ({ flags, env }: Client, more: Env): Promise<Outcome> =>
  runProgram(['encrypt', ...flags(), 'plain.yaml'], { cwd: box.dir, env: { ...bare(), ...env(), ...more } })

const ways: Readonly<Record<string, Env>> = {
  SSL_CERT_FILE: { SSL_CERT_FILE: 'named/company' },
  SSL_CERT_DIR: { SSL_CERT_DIR: 'nowhere:others:named' },
  NODE_EXTRA_CA_CERTS: { NODE_EXTRA_CA_CERTS: 'named/company' },
}

describe.each(rows)('%s', (_, client) => {
  test.each(Object.entries(ways))('%s', async (_, way) => {
    const { exit, stderr } = await encrypt(client, way)
    expect([exit, stderr.toString()]).toEqual([0, ''])
  })

  test('an authority that nobody named: the host, and what to do', async () => {
    const { exit, stdout, stderr } = await encrypt(client, { SSL_CERT_DIR: 'others' })
    expect([exit === 0, stdout.length]).toEqual([false, 0])
    const text = stderr.toString().replaceAll(/\s*\n\s*(?:\| ?)?/g, ' ')
    expect(text).toContain(`${client.host()}: its certificate is signed by no authority that is trusted here`)
    expect(text).toContain('to what SSL_CERT_DIR names, or name a file with it in NODE_EXTRA_CA_CERTS')
  })
})

/** A name space in which the machine's folder of certificates is another one. */
function canReplaceFolders(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '--bind', box.path('etc'), '/etc/ssl/certs'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test("the machine's own authorities", async ({ skip }) => {
  if (!canReplaceFolders()) return skip('no name space to be had here in which /etc/ssl/certs is another folder')
  const { PATH = '' } = process.env
  const script = `mount --bind "$1" /etc/ssl/certs; shift; exec "$@"`
  for (const [name, { flags, env }] of rows) {
    const words = ['-rm', 'sh', '-c', script, 'sh', box.path('etc'), ...program, 'encrypt', ...flags(), 'plain.yaml']
    const run = { cwd: box.dir, env: { ...bare(), PATH, ...env() } }
    const { exit, stderr } = await runProcess('unshare', words, run)
    expect([name, exit, stderr.toString()]).toEqual([name, 0, ''])
  }
})

test('AWS_CA_BUNDLE and VAULT_CACERT stand instead of all that', async () => {
  const named = { SSL_CERT_FILE: 'named/company', NODE_EXTRA_CA_CERTS: 'named/company' }
  for (const [name, variable] of [
    ['AWS KMS', 'AWS_CA_BUNDLE'],
    ['Vault', 'VAULT_CACERT'],
  ] as const) {
    expect((await encrypt(clients[name]!, { [variable]: tls!.path })).exit).toBe(0)
    const { exit, stderr } = await encrypt(clients[name]!, { ...named, [variable]: other!.path })
    expect(exit).not.toBe(0)
    expect(stderr.toString()).toMatch(/signed by no authority/)
  }
})

test('through a proxy: what stands at the end of the tunnel is checked in the same way', async () => {
  const proxy = await startTunnelProxy(vault.port)
  try {
    const env = { VAULT_ADDR: 'https://kms.test', HTTPS_PROXY: proxy.url }
    const client = {
      ...clients['Vault']!,
      flags: () => ['--hc-vault-transit', 'https://kms.test/v1/transit/keys/dev'],
    }
    const good = await encrypt(client, { ...env, SSL_CERT_FILE: 'named/company' })
    expect([good.exit, good.stderr.toString()]).toEqual([0, ''])
    expect((await encrypt(client, env)).stderr.toString()).toMatch(/cannot reach kms\.test: its certificate is signed/)
  } finally {
    await proxy.close()
  }
})

test('publishing to Google', async () => {
  const sealed = await runProgram(['encrypt', ...clients['Vault']!.flags(), 'plain.yaml'], {
    cwd: box.dir,
    env: { ...bare(), ...clients['Vault']!.env(), SSL_CERT_FILE: tls!.path },
  })
  writeFileSync(box.path('sealed.yaml'), sealed.stdout)
  writeFileSync(box.path('.sops.yaml'), 'destination_rules:\n  - gcs_bucket: b\n')
  const env = { ...bare(), ...clients['Vault']!.env(), STORAGE_EMULATOR_HOST: gcs.address }
  const publish = (more: Env): Promise<Outcome> =>
    runProgram(['publish', '--yes', 'sealed.yaml'], { cwd: box.dir, env: { ...env, ...more } })
  const published = await publish({ SSL_CERT_FILE: tls!.path })
  expect([published.exit, published.stderr.toString()]).toEqual([0, ''])
  expect([...gcs.objects.keys()]).toEqual(['b/sealed.yaml'])
  // Vault is trusted by its own variable, the bucket by nobody.
  const refused = await publish({ VAULT_CACERT: tls!.path })
  expect(refused.exit).not.toBe(0)
  expect(refused.stderr.toString()).toMatch(/signed by no authority/)
})
