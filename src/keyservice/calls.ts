// Unary gRPC calls over HTTP/2 in clear text: what a server of two methods needs, with a limit to everything that a caller can hold up.
import { createServer, constants as http2, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Server as Listener, Socket } from 'node:net'
import { type StatusName, statusNumber } from '../net/index.ts'

/** What callers may take. */
export interface Limits {
  /** Milliseconds that a call may take to send its message, and that a connection may stand without one. */
  readonly patience: number
  /** Bytes of a message. */
  readonly size: number
  /** Calls under way at a time, and connections. */
  readonly calls: number
}

export interface RefusedCall {
  readonly status: StatusName
  readonly details: string
}

/**
 * The bytes of the answer, or why there is none. The caller wipes neither `message` nor the answer: both are wiped here when they are done
 * with. `isWanted` is false once nobody waits for the answer any more.
 */
type Method = (message: Buffer, isWanted: () => boolean) => Promise<Buffer | RefusedCall>

/** Bytes in front of a message: whether it is compressed, and its size. */
const prefixSize = 5
/** Characters of an error that travel: they go into a header, and those are limited. */
const maximumDetails = 4096
/** Bytes of a request's headers; ours have some hundred. */
const maximumHeaders = 16 * 1024
/** Milliseconds between the word that a connection ends and its end. */
const parting = 1000

const refusal = (status: StatusName, details: string): RefusedCall => ({ status, details })

/** As gRPC has it: what is not printable ASCII, and the percent sign, in hexadecimal. */
const encoded = (text: string): string =>
  [...Buffer.from(text.slice(0, maximumDetails))]
    .map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('')

const answerHeaders = { ':status': 200, 'content-type': 'application/grpc' } as const

function refuse(stream: ServerHttp2Stream, { status, details }: RefusedCall): void {
  if (stream.destroyed || stream.headersSent) return
  const trailers = { 'grpc-status': String(statusNumber(status)), 'grpc-message': encoded(details) }
  stream.respond({ ...answerHeaders, ...trailers }, { endStream: true })
  // What is still on its way is not waited for. A stream that is closed at once takes the answer with it on Node 22.
  setImmediate(() => {
    if (!stream.readableEnded) stream.close(http2.NGHTTP2_NO_ERROR)
  })
}

function answer(stream: ServerHttp2Stream, message: Buffer): void {
  const frame = Buffer.alloc(prefixSize + message.length)
  frame.writeUInt32BE(message.length, 1)
  message.copy(frame, prefixSize)
  message.fill(0)
  stream.once('close', () => frame.fill(0))
  if (stream.destroyed) {
    frame.fill(0)
    return
  }
  stream.respond(answerHeaders, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(frame)
}

/** The one message of a call, when the caller has ended it; the caller wipes it. */
function messageIn(chunks: readonly Buffer[]): Buffer | RefusedCall {
  const bytes = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0)
  if (bytes.length < prefixSize) return refusal('Internal', 'the call has no message')
  if (bytes[0] !== 0) return refusal('Unimplemented', 'compressed messages are not taken')
  const message = bytes.subarray(prefixSize)
  if (message.length !== bytes.readUInt32BE(1)) {
    bytes.fill(0)
    return refusal('Internal', 'the call has not one whole message')
  }
  return message
}

/** The message of a call, when the caller has ended it in time. */
function readMessage(stream: ServerHttp2Stream, limits: Limits): Promise<Buffer | RefusedCall> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const finish = (result: Buffer | RefusedCall): void => {
      clearTimeout(timer)
      stream.removeAllListeners('data')
      if (!Buffer.isBuffer(result)) for (const chunk of chunks) chunk.fill(0)
      resolve(result)
    }
    const seconds = limits.patience / 1000
    const timer = setTimeout(
      () => finish(refusal('DeadlineExceeded', `no whole message within ${seconds} seconds`)),
      limits.patience,
    )
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > prefixSize + limits.size) {
        finish(refusal('ResourceExhausted', `the message has more than ${limits.size} bytes`))
      }
    })
    stream.once('end', () => finish(messageIn(chunks)))
    stream.once('close', () => finish(refusal('Canceled', 'the caller has gone')))
  })
}

/** Told of the calls of a connection, so that it knows when there are none. */
interface Idle {
  began(): void
  ended(): void
}

/** Ends a connection that has had no whole call for a while, also where nobody reads that it ends. */
function watch(session: ServerHttp2Session, socket: Socket, patience: number): Idle {
  let calls = 0
  let timer: NodeJS.Timeout | undefined
  const rest = (): void => {
    clearTimeout(timer)
    if (calls > 0 || socket.destroyed) return
    timer = setTimeout(() => {
      // A call that crosses this on its way is told so, and made again.
      session.close()
      timer = setTimeout(() => {
        session.destroy()
        socket.destroy()
      }, parting)
    }, patience)
  }
  session.once('close', () => clearTimeout(timer))
  rest()
  return {
    began: () => {
      calls++
      clearTimeout(timer)
    },
    ended: () => {
      calls--
      rest()
    },
  }
}

/** The calls under way, and what they are answered by. */
interface Calls {
  readonly methods: ReadonlyMap<string, Method>
  readonly limits: Limits
  underWay: number
}

async function take(calls: Calls, stream: ServerHttp2Stream, path: string, idle: Idle): Promise<void> {
  const { methods, limits } = calls
  const method = methods.get(path)
  if (method === undefined) return refuse(stream, refusal('Unimplemented', `unknown method ${path}`))
  if (calls.underWay >= limits.calls) {
    return refuse(stream, refusal('ResourceExhausted', `more than ${limits.calls} calls at a time`))
  }
  calls.underWay++
  try {
    const message = await readMessage(stream, limits)
    if (!Buffer.isBuffer(message)) return refuse(stream, message)
    idle.began()
    const result = await method(message, () => !stream.destroyed && !stream.closed).finally(() => {
      message.fill(0)
      idle.ended()
    })
    if (Buffer.isBuffer(result)) answer(stream, result)
    else refuse(stream, result)
  } finally {
    calls.underWay--
  }
}

/**
 * Answers the calls of whoever connects to `listener`, by their paths, until it is stopped. Whoever sends no whole message in time, too much,
 * or comes when too many are there, is dropped.
 */
export function serveCalls(
  listener: Listener,
  methods: ReadonlyMap<string, Method>,
  limits: Limits,
): { readonly stop: () => void } {
  const server = createServer({
    settings: { enablePush: false, maxConcurrentStreams: limits.calls, maxHeaderListSize: maximumHeaders },
    maxHeaderListPairs: 64,
    maxSessionMemory: 4,
    maxSettings: 16,
    maxSessionInvalidFrames: 16,
    maxSessionRejectedStreams: 16,
  })
  const [sockets, sessions] = [new Set<Socket>(), new Set<ServerHttp2Session>()]
  const calls: Calls = { methods, limits, underWay: 0 }
  /** The connection of the next session, which begins with it. */
  let arriving: Socket | undefined

  server.on('sessionError', () => {})
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    const idle = watch(session, arriving!, limits.patience)
    session.on('stream', (stream, headers) => {
      stream.on('error', () => {})
      void take(calls, stream, String(headers[':path']), idle)
    })
  })
  listener.on('connection', (socket: Socket) => {
    socket.on('error', () => {})
    if (sockets.size >= limits.calls) {
      socket.destroy()
      return
    }
    sockets.add(socket)
    arriving = socket
    socket.once('close', () => sockets.delete(socket))
    server.emit('connection', socket)
  })
  return {
    stop: () => {
      listener.close()
      for (const session of sessions) session.destroy()
      for (const socket of sockets) socket.destroy()
    },
  }
}
