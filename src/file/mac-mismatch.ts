// The likely cause and place of a MAC mismatch, as far as they can be told without showing a digest of the plaintext.

import type { CryptOptions } from '../cipher/index.ts'
import { changeHints, open, settingHint, verifyMac } from '../cipher/index.ts'
import { SopsError, withHints } from '../errors.ts'
import { splitHints } from '../metadata/index.ts'
import type { EncryptedFile } from './types.ts'

/** The error of `verifyMac` with all that is known; any other as it is. */
export function localizedMismatch(
  error: unknown,
  { tree, metadata }: Pick<EncryptedFile, 'tree' | 'metadata'>,
  crypt: CryptOptions & { readonly bytes: boolean },
): unknown {
  if (!(error instanceof SopsError) || error.details.fault !== 'MAC of other values') return error
  if (error.hints.length > 0) return withHints(error, splitHints)
  const macOnlyEncrypted = !crypt.macOnlyEncrypted
  try {
    verifyMac(metadata, crypt.dataKey, open(tree, { ...crypt, macOnlyEncrypted }).mac)
    return withHints(error, [settingHint(crypt.macOnlyEncrypted)])
  } catch {
    return withHints(error, changeHints(tree, crypt.selection, crypt.macOnlyEncrypted))
  }
}
