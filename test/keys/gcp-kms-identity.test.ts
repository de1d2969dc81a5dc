// Federated and acting identities of Google, each against loopback services.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { gcpKms } from '../../src/keys/gcp-kms.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { startGcpRest } from '../support/emulators/gcp.ts'
import { type IdentityOptions, type IdentityServer, startGcpIdentity } from '../support/emulators/gcp-identity.ts'

const name = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'
const key = { type: 'gcp_kms', fields: { resource_id: name }, enc: '' } as const
const dataKey = new Uint8Array(32).fill(3)
const scope = 'https://www.googleapis.com/auth/cloud-platform'

let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'sops-gcp-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const server of open.splice(0)) await server.close()
})

let files = 0
function file(text: string): string {
  const path = join(home, `file${files++}`)
  writeFileSync(path, text)
  return path
}

async function identity(options: IdentityOptions = {}): Promise<IdentityServer> {
  const server = await startGcpIdentity(options)
  open.push(server)
  return server
}

/** A key service that lets in one token, and a run with these credentials. */
async function run(json: object, token: string, env: Record<string, string> = {}): Promise<FakeContext> {
  const kms = await startGcpRest({ keys: { [name]: 'enabled' }, tokens: [token] })
  open.push(kms)
  const place = { SOPS_GCP_KMS_ENDPOINT: `http://127.0.0.1:${kms.port}`, SOPS_GCP_KMS_CLIENT_TYPE: 'rest' }
  return fakeContext({
    env: { ...place, ...env, GOOGLE_CREDENTIALS: JSON.stringify(json) },
    cwd: home,
    now: new Date(),
  })
}

const wrap = (ctx: FakeContext): Promise<string> => gcpKms.wrap(key, dataKey, ctx)

const external = (server: IdentityServer, source: object, more: object = {}) => ({
  type: 'external_account',
  audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  token_url: `${server.address}/sts`,
  credential_source: source,
  ...more,
})
const jsonFormat = { type: 'json', subject_token_field_name: 'id_token' }
const fromUrl = (server: IdentityServer) => ({
  url: `${server.address}/subject`,
  headers: { 'X-Want': 'token' },
  format: jsonFormat,
})
const acting = (server: IdentityServer) => ({
  service_account_impersonation_url: `${server.address}/impersonate/sa@p:generateAccessToken`,
})

/** Each kind: the credentials, and the token they lead to. */
const kinds: readonly (readonly [string, (server: IdentityServer) => object, string])[] = [
  ['a file', (server) => external(server, { file: file('subject-token') }), 'federated'],
  [
    'a file of JSON',
    (server) => external(server, { file: file('{"id_token":"subject-token"}'), format: jsonFormat }),
    'federated',
  ],
  ['a URL', (server) => external(server, fromUrl(server)), 'federated'],
  [
    'a URL, acting as a service account',
    (server) =>
      external(server, fromUrl(server), {
        ...acting(server),
        service_account_impersonation: { token_lifetime_seconds: 900 },
      }),
    'acting',
  ],
  [
    'a client of its own',
    (server) => external(server, { file: file('subject-token') }, { client_id: 'c d', client_secret: 's:e' }),
    'federated',
  ],
  [
    'a workforce that names who pays',
    (server) =>
      external(
        server,
        { file: file('subject-token') },
        {
          audience: '//iam.googleapis.com/locations/global/workforcePools/p/providers/x',
          workforce_pool_user_project: '123',
        },
      ),
    'federated',
  ],
  [
    'a login of an identity provider',
    (server) => ({
      type: 'external_account_authorized_user',
      audience: '//iam.googleapis.com/locations/global/workforcePools/p/providers/x',
      client_id: 'the-client',
      client_secret: 'the-secret',
      refresh_token: 'the-refresh',
      token_url: `${server.address}/refresh`,
      token_info_url: `${server.address}/info`,
    }),
    'refreshed',
  ],
]

describe.each(kinds)('%s', (_, make, token) => {
  test('opens the key, once for all calls', async () => {
    const server = await identity()
    const ctx = await run(make(server), token)
    await Promise.all([wrap(ctx), wrap(ctx)])
    const count = server.requests.length
    await wrap(ctx)
    expect(server.requests).toHaveLength(count)
  })
})

describe('acting as a service account', () => {
  let tls: TestCertificate
  const agent = Agent.prototype as unknown as { createConnection: Connect }
  type Connect = (this: unknown, target: { host?: string; port?: number }, done: unknown) => unknown
  const { createConnection } = agent
  let port: number
  beforeAll(() => {
    tls = makeCertificate('oauth2.googleapis.com', 'iamcredentials.googleapis.com')
    agent.createConnection = function (target, done) {
      expect(target.host).toMatch(/^(oauth2|iamcredentials)\.googleapis\.com$/)
      const here = { host: '127.0.0.1', port, servername: target.host }
      return createConnection.call(this, { ...target, ...here }, done)
    }
  })
  afterAll(() => {
    agent.createConnection = createConnection
    tls.remove()
  })

  const email = 'sa@p.iam.gserviceaccount.com'
  const path = `/v1/projects/-/serviceAccounts/${email}:generateAccessToken`
  const json = (more: object = {}) => ({
    type: 'impersonated_service_account',
    service_account_impersonation_url: `https://iamcredentials.googleapis.com${path}`,
    delegates: ['projects/-/serviceAccounts/between@p'],
    source_credentials: { type: 'authorized_user', client_id: 'c', client_secret: 's', refresh_token: 'the-refresh' },
    ...more,
  })
  async function google(options: IdentityOptions = {}): Promise<IdentityServer> {
    const server = await identity({ tls, ...options })
    port = server.port
    return server
  }

  test('with a user’s login, through delegates', async () => {
    const server = await google()
    await wrap(await run(json(), 'acting', { SSL_CERT_FILE: tls.path }))
    expect(server.requests.map((one) => one.path)).toEqual(['/token', path])
    expect(server.requests[1]).toMatchObject({
      authorization: 'Bearer refreshed',
      fields: { delegates: ['projects/-/serviceAccounts/between@p'], scope: [scope], lifetime: '3600s' },
    })
  })

  test('with a federated identity', async () => {
    const [server, provider] = [await google(), await identity()]
    const source = external(provider, { file: file('subject-token\n') })
    await wrap(await run(json({ source_credentials: source, delegates: [] }), 'acting', { SSL_CERT_FILE: tls.path }))
    expect(server.requests[0]).toMatchObject({ authorization: 'Bearer federated', fields: { scope: [scope] } })
  })

  test('a refusal, without the token that it quotes', async () => {
    await google({ denied: true })
    const failure = await wrap(await run(json(), 'acting', { SSL_CERT_FILE: tls.path })).catch(String)
    expect(failure).toContain(
      "unable to impersonate: Permission 'iam.serviceAccounts.getAccessToken' denied for Bearer …",
    )
    expect(failure).not.toContain('refreshed')
  })

  test.each([
    [{ source_credentials: undefined }, 'source_credentials'],
    [{ source_credentials: { type: 'moon' } }, 'client_email'],
    [
      { service_account_impersonation_url: 'http://iam.example/x' },
      'service_account_impersonation_url of the credentials must be an https URL',
    ],
    [{ service_account_impersonation_url: undefined }, 'service_account_impersonation_url'],
  ])('%j', async (more, message) => {
    await expect(wrap(await run(json(more), 'acting'))).rejects.toThrow(message)
  })
})

interface Source {
  readonly file?: string | (() => string)
  readonly url?: string | ((server: IdentityServer) => string)
  readonly format?: object
}

describe('subject tokens', () => {
  test('blank space around one in a file is none of it', async () => {
    const server = await identity()
    await wrap(await run(external(server, { file: file(' subject-token\n') }), 'federated'))
    expect(server.requests[0]!.fields['subject_token']).toBe('subject-token')
  })

  test.each<[Source, string]>([
    [{ file: '/nowhere/token' }, 'The file at /nowhere/token does not exist'],
    [{ file: () => '' }, 'Unable to parse the subject_token from the credential_source file'],
    [{ file: () => 'hidden-text', format: jsonFormat }, 'no valid JSON'],
    [{ url: 'nonsense' }, 'Invalid URL'],
    [{ url: (server: IdentityServer) => `${server.address}/subject` }, 'status code 403'],
    [{ file: () => 'hidden-text' }, 'invalid_grant: not this token: …'],
  ])('%j', async (source, message) => {
    const server = await identity()
    const { file: text, url } = source
    const given = {
      ...source,
      ...(typeof text === 'function' ? { file: file(text()) } : {}),
      ...(typeof url === 'function' ? { url: url(server) } : {}),
    }
    const failure = await wrap(await run(external(server, given), 'federated')).catch(String)
    expect(failure).toContain(message)
    expect(failure).not.toContain('hidden-text')
  })

  test('a token service in clear text elsewhere gets nothing', async () => {
    const json = external(await identity(), { file: file('x') }, { token_url: 'http://sts.example/token' })
    await expect(wrap(await run(json, 'x'))).rejects.toThrow('the token_url of the credentials must be an https URL')
  })
})

describe('what the process’s environment decides', () => {
  test('a program, where the variable allows it', async () => {
    const server = await identity()
    const program = file(
      `#!/bin/sh\necho '{"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:id_token","id_token":"subject-token","expiration_time":4070908800}'\n`,
    )
    chmodSync(program, 0o755)
    const json = external(
      server,
      { executable: { command: program, timeout_millis: 5000 } },
      { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
    )
    await expect(wrap(await run(json, 'federated'))).rejects.toThrow('GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES')
    vi.stubEnv('GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES', '1')
    await wrap(await run(json, 'federated'))
    expect(server.requests.at(-1)!.fields['subject_token']).toBe('subject-token')
  })

  test('AWS: a signed request is the proof', async () => {
    const server = await identity()
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDTEST')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'hidden-text')
    vi.stubEnv('AWS_REGION', 'eu-west-2')
    const json = external(
      server,
      {
        environment_id: 'aws1',
        regional_cred_verification_url:
          'https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15',
      },
      { subject_token_type: 'urn:ietf:params:aws:token-type:aws4_request', ...acting(server) },
    )
    await wrap(await run(json, 'acting'))
    const proof = JSON.parse(decodeURIComponent(String(server.requests[0]!.fields['subject_token'])))
    expect(proof.url).toContain('https://sts.eu-west-2.amazonaws.com')
    expect(JSON.stringify(proof)).toMatch(/AWS4-HMAC-SHA256 Credential=AKIDTEST\//)
    expect(JSON.stringify(server.requests)).not.toContain('hidden-text')
  })
})
