// What is said when a service of AWS, or what stands before it, answers otherwise than it should.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kms } from '../../src/keys/kms.ts'
import { aws, bare, context, file, role, wrapped } from '../keys/kms-support.ts'
import { fakeContext } from '../support/context.ts'
import { awsDefaults } from '../support/emulators/aws.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { type RawServer, rawAnswer, startRaw } from '../support/emulators/raw.ts'
import { type ServiceName, services, use } from './services.ts'

let raw: RawServer
let tls: TestCertificate
beforeAll(async () => {
  raw = await startRaw()
  tls = makeCertificate()
})
afterAll(async () => {
  await raw.close()
  tls.remove()
})

/** Of one attempt. */
const told = async (service: ServiceName, url: string, env: Record<string, string> = {}): Promise<string> => {
  const settings = { AWS_REGION: 'eu-west-2', AWS_MAX_ATTEMPTS: '1', AWS_ENDPOINT_URL: url }
  const ctx = fakeContext({ env: { ...awsDefaults, ...settings, ...env }, now: new Date() })
  return use[service](ctx).then(
    () => 'no failure',
    (error: Error) => error.message.replaceAll(raw.host, 'HOST').replace(/^failed to .*?(?:KMS|sops'): /, ''),
  )
}

const id = { 'x-amzn-RequestId': '1234-ab', 'x-amz-request-id': '1234-ab' }

/** The service's own error, in the shape of its protocol. */
function refusal(service: ServiceName, status: number, name: string, text: string, headers: object = {}): string {
  const xml = `<Error><Code>${name}</Code><Message>${text}</Message></Error>`
  const body = {
    kms: JSON.stringify({ __type: name, message: text }),
    sts: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${xml}</ErrorResponse>`,
    s3: xml,
  }[service]
  return rawAnswer(status, service === 'kms' ? 'application/x-amz-json-1.1' : 'text/xml', body, { ...id, ...headers })
}

describe.each(services)('%s', (service) => {
  test.each([
    ['a bad request', 400, 'ValidationException', 'not like this'],
    ['one that is denied', 403, 'AccessDeniedException', 'User: x is not authorized'],
    ['a key that is switched off', 400, 'DisabledException', 'it is disabled.'],
    ['an expired token', 403, 'ExpiredTokenException', 'The security token included in the request is expired'],
    ['something that is not there', 404, 'NotFoundException', 'it does not exist'],
    ['too many requests', 429, 'ThrottlingException', 'Rate exceeded'],
    ['a fault', 500, 'InternalFailure', 'try later'],
    ['no service', 503, 'ServiceUnavailable', 'try later'],
    ['a redirect', 301, 'PermanentRedirect', 'use the other endpoint'],
  ])('%s: its name, its text and its request id', async (_, status, name, text) => {
    raw.answer = refusal(service, status, name, text)
    expect(await told(service, raw.url)).toBe(`${name}: ${text} (status ${status}, request id 1234-ab)`)
  })

  test.each([
    ['a page that refuses', 403, 'text/html', '<html><body>Blocked by policy<br></body></html>'],
    ['a page in the name of AWS', 503, 'text/html; charset=utf-8', '<h1>Service Unavailable</h1>'],
    ['a page to log in', 200, 'text/html', '<html><body>Log in</body></html>'],
    ['a page that is no XML', 200, 'text/html', '<html><br>Log in<p>'],
    ['a redirect to a page', 302, 'text/html', ''],
    ['a redirect', 301, 'text/plain', ''],
    ['plain text', 404, 'text/plain', '404 page not found'],
    ['nothing', 500, 'text/plain', ''],
    ['JSON of something else', 403, 'application/json', '{"message":"Forbidden"}'],
  ])('a proxy that answers with %s', async (_, status, type, body) => {
    raw.answer = rawAnswer(status, type, body, { Location: 'http://127.0.0.1:1/' })
    expect(await told(service, raw.url)).toBe(`status ${status} from HOST: an answer of a proxy, not of AWS`)
  })

  test('an answer without a reason', async () => {
    raw.answer = rawAnswer(503, 'application/x-amz-json-1.1', '', id)
    expect(await told(service, raw.url)).toMatch(/^status 503 from HOST, without a reason, request id 1234-ab$/)
  })

  test('an answer that breaks off', async () => {
    raw.answer = rawAnswer(200, 'application/json', '{', { ...id, length: 40 })
    expect(await told(service, raw.url)).toMatch(/^the answer of HOST (?:cannot be read: it is cut short|broke off)/)
  })

  test('an answer that is cut short', async () => {
    const whole = refusal(service, 403, 'AccessDenied', 'no')
    raw.answer = whole.replace(/Content-Length: (\d+)/, (_, length) => `Content-Length: ${length - 9}`).slice(0, -9)
    expect(await told(service, raw.url)).toMatch(
      /^the answer of HOST cannot be read: it is cut short, or no answer of AWS \(status 403, request id 1234-ab\)$/,
    )
  })

  test('an answer that holds nothing', async () => {
    raw.answer = rawAnswer(200, 'text/plain', '')
    expect(await told(service, raw.url)).toMatch(/^(?:.*: )?the answer (?:of STS )?(?:holds|confirms) no /)
  })

  test('a connection that is refused, reset or leads nowhere', async () => {
    raw.answer = undefined
    expect(await told(service, raw.url)).toBe('cannot reach HOST: read: connection reset by peer')
    expect(await told(service, 'http://127.0.0.1:1')).toBe('connect 127.0.0.1:1: connection refused')
    expect(await told(service, 'http://aws.invalid')).toMatch(/^lookup (?:bucket\.)?aws\.invalid: no such host$/)
  })

  test('TLS: a certificate that is not trusted, a server without', async () => {
    const server = await aws({ tls })
    const address = `https://127.0.0.1:${server.port}`
    expect(await told(service, address)).toMatch(
      /^cannot reach 127\.0\.0\.1:\d+: its certificate is signed by no authority that is trusted here \(self-signed certificate\)/,
    )
    const plain = await aws()
    expect(await told(service, plain.url.replace('http:', 'https:'))).toMatch(
      /^cannot reach 127\.0\.0\.1:\d+: it answers plain HTTP, or something else that is no TLS/,
    )
  })

  test('a service that says nothing ends within the time limit', async () => {
    const server = await aws({ fault: () => 'hang' })
    const text = await told(service, server.url, { SOPS_KMS_TIMEOUT: '300ms' })
    expect(text).toMatch(/no answer (?:from 127.* )?within 0\.3s \(SOPS_KMS_TIMEOUT sets the limit\)/)
  })
})

test('a bucket elsewhere is told with its region', async () => {
  raw.answer = refusal('s3', 301, 'PermanentRedirect', 'use the other endpoint', { 'x-amz-bucket-region': 'us-east-1' })
  expect(await told('s3', raw.url)).toBe(
    'PermanentRedirect: use the other endpoint (status 301, request id 1234-ab); the bucket is in us-east-1: set AWS_REGION',
  )
})

test('a wrong encryption context is hinted at, by the names that the file has', async () => {
  const server = await aws()
  const key = await wrapped(server, { context: { env: 'prod' } })
  const changed = { ...key, fields: { ...key.fields, context: { env: 'test', team: 'a' } } }
  await expect(kms.unwrap(changed, context(server))).rejects.toThrow(
    'InvalidCiphertextException (status 400): the encryption context is not the one it was encrypted with (that of the file has "env", "team"), or the ciphertext was changed',
  )
  await expect(kms.unwrap({ ...key, fields: { ...key.fields, context: {} } }, context(server))).rejects.toThrow(
    '(the file has none), or the ciphertext was changed',
  )
})

test('a web identity that STS refuses: a value with the cause, no token', async () => {
  raw.answer = refusal('sts', 400, 'InvalidIdentityToken', 'the-token is of nobody')
  const env = { AWS_WEB_IDENTITY_TOKEN_FILE: file('the-token\n'), AWS_ROLE_ARN: role, AWS_ENDPOINT_URL_STS: raw.url }
  const server = await aws()
  const result = await kms.unwrap(await wrapped(server), bare(server, env))
  expect(result).toEqual({
    unavailable:
      'failed to decrypt sops data key with AWS KMS: InvalidIdentityTokenException: *** is of nobody (status 400, request id 1234-ab)',
  })
})
