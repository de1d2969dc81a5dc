// What talks to services, in the executable alone: keys of every kind, ways to credentials, publishing, audit records, key services.
import { spawn } from 'node:child_process'
import { generateKeyPairSync, verify } from 'node:crypto'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bin } from '../support/build.ts'
import { type AwsEmulator, awsDefaults, startAws } from '../support/emulators/aws.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { type AzureServer, startAzure } from '../support/emulators/azure.ts'
import { type GcpEmulator, startGcpGrpc, startGcpRest } from '../support/emulators/gcp.ts'
import { type IdentityServer, startGcpIdentity } from '../support/emulators/gcp-identity.ts'
import { type GcsServer, startGcs } from '../support/emulators/gcs.ts'
import { type HuaweiServer, startHuawei } from '../support/emulators/huawei.ts'
import { startTunnelProxy, type TunnelProxy } from '../support/emulators/proxy.ts'
import { type S3Server, startS3 } from '../support/emulators/s3.ts'
import { startVault, type VaultServer } from '../support/emulators/vault.ts'
import { runProcess } from '../support/process.ts'
import { type Alone, alone, executable, saySkipped, shown } from './alone.ts'

const plain = 'a: 1\nb: two\n'
const arn = 'arn:aws:kms:eu-west-2:111122223333:key/a'
const role = 'arn:aws:iam::111122223333:role/r'
const resource = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'

saySkipped('the clouds in the executable')

describe.skipIf(executable === undefined)('the executable alone', () => {
  let sops: Alone
  let tls: TestCertificate
  let aws: AwsEmulator
  let awsTls: AwsEmulator
  let grpc: GcpEmulator
  let rest: GcpEmulator
  let identity: IdentityServer
  let azure: AzureServer
  let vault: VaultServer
  let vaultTls: VaultServer
  let huawei: HuaweiServer
  let s3: S3Server
  let gcs: GcsServer
  let proxy: TunnelProxy
  let age: string
  let recipient: string

  beforeAll(async () => {
    tls = makeCertificate('kms.test')
    const keys = { [arn]: 'enabled' } as const
    aws = await startAws({ keys, roles: [role] })
    awsTls = await startAws({ keys, tls })
    grpc = await startGcpGrpc({ keys: { [resource]: 'enabled' }, tokens: ['gcp-token', 'federated'] }, tls)
    rest = await startGcpRest({
      keys: { [resource]: 'enabled' },
      tokens: (token) => ['gcp-token', 'federated'].includes(token) || isSigned(token),
    })
    identity = await startGcpIdentity({ tls })
    azure = await startAzure({ tls })
    vault = await startVault()
    vaultTls = await startVault({ tls })
    huawei = await startHuawei()
    s3 = await startS3()
    gcs = await startGcs()
    proxy = await startTunnelProxy(grpc.port)
    age = await generateIdentity()
    recipient = await identityToRecipient(age)
    sops = alone({
      'plain.yaml': plain,
      'token.txt': 'subject-token',
      'web-token.txt': 'the-token',
      'aws-config': `[profile p]\nrole_arn = ${role}\nsource_profile = base\nregion = eu-west-2\n`,
      'aws-credentials': `[base]\naws_access_key_id = ${awsDefaults.AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${awsDefaults.AWS_SECRET_ACCESS_KEY}\n`,
    })
  })
  afterAll(async () => {
    const servers = [aws, awsTls, grpc, rest, identity, azure, vault, vaultTls, huawei, s3, gcs]
    await Promise.all(servers.map((server) => server.close()))
    proxy.close()
    tls.remove()
    sops.remove()
  })

  type Env = Record<string, string>
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  /** A token that the service account signed by itself. */
  const isSigned = (token: string): boolean => {
    const [header = '', claims = '', signature = ''] = token.split('.')
    return verify('sha256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))
  }
  const inBox = (name: string): string => sops.box.path(name)
  const azureKey = (): string[] => ['--azure-kv', `${azure.address}/keys/main/v1`]
  const azurePlace = (): Env => ({ SOPS_AZURE_KEYVAULT_ORIGINS: azure.address, NODE_EXTRA_CA_CERTS: tls.path })
  const azureApplication = (): Env => ({
    ...azurePlace(),
    AZURE_AUTHORITY_HOST: azure.address,
    AZURE_TENANT_ID: 'tenant-1',
    AZURE_CLIENT_ID: 'client-1',
  })
  const google = (more: Env): Env => ({
    SOPS_GCP_KMS_ENDPOINT: `localhost:${grpc.port}`,
    SSL_CERT_FILE: tls.path,
    ...more,
  })
  const googleRest = (more: Env): Env => ({
    SOPS_GCP_KMS_ENDPOINT: `http://127.0.0.1:${rest.port}`,
    SOPS_GCP_KMS_CLIENT_TYPE: 'rest',
    NODE_EXTRA_CA_CERTS: tls.path,
    ...more,
  })
  const workload = (): Env => ({
    GOOGLE_CREDENTIALS: JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${identity.address}/sts`,
      credential_source: { file: inBox('token.txt') },
    }),
    NODE_EXTRA_CA_CERTS: tls.path,
  })

  test.each<[string, () => string[], () => Env]>([
    ['AWS', () => ['--kms', arn], () => ({ ...awsDefaults, AWS_ENDPOINT_URL: aws.url })],
    [
      'AWS over TLS',
      () => ['--kms', arn],
      () => ({ ...awsDefaults, AWS_ENDPOINT_URL: awsTls.url, SSL_CERT_DIR: dirname(tls.path) }),
    ],
    [
      'AWS, a certificate of AWS_CA_BUNDLE',
      () => ['--kms', arn],
      () => ({ ...awsDefaults, AWS_ENDPOINT_URL: awsTls.url, AWS_CA_BUNDLE: tls.path }),
    ],
    [
      'AWS, a role of a profile',
      () => ['--kms', arn, '--aws-profile', 'p'],
      () => ({
        AWS_CONFIG_FILE: inBox('aws-config'),
        AWS_SHARED_CREDENTIALS_FILE: inBox('aws-credentials'),
        AWS_ENDPOINT_URL: aws.url,
      }),
    ],
    [
      'AWS, a role of the key',
      () => ['--kms', `${arn}+${role}`],
      () => ({ ...awsDefaults, AWS_ENDPOINT_URL: aws.url }),
    ],
    [
      'AWS, a web identity',
      () => ['--kms', arn],
      () => ({ AWS_WEB_IDENTITY_TOKEN_FILE: inBox('web-token.txt'), AWS_ROLE_ARN: role, AWS_ENDPOINT_URL: aws.url }),
    ],
    ['Google over gRPC', () => ['--gcp-kms', resource], () => google({ GOOGLE_OAUTH_ACCESS_TOKEN: 'gcp-token' })],
    [
      'Google over gRPC through a proxy',
      () => ['--gcp-kms', resource],
      () =>
        google({
          GOOGLE_OAUTH_ACCESS_TOKEN: 'gcp-token',
          SOPS_GCP_KMS_ENDPOINT: 'kms.test:443',
          HTTPS_PROXY: proxy.url,
        }),
    ],
    ['Google over HTTP', () => ['--gcp-kms', resource], () => googleRest({ GOOGLE_OAUTH_ACCESS_TOKEN: 'gcp-token' })],
    [
      'Google, a service account',
      () => ['--gcp-kms', resource],
      () =>
        googleRest({
          GOOGLE_CREDENTIALS: JSON.stringify({
            type: 'service_account',
            client_email: 'sa@p.test',
            private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
            private_key_id: 'k1',
          }),
        }),
    ],
    ['Google, a workload identity', () => ['--gcp-kms', resource], () => googleRest(workload())],
    ['Azure, a secret', azureKey, () => ({ ...azureApplication(), AZURE_CLIENT_SECRET: 'client-secret' })],
    [
      'Azure, a token that its package gets',
      azureKey,
      () => ({ ...azurePlace(), MSI_ENDPOINT: `${azure.address}/shell/token` }),
    ],
    [
      'Vault',
      () => ['--hc-vault-transit', `${vault.address}/v1/transit/keys/dev`],
      () => ({ VAULT_ADDR: vault.address, VAULT_TOKEN: 'test-token' }),
    ],
    [
      'Vault over TLS',
      () => ['--hc-vault-transit', `${vaultTls.address}/v1/transit/keys/dev`],
      () => ({ VAULT_ADDR: vaultTls.address, VAULT_TOKEN: 'test-token', VAULT_CACERT: tls.path }),
    ],
    [
      'Huawei',
      () => ['--hckms', 'tr-west-1:key-1'],
      () => ({
        HUAWEICLOUD_SDK_AK: 'AK',
        HUAWEICLOUD_SDK_SK: 'SK-secret',
        HUAWEICLOUD_SDK_PROJECT_ID: 'p1',
        HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: huawei.address,
      }),
    ],
  ])('%s: encrypts, and opens what it encrypted', async (_, flags, env) => {
    const sealed = await sops.run(['encrypt', ...flags(), 'plain.yaml'], env())
    expect([sealed.exit, sealed.stderr.toString()]).toEqual([0, ''])
    expect(sealed.stdout.toString()).toMatch(/^a: ENC\[/)
    const opening = ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml']
    expect(shown(await sops.run(opening, env(), sealed.stdout.toString()))).toEqual([0, plain, ''])
  })

  test.each<[string, () => string[], () => Env, RegExp]>([
    [
      'AWS',
      () => ['--kms', arn],
      () => ({ ...awsDefaults, AWS_ENDPOINT_URL: awsTls.url, SOPS_KMS_TIMEOUT: '5s' }),
      /localhost:\d+: its certificate is signed by no authority .*NODE_EXTRA_CA_CERTS/s,
    ],
    [
      'Google',
      () => ['--gcp-kms', resource],
      () => ({
        GOOGLE_OAUTH_ACCESS_TOKEN: 'gcp-token',
        SOPS_GCP_KMS_ENDPOINT: `localhost:${grpc.port}`,
        SOPS_KMS_TIMEOUT: '5s',
      }),
      /localhost:\d+: its certificate is signed by no authority .*NODE_EXTRA_CA_CERTS/s,
    ],
    [
      'Vault',
      () => ['--hc-vault-transit', `${vaultTls.address}/v1/transit/keys/dev`],
      () => ({ VAULT_ADDR: vaultTls.address, VAULT_TOKEN: 'test-token', VAULT_MAX_RETRIES: '0' }),
      /localhost:\d+: its certificate is signed by no authority .*NODE_EXTRA_CA_CERTS/s,
    ],
  ])('%s: a certificate that nobody vouches for is refused', async (_, flags, env, cause) => {
    const { exit, stdout, stderr } = await sops.run(['encrypt', ...flags(), 'plain.yaml'], env())
    expect([exit === 0, stdout.toString()]).toEqual([false, ''])
    expect(stderr.toString()).toMatch(cause)
  })

  describe('publishes', () => {
    const rule = async (text: string, name: string): Promise<Buffer> => {
      const { stdout } = await sops.run(['encrypt', '--age', recipient, 'plain.yaml'])
      writeFileSync(inBox(name), stdout)
      writeFileSync(inBox('.sops.yaml'), `destination_rules:\n${text}`)
      return stdout
    }
    afterAll(() => rmSync(inBox('.sops.yaml'), { force: true }))

    test('to S3', async () => {
      const bytes = await rule('  - s3_bucket: b\n    s3_prefix: p/\n', 's3.yaml')
      const env = { ...awsDefaults, AWS_ENDPOINT_URL_S3: s3.address, AWS_REGION: 'eu-test-1', SOPS_AGE_KEY: age }
      expect(shown(await sops.run(['publish', '--yes', 's3.yaml'], env))).toEqual([0, '', ''])
      expect([...s3.objects]).toEqual([['b/p/s3.yaml', bytes]])
    })

    test('to Google', async () => {
      const bytes = await rule('  - gcs_bucket: b\n    gcs_prefix: p/\n', 'gcs.yaml')
      const env = { STORAGE_EMULATOR_HOST: gcs.address, SOPS_AGE_KEY: age }
      expect(shown(await sops.run(['publish', '--yes', 'gcs.yaml'], env))).toEqual([0, '', ''])
      expect([...gcs.objects]).toEqual([['b/p/gcs.yaml', bytes]])
    })

    test('to Vault', async () => {
      await rule(`  - vault_path: p/\n    vault_address: ${vault.address}\n`, 'vault.yaml')
      const env = { VAULT_ADDR: vault.address, VAULT_TOKEN: 'test-token', SOPS_AGE_KEY: age }
      expect(shown(await sops.run(['publish', '--yes', 'vault.yaml'], env))).toEqual([0, '', ''])
      expect(vault.requests.at(-1)).toMatchObject({ path: '/v1/secret/data/p/vault.yaml', method: 'PUT' })
    })
  })

  test.each([
    ['the executable', () => [sops.program], () => [sops.program]],
    ['the Node form', () => [process.execPath, bin], () => [sops.program]],
    ['the executable, to the Node form', () => [sops.program], () => [process.execPath, bin]],
  ])('keys that %s serves', async (_, server, client) => {
    const socket = inBox('s.sock')
    const [file, ...first] = server() as [string, ...string[]]
    const serving = spawn(file, [...first, 'keyservice', '--net', 'unix', '--addr', socket], {
      cwd: sops.box.dir,
      env: { ...sops.env, SOPS_AGE_KEY: age },
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => serving.on('exit', resolve))
    try {
      while (!existsSync(socket) && serving.exitCode === null) await sleep(20)
      const sealed = await sops.run(['encrypt', '--age', recipient, 'plain.yaml'])
      const [program, ...words] = client() as [string, ...string[]]
      const argv = ['decrypt', '--enable-local-keyservice=false', '--keyservice', `unix://${socket}`]
      const opened = await runProcess(program, [...words, ...argv, '--input-type', 'yaml', '--output-type', 'yaml'], {
        cwd: sops.box.dir,
        env: sops.env,
        stdin: sealed.stdout,
      })
      expect(shown(opened)).toEqual([0, plain, ''])
    } finally {
      serving.kill('SIGTERM')
      await ended
    }
    expect(existsSync(socket)).toBe(false)
  })

  test.each<[string, string[], Env]>([
    ['a service that is not there', ['--kms', arn], { ...awsDefaults, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }],
    [
      'a name that nobody knows',
      ['--hc-vault-transit', 'http://nowhere.invalid/v1/transit/keys/dev'],
      { VAULT_ADDR: 'http://nowhere.invalid', VAULT_TOKEN: 't', VAULT_MAX_RETRIES: '0' },
    ],
    [
      'a gRPC service that is not there',
      ['--gcp-kms', resource],
      { GOOGLE_OAUTH_ACCESS_TOKEN: 't', SOPS_GCP_KMS_ENDPOINT: 'localhost:1', SOPS_KMS_TIMEOUT: '2s' },
    ],
    ['no credentials', ['--kms', arn], { AWS_EC2_METADATA_DISABLED: 'true', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }],
    [
      'a key service that is not there',
      ['--enable-local-keyservice=false', '--keyservice', 'unix:///nonexistent.sock', '--age', 'RECIPIENT'],
      {},
    ],
  ])('%s: both forms say the same', async (_, words, env) => {
    const argv = ['encrypt', ...words.map((word) => word.replace('RECIPIENT', recipient)), 'plain.yaml']
    const options = { cwd: sops.box.dir, env: { ...sops.env, ...env } }
    const node = await runProcess(process.execPath, [bin, ...argv], options)
    expect(shown(await sops.run(argv, env))).toEqual(shown(node))
  })

  test.each<[string, () => string[], () => Env]>([
    [
      'AWS',
      () => ['--kms', arn],
      () => ({ ...awsDefaults, AWS_ENDPOINT_URL: 'https://kms.test:1', NODE_EXTRA_CA_CERTS: tls.path }),
    ],
    [
      'Vault',
      () => ['--hc-vault-transit', 'https://kms.test/v1/transit/keys/dev'],
      () => ({ VAULT_ADDR: 'https://kms.test', VAULT_TOKEN: 'test-token', VAULT_CACERT: tls.path }),
    ],
  ])('%s through a proxy, and past one: both forms ask it the same', async (name, words, env) => {
    const through = await startTunnelProxy((name === 'AWS' ? awsTls : vaultTls).port)
    const argv = ['encrypt', ...words(), 'plain.yaml']
    try {
      for (const settings of [{}, { NO_PROXY: 'kms.test' }, { NO_PROXY: '*' }, { NO_PROXY: '.test' }]) {
        const variables = {
          ...env(),
          HTTPS_PROXY: through.url,
          SOPS_KMS_TIMEOUT: '3s',
          VAULT_MAX_RETRIES: '0',
          ...settings,
        }
        const options = { cwd: sops.box.dir, env: { ...sops.env, ...variables } }
        const start = through.seen.length
        const node = await runProcess(process.execPath, [bin, ...argv], options)
        const byNode = through.seen.slice(start)
        const own = await sops.run(argv, variables)
        expect([settings, own.exit, own.stderr.toString()]).toEqual([settings, node.exit, node.stderr.toString()])
        expect(through.seen.slice(start + byNode.length)).toEqual(byNode)
      }
    } finally {
      through.close()
    }
  })
})
