// What all ways to an access token of Google have in common.

export interface Token {
  readonly text: string
  /** Milliseconds since 1970; Infinity when it is not known. */
  readonly expires: number
}

/** @throws SopsError `generic`. */
export type TokenMaker = () => Promise<Token>

export const scope = 'https://www.googleapis.com/auth/cloud-platform'
