// What an age identity is, and how identities are read from text.
import type { Context } from '../../context.ts'
import { ARMOR_HEADER, decodeArmor } from './armor.ts'
import { decodeBech32 } from './bech32.ts'
import type { AgeFile } from './file.ts'
import { lockedIdentity } from './locked.ts'
import { pluginIdentity } from './plugin.ts'
import { x25519Identity } from './x25519.ts'

export interface Identity {
  /**
   * What trying it takes, cheapest first: native = a few multiplications; hybrid = loading post-quantum code; ssh = an unlocked SSH key;
   * plugin = a process; locked = perhaps a passphrase.
   */
  readonly cost: 'native' | 'hybrid' | 'ssh' | 'plugin' | 'locked'
  /**
   * The 16-byte file key, or undefined when no stanza is for this identity. The caller checks the header with it and wipes it.
   * @throws Error when a stanza is broken, or the identity cannot be used.
   */
  unwrap(file: AgeFile): Promise<Uint8Array | undefined>
}

export interface ReadOptions {
  /** The variable or path the text came from, for prompts and messages. */
  readonly location: string
  /** SOPS_AGE_KEY: several identities on a line. */
  readonly words?: boolean
  /** Inside an encrypted identity file: native and hybrid ones only. */
  readonly nativeOnly?: boolean
}

function parseIdentity(word: string, options: ReadOptions, ctx: Context): Identity {
  if (word.startsWith('AGE-PLUGIN-') && !options.nativeOnly) return pluginIdentity(word, ctx)
  if (word.startsWith('AGE-SECRET-KEY-PQ-1')) {
    secretKey(word, 'AGE-SECRET-KEY-PQ-').fill(0)
    return hybridIdentity(word)
  }
  if (word.startsWith('AGE-SECRET-KEY-1')) {
    const scalar = secretKey(word, 'AGE-SECRET-KEY-')
    const identity = x25519Identity(scalar)
    scalar.fill(0)
    return identity
  }
  throw new Error('unknown identity type')
}

function secretKey(word: string, hrp: string): Uint8Array {
  const decoded = decodeBech32(word)
  if (decoded.hrp !== hrp) throw new Error('malformed secret key: unknown type')
  if (decoded.bytes.length !== 32) throw new Error('malformed secret key: invalid length')
  return decoded.bytes
}

/** ML-KEM-768 with X25519: node:crypto has no ML-KEM in the versions supported, so age-encryption opens these headers. */
const hybridIdentity = (text: string): Identity => ({
  cost: 'hybrid',
  async unwrap(file) {
    if (!file.stanzas.some((stanza) => stanza.args[0] === 'mlkem768x25519')) return undefined
    const { Decrypter } = await import('age-encryption')
    const decrypter = new Decrypter()
    decrypter.addIdentity(text)
    try {
      return await decrypter.decryptHeader(new Uint8Array(file.header))
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('no identity matched')) return undefined
      throw error
    }
  },
})

/** Encrypted identity files are told apart by their first 14 bytes, as in the reference. */
const isEncrypted = (text: string): boolean =>
  text.startsWith('age-encryption') || text.startsWith(ARMOR_HEADER.slice(0, 14))

/**
 * The identities of a text: one a line, or an encrypted identity file (spec/keys.md 3.3, 3.5).
 * @throws Error that never repeats the text; one bad identity spoils it all.
 */
export function readIdentities(bytes: Buffer, options: ReadOptions, ctx: Context): Identity[] {
  const head = bytes.toString('latin1', 0, 14)
  if (isEncrypted(head) && !options.nativeOnly) {
    return [lockedIdentity(head.startsWith('-') ? decodeArmor(bytes.toString('latin1')) : bytes, options.location, ctx)]
  }
  const identities: Identity[] = []
  for (const [i, full] of bytes.toString('latin1').split('\n').entries()) {
    const line = full.endsWith('\r') ? full.slice(0, -1) : full
    if (line === '' || line.startsWith('#')) continue
    for (const word of options.words ? line.split(/\s+/).filter((part) => part !== '') : [line]) {
      try {
        identities.push(parseIdentity(word, options, ctx))
      } catch (error) {
        throw new Error(`error at line ${i + 1}: ${(error as Error).message}`)
      }
    }
  }
  return identities
}
