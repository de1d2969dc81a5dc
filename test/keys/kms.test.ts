import { DecryptCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { kmsClient } from '../../src/keys/kms/client.ts'
import { kms } from '../../src/keys/kms.ts'
import { fakeContext } from '../support/context.ts'
import { awsDefaults, startAws } from '../support/emulators/aws.ts'
import { makeCertificate } from '../support/emulators/aws-tls.ts'
import { startTunnelProxy } from '../support/emulators/proxy.ts'
import { arn, aws, context, dataKey, file, keyOf, open, role, wrapped } from './kms-support.ts'

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

describe('endpoints', () => {
  const config = (text: string): string => file(`[default]\nservices = local\n${text}`)

  test.each([
    [
      'a variable of the service',
      (url: string) => ({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_KMS: url }),
    ],
    [
      'a section of services',
      (url: string) => ({
        AWS_CONFIG_FILE: config(
          `[services local]\nkms =\n  endpoint_url = ${url}\nsts =\n  endpoint_url = http://127.0.0.1:1\n`,
        ),
      }),
    ],
    ['the profile', (url: string) => ({ AWS_CONFIG_FILE: config(`endpoint_url = ${url}`) })],
  ])('%s', async (_, env) => {
    const server = await aws()
    const ctx = context(server, { AWS_ENDPOINT_URL: undefined, ...env(server.url) })
    await kms.wrap(keyOf(), dataKey, ctx)
    expect(server.requests).toHaveLength(1)
  })

  test.each([
    [arn, {}, 'https://kms.eu-west-2.amazonaws.com/'],
    [arn, { AWS_USE_FIPS_ENDPOINT: 'true' }, 'https://kms-fips.eu-west-2.amazonaws.com/'],
    [arn, { AWS_USE_DUALSTACK_ENDPOINT: 'TRUE' }, 'https://kms.eu-west-2.api.aws/'],
    [
      arn,
      { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
      'https://kms.eu-west-2.amazonaws.com/',
    ],
    ['arn:aws-cn:kms:cn-north-1:1:key/a', {}, 'https://kms.cn-north-1.amazonaws.com.cn/'],
  ])('%s with %j is asked at %s', async (id, env, url) => {
    const { client } = await kmsClient(keyOf({ arn: id }), false, fakeContext({ env: { ...awsDefaults, ...env } }))
    // Looked at just before it would leave.
    const { hostname } = await new Promise<{ hostname: string }>((resolve) => {
      client.middlewareStack.add(
        () =>
          async ({ request }) => {
            resolve(request as { hostname: string })
            throw new Error('seen')
          },
        { step: 'finalizeRequest', priority: 'low', name: 'seen' },
      )
      client.send(new DecryptCommand({ CiphertextBlob: new Uint8Array(1) })).catch(() => {})
    })
    expect(`https://${hostname}/`).toBe(url)
  })

  test('through a proxy, to its end encrypted', async () => {
    const tls = makeCertificate('kms.test')
    const server = await aws({ tls })
    const proxy = await startTunnelProxy(server.port)
    open.push({ close: async () => proxy.close() })
    const env = { AWS_CA_BUNDLE: tls.path, HTTPS_PROXY: proxy.url }
    const ctx = context(server, { AWS_ENDPOINT_URL: `https://kms.test:${server.port}`, ...env })
    const enc = await kms.wrap(keyOf(), dataKey, ctx)
    expect(await kms.unwrap(keyOf({}, enc), ctx)).toEqual(dataKey)
    expect(proxy.seen).toEqual([`kms.test:${server.port} Basic ${Buffer.from('user:pass').toString('base64')}`])
    tls.remove()
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
    await expect(kms.unwrap(keyOf({}, 'AAAA'), ctx)).rejects.toThrow(`${failing}connect 127.0.0.1:`)
  })

  test('a region that is no part of a host name goes nowhere', async () => {
    const ctx = fakeContext({ env: awsDefaults })
    const id = 'arn:aws:kms:evil.example/x?:1:key/a'
    await expect(kms.unwrap(keyOf({ arn: id }, 'AAAA'), ctx)).rejects.toThrow('no valid ARN found in')
  })
})
