// Key material in texts for people: users put a key where a file's name belongs, and programs repeat what they read.

const patterns: readonly RegExp[] = [
  /AGE-SECRET-KEY-[0-9A-Z-]{8,}/gi,
  /AGE-PLUGIN-[0-9A-Z-]*1[0-9A-Z]{4,}/g,
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY[\s\S]*?(?:-----END [A-Z0-9 ]*-----|$)/g,
  // The JSON of a service account, and the like.
  /"(?:private_key|client_secret|refresh_token|access_?token|secret_?(?:access_?)?key|session_?token)"\s*:\s*"[^"]*"?/gi,
  // A signed token (JWT), and the tokens of Vault and OpenBao.
  /\beyJ[\w-]{8,}(?:\.[\w-]*)+/g,
  /\bhv[sbr]\.[A-Za-z0-9_-]{20,}/g,
  /\b[sbr]\.[A-Za-z0-9]{24}\b/g,
]

const hidden = '(a secret, not shown)'

/** True if the text holds key material or something like a token. */
export const holdsSecret = (text: string): boolean => patterns.some((pattern) => text.search(pattern) >= 0)

/** True for a text with an age identity in it, or one that is a private key as a whole. */
export const holdsIdentity = (text: string): boolean =>
  /\bAGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{8,}|\bAGE-PLUGIN-[0-9A-Z-]*1[0-9A-Z]{4,}/.test(text) ||
  /^\s*-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(text)

/** The text with its key material blanked out. */
export const withoutSecrets = (text: string): string =>
  patterns.reduce((shown, pattern) => shown.replace(pattern, hidden), text)

/** A path for display; hidden altogether if it looks like a key or a whole document. */
export const shownPath = (path: string): string => (holdsSecret(path) || /[\n{]/.test(path) ? hidden : path)

/** The audit's. */
const variables = new Set(['PGPASSWORD'])

/** Adds variables that hold secrets: each key type says which (`KeyDescriptor.secrets`), and they count from the table's loading on. */
export function declareSecretVariables(names: readonly string[]): void {
  for (const name of names) variables.add(name)
}

/** Variables whose values are secrets: they are not shown, and the programs that are started do not get them (environment.ts). */
export const secretVariables = (): readonly string[] => [...variables]

export const isSecretVariable = (name: string): boolean => variables.has(name)

/** What the variables that are secrets hold, where they are set. */
export const secretValues = (env: Readonly<Record<string, string | undefined>>): readonly string[] =>
  secretVariables().flatMap((name) => env[name] || [])

/** The text without the values of variables that are secrets. */
export function withoutValuesOf(text: string, env: Readonly<Record<string, string | undefined>>): string {
  const values = secretValues(env)
    .map((value) => value.trim())
    .filter(isUnmistakable)
  return values.reduce((shown, value) => shown.replaceAll(value, hidden), text)
}

/** The text without key material and without the values of variables that are secrets. */
export const withoutSecretsOf = (text: string, env: Readonly<Record<string, string | undefined>>): string =>
  withoutValuesOf(withoutSecrets(text), env)

/** False for what a message may say for another reason: a short word, a path, or a recipient that was put there by mistake. */
const isUnmistakable = (value: string): boolean => value.length >= 12 && !/^(?:[~./]|age1|ssh-)/.test(value)
