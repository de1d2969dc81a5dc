// Transit keys: their URIs, and wrapping against a server with real cryptography.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { hcVault } from '../../src/keys/hc-vault.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { type FakeOptions, fakeContext } from '../support/context.ts'
import { startVault, type VaultServer, type VaultServerOptions } from '../support/emulators/vault.ts'

const servers: VaultServer[] = []
const folders: string[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function serve(options?: VaultServerOptions): Promise<VaultServer> {
  const server = await startVault(options)
  servers.push(server)
  return server
}

/** Whom a token may be sent to is shown in test/vault/place.test.ts; here it is any server. */
const anyServer = { SOPS_HC_VAULT_ALLOWLIST: 'all' }
const context = (env: Record<string, string> = {}, more: FakeOptions = {}) =>
  fakeContext({ env: { VAULT_TOKEN: 'test-token', ...anyServer, ...env }, ...more })

const keyAt = (address: string, name = 'dev', engine = 'transit'): MasterKey => ({
  type: 'hc_vault',
  fields: { vault_address: address, engine_path: engine, key_name: name },
  enc: '',
})

const parse = async (text: string) => hcVault.parse(text, fakeContext())
const message = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => error.message,
  )
const dataKey = Uint8Array.from({ length: 32 }, (_, i) => i * 7)

describe('URIs', () => {
  test.each([
    ['https://vault.example.com:8200/v1/transit/keys/k', 'https://vault.example.com:8200', 'transit', 'k'],
    [
      'https://vault.example.com/v1/super42/bestmarket/keys/slig',
      'https://vault.example.com',
      'super42/bestmarket',
      'slig',
    ],
    ['HTTP://Vault:1/v2/e/keys/k/', 'http://Vault:1', 'e', 'k'],
    ['https://u:p@h:8200/v1/e/keys/k', 'https://u:p@h:8200', 'e', 'k'],
    ['https://h/v1/e/encrypt/k', 'https://h', 'e', 'k'],
    ['https://[::1]:8200/v1/e/keys/k', 'https://[::1]:8200', 'e', 'k'],
    ['unix:///run/vault/v1/e/keys/k', undefined, '', ''],
  ])('%s', async (uri, address, engine, name) => {
    if (address === undefined) {
      expect(await message(parse(uri))).toMatch(/prefixed URL is not supported/)
      return
    }
    const [key] = await parse(uri)
    expect(key?.fields).toEqual({ vault_address: address, engine_path: engine, key_name: name })
    expect(hcVault.label(key!)).toBe(`${address}/v1/${engine}/keys/${name}`)
    expect(key?.createdAt).toBe('2026-01-02T03:04:05Z')
  })

  test.each([
    ['vault.me/keys/dev/k', /^missing scheme in Vault URL .* got: vault\.me\/keys\/dev\/k$/],
    ['http://h:1/v1/keys/dev', /^vault path does not seem to be formatted correctly/],
    ['https://h/vault/v1/transit/keys/k', /^running Vault with a prefixed URL is not supported/],
    ['https://h/v1/a/v2/b/keys/k', /^running Vault with a prefixed URL is not supported/],
    [' https://h/v1/e/keys/k', /first path segment in URL cannot contain colon$/],
    ['https://h/v1/e/keys/%zz', /invalid URL escape "%zz"$/],
    ['https://h:port/v1/e/keys/k', /invalid port ":port" after host$/],
    ['https://a b/v1/e/keys/k', /invalid character " " in host name$/],
    ['://h/v1/e/keys/k', /missing protocol scheme$/],
    ['https://h/v1/e/keys/a\nb', /invalid control character in URL$/],
    ['https://h/v1/e/keys/k#f', /^the Vault address "https:\/\/h#f" is refused/],
    ['https://h/v1/e/keys/k?x=1', /^the Vault address "https:\/\/h\?x=1" is refused/],
    ['https://h/v1/e/keys/k ', /^the path of the Vault URL "v1\/e\/keys\/k%20" is refused/],
    ['https://h/v1/e/../f/keys/k', /^the path of the Vault URL .* is refused/],
    ['https://h/v1/e/keys/..', /^the path of the Vault URL .* is refused/],
    ['https://h/v1/e%2ff/keys/k', /^the path of the Vault URL .* is refused/],
    ['ftp://h/v1/e/keys/k', /^the Vault address "ftp:\/\/h" is refused/],
    ['unix:///v1/e/keys/k', /^the Vault address "unix:\/\/" is refused/],
    ['\ud800', /^missing scheme/],
  ])('refuses %j', async (uri, text) => {
    expect(await message(parse(uri))).toMatch(text)
  })

  test('a list skips empty parts; a group item is one URI', async () => {
    const uri = 'https://h/v1/e/keys/k'
    expect(await parse(`,${uri},,${uri}2`)).toHaveLength(2)
    expect(await parse('')).toEqual([])
    const [key] = await hcVault.parseGroupItem(`${uri},${uri}`, fakeContext()).catch(() => [undefined])
    expect(key).toBeUndefined()
    expect(await hcVault.parseGroupItem(uri, fakeContext())).toHaveLength(1)
  })

  test('every URI is read back from its label, or refused with a message', async () => {
    const segment = fc.stringMatching(/^[a-z0-9_-]{1,12}$/).filter((text) => !/^v\d+$/.test(text))
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { minLength: 1, maxLength: 4 }), segment, async (engine, name) => {
        const uri = `https://vault.example.com/v1/${engine.join('/')}/keys/${name}`
        const [key] = await parse(uri)
        expect(hcVault.label(key!)).toBe(uri)
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        await parse(text).catch((error) => expect(error.code).toBe('generic'))
      }),
    )
  })
})

describe('wrapping', () => {
  test('stores the text of the server and reads it back', async () => {
    const server = await serve()
    const ctx = context({ VAULT_NAMESPACE: 'team', VAULT_HEADERS: '{"X-Trace":"abc"}' })
    const key = keyAt(server.address)
    const enc = await hcVault.wrap(key, dataKey, ctx)
    expect(enc).toMatch(/^vault:v1:[A-Za-z0-9+/]+=*$/)
    expect(await hcVault.unwrap({ ...key, enc }, ctx)).toEqual(dataKey)
    expect(server.requests.map(({ method, path }) => [method, path])).toEqual([
      ['PUT', '/v1/transit/encrypt/dev'],
      ['PUT', '/v1/transit/decrypt/dev'],
    ])
    expect(JSON.parse(server.requests[0]!.body)).toEqual({ plaintext: Buffer.from(dataKey).toString('base64') })
    expect(server.requests[0]!.headers).toMatchObject({
      'x-vault-token': 'test-token',
      'x-vault-request': 'true',
      'x-vault-namespace': 'team',
      'x-trace': 'abc',
    })
  })

  test('a share of 33 bytes, an engine of several segments, an address with a slash', async () => {
    const server = await serve({ keys: ['a/b/k'] })
    const share = Uint8Array.from({ length: 33 }, (_, i) => 255 - i)
    const key = keyAt(`${server.address}/`, 'k', 'a/b')
    const enc = await hcVault.wrap(key, share, context())
    expect(await hcVault.unwrap({ ...key, enc }, context())).toEqual(share)
    expect(server.requests[0]!.path).toBe('/v1/a/b/encrypt/k')
  })

  test('a name is escaped for the URL', async () => {
    const server = await serve({ keys: ['transit/a b+é'] })
    expect(await hcVault.wrap(keyAt(server.address, 'a b+é'), dataKey, context())).toMatch(/^vault:/)
    expect(server.requests[0]!.path).toBe('/v1/transit/encrypt/a%20b+%C3%A9')
  })

  test('the token comes from ~/.vault-token where the environment has none, and may be missing', async () => {
    const server = await serve({ token: 'from-file' })
    const home = mkdtempSync(join(tmpdir(), 'sops-vault-'))
    folders.push(home)
    const key = keyAt(server.address)
    expect(await message(hcVault.wrap(key, dataKey, fakeContext({ home, env: anyServer })))).toMatch(
      /permission denied/,
    )
    expect(server.requests[0]!.headers['x-vault-token']).toBeUndefined()
    writeFileSync(join(home, '.vault-token'), 'from-file\n')
    expect(await hcVault.wrap(key, dataKey, fakeContext({ home, env: anyServer }))).toMatch(/^vault:/)
    expect(await message(hcVault.wrap(key, dataKey, context({ VAULT_TOKEN: 'a\nb' })))).toMatch(/token has characters/)
  })

  test('an unreadable token file is an error', async () => {
    const home = mkdtempSync(join(tmpdir(), 'sops-vault-'))
    folders.push(home)
    const { mkdirSync } = await import('node:fs')
    mkdirSync(join(home, '.vault-token'))
    const text = await message(
      hcVault.wrap(keyAt('http://127.0.0.1:1'), dataKey, fakeContext({ home, env: anyServer })),
    )
    expect(text).toMatch(/^cannot get Vault token: /)
  })

  test("VAULT_AGENT_ADDR takes the place of the key's address", async () => {
    const server = await serve()
    const env = { VAULT_AGENT_ADDR: server.address, VAULT_ADDR: 'http://127.0.0.1:1', SOPS_HC_VAULT_ALLOWLIST: '' }
    expect(await hcVault.wrap(keyAt('http://127.0.0.1:2'), dataKey, context(env))).toMatch(/^vault:/)
  })

  test('a Unix socket that the environment names', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sops-vault-'))
    folders.push(folder)
    const server = await serve({ socketPath: join(folder, 's') })
    for (const name of ['VAULT_ADDR', 'VAULT_AGENT_ADDR']) {
      const ctx = context({ [name]: server.address })
      expect(await hcVault.wrap(keyAt(server.address), dataKey, ctx)).toMatch(/^vault:/)
    }
  })
})

describe('allow-list', () => {
  const key = keyAt('http://127.0.0.1:1')
  test.each([
    ['none', 'Allowlist does not allow http://127.0.0.1:1 (SOPS_HC_VAULT_ALLOWLIST)'],
    ['https://a, http://127.0.0.1', 'Allowlist does not allow http://127.0.0.1:1 (SOPS_HC_VAULT_ALLOWLIST)'],
    ['https://a,,https://b', "SOPS_HC_VAULT_ALLOWLIST's entry 2 is empty"],
  ])('%s', async (list, text) => {
    const ctx = context({ SOPS_HC_VAULT_ALLOWLIST: list })
    expect(await message(hcVault.wrap(key, dataKey, ctx))).toBe(text)
    expect(await message(hcVault.unwrap(key, ctx))).toBe(text)
  })

  test.each(['all', 'https://a, ADDRESS ', 'ADDRESS/', 'ADDRESS/v1/transit'])(
    '%j lets the server pass',
    async (list) => {
      const server = await serve()
      const ctx = context({ SOPS_HC_VAULT_ALLOWLIST: list.replace('ADDRESS', server.address) })
      expect(await hcVault.wrap(keyAt(server.address), dataKey, ctx)).toMatch(/^vault:/)
    },
  )
})

describe('failures', () => {
  const soon = { 'Retry-After': '0' }

  test("the server's errors are shown as the vault client shows them", async () => {
    const server = await serve()
    const text = await message(hcVault.unwrap({ ...keyAt(server.address), enc: 'vault:v1:AAAA' }, context()))
    expect(text).toBe(
      [
        "failed to decrypt sops data key from Vault transit backend 'transit/decrypt/dev': Error making API request.",
        '',
        `URL: PUT ${server.address}/v1/transit/decrypt/dev`,
        'Code: 400. Errors:',
        '',
        '* cipher: message authentication failed',
      ].join('\n'),
    )
    const unknown = await message(hcVault.wrap(keyAt(server.address, 'other'), dataKey, context()))
    expect(unknown).toMatch(/^failed to encrypt sops data key to Vault transit backend 'transit\/encrypt\/other': /)
    expect(unknown).toMatch(/\* encryption key not found\n\nthe engine has no such key \(VAULT_NAMESPACE is not set\)$/)
  })

  test.each([
    [200, '', 'transit backend is empty'],
    [204, '', 'transit backend is empty'],
    [200, '{"data":null}', 'transit backend is empty'],
    [200, '{"data":{}}', 'no encrypted data'],
    [200, '{"data":{"ciphertext":7}}', 'encrypted ciphertext cannot be cast to string'],
    [501, '{"errors":["no"]}', /Code: 501\. Errors:\n\n\* no$/],
  ])('encrypting: %i %s', async (status, body, text) => {
    const server = await serve()
    server.faults.push({ status, body })
    const failure = await message(hcVault.wrap(keyAt(server.address), dataKey, context()))
    const cause = failure.replace(
      "failed to encrypt sops data key to Vault transit backend 'transit/encrypt/dev': ",
      '',
    )
    typeof text === 'string' ? expect(cause).toBe(text) : expect(cause).toMatch(text)
    expect(server.requests).toHaveLength(1)
  })

  test.each([
    ['{"data":{}}', 'no decrypted data'],
    ['{"data":{"plaintext":[]}}', 'decrypted plaintext data cannot be cast to string'],
    ['{"data":{"plaintext":"a*c="}}', 'cannot decode base64 plaintext into data key bytes'],
  ])('decrypting: %s', async (body, text) => {
    const server = await serve()
    server.faults.push({ status: 200, body })
    const failure = await message(hcVault.unwrap({ ...keyAt(server.address), enc: 'vault:v1:x' }, context()))
    expect(failure).toBe(`failed to decrypt sops data key from Vault transit backend 'transit/decrypt/dev': ${text}`)
  })

  test.each([500, 502, 503, 412, 429])('%i is tried again', async (status) => {
    const server = await serve()
    server.faults.push({ status, headers: soon }, { status, headers: soon })
    expect(await hcVault.wrap(keyAt(server.address), dataKey, context())).toMatch(/^vault:/)
    expect(server.requests).toHaveLength(3)
  })

  test('after VAULT_MAX_RETRIES the last answer counts', async () => {
    const server = await serve()
    for (let i = 0; i < 5; i++)
      server.faults.push({ status: 503, headers: soon, body: '{"errors":["Vault is sealed"]}' })
    const text = await message(hcVault.wrap(keyAt(server.address), dataKey, context({ VAULT_MAX_RETRIES: '1' })))
    expect(text).toMatch(/\* Vault is sealed$/)
    expect(server.requests).toHaveLength(2)
  })

  test('a wait that the deadline has no time for is not begun', async () => {
    const server = await serve()
    server.faults.push({ status: 429, headers: { 'Retry-After': '3600' } })
    expect(await message(hcVault.wrap(keyAt(server.address), dataKey, context()))).toMatch(/Code: 429/)
  })

  test('a server that never answers is given up', async () => {
    const server = await serve()
    server.faults.push('hang', 'hang', 'hang')
    const text = await message(hcVault.wrap(keyAt(server.address), dataKey, context({ SOPS_KMS_TIMEOUT: '100ms' })))
    expect(text).toMatch(/: no answer from 127\.0\.0\.1:\d+ in time/)
  })

  test('no server', async () => {
    const server = await serve()
    await servers.pop()?.close()
    const text = await message(hcVault.wrap(keyAt(server.address), dataKey, context({ VAULT_MAX_RETRIES: '0' })))
    expect(text).toMatch(/: cannot reach 127\.0\.0\.1:\d+: .*connection refused/)
  })

  test('nothing that was sent comes back in an error', async () => {
    const server = await serve()
    const secret = Buffer.from(dataKey).toString('base64')
    server.faults.push({ status: 400, body: `you sent ${secret} with test-token` })
    const address = server.address.replace('://', '://user:hunter2@')
    const text = await message(hcVault.wrap(keyAt(address), dataKey, context()))
    expect(text).toMatch(/you sent … with …$/)
    expect(text).not.toContain('hunter2')
    expect(server.requests[0]!.headers.authorization).toBe(`Basic ${Buffer.from('user:hunter2').toString('base64')}`)
  })
})

describe('redirects', () => {
  test('one is followed, with method, token and body', async () => {
    const [standby, active] = [await serve(), await serve()]
    const location = `${active.address}/v1/transit/encrypt/dev`
    standby.faults.push({ status: 307, headers: { Location: location } })
    expect(await hcVault.wrap(keyAt(standby.address), dataKey, context())).toMatch(/^vault:/)
    expect(active.requests[0]).toMatchObject({ method: 'PUT', path: '/v1/transit/encrypt/dev' })
  })

  test('a second one, or any with VAULT_DISABLE_REDIRECTS, is an error', async () => {
    const server = await serve()
    const fault = { status: 307, headers: { Location: '/v1/transit/encrypt/dev' } }
    server.faults.push(fault, fault)
    expect(await message(hcVault.wrap(keyAt(server.address), dataKey, context()))).toMatch(/Code: 307/)
    server.faults.push(fault)
    const env = { VAULT_DISABLE_REDIRECTS: 'true' }
    expect(await message(hcVault.wrap(keyAt(server.address), dataKey, context(env)))).toMatch(/Code: 307/)
    expect(server.requests).toHaveLength(3)
  })
})

describe('variables that are malformed', () => {
  test.each([
    ['VAULT_SKIP_VERIFY', 'perhaps'],
    ['VAULT_CLIENT_TIMEOUT', 'soon'],
    ['VAULT_MAX_RETRIES', '-1'],
    ['VAULT_RATE_LIMIT', 'fast'],
    ['VAULT_HEADERS', '{"X-Vault-Token":"x"}'],
    ['VAULT_HEADERS', '["x"]'],
    ['VAULT_HEADERS', '{"a":"b\\nc"}'],
    ['VAULT_PROXY_ADDR', 'socks5://h'],
    ['VAULT_CACERT', '/nonexistent.pem'],
    ['VAULT_CACERT_BYTES', 'nothing'],
    ['VAULT_CAPATH', '/nonexistent'],
    ['VAULT_CLIENT_CERT', '/some.pem'],
  ])('%s=%s', async (name, value) => {
    const text = await message(hcVault.wrap(keyAt('http://127.0.0.1:1'), dataKey, context({ [name]: value })))
    expect(text).toMatch(/^cannot create Vault client: /)
    expect(text).toContain(name)
  })

  test('SOPS_KMS_TIMEOUT', async () => {
    const ctx = context({ SOPS_KMS_TIMEOUT: 'soon' })
    expect(await message(hcVault.wrap(keyAt('http://127.0.0.1:1'), dataKey, ctx))).toMatch(/^SOPS_KMS_TIMEOUT must be/)
  })
})
