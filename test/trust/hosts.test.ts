// Files and rules that name another server, or another path of the right one: nothing is connected to, and no credential is looked for.
import { readFileSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Destination } from '../../src/config/match.ts'
import { keyTypes } from '../../src/keys/key-types.ts'
import type { KeyTypeId, MasterKey } from '../../src/keys/types.ts'
import { remoteKeyServices } from '../../src/keyservice/client.ts'
import { listen } from '../../src/keyservice/listen.ts'
import { makeListener, serve } from '../../src/keyservice/server.ts'
import { upload } from '../../src/publish/upload.ts'
import { runCli, type Sandbox, sandbox, withUmask } from '../support/cli.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { type HuaweiServer, startHuawei } from '../support/emulators/huawei.ts'
import { startVault, type VaultServer } from '../support/emulators/vault.ts'

const arn = 'arn:aws:kms:eu-west-2:1:key/a'
const resource = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'
const vaultKey = { vault_address: 'https://v.example:8200', engine_path: 'transit', key_name: 'k' }
const azureKey = { vault_url: 'https://mine.vault.azure.net', name: 'k', version: 'v1' }

/** A machine that is logged in everywhere. */
const credentials: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: 'AKIDTEST',
  AWS_SECRET_ACCESS_KEY: 'secret-of-aws',
  GOOGLE_OAUTH_ACCESS_TOKEN: 'secret-of-google',
  AZURE_TENANT_ID: 'tenant-1',
  AZURE_CLIENT_ID: 'client-1',
  AZURE_CLIENT_SECRET: 'secret-of-azure',
  VAULT_TOKEN: 'secret-of-vault',
  VAULT_HEADERS: '{"X-Secret":"secret-header"}',
  VAULT_NAMESPACE: 'team',
  HUAWEICLOUD_SDK_AK: 'AK',
  HUAWEICLOUD_SDK_SK: 'secret-of-huawei',
  HUAWEICLOUD_SDK_PROJECT_ID: 'p1',
}
const settings: Readonly<Record<string, string>> = {
  VAULT_ADDR: 'https://v.example:8200',
  SOPS_GCP_KMS_CLIENT_TYPE: 'rest',
  AWS_MAX_ATTEMPTS: '1',
  SOPS_KMS_TIMEOUT: '2s',
}

/** What was looked for: names of variables that hold credentials, and the home folder. */
let lookedFor: string[]
/** `host:port` of every connection that was tried; none is made. */
let asked: string[]

function watched(more: Readonly<Record<string, string>> = {}): FakeContext {
  const values: Readonly<Record<string, string>> = { ...credentials, ...settings, ...more }
  const env = new Proxy(values, {
    get(target, name) {
      if (Object.hasOwn(credentials, name)) lookedFor.push(String(name))
      return target[String(name)]
    },
  })
  const ctx = fakeContext({ env })
  return Object.defineProperty(ctx, 'home', {
    get() {
      lookedFor.push('home')
      return undefined
    },
  })
}

function watchConnections(): void {
  asked = []
  lookedFor = []
  vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...args: unknown[]) {
    const [first] = args
    const { path, host, port } = (Array.isArray(first) ? first[0] : first) as Record<string, unknown>
    asked.push(path === undefined || path === null ? `${host}:${port}` : String(path))
    process.nextTick(() => this.destroy(new Error('no connection is made in this test')))
    return this
  })
}

const keyOf = (type: KeyTypeId, fields: MasterKey['fields']): MasterKey => ({ type, fields, enc: 'AAAA' })

async function tryBoth(key: MasterKey, ctx: () => FakeContext): Promise<string[]> {
  const type = keyTypes[key.type]
  const failed = (work: Promise<unknown>): Promise<string> =>
    work.then(
      (result) => JSON.stringify(result),
      (error: Error) => error.message,
    )
  return [await failed(type.wrap(key, new Uint8Array(32), ctx())), await failed(type.unwrap(key, ctx()))]
}

const dots = [
  '',
  '.',
  '..',
  'a/..',
  '../../secret/prod/db',
  '..%2f..%2fsecret',
  '%2e%2e',
  'a\\..\\b',
  '..;/b',
  'a?b',
  'a#b',
  'a\nb',
]

describe('keys', () => {
  beforeEach(watchConnections)
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test.each<[KeyTypeId, MasterKey['fields'], string]>([
    ['kms', { arn }, 'kms.eu-west-2.amazonaws.com:443'],
    ['kms', { arn, role: 'arn:aws:iam::1:role/r' }, 'sts.eu-west-2.amazonaws.com:443'],
    ['gcp_kms', { resource_id: resource }, 'cloudkms.googleapis.com:443'],
    ['azure_kv', azureKey, 'mine.vault.azure.net:443'],
    ['hc_vault', vaultKey, 'v.example:8200'],
    ['hckms', { key_id: 'cn-north-1:uuid' }, 'kms.cn-north-1.myhuaweicloud.com:443'],
  ])('%s %j asks %s', async (type, fields, host) => {
    const [wrapping, unwrapping] = await tryBoth(keyOf(type, fields), watched)
    expect([...new Set(asked)]).toEqual([host])
    expect(lookedFor).not.toEqual([])
    for (const text of [wrapping, unwrapping]) expect(text).not.toMatch(/secret/)
  })

  const foreign: readonly (readonly [KeyTypeId, MasterKey['fields']])[] = [
    ...[
      'evil.example',
      'evil.example/',
      'evil.example#',
      'evil.example?x',
      'x@evil.example',
      'a.b',
      'a:b',
      '..',
      '-a',
      'a-',
      'a b',
      'a\tb',
      'é',
      'a%2e',
      'a\\b',
      'a'.repeat(64),
    ].flatMap((region) => [
      ['kms', { arn: `arn:aws:kms:${region}:1:key/a` }] as const,
      ['kms', { arn: `arn:aws:kms:${region}:1:key/a`, role: 'arn:aws:iam::1:role/r' }] as const,
    ]),
    ...['evil.example/', 'evil.example#', 'x@evil.example', 'a.b', '..', 'a b', 'a\nb', 'é', 'a%2e'].map(
      (region) => ['hckms', { key_id: `${region}:uuid` }] as const,
    ),
    ...dots.flatMap((part) => [
      ['gcp_kms', { resource_id: `projects/${part}/locations/global/keyRings/r/cryptoKeys/k` }] as const,
      ['gcp_kms', { resource_id: `projects/p/locations/${part}/keyRings/r/cryptoKeys/k` }] as const,
      ['gcp_kms', { resource_id: `projects/p/locations/global/keyRings/r/cryptoKeys/${part}` }] as const,
      ['azure_kv', { ...azureKey, name: part }] as const,
      ...(part === '' ? [] : [['azure_kv', { ...azureKey, version: part }] as const]),
      ['hc_vault', { ...vaultKey, engine_path: part }] as const,
      ['hc_vault', { ...vaultKey, key_name: part }] as const,
    ]),
    ['gcp_kms', { resource_id: `${resource}:asymmetricDecrypt` }],
    ['gcp_kms', { resource_id: `https://evil.example/${resource}` }],
    ['hc_vault', { ...vaultKey, key_name: 'a/b' }],
    ...[
      'https://evil.example',
      'https://mine.vault.azure.net.evil.example',
      'https://mine.vault.azure.net@evil.example',
      'https://evil.example#.vault.azure.net',
      'https://evil.example/.vault.azure.net',
      'https://mine.vault.azure.net:8443',
      'https://mine.vault.azure.net/secrets',
      'https://vault.azure.net',
      'https://localhost',
      'http://mine.vault.azure.net',
      '//mine.vault.azure.net',
      '',
    ].map((vault_url) => ['azure_kv', { ...azureKey, vault_url }] as const),
    ...[
      'https://evil.example',
      'https://v.example',
      'http://v.example:8200',
      'https://v.example:8200@evil.example',
      'https://v.example:8200.evil.example',
      'https://v.example:8200/../x',
      'https://v.example:8200/a/%2e%2e',
      'https://v.example:8200?x',
      'http://127.0.0.1:8200',
      'http://169.254.169.254',
      'unix:///var/run/docker.sock',
      'unix://',
      'file:///etc/passwd',
      '',
    ].map((vault_address) => ['hc_vault', { ...vaultKey, vault_address }] as const),
  ]

  test.each(foreign)('%s %j asks nobody', async (type, fields) => {
    for (const text of await tryBoth(keyOf(type, fields), watched)) expect(text).not.toBe('')
    expect(asked).toEqual([])
    expect(lookedFor).toEqual([])
  })
})

describe('destinations of publish', () => {
  beforeEach(watchConnections)
  afterEach(() => {
    vi.restoreAllMocks()
  })

  const vault = {
    kind: 'vault',
    address: 'https://v.example:8200',
    mount: 'secret/',
    path: 'team/',
    version: 2,
  } as const
  const send = async (destination: Destination, name: string): Promise<string> => {
    const plain = { documents: [] }
    const parcel =
      destination.kind === 'vault'
        ? { name, vault: destination, plain }
        : { name, bucket: destination, bytes: new Uint8Array(1) }
    return upload(parcel, watched()).then(
      () => 'sent',
      (error: Error) => error.message,
    )
  }

  test('Vault is asked where VAULT_ADDR names it', async () => {
    await send(vault, 'f.yaml')
    expect([...new Set(asked)]).toEqual(['v.example:8200'])
  })

  test.each<[Destination, string]>([
    ...['https://evil.example', 'http://v.example:8200', 'https://127.0.0.1:8200', 'unix:///run/x'].map(
      (address) => [{ ...vault, address }, 'f'] as [Destination, string],
    ),
    ...dots.flatMap((part): [Destination, string][] => [
      [{ ...vault, mount: `${part}/` }, 'f'],
      [{ ...vault, path: `${part}/` }, 'f'],
      [vault, part],
    ]),
    ...(['s3', 'gcs'] as const).flatMap((kind): [Destination, string][] => [
      ...[
        '..',
        'a..b',
        'a/b',
        'evil.example/',
        'a?b',
        'a#b',
        'a@b',
        'a b',
        'arn:aws:s3:evil.example:1:accesspoint/x',
      ].map((bucket): [Destination, string] => [{ kind, bucket, prefix: '' }, 'f']),
      [{ kind, bucket: 'b', prefix: '../other/' }, 'f'],
      [{ kind, bucket: 'b', prefix: 'a/./' }, 'f'],
      [{ kind, bucket: 'b', prefix: '' }, '..'],
      [{ kind, bucket: 'b', prefix: '' }, 'a\nb'],
    ]),
  ])('%j, %j asks nobody', async (destination, name) => {
    expect(await send(destination, name)).not.toBe('sent')
    expect(asked).toEqual([])
    expect(lookedFor).toEqual([])
  })
})

describe('redirects to another server', () => {
  let trap: VaultServer
  let vault: VaultServer
  let huawei: HuaweiServer
  beforeAll(async () => {
    ;[trap, vault, huawei] = await Promise.all([startVault(), startVault(), startHuawei()])
  })
  afterAll(async () => {
    await Promise.all([trap.close(), vault.close(), huawei.close()])
  })

  const statuses = [301, 302, 303, 307, 308]
  test.each(statuses)('a Vault server that answers with %i', async (status) => {
    vault.faults.push({ status, headers: { Location: `${trap.address}/v1/transit/encrypt/dev` } })
    const key = keyOf('hc_vault', { ...vaultKey, vault_address: vault.address, key_name: 'dev' })
    const ctx = fakeContext({ env: { VAULT_ADDR: vault.address, VAULT_TOKEN: 'test-token' } })
    await expect(keyTypes.hc_vault.wrap(key, new Uint8Array(32), ctx)).rejects.toThrow(
      /redirect to another server|Code: 30/,
    )
    expect(trap.requests).toEqual([])
  })

  test.each(statuses)('a HuaweiCloud service that answers with %i', async (status) => {
    huawei.faults.push({ status, headers: { Location: trap.address } })
    const env = { ...credentials, HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: huawei.address }
    const key = keyOf('hckms', { key_id: 'tr-west-1:key-1' })
    await expect(keyTypes.hckms.wrap(key, new Uint8Array(32), fakeContext({ env }))).rejects.toThrow(/status 30/)
    expect(trap.requests).toEqual([])
  })

  test.each(statuses)('a Cloud KMS endpoint that answers with %i', async (status) => {
    huawei.faults.push({ status, headers: { Location: trap.address } })
    const env = { ...credentials, SOPS_GCP_KMS_CLIENT_TYPE: 'rest', SOPS_GCP_KMS_ENDPOINT: huawei.address }
    const key = keyOf('gcp_kms', { resource_id: resource })
    await expect(keyTypes.gcp_kms.wrap(key, new Uint8Array(32), fakeContext({ env }))).rejects.toThrow(
      /status 30\d from .*: a redirect to/,
    )
    expect(trap.requests).toEqual([])
  })

  test.each(statuses)('an AWS endpoint that answers with %i', async (status) => {
    huawei.faults.push({ status, headers: { Location: trap.address } })
    const env = { ...credentials, AWS_MAX_ATTEMPTS: '1', AWS_ENDPOINT_URL: huawei.address }
    await expect(keyTypes.kms.wrap(keyOf('kms', { arn }), new Uint8Array(32), fakeContext({ env }))).rejects.toThrow()
    expect(huawei.requests.length).toBeGreaterThan(0)
    expect(trap.requests).toEqual([])
  })
})

test('a key service that is asked for the key of another server', async () => {
  const trap = await startVault()
  const box = sandbox()
  const listener = makeListener()
  const server = serve(listener, fakeContext({ env: { ...credentials, ...settings } }), {})
  await listen(listener, 'unix', box.path('s'), withUmask)
  const [service] = remoteKeyServices([`unix://${box.path('s')}`], fakeContext())
  for (const fields of [
    { ...vaultKey, vault_address: trap.address },
    { ...vaultKey, key_name: '../../secret/prod/db' },
  ]) {
    await expect(service!.wrap(keyOf('hc_vault', fields), new Uint8Array(32))).rejects.toThrow(/none that you|refused/)
    await expect(service!.unwrap(keyOf('hc_vault', fields))).rejects.toThrow(/none that you|refused/)
  }
  expect(trap.requests).toEqual([])
  server.stop()
  box.remove()
  await trap.close()
})

describe('at the command line', () => {
  let vault: VaultServer
  let trap: VaultServer
  let box: Sandbox
  let sealed: string
  beforeAll(async () => {
    ;[vault, trap] = await Promise.all([startVault(), startVault()])
    box = sandbox({ 'f.yaml': 'a: 1\n', '.sops.yaml': '{}\n' })
    const uri = `${vault.address}/v1/transit/keys/dev`
    const made = await sops({ VAULT_ADDR: vault.address }, 'encrypt', '--hc-vault-transit', uri, 'f.yaml')
    expect(made.stderr).toBe('')
    sealed = made.stdout.toString()
  })
  afterAll(async () => {
    await Promise.all([vault.close(), trap.close()])
    box.remove()
  })
  beforeEach(() => {
    vault.requests.length = 0
  })

  const sops = (env: Record<string, string>, ...argv: string[]) =>
    runCli(argv, { cwd: box.dir, env: { VAULT_TOKEN: 'test-token', ...env } })

  test.each([['decrypt'], ['rotate', '-i'], ['edit'], ['set', '-i']])(
    '%s of a file that names another server',
    async (...argv) => {
      writeFileSync(box.path('evil.yaml'), sealed.replace(vault.address, trap.address))
      const before = readFileSync(box.path('evil.yaml'))
      const words = argv[0] === 'set' ? ['set', 'evil.yaml', '["a"]', '2'] : [...argv, 'evil.yaml']
      const { code, stderr } = await sops({ VAULT_ADDR: vault.address }, ...words)
      expect(code).toBe(128)
      expect(stderr.replace(/[\s|]+/g, ' ')).toContain('is none that you named: nothing is sent there')
      for (const name of ['VAULT_ADDR', 'SOPS_HC_VAULT_ALLOWLIST'])
        expect(stderr).toMatch(new RegExp(`^[ |]*${name}=${trap.address}$`, 'm'))
      expect([trap.requests, vault.requests]).toEqual([[], []])
      expect(readFileSync(box.path('evil.yaml'))).toEqual(before)
    },
  )

  test('one of the lines of the refusal lets it pass', async () => {
    writeFileSync(box.path('good.yaml'), sealed)
    expect(await sops({ SOPS_HC_VAULT_ALLOWLIST: vault.address }, 'decrypt', 'good.yaml')).toMatchObject({ code: 0 })
  })

  test.each([
    ['key_name', '../../secret/prod/db'],
    ['engine_path', 'transit/../secret'],
  ])('%s: %s is not asked for', async (field, value) => {
    writeFileSync(box.path('evil.yaml'), sealed.replace(new RegExp(`(${field}): .*`), `$1: ${value}`))
    const { code, stderr } = await sops({ SOPS_HC_VAULT_ALLOWLIST: 'all' }, 'decrypt', 'evil.yaml')
    expect(code).toBe(128)
    expect(stderr).toContain(`the ${field} of a Vault key`)
    expect(vault.requests).toEqual([])
  })

  test.each([
    '--hc-vault-transit=http://127.0.0.1:1/v1/transit/keys/..',
    '--hc-vault-transit=http://127.0.0.1:1/v1/a/../b/keys/k',
    '--hc-vault-transit=http://127.0.0.1:1/v1/a%2f..%2fb/keys/k',
  ])('%s is refused', async (flag) => {
    const { code, stderr } = await sops({ SOPS_HC_VAULT_ALLOWLIST: 'all' }, 'encrypt', flag, 'f.yaml')
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/the path of the Vault URL .* is refused/)
  })
})
