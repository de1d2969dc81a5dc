// The connections of the SDK's clients, through a proxy where the environment says so.

import type { Agent } from 'node:https'
import type { Context } from '../../context/index.ts'
import { memoKeys, onceEach } from '../../context/index.ts'
import { agentFor, kmsTimeout } from '../../net/index.ts'
import { trustedCertificates } from './settings.ts'

/** Options of the SDK's request handler. */
interface Transport {
  readonly httpsAgent: Agent
  readonly connectionTimeout: number
}

/** By trusted certificates. */
const transports = memoKeys<Transport>('AWS transports')

/** One handler for all clients that trust the same certificates. Clear-text endpoints are for this machine and go without a proxy. */
export function transport(profile: string, ctx: Context): Transport {
  const ca = trustedCertificates(profile, ctx)
  return onceEach(ctx, transports, ca ?? '', () => {
    const limit = kmsTimeout(ctx)
    return { httpsAgent: agentFor(ctx, limit, ca === undefined ? {} : { ca }), connectionTimeout: limit }
  })
}
