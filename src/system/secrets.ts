// Key material in texts for people. Variables that should name a file are given the key itself by mistake, and programs repeat what they read.

const patterns: readonly RegExp[] = [
  /AGE-SECRET-KEY-[0-9A-Z-]{8,}/gi,
  /AGE-PLUGIN-[0-9A-Z-]*1[0-9A-Z]{4,}/g,
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY[\s\S]*?(?:-----END [A-Z0-9 ]*-----|$)/g,
  // JSON of a service account, and the like.
  /"(?:private_key|client_secret|refresh_token|access_?token|secret_?(?:access_?)?key|session_?token)"\s*:\s*"[^"]*"?/gi,
  // A signed token, and those of Vault and OpenBao.
  /\beyJ[\w-]{8,}(?:\.[\w-]*)+/g,
  /\bhv[sbr]\.[A-Za-z0-9_-]{20,}/g,
  /\b[sbr]\.[A-Za-z0-9]{24}\b/g,
]

const hidden = '(a secret, not shown)'

/** True for a text that holds key material or may be a token. */
export const holdsSecret = (text: string): boolean => patterns.some((pattern) => text.search(pattern) >= 0)

/** The text without the key material in it. */
export const withoutSecrets = (text: string): string =>
  patterns.reduce((shown, pattern) => shown.replace(pattern, hidden), text)

/** A path for people. What is no path but a key, or a whole document, is not shown at all. */
export const shownPath = (path: string): string => (holdsSecret(path) || /[\n{]/.test(path) ? hidden : path)

/** Variables whose values are secrets: they are not shown, and the programs that are started do not get them (environment.ts). */
export const secretVariables = [
  'SOPS_AGE_KEY',
  'SOPS_PGP_KEY',
  'VAULT_TOKEN',
  'VAULT_HEADERS',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AZURE_CLIENT_SECRET',
  'AZURE_CLIENT_CERTIFICATE_PASSWORD',
  'AZURE_PASSWORD',
  'IDENTITY_HEADER',
  'GOOGLE_CREDENTIALS',
  'GOOGLE_OAUTH_ACCESS_TOKEN',
  'HUAWEICLOUD_SDK_SK',
  'HUAWEICLOUD_SDK_SECURITY_TOKEN',
  'PGPASSWORD',
] as const

/** The text without the values of variables that are secrets. */
export function withoutValuesOf(text: string, env: Readonly<Record<string, string | undefined>>): string {
  const values = secretVariables.map((name) => env[name]?.trim() ?? '').filter((value) => isUnmistakable(value))
  return values.reduce((shown, value) => shown.replaceAll(value, hidden), text)
}

/** The text without key material and without the values of variables that are secrets. */
export const withoutSecretsOf = (text: string, env: Readonly<Record<string, string | undefined>>): string =>
  withoutValuesOf(withoutSecrets(text), env)

/** Not a word that a message may hold anyway, the path of a file, or a recipient, which people put there by mistake. */
const isUnmistakable = (value: string): boolean => value.length >= 12 && !/^(?:[~./]|age1|ssh-)/.test(value)
