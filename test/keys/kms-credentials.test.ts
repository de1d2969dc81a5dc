import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { sessionName } from '../../src/aws/sts.ts'
import { kms } from '../../src/keys/kms.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { type AwsEmulator, awsDefaults } from '../support/emulators/aws.ts'
import { arn, aws, bare, context, dataKey, file, keyOf, open, role, wrapped } from './kms-support.ts'

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
    await expect(kms.wrap(keyOf({ aws_profile: 'admin' }), dataKey, silent)).rejects.toThrow(
      'an MFA code is needed for arn:aws:iam::1:mfa/me, and there is no terminal to ask on: put the keys that "aws configure export-credentials --profile admin" prints into that profile, in another file that AWS_CONFIG_FILE names',
    )
    const chosen = fakeContext({ env: { ...env, AWS_PROFILE: 'admin' }, now: new Date() })
    await expect(kms.wrap(keyOf(), dataKey, chosen)).rejects.toThrow(
      'to ask on: set the variables that "aws configure export-credentials --profile admin --format env" prints',
    )
  })

  test('an MFA code is not echoed', async () => {
    const server = await aws({ accounts, roles: [role] })
    const section = `role_arn = ${role}\nmfa_serial = arn:aws:iam::1:mfa/me\n`
    const keys = 'aws_access_key_id = AKIDPROF\naws_secret_access_key = profile-secret-key\n'
    for (const config of [
      `[profile admin]\n${section}source_profile = other\n[profile other]\n${keys}`,
      `[profile admin]\n${section}${keys}`,
    ]) {
      const hidden: unknown[] = []
      const prompt = (_: string, options?: { secret?: boolean }): string => {
        hidden.push(options?.secret)
        return '123456'
      }
      const env = { ...bare(server).env, AWS_CONFIG_FILE: file(config), AWS_SHARED_CREDENTIALS_FILE: file('') }
      await kms.wrap(keyOf({ aws_profile: 'admin' }), dataKey, fakeContext({ env, now: new Date(), prompt }))
      expect(hidden).toEqual([true])
    }
  })

  test.skipIf(process.platform === 'win32')('a configuration that comes through a pipe', async () => {
    const server = await aws({ accounts, roles: [role] })
    const fed = (text: string): string => {
      const path = file('')
      rmSync(path)
      execFileSync('mkfifo', [path])
      spawn('sh', ['-c', 'cat "$0" >"$1"', file(text), path])
      return path
    }
    const keys = '[profile other]\naws_access_key_id = AKIDPROF\naws_secret_access_key = profile-secret-key\n'
    const env = (text: string) => ({
      ...bare(server).env,
      AWS_CONFIG_FILE: fed(text),
      AWS_SHARED_CREDENTIALS_FILE: file(''),
    })
    await kms.wrap(keyOf({ aws_profile: 'other' }), dataKey, fakeContext({ env: env(keys), now: new Date() }))
    expect(server.requests[0]!.accessKeyId).toBe('AKIDPROF')
    const withRole = `${keys}[profile admin]\nrole_arn = ${role}\nsource_profile = other\n`
    await expect(
      kms.wrap(keyOf({ aws_profile: 'admin' }), dataKey, fakeContext({ env: env(withRole), now: new Date() })),
    ).rejects.toThrow('is a named pipe: roles, programs and logins of a profile need a regular file')
  })

  test('container credentials', async () => {
    const server = await aws({ accounts: { AKIDCONT: { secret: 'container-secret', token: 'session' } } })
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
    expect(ctx.lines).toEqual([expect.objectContaining({ level: 'advice', fields: { profile: 'theirs' } })])
    expect(await kms.unwrap(profiled, bare(server))).toEqual({ unavailable: expect.stringContaining(message) })
  })
})

describe('single sign-on', () => {
  afterEach(() => void vi.unstubAllEnvs())

  /** The SDK finds the login by the process's environment. */
  async function login(
    expires: Date,
    roles: string[] = [],
  ): Promise<{ ctx: FakeContext; server: AwsEmulator; seen: string[] }> {
    const server = await aws({ roles, accounts: { AKIDSSO: { secret: 'sso-secret', token: 'sso-session' } } })
    const seen: string[] = []
    const portal = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://portal')
      const asked = [searchParams.get('account_id'), searchParams.get('role_name')]
      seen.push(`${pathname} ${asked} ${request.headers['x-amz-sso_bearer_token']}`)
      const expiration = Date.now() + 3_600_000
      const roleCredentials = {
        accessKeyId: 'AKIDSSO',
        secretAccessKey: 'sso-secret',
        sessionToken: 'sso-session',
        expiration,
      }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ roleCredentials }))
    })
    await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve))
    const home = mkdtempSync(join(tmpdir(), 'sops-sso-'))
    open.push({
      close: async () => {
        portal.close()
        rmSync(home, { recursive: true, force: true })
      },
    })
    const cache = join(home, '.aws', 'sso', 'cache')
    mkdirSync(cache, { recursive: true })
    const token = {
      startUrl: 'https://x',
      region: 'us-east-1',
      accessToken: 'login-token',
      expiresAt: expires.toISOString(),
    }
    writeFileSync(join(cache, `${createHash('sha1').update('corp').digest('hex')}.json`), JSON.stringify(token))
    const config = `[profile work]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Dev
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://x
[profile deploy]
role_arn = ${role}
source_profile = work
[profile console]
login_session = arn:aws:iam::111122223333:user/me
region = us-east-1
`
    writeFileSync(join(home, '.aws', 'config'), config)
    const { port } = portal.address() as { port: number }
    const env = {
      HOME: home,
      AWS_ENDPOINT_URL_SSO: `http://127.0.0.1:${port}`,
      AWS_CONFIG_FILE: join(home, '.aws', 'config'),
    }
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    const ctx = fakeContext({ env: { ...bare(server).env, ...env }, home, now: new Date() })
    return { ctx, server, seen }
  }

  test('a login gives the role’s credentials', async () => {
    const { ctx, server, seen } = await login(new Date(Date.now() + 3_600_000))
    await kms.wrap(keyOf({ aws_profile: 'work' }), dataKey, ctx)
    expect(server.requests[0]!.accessKeyId).toBe('AKIDSSO')
    expect(seen).toEqual(['/federation/credentials 111122223333,Dev login-token'])
  })

  test('a role on top of a login', async () => {
    const { ctx, server } = await login(new Date(Date.now() + 3_600_000), [role])
    await kms.wrap(keyOf({ aws_profile: 'deploy' }), dataKey, ctx)
    expect(server.requests.map(({ action }) => action)).toEqual(['AssumeRole', 'Encrypt'])
    expect(server.requests[0]!.accessKeyId).toBe('AKIDSSO')
  })

  test('the session of `aws login`, while it lasts', async () => {
    const { ctx, server } = await login(new Date(Date.now() + 3_600_000))
    const cache = join(ctx.home!, 'logins')
    mkdirSync(cache)
    vi.stubEnv('AWS_LOGIN_CACHE_DIRECTORY', cache)
    const arn = 'arn:aws:iam::111122223333:user/me'
    const token = (expiresAt: Date): string =>
      JSON.stringify({
        accessToken: {
          accessKeyId: 'AKIDSSO',
          secretAccessKey: 'sso-secret',
          sessionToken: 'sso-session',
          accountId: '111122223333',
          expiresAt: expiresAt.toISOString(),
        },
        clientId: 'x',
        refreshToken: 'refresh-secret',
        dpopKey: 'none',
      })
    const path = join(cache, `${createHash('sha256').update(arn).digest('hex')}.json`)
    writeFileSync(path, token(new Date(Date.now() + 3_600_000)))
    await kms.wrap(keyOf({ aws_profile: 'console' }), dataKey, ctx)
    expect(server.requests[0]!.accessKeyId).toBe('AKIDSSO')
    rmSync(path)
    const late = fakeContext({ env: ctx.env, home: ctx.home!, now: new Date() })
    const result = await kms.unwrap(keyOf({ aws_profile: 'console' }, 'AAAA'), late)
    expect(result).toEqual({ unavailable: expect.stringMatching(/Failed to load token/) })
  })

  test('an expired login says how to renew it', async () => {
    const { ctx } = await login(new Date(Date.now() - 60_000))
    const result = await kms.unwrap(keyOf({ aws_profile: 'work' }, 'AAAA'), ctx)
    expect(result).toEqual({ unavailable: expect.stringMatching(/aws sso login/) })
    expect(JSON.stringify(result)).not.toContain('login-token')
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
