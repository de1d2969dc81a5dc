// Identity files encrypted with a passphrase.
import type { Context } from '../../context.ts'
import type { Identity } from './identity.ts'

export function lockedIdentity(_file: Uint8Array, location: string, _ctx: Context): Identity {
  throw new Error(`${location}: encrypted identity files are not supported`)
}
