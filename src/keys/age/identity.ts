// What an age identity is.
import type { AgeFile } from './format/file.ts'
import { parseRecipient, sameSpelling } from './recipient.ts'

export interface Identity {
  /**
   * What it takes to try it, cheapest first: native = a few multiplications; hybrid = loading post-quantum code; ssh = an unlocked SSH key;
   * plugin = a process; locked = perhaps a passphrase.
   */
  readonly cost: 'native' | 'hybrid' | 'ssh' | 'plugin' | 'locked'
  /**
   * The 16-byte file key, or undefined when no stanza is for this identity. The caller checks the header with it and wipes it. Where this stands
   * for several identities, `only` restricts it to those of one recipient.
   * @throws Error when a stanza is broken, or the identity cannot be used.
   */
  unwrap(file: AgeFile, only?: string): Promise<Uint8Array | undefined>
  /** The name of its plugin. */
  readonly plugin?: string
  /** The recipient to wrap for: `age1…` or `ssh-… …`. Absent where only a passphrase or a plugin could tell. */
  recipient?(): Promise<string>
}

/** Whether an identity is for that recipient, as far as is known: for a plugin's identity, only the plugin is. */
export async function isFor(identity: Identity, recipient: string): Promise<boolean> {
  if (identity.recipient) return sameSpelling(await identity.recipient()) === sameSpelling(recipient)
  if (identity.plugin === undefined) return identity.cost === 'locked'
  const parsed = parseRecipient(recipient)
  return parsed.kind === 'plugin' && parsed.name.toLowerCase() === identity.plugin
}
