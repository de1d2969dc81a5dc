// What is told when a service that speaks gRPC, or something in front of it, does not give what it was asked for: as causes.test.ts has it for
// HTTP. Answers of proxies (301, 4xx, 5xx in HTML, HTTP/1) are in gcp-kms-grpc.test.ts and in test/keyservice/service.test.ts.
import { createSecureServer, createServer, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { gcpKms } from '../../src/keys/gcp-kms.ts'
import { remoteKeyServices } from '../../src/keyservice/client.ts'
import { fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'

let trusted: TestCertificate
let untrusted: TestCertificate
beforeAll(() => {
  trusted = makeCertificate()
  untrusted = makeCertificate()
})
afterAll(() => {
  trusted.remove()
  untrusted.remove()
})
const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

const dataKey = new Uint8Array(32).fill(7)
const name = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(server)
  return `localhost:${(server.address() as AddressInfo).port}`
}

interface Service {
  readonly ask: (host: string) => Promise<unknown>
  /** Answers each call; with the certificate that is trusted where there is TLS. */
  readonly serve: (answer: (stream: ServerHttp2Stream) => void) => Server
  readonly place: (host: string) => string
  readonly advice: Readonly<Record<string, string>>
  readonly isRepeated: boolean
}

const answering = <T extends { on(event: 'stream', take: (stream: ServerHttp2Stream) => void): unknown }>(
  server: T,
  answer: (stream: ServerHttp2Stream) => void,
): Server => {
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    answer(stream)
  })
  return server as unknown as Server
}

const cloudKms: Service = {
  ask: (host) => {
    const env = { SOPS_GCP_KMS_ENDPOINT: host, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: trusted.path }
    const own = { GOOGLE_OAUTH_ACCESS_TOKEN: 'hunter2-token', SOPS_KMS_TIMEOUT: '5s' }
    const key = { type: 'gcp_kms', fields: { resource_id: name }, enc: '' } as const
    return gcpKms.wrap(key, dataKey, fakeContext({ env: { ...env, ...own } }))
  },
  serve: (answer) => answering(createSecureServer({ key: trusted.key, cert: trusted.cert }), answer),
  place: (host) => ` (from ${host})`,
  advice: {
    PermissionDenied: 'the identity needs the role roles/cloudkms.cryptoKeyEncrypterDecrypter on the key',
    Unauthenticated:
      'get a new access token (GOOGLE_OAUTH_ACCESS_TOKEN), or log in again with "gcloud auth application-default login"',
    NotFound: 'compare the resource id with "gcloud kms keys list"',
    FailedPrecondition: 'enable that version of the key, or restore it',
  },
  isRepeated: true,
}

/** It is asked once: behind it somebody may have to approve each request. It has no TLS. */
const keyService: Service = {
  ask: (host) => {
    const [service] = remoteKeyServices([`tcp://${host}`], fakeContext())
    return service!.wrap({ type: 'age', fields: { recipient: 'age1x' }, enc: '' }, dataKey)
  },
  serve: (answer) => answering(createServer(), answer),
  place: () => '',
  advice: {},
  isRepeated: false,
}

const told = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => {
      expect(error.message).not.toContain('hunter2')
      expect(error.message).not.toContain(Buffer.from(dataKey).toString('base64').slice(0, 20))
      return error.message.replace('failed to encrypt sops data key with GCP KMS key: ', '')
    },
  )

describe.each([
  ['Cloud KMS', cloudKms],
  ['a key service', keyService],
] as const)('%s', (_, service) => {
  test.each([
    ['a bad request', 3, 'InvalidArgument'],
    ['what is not there', 5, 'NotFound'],
    ['denied', 7, 'PermissionDenied'],
    ['a quota that is used up', 8, 'ResourceExhausted'],
    ['a version that is disabled', 9, 'FailedPrecondition'],
    ['a fault', 13, 'Internal'],
    ['busy', 14, 'Unavailable'],
    ['an expired token', 16, 'Unauthenticated'],
  ])('its own answer: %s', async (_, code, status) => {
    let count = 0
    const words = { 7: "Permission 'x' denied on resource 'y'.", 9: 'version 1 is not enabled' }[code] ?? 'no'
    const host = await listening(
      service.serve((stream) => {
        count++
        const trailers = { 'grpc-status': String(code), 'grpc-message': words }
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true })
      }),
    )
    const advice = service.advice[status]
    expect(await told(service.ask(host))).toBe(
      `rpc error: code = ${status} desc = ${words}${service.place(host)}${advice === undefined ? '' : `: ${advice}`}`,
    )
    expect(count).toBe(service.isRepeated && (code === 14 || code === 8) ? 5 : 1)
  })

  test('a connection that is reset at once', async () => {
    const host = await listening(createTcp((socket) => socket.on('error', () => {}).resetAndDestroy()))
    expect(await told(service.ask(host))).toMatch(
      new RegExp(`^rpc error: code = Unavailable desc = .*${host}.*(?:reset by peer|closed the connection)`),
    )
  })

  test('a connection that is reset within a call', async () => {
    const host = await listening(
      service.serve((stream) => {
        stream.session?.destroy()
      }),
    )
    expect(await told(service.ask(host))).toMatch(
      new RegExp(`^rpc error: code = Unavailable desc = the answer of ${host} is cut off`),
    )
  })

  test('half of an answer', async () => {
    const host = await listening(
      service.serve((stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
        stream.end(Buffer.from([0, 0, 0, 0, 9, 1]))
      }),
    )
    expect(await told(service.ask(host))).toMatch(new RegExp(`the answer of ${host} is cut off`))
  })

  test('nobody, and a name that is none', async () => {
    const server = createTcp()
    const host = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    const port = host.replace('localhost', '')
    expect(await told(service.ask(host))).toMatch(new RegExp(`code = Unavailable desc = .*${port}: connection refused`))
    expect(await told(service.ask('cloud.invalid:443'))).toMatch(
      /code = Unavailable desc = .*lookup cloud\.invalid: no such host/,
    )
  })
})

test.each<[string, () => Server, string]>([
  [
    'a certificate that is not trusted',
    () => createSecureServer({ key: untrusted.key, cert: untrusted.cert }) as unknown as Server,
    'its certificate is signed by no authority that is trusted here',
  ],
  [
    'a certificate of another host',
    () => {
      const other = makeCertificate('other.test')
      open.push({ close: () => other.remove() } as unknown as Server)
      return createSecureServer({ key: other.key, cert: other.cert }) as unknown as Server
    },
    'its certificate is',
  ],
  ['a server without TLS', () => createServer() as unknown as Server, 'it answers plain HTTP, or something else'],
])('Cloud KMS over TLS: %s', async (_, start, words) => {
  const host = await listening(start())
  const text = await told(cloudKms.ask(host))
  expect(text).toContain(`rpc error: code = Unavailable desc = cannot reach ${host}: ${words}`)
})
