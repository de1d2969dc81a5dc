// Serves the keys of this process to others over gRPC (spec/keys.md 10.2).

import { createServer, type Server as Listener } from 'node:net'
import type { Context } from '../context/index.ts'
import { memory } from '../context/index.ts'
import { messageOf } from '../errors.ts'
import { localKeyService, tellOfKeys } from '../groups/index.ts'
import type { MasterKey, Operation } from '../keys/index.ts'
import { approveKey } from '../keys/index.ts'
import type { StatusName } from '../net/index.ts'
import { type Limits, type RefusedCall, serveCalls } from './calls.ts'
import { describeKey } from './describe.ts'
import { maximumMessageSize, methodPaths, readRequest, writeAnswer } from './messages.ts'

export interface ServerOptions {
  /**
   * Asked before anything is done, one request at a time. `key` describes the key on one line without control characters. False refuses; an
   * error fails the request with its message.
   */
  readonly approve?: (operation: Operation, key: string) => Promise<boolean>
  readonly limits?: Partial<Limits>
}

const defaultLimits: Limits = { patience: 10_000, size: maximumMessageSize, calls: 64 }

const refusal = (status: StatusName, details: string): RefusedCall => ({ status, details })

/** Keeps nothing between requests: what is otherwise asked for once per run is asked for once per request, as in the reference. */
function freshContext(ctx: Context): Context {
  return {
    ...ctx,
    once: memory(),
  }
}

/** Somebody approved this very recipient, not another that the message may open for. */
function approvedContext(ctx: Context, key: MasterKey): Context {
  const approved = { ...freshContext(ctx), exact: true }
  approveKey(key, approved)
  return approved
}

async function work(
  operation: Operation,
  key: MasterKey,
  data: Uint8Array,
  ctx: Context,
): Promise<Buffer | RefusedCall> {
  const service = localKeyService(ctx)
  let isDone = false
  try {
    ctx.watch?.({ what: `answering an ${operation} request` })
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
    ctx.watch?.(undefined)
    tellOfKeys(operation === 'encrypt' ? 'wrap' : 'unwrap', [{ key, service, isDone }])
  }
}

/** A running key service. */
interface RunningServer {
  /** Stops listening, removes the socket file and drops all calls in progress. Synchronous. */
  stop(): void
}

/** Serves on a listener. The caller makes it listen, before or after. */
export function serve(listener: Listener, ctx: Context, options: ServerOptions): RunningServer {
  const { approve } = options
  let last: Promise<unknown> = Promise.resolve()

  /** Undefined if the caller has gone before its turn came. */
  function ask(operation: Operation, key: MasterKey, isWanted: () => boolean): Promise<boolean | undefined> {
    const answer = last.then(() => (isWanted() ? approve!(operation, describeKey(key)) : undefined))
    last = answer.catch(() => {})
    return answer
  }

  async function answerTo(
    operation: Operation,
    message: Buffer,
    isWanted: () => boolean,
  ): Promise<Buffer | RefusedCall> {
    try {
      const { key, data } = readRequest(message)
      if (key === undefined) return refusal('NotFound', 'Must provide a key')
      if (key === 'unknown') return refusal('NotFound', 'Unknown key type')
      if (approve === undefined) return await work(operation, key, data, freshContext(ctx))
      const isApproved = await ask(operation, key, isWanted)
      if (isApproved === undefined) return refusal('Canceled', 'the caller has gone')
      if (!isApproved) return refusal('PermissionDenied', 'Request rejected by user')
      return await work(operation, key, data, approvedContext(ctx, key))
    } catch (error) {
      return refusal('Unknown', messageOf(error))
    }
  }

  const operations = ['encrypt', 'decrypt'] as const
  const methods = operations.map(
    (operation) =>
      [
        methodPaths[operation],
        (message: Buffer, isWanted: () => boolean) => answerTo(operation, message, isWanted),
      ] as const,
  )
  return serveCalls(listener, new Map(methods), { ...defaultLimits, ...options.limits })
}

export const makeListener = (): Listener => createServer({ noDelay: true })
