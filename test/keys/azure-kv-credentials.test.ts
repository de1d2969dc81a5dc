// The chain of Azure's credentials: each way to a token against a loopback service, and which way is taken.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent as PlainAgent } from 'node:http'
import { Agent } from 'node:https'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { azureKv } from '../../src/keys/azure-kv.ts'
import { fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { type AzureOptions, type AzureServer, startAzure } from '../support/emulators/azure.ts'

let tls: TestCertificate
let folder: string
beforeAll(() => {
  tls = makeCertificate('login.microsoftonline.com')
  folder = mkdtempSync(join(tmpdir(), 'sops-azure-'))
})
afterAll(() => {
  tls.remove()
  rmSync(folder, { recursive: true, force: true })
})

type Connect = (
  this: unknown,
  target: { host?: string; port?: number; secureContext?: unknown },
  done: unknown,
) => unknown
type Connecting = { createConnection: Connect }
const [plain, secure] = [PlainAgent.prototype, Agent.prototype].map(
  (one) => (one as unknown as Connecting).createConnection,
) as [Connect, Connect]

/** Finds Entra on this machine, and no machine's identity. */
beforeAll(() => {
  const toEntra: Connect = function (target, done) {
    const isEntra = target.host === 'login.microsoftonline.com'
    const port = isEntra ? { host: '127.0.0.1', port: servers.at(-1)!.port, servername: target.host } : {}
    // A chain narrowed to identities of machines is given none of our options: their services, outside of tests, are reached without TLS.
    const trust = target.secureContext === undefined ? { ca: tls.cert } : {}
    return secure.call(this, { ...target, ...port, ...trust }, done)
  }
  const toNobody: Connect = function (target, done) {
    return plain.call(
      this,
      target.host === '169.254.169.254' ? { ...target, host: '127.0.0.1', port: 1 } : target,
      done,
    )
  }
  Object.assign(Agent.prototype, { createConnection: toEntra })
  Object.assign(PlainAgent.prototype, { createConnection: toNobody })
})
afterAll(() => {
  Object.assign(Agent.prototype, { createConnection: secure })
  Object.assign(PlainAgent.prototype, { createConnection: plain })
})

const servers: AzureServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(options: Partial<AzureOptions> = {}): Promise<AzureServer> {
  const server = await startAzure({ tls, ...options })
  servers.push(server)
  return server
}

/** The SDK decides once in a process which kind of machine this is, and keeps what it was given there. */
beforeEach(async () => {
  const identity = createRequire(import.meta.url).resolve('@azure/identity')
  const client = join(dirname(createRequire(identity).resolve('@azure/msal-node')), '../dist/client')
  const { ManagedIdentityClient } = (await import(join(client, 'ManagedIdentityClient.mjs'))) as Kept
  const { ManagedIdentityApplication } = (await import(join(client, 'ManagedIdentityApplication.mjs'))) as Kept
  Object.assign(ManagedIdentityClient!, { identitySource: undefined, sourceName: undefined })
  Object.assign(ManagedIdentityApplication!, { nodeStorage: undefined })
})
type Kept = Readonly<Record<string, object>>

type Env = Readonly<Record<string, string | undefined>>

const dataKey = new Uint8Array(32).fill(7)

/** What comes of wrapping a key: `done`, or the error's text behind the headline. */
async function attempt(server: AzureServer, env: Env): Promise<string> {
  const key = { type: 'azure_kv', fields: { vault_url: server.address, name: 'main', version: 'v1' }, enc: '' } as const
  const base = { SSL_CERT_FILE: tls.path, PATH: '/nonexistent', SOPS_AZURE_KEYVAULT_ORIGINS: server.address }
  const ctx = fakeContext({ env: { ...base, ...env }, cwd: folder, now: new Date() })
  // The SDK reads the process's environment.
  for (const [name, value] of Object.entries(ctx.env)) vi.stubEnv(name, value)
  return azureKv
    .wrap(key, dataKey, ctx)
    .then(
      () => 'done',
      (error: Error) =>
        error.message.replace(/^failed to encrypt sops data key with Azure Key Vault key '[^']+': /, ''),
    )
    .finally(() => vi.unstubAllEnvs())
}

const application = { AZURE_TENANT_ID: 'tenant-1', AZURE_CLIENT_ID: 'client-1' }
const askedFor = (server: AzureServer): string[] =>
  server.requests.map(({ method, path }) => `${method} ${path}`).filter((one) => !one.includes('/keys/'))

describe('certificates', () => {
  let own: string
  let key: string
  let other: string
  beforeAll(() => {
    const make = (name: string, ...more: string[]): void => {
      const out = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)]
      execFileSync('openssl', ['req', '-x509', '-noenc', '-days', '2', '-subj', `/CN=${name}`, ...more, ...out], {
        stdio: 'pipe',
      })
    }
    make('app', '-newkey', 'rsa:2048')
    make('other', '-newkey', 'rsa:2048')
    make('curve', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1')
    own = readFileSync(join(folder, 'app.crt'), 'utf8')
    key = readFileSync(join(folder, 'app.key'), 'utf8')
    other = readFileSync(join(folder, 'other.crt'), 'utf8')
  })
  const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const file = (content: string | Uint8Array): string => {
    const path = join(folder, 'given.pem')
    writeFileSync(path, content)
    return path
  }
  const assertionOf = (server: AzureServer): { x5c?: string[] } => {
    const form = new URLSearchParams(server.requests.find(({ path }) => path.includes('/oauth2/'))!.body)
    return JSON.parse(Buffer.from(form.get('client_assertion')!.split('.')[0]!, 'base64url').toString())
  }

  test('the assertion is signed by the certificate’s key; the chain goes with it on demand', async () => {
    const server = await serve({ certificate: own })
    const env = { ...application, AZURE_CLIENT_CERTIFICATE_PATH: file(own + key + other) }
    expect(await attempt(server, env)).toBe('done')
    expect(assertionOf(server).x5c).toBeUndefined()
    server.requests.length = 0
    expect(await attempt(server, { ...env, AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: 'true' })).toBe('done')
    const der = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '')
    expect(assertionOf(server).x5c).toEqual([der(own), der(other)])
  })

  test('a key behind a password, older spellings of keys', async () => {
    const server = await serve({ certificate: own })
    const locked = openssl('pkcs8', '-topk8', '-in', 'app.key', '-passout', 'pass:pass word').toString()
    const env = { ...application, AZURE_CLIENT_CERTIFICATE_PATH: file(own + locked) }
    expect(await attempt(server, { ...env, AZURE_CLIENT_CERTIFICATE_PASSWORD: 'pass word' })).toBe('done')
    expect(await attempt(server, { ...env, AZURE_CLIENT_CERTIFICATE_PASSWORD: 'wrong-word' })).toMatch(
      /^AZURE_CLIENT_CERTIFICATE_PATH: .*(bad decrypt|BAD_DECRYPT)/,
    )
    file(openssl('rsa', '-in', 'app.key', '-traditional').toString() + own)
    expect(await attempt(server, { ...env, AZURE_CLIENT_CERTIFICATE_PATH: join(folder, 'given.pem') })).toBe('done')
  })

  test.each([
    ['nothing', () => '', 'does not contain a PEM-encoded certificate'],
    ['a certificate alone', () => own, 'must be an asymmetric key'],
    ['a key alone', () => key, 'does not contain a PEM-encoded certificate'],
    [
      'a broken key',
      () => `${own}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
      'must be an asymmetric key',
    ],
    ['a key of a curve', () => `${readFileSync(join(folder, 'curve.key'))}${own}`, 'for "ec" key type'],
    [
      'PKCS#12',
      () => openssl('pkcs12', '-export', '-in', 'app.crt', '-inkey', 'app.key', '-passout', 'pass:'),
      'does not contain a PEM-encoded certificate',
    ],
  ])('%s', async (_, content, message) => {
    const server = await serve({ certificate: own })
    const env = { ...application, AZURE_CLIENT_CERTIFICATE_PATH: file(content()) }
    const told = await attempt(server, env)
    expect(told).toMatch(/^(?:failed to get Azure token credential to encrypt data: )?AZURE_CLIENT_CERTIFICATE_PATH: /)
    expect(told).toContain(message)
    expect(askedFor(server)).toEqual([])
  })

  test('no file', async () => {
    const env = { ...application, AZURE_CLIENT_CERTIFICATE_PATH: 'nowhere.pem' }
    expect(await attempt(await serve(), env)).toMatch(
      'AZURE_CLIENT_CERTIFICATE_PATH: open nowhere.pem: no such file or directory',
    )
  })

  test('one that the application does not have; one of another key', async () => {
    const server = await serve({ certificate: other })
    for (const content of [key + own, key + other]) {
      const env = { ...application, AZURE_CLIENT_CERTIFICATE_PATH: file(content) }
      expect(await attempt(server, env)).toMatch(/^AZURE_CLIENT_CERTIFICATE_PATH: .*invalid_client: .*AADSTS7000215/)
    }
  })
})

test('a user’s password', async () => {
  const server = await serve({ secret: 'pa ss' })
  const env = { ...application, AZURE_USERNAME: 'me', AZURE_PASSWORD: 'pa ss' }
  expect(await attempt(server, env)).toBe('done')
  const failure = await attempt(server, { ...env, AZURE_PASSWORD: 'wrong-word' })
  expect(failure).toMatch(/^EnvironmentCredential authentication failed.* invalid_client: .*AADSTS7000215/)
  expect(failure).not.toContain('wrong-word')
})

test.each(['a/b', 'x?y'])('%j is no tenant', async (tenant) => {
  const server = await serve()
  const env = { ...application, AZURE_TENANT_ID: tenant, AZURE_CLIENT_SECRET: 'client-secret' }
  expect(await attempt(server, env)).toMatch(/AZURE_TENANT_ID/)
  expect(askedFor(server)).toEqual([])
})

describe('managed identities', () => {
  test('MSI_ENDPOINT with a secret', async () => {
    const server = await serve()
    expect(await attempt(server, { MSI_ENDPOINT: `${server.address}/older/token`, MSI_SECRET: 'msi-secret' })).toBe(
      'done',
    )
    expect(askedFor(server)).toEqual(['GET /older/token?api-version=2017-09-01&resource=https%3A%2F%2Fvault.azure.net'])
  })

  test('Cloud Shell', async () => {
    const server = await serve()
    const env = { MSI_ENDPOINT: `${server.address}/shell/token` }
    expect(await attempt(server, env)).toBe('done')
    expect(server.requests.find(({ path }) => path === '/shell/token')!.body).toBe(
      'resource=https%3A%2F%2Fvault.azure.net',
    )
  })

  const path = '/metadata/identity/oauth2/token'
  test('instance metadata, with a user’s identity', async () => {
    const server = await serve({ metadata: 200 })
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: server.address, AZURE_CLIENT_ID: 'user-1' }
    expect(await attempt(server, { ...env, AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential' })).toBe('done')
    const query = 'api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&client_id=user-1'
    expect(askedFor(server)).toEqual([`GET ${path}/?${query}`])
  })

  test('a machine without an identity is told', async () => {
    const server = await serve({ metadata: 400 })
    expect(await attempt(server, { AZURE_POD_IDENTITY_AUTHORITY_HOST: server.address })).toMatch(
      /ManagedIdentityCredential.*Identity not found/,
    )
  })

  test('an IDENTITY_ENDPOINT that is none', async () => {
    const env = { IDENTITY_ENDPOINT: 'nonsense', IDENTITY_HEADER: 'h' }
    expect(await attempt(await serve(), env)).toBe('IDENTITY_ENDPOINT is not a URL')
  })
})

describe('programs', () => {
  let bin: string
  beforeAll(() => {
    bin = join(folder, 'bin')
    mkdirSync(bin)
  })
  const program = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const env = (): Env => ({ PATH: `${bin}:/usr/bin:/bin` })
  afterEach(() => {
    for (const name of ['az', 'azd', 'pwsh']) rmSync(join(bin, name), { force: true })
  })

  test('azd, where az is not logged in', async () => {
    const server = await serve()
    program('az', 'echo "ERROR: Please run \'az login\'" >&2; exit 1')
    const answer = JSON.stringify({ token: server.validToken, expiresOn: '2099-01-01T00:00:00Z' })
    program('azd', `echo "$@" > ${folder}/args; echo '${answer}'`)
    expect(await attempt(server, env())).toBe('done')
    expect(readFileSync(join(folder, 'args'), 'utf8')).toBe(
      'auth token --output json --no-prompt --scope https://vault.azure.net/.default --tenant-id tenant-1\n',
    )
  })

  test('az before azd; its times in either spelling', async () => {
    const server = await serve()
    program('azd', 'exit 1')
    for (const time of [{ expires_on: 4_070_908_800 }, { expiresOn: '2099-01-01 00:00:00.000000' }]) {
      program('az', `echo '${JSON.stringify({ accessToken: server.validToken, ...time })}'`)
      expect(await attempt(server, env())).toBe('done')
    }
  })

  test('nothing anywhere: every place is named', async () => {
    program('azd', 'echo hidden-text')
    const told = await attempt(await serve(), env())
    for (const place of [
      'EnvironmentCredential is unavailable',
      'ManagedIdentityCredential: ',
      'Visual Studio Code Authentication',
      'Azure CLI could not be found',
      'PowerShell',
      'CredentialUnavailableError: the answer is no JSON',
    ])
      expect(told).toContain(place)
    expect(told).not.toContain('\n')
    expect(told).not.toContain('hidden-text')
  })

  test.each([
    [
      {},
      'not set: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE)',
    ],
    [
      { AZURE_TENANT_ID: 't' },
      'set: AZURE_TENANT_ID; not set: AZURE_CLIENT_ID, AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE)',
    ],
    [
      { AZURE_CLIENT_ID: 'c', AZURE_CLIENT_SECRET: 'hunter2-secret' },
      'set: AZURE_CLIENT_ID, AZURE_CLIENT_SECRET; not set: AZURE_TENANT_ID',
    ],
  ])('which variables are set and which lack is told, by name alone: %j', async (env, text) => {
    const told = await attempt(await serve(), env)
    expect(told.endsWith(`; ${text}`)).toBe(true)
    expect(told).not.toContain('hunter2-secret')
  })

  test('a program that hangs', async () => {
    program('az', 'exec sleep 20')
    const text = await attempt(await serve(), { ...env(), SOPS_KMS_TIMEOUT: '1s', AZURE_TOKEN_CREDENTIALS: 'dev' })
    expect(text).toMatch(/^Azure credentials: no answer within/)
  })
})

describe('AZURE_TOKEN_CREDENTIALS', () => {
  test('narrows the chain', async () => {
    const server = await serve({ metadata: 200 })
    const env = {
      ...application,
      AZURE_CLIENT_SECRET: 'client-secret',
      AZURE_POD_IDENTITY_AUTHORITY_HOST: server.address,
    }
    expect(await attempt(server, { ...env, AZURE_TOKEN_CREDENTIALS: ' Prod ' })).toBe('done')
    expect(askedFor(server)).toEqual(['POST /tenant-1/oauth2/v2.0/token'])
    expect(await attempt(server, { ...env, AZURE_TOKEN_CREDENTIALS: 'dev' })).toMatch(
      /^ChainedTokenCredential authentication failed\. .*Azure CLI could not be found/,
    )
    expect(await attempt(server, { ...env, AZURE_TOKEN_CREDENTIALS: 'WorkloadIdentityCredential' })).toContain(
      'Failed to retrieve a valid token',
    )
  })

  test('a wrong secret ends the search: nobody should work under another name', async () => {
    const server = await serve({ metadata: 200 })
    const env = { ...application, AZURE_CLIENT_SECRET: 'wrong', AZURE_POD_IDENTITY_AUTHORITY_HOST: server.address }
    expect(await attempt(server, env)).toMatch(/^authentication failed: invalid_client/)
    expect(askedFor(server)).toEqual(['POST /tenant-1/oauth2/v2.0/token'])
  })

  test('what only the SDK knows is left to it', async () => {
    const env = { AZURE_TOKEN_CREDENTIALS: 'VisualStudioCodeCredential' }
    expect(await attempt(await serve(), env)).toMatch(/Visual Studio Code Authentication is not available/)
  })
})
