// HuaweiCloud keys: identifiers, credentials, regions, signatures, and wrapping against a server that checks them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { signed } from '../../src/keys/hckms/sign.ts'
import { hckms } from '../../src/keys/hckms.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { fakeContext } from '../support/context.ts'
import { type HuaweiOptions, type HuaweiServer, startHuawei } from '../support/emulators/huawei.ts'

const servers: HuaweiServer[] = []
const folders: string[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function serve(options?: HuaweiOptions): Promise<HuaweiServer> {
  const server = await startHuawei(options)
  servers.push(server)
  return server
}

function file(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sops-huawei-'))
  folders.push(folder)
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const keyOf = (id = 'tr-west-1:key-1'): MasterKey => ({ type: 'hckms', fields: { key_id: id }, enc: '' })
const dataKey = Uint8Array.from({ length: 32 }, (_, i) => 255 - i * 3)
const message = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => error.message,
  )

const access = { HUAWEICLOUD_SDK_AK: 'AK', HUAWEICLOUD_SDK_SK: 'SK-secret' }
const settings = (server: HuaweiServer, more: Record<string, string> = {}) => ({
  ...access,
  HUAWEICLOUD_SDK_PROJECT_ID: 'p1',
  HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: server.address,
  ...more,
})

describe('identifiers', () => {
  test('a list is trimmed, empty parts are skipped, inner blanks stay', async () => {
    const keys = await hckms.parse(' tr-west-1:a , ,cn-north-1 : b:c,', fakeContext())
    expect(keys.map(({ fields }) => fields.key_id)).toEqual(['tr-west-1:a', 'cn-north-1 : b:c'])
    expect(keys[0]).toEqual({
      type: 'hckms',
      fields: { key_id: 'tr-west-1:a' },
      createdAt: '2026-01-02T03:04:05Z',
      enc: '',
    })
    expect(keys.map(hckms.label)).toEqual(['tr-west-1:a', 'cn-north-1 : b:c'])
    expect(await hckms.parse('', fakeContext())).toEqual([])
  })

  test.each([
    ['x', `invalid key ID format: expected 'region:key-uuid', got "x"`],
    [':b', 'region cannot be empty in key ID: ":b"'],
    ['a: ', 'key UUID cannot be empty in key ID: "a: "'],
  ])('%j is refused from configuration and metadata', async (id, text) => {
    expect(await message(hckms.parseGroupItem({ key_id: id }, fakeContext()))).toBe(text)
    expect(() => hckms.check!(keyOf(id))).toThrow(text)
  })
})

describe('wrapping', () => {
  test('sends base64 in signed JSON and stores the answer unchanged', async () => {
    const server = await serve()
    const ctx = fakeContext({ env: settings(server) })
    const enc = await hckms.wrap(keyOf(), dataKey, ctx)
    expect(await hckms.unwrap({ ...keyOf(), enc }, ctx)).toEqual(dataKey)
    const [encrypt, decrypt] = server.requests
    expect([encrypt?.method, encrypt?.path]).toEqual(['POST', '/v1.0/p1/kms/encrypt-data'])
    expect(JSON.parse(encrypt!.body)).toEqual({
      key_id: 'key-1',
      plain_text: Buffer.from(dataKey).toString('base64'),
      encryption_algorithm: 'SYMMETRIC_DEFAULT',
    })
    expect(JSON.parse(decrypt!.body)).toMatchObject({ key_id: 'key-1', cipher_text: enc })
    expect(encrypt!.headers).toMatchObject({
      'content-type': 'application/json;charset=UTF-8',
      'x-project-id': 'p1',
      'x-sdk-date': '20260102T030405Z',
    })
  })

  test('a wrong secret key is noticed by the server', async () => {
    const server = await serve()
    const ctx = fakeContext({ env: settings(server, { HUAWEICLOUD_SDK_SK: 'other-secret' }) })
    const text = await message(hckms.wrap(keyOf(), dataKey, ctx))
    expect(text).toBe(
      `failed to encrypt sops data key with HuaweiCloud KMS: APIGW.0301: Incorrect IAM authentication information (status 401 from ${new URL(server.address).host}): check HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK, HUAWEICLOUD_SDK_SECURITY_TOKEN and the clock`,
    )
  })

  test('a security token is signed, too', async () => {
    const server = await serve()
    const ctx = fakeContext({ env: settings(server, { HUAWEICLOUD_SDK_SECURITY_TOKEN: 'sts' }) })
    await hckms.wrap(keyOf(), dataKey, ctx)
    expect(server.requests[0]!.headers['x-security-token']).toBe('sts')
    expect(server.requests[0]!.headers.authorization).toContain('x-security-token')
  })

  test.each([429, 500, 503])('%i is tried again', async (status) => {
    const server = await serve()
    server.faults.push({ status, headers: { 'Retry-After': '0' } })
    expect(await hckms.wrap(keyOf(), dataKey, fakeContext({ env: settings(server) }))).not.toBe('')
    expect(server.requests).toHaveLength(2)
  })

  test('the next endpoint is asked when one cannot be reached', async () => {
    const server = await serve()
    const list = `http://127.0.0.1:1,${server.address}`
    const env = settings(server, { HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: list })
    expect(await hckms.wrap(keyOf(), dataKey, fakeContext({ env }))).not.toBe('')
  })
})

describe('failures', () => {
  test.each([
    [
      keyOf('tr-west-1:other'),
      /^failed to decrypt sops data key with HuaweiCloud KMS: KMS\.0401: The key does not exist/,
    ],
    [
      { ...keyOf(), enc: 'AAAA' },
      /^failed to decrypt sops data key with HuaweiCloud KMS: KMS\.0206: Invalid ciphertext/,
    ],
  ])('decrypting %#', async (key, text) => {
    const server = await serve()
    expect(await message(hckms.unwrap(key, fakeContext({ env: settings(server) })))).toMatch(text)
  })

  test.each([
    ['{}', 'decryption response missing plaintext'],
    ['{"plain_text":"a*c="}', 'failed to base64 decode decrypted data key: illegal base64 data at input byte 1'],
  ])('an answer of %s', async (body, text) => {
    const server = await serve()
    server.faults.push({ status: 200, body })
    expect(await message(hckms.unwrap(keyOf(), fakeContext({ env: settings(server) })))).toBe(text)
  })

  test('an empty answer to encrypting', async () => {
    const server = await serve()
    server.faults.push({ status: 200, body: '{"key_id":"key-1"}' })
    const text = await message(hckms.wrap(keyOf(), dataKey, fakeContext({ env: settings(server) })))
    expect(text).toBe('encryption response missing ciphertext')
  })

  test('what was sent does not come back in an error', async () => {
    const server = await serve()
    const secret = Buffer.from(dataKey).toString('base64')
    server.faults.push({ status: 400, body: JSON.stringify({ code: 'X', message: `you sent ${secret}` }) })
    const text = await message(hckms.wrap(keyOf(), dataKey, fakeContext({ env: settings(server) })))
    expect(text).toBe(
      `failed to encrypt sops data key with HuaweiCloud KMS: X: you sent … (status 400 from ${new URL(server.address).host})`,
    )
  })

  test('a service that never answers is given up', async () => {
    const server = await serve()
    server.faults.push('hang')
    const ctx = fakeContext({ env: settings(server, { SOPS_KMS_TIMEOUT: '100ms' }) })
    expect(await message(hckms.wrap(keyOf(), dataKey, ctx))).toMatch(/: no answer from 127\.0\.0\.1:\d+ in time/)
  })
})

describe('credentials', () => {
  test('from a profile, with an endpoint of its own for the project', async () => {
    const server = await serve({ projects: [{ id: 'p9', name: 'tr-west-1' }] })
    const profile = file(
      'credentials',
      `# note\n[other]\nak = no\n[basic]\nak = AK\nsk=SK-secret\niam_endpoint = ${server.address}\n`,
    )
    const env = {
      HUAWEICLOUD_SDK_CREDENTIALS_FILE: profile,
      HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: server.address,
    }
    const ctx = fakeContext({ env })
    const enc = await hckms.wrap(keyOf(), dataKey, ctx)
    await hckms.unwrap({ ...keyOf(), enc }, ctx)
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/v3/projects?name=tr-west-1',
      '/v1.0/p9/kms/encrypt-data',
      '/v1.0/p9/kms/decrypt-data',
    ])
  })

  test.each([
    [[], 0],
    [
      [
        { id: 'a', name: 'tr-west-1' },
        { id: 'b', name: 'tr-west-1' },
      ],
      2,
    ],
  ])('the region must have one project: %#', async (projects, count) => {
    const server = await serve({ projects })
    const profile = file('credentials', `[basic]\nak = AK\nsk = SK-secret\niam_endpoint = ${server.address}\n`)
    const env = { HUAWEICLOUD_SDK_CREDENTIALS_FILE: profile, HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: server.address }
    const text = await message(hckms.wrap(keyOf(), dataKey, fakeContext({ env })))
    expect(text).toMatch(/^failed to create HuaweiCloud KMS client: the region must have exactly one project/)
    expect(text).toMatch(new RegExp(`has ${count}$`))
  })

  test('an identity provider is asked before an access key', async () => {
    const server = await serve({ idToken: 'jwt', projects: [{ id: 'p3', name: 'tr-west-1' }] })
    const profile = file(
      'credentials',
      `[basic]\nak = x\nsk = y\nidp_id = idp\nid_token_file = ${file('token', 'jwt\n')}\niam_endpoint = ${server.address}\n`,
    )
    const env = { HUAWEICLOUD_SDK_CREDENTIALS_FILE: profile, HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: server.address }
    expect(await hckms.wrap(keyOf(), dataKey, fakeContext({ env }))).not.toBe('')
    expect(server.requests.at(-1)!.headers).toMatchObject({ 'x-auth-token': 'federated', 'x-project-id': 'p3' })
  })

  test('without any, every source is named', async () => {
    const env = { HUAWEICLOUD_SDK_CREDENTIALS_FILE: '/nonexistent/credentials', SOPS_KMS_TIMEOUT: '200ms' }
    const text = await message(hckms.wrap(keyOf(), dataKey, fakeContext({ env })))
    expect(text).toMatch(/^failed to create HuaweiCloud KMS client: failed to get HuaweiCloud credentials: /)
    expect(text).toMatch(/HUAWEICLOUD_SDK_AK .*no such file or directory.*(169\.254\.169\.254|metadata service)/)
  })
})

describe('regions', () => {
  const regionError = async (id: string, env: Record<string, string>): Promise<string> =>
    message(
      hckms.wrap(keyOf(id), dataKey, fakeContext({ env: { ...access, HUAWEICLOUD_SDK_PROJECT_ID: 'p', ...env } })),
    )

  test('an unknown one is refused', async () => {
    expect(await regionError('xx-none-1:k', {})).toMatch(
      /^failed to create HuaweiCloud KMS client: invalid region "xx-none-1": /,
    )
  })

  test.each(['http://kms.example.com', 'ftp://127.0.0.1'])(
    'clear text to another machine is refused: %s',
    async (url) => {
      const text = await regionError('tr-west-1:k', { HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: url })
      expect(text).toMatch(/invalid region "tr-west-1": the endpoint ".*" is not an https URL$/)
    },
  )

  test('a file of regions', async () => {
    const server = await serve()
    const regions = file('regions.yaml', `kms:\n  - id: my-own-1\n    endpoint: ${server.address}\n`)
    const env = { ...access, HUAWEICLOUD_SDK_PROJECT_ID: 'p', HUAWEICLOUD_SDK_REGIONS_FILE: regions }
    expect(await hckms.wrap(keyOf('my-own-1:key-1'), dataKey, fakeContext({ env }))).not.toBe('')
  })
})

test('the signature follows the order of names and escapes the query', () => {
  const request = {
    method: 'GET',
    url: new URL('https://iam.example.com/v3/projects?name=a%20b&limit=1'),
    headers: { 'User-Agent': 'x', 'Content-Type': 'application/json', X_Odd: '1' },
    body: '',
  }
  const headers = signed(request, { ak: 'AK', sk: 'SK' }, new Date('2026-01-02T03:04:05.678Z'))
  expect(headers['X-Sdk-Date']).toBe('20260102T030405Z')
  expect(headers['Authorization']).toMatch(
    /^SDK-HMAC-SHA256 Access=AK, SignedHeaders=user-agent;x-sdk-date, Signature=[0-9a-f]{64}$/,
  )
  const reordered = { ...request, url: new URL('https://iam.example.com/v3/projects/?limit=1&name=a+b') }
  expect(signed(reordered, { ak: 'AK', sk: 'SK' }, new Date('2026-01-02T03:04:05Z'))).toEqual(headers)
})
