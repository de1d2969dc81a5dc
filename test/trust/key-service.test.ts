// Callers of a key service that deceive whoever is asked, or hold it up.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect as connectHttp2, constants } from 'node:http2'
import { connect as connectSocket, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { encodeBech32 } from '../../src/keys/age/bech32.ts'
import { generateIdentity, type KeyPair } from '../../src/keys/age/keygen.ts'
import { keyTypes } from '../../src/keys/key-types.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { remoteKeyServices } from '../../src/keyservice/client.ts'
import { listen } from '../../src/keyservice/listen.ts'
import { methodPaths } from '../../src/keyservice/messages.ts'
import { makeListener, type ServerOptions, serve } from '../../src/keyservice/server.ts'
import { field, textField } from '../../src/net/protobuf.ts'
import { withUmask } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'
import { closeGpgHome, gpgHome, hasGpg } from '../support/gpg.ts'

const dataKey = Buffer.from('0123456789abcdef0123456789abcdef')

let dir: string
let made = 0
let mine: KeyPair
let secret: KeyPair
const stops: (() => void)[] = []

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sops-ks-'))
  mine = await generateIdentity()
  secret = await generateIdentity()
})
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})
afterAll(() => {
  closeGpgHome()
  rmSync(dir, { recursive: true })
})

async function start(env: Record<string, string>, options: ServerOptions = {}): Promise<string> {
  const socket = join(dir, `${made++}.sock`)
  const listener = makeListener()
  stops.push(serve(listener, fakeContext({ env, home: dir, cwd: dir }), options).stop)
  await listen(listener, 'unix', socket, withUmask)
  return socket
}

const clientOf = (socket: string) => remoteKeyServices([`unix://${socket}`], fakeContext())[0]!

const ageKey = (recipient: string, enc = ''): MasterKey => ({ type: 'age', fields: { recipient }, enc })

const yes: ServerOptions = { approve: async () => true }

describe('with --prompt', () => {
  test('nothing is done before the answer', async () => {
    const bin = mkdtempSync(join(dir, 'bin'))
    const program = join(bin, 'key-command')
    writeFileSync(program, `#!/bin/sh\ntouch ${join(bin, 'ran')}\n`)
    chmodSync(program, 0o755)
    const asked: boolean[] = []
    const approve: ServerOptions['approve'] = async () => {
      asked.push(existsSync(join(bin, 'ran')))
      return false
    }
    const client = clientOf(await start({ SOPS_AGE_KEY_CMD: program }, { approve }))
    const enc = await keyTypes.age.wrap(ageKey(mine.recipient), dataKey, fakeContext())
    await expect(client.unwrap(ageKey(mine.recipient, enc))).rejects.toThrow('Request rejected by user')
    expect(asked).toEqual([false])
    expect(existsSync(join(bin, 'ran'))).toBe(false)
  })

  test('what opens under another recipient than the one shown is not opened', async () => {
    const env = { SOPS_AGE_KEY: `${mine.identity} ${secret.identity}` }
    const enc = await keyTypes.age.wrap(ageKey(secret.recipient), dataKey, fakeContext())
    const asking = clientOf(await start(env, yes))
    await expect(asking.unwrap(ageKey(mine.recipient, enc))).rejects.toThrow('no identity matched')
    expect(await asking.unwrap(ageKey(secret.recipient, enc))).toEqual(new Uint8Array(dataKey))
    // Without a question nothing was shown, and the reference's service opens it.
    const silent = clientOf(await start(env))
    expect(await silent.unwrap(ageKey(mine.recipient, enc))).toEqual(new Uint8Array(dataKey))
  })

  test.skipIf(!hasGpg)('neither is what is for another PGP key', async () => {
    const env = { GNUPGHOME: gpgHome(), PATH: process.env.PATH ?? '' }
    const fp = '84A7186F9832D9E67FAF2010DEF64C926113B527'
    const ctx = fakeContext({ env, home: dir, cwd: dir })
    const enc = await keyTypes.pgp.wrap({ type: 'pgp', fields: { fp }, enc: '' }, dataKey, ctx)
    const client = clientOf(await start(env, yes))
    const open = (shown: string) => client.unwrap({ type: 'pgp', fields: { fp: shown }, enc })
    expect(await open(fp)).toEqual(new Uint8Array(dataKey))
    expect(await open(fp.slice(-16).toLowerCase())).toEqual(new Uint8Array(dataKey))
    for (const other of [`${'0'.repeat(40)}`, '', '27', 'test', fp.replace('84', '85')])
      await expect(open(other)).rejects.toThrow('it is not for the key')
  })

  test('a request that names several keys is not asked about', async () => {
    let asked = 0
    const approve = async (): Promise<boolean> => ++asked > 0
    const socket = await start({ SOPS_AGE_KEY: mine.identity }, { approve })
    const choice = (recipient: string): Buffer => field(6, textField(1, recipient))
    const two = Buffer.concat([choice(mine.recipient), choice(secret.recipient)])
    const other = Buffer.concat([field(2, textField(1, 'ABCD')), choice(mine.recipient)])
    const twice = Buffer.concat([field(1, choice(mine.recipient)), field(1, choice(secret.recipient))])
    for (const message of [field(1, two), field(1, other), twice]) {
      const { status, details } = await callOf(socket, 'encrypt', Buffer.concat([message, field(2, dataKey)]))
      expect([status, details]).toEqual(['2', 'the request names several keys'])
    }
    expect(asked).toBe(0)
  })

  test('questions come one after the other, and not for callers that have gone', async () => {
    const waiting: (() => void)[] = []
    const approve = (): Promise<boolean> => new Promise((resolve) => waiting.push(() => resolve(true)))
    const socket = await start({}, { approve })
    const request = Buffer.concat([field(1, field(6, textField(1, mine.recipient))), field(2, dataKey)])
    const first = callOf(socket, 'encrypt', request)
    await until(() => waiting.length === 1)
    const gone = connectHttp2('http://x', { createConnection: () => connectSocket(socket) })
    gone.on('error', () => {})
    const stream = gone.request(headers('encrypt'))
    stream.on('error', () => {})
    stream.end(framed(request))
    await sleep(50)
    expect(waiting).toHaveLength(1)
    gone.destroy()
    await sleep(50)
    waiting[0]!()
    expect((await first).status).toBe('0')
    await sleep(50)
    expect(waiting).toHaveLength(1)
  })

  test('an age plugin is started only for what was said yes to', async () => {
    const bin = mkdtempSync(join(dir, 'bin'))
    writeFileSync(join(bin, 'age-plugin-evil'), `#!/bin/sh\ntouch ${join(bin, 'ran')}\nexit 1\n`)
    chmodSync(join(bin, 'age-plugin-evil'), 0o755)
    const env = { PATH: `${bin}${delimiter}${process.env.PATH}` }
    const recipient = encodeBech32('age1evil', Buffer.from('recipient'))
    await expect(clientOf(await start(env)).wrap(ageKey(recipient), dataKey)).rejects.toThrow('is not started')
    expect(existsSync(join(bin, 'ran'))).toBe(false)
    await expect(clientOf(await start(env, yes)).wrap(ageKey(recipient), dataKey)).rejects.toThrow('evil plugin: ')
    expect(existsSync(join(bin, 'ran'))).toBe(true)
  })
})

const headers = (operation: 'encrypt' | 'decrypt'): Record<string, string> => ({
  ':method': 'POST',
  ':path': methodPaths[operation],
  'content-type': 'application/grpc',
  te: 'trailers',
})

const framed = (message: Buffer, compressed = 0): Buffer => {
  const prefix = Buffer.alloc(5)
  prefix[0] = compressed
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

interface Ended {
  readonly status: string
  readonly details: string
}

/** Writes these parts as a call, on a connection of its own, without ending it where `isOpen`. */
function rawCall(socket: string, parts: readonly Buffer[], isOpen = false, path?: string): Promise<Ended> {
  return new Promise((resolve) => {
    const session = connectHttp2('http://x', { createConnection: () => connectSocket(socket) })
    let ended: Ended = { status: 'none', details: '' }
    const read = (from: Record<string, unknown>): void => {
      if (from['grpc-status'] === undefined) return
      ended = { status: String(from['grpc-status']), details: decodeURIComponent(String(from['grpc-message'] ?? '')) }
    }
    session.on('error', () => {})
    session.on('close', () => resolve(ended))
    const stream = session.request({ ...headers('encrypt'), ...(path === undefined ? {} : { ':path': path }) })
    stream.on('response', read)
    stream.on('trailers', read)
    stream.on('error', () => {})
    stream.on('close', () => session.close())
    stream.resume()
    for (const part of parts) stream.write(part)
    if (!isOpen) stream.end()
  })
}

const callOf = (socket: string, operation: 'encrypt' | 'decrypt', message: Buffer): Promise<Ended> =>
  rawCall(socket, [framed(message)], false, methodPaths[operation])

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

const closed = (peer: Socket): Promise<void> =>
  new Promise((resolve) => {
    peer.on('error', () => {})
    peer.on('close', () => resolve())
    peer.resume()
  })

const impatient: ServerOptions = { limits: { patience: 500, size: 1000, calls: 4 } }
/** Leaves a client on a busy machine the time to say what it has to say. */
const lessPatient: ServerOptions = { limits: { ...impatient.limits!, patience: 3000 } }
/** Whoever sends too much is told so, however long a busy machine takes over it. */
const patient: ServerOptions = { limits: { ...impatient.limits!, patience: 60_000 } }
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1')
const ping = Buffer.from('\0\0\x08\x06\0\0\0\0\0abcdefgh', 'latin1')
/** The head of a HEADERS frame of 100 bytes, of which none follow. */
const halfHeaders = Buffer.from('\0\0\x64\x01\x04\0\0\0\x01', 'latin1')

describe('whoever sends no whole call', () => {
  const once =
    (...parts: Buffer[]) =>
    (peer: Socket) => {
      for (const part of parts) peer.write(part)
    }
  const everySoOften = (first: Buffer, part: Buffer) => (peer: Socket) => {
    peer.write(first)
    const timer = setInterval(() => peer.write(part), 20)
    peer.on('close', () => clearInterval(timer))
  }
  test.each<[string, (peer: Socket) => void]>([
    ['says nothing', () => {}],
    ['sends half of the greeting', once(preface.subarray(0, 10))],
    ['sends the greeting only', once(preface)],
    ['sends half of the headers', once(preface, halfHeaders)],
    ['sends the headers byte by byte', everySoOften(Buffer.concat([preface, halfHeaders]), Buffer.from([0]))],
    ['sends pings', everySoOften(preface, ping)],
    ['speaks another protocol', once(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))],
  ])('and %s is dropped', async (_, behave) => {
    const peer = connectSocket(await start({}, impatient))
    behave(peer)
    await closed(peer)
  })

  test.each<[string, readonly Buffer[]]>([
    ['no message', []],
    ['half of the prefix', [Buffer.alloc(3)]],
    ['half of a message', [Buffer.from([0, 0, 0, 0, 9, 1, 2])]],
  ])('but opens a call with %s is told so and dropped', async (_, parts) => {
    const { status, details } = await rawCall(await start({}, impatient), parts, true)
    expect([status, details]).toEqual(['4', 'no whole message within 0.5 seconds'])
  })

  test('and reads nothing either does not keep others out', async () => {
    const socket = await start({}, impatient)
    const deaf = Array.from({ length: 4 }, () => connectSocket(socket).on('error', () => {}))
    await until(() => deaf.every((peer) => !peer.connecting))
    const isServed = (): Promise<boolean> =>
      clientOf(socket)
        .wrap(ageKey(mine.recipient), dataKey)
        .then(
          () => true,
          () => false,
        )
    expect(await isServed()).toBe(false)
    while (!(await isServed())) await sleep(100)
    for (const peer of deaf) peer.destroy()
  })

  test('between two calls is connected anew', async () => {
    const client = clientOf(await start({ SOPS_AGE_KEY: mine.identity }, lessPatient))
    const enc = await client.wrap(ageKey(mine.recipient), dataKey)
    await sleep(4000)
    expect(await client.unwrap(ageKey(mine.recipient, enc))).toEqual(new Uint8Array(dataKey))
  })

  test('while others are asked, cannot keep them waiting', async () => {
    const socket = await start({ SOPS_AGE_KEY: mine.identity }, lessPatient)
    const peers = Array.from({ length: 4 }, () => connectSocket(socket))
    await Promise.all(peers.map(closed))
    // The service learns a moment later than they do that they are gone.
    let enc: string | undefined
    while (enc === undefined)
      enc = await clientOf(socket)
        .wrap(ageKey(mine.recipient), dataKey)
        .catch(() => undefined)
    expect(enc).toMatch(/^-----BEGIN AGE/)
  })
})

describe('whoever sends too much', () => {
  test.each<[string, readonly Buffer[], string, string]>([
    ['a message too large', [framed(Buffer.alloc(1001))], '8', 'the message has more than 1000 bytes'],
    ['a message that says it is', [Buffer.from([0, 0xff, 0xff, 0xff, 0xff])], '13', 'not one whole message'],
    ['two messages', [framed(Buffer.alloc(1)), framed(Buffer.alloc(1))], '13', 'not one whole message'],
    ['a compressed message', [framed(Buffer.alloc(1), 1)], '12', 'compressed messages are not taken'],
  ])('as %s is refused', async (_, parts, status, details) => {
    const ended = await rawCall(await start({}, patient), parts)
    expect(ended.status).toBe(status)
    expect(ended.details).toContain(details)
  })

  test('another method does not exist', async () => {
    const socket = await start({}, patient)
    expect(await rawCall(socket, [framed(Buffer.alloc(1))], false, '/KeyService/Évil%\n'.trim())).toMatchObject({
      status: '12',
    })
  })

  test('calls beyond the limit are refused, on one connection and on several', async () => {
    let release: () => void = () => {}
    const held = new Promise<boolean>((resolve) => {
      release = () => resolve(true)
    })
    const socket = await start({}, { ...lessPatient, approve: () => held })
    const request = Buffer.concat([field(1, field(6, textField(1, mine.recipient))), field(2, dataKey)])
    const session = connectHttp2('http://x', { createConnection: () => connectSocket(socket) })
    session.on('error', () => {})
    const streams = Array.from({ length: 4 }, () => {
      const stream = session.request(headers('encrypt'))
      stream.on('error', () => {})
      stream.end(framed(request))
      return stream
    })
    // Longer than anybody may take who has not been asked about.
    await sleep(4000)
    const more = await callOf(socket, 'encrypt', request)
    expect([more.status, more.details]).toEqual(['8', 'more than 4 calls at a time'])
    release()
    await Promise.all(streams.map((stream) => new Promise((resolve) => stream.resume().on('close', resolve))))
    expect(streams.map(({ rstCode }) => rstCode)).toEqual(streams.map(() => constants.NGHTTP2_NO_ERROR))
    session.close()
  })

  test('connections beyond the limit are closed at once', async () => {
    const socket = await start({}, { limits: { calls: 2 } })
    const first = [connectSocket(socket), connectSocket(socket)]
    await Promise.all(first.map((peer) => new Promise<void>((resolve) => peer.on('connect', () => resolve()))))
    await closed(connectSocket(socket))
    expect(first.map(({ destroyed }) => destroyed)).toEqual([false, false])
    for (const peer of first) peer.destroy()
  })
})

describe.skipIf(process.platform === 'win32')('the socket file', () => {
  test('is the owner alone’s when it appears', async () => {
    const socket = join(dir, `${made++}.sock`)
    const listener = makeListener()
    stops.push(serve(listener, fakeContext(), {}).stop)
    const modes: number[] = []
    const watching: typeof withUmask = (mask, work) => {
      const result = withUmask(mask, work)
      modes.push(statSync(socket).mode & 0o777)
      return result
    }
    await listen(listener, 'unix', socket, watching)
    expect(modes).toEqual([0o600])
  })

  test.each([
    ['a file', (path: string) => writeFileSync(path, 'precious')],
    ['a link to a file', (path: string) => symlinkSync(join(dir, 'target'), path)],
    ['a link to nothing', (path: string) => symlinkSync(join(dir, 'nothing'), path)],
  ])('does not replace %s', async (_, make) => {
    writeFileSync(join(dir, 'target'), 'precious', { mode: 0o644 })
    const socket = join(dir, `${made++}.sock`)
    make(socket)
    const before = lstatSync(socket)
    const listener = makeListener()
    await expect(listen(listener, 'unix', socket, withUmask)).rejects.toThrow('address already in use')
    expect(lstatSync(socket).ino).toBe(before.ino)
    expect(readFileSync(join(dir, 'target'), 'utf8')).toBe('precious')
    expect(statSync(join(dir, 'target')).mode & 0o777).toBe(0o644)
    expect(existsSync(join(dir, 'nothing'))).toBe(false)
  })
})
