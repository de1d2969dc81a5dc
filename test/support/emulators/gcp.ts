// Google Cloud KMS on loopback, over gRPC with TLS or HTTP, with AES-GCM bound to the key; and Google's token and metadata servers.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { json, type Listening, type ListenOptions, listen } from './listen.ts'

export interface GcpRequest {
  readonly operation: 'encrypt' | 'decrypt'
  readonly name: string
  readonly authorization: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The connection's port on the client's side. */
  readonly peer: string
}

/** What a test may answer instead of the service; `hang` never answers. */
export type GcpFault = { readonly code: number; readonly message: string } | 'hang'

export interface GcpEmulatorOptions {
  /** Resource ids of the keys that exist. */
  readonly keys: Readonly<Record<string, 'enabled' | 'disabled' | 'denied'>>
  /** Bearer tokens that are let in. */
  readonly tokens?: readonly string[] | ((token: string) => boolean)
  readonly fault?: (operation: string, count: number) => GcpFault | undefined
}

export interface GcpEmulator {
  readonly port: number
  readonly requests: GcpRequest[]
  close(): Promise<void>
}

interface Failure {
  readonly code: number
  readonly message: string
}

type Perform = (request: GcpRequest, payload: Uint8Array) => Buffer | Failure | 'hang'

const isFailure = (value: object): value is Failure => 'code' in value

function makeService(options: GcpEmulatorOptions, requests: GcpRequest[]): Perform {
  const secrets = new Map(Object.keys(options.keys).map((name) => [name, randomBytes(32)]))
  const counts = new Map<string, number>()
  const { tokens = ['gcp-token'] } = options
  const isKnown = typeof tokens === 'function' ? tokens : (token: string): boolean => tokens.includes(token)
  return (request, payload) => {
    requests.push(request)
    const { operation, name, authorization } = request
    const count = (counts.get(operation) ?? 0) + 1
    counts.set(operation, count)
    const fault = options.fault?.(operation, count)
    if (fault !== undefined) return fault
    if (!authorization.startsWith('Bearer ') || !isKnown(authorization.slice(7)))
      return { code: status.UNAUTHENTICATED, message: 'Request had invalid authentication credentials.' }
    const secret = secrets.get(name)
    if (secret === undefined) return { code: status.NOT_FOUND, message: `CryptoKey ${name} not found.` }
    if (options.keys[name] === 'denied')
      return { code: status.PERMISSION_DENIED, message: `Permission denied on resource '${name}'.` }
    if (options.keys[name] === 'disabled')
      return { code: status.FAILED_PRECONDITION, message: `${name}/cryptoKeyVersions/1 is not enabled.` }
    if (operation === 'encrypt') {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', secret, iv)
      const sealed = Buffer.concat([cipher.update(payload), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), sealed])
    }
    try {
      const decipher = createDecipheriv('aes-256-gcm', secret, payload.subarray(0, 12))
      decipher.setAuthTag(payload.subarray(12, 28))
      return Buffer.concat([decipher.update(payload.subarray(28)), decipher.final()])
    } catch {
      return { code: status.INVALID_ARGUMENT, message: 'Decryption failed: the ciphertext is invalid.' }
    }
  }
}

interface MessageClass {
  encode(message: object): { finish(): Uint8Array }
  decode(bytes: Uint8Array): Record<string, unknown>
}

/** The message classes that Google ships: the codec under test is not used to check itself. */
const messages = (): Record<string, MessageClass> =>
  createRequire(import.meta.url)('@google-cloud/kms/build/protos/protos.js').google.cloud.kms.v1

/** Listens with TLS on a free port of localhost. */
export async function startGcpGrpc(
  options: GcpEmulatorOptions,
  tls: { readonly key: string; readonly cert: string },
): Promise<GcpEmulator> {
  const { EncryptRequest, EncryptResponse, DecryptRequest, DecryptResponse } = messages()
  const requests: GcpRequest[] = []
  const perform = makeService(options, requests)
  const server = new Server()
  const handler =
    (operation: 'encrypt' | 'decrypt'): handleUnaryCall<Record<string, unknown>, object> =>
    (call, done) => {
      const header = (name: string): string | undefined => call.metadata.get(name)[0]?.toString()
      const name = String(call.request['name'])
      const names = ['x-goog-request-params', 'x-goog-user-project']
      const headers = Object.fromEntries(names.map((one) => [one, header(one)]))
      const request = { operation, name, authorization: header('authorization') ?? '', headers, peer: call.getPeer() }
      const payload = operation === 'encrypt' ? call.request['plaintext'] : call.request['ciphertext']
      const result = perform(request, payload as Uint8Array)
      if (result === 'hang') return
      if (isFailure(result)) done({ code: result.code, details: result.message })
      else done(null, operation === 'encrypt' ? { name, ciphertext: result } : { plaintext: result })
    }
  const method = (name: string, request: MessageClass, answer: MessageClass) => ({
    path: `/google.cloud.kms.v1.KeyManagementService/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: object) => Buffer.from(request.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => request.decode(bytes),
    responseSerialize: (message: object) => Buffer.from(answer.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => answer.decode(bytes),
  })
  server.addService(
    {
      Encrypt: method('Encrypt', EncryptRequest!, EncryptResponse!),
      Decrypt: method('Decrypt', DecryptRequest!, DecryptResponse!),
    },
    { Encrypt: handler('encrypt'), Decrypt: handler('decrypt') },
  )
  const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, [pair]), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return { port, requests, close: async () => server.forceShutdown() }
}

const httpStatus: Readonly<Record<number, number>> = {
  3: 400,
  5: 404,
  7: 403,
  8: 429,
  9: 400,
  13: 500,
  14: 503,
  16: 401,
}

/** Listens on a free port of 127.0.0.1, in clear text without `tls`. */
export async function startGcpRest(options: GcpEmulatorOptions, tls?: ListenOptions['tls']): Promise<GcpEmulator> {
  const requests: GcpRequest[] = []
  const perform = makeService(options, requests)
  const server = await listen(
    ({ method, path, headers: sent, body: text, port }, response) => {
      const match = /^\/v1\/(.+):(encrypt|decrypt)(\?.*)?$/.exec(path)
      if (method !== 'POST' || match === null) return json(response, 404, {})
      const operation = match[2] as 'encrypt' | 'decrypt'
      const body = JSON.parse(text) as Record<string, string>
      const name = match[1]!.split('/').map(decodeURIComponent).join('/')
      const headers = { 'x-goog-user-project': sent['x-goog-user-project']?.toString() }
      const { authorization = '' } = sent
      const payload = (operation === 'encrypt' ? body['plaintext'] : body['ciphertext'])!
      const result = perform(
        { operation, name, authorization, headers, peer: String(port) },
        Buffer.from(payload, 'base64'),
      )
      if (result === 'hang') return
      if (isFailure(result)) {
        const error = { code: httpStatus[result.code] ?? 500, message: result.message, status: status[result.code] }
        return json(response, error.code, { error })
      }
      const encoded = result.toString('base64')
      json(response, 200, operation === 'encrypt' ? { name, ciphertext: encoded } : { plaintext: encoded })
    },
    tls ? { tls } : {},
  )
  return { ...server, requests }
}

export interface TokenServer extends Listening {
  /** Forms posted to the token service, and paths asked of the metadata server. */
  readonly seen: string[]
}

/** Google's token service (`/token`) and a machine's metadata server, both giving out `token`. */
export async function startGcpTokens(token: string, refuse = false): Promise<TokenServer> {
  const seen: string[] = []
  const server = await listen(({ path, headers, body }, response) => {
    const granted = { access_token: token, expires_in: 3600, token_type: 'Bearer' }
    if (path === '/token') {
      seen.push(body)
      if (refuse) return json(response, 400, { error: 'invalid_grant', error_description: 'Token has been revoked.' })
      return json(response, 200, granted)
    }
    seen.push(`${path} ${headers['metadata-flavor']}`)
    json(response, 200, granted, { 'metadata-flavor': 'Google' })
  })
  return { ...server, seen }
}
