// Credentials and settings that are there in part, or not as they should be: what was meant is said, and no other account stands in for it.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { retryStrategy } from '../../src/aws/retry.ts'
import { kms } from '../../src/keys/kms.ts'
import { aws, bare, context, dataKey, file, keyOf, role } from '../keys/kms-support.ts'
import { type Sandbox, sandbox } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'
import { awsDefaults } from '../support/emulators/aws.ts'
import { makeCertificate } from '../support/emulators/aws-tls.ts'
import { rawAnswer, startRaw } from '../support/emulators/raw.ts'
import { services, shared, use } from './services.ts'

let box: Sandbox
beforeAll(() => {
  box = sandbox({ 'folder/x': '' })
  if (process.platform !== 'win32') execFileSync('mkfifo', [box.path('pipe')])
})
afterAll(() => box.remove())

/** Of a machine that has an account of its own, which would do. */
const told = (config: string, env: Record<string, string> = {}): Promise<string> => {
  const machine = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/would-be-asked' }
  const ctx = fakeContext({ env: { ...machine, ...shared(config), AWS_REGION: 'eu-west-2', ...env }, now: new Date() })
  return kms.wrap(keyOf(), dataKey, ctx).then(
    () => 'no failure',
    (error: Error) => error.message,
  )
}

describe('credentials in part', () => {
  test.each<[string, string, Record<string, string>, string]>([
    [
      'a token file without a role',
      '',
      { AWS_WEB_IDENTITY_TOKEN_FILE: '/token' },
      'could not load AWS config: AWS_WEB_IDENTITY_TOKEN_FILE needs a role: set AWS_ROLE_ARN',
    ],
    [
      'a profile with a token file and no role',
      '[profile p]\nweb_identity_token_file = /token\n',
      { AWS_PROFILE: 'p' },
      'could not load AWS config: profile p has web_identity_token_file without role_arn',
    ],
    [
      'a profile with an id and no secret',
      '[profile p]\naws_access_key_id = AKID\n',
      { AWS_PROFILE: 'p' },
      'could not load AWS config: profile p has aws_access_key_id without aws_secret_access_key',
    ],
    [
      'a profile with a secret and no id',
      '[profile p]\naws_secret_access_key = hunter2-secret\n',
      { AWS_PROFILE: 'p' },
      'could not load AWS config: profile p has aws_secret_access_key without aws_access_key_id',
    ],
  ])('%s', async (_, config, env, expected) => {
    expect(await told(config, env)).toBe(expected)
  })

  test.each([
    ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    ['AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID'],
  ])('%s without %s is named where no others are found', async (set, lacking) => {
    const text = await told('', { [set]: 'hunter2-value' })
    expect(text).toContain(`no AWS credentials found (${set} is set without ${lacking}; tried `)
    expect(text).not.toContain('hunter2')
  })
})

test('a role of a profile without a source is taken on with the account of the machine', async () => {
  const server = await aws({ roles: [role], accounts: { AKIDBOX: { secret: 'box-secret', token: 'box-token' } } })
  const box = await startRaw()
  const keys = { AccessKeyId: 'AKIDBOX', SecretAccessKey: 'box-secret', Token: 'box-token' }
  const expiring = { ...keys, Expiration: new Date(Date.now() + 3_600_000).toISOString() }
  box.answer = rawAnswer(200, 'application/json', JSON.stringify(expiring))
  const ctx = bare(server, {
    ...shared(`[profile p]\nrole_arn = ${role}\nexternal_id = x\n`),
    AWS_PROFILE: 'p',
    AWS_CONTAINER_CREDENTIALS_FULL_URI: box.url,
  })
  await kms.wrap(keyOf(), dataKey, ctx).finally(() => box.close())
  expect(server.requests.map(({ action, accessKeyId }) => `${action} ${accessKeyId.slice(0, 4)}`)).toEqual([
    'AssumeRole AKID',
    'Encrypt ASIA',
  ])
  expect(server.requests[0]!.body).toMatchObject({ RoleArn: role, ExternalId: 'x' })
})

describe.skipIf(process.platform === 'win32').each([
  ['of the profile', ''],
  ['of its source', `[profile top]\nrole_arn = ${role}\nsource_profile = p\n`],
])('the token file %s', (_, above) => {
  const profiles = (path: string): Record<string, string> => ({
    ...shared(`[profile p]\nrole_arn = ${role}\nweb_identity_token_file = ${path}\n${above}`),
    AWS_PROFILE: above === '' ? 'p' : 'top',
  })

  test.each([
    [
      'a pipe that nobody writes to',
      () => box.path('pipe'),
      above === '' ? 'that nothing writes to' : 'is a named pipe: a source needs a regular file',
    ],
    ['a device without an end', () => '/dev/zero', above === '' ? 'file too large' : 'is a device: a source needs'],
    ['a folder', () => box.path('folder'), 'is a directory'],
    ['none', () => box.path('missing'), 'no such file or directory'],
  ])('is %s', async (_, path, reason) => {
    const ctx = fakeContext({ env: { ...profiles(path()), AWS_REGION: 'eu-west-2' }, now: new Date() })
    await expect(kms.wrap(keyOf(), dataKey, ctx)).rejects.toThrow(
      new RegExp(`web_identity_token_file of profile p: .*${path()}.*${reason}`),
    )
  })

  test('is read, without its line break, and traded for the role', async () => {
    const server = await aws({ roles: [role] })
    await kms.wrap(keyOf(), dataKey, bare(server, profiles(file('the-token\n'))))
    expect(server.requests.map(({ action }) => action)).toEqual(
      above === '' ? ['AssumeRoleWithWebIdentity', 'Encrypt'] : ['AssumeRoleWithWebIdentity', 'AssumeRole', 'Encrypt'],
    )
    expect(server.requests[0]!.body).toMatchObject({ WebIdentityToken: 'the-token' })
  })
})

describe.each(services)('%s', (service) => {
  const said = (env: Record<string, string>, config = ''): Promise<string> => {
    const all = { ...awsDefaults, ...shared(config), AWS_REGION: 'eu-west-2', AWS_MAX_ATTEMPTS: '1', ...env }
    return use[service](fakeContext({ env: all, now: new Date() })).then(
      () => 'no failure',
      (error: Error) => error.message,
    )
  }

  test.each([
    ['AWS_ENDPOINT_URL', 'localhost'],
    ['AWS_ENDPOINT_URL', '127.0.0.1:4566'],
    [`AWS_ENDPOINT_URL_${service.toUpperCase()}`, 'http://'],
    ['AWS_ENDPOINT_URL', 'ftp://user:hunter2@aws.invalid'],
  ])('%s=%s is no address', async (name, value) => {
    const text = await said({ [name]: value })
    expect(text).toContain(`could not load AWS config: ${name} must be a URL that begins with https:// or http://`)
    expect(text).not.toContain('hunter2')
  })

  test('an endpoint_url of a profile is no address', async () => {
    expect(await said({}, '[default]\nendpoint_url = localhost\n')).toContain(': endpoint_url must be a URL')
    const own = `[default]\nservices = mine\n[services mine]\n${service} =\n  endpoint_url = localhost\n`
    expect(await said({}, own)).toContain(': endpoint_url must be a URL')
  })

  test('certificates that are none, or not those of the server: the setting is named', async () => {
    const path = file('no certificate')
    expect(await said({ AWS_CA_BUNDLE: path })).toContain(`: AWS_CA_BUNDLE: ${path} holds no certificate in PEM`)
    const config = `[default]\nca_bundle = ${path}\n`
    expect(await said({}, config)).toContain(`: ca_bundle: ${path} holds no certificate in PEM`)
    const [server, another] = [makeCertificate(), makeCertificate()]
    const service = await aws({ tls: server })
    const text = await said({ AWS_ENDPOINT_URL: `https://127.0.0.1:${service.port}`, AWS_CA_BUNDLE: another.path })
    for (const one of [server, another]) one.remove()
    expect(text).toMatch(/add its authority's certificate to those that this service's own setting names$/)
  })

  test('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS knows two words', async () => {
    expect(await said({ AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'yes' })).toContain(
      'could not load AWS config: AWS_IGNORE_CONFIGURED_ENDPOINT_URLS must be true or false, got "yes"',
    )
  })

  test('a text of the service that is none, or longer than anybody reads', async () => {
    const raw = await startRaw()
    const [json, id] = ['application/x-amz-json-1.1', { 'x-amzn-requestid': '1-a', 'x-amz-request-id': '1-a' }]
    raw.answer = rawAnswer(400, json, '{"__type":"Odd","message":{"a":1}}', id)
    if (service === 'kms')
      expect(await said({ AWS_ENDPOINT_URL: raw.url })).toMatch(/Odd \(status 400, request id 1-a\)$/)
    const body = {
      kms: `{"__type":"Odd","message":"${'y'.repeat(100_000)}"}`,
      sts: `<ErrorResponse><Error><Code>Odd</Code><Message>${'y'.repeat(100_000)}</Message></Error></ErrorResponse>`,
      s3: `<Error><Code>Odd</Code><Message>${'y'.repeat(100_000)}</Message></Error>`,
    }[service]
    raw.answer = rawAnswer(400, service === 'kms' ? json : 'text/xml', body, id)
    const text = await said({ AWS_ENDPOINT_URL: raw.url }).finally(() => raw.close())
    expect(text).toMatch(/Odd: y{1000,}… \(status 400, request id 1-a\)$/)
    expect(text.length).toBeLessThan(2500)
  })
})

test('who is told to wait longer than a date can say makes no further attempt', async () => {
  const strategy = retryStrategy({ maxAttempts: 3, limit: 10_000, isAdaptive: false })
  const token = await strategy.acquireInitialRetryToken('')
  const failed = { errorType: 'THROTTLING', retryAfterHint: new Date(Number.NaN) } as const
  await expect(strategy.refreshRetryTokenForRetry(token, failed)).rejects.toThrow('no further attempt')
})

test('a token file without a role is no hindrance where the environment has keys', async () => {
  const server = await aws()
  await kms.wrap(keyOf(), dataKey, context(server, { AWS_WEB_IDENTITY_TOKEN_FILE: '/nonexistent' }))
  expect(server.requests[0]!.accessKeyId).toBe('AKIDTEST')
})
