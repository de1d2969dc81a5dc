// The chain of Azure's credentials: each way to a token against a loopback service, and which way is taken.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { globalAgent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { azureKv } from '../../src/keys/azure-kv.ts'
import { fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { type AzureOptions, type AzureServer, startAzure } from '../support/emulators/azure.ts'

let tls: TestCertificate
let folder: string
beforeAll(() => {
  tls = makeCertificate()
  folder = mkdtempSync(join(tmpdir(), 'sops-azure-'))
  // As NODE_EXTRA_CA_CERTS does for a new process.
  globalAgent.options.ca = tls.cert
})
afterAll(() => {
  tls.remove()
  rmSync(folder, { recursive: true, force: true })
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

type Env = Readonly<Record<string, string | undefined>>

const dataKey = new Uint8Array(32).fill(7)
const nobody = 'http://127.0.0.1:1'

/** What comes of wrapping a key: `done`, or the error's text behind the headline. */
async function attempt(server: AzureServer, env: Env): Promise<string> {
  const key = { type: 'azure_kv', fields: { vault_url: server.address, name: 'main', version: 'v1' }, enc: '' } as const
  // No machine that runs the tests has an identity of its own here.
  const base = { AZURE_POD_IDENTITY_AUTHORITY_HOST: nobody, PATH: '/nonexistent', AZURE_AUTHORITY_HOST: server.address }
  const ctx = fakeContext({ env: { ...base, ...env }, cwd: folder, now: new Date() })
  return azureKv.wrap(key, dataKey, ctx).then(
    () => 'done',
    (error: Error) => error.message.replace(/^failed to encrypt sops data key with Azure Key Vault key '[^']+': /, ''),
  )
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
    const form = new URLSearchParams(server.requests.find(({ path }) => path.endsWith('/token'))!.body)
    return JSON.parse(Buffer.from(form.get('client_assertion')!.split('.')[0]!, 'base64url').toString())
  }

  test('the assertion is signed by the certificate’s key; the chain goes with it on demand', async () => {
    const server = await serve({ certificate: own })
    const env = { ...application, AZURE_CLIENT_CERTIFICATE_PATH: file(other + key + own) }
    expect(await attempt(server, env)).toBe('done')
    expect(assertionOf(server).x5c).toBeUndefined()
    server.requests.length = 0
    expect(await attempt(server, { ...env, AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: 'true' })).toBe('done')
    const der = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '')
    expect(assertionOf(server).x5c).toEqual([der(own), der(other)])
  })

  test('a key behind a password, older spellings of keys, a path from the working directory', async () => {
    const server = await serve({ certificate: own })
    const locked = openssl('pkcs8', '-topk8', '-in', 'app.key', '-passout', 'pass:pass word').toString()
    const env = { ...application, AZURE_CLIENT_CERTIFICATE_PATH: file(own + locked) }
    expect(await attempt(server, { ...env, AZURE_CLIENT_CERTIFICATE_PASSWORD: 'pass word' })).toBe('done')
    expect(await attempt(server, { ...env, AZURE_CLIENT_CERTIFICATE_PASSWORD: 'wrong-word' })).toBe(
      'the file of AZURE_CLIENT_CERTIFICATE_PATH does not open with AZURE_CLIENT_CERTIFICATE_PASSWORD',
    )
    file(openssl('rsa', '-in', 'app.key', '-traditional').toString() + own)
    expect(await attempt(server, { ...env, AZURE_CLIENT_CERTIFICATE_PATH: 'given.pem' })).toBe('done')
  })

  test.each([
    ['nothing', () => '', 'is no PEM'],
    ['a certificate alone', () => own, 'holds no private key'],
    ['a key alone', () => key, 'holds no certificate of its private key'],
    ['somebody else’s certificate', () => other + key, 'holds no certificate of its private key'],
    [
      'a broken key',
      () => `${own}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
      'holds no readable private key',
    ],
    ['a key of a curve', () => `${readFileSync(join(folder, 'curve.key'))}${own}`, 'holds a key that is not of RSA'],
    [
      'PKCS#12',
      () => openssl('pkcs12', '-export', '-in', 'app.crt', '-inkey', 'app.key', '-passout', 'pass:'),
      'is no PEM',
    ],
  ])('%s', async (_, content, message) => {
    const server = await serve({ certificate: own })
    const env = { ...application, AZURE_CLIENT_CERTIFICATE_PATH: file(content()) }
    expect(await attempt(server, env)).toContain(`the file of AZURE_CLIENT_CERTIFICATE_PATH ${message}`)
    expect(askedFor(server)).toEqual([])
  })

  test('no file', async () => {
    const env = { ...application, AZURE_CLIENT_CERTIFICATE_PATH: 'nowhere.pem' }
    expect(await attempt(await serve(), env)).toMatch(/^cannot read the file of AZURE_CLIENT_CERTIFICATE_PATH: ENOENT/)
  })

  test('one that the application does not have', async () => {
    const env = { ...application, AZURE_CLIENT_CERTIFICATE_PATH: file(key + own) }
    expect(await attempt(await serve({ certificate: other }), env)).toMatch(/^authentication failed: invalid_client/)
  })
})

test('a user’s password', async () => {
  const server = await serve({ secret: 'pa ss' })
  const env = { ...application, AZURE_USERNAME: 'me', AZURE_PASSWORD: 'pa ss' }
  expect(await attempt(server, env)).toBe('done')
  const failure = await attempt(server, { ...env, AZURE_PASSWORD: 'wrong-word' })
  expect(failure).toMatch(/^authentication failed: invalid_client/)
  expect(failure).not.toContain('wrong-word')
})

test.each(['a/b', 'x?y', ''])('%j is no tenant', async (tenant) => {
  const env = { ...application, AZURE_TENANT_ID: tenant, AZURE_CLIENT_SECRET: 'client-secret' }
  const message = tenant === '' ? /environment: AZURE_TENANT_ID or/ : /AZURE_TENANT_ID must be the id or the domain/
  expect(await attempt(await serve(), env)).toMatch(message)
})

test.each<[string, Env]>([
  ['client secret', { ...application, AZURE_CLIENT_SECRET: 'hidden-text' }],
  ['password', { ...application, AZURE_USERNAME: 'me', AZURE_PASSWORD: 'hidden-text' }],
  ['header', { IDENTITY_ENDPOINT: 'https://HOST/msi/token', IDENTITY_HEADER: 'hidden-text' }],
])('a %s that the service quotes is not shown', async (_, env) => {
  const server = await serve()
  const at = (text: string | undefined): string | undefined => text?.replace('https://HOST', server.address)
  const work = attempt(server, Object.fromEntries(Object.entries(env).map(([name, text]) => [name, at(text)])))
  // The first request is that for the challenge.
  server.faults.push({ status: 401, headers: { 'WWW-Authenticate': 'Bearer resource="https://vault.azure.net"' } })
  server.faults.push({ status: 400, body: '{"error":"invalid","error_description":"you sent hidden-text"}' })
  expect(await work).toBe('authentication failed: invalid: you sent … (status 400)')
})

describe('managed identities', () => {
  test.each([
    ['AZURE_CLIENT_ID', { AZURE_CLIENT_ID: 'user-1' }, 'clientid=user-1'],
    ['DEFAULT_IDENTITY_CLIENT_ID', { DEFAULT_IDENTITY_CLIENT_ID: 'user-2' }, 'clientid=user-2'],
  ])('MSI_ENDPOINT with a secret; %s names one', async (_, named, query) => {
    const server = await serve()
    const env = { MSI_ENDPOINT: `${server.address}/older/token`, MSI_SECRET: 'msi-secret', ...named }
    expect(await attempt(server, env)).toBe('done')
    expect(askedFor(server)).toEqual([
      `GET /older/token?api-version=2017-09-01&${query}&resource=https%3A%2F%2Fvault.azure.net`,
    ])
  })

  test('Cloud Shell', async () => {
    const server = await serve()
    const env = { MSI_ENDPOINT: `${server.address}/shell/token` }
    expect(await attempt(server, env)).toBe('done')
    expect(server.requests.find(({ path }) => path === '/shell/token')!.body).toBe(
      'resource=https%3A%2F%2Fvault.azure.net',
    )
    expect(await attempt(server, { ...env, AZURE_CLIENT_ID: 'user-1' })).toMatch(/^Cloud Shell has no identities/)
  })

  test('instance metadata: looked for first, with a user’s identity', async () => {
    const server = await serve({ metadata: 200 })
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: server.address, AZURE_CLIENT_ID: 'user-1' }
    expect(await attempt(server, env)).toBe('done')
    const path = '/metadata/identity/oauth2/token'
    const query = 'api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&client_id=user-1'
    expect(askedFor(server)).toEqual([`GET ${path}`, `GET ${path}?${query}`])
    server.requests.length = 0
    expect(await attempt(server, { ...env, AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential' })).toBe('done')
    expect(askedFor(server)).toEqual([`GET ${path}?${query}`])
  })

  test('a machine without an identity: the next way, or an error where there is none', async () => {
    const server = await serve({ metadata: 400 })
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: server.address }
    expect(await attempt(server, env)).toContain(
      'managed identity: the instance metadata service gives no token (status 400, Identity not found)',
    )
    expect(await attempt(server, { ...env, AZURE_TOKEN_CREDENTIALS: 'managedidentitycredential' })).toBe(
      'authentication failed: invalid_request: Identity not found (status 400)',
    )
  })

  test('a proxy that answers for networks it cannot reach is no metadata service', async () => {
    const server = await serve({ metadata: 200 })
    const text = 'connecting to 169.254.169.254:80: a socket operation was attempted to an unreachable network.'
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: server.address }
    const work = attempt(server, env)
    // The first request is that for the challenge.
    server.faults.push({ status: 401, headers: { 'WWW-Authenticate': 'Bearer resource="https://vault.azure.net"' } })
    server.faults.push({ status: 403, body: text })
    expect(await work).toContain('managed identity: no instance metadata service')
  })

  test.each([
    [{ IDENTITY_ENDPOINT: 'nonsense', IDENTITY_HEADER: 'h' }, 'IDENTITY_ENDPOINT is not a URL'],
    [{ MSI_ENDPOINT: 'ftp://x', MSI_SECRET: 's' }, 'MSI_ENDPOINT is not a URL'],
    [{ AZURE_POD_IDENTITY_AUTHORITY_HOST: 'x' }, 'AZURE_POD_IDENTITY_AUTHORITY_HOST is not a URL'],
  ])('%j', async (env, message) => {
    expect(await attempt(await serve(), env)).toBe(message)
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
    program('azd', `echo "$@" > ${folder}/args; pwd >> ${folder}/args; echo '${answer}'`)
    expect(await attempt(server, env())).toBe('done')
    expect(readFileSync(join(folder, 'args'), 'utf8')).toBe(
      'auth token --output json --no-prompt --scope https://vault.azure.net/.default --tenant-id tenant-1\n/\n',
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
    program('azd', 'echo nonsense')
    expect(await attempt(await serve(), env())).toBe(
      'no Azure credentials found (environment: AZURE_TENANT_ID or AZURE_CLIENT_ID is not set; ' +
        'workload identity: AZURE_TENANT_ID, AZURE_CLIENT_ID or AZURE_FEDERATED_TOKEN_FILE is not set; ' +
        'managed identity: no instance metadata service; az: az is not installed; ' +
        'azd: azd auth token prints no token; Azure PowerShell: it is not installed)',
    )
  })

  test('a program that hangs', async () => {
    program('az', 'exec sleep 20')
    const text = await attempt(await serve(), { ...env(), SOPS_KMS_TIMEOUT: '1s', AZURE_TOKEN_CREDENTIALS: 'dev' })
    expect(text).toMatch(/az account get-access-token: no answer in time$/)
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
      /^no Azure credentials found \(az: /,
    )
    expect(await attempt(server, { ...env, AZURE_TOKEN_CREDENTIALS: 'WorkloadIdentityCredential' })).toBe(
      'no Azure credentials found (workload identity: AZURE_TENANT_ID, AZURE_CLIENT_ID or AZURE_FEDERATED_TOKEN_FILE is not set)',
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
    expect(await attempt(await serve(), env)).toMatch(
      /^no Azure credentials found \(Visual Studio Code: Visual Studio Code Auth/,
    )
  })
})
