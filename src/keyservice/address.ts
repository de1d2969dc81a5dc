// Where a key service listens: the URIs of --keyservice (spec/cli.md 11).

/** How to reach a service; `unusable` is an address that the reference accepts, then fails to dial. */
export type Address =
  | { readonly kind: 'tcp'; readonly target: string }
  | { readonly kind: 'unix'; readonly target: string }
  | { readonly kind: 'unusable'; readonly reason: string }

const defaultPort = 443

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** A target for gRPC's resolvers. With three slashes a path that begins with two cannot name a host. */
const unixTarget = (path: string): string => `unix:///${path.replace(/^\/+/, '')}`

/** @returns undefined for a text that is not a URI. */
export function parseAddress(uri: string): Address | undefined {
  if (/[\0-\x1f\x7f]/.test(uri)) return undefined
  if (uri === '') return { kind: 'unusable', reason: 'the address is empty' }
  const [, scheme, rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/.exec(uri) ?? []
  if (scheme === undefined) {
    const [first = ''] = uri.split('/')
    return first.includes(':') ? undefined : { kind: 'unusable', reason: 'the address names no network' }
  }
  const [, authority, path = ''] = /^(?:\/\/([^/?#]*))?([^?#]*)/.exec(rest) ?? []
  const host = authority === undefined ? '' : decodePercent(authority.slice(authority.lastIndexOf('@') + 1))
  const file = decodePercent(path)
  if (host === undefined || file === undefined) return undefined
  const network = scheme.toLowerCase()
  if (/[\0-\x1f\x7f]/.test(host + file)) return { kind: 'unusable', reason: 'the address has control characters' }
  if (network === 'unix') {
    if (host !== '') return { kind: 'unusable', reason: 'a unix socket needs an absolute path, as in unix:///run/x' }
    return file.startsWith('/') && file.length > 1
      ? { kind: 'unix', target: unixTarget(file) }
      : { kind: 'unusable', reason: 'a unix socket needs an absolute path, as in unix:///run/x' }
  }
  if (!['tcp', 'tcp4', 'tcp6'].includes(network)) return { kind: 'unusable', reason: `unknown network ${network}` }
  const parts = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]*))?$/.exec(host)
  if (!parts) return undefined
  const [, name = '', port] = parts
  if (!/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)$/.test(name))
    return { kind: 'unusable', reason: 'the address names no host' }
  return { kind: 'tcp', target: `dns:${name}:${port || defaultPort}` }
}
