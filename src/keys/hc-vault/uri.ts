// Reads the URI of a transit key: server, engine and key name (spec/keys.md 8.1).

import { SopsError } from '../../errors.ts'
import { quote } from '../../text/quote.ts'
import { checkPath, escapedAsNeeded, parseAddress } from '../../vault/index.ts'

interface TransitKey {
  /** The URI without its path. */
  readonly address: string
  readonly engine: string
  readonly name: string
}

const example = 'https://vault.example.com:8200/v1/transit/keys/my-key'

/** @throws SopsError `generic`, also where the reference accepts what a server or a proxy may take for another key. */
export function parseTransitUri(uri: string): TransitKey {
  const { scheme, authority, path, query, fragment } = splitUrl(uri)
  if (scheme === '') {
    throw new SopsError('generic', `missing scheme in Vault URL (should be like this: ${example}), got: ${uri}`)
  }
  const target = query === undefined ? path : `${path}?${query}`
  if (/\/[^/]+\/v\d+\/[^/]+\/[^/]+\/[^/]+/.test(target)) {
    throw new SopsError(
      'generic',
      `running Vault with a prefixed URL is not supported! The URL should look like ${example}`,
    )
  }
  if (!/\/v\d+\/[^/]+\/[^/]+\/[^/]+/.test(target)) {
    throw new SopsError('generic', `vault path does not seem to be formatted correctly: it should look like ${example}`)
  }
  const segments = target.replace(/^\/+|\/+$/g, '').split('/')
  const address = `${scheme}:${authority === undefined ? '' : `//${authority}`}${query === undefined ? '' : `?${query}`}${fragment}`
  parseAddress(address)
  checkPath(target.replace(/^\/|\/$/g, ''), 'the path of the Vault URL')
  return { address, engine: segments.slice(1, -2).join('/'), name: segments.at(-1)! }
}

interface UrlParts {
  /** In lower case; empty when there is none. */
  readonly scheme: string
  readonly authority: string | undefined
  /** Escaped where it has to be. */
  readonly path: string
  readonly query: string | undefined
  /** With its `#`. */
  readonly fragment: string
}

/** Splits as the reference's parser does; WHATWG's would repair what that refuses. */
function splitUrl(text: string): UrlParts {
  const refuse = (reason: string): never => {
    throw new SopsError('generic', `parse ${quote(text)}: ${reason}`)
  }
  if (/[\x00-\x1f\x7f]/.test(text)) refuse('invalid control character in URL')
  const hash = text.indexOf('#')
  const whole = hash < 0 ? text : text.slice(0, hash)
  if (whole.startsWith(':')) refuse('missing protocol scheme')
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(whole)?.[1] ?? ''
  let rest = scheme === '' ? whole : whole.slice(scheme.length + 1)
  const mark = rest.indexOf('?')
  const query = mark < 0 ? undefined : rest.slice(mark + 1)
  if (mark >= 0) rest = rest.slice(0, mark)
  if (scheme === '' && /^[^/]*:/.test(rest)) refuse('first path segment in URL cannot contain colon')
  let authority: string | undefined
  if (rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))) {
    const end = rest.indexOf('/', 2)
    authority = rest.slice(2, end < 0 ? undefined : end)
    rest = end < 0 ? '' : rest.slice(end)
    const host = authority.slice(authority.lastIndexOf('@') + 1)
    const bad = /[\s"<>\\^`{|}]/.exec(host)
    if (bad) refuse(`invalid character ${quote(bad[0])} in host name`)
    const port = /(?:^|\]|[^:\]]):([^:\]]*)$/.exec(host)?.[1]
    if (port !== undefined && !/^\d*$/.test(port)) refuse(`invalid port ${quote(`:${port}`)} after host`)
  }
  const malformed = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(rest)
  if (malformed) refuse(`invalid URL escape ${quote(malformed[0])}`)
  return {
    scheme: scheme.toLowerCase(),
    authority,
    path: escapedAsNeeded(rest),
    query,
    fragment: hash < 0 ? '' : text.slice(hash),
  }
}
