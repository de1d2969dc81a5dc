// Cloud KMS over gRPC. Google's own client takes several times as long to load as everything else in a command.

import type { SecureContext } from 'node:tls'
import type * as Grpc from '@grpc/grpc-js'
import type { Context } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import {
  connectionText,
  lastField,
  loadOptional,
  presentParts,
  proxyFor,
  readCredentialsSync,
  readFields,
  secured,
  statusText,
  textField,
} from '../../net/index.ts'
import type { Operation } from '../types.ts'
import type { CloudKms } from './service.ts'

const servicePath = 'google.cloud.kms.v1.KeyManagementService'

/** The numbers of the fields in requests and answers. */
const payloadField = { encrypt: 2, decrypt: 2 } as const
const resultField = { encrypt: 2, decrypt: 1 } as const

/** Two or three retries while the server is busy, within the call's time limit. */
const serviceConfig = JSON.stringify({
  methodConfig: [
    {
      name: [{ service: servicePath }],
      retryPolicy: {
        maxAttempts: 4,
        initialBackoff: '0.1s',
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
    'grpc.default_authority': target,
    ...(proxy === undefined ? {} : { 'grpc.http_connect_target': `dns:${target}`, ...credentialsOf(proxy) }),
  })
  return async (operation, name, payload, headers, signal) => {
    const metadata = new grpc.Metadata()
    metadata.set('x-goog-request-params', `name=${encodeURIComponent(name)}`)
    for (const [header, value] of Object.entries(headers)) metadata.set(header, value)
    const words = (details: string): string =>
      /^No connection established\b/.test(details)
        ? `cannot reach ${target}: ${connectionText(new Error(details), ctx)}`
        : details
    return call({ client, words }, operation, encodeRequest(operation, name, payload), metadata, signal)
  }
}

const credentialsOf = ({ username, password }: URL): Record<string, string> =>
  username === '' && password === ''
    ? {}
    : { 'grpc.http_connect_creds': `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }

const encodeRequest = (operation: Operation, name: string, payload: Uint8Array): Buffer =>
  Buffer.concat([textField(1, name), ...presentParts(payloadField[operation], payload)])

interface Channel {
  readonly client: Grpc.Client
  /** Of what the package says about a connection. */
  readonly words: (details: string) => string
}

function call(
  { client, words }: Channel,
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
        // A failure inside the package has no status.
        const text = error.code === undefined ? messageOf(error) : statusText(error.code, words(error.details))
        return reject(new SopsError('generic', text, { cause: error }))
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
