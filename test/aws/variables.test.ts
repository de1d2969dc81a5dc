// One configuration for every service: each variable and each setting of a profile, through KMS, STS and S3.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { arn, file, role } from '../keys/kms-support.ts'
import { fakeContext } from '../support/context.ts'
import { type AwsEmulator, awsDefaults, startAws } from '../support/emulators/aws.ts'
import { type InstanceMetadata, startInstanceMetadata } from '../support/emulators/aws-metadata.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { startTunnelProxy, type TunnelProxy } from '../support/emulators/proxy.ts'
import { type S3Server, startS3 } from '../support/emulators/s3.ts'
import { type ServiceName, services, shared, use } from './services.ts'

type Env = Record<string, string>

let tls: TestCertificate
let plain: Servers
let secured: Servers
let proxies: Record<ServiceName, TunnelProxy>
let instance: InstanceMetadata

interface Servers {
  readonly aws: AwsEmulator
  readonly s3: S3Server
}

const accounts = {
  AKIDPROF: { secret: 'profile-secret-key' },
  AKIDTEMP: { secret: 'temporary-secret', token: 'session-token' },
  AKIDROLE: { secret: 'role-of-the-machine', token: 'machine-token' },
}

const start = async (pair?: { key: string; cert: string }): Promise<Servers> => ({
  aws: await startAws({ keys: { [arn]: 'enabled' }, roles: [role], accounts, ...(pair ? { tls: pair } : {}) }),
  s3: await startS3(pair),
})

beforeAll(async () => {
  tls = makeCertificate('aws.test', 'bucket.aws.test')
  plain = await start()
  secured = await start(tls)
  const [ofAws, ofS3] = [await startTunnelProxy(secured.aws.port), await startTunnelProxy(secured.s3.port)]
  proxies = { kms: ofAws, sts: ofAws, s3: ofS3 }
  instance = await startInstanceMetadata()
})
afterAll(async () => {
  for (const { aws, s3 } of [plain, secured]) await Promise.all([aws.close(), s3.close()])
  for (const proxy of [proxies.kms, proxies.s3]) proxy.close()
  await instance.close()
  tls.remove()
})

/** Access key and region of the last request that each server got. */
let seen: (service: ServiceName) => string | undefined
beforeEach(() => {
  for (const { aws, s3 } of [plain, secured]) {
    aws.requests.length = 0
    s3.scopes.length = 0
  }
  seen = (service) => {
    const { aws, s3 } = [plain, secured].find((one) => one.aws.requests.length + one.s3.scopes.length > 0) ?? plain
    if (service === 's3') return s3.scopes.at(-1)?.replace(/\/\d{8}\/(.*)\/s3\/aws4_request$/, ' $1')
    const action = service === 'kms' ? 'Encrypt' : 'AssumeRole'
    const request = aws.requests.find((one) => one.action === action)
    return request && `${request.accessKeyId} ${request.region}`
  }
})

const endpoints = ({ aws, s3 }: Servers): Env => ({
  AWS_ENDPOINT_URL_KMS: aws.address,
  AWS_ENDPOINT_URL_STS: aws.address,
  AWS_ENDPOINT_URL_S3: s3.address,
})

async function run(service: ServiceName, env: Env): Promise<string | undefined> {
  const settings = { ...shared(''), AWS_REGION: 'eu-test-1', AWS_EC2_METADATA_DISABLED: 'true', AWS_MAX_ATTEMPTS: '1' }
  await use[service](fakeContext({ env: { ...settings, ...env }, now: new Date() }))
  return seen(service)
}

/** KMS and its roles are in the region of the key. */
const regionOf = (service: ServiceName, region: string): string => (service === 's3' ? region : 'eu-west-2')

const profiles = `[profile other]
region = eu-prof-1
aws_access_key_id = AKIDPROF
aws_secret_access_key = profile-secret-key
[default]
region = eu-def-1
[profile program]
credential_process = sh -c 'cat "$0"' `

const own = { AWS_ACCESS_KEY_ID: 'AKIDPROF', AWS_SECRET_ACCESS_KEY: 'profile-secret-key' }

const program = (): string =>
  profiles + file('{"Version":1,"AccessKeyId":"AKIDPROF","SecretAccessKey":"profile-secret-key"}')

describe.each(services)('%s', (service) => {
  test.each<[string, () => Env, string, string]>([
    ['keys', () => awsDefaults, 'AKIDTEST', 'eu-test-1'],
    [
      'keys by their older names',
      () => ({ AWS_ACCESS_KEY: 'AKIDPROF', AWS_SECRET_KEY: 'profile-secret-key' }),
      'AKIDPROF',
      'eu-test-1',
    ],
    [
      'a key by its older name beside one by its own',
      () => ({ ...own, AWS_ACCESS_KEY: 'AKIDNONE', AWS_SECRET_KEY: 'none' }),
      'AKIDPROF',
      'eu-test-1',
    ],
    [
      'temporary keys',
      () => ({
        AWS_ACCESS_KEY_ID: 'AKIDTEMP',
        AWS_SECRET_ACCESS_KEY: 'temporary-secret',
        AWS_SESSION_TOKEN: 'session-token',
      }),
      'AKIDTEMP',
      'eu-test-1',
    ],
    ['AWS_DEFAULT_REGION', () => ({ ...own, AWS_REGION: '', AWS_DEFAULT_REGION: 'eu-old-1' }), 'AKIDPROF', 'eu-old-1'],
    ['AWS_REGION first', () => ({ ...own, AWS_DEFAULT_REGION: 'eu-old-1' }), 'AKIDPROF', 'eu-test-1'],
    [
      'the region of the default profile',
      () => ({ ...own, AWS_REGION: '', ...shared(profiles) }),
      'AKIDPROF',
      'eu-def-1',
    ],
    ['AWS_PROFILE', () => ({ AWS_PROFILE: 'other', AWS_REGION: '', ...shared(profiles) }), 'AKIDPROF', 'eu-prof-1'],
    [
      'AWS_DEFAULT_PROFILE',
      () => ({ AWS_DEFAULT_PROFILE: 'other', AWS_REGION: '', ...shared(profiles) }),
      'AKIDPROF',
      'eu-prof-1',
    ],
    [
      'keys before AWS_PROFILE, whose region counts',
      () => ({ ...awsDefaults, AWS_PROFILE: 'other', AWS_REGION: '', ...shared(profiles) }),
      'AKIDTEST',
      'eu-prof-1',
    ],
    [
      'the file of credentials',
      () => shared('', '[default]\naws_access_key_id = AKIDPROF\naws_secret_access_key = profile-secret-key\n'),
      'AKIDPROF',
      'eu-test-1',
    ],
    ['a program', () => ({ AWS_PROFILE: 'program', ...shared(program()) }), 'AKIDPROF', 'eu-test-1'],
  ])('%s', async (_, env, key, region) => {
    expect(await run(service, { ...endpoints(plain), ...env() })).toBe(`${key} ${regionOf(service, region)}`)
  })

  test.each<[string, () => Env]>([
    ['a web identity', () => ({ AWS_WEB_IDENTITY_TOKEN_FILE: file('the-token'), AWS_ROLE_ARN: role })],
    [
      'a role of a profile and its source',
      () => ({
        AWS_PROFILE: 'top',
        ...shared(`${profiles}\n[profile top]\nrole_arn = ${role}\nsource_profile = other\n`),
      }),
    ],
  ])('%s', async (_, env) => {
    await run(service, { ...endpoints(plain), ...env() })
    const used = service === 's3' ? plain.s3.scopes.at(-1) : plain.aws.requests.at(-1)!.accessKeyId
    expect(used).toMatch(/^ASIA/)
  })

  test.each<[string, (url: Env) => Env]>([
    ['its own variable', (url) => ({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', ...url })],
    [
      'the variable of all, and the settings of the profile ignored',
      (url) => ({
        AWS_ENDPOINT_URL: url[`AWS_ENDPOINT_URL_${service.toUpperCase()}`]!,
        // A role is for a key of KMS.
        ...(service === 'sts' ? { AWS_ENDPOINT_URL_KMS: plain.aws.address } : {}),
        ...shared('[default]\nendpoint_url = http://127.0.0.1:1\n'),
      }),
    ],
    [
      'services of the profile',
      (url) =>
        shared(
          `[default]\nservices = local\nendpoint_url = http://127.0.0.1:1\n[services local]\n${services.map((name) => `${name} =\n  endpoint_url = ${url[`AWS_ENDPOINT_URL_${name.toUpperCase()}`]}\n`).join('')}`,
        ),
    ],
  ])('the endpoint by %s', async (_, env) => {
    expect(await run(service, { ...awsDefaults, ...env(endpoints(plain)) })).toMatch(/^AKIDTEST /)
  })

  test.each<[string, () => Env]>([
    ['AWS_CA_BUNDLE', () => ({ AWS_CA_BUNDLE: tls.path })],
    ['ca_bundle of the profile', () => shared(`[default]\nca_bundle = ${tls.path}\n`)],
  ])('trust by %s, through HTTPS_PROXY in both spellings and not where NO_PROXY says so', async (_, env) => {
    const { aws, s3 } = secured
    const named = {
      AWS_ENDPOINT_URL: `https://aws.test:${aws.port}`,
      AWS_ENDPOINT_URL_S3: `https://aws.test:${s3.port}`,
      ...awsDefaults,
      ...env(),
    }
    const proxy = proxies[service]
    for (const name of ['HTTPS_PROXY', 'https_proxy'] as const) {
      const before = proxy.seen.length
      expect(await run(service, { ...named, [name]: proxy.url })).toMatch(/^AKIDTEST /)
      expect(proxy.seen.slice(before)[0]).toMatch(/^(?:bucket\.)?aws\.test:\d+ Basic /)
      const through = proxy.seen.length
      await expect(
        run(service, { ...named, [name]: proxy.url, NO_PROXY: 'example.org,.aws.test,aws.test' }),
      ).rejects.toThrow(/aws\.test: no such host/)
      expect(proxy.seen.length).toBe(through)
    }
    await expect(
      run(service, { ...named, ...env(), HTTPS_PROXY: proxy.url, AWS_CA_BUNDLE: '/nowhere' }),
    ).rejects.toThrow('could not load AWS config: AWS_CA_BUNDLE: open /nowhere: no such file or directory')
  })

  test.each<[string, Env]>([
    ['keys', awsDefaults],
    ['the role of the machine', { AWS_EC2_METADATA_DISABLED: 'false' }],
    ['a web identity', { AWS_WEB_IDENTITY_TOKEN_FILE: '/dev/null', AWS_ROLE_ARN: role }],
    ['AWS_DEFAULT_PROFILE', { AWS_DEFAULT_PROFILE: 'other' }],
  ])('AWS_PROFILE names a profile that is missing: %s may not stand in for it', async (_, env) => {
    const asked = { ...endpoints(plain), ...shared(profiles), ...env, AWS_PROFILE: 'nope' }
    await expect(run(service, asked)).rejects.toThrow(
      'could not load AWS config: failed to get shared config profile, nope',
    )
    expect([plain.aws.requests.length, plain.s3.scopes.length, instance.seen.length]).toEqual([0, 0, 0])
  })

  test.each<[string, Env, string]>([
    [
      'AWS_RETRY_MODE',
      { AWS_RETRY_MODE: 'patient' },
      'AWS_RETRY_MODE must be standard or adaptive or legacy, got "patient"',
    ],
    ['AWS_MAX_ATTEMPTS', { AWS_MAX_ATTEMPTS: 'many' }, 'AWS_MAX_ATTEMPTS must be a number, got "many"'],
    [
      'AWS_USE_FIPS_ENDPOINT',
      { AWS_USE_FIPS_ENDPOINT: 'yes' },
      'AWS_USE_FIPS_ENDPOINT must be true or false, got "yes"',
    ],
    [
      'AWS_USE_DUALSTACK_ENDPOINT',
      { AWS_USE_DUALSTACK_ENDPOINT: '1' },
      'AWS_USE_DUALSTACK_ENDPOINT must be true or false, got "1"',
    ],
  ])('%s with a word that nobody knows', async (_, env, message) => {
    await expect(run(service, { ...endpoints(plain), ...awsDefaults, ...env })).rejects.toThrow(
      `could not load AWS config: ${message}`,
    )
  })

  test('a setting of the profile is named as it stands there', async () => {
    const env = shared('[default]\nretry_mode = patient\n')
    await expect(run(service, { ...endpoints(plain), ...awsDefaults, ...env })).rejects.toThrow(
      'could not load AWS config: retry_mode must be',
    )
  })

  test('a secret of the file of credentials is never shown', async () => {
    const secret = 'a-secret-key-of-a-file'
    const env = shared('', `[default]\naws_access_key_id = AKIDPROF\naws_secret_access_key = ${secret}\n`)
    const text = await run(service, { ...endpoints(plain), ...env }).catch(String)
    expect(text).not.toContain(secret)
  })
})

test('S3 without any region says what to set', async () => {
  await expect(run('s3', { ...awsDefaults, ...endpoints(plain), AWS_REGION: '' })).rejects.toThrow(
    'no AWS region: set AWS_REGION, or region in the AWS profile default',
  )
  await expect(run('s3', { ...awsDefaults, AWS_REGION: 'evil.example/x' })).rejects.toThrow('the AWS region must be')
})

test.each([
  [{}, 'bucket.s3.eu-test-1.amazonaws.com:443'],
  [{ AWS_USE_FIPS_ENDPOINT: 'true' }, 'bucket.s3-fips.eu-test-1.amazonaws.com:443'],
  [{ AWS_USE_DUALSTACK_ENDPOINT: 'True' }, 'bucket.s3.dualstack.eu-test-1.amazonaws.com:443'],
])('S3 with %j is asked at %s', async (env, host) => {
  const before = proxies.s3.seen.length
  await run('s3', { ...awsDefaults, HTTPS_PROXY: proxies.s3.url, ...env }).catch(() => {})
  expect(proxies.s3.seen[before]).toMatch(new RegExp(`^${host} `))
})
