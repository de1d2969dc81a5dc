// Reads identities from text: one per line, or a whole encrypted identity file.
import type { Context } from '../../../context/index.ts'
import { messageOf } from '../../../errors.ts'
import { utf16Problem } from '../../../text/encoding.ts'
import { ARMOR_HEADER, decodeArmor } from '../format/armor.ts'
import type { Identity } from '../identity.ts'
import { nativeIdentity } from '../native-identity.ts'
import { pluginIdentity } from '../plugin/plugin.ts'
import { identityLines } from './identity-lines.ts'
import { lockedIdentity } from './locked.ts'

interface IdentityTextOptions {
  /** The variable or path the text came from, for prompts and messages. */
  readonly location: string
  /** SOPS_AGE_KEY: several identities on a line. */
  readonly words?: boolean
}

/** Bytes that tell an encrypted identity file from a plain one, as in the reference. */
const HEAD = 14

const isArmored = (bytes: Buffer): boolean => bytes.toString('latin1', 0, HEAD) === ARMOR_HEADER.slice(0, HEAD)
const isBinary = (bytes: Buffer): boolean => bytes.toString('latin1', 0, HEAD) === 'age-encryption'

/** An identity file that is encrypted itself. */
export const isLockedText = (bytes: Buffer): boolean => isArmored(bytes) || isBinary(bytes)

/**
 * The identities of a text (spec/keys.md 3.3, 3.5).
 * @throws Error that never repeats the text; one bad identity spoils all.
 */
export function readIdentities(bytes: Buffer, options: IdentityTextOptions, ctx: Context): Identity[] {
  const utf16 = utf16Problem(bytes)
  if (utf16 !== undefined) throw new Error(utf16)
  if (isArmored(bytes)) {
    try {
      return [lockedIdentity(decodeArmor(bytes.toString('latin1')), options.location, ctx)]
    } catch (error) {
      throw new Error(`invalid armor: ${messageOf(error)}`)
    }
  }
  if (isBinary(bytes)) return [lockedIdentity(bytes, options.location, ctx)]
  const parse = (word: string): Identity =>
    word.startsWith('AGE-PLUGIN-') ? pluginIdentity(word, ctx) : nativeIdentity(word)
  return identityLines(bytes, parse, options.words)
}
