// Client and server against each other, and the client against servers that misbehave.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttp2Server, type Http2Server } from 'node:http2'
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as grpc from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import type { KeyService } from '../../src/groups/data-key.ts'
import { generateIdentity, type KeyPair } from '../../src/keys/age/keygen.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { remoteKeyServices } from '../../src/keyservice/client.ts'
import { listen } from '../../src/keyservice/listen.ts'
import { makeListener, type ServerOptions, serve } from '../../src/keyservice/server.ts'
import { withUmask } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'
import { type Answer, answerOf, hostileKeyService } from '../support/key-service.ts'

const dataKey = Buffer.from('0123456789abcdef0123456789abcdef')
const same = (bytes: Buffer): Buffer => bytes

let pair: KeyPair
let key: MasterKey
let dir: string
let made = 0
const stops: (() => void)[] = []

beforeAll(async () => {
  pair = await generateIdentity()
  key = { type: 'age', fields: { recipient: pair.recipient }, enc: '' }
  dir = mkdtempSync(join(tmpdir(), 'sops-ks-'))
})
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})
afterAll(() => rmSync(dir, { recursive: true }))

const newSocket = (): string => join(dir, `${made++}.sock`)

function clientOf(socket: string): KeyService & { readonly ctx: ReturnType<typeof fakeContext> } {
  const ctx = fakeContext()
  const [service] = remoteKeyServices([`unix://${socket}`], ctx)
  return { ...service!, ctx }
}

async function start(env: Record<string, string>, options: ServerOptions = {}): Promise<string> {
  const socket = newSocket()
  const listener = makeListener()
  const server = serve(listener, fakeContext({ env }), options)
  stops.push(server.stop)
  await listen(listener, 'unix', socket, withUmask)
  return socket
}

const text = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SopsError)
  return (error as SopsError).message
}

describe('a key service', () => {
  test('wraps and unwraps', async () => {
    const service = clientOf(await start({ SOPS_AGE_KEY: pair.identity }))
    const enc = await service.wrap(key, dataKey)
    expect(enc).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/)
    expect(await service.unwrap({ ...key, enc })).toEqual(new Uint8Array(dataKey))
    // The caller's key is not wiped with the message.
    expect(dataKey.toString()).toBe('0123456789abcdef0123456789abcdef')
  })

  test('wraps shares', async () => {
    const service = clientOf(await start({ SOPS_AGE_KEY: pair.identity }))
    const share = Buffer.alloc(33, 9)
    const enc = await service.wrap(key, share)
    expect(await service.unwrap({ ...key, enc })).toEqual(new Uint8Array(share))
  })

  test('answers many at once', async () => {
    const service = clientOf(await start({ SOPS_AGE_KEY: pair.identity }))
    const encs = await Promise.all(Array.from({ length: 20 }, () => service.wrap(key, dataKey)))
    const back = await Promise.all(encs.map((enc) => service.unwrap({ ...key, enc })))
    expect(back.every((one) => one instanceof Uint8Array && dataKey.equals(one))).toBe(true)
  })

  test('tells why it cannot unwrap', async () => {
    const other = await generateIdentity()
    const enc = await clientOf(await start({})).wrap(key, dataKey)
    const service = clientOf(await start({ SOPS_AGE_KEY: other.identity }))
    expect(await text(service.unwrap({ ...key, enc }))).toMatch(
      /^rpc error: code = Unknown desc = failed to create reader for decrypting sops data key with age: identity did not match/,
    )
    expect(service.ctx.lines.filter(({ level }) => level === 'warning')).toEqual([])
  })

  test('tells why it cannot wrap', async () => {
    const service = clientOf(await start({}))
    const bad: MasterKey = { ...key, fields: { recipient: 'age1nonsense' } }
    expect(await text(service.wrap(bad, dataKey))).toMatch(/^rpc error: code = Unknown desc = failed to parse input as/)
  })

  test('sees identities that come later', async () => {
    const env: Record<string, string> = {}
    const service = clientOf(await start(env))
    const enc = await service.wrap(key, dataKey)
    expect(await text(service.unwrap({ ...key, enc }))).toContain('failed to load age identities')
    env['SOPS_AGE_KEY'] = pair.identity
    expect(await service.unwrap({ ...key, enc })).toEqual(new Uint8Array(dataKey))
  })

  test('asks before the work', async () => {
    const asked: string[] = []
    const answers: (boolean | Error)[] = [true, false, new SopsError('generic', 'EOF'), false]
    const approve: ServerOptions['approve'] = async (operation, name) => {
      asked.push(`${operation} ${name}`)
      const answer = answers.shift()!
      if (answer instanceof Error) throw answer
      return answer
    }
    const service = clientOf(await start({ SOPS_AGE_KEY: pair.identity }, { approve }))
    const enc = await service.wrap(key, dataKey)
    expect(await text(service.unwrap({ ...key, enc }))).toBe(
      'rpc error: code = PermissionDenied desc = Request rejected by user',
    )
    expect(await text(service.unwrap({ ...key, enc }))).toBe('rpc error: code = Unknown desc = EOF')
    // Not even whether it could be done is told.
    expect(await text(service.unwrap({ ...key, enc: 'nonsense' }))).toContain('Request rejected by user')
    const name = `age key with recipient ${pair.recipient}`
    expect(asked).toEqual([`encrypt ${name}`, `decrypt ${name}`, `decrypt ${name}`, `decrypt ${name}`])
  })

  test.each([
    ['no message', '', 'NotFound', 'Must provide a key'],
    ['a message without a key', '120141', 'NotFound', 'Must provide a key'],
    ['an unknown key type', '0a05420 30a0161'.replace(' ', ''), 'NotFound', 'Unknown key type'],
    ['garbage', 'ffffffff', 'Unknown', 'malformed message'],
  ])('answers %s with an error', async (_, bytes, status, details) => {
    const socket = await start({})
    const client = new grpc.Client(`unix://${socket}`, grpc.credentials.createInsecure())
    stops.push(() => client.close())
    const error = await new Promise<grpc.ServiceError | null>((resolve) => {
      client.makeUnaryRequest('/KeyService/Decrypt', same, same, Buffer.from(bytes, 'hex'), resolve)
    })
    expect(grpc.status[error!.code]!.toLowerCase().replaceAll('_', '')).toBe(status.toLowerCase())
    expect(error!.details).toBe(details)
  })

  test('stops at once, whoever is connected', async () => {
    const socket = await start({})
    const service = clientOf(socket)
    await service.wrap(key, dataKey)
    stops.pop()!()
    expect(await text(service.wrap(key, dataKey))).toContain('code = Unavailable')
  })
})

async function hostile(answer: Answer): Promise<ReturnType<typeof clientOf>> {
  const socket = newSocket()
  stops.push(await hostileKeyService(socket, answer))
  return clientOf(socket)
}

describe('a key service that misbehaves', () => {
  test.each([
    ['nothing', Buffer.alloc(0), 'a data key of 0 bytes', 'the wrapped data key is empty'],
    ['an empty field', answerOf(Buffer.alloc(0)), 'a data key of 0 bytes', 'the wrapped data key is empty'],
    ['too little', answerOf(Buffer.alloc(31)), 'a data key of 31 bytes', 'the wrapped data key is not plain text'],
    ['too much', answerOf(Buffer.alloc(100)), 'a data key of 100 bytes', 'the wrapped data key is not plain text'],
    ['another field', Buffer.from('120141', 'hex'), 'a data key of 0 bytes', 'the wrapped data key is empty'],
    ['garbage', Buffer.from('0aff', 'hex'), 'malformed message', 'malformed message'],
    ['escape sequences', answerOf(Buffer.from('\x1b]0;x\x07')), 'a data key of 6 bytes', 'is not plain text'],
  ])('sends %s', async (_, bytes, unwrapError, wrapError) => {
    const service = await hostile((_call, done) => done(null, bytes))
    expect(await text(service.unwrap({ ...key, enc: 'x' }))).toContain(unwrapError)
    expect(await text(service.wrap(key, dataKey))).toContain(wrapError)
  })

  test('sends more than is taken', async () => {
    const service = await hostile((_call, done) => done(null, Buffer.alloc(5 * 1024 * 1024)))
    expect(await text(service.unwrap({ ...key, enc: 'x' }))).toMatch(/^rpc error: code = ResourceExhausted desc = /)
  })

  test('sends an endless error', async () => {
    const service = await hostile((_call, done) => done({ code: 5, details: 'x'.repeat(8000) }))
    expect((await text(service.unwrap({ ...key, enc: 'x' }))).length).toBeLessThan(4200)
  })

  test('sends a status that does not exist', async () => {
    const service = await hostile((_call, done) => done({ code: 99 as grpc.status, details: 'x' }))
    expect(await text(service.unwrap({ ...key, enc: 'x' }))).toMatch(
      /^rpc error: code = (Code\(99\)|Unknown) desc = x$/,
    )
  })

  test('lacks the method', async () => {
    const socket = newSocket()
    const server = new grpc.Server()
    await new Promise<void>((resolve) => {
      server.bindAsync(`unix://${socket}`, grpc.ServerCredentials.createInsecure(), () => resolve())
    })
    stops.push(() => server.forceShutdown())
    expect(await text(clientOf(socket).wrap(key, dataKey))).toMatch(/^rpc error: code = Unimplemented desc = /)
  })

  test.each([
    ['speaks another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['hangs up', ''],
  ])('%s', async (_, greeting) => {
    const socket = newSocket()
    const server: NetServer = createServer((peer) => {
      peer.on('error', () => {})
      peer.end(greeting)
    })
    await new Promise<void>((resolve) => {
      server.listen(socket, resolve)
    })
    stops.push(() => server.close())
    expect(await text(clientOf(socket).wrap(key, dataKey))).toMatch(/^rpc error: code = (Unavailable|Internal) desc = /)
  })
})

describe('a key service that is down', () => {
  test('is reported once', async () => {
    const service = clientOf(newSocket())
    for (let i = 0; i < 2; i++) {
      expect(await text(service.unwrap({ ...key, enc: 'x' }))).toMatch(
        /^rpc error: code = Unavailable desc = connection error: connect \S+: no such file or directory$/,
      )
    }
    const warnings = service.ctx.lines.filter(({ level }) => level === 'advice')
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatchObject({ logger: 'KEYSERVICE', fields: { address: service.name } })
  })

  test('addresses that cannot be dialled fail when used, those that are none are left out', async () => {
    const ctx = fakeContext()
    const services = remoteKeyServices(['localhost:5000', '127.0.0.1:5000', ''], ctx)
    expect(services.map(({ name }) => name)).toEqual(['localhost:5000', ''])
    expect(ctx.lines.filter(({ level }) => level === 'warning')).toEqual([
      {
        level: 'warning',
        logger: 'CMD',
        message: 'Error parsing URI for keyservice, skipping',
        fields: { uri: '127.0.0.1:5000' },
      },
    ])
    expect(await text(services[0]!.wrap(key, dataKey))).toBe(
      'rpc error: code = Unavailable desc = connection error: unknown network localhost',
    )
  })
})

describe('what answers at the address of a key service is something else', () => {
  const listening = async (server: NetServer | Http2Server): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stops.push(() => server.close())
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const told = async (host: string): Promise<string> =>
    text(remoteKeyServices([`tcp://${host}`], fakeContext())[0]!.wrap(key, dataKey))

  test.each([301, 400, 401, 403, 404, 429, 500, 503])('HTML with status %i', async (status) => {
    const server = createHttp2Server()
    server.on('stream', (stream) => {
      stream.on('error', () => {})
      stream.respond({ ':status': status, 'content-type': 'text/html' })
      stream.end('<html>')
    })
    const host = await listening(server)
    expect(await told(host)).toMatch(
      new RegExp(
        `^rpc error: code = \\w+ desc = status ${status} from ${host}: an answer of a proxy, not of a key service$`,
      ),
    )
  })

  test('HTTP/1', async () => {
    const host = await listening(
      createServer((peer) => peer.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    )
    expect(await told(host)).toBe(
      `rpc error: code = Unavailable desc = connection error: ${host} does not speak HTTP/2; is a key service what listens there, with TLS or without as it is asked?`,
    )
  })

  test('nobody, and a name that is none', async () => {
    expect(await told('127.0.0.1:1')).toBe(
      'rpc error: code = Unavailable desc = connection error: connect 127.0.0.1:1: connection refused',
    )
    expect(await told('keys.invalid:5000')).toBe(
      'rpc error: code = Unavailable desc = connection error: lookup keys.invalid: no such host',
    )
  })

  test('half an answer', async () => {
    const server = createHttp2Server()
    server.on('stream', (stream) => {
      stream.on('error', () => {})
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.from([0, 0, 0, 0, 9, 1]))
    })
    const host = await listening(server)
    expect(await told(host)).toBe(
      `rpc error: code = Unimplemented desc = the answer of ${host} is cut off (No message received)`,
    )
  })
})
