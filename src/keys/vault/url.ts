// The URL of a call: a server's address, and a path below /v1/ that is cleaned and escaped.
import { posix } from 'node:path'
import { SopsError } from '../../errors.ts'
import { escapePath } from './escape.ts'

export interface VaultUrl {
  readonly url: URL
  readonly socketPath?: string
}

/** @throws SopsError `generic` for an address that is neither http, https nor unix. */
export async function vaultUrl(address: string, path: string, looksUpServices: boolean): Promise<VaultUrl> {
  const socketPath = address.startsWith('unix://') ? address.slice('unix://'.length) : undefined
  const base = socketPath === undefined ? address : 'http://localhost'
  if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol)) {
    throw new SopsError('generic', 'the address of the Vault server is not a URL of http, https or unix')
  }
  const url = new URL(base)
  const below = posix.join('/', plain(url.pathname), 'v1', path).replace(/\/$/, '')
  url.search = ''
  url.hash = ''
  url.pathname = escapePath(below)
  if (socketPath !== undefined) return { url, socketPath }
  if (looksUpServices && url.port === '') await serviceOf(url)
  return { url }
}

function plain(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** The server and port that the domain names for its HTTP service; the address itself where it names none. */
async function serviceOf(url: URL): Promise<void> {
  const { resolveSrv } = await import('node:dns/promises')
  try {
    const [first] = (await resolveSrv(`_http._tcp.${url.hostname}`)).sort((a, b) => a.priority - b.priority)
    if (first === undefined) return
    url.hostname = first.name
    url.port = String(first.port)
  } catch {
    // No such record is the usual case.
  }
}
