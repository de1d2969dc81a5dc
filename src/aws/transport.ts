// The connections of the SDK's clients, through a proxy where the environment says so.

import { Agent } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Context } from '../context/index.ts'
import { memoKeys, onceEach } from '../context/index.ts'
import { kmsTimeout, openTunnel, proxyFor } from '../net/index.ts'

/** Options of the SDK's request handler. */
export interface Transport {
  readonly httpsAgent: Agent
  readonly connectionTimeout: number
  /** Of silence. */
  readonly socketTimeout: number
}

interface Target {
  readonly host?: string
  readonly port?: number | string
}

type Connect = (target: Target, done: (error: Error | null, socket?: Duplex) => void) => Duplex | undefined

/** By trusted certificates. */
const transports = memoKeys<Transport>('AWS transports')

/** One handler for all clients that trust the same certificates (`ca`; undefined for the platform's). Clear-text endpoints are for this machine and go without a proxy. */
export function transport(ca: string | undefined, ctx: Context): Transport {
  return onceEach(ctx, transports, ca ?? '', () => {
    const limit = kmsTimeout(ctx)
    const agent = new Agent({ keepAlive: true, maxSockets: 50, ...(ca === undefined ? {} : { ca }) })
    const direct = (agent as unknown as { createConnection: Connect }).createConnection
    const connect: Connect = (target, done) => {
      const { host = '', port = 443 } = target
      const proxy = proxyFor(new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`), ctx.env)
      if (proxy === undefined) return direct.call(agent, target, done)
      const trust = ca === undefined ? {} : { ca }
      openTunnel(proxy, { host, port, ...trust }, AbortSignal.timeout(limit)).then((socket) => done(null, socket), done)
      return undefined
    }
    Object.assign(agent, { createConnection: connect })
    return { httpsAgent: agent, connectionTimeout: limit, socketTimeout: limit }
  })
}
