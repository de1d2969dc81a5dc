// What Azure's services say when they refuse, and what can be done about it.
import type { Service } from '../../net/index.ts'

/** `Forbidden (ForbiddenByRbac): …`. */
function vaultWords(json: object): string | undefined {
  const { error } = json as { error?: { code?: unknown; message?: unknown; innererror?: { code?: unknown } } }
  if (typeof error?.code !== 'string') return undefined
  const inner = error.innererror?.code
  const code = typeof inner === 'string' && inner !== error.code ? `${error.code} (${inner})` : error.code
  return typeof error.message === 'string' ? `${code}: ${error.message}` : code
}

function vaultAdvice(status: number, words: string): string | undefined {
  if (status === 401) return "the token is refused; AZURE_TENANT_ID must be the vault's directory"
  if (status === 403 && /firewall|not from a trusted|public network access/i.test(words)) {
    return "let this machine's address through the vault's firewall"
  }
  if (status === 403 && /disabled/i.test(words)) return 'enable the key'
  if (status === 403)
    return 'the identity needs the role "Key Vault Crypto User", or the key permissions get, encrypt and decrypt'
  if (status === 404) return 'compare name and version with "az keyvault key list-versions"'
  return undefined
}

export const keyVault: Service = { name: 'Azure Key Vault', wordsIn: vaultWords, advice: vaultAdvice }

/** `invalid_client: AADSTS7000215: …`, without the lines that repeat what the headers say. */
function tokenWords(json: object): string | undefined {
  const { error, error_description: description } = json as { error?: unknown; error_description?: unknown }
  if (typeof error !== 'string') return undefined
  return typeof description === 'string' ? `${error}: ${description.split(/[\r\n]/)[0]}` : error
}

function tokenAdvice(_status: number, words: string): string | undefined {
  const code = /AADSTS(\d+)/.exec(words)?.[1]
  if (code === '7000215' || code === '7000222') return 'AZURE_CLIENT_SECRET is wrong or has expired'
  if (code === '700016') return 'AZURE_CLIENT_ID names no application of the directory AZURE_TENANT_ID'
  if (code === '90002' || code === '900023') return 'AZURE_TENANT_ID names no directory'
  if (code === '700024' || code === '700021' || code === '70021')
    return 'the token of AZURE_FEDERATED_TOKEN_FILE does not fit the application'
  return undefined
}

export const entra: Service = { name: 'Microsoft Entra ID', wordsIn: tokenWords, advice: tokenAdvice }

/** The identity endpoint of App Service and the like. */
export const managedIdentity: Service = {
  name: 'the identity endpoint (IDENTITY_ENDPOINT)',
  wordsIn: tokenWords,
  advice: () => undefined,
}
