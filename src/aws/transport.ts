// The connections of the SDK's clients, through a proxy where the environment says so.

import type { Agent } from 'node:https'
import type { Context } from '../context/index.ts'
import { memoKeys, onceEach } from '../context/index.ts'
import { agentFor, kmsTimeout } from '../net/index.ts'

/** Options of the SDK's request handler. */
export interface Transport {
  readonly httpsAgent: Agent
  readonly connectionTimeout: number
  /** Of silence. */
  readonly socketTimeout: number
}

/** By trusted certificates. */
const transports = memoKeys<Transport>('AWS transports')

/** One handler for all clients that trust the same certificates (`ca`; undefined for the platform's). Clear-text endpoints are for this machine and go without a proxy. */
export function transport(ca: string | undefined, ctx: Context): Transport {
  return onceEach(ctx, transports, ca ?? '', () => {
    const limit = kmsTimeout(ctx)
    return {
      httpsAgent: agentFor(ctx, limit, ca === undefined ? {} : { ca }),
      connectionTimeout: limit,
      socketTimeout: limit,
    }
  })
}
