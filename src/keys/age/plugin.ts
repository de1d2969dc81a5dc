// age plugins.
import type { Recipient } from 'age-encryption'
import type { Context } from '../../context.ts'
import type { Identity } from './identity.ts'

export function pluginRecipient(recipient: { readonly name: string }, _ctx: Context): Recipient {
  throw new Error(`${recipient.name} plugin: not supported`)
}

export function pluginIdentity(_text: string, _ctx: Context): Identity {
  throw new Error('plugin identities are not supported')
}
