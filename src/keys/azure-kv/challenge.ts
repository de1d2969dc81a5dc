// What a token has to be like (spec/keys.md 7.2).

export interface Challenge {
  /** What the token is for, by the vault's host: `https://vault.azure.net/.default`. */
  readonly scope: string
  /** Whose directory the vault belongs to, as it says itself. */
  readonly tenant: string | undefined
}

/** The directory that a vault's `WWW-Authenticate` header names. Nothing else in it counts: files name the vault. */
export function tenantIn(header: string | undefined): string | undefined {
  const authority = /^bearer\s.*?\bauthorization(?:_uri)?="([^"]*)"/is.exec(header ?? '')?.[1]
  if (authority === undefined || !URL.canParse(authority)) return undefined
  const tenant = new URL(authority).pathname.split('/')[1] ?? ''
  // It becomes an argument of a program.
  return /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(tenant) ? tenant : undefined
}
