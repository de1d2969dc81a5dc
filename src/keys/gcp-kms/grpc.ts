// Cloud KMS over gRPC, with its own four messages. Google's client would take several times as long to load as a whole command does.
import { readFileSync } from 'node:fs'
import type { Context } from '../../context.ts'
import { statusNumber, statusText } from '../../core/grpc-status.ts'
import { messageOf, SopsError } from '../../errors.ts'
import type { TlsOptions } from '../http.ts'
import { proxyFor } from '../http-proxy.ts'
import { decodeField, encodeMessage } from './messages.ts'
import type { Operation, Service } from './service.ts'
import { connectionTo, type Outcome } from './unary.ts'

const servicePath = 'google.cloud.kms.v1.KeyManagementService'

/** The numbers of the fields in requests and answers. */
const payloadField = { encrypt: 2, decrypt: 2 } as const
const resultField = { encrypt: 2, decrypt: 1 } as const

const attempts = 4
const busy = [statusNumber('Unavailable'), statusNumber('ResourceExhausted')]
const waitMs = (attempt: number): number => Math.random() * Math.min(5000, 100 * 2 ** attempt)

/** Lazily connected; the connection serves all keys of the run. */
export function grpcService(url: URL, ctx: Context): Service {
  const isPlain = url.protocol === 'http:'
  const connection = connectionTo(url, isPlain ? {} : roots(ctx), isPlain ? undefined : proxyFor(url, ctx.env))
  return async (operation, name, payload, headers, signal) => {
    const path = `/${servicePath}/${operation === 'encrypt' ? 'Encrypt' : 'Decrypt'}`
    const all = { ...headers, 'user-agent': 'sops-ts', 'x-goog-request-params': `name=${encodeURIComponent(name)}` }
    const request = encodeRequest(operation, name, payload)
    try {
      for (let attempt = 1; ; attempt++) {
        const { code, details, message } = await connection.call(path, all, request, signal).catch(unreached)
        if (code === 0) return take(message, resultField[operation])
        if (!busy.includes(code) || attempt === attempts || signal.aborted) {
          throw new SopsError('generic', statusText(code, details))
        }
        await new Promise((resolve) => setTimeout(resolve, waitMs(attempt)))
      }
    } finally {
      request.fill(0)
    }
  }
}

/** Servers may come back, certificates that are not trusted stay so. */
const passing = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

function unreached(error: unknown): Outcome {
  const [cause] = error instanceof AggregateError ? error.errors : [error]
  const details = `no connection: ${messageOf(cause)}`
  if (!passing.has((cause as NodeJS.ErrnoException).code ?? '')) {
    throw new SopsError('generic', statusText(statusNumber('Unavailable'), details))
  }
  return { code: statusNumber('Unavailable'), details, message: Buffer.alloc(0) }
}

const encodeRequest = (operation: Operation, name: string, payload: Uint8Array): Buffer =>
  encodeMessage([
    [1, Buffer.from(name)],
    [payloadField[operation], payload],
  ])

/** The field in memory of its own; the message is wiped. */
function take(message: Buffer, field: number): Uint8Array {
  const found = Uint8Array.from(decodeField(message, field))
  message.fill(0)
  return found
}

/** What other clients of Google take for the roots of trust. */
function roots({ env }: Context): TlsOptions {
  const path = env['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH']
  if (!path) return {}
  try {
    return { ca: readFileSync(path, 'utf8') }
  } catch (error) {
    throw new SopsError('generic', `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: ${messageOf(error)}`)
  }
}
