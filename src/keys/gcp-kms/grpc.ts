// Cloud KMS over gRPC. Google's own client takes several times as long to load as everything else in a command.

import type { SecureContext } from 'node:tls'
import type * as Grpc from '@grpc/grpc-js'
import type { Context } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import {
  connectionText,
  firstWait,
  httpStatusOf,
  lastField,
  loadOptional,
  presentParts,
  proxyFor,
  readCredentialsSync,
  readFields,
  retries,
  secured,
  statusText,
  textField,
  transportText,
} from '../../net/index.ts'
import type { Operation } from '../types.ts'
import { cloudKmsAdvice, cloudKmsName } from './refusal.ts'
import type { CloudKms } from './service.ts'

const servicePath = 'google.cloud.kms.v1.KeyManagementService'

/** The numbers of the fields in requests and answers. */
const payloadField = { encrypt: 2, decrypt: 2 } as const
const resultField = { encrypt: 2, decrypt: 1 } as const

/** Repeats as every other request to a cloud (`cloudRetry`), within the call's time limit; the jitter is the package's own. */
const serviceConfig = JSON.stringify({
  methodConfig: [
    {
      name: [{ service: servicePath }],
      retryPolicy: {
        maxAttempts: 1 + retries,
        initialBackoff: `${firstWait / 1000}s`,
        maxBackoff: '5s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE', 'RESOURCE_EXHAUSTED'],
      },
    },
  ],
})

/** Connects on first use; the channel serves all keys of the run. */
export async function grpcService(url: URL, ctx: Context): Promise<CloudKms> {
  const grpc = await loadOptional('@grpc/grpc-js', () => import('@grpc/grpc-js'))
  const isPlain = url.protocol === 'http:'
  const credentials = isPlain ? grpc.credentials.createInsecure() : grpc.credentials.createFromSecureContext(trust(ctx))
  const target = `${url.hostname}:${url.port || (isPlain ? 80 : 443)}`
  // The package looks for proxies itself, but only under names in lower case.
  const proxy = proxyFor(url, ctx.env)
  const client = new grpc.Client(proxy === undefined ? target : `${proxy.hostname}:${proxy.port || 80}`, credentials, {
    'grpc.service_config': serviceConfig,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_http_proxy': 0,
    'grpc.initial_reconnect_backoff_ms': firstWait,
    'grpc.default_authority': target,
    ...(proxy === undefined ? {} : { 'grpc.http_connect_target': `dns:${target}`, ...credentialsOf(proxy) }),
  })
  return async (operation, name, payload, headers, signal) => {
    const metadata = new grpc.Metadata()
    metadata.set('x-goog-request-params', `name=${encodeURIComponent(name)}`)
    for (const [header, value] of Object.entries(headers)) metadata.set(header, value)
    return call({ client, target, ctx }, operation, encodeRequest(operation, name, payload), metadata, signal)
  }
}

const credentialsOf = ({ username, password }: URL): Record<string, string> =>
  username === '' && password === ''
    ? {}
    : { 'grpc.http_connect_creds': `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }

const encodeRequest = (operation: Operation, name: string, payload: Uint8Array): Buffer =>
  Buffer.concat([textField(1, name), ...presentParts(payloadField[operation], payload)])

interface Connection {
  readonly client: Grpc.Client
  /** `HOST:PORT`. */
  readonly target: string
  readonly ctx: Context
}

function call(
  { client, target, ctx }: Connection,
  operation: Operation,
  request: Buffer,
  metadata: Grpc.Metadata,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const method = `/${servicePath}/${operation === 'encrypt' ? 'Encrypt' : 'Decrypt'}`
  return new Promise((resolve, reject) => {
    const pass = (bytes: Buffer): Buffer => bytes
    const started = client.makeUnaryRequest(method, pass, pass, request, metadata, (error, answer) => {
      request.fill(0)
      if (error !== null) {
        return reject(new SopsError('generic', failureText(error, target, ctx), { cause: error }))
      }
      try {
        const field = lastField(readFields(answer ?? new Uint8Array(0)), resultField[operation])
        resolve(Uint8Array.from(field))
        field.fill(0)
      } catch (failure) {
        reject(failure)
      }
    })
    signal.addEventListener('abort', () => started.cancel(), { once: true })
  })
}

function failureText(error: Grpc.ServiceError, target: string, ctx: Context): string {
  // A failure inside the package has no status.
  if (error.code === undefined) return messageOf(error)
  const words = connectionText(new Error(error.details), ctx)
  if (words !== error.details) return statusText(error.code, `cannot reach ${target}: ${words}`)
  const transport = transportText(error.details, target, cloudKmsName)
  if (transport !== undefined) return statusText(error.code, transport)
  const advice = cloudKmsAdvice(httpStatusOf(error.code), error.details)
  return `${statusText(error.code, error.details)} (from ${target})${advice === undefined ? '' : `: ${advice}`}`
}

/** The package knows this variable itself, but only from `process.env`. */
function trust(ctx: Context): SecureContext {
  const path = ctx.env['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH']
  if (!path) return secured(ctx).secureContext
  try {
    return secured(ctx, { ca: readCredentialsSync(path) }).secureContext
  } catch (error) {
    throw new SopsError('generic', `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: ${messageOf(error)}`)
  }
}
