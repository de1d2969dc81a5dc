// A stand-in for a PostgreSQL server that takes audit records, with or without TLS; it keeps what clients say.
import { createServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { TestCertificate } from './aws-tls.ts'

interface PostgresOptions {
  readonly tls?: TestCertificate
  /** TLS begins at once (sslnegotiation=direct). */
  readonly direct?: boolean
  /** The way for which no rule of it admits anybody. */
  readonly refuses?: 'clear' | 'tls'
  readonly password?: string
  readonly standby?: boolean
  readonly readOnly?: boolean
  /** It takes connections and says nothing. */
  readonly silent?: boolean
  /** What it answers to a request for TLS, if not what PostgreSQL does. */
  readonly answer?: string
}

export interface PostgresServer {
  readonly port: number
  /** One for each start of a session, admitted or not. */
  readonly starts: {
    readonly over: 'clear' | 'tls'
    readonly name: string | false
    readonly words: Record<string, string>
  }[]
  readonly inserted: string[][]
  close(): Promise<void>
}

const int = (value: number, bytes: 2 | 4): Buffer => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeIntBE(value, 0, bytes)
  return buffer
}
const message = (kind: string, ...parts: (string | Buffer)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)))
  return Buffer.concat([Buffer.from(kind), int(body.length + 4, 4), body])
}
const failure = (code: string, text: string): Buffer =>
  message('E', 'SFATAL', 'VFATAL', `C${code}`, `M${text}`, Buffer.alloc(1))
const ready = message('Z', Buffer.from('I'))
const cell = (value: string): Buffer => Buffer.concat([int(Buffer.byteLength(value), 4), Buffer.from(value)])
const column = (name: string): Buffer =>
  Buffer.concat([
    Buffer.from(`${name}\0`),
    int(0, 4),
    int(0, 2),
    int(name === 'one' ? 23 : 25, 4),
    int(-1, 2),
    int(-1, 4),
    int(0, 2),
  ])
const row = (fields: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat([
    message('T', int(Object.keys(fields).length, 2), ...Object.keys(fields).map(column)),
    message('D', int(Object.keys(fields).length, 2), ...Object.values(fields).map(cell)),
    message('C', 'SELECT 1'),
  ])

/** The values of a message that binds them. */
function boundIn(body: Buffer): string[] {
  let at = body.indexOf(0, body.indexOf(0) + 1) + 1
  at += 2 + 2 * body.readInt16BE(at)
  const count = body.readInt16BE(at)
  at += 2
  return Array.from({ length: count }, () => {
    const length = body.readInt32BE(at)
    at += 4 + length
    return body.toString('utf8', at - length, at)
  })
}

export async function startPostgresStandIn(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { tls, password } = options
  const starts: PostgresServer['starts'] = []
  const inserted: string[][] = []
  const sockets = new Set<Socket>()

  const secure = (socket: Socket): void => {
    const alpn = options.direct ? { ALPNProtocols: ['postgresql'] } : {}
    speak(new TLSSocket(socket, { isServer: true, key: tls!.key, cert: tls!.cert, ...alpn }))
  }

  function start(stream: Socket, body: Buffer): void {
    const texts = body.toString('utf8', 4).split('\0').slice(0, -2)
    const words = Object.fromEntries(texts.flatMap((text, i) => (i % 2 === 0 ? [[text, texts[i + 1]!]] : [])))
    const over = stream instanceof TLSSocket ? 'tls' : 'clear'
    const name = stream instanceof TLSSocket ? ((stream as { servername?: string | false }).servername ?? false) : false
    starts.push({ over, name, words })
    if (options.refuses === over) stream.end(failure('28000', `no entry for ${over}`))
    else
      stream.write(password === undefined ? Buffer.concat([message('R', int(0, 4)), ready]) : message('R', int(3, 4)))
  }

  function answer(stream: Socket, kind: string, body: Buffer): void {
    if (kind === 'p') {
      const isRight = body.toString('utf8', 0, body.length - 1) === password
      if (isRight) stream.write(Buffer.concat([message('R', int(0, 4)), ready]))
      else stream.end(failure('28P01', 'password authentication failed'))
    } else if (kind === 'Q') {
      const state = { read_only: options.readOnly ? 'on' : 'off', standby: options.standby ? 't' : 'f' }
      stream.write(Buffer.concat([row(body.includes('read_only') ? state : { one: '1' }), ready]))
    } else if (kind === 'B') inserted.push(boundIn(body))
    else if (kind === 'S')
      stream.write(Buffer.concat([message('1'), message('2'), message('n'), message('C', 'INSERT 0 1'), ready]))
    else if (kind === 'X') stream.end()
  }

  function speak(stream: Socket): void {
    let pending: Buffer = Buffer.alloc(0)
    let hasStarted = false
    stream.on('error', () => {})
    stream.on('data', function take(data) {
      pending = Buffer.concat([pending, data])
      while (pending.length >= (hasStarted ? 5 : 4)) {
        const head = hasStarted ? 1 : 0
        const length = pending.readInt32BE(head) + head
        // As the server does with what is no start of its protocol.
        if (!hasStarted && length > 10_000) return void stream.destroy()
        if (pending.length < length) return
        const [kind, body] = [pending.toString('latin1', 0, head), pending.subarray(head + 4, length)]
        pending = pending.subarray(length)
        if (hasStarted) answer(stream, kind, body)
        else if (body.readInt32BE(0) === 80877103) {
          stream.write(options.answer ?? (tls ? 'S' : 'N'))
          if (!tls || options.answer !== undefined) continue
          stream.off('data', take)
          secure(stream)
          return
        } else {
          hasStarted = true
          start(stream, body)
        }
      }
    })
  }

  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    if (options.silent) return
    if (options.direct) secure(socket)
    else speak(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    starts,
    inserted,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
