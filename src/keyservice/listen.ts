// Opens the socket of a key service, with errors in the reference's words (spec/cli.md 11).

import type { ListenOptions, Server } from 'node:net'
import { dirname } from 'node:path'
import { SopsError } from '../errors.ts'
import { causeOf, existsSync } from '../system/index.ts'

/** A name is looked up before binding, so failing at that is not told as `bind: …`. */
const causeText = (code: string): string => {
  const cause = causeOf(Object.assign(new Error(), { code }))
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN' ? (cause ?? code) : `bind: ${cause ?? (code || 'failed')}`
}

const failure = (network: string, address: string, cause: string, hints: readonly string[] = []): SopsError =>
  new SopsError('generic', `listen ${network}${address === '' ? '' : ` ${address}`}: ${cause}`, { hints })

/** Host and port of `HOST:PORT`; the host may be empty (every address) or in brackets. */
function splitHostPort(network: string, address: string): { readonly host: string; readonly port: number } {
  const hints = /^\d+$/.test(address) ? [`an address has a host, too: --address 127.0.0.1:${address}`] : []
  const bad = (cause: string): SopsError => failure(network, '', `address ${address}: ${cause}`, hints)
  const [, bracketed, bare, port] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(address) ?? []
  if (port === undefined) {
    throw bad(
      /:[^\]]*:/.test(address) && !address.startsWith('[') ? 'too many colons in address' : 'missing port in address',
    )
  }
  if (!/^[0-9]*$/.test(port)) throw failure(network, '', `lookup ${network}/${port}: unknown port`)
  if (Number(port) > 65535) throw bad('invalid port')
  return { host: bracketed ?? bare ?? '', port: Number(port) }
}

function listenOptions(network: string, address: string): ListenOptions {
  if (network === 'unix') {
    if (address === '') throw failure(network, '', 'missing address')
    return { path: address }
  }
  if (!['tcp', 'tcp4', 'tcp6'].includes(network)) throw failure(network, '', `unknown network ${network}`)
  const { host, port } = splitHostPort(network, address)
  const everywhere = network === 'tcp4' ? '0.0.0.0' : '::'
  // Without a host Node takes IPv4 where there is no IPv6.
  if (host === '' && network === 'tcp') return { port }
  return { host: host === '' ? everywhere : host, port, ipv6Only: network === 'tcp6' }
}

/** Runs `work` with this umask. */
type WithUmask = <T>(mask: number, work: () => T) => T

/**
 * Resolves when the server listens. From its first moment, only the owner may connect to a unix socket.
 * @throws SopsError `generic` as `listen tcp 127.0.0.1:5000: bind: address already in use`.
 */
export function listen(server: Server, network: string, address: string, withUmask: WithUmask): Promise<void> {
  const options = listenOptions(network, address)
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      // Node says EACCES for a folder that does not exist.
      const code = network === 'unix' && !existsSync(dirname(address)) ? 'ENOENT' : (error.code ?? '')
      const cause = causeText(code)
      const isStale = network === 'unix' && error.code === 'EADDRINUSE'
      const hints = isStale ? [`remove ${address} if no key service is running`] : []
      reject(new SopsError('generic', `listen ${network} ${address}: ${cause}`, { hints }))
    }
    server.once('error', fail)
    server.once('listening', () => {
      server.off('error', fail)
      // A failure to accept one connection must not stop the server.
      server.on('error', () => {})
      resolve()
    })
    // A path is bound before listen returns, so the umask needs to hold no longer.
    if (network === 'unix') withUmask(0o177, () => server.listen(options))
    else server.listen(options)
  })
}

/** Where the server listens, as `tcp://127.0.0.1:5000`, with the port that it got where any was asked for. */
export function placeOf(server: Server, network: string, address: string): string {
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : undefined
  return `${network}://${port === undefined ? address : address.replace(/:0*$/, `:${port}`)}`
}

/** True if only this machine can connect. */
export function isLocal(server: Server): boolean {
  const address = server.address()
  if (address === null || typeof address === 'string') return true
  return address.address === '::1' || /^(::ffff:)?127\./.test(address.address)
}
