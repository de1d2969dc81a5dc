// The MAC as a file stores it: encrypted, and bound to the date beside it (spec/format.md 4).

import { messageOf, SopsError } from '../errors.ts'
import { readScalar } from '../tree/scalar.ts'
import { toSeconds } from '../tree/time.ts'
import { joinedHint } from './joined.ts'
import { createLeafCipher, decryptLeaf, encryptLeaf, type LeafCipher } from './leaf.ts'
import { sameMac } from './mac.ts'

/** The MAC as the metadata has it: encrypted, and bound to the date beside it. */
interface StoredMac {
  /** Empty when absent. */
  readonly mac: string
  /** RFC 3339. */
  readonly lastModified: string
}

const macAad = (lastModified: string): string => toSeconds(lastModified) ?? lastModified

const undecryptedMacHints = [
  'sops.mac or sops.lastmodified was changed, or the two come from different versions of the file: take both from the version that opened last',
]

/**
 * `macs` are those of the documents up to each but the last: they tell whether some were joined to the file. No MAC is ever told: it is a
 * hash of the plaintext, against which short values could be guessed.
 * @throws SopsError `mac-mismatch`: the stored MAC is absent, cannot be decrypted (`lastmodified` changed) or is another one.
 */
export function verifyMac(
  { mac, lastModified }: StoredMac,
  dataKey: Uint8Array,
  computed: string,
  macs: readonly string[] = [],
): void {
  let stored = ''
  if (mac !== '') {
    try {
      const { type, bytes } = decryptLeaf(createLeafCipher(dataKey), mac, macAad(lastModified))
      if (type === 'str') stored = Buffer.from(bytes).toString('utf8')
      else readScalar(type, bytes)
    } catch (error) {
      throw new SopsError('mac-mismatch', `Cannot decrypt MAC: ${messageOf(error)}`, {
        hints: undecryptedMacHints,
        cause: error,
      })
    }
  }
  if (stored !== '' && sameMac(stored, computed)) return
  if (stored === '') {
    throw new SopsError('mac-mismatch', 'MAC mismatch. File has no MAC', {
      hints: ['sops.mac was taken out or emptied: take it from the version that opened last'],
    })
  }
  if (!/^[0-9A-Fa-f]{128}$/.test(stored)) {
    throw new SopsError('mac-mismatch', 'MAC mismatch. File has something else in the place of its MAC', {
      hints: ['sops.mac was replaced by another encrypted value: take it from the version that opened last'],
    })
  }
  const covered = macs.findIndex((mac) => sameMac(stored, mac)) + 1
  throw new SopsError('mac-mismatch', 'MAC mismatch. File has the MAC of other values than those that it holds', {
    hints: covered > 0 ? [joinedHint(covered, macs.length + 1)] : [],
    details: { fault: 'MAC of other values' },
  })
}

/**
 * The MAC as stored. `previous` is the stored MAC of the version before; it comes back when it says the same at the same time.
 * @throws SopsError `cannot-encrypt-mac`.
 */
export function sealMac(mac: string, lastModified: string, dataKey: Uint8Array, previous?: string): string {
  try {
    const cipher = createLeafCipher(dataKey)
    const aad = macAad(lastModified)
    if (previous !== undefined && saysMac(cipher, previous, aad, mac)) return previous
    return encryptLeaf(cipher, aad, 'str', mac)
  } catch (error) {
    throw new SopsError('cannot-encrypt-mac', `Could not encrypt MAC: ${messageOf(error)}`, { cause: error })
  }
}

function saysMac(cipher: LeafCipher, text: string, aad: string, mac: string): boolean {
  try {
    const { type, bytes } = decryptLeaf(cipher, text, aad)
    return type === 'str' && sameMac(Buffer.from(bytes).toString('utf8'), mac)
  } catch {
    return false
  }
}
