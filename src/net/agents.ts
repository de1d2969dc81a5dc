// Connections for the clients of others: they trust what ours trust, and go through the same proxies.
import type { Agent } from 'node:https'
import type { Duplex } from 'node:stream'
import { failedPlace, trustsOwn } from './failure.ts'
import { openTunnel, proxyFor } from './proxy.ts'
import { type From, secured, type TlsOptions } from './trust.ts'

type Connect = (target: { host?: string; port?: number | string }, done: Done) => Duplex | undefined
type Done = (error: Error | null, socket?: Duplex) => void

/**
 * An agent for clients of others: it trusts what `secured` trusts, and goes through the proxy that the environment names for each host, of
 * which setting up a tunnel may take `limit` milliseconds.
 * @throws SopsError as `secured`.
 */
export function agentFor(ctx: From, limit: number, options: Pick<TlsOptions, 'ca'> = {}): Agent {
  const { secureContext } = secured(ctx, options)
  const { Agent } = process.getBuiltinModule('node:https')
  const agent = new Agent({ keepAlive: true, maxSockets: 50, secureContext } as object)
  const direct = (agent as unknown as { createConnection: Connect }).createConnection
  const connect: Connect = (target, done) => {
    const { host = '', port = 443 } = target
    const proxy = proxyFor(new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`), ctx.env)
    const own = options.ca === undefined ? {} : { [trustsOwn]: true }
    const naming = (error: Error): Error => Object.assign(error, { [failedPlace]: `${host}:${port}`, ...own })
    if (proxy === undefined) {
      const socket = direct.call(agent, target, done)
      socket?.once('error', naming)
      return socket
    }
    const end = { host, port, secureContext }
    openTunnel(proxy, end, AbortSignal.timeout(limit)).then(
      (socket) => done(null, socket.once('error', naming)),
      (error) => done(naming(error)),
    )
    return undefined
  }
  return Object.assign(agent, { createConnection: connect })
}

/** The same for clients that ask per URL; clear text goes to this machine and the metadata services beside it, without a proxy. */
export function agentsFor(ctx: From, limit: number): (url: URL) => Agent {
  const agent = agentFor(ctx, limit)
  return ({ protocol }) =>
    protocol === 'https:' ? agent : (process.getBuiltinModule('node:http').globalAgent as Agent)
}
