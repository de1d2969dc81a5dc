// Which requests go through an HTTP proxy, according to the customary variables, and how they get there.
import { type RequestOptions, request } from 'node:http'
import type { Agent } from 'node:https'
import { BlockList, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'
import { SopsError } from '../errors.ts'
import { isLoopback } from './http.ts'
import type { TlsOptions } from './trust.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * The proxy for a URL from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` (or in lower case); none for this machine itself.
 * @throws SopsError `generic` for a proxy that cannot be used.
 */
export function proxyFor(url: URL, env: Env): URL | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const text = env[name] || env[name.toLowerCase()]
  if (!text || isLoopback(url.hostname)) return undefined
  if (isExempt(url, env['NO_PROXY'] || env['no_proxy'] || '')) return undefined
  return parseProxy(text, name)
}

/** @throws SopsError `generic` without the text, which may hold a password. */
export function parseProxy(text: string, name: string): URL {
  const spelled = text.includes('://') ? text : `http://${text}`
  const proxy = URL.canParse(spelled) ? new URL(spelled) : undefined
  if (proxy?.protocol === 'http:' && proxy.hostname !== '') return proxy
  throw new SopsError('generic', `${name} must be the URL of an HTTP proxy`)
}

function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return list.split(',').some((item) => {
    const entry = item.trim().toLowerCase()
    if (entry === '') return false
    if (entry === '*') return true
    if (entry.includes('/')) return isInNetwork(host, entry)
    const at = isIP(entry) === 0 ? entry.lastIndexOf(':') : -1
    if (at >= 0 && entry.slice(at + 1) !== port) return false
    const name = (at >= 0 ? entry.slice(0, at) : entry).replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0) return host === name
    const domain = name.replace(/^\*?\./, '')
    return (host === domain && !/^\*?\./.test(name)) || host.endsWith(`.${domain}`)
  })
}

function isInNetwork(host: string, network: string): boolean {
  const [address = '', bits = ''] = network.split('/')
  const [family, own] = [isIP(address), isIP(host)]
  if (family === 0 || family !== own || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
    return false
  const list = new BlockList()
  list.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

const headerOf = ({ username, password }: URL): Record<string, string> => {
  const userInfo = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return userInfo === ':' ? {} : { 'Proxy-Authorization': `Basic ${Buffer.from(userInfo).toString('base64')}` }
}

const wayTo = (proxy: URL): { hostname: string; port: string | number } => ({
  hostname: proxy.hostname.replace(/^\[|\]$/g, ''),
  port: proxy.port || 80,
})

/** The request options that send it through the proxy. */
export async function throughProxy(
  url: URL,
  proxy: URL,
  options: RequestOptions & { readonly secureContext?: SecureContext },
  signal: AbortSignal,
): Promise<RequestOptions> {
  if (url.protocol === 'http:') {
    const path = `http://${url.host}${url.pathname}${url.search}`
    const headers = { ...options.headers, Host: url.host, ...headerOf(proxy) } as Record<string, string>
    return { ...wayTo(proxy), path, headers }
  }
  return { agent: tunnels(proxy, options.secureContext!), tunnelSignal: signal } as RequestOptions
}

interface TunnelTarget extends Pick<TlsOptions, 'servername' | 'rejectUnauthorized'> {
  readonly secureContext: SecureContext
  readonly host: string
  readonly port: number | string
  readonly tunnelSignal: AbortSignal
}

type Connected = (error: Error | null, socket?: Duplex) => void

/** By what connections trust and present, and the proxy. */
const agents = new WeakMap<SecureContext, Map<string, Agent>>()

/** Connections through one proxy, kept open across runs just as direct ones are. */
function tunnels(proxy: URL, secureContext: SecureContext): Agent {
  const through = agents.get(secureContext) ?? new Map<string, Agent>()
  agents.set(secureContext, through)
  const known = through.get(proxy.href)
  if (known !== undefined) return known
  const { Agent } = process.getBuiltinModule('node:https')
  const agent = new Agent({ keepAlive: true })
  const createConnection = (target: TunnelTarget, done: Connected): undefined => {
    openTunnel(proxy, target, target.tunnelSignal).then((socket) => done(null, socket), done)
  }
  Object.assign(agent, { createConnection })
  through.set(proxy.href, agent)
  return agent
}

/** A TLS connection to the target, opaque to the proxy. @throws SopsError `generic`, or the connection's error. */
export async function openTunnel(
  proxy: URL,
  { host, port, secureContext, servername, rejectUnauthorized }: Omit<TunnelTarget, 'tunnelSignal'>,
  signal: AbortSignal,
): Promise<Duplex> {
  const { connect } = await import('node:tls')
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const socket = await new Promise<Socket>((resolve, reject) => {
    const headers = { Host: target, ...headerOf(proxy) }
    const tunnel = request({ ...wayTo(proxy), method: 'CONNECT', path: target, headers, signal, agent: false })
    tunnel.on('connect', (answer, opened, head) => {
      // No server speaks first in TLS: a page of the proxy, which TLS refuses at once.
      if (head.length > 0) opened.unshift(head)
      if (answer.statusCode === 200) return resolve(opened)
      opened.destroy()
      reject(
        new SopsError(
          'generic',
          `the proxy ${proxy.host} refuses the connection to ${target} (status ${answer.statusCode})`,
        ),
      )
    })
    tunnel.on('error', reject)
    tunnel.end()
  })
  const name = servername || (isIP(host) === 0 ? host : undefined)
  const tls = { secureContext, servername: name, rejectUnauthorized: rejectUnauthorized !== false, host, socket }
  const secured = connect(tls)
  // Destroying it does not close the tunnel.
  secured.on('close', () => socket.destroy())
  return secured
}
