// Wraps a data key for one age recipient.
import type { Context } from '../../context.ts'
import { messageOf, SopsError } from '../../errors.ts'
import type { MasterKey } from '../types.ts'
import { parseRecipient } from './recipient.ts'

/**
 * An armored age file with one recipient; its final newline belongs to it (spec/keys.md 3.2).
 * @throws SopsError `generic`
 */
export async function wrap(key: MasterKey, dataKey: Uint8Array, ctx: Context): Promise<string> {
  const recipient = parseRecipient(String(key.fields.recipient ?? ''))
  const { armor, Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  if (recipient.kind === 'ssh') {
    const { sshRecipient } = await import('./ssh.ts')
    encrypter.addRecipient(sshRecipient(recipient.key))
  } else if (recipient.kind === 'plugin') {
    const { pluginRecipient } = await import('./plugin.ts')
    encrypter.addRecipient(pluginRecipient(recipient, ctx))
  } else {
    encrypter.addRecipient(recipient.text)
  }
  try {
    return armor.encode(await encrypter.encrypt(dataKey))
  } catch (error) {
    const cause = `failed to wrap key for recipient #0: ${messageOf(error)}`
    throw new SopsError('generic', `failed to create writer for encrypting sops data key with age: ${cause}`, {
      cause: error,
    })
  }
}
