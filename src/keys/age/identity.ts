// What an age identity is.
import type { AgeFile } from './format/file.ts'
import { parseRecipient, sameSpelling } from './recipient.ts'

export interface Identity {
  /**
   * What trying it takes, cheapest first: native = a few multiplications; hybrid = loading post-quantum code; ssh = an unlocked SSH key;
   * plugin = a process; locked = perhaps a passphrase.
   */
  readonly cost: 'native' | 'hybrid' | 'ssh' | 'plugin' | 'locked'
  /**
   * The 16-byte file key, or undefined when no stanza is for this identity. The caller checks the header with it and wipes it. Of several
   * identities in one, `only` lets none be tried that is for another recipient.
   * @throws Error when a stanza is broken, or the identity cannot be used.
   */
  unwrap(file: AgeFile, only?: string): Promise<Uint8Array | undefined>
  /** The name of the plugin that it belongs to. */
  readonly plugin?: string
  /** What wraps for this identity: `age1…` or `ssh-… …`. Absent where it cannot be told without a passphrase or a plugin. */
  recipient?(): Promise<string>
}

/** Whether an identity is for that recipient, as far as can be told: of a plugin's only the plugin is known. */
export async function isFor(identity: Identity, recipient: string): Promise<boolean> {
  if (identity.recipient) return sameSpelling(await identity.recipient()) === sameSpelling(recipient)
  if (identity.plugin === undefined) return identity.cost === 'locked'
  const parsed = parseRecipient(recipient)
  return parsed.kind === 'plugin' && parsed.name.toLowerCase() === identity.plugin
}
