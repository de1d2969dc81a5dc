// Serves the keys of this process to others over gRPC (spec/keys.md 10.2).
import { createServer, type Server as Listener, type Socket } from 'node:net'
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js'
import type { Context } from '../context.ts'
import { type StatusName, statusNumber } from '../core/grpc-status.ts'
import { localKeyService } from '../datakey.ts'
import { messageOf } from '../errors.ts'
import { tellOfKeys } from '../key-log.ts'
import { keyTypes } from '../keys/index.ts'
import type { MasterKey } from '../keys/types.ts'
import { loadGrpc } from './grpc.ts'
import { describeKey, maximumMessageSize, methodPaths, type Operation, readRequest, writeAnswer } from './messages.ts'

export interface ServerOptions {
  /**
   * Asked after the work is done and before it is answered; the text names operation and key, and comes from whoever asks. False refuses;
   * an error fails the request with its message.
   */
  readonly approve?: (operation: Operation, key: string) => Promise<boolean>
}

/** Characters of an error that travel: they go into a header, and those are limited. */
const maximumDetails = 4096

interface Refusal {
  readonly code: number
  readonly details: string
}

const refusal = (status: StatusName, details: string): Refusal => ({ code: statusNumber(status), details })

/** A cause for nothing to be kept between requests: what is asked for once a run is asked for once a request, as the reference does. */
function freshContext(ctx: Context): Context {
  const kept = new Map<string, unknown>()
  return {
    ...ctx,
    once: <T>(key: string, make: () => T): T => {
      if (!kept.has(key)) kept.set(key, make())
      return kept.get(key) as T
    },
  }
}

/** The bytes of the answer, which the caller wipes, or why there is none. */
async function work(operation: Operation, key: MasterKey, data: Uint8Array, ctx: Context): Promise<Buffer | Refusal> {
  const service = localKeyService(freshContext(ctx))
  let isDone = false
  try {
    if (operation === 'encrypt') {
      const wrapped = await service.wrap(key, data)
      isDone = true
      return writeAnswer(Buffer.from(wrapped))
    }
    const result = await service.unwrap({ ...key, enc: Buffer.from(data).toString() })
    if (!(result instanceof Uint8Array)) return refusal('Unknown', result.unavailable)
    isDone = true
    const answer = writeAnswer(result)
    result.fill(0)
    return answer
  } finally {
    tellOfKeys(operation === 'encrypt' ? 'wrap' : 'unwrap', [{ key, service, isDone }])
  }
}

async function answerTo(
  operation: Operation,
  message: Buffer,
  ctx: Context,
  options: ServerOptions,
): Promise<Buffer | Refusal> {
  try {
    const { key, data } = readRequest(message)
    if (key === undefined) return refusal('NotFound', 'Must provide a key')
    if (key === 'unknown' || keyTypes[key.type] === undefined) return refusal('NotFound', 'Unknown key type')
    const answer = await work(operation, key, data, ctx)
    if (!options.approve || !Buffer.isBuffer(answer)) return answer
    const isApproved = await options.approve(operation, describeKey(key)).catch((error: unknown) => {
      answer.fill(0)
      throw error
    })
    if (isApproved) return answer
    answer.fill(0)
    return refusal('PermissionDenied', 'Request rejected by user')
  } catch (error) {
    return refusal('Unknown', messageOf(error))
  } finally {
    message.fill(0)
  }
}

/** A running key service. */
export interface RunningServer {
  /** Stops listening, removes the socket file and drops what is under way. Synchronous. */
  stop(): void
}

/**
 * Serves on a listener that does not listen yet: the caller decides where, before or after.
 * @throws SopsError `missing-dependency`
 */
export async function serve(listener: Listener, ctx: Context, options: ServerOptions): Promise<RunningServer> {
  const grpc = await loadGrpc()
  const server = new grpc.Server({ 'grpc.max_receive_message_length': maximumMessageSize })
  const same = (bytes: Buffer): Buffer => bytes
  for (const operation of ['encrypt', 'decrypt'] as const) {
    const handle = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
      void answerTo(operation, call.request, ctx, options).then((answer) => {
        if (Buffer.isBuffer(answer)) done(null, answer)
        else done({ code: answer.code, details: answer.details.slice(0, maximumDetails) })
      })
    }
    server.register(methodPaths[operation], handle, same, same, 'unary')
  }
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure())
  const sockets = new Set<Socket>()
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    injector.injectConnection(socket)
  })
  return {
    stop: () => {
      listener.close()
      injector.destroy()
      server.forceShutdown()
      for (const socket of sockets) socket.destroy()
    },
  }
}

export const makeListener = (): Listener => createServer({ noDelay: true })
