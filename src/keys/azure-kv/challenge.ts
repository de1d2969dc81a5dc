// What a vault demands of a token, and whether it may demand that (spec/keys.md 7.2).
import { quote } from '../../core/quote.ts'
import { SopsError } from '../../errors.ts'
import { isLoopback } from '../http.ts'

export interface Challenge {
  /** `https://vault.azure.net/.default`. */
  readonly scope: string
  /** Whose directory the vault belongs to. */
  readonly tenant: string | undefined
}

/**
 * Reads the `WWW-Authenticate` header of a vault. Files name the vault, so a token is only asked for when it is meant for the vault's own
 * domain; a vault on this machine, which TLS still has to vouch for, may ask for one of any cloud's vaults.
 * @throws SopsError `generic`.
 */
export function readChallenge(header: string | undefined, vault: URL): Challenge {
  const parameters: Record<string, string> = {}
  if (header !== undefined && /^bearer\s/i.test(header)) {
    for (const match of header.matchAll(/(\w+)="([^"]*)"/g)) parameters[match[1]!.toLowerCase()] = match[2]!
  }
  const { resource, authorization, authorization_uri: authorizationUri } = parameters
  const scope = resource === undefined ? parameters['scope'] : `${resource.replace(/\/$/, '')}/.default`
  if (scope === undefined || !URL.canParse(scope)) {
    throw new SopsError('generic', 'the vault does not say which token it wants')
  }
  const wanted = new URL(scope).hostname
  const isOwn = wanted !== '' && vault.hostname.endsWith(`.${wanted}`)
  const isLocal = isLoopback(vault.hostname) && (isLoopback(wanted) || /^(vault|managedhsm)\./.test(wanted))
  if (!isOwn && !isLocal) {
    throw new SopsError(
      'generic',
      `the vault asks for a token of ${quote(wanted)}, which is not the domain of ${quote(vault.hostname)}`,
    )
  }
  return { scope, tenant: tenantOf(authorization ?? authorizationUri) }
}

function tenantOf(authority: string | undefined): string | undefined {
  if (authority === undefined || !URL.canParse(authority)) return undefined
  const tenant = new URL(authority).pathname.split('/')[1] ?? ''
  return /^[A-Za-z0-9.-]+$/.test(tenant) ? tenant : undefined
}
