// One unary call of gRPC over HTTP/2. The usual package takes as long to load as everything else a command does.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import { statusNumber } from '../../core/grpc-status.ts'
import type { TlsOptions } from '../http.ts'
import { openTunnel } from '../http-proxy.ts'

/** A call's end: its status, and the message that came with it. */
export interface Outcome {
  /** A number of gRPC's; 0 when all went well. */
  readonly code: number
  readonly details: string
  readonly message: Buffer
}

/** An HTTP/2 connection for all calls to one server. It does not keep the process alive while nothing is under way. */
export interface Connection {
  /** Rejects with the connection's error when there is none to be had. */
  call(path: string, headers: Readonly<Record<string, string>>, request: Buffer, signal: AbortSignal): Promise<Outcome>
}

/** Far above any answer of a key service. */
const longestMessage = 4 * 1024 * 1024

const outcome = (code: number, details: string, message: Buffer = Buffer.alloc(0)): Outcome => ({
  code,
  details,
  message,
})

export function connectionTo(url: URL, tls: TlsOptions, proxy: URL | undefined): Connection {
  let current: Promise<ClientHttp2Session> | undefined
  let calls = 0
  const session = (signal: AbortSignal): Promise<ClientHttp2Session> => {
    if (current !== undefined) return current
    // An old connection may end after a new one has taken its place.
    const forget = (): void => {
      if (current === fresh) current = undefined
    }
    const fresh = openSession(url, tls, proxy, signal, forget)
    fresh.catch(forget)
    current = fresh
    return fresh
  }
  return {
    async call(path, headers, request, signal) {
      const opened = await session(signal)
      calls++
      opened.ref()
      try {
        return await exchange(opened, path, headers, request, signal)
      } finally {
        if (--calls === 0 && !opened.destroyed) opened.unref()
      }
    },
  }
}

/** `forget` is called when nothing new can be asked on it. */
async function openSession(
  url: URL,
  tls: TlsOptions,
  proxy: URL | undefined,
  signal: AbortSignal,
  forget: () => void,
): Promise<ClientHttp2Session> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const target = { ...tls, host, port: url.port || 443, ALPNProtocols: ['h2'] }
  const tunnel = proxy === undefined ? undefined : await openTunnel(proxy, target, signal)
  return new Promise((resolve, reject) => {
    const opened = connect(url.origin, { ...tls, ...(tunnel === undefined ? {} : { createConnection: () => tunnel }) })
    const end = (): void => opened.destroy()
    signal.addEventListener('abort', end, { once: true })
    opened.once('connect', () => {
      signal.removeEventListener('abort', end)
      resolve(opened)
    })
    opened.on('error', reject)
    opened.on('goaway', forget)
    opened.on('close', () => {
      forget()
      reject(new Error('the connection was closed'))
    })
  })
}

function exchange(
  session: ClientHttp2Session,
  path: string,
  headers: Readonly<Record<string, string>>,
  request: Buffer,
  signal: AbortSignal,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const unavailable = (details: string): void => resolve(outcome(statusNumber('Unavailable'), details))
    let stream: ClientHttp2Stream
    try {
      stream = session.request({
        ...headers,
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      })
    } catch (error) {
      // The other side has just said that it goes away.
      return unavailable((error as Error).message)
    }
    const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL)
    signal.addEventListener('abort', cancel, { once: true })
    const answer = {
      headers: {} as IncomingHttpHeaders,
      trailers: {} as IncomingHttpHeaders,
      chunks: [] as Buffer[],
      size: 0,
    }
    stream.on('response', (found) => {
      answer.headers = found
    })
    stream.on('trailers', (found) => {
      answer.trailers = found
    })
    stream.on('data', (chunk: Buffer) => {
      answer.size += chunk.length
      if (answer.size <= longestMessage) return answer.chunks.push(chunk)
      resolve(outcome(statusNumber('Internal'), 'the answer is too long'))
      return cancel()
    })
    stream.on('error', (error) => unavailable(error.message))
    stream.on('close', () => {
      signal.removeEventListener('abort', cancel)
      resolve(outcomeOf({ ...answer.headers, ...answer.trailers }, Buffer.concat(answer.chunks)))
      for (const chunk of answer.chunks) chunk.fill(0)
    })
    stream.end(frame(request))
  })
}

function outcomeOf(fields: IncomingHttpHeaders, body: Buffer): Outcome {
  const status = fields['grpc-status']
  if (status === undefined) return withoutStatus(Number(fields[':status'] ?? 0))
  const code = /^\d{1,3}$/.test(String(status)) ? Number(status) : statusNumber('Unknown')
  if (code !== 0) return outcome(code, decoded(String(fields['grpc-message'] ?? '')))
  const message = unframed(body)
  return message === undefined ? outcome(statusNumber('Internal'), 'malformed answer') : outcome(0, '', message)
}

/** Proxies and front ends speak HTTP only (gRPC's own table of what their statuses mean). */
function withoutStatus(status: number): Outcome {
  const names = { 400: 'Internal', 401: 'Unauthenticated', 403: 'PermissionDenied', 404: 'Unimplemented' } as const
  const isBusy = status === 0 || [429, 502, 503, 504].includes(status)
  const name = isBusy ? 'Unavailable' : (names[status as keyof typeof names] ?? 'Unknown')
  return outcome(
    statusNumber(name),
    status === 0 ? 'the connection was lost' : `the server answers with status ${status}`,
  )
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A flag for compression, four bytes of length, the message. */
function frame(message: Buffer): Buffer {
  const framed = Buffer.alloc(5 + message.length)
  framed.writeUInt32BE(message.length, 1)
  message.copy(framed, 5)
  return framed
}

const unframed = (body: Buffer): Buffer | undefined =>
  body.length >= 5 && body[0] === 0 && body.readUInt32BE(1) === body.length - 5 ? body.subarray(5) : undefined
