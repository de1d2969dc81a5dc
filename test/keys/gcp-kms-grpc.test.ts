// gRPC where servers and networks behave oddly; the usual ways are in gcp-kms.test.ts, against the vendor's server.
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { gcpKms } from '../../src/keys/gcp-kms.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { startGcpGrpc } from '../support/emulators/gcp.ts'
import { startTunnelProxy } from '../support/emulators/proxy.ts'

const name = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'
const key = { type: 'gcp_kms', fields: { resource_id: name }, enc: 'AAAA' } as const
const dataKey = new Uint8Array(32).fill(9)

let tls: TestCertificate
beforeAll(() => {
  tls = makeCertificate('kms.test')
})
afterAll(() => tls.remove())
const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

const context = (port: number, env = {}): FakeContext =>
  fakeContext({
    env: {
      SOPS_GCP_KMS_ENDPOINT: `localhost:${port}`,
      GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: tls.path,
      GOOGLE_OAUTH_ACCESS_TOKEN: 'gcp-token',
      ...env,
    },
  })

/** An HTTP/2 server that answers by hand. */
async function odd(
  answer: (stream: ServerHttp2Stream, count: number) => void,
): Promise<{ port: number; count(): number }> {
  let count = 0
  const server: Http2SecureServer = createSecureServer({ key: tls.key, cert: tls.cert })
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    answer(stream, ++count)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => server.close())
  return { port: (server.address() as { port: number }).port, count: () => count }
}

const unwrapped = (port: number): Promise<string> =>
  gcpKms.unwrap(key, context(port)).then(
    () => 'opened',
    (error: Error) => error.message,
  )

/** Sends a body and then the trailers. */
const full = (stream: ServerHttp2Stream, body: Buffer, trailers: Record<string, string>): void => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  stream.end(body)
}

const plaintext = Buffer.concat([Buffer.from([0, 0, 0, 0, 4, 0x0a, 2]), Buffer.from('ok')])

describe('answers', () => {
  test('a field in a message in a frame', async () => {
    const { port } = await odd((stream) => full(stream, plaintext, { 'grpc-status': '0' }))
    expect(await gcpKms.unwrap(key, context(port))).toEqual(new Uint8Array(Buffer.from('ok')))
  })

  test.each<[string, (stream: ServerHttp2Stream) => void, string | RegExp]>([
    [
      'a status without a body',
      (stream) =>
        stream.respond(
          { ':status': 200, 'grpc-status': '7', 'grpc-message': 'no %22key%22 %E2%82%AC' },
          { endStream: true },
        ),
      'code = PermissionDenied desc = no "key" €',
    ],
    [
      'a message that is not escaped well',
      (stream) => full(stream, Buffer.alloc(0), { 'grpc-status': '5', 'grpc-message': '100%' }),
      'code = NotFound desc = 100%',
    ],
    [
      'a page of a front end',
      (stream) => stream.respond({ ':status': 403, 'content-type': 'text/html' }, { endStream: true }),
      /code = PermissionDenied desc = status 403 from localhost:\d+: an answer of a proxy, not of Google Cloud KMS$/,
    ],
    [
      'no frame',
      (stream) => full(stream, Buffer.alloc(0), { 'grpc-status': '0' }),
      /code = Unimplemented desc = the answer of localhost:\d+ is cut off \(No message received\)$/,
    ],
    ['no field', (stream) => full(stream, Buffer.from([0, 0, 0, 0, 0]), { 'grpc-status': '0' }), 'the answer is empty'],
    [
      'a message that is none',
      (stream) => full(stream, Buffer.from([0, 0, 0, 0, 2, 0x0a, 9]), { 'grpc-status': '0' }),
      'malformed message',
    ],
  ])('%s', async (_, answer, message) => {
    const { port, count } = await odd(answer)
    expect(await unwrapped(port)).toMatch(message)
    expect(count()).toBe(1)
  })
})

describe('attempts', () => {
  test.each<[string, (stream: ServerHttp2Stream) => void]>([
    ['a front end that is busy', (stream) => stream.respond({ ':status': 503 }, { endStream: true })],
    ['a connection that is lost', (stream) => stream.session?.destroy()],
  ])('%s: asked again, on a new connection where it must be', async (_, fault) => {
    const { port, count } = await odd((stream, at) => {
      if (at === 1) fault(stream)
      else full(stream, plaintext, { 'grpc-status': '0' })
    })
    expect(await unwrapped(port)).toBe('opened')
    expect(count()).toBe(2)
  })

  test('a server that goes away after its answer: the next call has a connection of its own', async () => {
    const sessions = new Set<unknown>()
    const { port } = await odd((stream, at) => {
      const { session } = stream
      sessions.add(session)
      full(stream, plaintext, { 'grpc-status': '0' })
      if (at === 1) session?.goaway(0)
    })
    const ctx = context(port)
    for (const _ of [1, 2, 3]) expect(await gcpKms.unwrap(key, ctx)).toHaveLength(2)
    expect(sessions.size).toBe(2)
  })
})

test('through a proxy, over one tunnel that it cannot read', async () => {
  const server = await startGcpGrpc({ keys: { [name]: 'enabled' } }, tls)
  open.push(() => void server.close())
  const proxy = await startTunnelProxy(server.port)
  open.push(() => proxy.close())
  const ctx = context(0, {
    SOPS_GCP_KMS_ENDPOINT: `kms.test:${server.port}`,
    HTTPS_PROXY: proxy.url,
  })
  const enc = await gcpKms.wrap(key, dataKey, ctx)
  expect(await gcpKms.unwrap({ ...key, enc }, ctx)).toEqual(dataKey)
  expect(proxy.seen).toEqual([`kms.test:${server.port} Basic ${Buffer.from('user:pass').toString('base64')}`])
})

describe('what is told of a refusal', () => {
  const head = 'failed to decrypt sops data key with GCP KMS key: rpc error: '
  test.each<[string, number, string, string]>([
    [
      'token',
      16,
      'code = Unauthenticated desc = no',
      'get a new access token (GOOGLE_OAUTH_ACCESS_TOKEN), or log in again with "gcloud auth application-default login"',
    ],
    ['404', 5, 'code = NotFound desc = no', 'compare the resource id with "gcloud kms keys list"'],
    ['another', 3, 'code = InvalidArgument desc = no', ''],
  ])('%s', async (_, code, text, advice) => {
    const { port } = await odd((stream) =>
      stream.respond({ ':status': 200, 'grpc-status': String(code), 'grpc-message': 'no' }, { endStream: true }),
    )
    expect(await unwrapped(port)).toBe(`${head}${text} (from localhost:${port})${advice === '' ? '' : `: ${advice}`}`)
  })

  test.each([301, 400, 401, 403, 404, 407, 500])('HTML with status %i', async (status) => {
    const { port } = await odd((stream) => {
      stream.respond({ ':status': status, 'content-type': 'text/html' })
      stream.end('<html>')
    })
    expect(await unwrapped(port)).toMatch(
      new RegExp(`desc = status ${status} from localhost:${port}: an answer of a proxy, not of Google Cloud KMS$`),
    )
  })

  test('HTML with status 200', async () => {
    const { port } = await odd((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'text/html' })
      stream.end('<html><title>Sign in</title></html>')
    })
    expect(await unwrapped(port)).toContain(`desc = from localhost:${port}: an answer of a proxy`)
  })
})

test('503 for 0.6 seconds passes, 20 times of 20', async () => {
  const results = await Promise.all(
    Array.from({ length: 20 }, async () => {
      let since: number | undefined
      const { port } = await odd((stream) => {
        since ??= performance.now()
        if (performance.now() - since < 600) stream.respond({ ':status': 503 }, { endStream: true })
        else full(stream, plaintext, { 'grpc-status': '0' })
      })
      return unwrapped(port)
    }),
  )
  expect(results).toEqual(Array(20).fill('opened'))
})
