// Which Cloud KMS server is asked, and how (spec/keys.md 6.2).
import type { Context } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import { isLoopback } from '../../net/index.ts'

interface Endpoint {
  readonly kind: 'grpc' | 'rest'
  /** `https:`; `http:` for servers on this machine only. */
  readonly url: URL
  /** The universe the server belongs to; undefined where the environment names a server. */
  readonly universeDomain?: string
}

/** The scope of access tokens. */
export const scope = 'https://www.googleapis.com/auth/cloud-platform'

export const defaultUniverse = 'googleapis.com'

/** @throws SopsError `generic` for an endpoint that cannot be used. */
export function endpointOf({ env }: Context): Endpoint {
  const kind = env['SOPS_GCP_KMS_CLIENT_TYPE']?.toLowerCase() === 'rest' ? 'rest' : 'grpc'
  const own = env['SOPS_GCP_KMS_ENDPOINT']
  if (own) return { kind, url: parseEndpoint(own) }
  const universeDomain = env['SOPS_GCP_KMS_UNIVERSE_DOMAIN'] || defaultUniverse
  const host = `https://cloudkms.${universeDomain}`
  if (!URL.canParse(host)) throw new SopsError('generic', 'SOPS_GCP_KMS_UNIVERSE_DOMAIN is no domain name')
  return { kind, url: new URL(host), universeDomain }
}

function parseEndpoint(text: string): URL {
  const spelled = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`
  const url = URL.canParse(spelled) ? new URL(spelled) : undefined
  if (url === undefined || url.hostname === '' || !/^https?:$/.test(url.protocol)) {
    throw new SopsError('generic', 'SOPS_GCP_KMS_ENDPOINT must be host:port or a URL')
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new SopsError('generic', 'SOPS_GCP_KMS_ENDPOINT must not use clear text to another machine')
  }
  return url
}

/** @throws SopsError `generic` for credentials of another universe, whose tokens must not go there. */
export function checkUniverse(
  { universeDomain }: Pick<Endpoint, 'universeDomain'>,
  ofCredentials: string | undefined,
): void {
  if (universeDomain === undefined || ofCredentials === undefined || ofCredentials === universeDomain) return
  throw new SopsError(
    'generic',
    `the configured universe domain (${universeDomain}) does not match the universe domain found in the credentials (${ofCredentials})`,
  )
}
