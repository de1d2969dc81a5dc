// Where AWS credentials come from besides variables and files: containers, instances, programs, chains of profiles, logins.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { kms } from '../../src/keys/kms.ts'
import type { AwsEmulator } from '../support/emulators/aws.ts'
import { startInstanceMetadata } from '../support/emulators/aws-metadata.ts'
import { aws, bare, dataKey, file, keyOf, open, role, wrapped } from './kms-support.ts'

/** What the SDK reads by itself, it reads from the process's environment. */
const stub = (env: Record<string, string>): void => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
}
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined)
  stub({ AWS_CONFIG_FILE: file(''), AWS_SHARED_CREDENTIALS_FILE: file('') })
})
afterEach(() => void vi.unstubAllEnvs())

const accounts = {
  AKIDCONT: { secret: 'machine-secret', token: 'session' },
  AKIDPROF: { secret: 'profile-secret-key' },
}
const given = () => ({
  AccessKeyId: 'AKIDCONT',
  SecretAccessKey: 'machine-secret',
  Token: 'session',
  Expiration: new Date(Date.now() + 3_600_000).toISOString(),
})

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

const told = async (server: AwsEmulator, env: Record<string, string | undefined>): Promise<string> => {
  const result = await kms.unwrap(await wrapped(server), bare(server, env))
  return 'unavailable' in result ? result.unavailable : 'opened'
}

describe('containers', () => {
  test.each([
    ['a variable', () => ({ AWS_CONTAINER_AUTHORIZATION_TOKEN: 'Basic abc' })],
    [
      'a file, before the variable',
      () => ({ AWS_CONTAINER_AUTHORIZATION_TOKEN: 'x', AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file('Basic abc\n') }),
    ],
  ])('the token of %s', async (_, env) => {
    const server = await aws({ accounts })
    const seen: unknown[] = []
    const agent = await listen((request, response) => {
      seen.push([request.url, request.headers.authorization])
      response.end(JSON.stringify(given()))
    })
    await kms.wrap(keyOf(), dataKey, bare(server, { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent}/v1?a=b`, ...env() }))
    expect(seen).toEqual([['/v1?a=b', 'Basic abc']])
    expect(server.requests[0]!.accessKeyId).toBe('AKIDCONT')
  })

  test('a busy agent is asked again', async () => {
    const server = await aws({ accounts })
    let count = 0
    const busy = await listen((_, response) => {
      response.statusCode = ++count === 1 ? 503 : 200
      response.end(JSON.stringify(given()))
    })
    await kms.wrap(keyOf(), dataKey, bare(server, { AWS_CONTAINER_CREDENTIALS_FULL_URI: busy }))
    expect(count).toBe(2)
  })

  test.each([
    [
      { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.com/c' },
      'AWS_CONTAINER_CREDENTIALS_FULL_URI): CredentialsProviderError: URL not accepted',
    ],
    [{ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'nonsense' }, 'AWS_CONTAINER_CREDENTIALS_FULL_URI): TypeError: Invalid URL'],
    [
      { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1', AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/nowhere' },
      'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: open /nowhere: no such file or directory',
    ],
    [
      {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1',
        AWS_CONTAINER_AUTHORIZATION_TOKEN: 'a\nX: hidden-text',
      },
      'AWS_CONTAINER_AUTHORIZATION_TOKEN: the token has line breaks',
    ],
  ])('%j', async (env, message) => {
    const text = await told(await aws(), env)
    expect(text).toContain(message)
    expect(text).not.toContain('hidden-text')
  })
})

describe('instances', () => {
  const metadata = async (options: Parameters<typeof startInstanceMetadata>[0] = {}) => {
    const server = await startInstanceMetadata({ credentials: given(), ...options })
    open.push(server)
    return server
  }
  const on = (url: string) => {
    stub({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url })
    return { AWS_EC2_METADATA_DISABLED: undefined }
  }

  test('version 2: a token, the role’s name, its credentials, once for all keys', async () => {
    const server = await aws({ accounts })
    const instance = await metadata()
    const ctx = bare(server, on(instance.url))
    await Promise.all([kms.wrap(keyOf(), dataKey, ctx), kms.wrap(keyOf(), dataKey, ctx)])
    expect(instance.seen).toEqual([
      'PUT /latest/api/token 21600',
      'GET /latest/meta-data/iam/security-credentials/ imds-token',
      'GET /latest/meta-data/iam/security-credentials/app@role imds-token',
    ])
    expect(server.requests.map(({ accessKeyId }) => accessKeyId)).toEqual(['AKIDCONT', 'AKIDCONT'])
  })

  test('the endpoint of the shared configuration', async () => {
    const server = await aws({ accounts })
    const config = file(`[default]\nec2_metadata_service_endpoint = ${(await metadata()).url}\n`)
    stub({ AWS_CONFIG_FILE: config })
    await kms.wrap(keyOf(), dataKey, bare(server, { AWS_EC2_METADATA_DISABLED: undefined, AWS_CONFIG_FILE: config }))
    expect(server.requests[0]!.accessKeyId).toBe('AKIDCONT')
  })

  test.each([
    [{ role: '' }, /instance metadata\): .*Error response received .* \(status 404\)$/],
    [{ refuses: true }, /instance metadata\): .*Error response received .* \(status 401\)$/],
    [{ credentials: {} }, /instance metadata\): .*Invalid response received from instance metadata service.$/],
  ])('%j', async (options, message) => {
    expect(await told(await aws(), on((await metadata(options)).url))).toMatch(message)
  })

  test('services that say nothing, or always refuse, are told within seconds', async () => {
    const refusing = await listen((_, response) => response.writeHead(403).end('{}'))
    const [silent, refused] = await Promise.all([
      told(await aws(), on((await metadata({ silent: true })).url)),
      told(await aws(), { AWS_CONTAINER_CREDENTIALS_FULL_URI: refusing }),
    ])
    expect(silent).toMatch(/instance metadata\): .*TimeoutError from instance metadata service$/)
    expect(refused).toMatch(
      /tried AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, profile default, AWS_CONTAINER_CREDENTIALS_FULL_URI\): .*status: 403/,
    )
  })

  test('nobody there: all places are named at once', async () => {
    expect(await told(await aws(), on('http://127.0.0.1:1'))).toMatch(
      /^failed to decrypt .*: no AWS credentials found \(tried AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, profile default, instance metadata\): .*Unable to connect to instance metadata service/,
    )
  })
})

describe('profiles', () => {
  const second = 'arn:aws:iam::222222222222:role/deploy'

  test('a chain of roles, each assumed with the one before', async () => {
    const server = await aws({ accounts, roles: [role, second] })
    const config = file(`[profile base]
aws_access_key_id = AKIDPROF
aws_secret_access_key = profile-secret-key
[profile middle]
role_arn = ${role}
source_profile = base
role_session_name = first
external_id = shared & known
duration_seconds = 900
[profile top]
role_arn = ${second}
source_profile = middle
`)
    await kms.wrap(keyOf({ aws_profile: 'top' }), dataKey, bare(server, { AWS_CONFIG_FILE: config }))
    const [first, then, last] = server.requests
    expect(first).toMatchObject({
      accessKeyId: 'AKIDPROF',
      body: { RoleArn: role, RoleSessionName: 'first', ExternalId: 'shared & known', DurationSeconds: '900' },
    })
    expect(then!.body['RoleArn']).toBe(second)
    expect([then!.accessKeyId.slice(0, 4), last!.accessKeyId.slice(0, 4)]).toEqual(['ASIA', 'ASIA'])
    expect(last!.accessKeyId).not.toBe(then!.accessKeyId)
  })

  test('a role of its own keys, and one that names itself as its source', async () => {
    const server = await aws({ accounts, roles: [role] })
    for (const source of ['', 'source_profile = own\n']) {
      const keys = 'aws_access_key_id = AKIDPROF\naws_secret_access_key = profile-secret-key\n'
      const config = file(`[profile own]\nrole_arn = ${role}\n${source}${keys}`)
      await kms.wrap(keyOf({ aws_profile: 'own' }), dataKey, bare(server, { AWS_CONFIG_FILE: config }))
    }
    expect(server.requests.map(({ action }) => action)).toEqual(['AssumeRole', 'Encrypt', 'AssumeRole', 'Encrypt'])
    expect(server.requests[0]!.accessKeyId).toBe('AKIDPROF')
  })

  test.each([
    [
      'Environment',
      async () => ({ AWS_ACCESS_KEY_ID: 'AKIDPROF', AWS_SECRET_ACCESS_KEY: 'profile-secret-key' }),
      'AKIDPROF',
    ],
    [
      'EcsContainer',
      async () => ({
        AWS_CONTAINER_CREDENTIALS_FULL_URI: await listen((_, out) => void out.end(JSON.stringify(given()))),
      }),
      'AKIDCONT',
    ],
    [
      'Ec2InstanceMetadata',
      async () => {
        const instance = await startInstanceMetadata({ credentials: given() })
        open.push(instance)
        return { AWS_EC2_METADATA_SERVICE_ENDPOINT: instance.url }
      },
      'AKIDCONT',
    ],
  ])('credential_source = %s', async (source, env, expected) => {
    const server = await aws({ accounts, roles: [role] })
    const config = file(`[profile p]\nrole_arn = ${role}\ncredential_source = ${source}\n`)
    const given = await env()
    stub(given)
    const ctx = bare(server, { AWS_CONFIG_FILE: config, ...given })
    await kms.wrap(keyOf({ aws_profile: 'p' }), dataKey, ctx)
    expect(server.requests.map(({ action }) => action)).toEqual(['AssumeRole', 'Encrypt'])
    expect(server.requests[0]!.accessKeyId).toBe(expected)
  })

  test('the web identity of a profile', async () => {
    const server = await aws({ roles: [role] })
    const config = file(`[profile p]\nrole_arn = ${role}\nweb_identity_token_file = ${file('profile-token\n')}\n`)
    await kms.wrap(keyOf({ aws_profile: 'p' }), dataKey, bare(server, { AWS_CONFIG_FILE: config }))
    expect(server.requests[0]).toMatchObject({
      action: 'AssumeRoleWithWebIdentity',
      body: { RoleArn: role, WebIdentityToken: 'profile-token' },
    })
  })

  test.each([
    ['[profile p]\nrole_arn = r\nsource_profile = gone\n', 'profile: [gone]'],
    [
      '[profile p]\nrole_arn = r\nsource_profile = q\n[profile q]\nrole_arn = r\nsource_profile = p\n',
      'a cycle attempting to resolve credentials for profile p. Profiles visited: q, p',
    ],
    ['[profile p]\nrole_arn = r\ncredential_source = Moon\n', 'credential source in profile p. Got Moon'],
    // With a role alone, the machine's account takes it on.
    ['[profile p]\nrole_arn = r\n', 'profile p): instance metadata is disabled'],
    ['[profile p]\nrole_arn = r\nweb_identity_token_file = /nowhere\n', 'open /nowhere: no such file or directory'],
    [
      "[profile p]\ncredential_process = sh -c 'echo hidden-text'\n",
      'Profile p credential_process returned invalid JSON',
    ],
    [
      `[profile p]\ncredential_process = echo '{"Version":1,"AccessKeyId":"A"}'\n`,
      'Profile p credential_process returned invalid credentials',
    ],
    [
      `[profile p]\ncredential_process = echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"hidden-text","Expiration":"2020-01-01T00:00:00Z"}'\n`,
      'Profile p credential_process returned expired credentials',
    ],
    [
      "[profile p]\nrole_arn = r\nsource_profile = q\n[profile q]\ncredential_process = sh -c 'echo log in >&2; exit 3; : hidden-text'\n",
      'credential_process of profile q failed: log in',
    ],
  ])('%j', async (text, message) => {
    const failure = await kms
      .wrap(keyOf({ aws_profile: 'p' }), dataKey, bare(await aws(), { AWS_CONFIG_FILE: file(text) }))
      .catch(String)
    expect(failure).toContain(message)
    expect(failure).not.toContain('hidden-text')
  })
})

test('a clock that is wrong is put right by the service’s', async () => {
  const server = await aws({ clock: () => new Date(Date.now() + 3_600_000) })
  expect(
    await kms.unwrap(
      await wrapped(server),
      bare(server, { AWS_ACCESS_KEY_ID: 'AKIDTEST', AWS_SECRET_ACCESS_KEY: 'very-secret-access-key' }),
    ),
  ).toEqual(dataKey)
  expect(server.requests.map(({ action }) => action)).toEqual(['Encrypt', 'Encrypt', 'Decrypt', 'Decrypt'])
})
