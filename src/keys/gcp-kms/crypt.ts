// Wraps and unwraps data keys with Google Cloud KMS (spec/keys.md 6.3).

import type { Context } from '../../context/index.ts'
import { memoKey } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { kmsTimeout, within, withoutSecrets } from '../../net/index.ts'
import { decodeBase64, encodeBase64 } from '../../text/base64.ts'
import type { MasterKey, Operation, Unavailable } from '../types.ts'
import { type GoogleCredentials, googleCredentials } from './credentials.ts'
import { checkUniverse, endpointOf } from './endpoint.ts'
import { checkResourceId } from './resource-id.ts'
import type { CloudKms } from './service.ts'

const creating = 'cannot create GCP KMS service'
const headlines = {
  encrypt: 'failed to encrypt sops data key with GCP KMS key',
  decrypt: 'failed to decrypt sops data key with GCP KMS key',
} as const

interface Client {
  readonly name: string
  readonly service: CloudKms
  readonly credentials: GoogleCredentials
}

const kmsService = memoKey<Promise<Client['service']>>('Google KMS')

async function makeClient(key: MasterKey, ctx: Context): Promise<Client | Unavailable> {
  try {
    const name = checkResourceId(String(key.fields.resource_id ?? ''))
    const endpoint = endpointOf(ctx)
    const credentials = await googleCredentials(ctx)
    if ('missing' in credentials) return { unavailable: `${creating}: ${credentials.missing}` }
    checkUniverse(endpoint, credentials.universeDomain)
    const service = await ctx.once(kmsService, async () => {
      if (endpoint.kind === 'rest') return (await import('./rest.ts')).restService(endpoint.url, ctx)
      return (await import('./grpc.ts')).grpcService(endpoint.url, ctx)
    })
    return { name, service, credentials }
  } catch (error) {
    if (error instanceof SopsError && error.code === 'missing-dependency') throw error
    throw new SopsError('generic', `${creating}: ${messageOf(error)}`, { cause: error })
  }
}

async function ask(
  client: Client,
  operation: Operation,
  payload: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const secrets: string[] = []
  try {
    const { name, service, credentials } = client
    const { text } = await credentials.token()
    secrets.push(text)
    const headers = {
      authorization: `Bearer ${text}`,
      ...(credentials.quotaProject === undefined ? {} : { 'x-goog-user-project': credentials.quotaProject }),
    }
    const result = await service(operation, name, payload, headers, signal)
    if (result.length === 0) throw new SopsError('generic', 'the answer is empty')
    return result
  } catch (error) {
    if (error instanceof SopsError && error.code === 'missing-dependency') throw error
    // No `cause`: errors of Google's library hold the request.
    throw new SopsError('generic', `${headlines[operation]}: ${withoutSecrets(messageOf(error), secrets)}`)
  }
}

/** @throws SopsError. */
export async function wrap(key: MasterKey, dataKey: Uint8Array, ctx: Context): Promise<string> {
  return within(kmsTimeout(ctx), headlines.encrypt, async (signal) => {
    const client = await makeClient(key, ctx)
    if ('unavailable' in client) throw new SopsError('generic', client.unavailable)
    return encodeBase64(await ask(client, 'encrypt', dataKey, signal))
  })
}

/** Missing credentials are a value, not an error. @throws SopsError. */
export async function unwrap(key: MasterKey, ctx: Context): Promise<Uint8Array | Unavailable> {
  return within(kmsTimeout(ctx), headlines.decrypt, async (signal) => {
    const client = await makeClient(key, ctx)
    return 'unavailable' in client ? client : ask(client, 'decrypt', decodeBase64(key.enc), signal)
  })
}
