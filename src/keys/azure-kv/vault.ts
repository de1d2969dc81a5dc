// Which hosts are vaults, and the scope of tokens for them: files name the vault, which is then sent a token (spec/keys.md 7.2). Stricter than
// the reference, which lets the vault say which token it wants.
import type { Context } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import { isLoopback } from '../../net/index.ts'
import { quote } from '../../text/quote.ts'

export interface Vault {
  /** A TLS origin, without a path. */
  readonly url: URL
  /** `https://vault.azure.net/.default`. */
  readonly scope: string
}

/** Where Azure and its national clouds keep vaults and managed HSMs. */
const domains = [
  'vault.azure.net',
  'vault.azure.cn',
  'vault.usgovcloudapi.net',
  'vault.microsoftazure.de',
  'managedhsm.azure.net',
  'managedhsm.azure.cn',
  'managedhsm.chinacloudapi.cn',
  'managedhsm.usgovcloudapi.net',
  'managedhsm.microsoftazure.de',
]

const listName = 'SOPS_AZURE_KEYVAULT_ORIGINS'

/** @throws SopsError `generic` for a host outside Azure that `SOPS_AZURE_KEYVAULT_ORIGINS` does not name. */
export function vaultAt(vaultUrl: string, ctx: Context): Vault {
  const url = URL.canParse(vaultUrl) ? new URL(vaultUrl) : undefined
  if (url?.protocol !== 'https:') throw new SopsError('generic', 'the vault must have an https URL')
  if (!/^https:\/\/[A-Za-z0-9.:[\]-]+\/?$/i.test(vaultUrl)) {
    throw new SopsError(
      'generic',
      `the vault's URL ${quote(vaultUrl)} is refused: it must be https://HOST or https://HOST:PORT`,
    )
  }
  const { hostname, port, origin } = url
  const domain = port === '' ? domains.find((one) => hostname.endsWith(`.${one}`)) : undefined
  if (domain !== undefined) return { url, scope: scopeOf(domain) }
  if (!isNamed(origin, ctx)) {
    throw new SopsError(
      'generic',
      [
        `the vault ${origin} is none of Azure: no token is sent there. Where it is yours, set`,
        `${listName}=${origin}`,
      ].join('\n'),
    )
  }
  // An emulator accepts tokens for the public cloud's vaults.
  return { url, scope: scopeOf(isLoopback(hostname) ? domains[0]! : hostname.slice(hostname.indexOf('.') + 1)) }
}

const scopeOf = (domain: string): string => `https://${domain}/.default`

const isNamed = (origin: string, ctx: Context): boolean =>
  (ctx.env[listName] ?? '')
    .split(',')
    .some((text) => URL.canParse(text.trim()) && new URL(text.trim()).origin === origin)

/**
 * A segment below a vault: the name or the version of a key.
 * @throws SopsError `generic` for a segment that could lead elsewhere.
 */
export function checkPart(text: string, what: string): void {
  if (/^[0-9A-Za-z-]+$/.test(text)) return
  throw new SopsError(
    'generic',
    `the ${what} ${quote(text)} of the vault's key is refused: only letters, digits and hyphens make one`,
  )
}
