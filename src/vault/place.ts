// Where a call goes, and whether the user named that server: a file says which server is sent the token (spec/keys.md 8.2). Stricter than the
// reference, which without a list calls any server that a file names.
import { posix } from 'node:path'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { isLoopback, unescaped } from '../net/index.ts'
import { escapePath } from './escape.ts'
import { checkPath, checkUrlPath, parseAddress } from './path.ts'

/** A server that may be sent the token, and the path of one call. */
export interface VaultPlace {
  readonly url: URL
  readonly socketPath?: string
  /** The server is the one of `VAULT_AGENT_ADDR`. */
  readonly isAgent: boolean
}

/**
 * A path below `/v1/` on a server that a key or a rule names.
 * @throws SopsError `generic` for a server that neither `SOPS_HC_VAULT_ALLOWLIST` nor, without it, `VAULT_ADDR` names.
 */
export function placeAt(address: string, path: string, ctx: Context): VaultPlace {
  checkPath(path, 'the Vault path')
  const socketPath = socketOf(address)
  if (socketPath !== undefined) {
    checkSocket(address, path, ctx)
    return { url: below(onSocket, path), socketPath, isAgent: false }
  }
  const url = below(parseAddress(address), path)
  checkServer(url, ctx)
  return { url, isAgent: false }
}

/** As `placeAt`, unless `VAULT_AGENT_ADDR` names an agent, which then stands in for every server; a list must still name the key's own. */
export function placeOrAgent(address: string, path: string, ctx: Context): VaultPlace {
  const agent = ctx.env['VAULT_AGENT_ADDR']
  if (!agent) return placeAt(address, path, ctx)
  checkPath(path, 'the Vault path')
  if (ctx.env[listName] && !isAddressListed(address, path, ctx)) throw notListed(address)
  const socketPath = socketOf(agent)
  if (socketPath !== undefined) return { url: below(onSocket, path), socketPath, isAgent: true }
  const server = serverOf(agent)
  if (server === undefined) throw new SopsError('generic', 'VAULT_AGENT_ADDR is not a URL of http, https or unix')
  const url = below(server, path)
  checkClearText(url, ctx)
  return { url, isAgent: true }
}

/** @throws SopsError `generic` for a redirect to a server that the user did not name, or to a path that may lead elsewhere there. */
export function checkRedirect({ isAgent, url }: VaultPlace, target: URL, ctx: Context): void {
  checkUrlPath(target, 'a redirect to the path')
  if (isAgent && target.origin === url.origin) return
  try {
    checkServer(target, ctx)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    throw new SopsError('generic', `redirect to another server: ${error.message}`)
  }
}

/** @throws SopsError `generic` for clear text to another machine, unless an entry of the list permits it. */
export function checkClearText(url: URL, ctx: Context): void {
  if (url.protocol !== 'http:' || isLoopback(url.hostname) || hasEntryFor(url, ctx)) return
  throw new SopsError(
    'generic',
    [
      `the token would be sent in clear text to ${url.origin}. Where that has to be, set`,
      `${listName}=${url.origin}`,
    ].join('\n'),
  )
}

const listName = 'SOPS_HC_VAULT_ALLOWLIST'
const onSocket = new URL('http://localhost')

function checkSocket(address: string, path: string, ctx: Context): void {
  if (ctx.env[listName] && !isAddressListed(address, path, ctx)) throw notListed(address)
  if (address === ctx.env['VAULT_ADDR']) return
  throw new SopsError('generic', 'only VAULT_ADDR and VAULT_AGENT_ADDR may name the unix socket of a Vault server')
}

function checkServer(url: URL, ctx: Context): void {
  if (ctx.env[listName]) {
    if (!isListed(url, ctx)) throw notListed(url.origin)
  } else if (serverOf(ctx.env['VAULT_ADDR'] ?? '')?.origin !== url.origin) {
    throw new SopsError(
      'generic',
      [
        `the Vault server ${url.origin} is none that you named: nothing is sent there. Where it is yours, set one of`,
        ...(url.protocol === 'https:' || isLoopback(url.hostname) ? [`VAULT_ADDR=${url.origin}`] : []),
        `${listName}=${url.origin}`,
      ].join('\n'),
    )
  }
  checkClearText(url, ctx)
}

const notListed = (address: string): SopsError =>
  new SopsError('generic', `Allowlist does not allow ${address} (${listName})`)

/** Sockets are listed verbatim. */
function isAddressListed(address: string, path: string, ctx: Context): boolean {
  if (socketOf(address) === undefined) return isListed(below(parseAddress(address), path), ctx)
  const list = ctx.env[listName] || 'all'
  return list === 'all' || entriesOf(list).includes(address)
}

const isListed = (url: URL, ctx: Context): boolean => ctx.env[listName] === 'all' || hasEntryFor(url, ctx)

/**
 * Whether the URL lies under an entry of the list: the same scheme, host and port, and whole leading segments of the path.
 * @throws SopsError `generic` for an empty entry.
 */
function hasEntryFor(url: URL, ctx: Context): boolean {
  const list = ctx.env[listName] || 'all'
  if (list === 'all') return false
  return entriesOf(list).some((text) => {
    const entry = serverOf(text)
    return entry?.origin === url.origin && `${url.pathname}/`.startsWith(`${entry.pathname.replace(/\/+$/, '')}/`)
  })
}

function entriesOf(list: string): string[] {
  if (list === 'none') return []
  const entries = list.split(',').map((entry) => entry.trim())
  const empty = entries.indexOf('')
  if (empty >= 0) throw new SopsError('generic', `${listName}'s entry ${empty + 1} is empty`)
  return entries
}

/** The server that a variable names; undefined for anything but http and https. */
function serverOf(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined
}

const socketOf = (address: string): string | undefined =>
  /^unix:\/\//i.test(address) ? address.slice('unix://'.length) : undefined

function below(server: URL, path: string): URL {
  const url = new URL(server)
  url.search = ''
  url.hash = ''
  url.pathname = escapePath(posix.join('/', unescaped(server.pathname), 'v1', path))
  return url
}
