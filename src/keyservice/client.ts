// Remote key services, asked over gRPC (spec/keys.md 10.3). The gRPC library is loaded with the first question.
import type { Client, ServiceError } from '@grpc/grpc-js'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import type { KeyService } from '../groups/index.ts'
import type { MasterKey, Operation } from '../keys/index.ts'
import { statusNumber, statusText } from '../net/index.ts'
import { inWords } from '../system/index.ts'
import { type Address, parseAddress } from './address.ts'
import { loadGrpc } from './grpc.ts'
import { maximumMessageSize, methodPaths, readDataKey, readWrapped, writeRequest } from './messages.ts'

/** Milliseconds until a service counts as down. An answer may take any time: somebody may be asked for approval there. */
const connectTimeout = 20_000

/** gRPC's channel state READY. */
const ready = 2
/** Characters of a service's own words that are shown. */
const maximumDetails = 4096

const unavailableCode = statusNumber('Unavailable')

/** The system's error without what the gRPC library says about itself around it. */
const plainDetails = (details: string): string =>
  inWords(
    details.replace(
      /^No connection established\. Last error: (?:Error: )?(.*)\. Resolution note: $/s,
      'connection error: $1',
    ),
  )

const failure = (code: number, details: string): SopsError =>
  new SopsError('generic', statusText(code, plainDetails(details.slice(0, maximumDetails))), {
    details: { grpcStatus: code },
  })

const unavailable = (details: string): SopsError => failure(unavailableCode, details)

const isDown = (error: unknown): boolean => error instanceof SopsError && error.details.grpcStatus === unavailableCode

async function connect(target: string): Promise<Client> {
  const grpc = await loadGrpc()
  return new grpc.Client(target, grpc.credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.max_receive_message_length': maximumMessageSize,
  })
}

/** Sends one request. Wipes the message and the bytes of the answer, from which `read` copies what it needs. */
const call = <T>(client: Client, operation: Operation, message: Buffer, read: (answer: Buffer) => T): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    const same = (bytes: Buffer): Buffer => bytes
    let isTooSlow = false
    const timer = setTimeout(() => {
      isTooSlow = client.getChannel().getConnectivityState(false) !== ready
      if (isTooSlow) request.cancel()
    }, connectTimeout)
    const finish = (error: ServiceError | null, answer: Buffer = Buffer.alloc(0)): void => {
      clearTimeout(timer)
      message.fill(0)
      try {
        if (isTooSlow) reject(unavailable(`no connection within ${connectTimeout / 1000} seconds`))
        else if (error) reject(failure(error.code, error.details))
        else resolve(read(answer))
      } catch (cause) {
        reject(cause)
      } finally {
        answer.fill(0)
      }
    }
    const request = client.makeUnaryRequest(methodPaths[operation], same, same, message, finish)
  })

function keyService(uri: string, address: Address, ctx: Context): KeyService {
  let client: Promise<Client> | undefined
  let isReported = false
  const ask = async <T>(
    operation: Operation,
    key: MasterKey,
    data: Uint8Array,
    read: (answer: Buffer) => T,
  ): Promise<T> => {
    try {
      if (address.kind === 'unusable') throw unavailable(`connection error: ${address.reason}`)
      client ??= connect(address.target)
      return await call(await client, operation, writeRequest(key, data), read)
    } catch (error) {
      if (isDown(error) && !isReported) {
        isReported = true
        const message = 'Key service is not available'
        ctx.log({ level: 'advice', logger: 'KEYSERVICE', message, fields: { address: uri } })
      }
      throw error
    }
  }
  return {
    name: uri,
    log: ctx.log,
    remote: true,
    wrap: (key, dataKey) => ask('encrypt', key, dataKey, readWrapped),
    unwrap: async (key) => {
      const reason = await ctx.localOnly?.()
      if (reason !== undefined) return { unavailable: reason, untried: true }
      return ask('decrypt', key, Buffer.from(key.enc), readDataKey)
    },
  }
}

/**
 * A service for each address, in order, dialled on its first use. Failures are SopsErrors `rpc error: code = … desc = …`. An address that
 * is not a URI is left out with a warning.
 */
export function remoteKeyServices(addresses: readonly string[], ctx: Context): KeyService[] {
  return addresses.flatMap((uri) => {
    const address = parseAddress(uri)
    if (address === undefined) {
      const message = 'Error parsing URI for keyservice, skipping'
      ctx.log({ level: 'warning', logger: 'CMD', message, fields: { uri } })
      return []
    }
    ctx.log({ level: 'info', logger: 'CMD', message: 'Connecting to key service', fields: { address: uri } })
    return [keyService(uri, address, ctx)]
  })
}
