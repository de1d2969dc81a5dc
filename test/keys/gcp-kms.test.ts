import { generateKeyPairSync, verify } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { storageCredentials } from '../../src/keys/gcp-kms/credentials.ts'
import { gcpKms } from '../../src/keys/gcp-kms.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import {
  type GcpEmulator,
  type GcpEmulatorOptions,
  startGcpGrpc,
  startGcpRest,
  startGcpTokens,
} from '../support/emulators/gcp.ts'

const name = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'
const dataKey = new Uint8Array(32).map((_, i) => 255 - i)

let tls: TestCertificate
let home: string
beforeAll(() => {
  tls = makeCertificate()
  home = mkdtempSync(join(tmpdir(), 'sops-gcp-'))
})
afterAll(() => {
  tls.remove()
  rmSync(home, { recursive: true, force: true })
})

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

const keyOf = (enc = '', id = name): MasterKey => ({
  type: 'gcp_kms',
  fields: { resource_id: id },
  createdAt: '2026-01-02T03:04:05Z',
  enc,
})

interface Setup {
  readonly server: GcpEmulator
  readonly ctx: FakeContext
}

async function setup(kind: 'grpc' | 'rest', options: Partial<GcpEmulatorOptions> = {}, env = {}): Promise<Setup> {
  const all = { keys: { [name]: 'enabled' as const }, ...options }
  const server = kind === 'grpc' ? await startGcpGrpc(all, tls) : await startGcpRest(all)
  open.push(server)
  const place =
    kind === 'grpc'
      ? { SOPS_GCP_KMS_ENDPOINT: `localhost:${server.port}`, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: tls.path }
      : { SOPS_GCP_KMS_ENDPOINT: `http://127.0.0.1:${server.port}`, SOPS_GCP_KMS_CLIENT_TYPE: 'REST' }
  return { server, ctx: fakeContext({ env: { ...place, GOOGLE_OAUTH_ACCESS_TOKEN: 'gcp-token', ...env } }) }
}

test.each(['grpc', 'rest'] as const)('wraps and unwraps over %s', async (kind) => {
  const { server, ctx } = await setup(kind)
  const enc = await gcpKms.wrap(keyOf(), dataKey, ctx)
  expect(enc).toMatch(/^[A-Za-z0-9+/]+=*$/)
  expect(await gcpKms.unwrap(keyOf(enc), ctx)).toEqual(dataKey)
  expect(server.requests.map(({ operation, authorization }) => `${operation} ${authorization}`)).toEqual([
    'encrypt Bearer gcp-token',
    'decrypt Bearer gcp-token',
  ])
})

describe('identifiers', () => {
  const ctx = fakeContext()
  test.each([
    ['', []],
    [' a b , c', ['ab', 'c']],
    ['a,,b', ['a', '', 'b']],
  ])('%j', async (text, expected) => {
    const keys = await gcpKms.parse(text, ctx)
    expect(keys.map(gcpKms.label)).toEqual(expected)
    for (const key of keys) expect(key.createdAt).toBe('2026-01-02T03:04:05Z')
  })

  test('an item of a key group', async () => {
    expect((await gcpKms.parseGroupItem({ resource_id: ' a b' }, ctx)).map(gcpKms.label)).toEqual(['ab'])
    await expect(gcpKms.parseGroupItem('a', ctx)).rejects.toThrow('must be a mapping')
  })

  test.each([
    '',
    `${name}/cryptoKeyVersions/1`,
    `/${name}`,
    'projects/p/locations/global/keyRings//cryptoKeys/k',
    'projects/../locations/global/keyRings/r/cryptoKeys/k',
  ])('no resource id: %j', async (id) => {
    const message = `cannot create GCP KMS service: no valid resource ID found in "${id}"`
    await expect(gcpKms.wrap(keyOf('', id), dataKey, ctx)).rejects.toThrow(message)
    await expect(gcpKms.unwrap(keyOf('AAAA', id), ctx)).rejects.toThrow(message)
  })
})

describe.each(['grpc', 'rest'] as const)('over %s', (kind) => {
  const failing = 'failed to decrypt sops data key with GCP KMS key: '

  test('one connection for all calls, one client', async () => {
    const { server, ctx } = await setup(kind)
    const encs = await Promise.all([gcpKms.wrap(keyOf(), dataKey, ctx), gcpKms.wrap(keyOf(), dataKey.slice(1), ctx)])
    expect((await gcpKms.unwrap(keyOf(encs[1]), ctx)) as Uint8Array).toEqual(dataKey.slice(1))
    if (kind === 'grpc') expect(new Set(server.requests.map(({ peer }) => peer)).size).toBe(1)
    if (kind === 'grpc')
      expect(server.requests[0]!.headers['x-goog-request-params']).toBe(`name=${encodeURIComponent(name)}`)
  })

  test.each([
    ['denied', /PermissionDenied|PERMISSION_DENIED/],
    ['disabled', /FailedPrecondition|FAILED_PRECONDITION/],
  ] as const)('a key that is %s', async (state, message) => {
    const { ctx } = await setup(kind, { keys: { [name]: state } })
    const error = await gcpKms.unwrap(keyOf('AAAA'), ctx).catch(String)
    expect(error).toContain(failing)
    expect(error).toMatch(message)
  })

  test('a key that is gone, a changed ciphertext, a token that is refused', async () => {
    const { ctx } = await setup(kind)
    const enc = await gcpKms.wrap(keyOf(), dataKey, ctx)
    await expect(gcpKms.unwrap(keyOf(enc, `${name}x`), ctx)).rejects.toThrow('not found')
    const blob = Buffer.from(enc, 'base64')
    blob[30]! ^= 1
    await expect(gcpKms.unwrap(keyOf(blob.toString('base64')), ctx)).rejects.toThrow('Decryption failed')
    const { ctx: other } = await setup(kind, {}, { GOOGLE_OAUTH_ACCESS_TOKEN: 'expired-token' })
    const error = await gcpKms.unwrap(keyOf(enc), other).catch(String)
    expect(error).toMatch(/Unauthenticated|UNAUTHENTICATED/)
    expect(error).not.toContain('expired-token')
  })

  test.each([
    ['unavailable', 14],
    ['too many requests', 8],
  ])('%s passes with another attempt', async (_, code) => {
    const { server, ctx } = await setup(kind, {
      fault: (_operation, count) => (count < 3 ? { code, message: 'busy' } : undefined),
    })
    await gcpKms.wrap(keyOf(), dataKey, ctx)
    expect(server.requests).toHaveLength(3)
  })

  test('unavailable for good is told; a refusal is not repeated', async () => {
    const { ctx, server } = await setup(kind, { fault: () => ({ code: 14, message: 'out of order' }) })
    await expect(gcpKms.unwrap(keyOf('AAAA'), ctx)).rejects.toThrow('out of order')
    expect(server.requests).toHaveLength(5)
    const refused = await setup(kind, { fault: () => ({ code: 3, message: 'nonsense' }) })
    await expect(gcpKms.unwrap(keyOf('AAAA'), refused.ctx)).rejects.toThrow('nonsense')
    expect(refused.server.requests).toHaveLength(1)
  })

  test('a server that never answers', async () => {
    const { ctx } = await setup(kind, { fault: () => 'hang' }, { SOPS_KMS_TIMEOUT: '400ms' })
    await expect(gcpKms.unwrap(keyOf('AAAA'), ctx)).rejects.toThrow(/within 0\.4s|in time/)
  })

  test('nobody listens', async () => {
    const { server, ctx } = await setup(kind)
    await server.close()
    await expect(gcpKms.unwrap(keyOf('AAAA'), ctx)).rejects.toThrow(failing)
  })

  test.each(['A', 'AAA*', 'AAAA='])('enc %j is told without a headline', async (enc) => {
    const { ctx } = await setup(kind)
    await expect(gcpKms.unwrap(keyOf(enc), ctx)).rejects.toThrow(/^illegal base64 data at input byte/)
  })
})

test('a certificate that is not trusted', async () => {
  const { ctx } = await setup('grpc', {}, { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: undefined })
  await expect(gcpKms.unwrap(keyOf('AAAA'), ctx)).rejects.toThrow(/certificate/)
})

describe('endpoints', () => {
  test.each([
    ['http://kms.example.com', 'must not use clear text'],
    ['ftp://kms.example.com', 'must be host:port or a URL'],
    ['https://', 'must be host:port or a URL'],
  ])('%s', async (endpoint, message) => {
    const ctx = fakeContext({ env: { SOPS_GCP_KMS_ENDPOINT: endpoint, GOOGLE_OAUTH_ACCESS_TOKEN: 't' } })
    await expect(gcpKms.wrap(keyOf(), dataKey, ctx)).rejects.toThrow(message)
  })

  test('credentials of one universe are not shown to another', async () => {
    const json = JSON.stringify({ type: 'authorized_user', client_id: 'c', client_secret: 's', refresh_token: 'r' })
    const env = { SOPS_GCP_KMS_UNIVERSE_DOMAIN: 'example.goog', GOOGLE_CREDENTIALS: json }
    await expect(gcpKms.wrap(keyOf(), dataKey, fakeContext({ env }))).rejects.toThrow(
      'the configured universe domain (example.goog) does not match the universe domain found in the credentials (googleapis.com)',
    )
  })
})

describe('credentials', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const account = {
    type: 'service_account',
    client_email: 'sops@p.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    private_key_id: 'kid-1',
  }
  const user = {
    type: 'authorized_user',
    client_id: 'the-client',
    client_secret: 'the-secret',
    refresh_token: 'the-refresh',
  }

  /** As Google checks what an account signed itself. */
  function isSigned(token: string): boolean {
    const [header = '', claims = '', signature = ''] = token.split('.')
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const { iss, sub, scope, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    return (
      alg === 'RS256' &&
      kid === 'kid-1' &&
      iss === account.client_email &&
      sub === iss &&
      scope === 'https://www.googleapis.com/auth/cloud-platform' &&
      exp - iat === 3600 &&
      verify('sha256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))
    )
  }

  const file = (text: string): string => {
    const path = join(home, `file${Math.random()}.json`)
    writeFileSync(path, text)
    return path
  }

  test.each([
    ['GOOGLE_CREDENTIALS as JSON, before a token', () => ({ GOOGLE_CREDENTIALS: JSON.stringify(account) })],
    ['GOOGLE_CREDENTIALS as a path', () => ({ GOOGLE_CREDENTIALS: file(JSON.stringify(account)) })],
    [
      'GOOGLE_APPLICATION_CREDENTIALS',
      () => ({
        GOOGLE_APPLICATION_CREDENTIALS: file(JSON.stringify(account)),
        GOOGLE_OAUTH_ACCESS_TOKEN: undefined,
      }),
    ],
  ])('%s', async (_, env) => {
    const { server, ctx } = await setup('rest', { tokens: isSigned }, env())
    const enc = await gcpKms.wrap(keyOf(), dataKey, ctx)
    await gcpKms.unwrap(keyOf(enc), ctx)
    expect(new Set(server.requests.map(({ authorization }) => authorization)).size).toBe(1)
  })

  test('what gcloud left: the refresh token is traded once, the quota project is named', async () => {
    const tokens = await startGcpTokens('fresh-token')
    open.push(tokens)
    const config = join(home, 'gcloud')
    mkdirSync(config)
    const json = { ...user, token_uri: `http://127.0.0.1:${tokens.port}/token`, quota_project_id: 'billing' }
    writeFileSync(join(config, 'application_default_credentials.json'), JSON.stringify(json))
    const env = { CLOUDSDK_CONFIG: config, GOOGLE_OAUTH_ACCESS_TOKEN: undefined }
    const { server, ctx } = await setup('grpc', { tokens: ['fresh-token'] }, env)
    await gcpKms.wrap(keyOf(), dataKey, ctx)
    await gcpKms.wrap(keyOf(), dataKey, ctx)
    expect(tokens.seen).toEqual([
      'grant_type=refresh_token&client_id=the-client&client_secret=the-secret&refresh_token=the-refresh',
    ])
    expect(server.requests[0]!.headers['x-goog-user-project']).toBe('billing')
  })

  test('a federated identity, through Google’s library', async () => {
    const tokens = await startGcpTokens('federated-token')
    open.push(tokens)
    const json = {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `http://127.0.0.1:${tokens.port}/token`,
      credential_source: { file: file('subject-token') },
    }
    const { ctx } = await setup('rest', { tokens: ['federated-token'] }, { GOOGLE_CREDENTIALS: JSON.stringify(json) })
    await gcpKms.wrap(keyOf(), dataKey, ctx)
    expect(new URLSearchParams(tokens.seen[0]).get('subject_token')).toBe('subject-token')
    expect(new URLSearchParams(tokens.seen[0]).get('scope')).toBe('https://www.googleapis.com/auth/cloud-platform')
  })

  test('a revoked login', async () => {
    const tokens = await startGcpTokens('x', true)
    open.push(tokens)
    const json = JSON.stringify({ ...user, token_uri: `http://127.0.0.1:${tokens.port}/token` })
    const { ctx } = await setup('rest', {}, { GOOGLE_CREDENTIALS: json })
    await expect(gcpKms.wrap(keyOf(), dataKey, ctx)).rejects.toThrow(
      'cannot get an access token: invalid_grant: Token has been revoked.',
    )
  })

  test('a token service in clear text elsewhere is not used', async () => {
    const json = JSON.stringify({ ...user, token_uri: 'http://example.com/token' })
    const { ctx } = await setup('rest', {}, { GOOGLE_CREDENTIALS: json })
    await expect(gcpKms.wrap(keyOf(), dataKey, ctx)).rejects.toThrow('must be an https URL')
  })

  test('the metadata server', async () => {
    const tokens = await startGcpTokens('machine-token')
    open.push(tokens)
    const env = { GCE_METADATA_HOST: `127.0.0.1:${tokens.port}`, GOOGLE_OAUTH_ACCESS_TOKEN: undefined }
    const { ctx } = await setup('rest', { tokens: ['machine-token'] }, env)
    await gcpKms.wrap(keyOf(), dataKey, ctx)
    expect(tokens.seen.at(-1)).toBe('/computeMetadata/v1/instance/service-accounts/default/token Google')
  })

  test('for publishing, application default credentials come first, as in the reference', async () => {
    const tokens = await startGcpTokens('fresh-token')
    open.push(tokens)
    const path = file(JSON.stringify({ ...user, token_uri: `http://127.0.0.1:${tokens.port}/token` }))
    const env = { GCE_METADATA_HOST: '127.0.0.1:1', GOOGLE_OAUTH_ACCESS_TOKEN: 'bare-token' }
    const tokenWith = async (more: Record<string, string>): Promise<string> =>
      (await (await storageCredentials(fakeContext({ env: { ...env, ...more } }))).token()).text
    expect(await tokenWith({ GOOGLE_APPLICATION_CREDENTIALS: path })).toBe('fresh-token')
    expect(await tokenWith({})).toBe('bare-token')
    await expect(storageCredentials(fakeContext({ env: { GCE_METADATA_HOST: '127.0.0.1:1' } }))).rejects.toThrow(
      'could not find default credentials',
    )
    const elsewhere = JSON.stringify({ ...user, universe_domain: 'example.goog' })
    await expect(tokenWith({ GOOGLE_APPLICATION_CREDENTIALS: file(elsewhere) })).rejects.toThrow('universe domain')
  })

  test('none at all', async () => {
    const env = { GCE_METADATA_HOST: '127.0.0.1:1', GOOGLE_OAUTH_ACCESS_TOKEN: '' }
    const { ctx } = await setup('rest', {}, env)
    const told = 'could not find default credentials'
    expect(await gcpKms.unwrap(keyOf('AAAA'), ctx)).toEqual({ unavailable: expect.stringContaining(told) })
    await expect(gcpKms.wrap(keyOf(), dataKey, ctx)).rejects.toThrow(/^cannot create GCP KMS service: .*could not find/)
  })

  test.each([
    ['secret-text', 'neither a file nor JSON'],
    ['{"type":"service_account","private_key":"secret-text"', 'neither a file nor JSON'],
    ['{"type":"secret-text"}', 'of an unknown type'],
    ['{"type":"service_account","client_email":"a"}', 'lack private_key'],
    ['{"type":"service_account","client_email":"a","private_key":"secret-text"}', 'private_key of the credentials'],
    ['["secret-text"]', 'lack'],
  ])('%s is refused without being shown', async (text, message) => {
    const { ctx } = await setup('rest', {}, { GOOGLE_CREDENTIALS: text })
    const error = await gcpKms.unwrap(keyOf('AAAA'), ctx).catch(String)
    expect(error).toContain('cannot create GCP KMS service: ')
    expect(error).not.toContain('secret-text')
    if (message !== 'lack') expect(error).toContain(message)
  })

  test('a credentials file that cannot be read', async () => {
    const { ctx } = await setup('rest', {}, { GOOGLE_CREDENTIALS: home })
    await expect(gcpKms.unwrap(keyOf('AAAA'), ctx)).rejects.toThrow(
      'cannot create GCP KMS service: credentials: failed to obtain credentials from "GOOGLE_CREDENTIALS": ',
    )
  })
})
