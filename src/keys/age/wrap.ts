// Wraps a data key for one age recipient.
import type { Context } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import type { MasterKey } from '../types.ts'
import { decodeBech32 } from './bech32.ts'
import { encodeArmor } from './format/armor.ts'
import { sealAgeFile } from './format/seal.ts'
import { mustBeChosen } from './plugin/choice.ts'
import { pluginRecipient } from './plugin/plugin.ts'
import { parseRecipient, type Recipient } from './recipient.ts'
import { sshRecipient } from './ssh/stanzas.ts'
import { x25519Recipient } from './x25519.ts'

async function sealed(recipient: Recipient, dataKey: Uint8Array, ctx: Context): Promise<Buffer> {
  switch (recipient.kind) {
    case 'x25519':
      return sealAgeFile(dataKey, x25519Recipient(decodeBech32(recipient.text).bytes))
    case 'ssh':
      return sealAgeFile(dataKey, sshRecipient(recipient.key))
    case 'plugin':
      await mustBeChosen(recipient, ctx)
      return sealAgeFile(dataKey, pluginRecipient(recipient, ctx))
    case 'hybrid':
    case 'tag': {
      const { Encrypter } = await import('age-encryption')
      const encrypter = new Encrypter()
      encrypter.addRecipient(recipient.text)
      return Buffer.from(await encrypter.encrypt(dataKey))
    }
  }
}

/**
 * An armored age file with one recipient; its final newline belongs to it (spec/keys.md 3.2).
 * @throws SopsError `generic`
 */
export async function wrap(key: MasterKey, dataKey: Uint8Array, ctx: Context): Promise<string> {
  const recipient = parseRecipient(String(key.fields.recipient ?? ''))
  try {
    return encodeArmor(await sealed(recipient, dataKey, ctx))
  } catch (error) {
    const cause = `failed to wrap key for recipient #0: ${messageOf(error)}`
    throw new SopsError('generic', `failed to create writer for encrypting sops data key with age: ${cause}`, {
      cause: error,
    })
  }
}
