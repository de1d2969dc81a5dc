// The contract of a way to get a token, one member of the chain.
import type { Deadline } from '../http.ts'
import type { Challenge } from './challenge.ts'

export interface Token {
  readonly text: string
  /** Seconds. */
  readonly lifetime: number
}

/** Why a way is not open here; the next one is tried. */
export interface NotHere {
  readonly missing: string
}

/** @throws SopsError for a way that is open and fails. */
export type Credential = (challenge: Challenge, deadline: Deadline) => Promise<Token | NotHere>

export const resourceOf = ({ scope }: Challenge): string => scope.replace(/\/\.default$/, '')
