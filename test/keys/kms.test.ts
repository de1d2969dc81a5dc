import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { sessionName } from '../../src/keys/kms/sts.ts'
import { kms } from '../../src/keys/kms.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { type AwsEmulator, type AwsEmulatorOptions, awsDefaults, startAws } from '../support/emulators/aws.ts'
import { makeCertificate } from '../support/emulators/aws-tls.ts'

const arn = 'arn:aws:kms:eu-west-2:111122223333:key/bc436485-5092-42b8-92a3-0aa8b93536dc'
const role = 'arn:aws:iam::111122223333:role/sops'
const dataKey = new Uint8Array(32).map((_, i) => i * 7)

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'sops-aws-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function aws(options: Partial<AwsEmulatorOptions> = {}): Promise<AwsEmulator> {
  const server = await startAws({ keys: { [arn]: 'enabled' }, ...options })
  open.push(server)
  return server
}

const context = (server: AwsEmulator, env: Record<string, string | undefined> = {}): FakeContext =>
  fakeContext({ env: { ...awsDefaults, AWS_ENDPOINT_URL: server.url, ...env }, now: new Date() })

/** Without credentials of its own, and away from any machine's. */
const bare = (server: AwsEmulator, env: Record<string, string | undefined> = {}): FakeContext =>
  context(server, {
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...env,
  })

let files = 0
function file(text: string): string {
  const path = join(home, `file${files++}`)
  writeFileSync(path, text)
  return path
}

const keyOf = (fields: MasterKey['fields'] = {}, enc = ''): MasterKey => ({
  type: 'kms',
  fields: { arn, role: '', context: {}, aws_profile: '', ...fields },
  createdAt: '2026-01-02T03:04:05Z',
  enc,
})

async function wrapped(server: AwsEmulator, fields: MasterKey['fields'] = {}): Promise<MasterKey> {
  return keyOf(fields, await kms.wrap(keyOf(fields), dataKey, context(server)))
}

describe('identifiers', () => {
  const ctx = fakeContext()
  test.each([
    ['', []],
    ['arn:a', [['arn:a', '']]],
    [
      ' arn:a +arn:aws:iam::1:role/r , arn:b',
      [
        ['arn:a', 'arn:aws:iam::1:role/r'],
        ['arn:b', ''],
      ],
    ],
    ['+arn:a', [['+arn:a', '']]],
    [
      'a,,b',
      [
        ['a', ''],
        ['', ''],
        ['b', ''],
      ],
    ],
    ['arn:a+arn:b+arn:c', [['arn:a', 'arn:b+arn:c']]],
  ])('%j', async (text, expected) => {
    const keys = await kms.parse(text, ctx)
    expect(keys.map(({ fields }) => [fields.arn, fields.role])).toEqual(expected)
  })

  test('options of the command line apply to all keys; dates are of now', async () => {
    const keys = await kms.parse('a,b', ctx, { context: { x: '1' }, awsProfile: 'p' })
    expect(keys).toEqual(
      ['a', 'b'].map((arn) => ({
        type: 'kms',
        fields: { arn, role: '', context: { x: '1' }, aws_profile: 'p' },
        createdAt: '2026-01-02T03:04:05Z',
        enc: '',
      })),
    )
  })

  test('an item of a key group is taken as it is', async () => {
    const [key] = await kms.parseGroupItem({ arn: ' a+arn:b ', role: 'r ', context: { k: 'v' } }, ctx)
    expect(key!.fields).toEqual({ arn: ' a+arn:b ', role: 'r ', context: { k: 'v' }, aws_profile: '' })
    await expect(kms.parseGroupItem('arn:a', ctx)).rejects.toThrow('must be a mapping')
  })

  test.each([
    [{}, arn],
    [{ role }, `${arn}+${role}`],
    [{ context: { b: '2', a: '1', B: '3' } }, `${arn}|B:3,a:1,b:2`],
    [{ context: { '\uff5e': '1', '\u{1f600}': '2' } }, `${arn}|\uff5e:1,\u{1f600}:2`],
    [{ aws_profile: 'p' }, `${arn}||p`],
    [{ role, context: { a: '1' }, aws_profile: 'p' }, `${arn}+${role}|a:1|p`],
  ])('label of %j', (fields, label) => {
    expect(kms.label(keyOf(fields))).toBe(label)
  })

  test.each([
    '',
    'arn:aws:kms:eu-west-2:111122223333:key/',
    'arn:aws:kms:eu-west-2:x:key/a',
    'arn:aws:s3:eu-west-2:1:key/a',
    'arn:aws:kms::1:key/a',
    'arn:aws:kms:eu-west-2:1:keys/a',
    ` ${arn}`,
  ])('no ARN: %j', async (text) => {
    const message = `no valid ARN found in '${text}'`
    await expect(kms.wrap(keyOf({ arn: text }), dataKey, ctx)).rejects.toThrow(message)
    await expect(kms.unwrap(keyOf({ arn: text }, 'AAAA'), ctx)).rejects.toThrow(message)
  })
})

describe('round trip', () => {
  test.each([
    ['key', arn, 'eu-west-2'],
    ['alias in China', 'arn:aws-cn:kms:cn-north-1:1:alias/sops', 'cn-north-1'],
    ['government', 'arn:aws-us-gov:kms:us-gov-west-1:1:key/a:b', 'us-gov-west-1'],
  ])('%s: signed for the region of the ARN, over one connection', async (_, id, region) => {
    const server = await aws({ keys: { [id]: 'enabled' } })
    const ctx = context(server, { AWS_REGION: 'us-east-1' })
    const enc = await kms.wrap(keyOf({ arn: id }), dataKey, ctx)
    expect(await kms.unwrap(keyOf({ arn: id }, enc), ctx)).toEqual(dataKey)
    expect(server.requests.map(({ action, region, accessKeyId }) => [action, region, accessKeyId])).toEqual([
      ['Encrypt', region, 'AKIDTEST'],
      ['Decrypt', region, 'AKIDTEST'],
    ])
    expect(server.requests[0]!.body).toEqual({ KeyId: id, Plaintext: Buffer.from(dataKey).toString('base64') })
    expect(new Set(server.requests.map(({ port }) => port)).size).toBe(1)
  })

  test('a share of 33 bytes', async () => {
    const server = await aws()
    const share = new Uint8Array(33).fill(9)
    const enc = await kms.wrap(keyOf(), share, context(server))
    expect(await kms.unwrap(keyOf({}, enc), context(server))).toEqual(share)
  })

  test('the encryption context is sent and bound', async () => {
    const server = await aws()
    const key = await wrapped(server, { context: { env: 'prod', team: 'a' } })
    expect(server.requests[0]!.body['EncryptionContext']).toEqual({ env: 'prod', team: 'a' })
    expect(await kms.unwrap(key, context(server))).toEqual(dataKey)
    for (const wrong of [{}, { env: 'prod' }, { env: 'test', team: 'a' }]) {
      const other = { ...key, fields: { ...key.fields, context: wrong } }
      await expect(kms.unwrap(other, context(server))).rejects.toThrow('InvalidCiphertextException')
    }
  })

  test('over TLS with the certificates of AWS_CA_BUNDLE alone', async () => {
    const tls = makeCertificate()
    try {
      const server = await aws({ tls })
      const enc = await kms.wrap(keyOf(), dataKey, context(server, { AWS_CA_BUNDLE: tls.path }))
      expect(await kms.unwrap(keyOf({}, enc), context(server, { AWS_CA_BUNDLE: tls.path }))).toEqual(dataKey)
      await expect(kms.unwrap(keyOf({}, enc), context(server))).rejects.toThrow('self-signed certificate')
      await expect(kms.unwrap(keyOf({}, enc), context(server, { AWS_CA_BUNDLE: '/nowhere' }))).rejects.toThrow(
        'AWS_CA_BUNDLE',
      )
    } finally {
      tls.remove()
    }
  })
})

describe('credentials', () => {
  test('older names of the variables', async () => {
    const server = await aws()
    const ctx = bare(server, { AWS_ACCESS_KEY: 'AKIDTEST', AWS_SECRET_KEY: awsDefaults.AWS_SECRET_ACCESS_KEY })
    await kms.wrap(keyOf(), dataKey, ctx)
    expect(server.requests[0]!.accessKeyId).toBe('AKIDTEST')
  })

  const profiles = (): string =>
    file(`[default]
region = us-east-1
[other]
aws_access_key_id = AKIDPROF   # of the team
aws_secret_access_key = profile-secret-key
`)
  const accounts = { AKIDPROF: { secret: 'profile-secret-key' } }

  test.each([
    ['the key’s own profile beats the variables', { aws_profile: 'other' }, {}, 'AKIDPROF'],
    ['the variables beat AWS_PROFILE', {}, { AWS_PROFILE: 'other' }, 'AKIDTEST'],
    ['AWS_PROFILE', {}, { AWS_PROFILE: 'other', AWS_ACCESS_KEY_ID: '' }, 'AKIDPROF'],
    ['AWS_DEFAULT_PROFILE', {}, { AWS_DEFAULT_PROFILE: 'other', AWS_ACCESS_KEY_ID: '' }, 'AKIDPROF'],
  ])('%s', async (_, fields, env, expected) => {
    const server = await aws({ accounts })
    const ctx = context(server, { AWS_SHARED_CREDENTIALS_FILE: profiles(), ...env })
    await kms.wrap(keyOf(fields), dataKey, ctx)
    expect(server.requests[0]!.accessKeyId).toBe(expected)
  })

  test('credential_process: run once for all keys and regions', async () => {
    const second = arn.replace('eu-west-2', 'eu-west-3')
    const server = await aws({ accounts, keys: { [arn]: 'enabled', [second]: 'enabled' } })
    const log = file('')
    const json = '{"Version":1,"AccessKeyId":"AKIDPROF","SecretAccessKey":"profile-secret-key"}'
    const config = file(`[profile proc]\ncredential_process = sh -c 'echo run >> ${log}; cat ${file(json)}'\n`)
    const ctx = bare(server, { AWS_CONFIG_FILE: config, AWS_PROFILE: 'proc', SOPS_KMS_TIMEOUT: '20s' })
    await Promise.all([arn, second].map((id) => kms.wrap(keyOf({ arn: id }), dataKey, ctx)))
    expect(server.requests.map(({ region }) => region).sort()).toEqual(['eu-west-2', 'eu-west-3'])
    const { readFileSync } = await import('node:fs')
    expect(readFileSync(log, 'utf8')).toBe('run\n')
  })

  test('a failing credential_process does not show its command line', async () => {
    const server = await aws()
    const config = file(`[profile proc]\ncredential_process = sh -c 'echo please log in >&2; exit 3; : hush-hush'\n`)
    const key = await wrapped(server)
    const result = await kms.unwrap(key, bare(server, { AWS_CONFIG_FILE: config, AWS_PROFILE: 'proc' }))
    expect(result).toEqual({
      unavailable:
        'failed to decrypt sops data key with AWS KMS: credential_process of profile proc failed: please log in',
    })
  })

  test('web identity: the token is traded for the role', async () => {
    const server = await aws({ roles: [role] })
    const env = { AWS_WEB_IDENTITY_TOKEN_FILE: file('the-token\n'), AWS_ROLE_ARN: role, AWS_ROLE_SESSION_NAME: 'me' }
    await kms.wrap(keyOf(), dataKey, bare(server, env))
    expect(server.requests.map(({ action }) => action)).toEqual(['AssumeRoleWithWebIdentity', 'Encrypt'])
    expect(server.requests[0]!.body).toMatchObject({
      RoleArn: role,
      RoleSessionName: 'me',
      WebIdentityToken: 'the-token',
    })
    expect(server.requests[1]!.accessKeyId).toMatch(/^ASIA/)
  })

  test('a profile with a role and a source profile; its MFA code is asked for', async () => {
    const server = await aws({ accounts, roles: [role] })
    const config = file(
      `[profile admin]\nrole_arn = ${role}\nsource_profile = other\nmfa_serial = arn:aws:iam::1:mfa/me\n`,
    )
    const env = { ...bare(server).env, AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: profiles() }
    const ctx = fakeContext({ env, now: new Date(), prompt: ['123456 '] })
    await kms.wrap(keyOf({ aws_profile: 'admin' }), dataKey, ctx)
    expect(ctx.prompts).toEqual(['MFA code for arn:aws:iam::1:mfa/me: '])
    expect(server.requests[0]).toMatchObject({
      action: 'AssumeRole',
      accessKeyId: 'AKIDPROF',
      region: 'eu-west-2',
      body: { TokenCode: '123456', SerialNumber: 'arn:aws:iam::1:mfa/me' },
    })
    const silent = fakeContext({ env, now: new Date() })
    await expect(kms.wrap(keyOf({ aws_profile: 'admin' }), dataKey, silent)).rejects.toThrow('an MFA code is needed')
  })

  test('container credentials', async () => {
    const server = await aws({ accounts: { AKIDCONT: { secret: 'container-secret', token: 'session' } } })
    const { createServer } = await import('node:http')
    const seen: (string | undefined)[] = []
    const container = createServer((request, response) => {
      seen.push(request.headers.authorization)
      const Expiration = new Date(Date.now() + 3_600_000).toISOString()
      response.end(
        JSON.stringify({ AccessKeyId: 'AKIDCONT', SecretAccessKey: 'container-secret', Token: 'session', Expiration }),
      )
    })
    await new Promise<void>((resolve) => container.listen(0, '127.0.0.1', resolve))
    open.push({ close: async () => void container.close() })
    const { port } = container.address() as { port: number }
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/c`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'ct',
    }
    const ctx = bare(server, env)
    await Promise.all([kms.wrap(keyOf(), dataKey, ctx), kms.wrap(keyOf(), dataKey, ctx)])
    expect(server.requests.map(({ accessKeyId }) => accessKeyId)).toEqual(['AKIDCONT', 'AKIDCONT'])
    expect(seen).toEqual(['ct'])
  })

  test('none at all: a value that tells what was tried, and an error when wrapping', async () => {
    const server = await aws()
    const key = await wrapped(server)
    const told =
      /no AWS credentials found \(tried AWS_ACCESS_KEY_ID, .*profile default\): instance metadata is disabled/
    expect(await kms.unwrap(key, bare(server))).toEqual({ unavailable: expect.stringMatching(told) })
    await expect(kms.wrap(keyOf(), dataKey, bare(server))).rejects.toThrow(told)
  })

  test('a profile that is missing here: an error when wrapping, the default credentials when unwrapping', async () => {
    const server = await aws()
    const key = await wrapped(server)
    const profiled = { ...key, fields: { ...key.fields, aws_profile: 'theirs' } }
    const message = 'could not load AWS config: failed to get shared config profile, theirs'
    await expect(kms.wrap(profiled, dataKey, context(server))).rejects.toThrow(message)
    const ctx = context(server)
    expect(await kms.unwrap(profiled, ctx)).toEqual(dataKey)
    expect(ctx.lines).toEqual([expect.objectContaining({ level: 'warning', fields: { profile: 'theirs' } })])
    expect(await kms.unwrap(profiled, bare(server))).toEqual({ unavailable: expect.stringContaining(message) })
  })
})

describe('roles', () => {
  test('assumed once, for both calls, with the reference’s session name', async () => {
    const server = await aws({ roles: [role] })
    const ctx = context(server)
    const enc = await kms.wrap(keyOf({ role }), dataKey, ctx)
    expect(await kms.unwrap(keyOf({ role }, enc), ctx)).toEqual(dataKey)
    expect(server.requests.map(({ action }) => action)).toEqual(['AssumeRole', 'Encrypt', 'Decrypt'])
    expect(server.requests[0]!.body).toEqual({
      Action: 'AssumeRole',
      Version: '2011-06-15',
      RoleArn: role,
      RoleSessionName: sessionName(),
    })
    expect(server.requests[0]!.region).toBe('eu-west-2')
    expect(server.requests[1]!.accessKeyId).toMatch(/^ASIA/)
  })

  test('denied', async () => {
    const server = await aws()
    const ctx = context(server)
    const message = `failed to assume role '${role}': AccessDenied: User: x is not authorized`
    await expect(kms.wrap(keyOf({ role }), dataKey, ctx)).rejects.toThrow(message)
    const result = await kms.unwrap(keyOf({ role }, 'AAAA'), context(server))
    expect(result).toEqual({ unavailable: expect.stringMatching(/^failed to assume role/) })
  })

  test.each([
    ['host-name.example', 'sops@hostname.example'],
    ['A_b~c d', 'sops@A_bcd'],
    ['x'.repeat(80), `sops@${'x'.repeat(59)}`],
  ])('session name on %s', (host, name) => {
    expect(sessionName(host)).toBe(name)
  })
})

describe('failures', () => {
  const failing = 'failed to decrypt sops data key with AWS KMS: '

  test.each([
    ['disabled', 'DisabledException'],
    ['denied', 'AccessDeniedException: User: x is not authorized to perform: kms:Decrypt'],
  ] as const)('a key that is %s', async (state, message) => {
    const server = await aws({ keys: { [arn]: state } })
    await expect(kms.unwrap(keyOf({}, 'A'.repeat(80)), context(server))).rejects.toThrow(failing + message)
    await expect(kms.wrap(keyOf(), dataKey, context(server))).rejects.toThrow(
      'failed to encrypt sops data key with AWS KMS: ',
    )
    expect(server.requests).toHaveLength(2)
  })

  test('a key that is gone', async () => {
    const server = await aws({ keys: {} })
    await expect(kms.unwrap(keyOf({}, 'AAAA'), context(server))).rejects.toThrow(`${failing}NotFoundException: Key '`)
  })

  test.each([
    ['A', 'illegal base64 data at input byte 1'],
    ['A=AA', 'illegal base64 data at input byte 1'],
    ['AAAA*', 'illegal base64 data at input byte 4'],
    ['AA', 'illegal base64 data at input byte 2'],
  ])('enc %j, before the ARN is looked at', async (enc, cause) => {
    await expect(kms.unwrap(keyOf({ arn: 'x' }, enc), fakeContext())).rejects.toThrow(
      `error base64-decoding encrypted data key: ${cause}`,
    )
  })

  test('a changed ciphertext', async () => {
    const server = await aws()
    const key = await wrapped(server)
    const blob = Buffer.from(key.enc, 'base64')
    blob[40]! ^= 1
    await expect(kms.unwrap({ ...key, enc: blob.toString('base64') }, context(server))).rejects.toThrow(
      `${failing}InvalidCiphertextException`,
    )
  })

  test.each([
    ['throttling', { status: 400, name: 'ThrottlingException' }],
    ['a server fault', { status: 500, name: 'KMSInternalException' }],
    ['a lost connection', 'drop'],
  ] as const)('%s passes with the next attempt, or is told after the third', async (_, fault) => {
    const once = await aws({ fault: (_action, count) => (count === 1 ? fault : undefined) })
    await kms.wrap(keyOf(), dataKey, context(once))
    expect(once.requests).toHaveLength(2)
    const always = await aws({ fault: () => fault })
    await expect(kms.wrap(keyOf(), dataKey, context(always))).rejects.toThrow('failed to encrypt sops data key')
    expect(always.requests).toHaveLength(3)
    const single = await aws({ fault: () => fault })
    await expect(kms.wrap(keyOf(), dataKey, context(single, { AWS_MAX_ATTEMPTS: '1' }))).rejects.toThrow()
    expect(single.requests).toHaveLength(1)
  })

  test('secrets that the service quotes are not shown', async () => {
    const server = await aws({ accounts: { AKIDOLD: { secret: 'old-secret', state: 'expired' } } })
    const env = {
      AWS_ACCESS_KEY_ID: 'AKIDOLD',
      AWS_SECRET_ACCESS_KEY: 'old-secret',
      AWS_SESSION_TOKEN: 'session-token',
    }
    await expect(kms.wrap(keyOf(), dataKey, context(server, env))).rejects.toThrow(
      'ExpiredTokenException: The security token included in the request is expired: ***',
    )
    const wrong = { AWS_SECRET_ACCESS_KEY: 'wrong-secret', AWS_SESSION_TOKEN: 'session-token' }
    const error = await kms.wrap(keyOf(), dataKey, context(server, wrong)).catch((failure: Error) => failure)
    expect(String(error)).toContain('InvalidSignatureException')
    expect(String(error)).toContain('x-amz-security-token:***')
    expect(String(error)).not.toContain('session-token ')
  })

  test('a server that never answers', async () => {
    const server = await aws({ fault: () => 'hang' })
    const ctx = context(server, { SOPS_KMS_TIMEOUT: '300ms' })
    await expect(kms.unwrap(keyOf({}, 'AAAA'), ctx)).rejects.toThrow(`${failing}no answer within 0.3s`)
  })

  test('nobody listens', async () => {
    const server = await startAws({ keys: {} })
    await server.close()
    const ctx = context(server, { AWS_MAX_ATTEMPTS: '1' })
    await expect(kms.unwrap(keyOf({}, 'AAAA'), ctx)).rejects.toThrow(`${failing}connect ECONNREFUSED`)
  })

  test('a region that is no part of a host name goes nowhere', async () => {
    const ctx = fakeContext({ env: awsDefaults })
    const id = 'arn:aws:kms:evil.example/x?:1:key/a'
    await expect(kms.unwrap(keyOf({ arn: id }, 'AAAA'), ctx)).rejects.toThrow(/Region|region/)
  })
})
