// SSH keys as age recipients and identities.
import type { Recipient } from 'age-encryption'
import type { SshPublicKey } from './ssh-wire.ts'

export function sshRecipient(key: SshPublicKey): Recipient {
  throw new Error(`${key.type} recipients are not supported`)
}
