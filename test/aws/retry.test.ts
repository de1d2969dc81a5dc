// How long a service that is away is waited for.
import { type AddressInfo, connect, createServer } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { retryStrategy } from '../../src/aws/retry.ts'
import { kms } from '../../src/keys/kms.ts'
import { aws, bare, context, dataKey, file, keyOf, open, role } from '../keys/kms-support.ts'
import { fakeContext } from '../support/context.ts'
import { awsDefaults } from '../support/emulators/aws.ts'
import { rawAnswer, startRaw } from '../support/emulators/raw.ts'
import { startS3 } from '../support/emulators/s3.ts'
import { quietPort } from '../support/ports.ts'
import { type ServiceName, services, use } from './services.ts'

const away = 600

/** Starts a service that is away for a while, as `address` of the one behind it, and uses it once. */
type Away = (service: ServiceName, port: number) => Promise<{ readonly address: string }>

const refusing: Away = async (_, port) => {
  const server = createServer((socket) => {
    const onward = connect(port, '127.0.0.1')
    for (const one of [socket, onward]) one.on('error', () => void [socket, onward].map((end) => end.destroy()))
    socket.pipe(onward).pipe(socket)
  })
  const own = await quietPort()
  setTimeout(() => server.listen(own, '127.0.0.1'), away)
  open.push({ close: async () => void server.close() })
  return { address: `http://127.0.0.1:${own}` }
}

const answering =
  (answer: string): Away =>
  async (_, port) => {
    const raw = await startRaw()
    raw.answer = answer
    open.push(raw)
    const end = Date.now() + away
    const server = createServer((socket) => {
      const onward = connect(Date.now() < end ? Number(raw.host.split(':')[1]) : port, '127.0.0.1')
      for (const one of [socket, onward]) one.on('error', () => void [socket, onward].map((both) => both.destroy()))
      socket.pipe(onward).pipe(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push({ close: async () => void server.close() })
    return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  }

const json = 'application/x-amz-json-1.1'

describe.each(services)('%s', (service) => {
  test.each([
    ['refuses connections', refusing],
    ['answers 503', answering(rawAnswer(503, json, '{"__type":"ServiceUnavailable"}', { 'x-amzn-requestid': 'r' }))],
    ['answers 503 with a page', answering(rawAnswer(503, 'text/html', '<h1>busy</h1>'))],
    ['answers 429', answering(rawAnswer(429, json, '{"__type":"ThrottlingException"}', { 'x-amzn-requestid': 'r' }))],
  ])('%s for 0.6 s: 20 of 20 pass', async (_, start) => {
    const behind = service === 's3' ? await startS3() : await aws({ roles: [role] })
    if (service === 's3') open.push(behind)
    const runs = Array.from({ length: 20 }, async () => {
      const { address } = await start(service, behind.port)
      const env = { ...awsDefaults, AWS_REGION: 'eu-west-2', AWS_ENDPOINT_URL: address }
      await use[service](fakeContext({ env, now: new Date() }))
    })
    const failed = (await Promise.allSettled(runs)).filter(({ status }) => status === 'rejected')
    expect(failed).toEqual([])
  })
})

describe('the one time limit', () => {
  test.each([
    ['many attempts', { AWS_MAX_ATTEMPTS: '1000000' }, {}],
    ['a service that asks for a long wait', {}, { 'Retry-After': '3600' }],
  ])('bounds %s, and what the service said is kept', async (_, env, headers) => {
    const raw = await startRaw()
    raw.answer = rawAnswer(503, json, '{"__type":"Busy","message":"come back"}', {
      'x-amzn-requestid': 'r',
      ...headers,
    })
    open.push(raw)
    const settings = { ...awsDefaults, AWS_ENDPOINT_URL: raw.url, SOPS_KMS_TIMEOUT: '800ms', ...env }
    await expect(kms.wrap(keyOf(), dataKey, fakeContext({ env: settings, now: new Date() }))).rejects.toThrow(
      'Busy: come back (status 503, request id r)',
    )
  })
})

describe('the strategy', () => {
  const again = (errorType: 'TRANSIENT' | 'THROTTLING' | 'CLIENT_ERROR' | 'SERVER_ERROR', more: object = {}) => ({
    errorType,
    ...more,
  })
  const generous = { maxAttempts: 3, limit: 1e9, isAdaptive: false }

  test('waits between half and all of a second, twice that the next time, and so on to twenty seconds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), async (count) => {
        const strategy = retryStrategy({ ...generous, maxAttempts: 20 })
        let token = await strategy.acquireInitialRetryToken('')
        for (let i = 0; i < count; i++) token = await strategy.refreshRetryTokenForRetry(token, again('TRANSIENT'))
        const most = Math.min(1000 * 2 ** (count - 1), 20_000)
        expect(token.getRetryCount()).toBe(count)
        expect(token.getRetryDelay()).toBeGreaterThanOrEqual(most / 2)
        expect(token.getRetryDelay()).toBeLessThanOrEqual(most)
      }),
    )
  })

  test('does not repeat what is the request’s own fault, nor more often than it may', async () => {
    const strategy = retryStrategy(generous)
    const first = await strategy.acquireInitialRetryToken('')
    await expect(strategy.refreshRetryTokenForRetry(first, again('CLIENT_ERROR'))).rejects.toThrow()
    const second = await strategy.refreshRetryTokenForRetry(first, again('THROTTLING'))
    const third = await strategy.refreshRetryTokenForRetry(second, again('SERVER_ERROR'))
    await expect(strategy.refreshRetryTokenForRetry(third, again('TRANSIENT'))).rejects.toThrow()
  })

  test('waits as long as the service asks for', async () => {
    const strategy = retryStrategy(generous)
    const asked = again('THROTTLING', { retryAfterHint: new Date(Date.now() + 30_000) })
    const token = await strategy.refreshRetryTokenForRetry(await strategy.acquireInitialRetryToken(''), asked)
    expect(token.getRetryDelay()).toBeGreaterThan(29_000)
  })

  test.each([
    [true, true],
    [false, false],
  ])('adaptive: %j, throttling holds up the other requests: %j', async (isAdaptive, isHeldUp) => {
    const strategy = retryStrategy({ ...generous, isAdaptive })
    await strategy.refreshRetryTokenForRetry(await strategy.acquireInitialRetryToken(''), again('THROTTLING'))
    const order: string[] = []
    const other = strategy.acquireInitialRetryToken('').then(() => order.push('request'))
    const soon = new Promise((resolve) => setTimeout(resolve, 50)).then(() => order.push('time'))
    await Promise.all([other, soon])
    expect(order[0] === 'time').toBe(isHeldUp)
  })
})

test('one attempt where the user wants no more', async () => {
  const server = await aws({ fault: () => ({ status: 503, name: 'Busy' }) })
  await expect(kms.wrap(keyOf(), dataKey, context(server, { AWS_MAX_ATTEMPTS: '1' }))).rejects.toThrow('Busy')
  expect(server.requests).toHaveLength(1)
})

test('ten keys in one run: one look-up of credentials, one client', async () => {
  const server = await aws({ roles: [role] })
  const env = { AWS_WEB_IDENTITY_TOKEN_FILE: file('the-token'), AWS_ROLE_ARN: role }
  const ctx = bare(server, env)
  for (let i = 0; i < 10; i++) await kms.wrap(keyOf(), dataKey, ctx)
  expect(server.requests.map(({ action }) => action)).toEqual([
    'AssumeRoleWithWebIdentity',
    ...Array(10).fill('Encrypt'),
  ])
  expect(new Set(server.requests.slice(1).map(({ port }) => port)).size).toBe(1)
})
