// What a token must be for (spec/keys.md 7.2).

export interface Challenge {
  /** The scope, which follows from the vault's host: `https://vault.azure.net/.default`. */
  readonly scope: string
  /** The vault's directory, as the vault itself names it. */
  readonly tenant: string | undefined
}

/** The directory that a vault's `WWW-Authenticate` header names. Nothing else in it counts: files name the vault. */
export function tenantIn(header: string | undefined): string | undefined {
  const authority = /^bearer\s.*?\bauthorization(?:_uri)?="([^"]*)"/is.exec(header ?? '')?.[1]
  if (authority === undefined || !URL.canParse(authority)) return undefined
  const tenant = new URL(authority).pathname.split('/')[1] ?? ''
  // It becomes a program argument.
  return /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(tenant) ? tenant : undefined
}
