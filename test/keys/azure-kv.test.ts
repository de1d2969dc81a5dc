// Azure keys: URLs, challenges, credentials, and wrapping against a vault with real cryptography.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { tenantIn } from '../../src/keys/azure-kv/challenge.ts'
import { checkPart, vaultAt } from '../../src/keys/azure-kv/vault.ts'
import { azureKv } from '../../src/keys/azure-kv.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { fakeContext as barely, type FakeContext, type FakeOptions } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { type AzureOptions, type AzureServer, startAzure } from '../support/emulators/azure.ts'

let tls: TestCertificate
let folder: string
beforeAll(() => {
  tls = makeCertificate()
  folder = mkdtempSync(join(tmpdir(), 'sops-azure-'))
})
afterAll(() => {
  tls.remove()
  rmSync(folder, { recursive: true, force: true })
})

const servers: AzureServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

/** Trusts the emulator. */
const fakeContext = ({ env, ...more }: FakeOptions = {}): FakeContext =>
  barely({ env: { SSL_CERT_FILE: tls.path, ...env }, ...more })

async function serve(options: Partial<AzureOptions> = {}): Promise<AzureServer> {
  const server = await startAzure({ tls, ...options })
  servers.push(server)
  return server
}

const secretOf = (server: AzureServer, more: Record<string, string> = {}) => ({
  AZURE_TENANT_ID: 'tenant-1',
  AZURE_CLIENT_ID: 'client-1',
  AZURE_CLIENT_SECRET: 'client-secret',
  AZURE_AUTHORITY_HOST: server.address,
  SOPS_AZURE_KEYVAULT_ORIGINS: server.address,
  ...more,
})

const keyAt = (vault: string, name = 'main', version = 'v1'): MasterKey => ({
  type: 'azure_kv',
  fields: { vault_url: vault, name, version },
  enc: '',
})
const dataKey = Uint8Array.from({ length: 32 }, (_, i) => i * 5 + 1)
const soon = { 'Retry-After': '0' }
const message = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => error.message,
  )

describe('URLs', () => {
  test('with a version nothing is asked', async () => {
    const list = ' https://a.vault.azure.net/keys/k/v , https://b.vault.azure.net:443/keys/k2/w2'
    const keys = await azureKv.parse(list, fakeContext())
    expect(keys.map(azureKv.label)).toEqual([
      'https://a.vault.azure.net/keys/k/v',
      'https://b.vault.azure.net:443/keys/k2/w2',
    ])
    expect(keys[0]).toEqual({
      type: 'azure_kv',
      fields: { vault_url: 'https://a.vault.azure.net', name: 'k', version: 'v' },
      createdAt: '2026-01-02T03:04:05Z',
      enc: '',
    })
    expect(await azureKv.parse('', fakeContext())).toEqual([])
  })

  test.each([
    'x',
    'http://a.vault.azure.net/keys/k/v',
    'https://a.vault.azure.net/keys/',
    'https://a.vault.azure.net/keys/k/v/w',
    'https://a.vault.azure.net/secrets/k/v',
    'https://a/b/keys/k/v',
    '',
  ])('%j is refused', async (url) => {
    const text = `could not parse "${url}" into a valid Azure Key Vault MasterKey []`
    expect(await message(azureKv.parse(`https://a.vault.azure.net/keys/k/v,${url}`, fakeContext()))).toBe(text)
  })

  test('a group item is taken as it is', async () => {
    const [key] = await azureKv.parseGroupItem({ vaultUrl: 'anything', key: 'k', version: 'v' }, fakeContext())
    expect(azureKv.label(key!)).toBe('anything/keys/k/v')
  })

  test.each(['', '/'])('without a version (%j) the vault is asked for the latest', async (end) => {
    const server = await serve()
    const ctx = fakeContext({ env: secretOf(server) })
    const keys = await azureKv.parse(`${server.address}/keys/main${end}`, ctx)
    expect(keys.map(azureKv.label)).toEqual([`${server.address}/keys/main/v2`])
    expect(server.requests.at(-1)!.path).toMatch(/^\/keys\/main\/\?api-version=/)
    const [item] = await azureKv.parseGroupItem({ vaultUrl: server.address, key: 'main', version: '' }, ctx)
    expect(item?.fields.version).toBe('v2')
  })

  test('asking for the latest version may fail', async () => {
    const server = await serve()
    const ctx = fakeContext({ env: secretOf(server) })
    expect(await message(azureKv.parse(`${server.address}/keys/none`, ctx))).toBe(
      `failed to fetch Azure Key to retrieve key version: KeyNotFound: A key with name none was not found. (status 404 from ${new URL(server.address).host}): compare name and version with "az keyvault key list-versions"`,
    )
    const item = { vaultUrl: 'http://localhost', key: 'k', version: '' }
    expect(await message(azureKv.parseGroupItem(item, ctx))).toBe(
      'failed to construct Azure Key Vault client to retrieve key version: the vault must have an https URL',
    )
  })
})

describe('wrapping', () => {
  test('with a client secret: one challenge and one token for all keys of a vault', async () => {
    const server = await serve()
    const ctx = fakeContext({ env: secretOf(server) })
    const enc = await azureKv.wrap(keyAt(server.address), dataKey, ctx)
    expect(enc).toMatch(/^[A-Za-z0-9_-]{342}$/)
    expect(await azureKv.unwrap({ ...keyAt(server.address), enc }, ctx)).toEqual(dataKey)
    expect(server.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`)).toEqual([
      'POST /keys/main/v1/encrypt',
      'POST /tenant-1/oauth2/v2.0/token',
      'POST /keys/main/v1/encrypt',
      'POST /keys/main/v1/decrypt',
    ])
    expect(server.requests[0]).toMatchObject({ body: '' })
    expect(JSON.parse(server.requests[2]!.body)).toEqual({
      alg: 'RSA-OAEP-256',
      value: Buffer.from(dataKey).toString('base64url'),
    })
  })

  test('a share of 33 bytes; a vault URL with a final slash', async () => {
    const server = await serve()
    const ctx = fakeContext({ env: secretOf(server) })
    const share = Uint8Array.from({ length: 33 }, (_, i) => i)
    const key = keyAt(`${server.address}/`)
    const enc = await azureKv.wrap(key, share, ctx)
    expect(await azureKv.unwrap({ ...key, enc: `${enc}\n` }, ctx)).toEqual(share)
  })

  test.each([408, 429, 500, 503])('%i is tried again', async (status) => {
    const server = await serve()
    server.faults.push({ status, headers: soon }, { status, headers: soon })
    expect(await azureKv.wrap(keyAt(server.address), dataKey, fakeContext({ env: secretOf(server) }))).not.toBe('')
  })

  test('a token that is about to expire is fetched anew', async () => {
    const server = await serve({ lifetime: 30 })
    const ctx = fakeContext({ env: secretOf(server) })
    await azureKv.wrap(keyAt(server.address), dataKey, ctx)
    await azureKv.wrap(keyAt(server.address), dataKey, ctx)
    expect(server.requests.filter(({ path }) => path.endsWith('/token'))).toHaveLength(2)
  })
})

describe('failures', () => {
  const prefix = (server: AzureServer, verb: string, key = 'main/v1'): string =>
    `failed to ${verb} sops data key with Azure Key Vault key '${server.address}/keys/${key}': `

  test('keys that do not exist, values that do not open, enc that is no base64', async () => {
    const server = await serve()
    const ctx = fakeContext({ env: secretOf(server) })
    expect(await message(azureKv.wrap(keyAt(server.address, 'main', 'v9'), dataKey, ctx))).toBe(
      `${prefix(server, 'encrypt', 'main/v9')}KeyNotFound: No such version. (status 404 from ${new URL(server.address).host}): compare name and version with "az keyvault key list-versions"`,
    )
    expect(await message(azureKv.unwrap({ ...keyAt(server.address), enc: 'AAAA' }, ctx))).toBe(
      `${prefix(server, 'decrypt')}BadParameter: The parameter is incorrect. (status 400 from ${new URL(server.address).host})`,
    )
    expect(await message(azureKv.unwrap({ ...keyAt(server.address), enc: 'AAA=' }, ctx))).toBe(
      'failed to base64 decode Azure Key Vault encrypted key: illegal base64 data at input byte 3',
    )
  })

  test('a vault without TLS gets nothing', async () => {
    const env = { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c', AZURE_CLIENT_SECRET: 's' }
    const key = { ...keyAt('http://localhost:1'), enc: 'AAAA' }
    expect(await message(azureKv.wrap(key, dataKey, fakeContext({ env })))).toBe(
      'failed to construct Azure Key Vault client to encrypt data: the vault must have an https URL',
    )
    expect(await message(azureKv.unwrap(key, fakeContext({ env })))).toBe(
      'failed to construct Azure Key Vault client to decrypt data: the vault must have an https URL',
    )
  })

  test('a wrong client secret, without it in the message', async () => {
    const server = await serve()
    const ctx = fakeContext({ env: secretOf(server, { AZURE_CLIENT_SECRET: 'wrong-secret' }) })
    expect(await message(azureKv.wrap(keyAt(server.address), dataKey, ctx))).toBe(
      `${prefix(server, 'encrypt')}authentication failed: invalid_client: AADSTS7000215: Invalid client secret provided. (status 401 from ${new URL(server.address).host}): AZURE_CLIENT_SECRET is wrong or has expired`,
    )
  })

  test('a token that the vault does not take', async () => {
    const server = await serve()
    const ctx = fakeContext({ env: secretOf(server) })
    await azureKv.wrap(keyAt(server.address), dataKey, ctx)
    server.validToken = 'another'
    expect(await message(azureKv.wrap(keyAt(server.address), dataKey, ctx))).toBe(
      `${prefix(server, 'encrypt')}Unauthorized: Token validation failed. (status 401 from ${new URL(server.address).host}): the token is refused; AZURE_TENANT_ID must be the vault's directory`,
    )
  })

  test.each([
    ['{}', 'the answer of the vault has no value'],
    ['{"value":"a+b"}', 'illegal base64 data at input byte 1'],
  ])('an answer of %s', async (body, text) => {
    const server = await serve()
    const ctx = fakeContext({ env: secretOf(server) })
    await azureKv.wrap(keyAt(server.address), dataKey, ctx)
    server.faults.push({ status: 200, body })
    const failure = await message(azureKv.unwrap({ ...keyAt(server.address), enc: 'AAAA' }, ctx))
    expect(failure).toBe(`${prefix(server, 'decrypt')}${text}`)
  })

  test('what was sent does not come back in an error', async () => {
    const server = await serve()
    const ctx = fakeContext({ env: secretOf(server) })
    await azureKv.wrap(keyAt(server.address), dataKey, ctx)
    const secret = Buffer.from(dataKey).toString('base64url')
    const said = { error: { code: 'X', message: `you sent ${secret} with ${server.validToken}` } }
    server.faults.push({ status: 400, body: JSON.stringify(said) })
    const failure = await message(azureKv.wrap(keyAt(server.address), dataKey, ctx))
    expect(failure).toBe(
      `${prefix(server, 'encrypt')}X: you sent … with … (status 400 from ${new URL(server.address).host})`,
    )
  })

  test('a vault that never answers is given up', async () => {
    const server = await serve()
    server.faults.push('hang')
    const ctx = fakeContext({ env: secretOf(server, { SOPS_KMS_TIMEOUT: '200ms' }) })
    expect(await message(azureKv.wrap(keyAt(server.address), dataKey, ctx))).toMatch(
      /: no answer from localhost:\d+ in time/,
    )
  })

  test('a certificate that nobody trusts is not tried again', async () => {
    const server = await serve()
    const text = await message(azureKv.wrap(keyAt(server.address), dataKey, barely({ env: secretOf(server) })))
    expect(text).toMatch(/cannot reach localhost:\d+: its certificate is signed by no authority .*NODE_EXTRA_CA_CERTS/)
    expect(server.requests).toEqual([])
  })
})

describe('credentials', () => {
  test('workload identity', async () => {
    const server = await serve({ secret: 'federated-jwt' })
    const file = join(folder, 'federated')
    writeFileSync(file, 'federated-jwt\n')
    const env = {
      AZURE_TENANT_ID: 'tenant-1',
      AZURE_CLIENT_ID: 'client-1',
      AZURE_FEDERATED_TOKEN_FILE: file,
      AZURE_AUTHORITY_HOST: `${server.address}/`,
      SOPS_AZURE_KEYVAULT_ORIGINS: server.address,
    }
    expect(await azureKv.wrap(keyAt(server.address), dataKey, fakeContext({ env }))).not.toBe('')
    const missing = fakeContext({ env: { ...env, AZURE_FEDERATED_TOKEN_FILE: '/nonexistent' } })
    expect(await message(azureKv.wrap(keyAt(server.address), dataKey, missing))).toMatch(
      /cannot read the file of AZURE_FEDERATED_TOKEN_FILE: open \/nonexistent: no such file or directory/,
    )
  })

  test('the identity of an App Service, also one of the user', async () => {
    const server = await serve()
    const env = {
      IDENTITY_ENDPOINT: `${server.address}/msi/token`,
      IDENTITY_HEADER: 'header-1',
      SOPS_AZURE_KEYVAULT_ORIGINS: server.address,
    }
    expect(await azureKv.wrap(keyAt(server.address), dataKey, fakeContext({ env }))).not.toBe('')
    const named = fakeContext({ env: { ...env, AZURE_CLIENT_ID: 'user-1', AZURE_TOKEN_CREDENTIALS: 'prod' } })
    await azureKv.wrap(keyAt(server.address), dataKey, named)
    const paths = server.requests.map(({ path }) => path).filter((path) => path.startsWith('/msi/'))
    expect(paths).toEqual([
      '/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net',
      '/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net&client_id=user-1',
    ])
  })

  test('the az program', async () => {
    const server = await serve()
    const az = join(folder, 'az')
    const token = JSON.stringify({ accessToken: server.validToken, expires_on: 1_893_456_000 })
    writeFileSync(az, `#!/bin/sh\necho "$@" > ${folder}/args\necho '${token}'\n`)
    chmodSync(az, 0o755)
    const env = {
      PATH: `${folder}:/usr/bin:/bin`,
      AZURE_TOKEN_CREDENTIALS: 'AzureCliCredential',
      SOPS_AZURE_KEYVAULT_ORIGINS: server.address,
    }
    expect(await azureKv.wrap(keyAt(server.address), dataKey, fakeContext({ env }))).not.toBe('')
    const { readFileSync } = await import('node:fs')
    expect(readFileSync(join(folder, 'args'), 'utf8')).toBe(
      'account get-access-token --output json --resource https://vault.azure.net --tenant tenant-1\n',
    )
    writeFileSync(az, '#!/bin/sh\necho "Please run az login" >&2\nexit 1\n')
    const text = await message(azureKv.wrap(keyAt(server.address), dataKey, fakeContext({ env })))
    expect(text).toMatch(/: az account get-access-token: Please run az login$/)
  })

  test.each([
    ['', /the vault belongs to tenant tenant-1, which AZURE_TENANT_ID and/],
    ['other; TENANT-1', /^no error$/],
    ['*', /^no error$/],
  ])('a vault of another tenant, allowed %j', async (allowed, text) => {
    const server = await serve()
    const env = secretOf(server, { AZURE_TENANT_ID: 'tenant-0', AZURE_ADDITIONALLY_ALLOWED_TENANTS: allowed })
    expect(await message(azureKv.wrap(keyAt(server.address), dataKey, fakeContext({ env })))).toMatch(text)
  })

  test('the authority must be reached by TLS', async () => {
    const server = await serve()
    const env = secretOf(server, { AZURE_AUTHORITY_HOST: server.address.replace('https:', 'http:') })
    expect(await message(azureKv.wrap(keyAt(server.address), dataKey, fakeContext({ env })))).toMatch(
      /AZURE_AUTHORITY_HOST must be an https URL$/,
    )
  })
})

describe('vaults', () => {
  const scopeOf = (url: string, named = ''): string =>
    vaultAt(url, fakeContext({ env: { SOPS_AZURE_KEYVAULT_ORIGINS: named } })).scope

  test.each([
    ['https://a.vault.azure.net', '', 'https://vault.azure.net/.default'],
    ['https://A.VAULT.azure.cn:443/', '', 'https://vault.azure.cn/.default'],
    ['https://a.managedhsm.usgovcloudapi.net', '', 'https://managedhsm.usgovcloudapi.net/.default'],
    ['https://localhost:8443', 'https://x.example, https://LOCALHOST:8443/', 'https://vault.azure.net/.default'],
    [
      'https://a.vault.cloud.example:8443',
      'https://a.vault.cloud.example:8443',
      'https://vault.cloud.example/.default',
    ],
  ])('%s, where %j is named, is asked with a token for %s', (url, named, scope) => {
    expect(scopeOf(url, named)).toBe(scope)
  })

  test.each([
    'https://evil.example',
    'https://vault.azure.net',
    'https://evilvault.azure.net',
    'https://a.vault.azure.net.evil.example',
    'https://a.vault.azure.net.',
    'https://a.vault.azure.net:8443',
    'https://localhost:8443',
    'https://127.0.0.1',
    'https://[::1]',
  ])('%s is refused with the line that would allow it', (url) => {
    expect(() => scopeOf(url, 'https://localhost, localhost:8443')).toThrow(
      `the vault ${url} is none of Azure: no token is sent there. Where it is yours, set\nSOPS_AZURE_KEYVAULT_ORIGINS=${url}`,
    )
  })

  test.each([
    'https://a.vault.azure.net@evil.example',
    'https://evil.example/.vault.azure.net',
    'https://evil.example#.vault.azure.net',
    'https://evil.example?.vault.azure.net',
    'https://evil.example\\.vault.azure.net',
    'https://evil.example%2f.vault.azure.net',
    'https://evil.example\t.vault.azure.net',
    'https://u:p@a.vault.azure.net',
    'https://a.vault.azure.net/secrets',
    'https://a.vault.azure.net//',
    'https://ａ.vault.azure.net',
    'https://$(id).vault.azure.net',
    ' https://a.vault.azure.net',
    'https:a.vault.azure.net',
    'http://a.vault.azure.net',
    'a.vault.azure.net',
    '',
  ])('%j is malformed', (url) => {
    expect(() => scopeOf(url, url)).toThrow(/is refused: it must be https:|must have an https URL/)
  })

  test.each(['', '.', '..', 'a/b', '%2e%2e', 'a%2fb', 'a\\b', 'a?b', 'a#b', 'a b', 'a\0', 'é'])(
    '%j is no name of a key',
    (text) => {
      expect(() => checkPart(text, 'name')).toThrow(/^the name .* is refused: only letters/)
    },
  )
})

describe('challenges', () => {
  test.each([
    ['Bearer authorization="https://login.microsoftonline.com/t-1/x", resource="https://graph.microsoft.com"', 't-1'],
    ['Bearer authorization_uri="https://login/t", scope="https://vault.azure.net/.default"', 't'],
    ['Bearer resource="https://vault.azure.net", authorization="https://login.microsoftonline.com/t-1"', 't-1'],
    ['Bearer authorization="https://login/--debug"', undefined],
    ['Bearer authorization="https://login/a%2fb"', undefined],
    ['Bearer authorization="t-1"', undefined],
    ['Bearer error="insufficient_claims"', undefined],
    ['Basic authorization="https://login/t"', undefined],
    [undefined, undefined],
  ])('%j names the tenant %j and nothing else', (header, tenant) => {
    expect(tenantIn(header)).toBe(tenant)
  })

  test('the vault does not choose what the token is for', async () => {
    const server = await serve({ resource: 'https://graph.microsoft.com' })
    const text = await message(azureKv.wrap(keyAt(server.address), dataKey, fakeContext({ env: secretOf(server) })))
    expect(text).toMatch(/authentication failed: invalid_scope/)
    const [, asked] = server.requests
    expect(new URLSearchParams(asked!.body).get('scope')).toBe('https://vault.azure.net/.default')
  })
})
