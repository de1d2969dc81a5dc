// Remote key services, asked over gRPC (spec/keys.md 10.3). The gRPC library is loaded with the first question.
import type { Client, ServiceError } from '@grpc/grpc-js'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import type { KeyService } from '../groups/index.ts'
import type { MasterKey, Operation } from '../keys/index.ts'
import { statusNumber, statusText, transportText } from '../net/index.ts'
import { inWords } from '../system/index.ts'
import { type Address, parseAddress } from './address.ts'
import { withCause } from './cause.ts'
import { loadGrpc } from './grpc.ts'
import { maximumMessageSize, methodPaths, readDataKey, readWrapped, writeRequest } from './messages.ts'

/** Milliseconds until a service counts as down. An answer may take any time: somebody may be asked for approval there. */
const connectTimeout = 20_000

/** gRPC's channel state READY. */
const ready = 2
/** Characters of a service's own words that are shown. */
const maximumDetails = 4096

const unavailableCode = statusNumber('Unavailable')

/** `host` is the service's; without it the details are this program's own. */
const failure = (code: number, details: string, host?: string): SopsError => {
  const transport = host === undefined ? undefined : transportText(details, host, 'a key service')
  return new SopsError('generic', statusText(code, transport ?? inWords(details.slice(0, maximumDetails))), {
    details: { grpcStatus: code },
  })
}

const unavailable = (details: string): SopsError => failure(unavailableCode, details)

const isDown = (error: unknown): boolean => error instanceof SopsError && error.details.grpcStatus === unavailableCode

interface Connection {
  readonly client: Client
  /** `HOST:PORT`, or the path of a socket. */
  readonly host: string
}

async function connect(target: string): Promise<Connection> {
  const grpc = await loadGrpc()
  const client = new grpc.Client(target, grpc.credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.max_receive_message_length': maximumMessageSize,
  })
  return { client, host: target.replace(/^(?:dns:|unix:\/\/)/, '') }
}

/** Sends one request. Wipes the message and the bytes of the answer, from which `read` copies what it needs. */
const call = <T>(
  { client, host }: Connection,
  operation: Operation,
  message: Buffer,
  read: (answer: Buffer) => T,
): Promise<T> =>
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
        else if (error)
          withCause(error.details, host).then((details) => reject(failure(error.code, details, host)), reject)
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
  let connection: Promise<Connection> | undefined
  let isReported = false
  const ask = async <T>(
    operation: Operation,
    key: MasterKey,
    data: Uint8Array,
    read: (answer: Buffer) => T,
  ): Promise<T> => {
    try {
      if (address.kind === 'unusable') throw unavailable(`connection error: ${address.reason}`)
      connection ??= connect(address.target)
      return await call(await connection, operation, writeRequest(key, data), read)
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
    watch: ctx.watch,
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
