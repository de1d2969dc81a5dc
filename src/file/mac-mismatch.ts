// What is to be done about a file that was changed without sops, and the likely cause and place of a MAC mismatch, as far as they can be told without showing a digest of the plaintext.

import type { CryptOptions } from '../cipher/index.ts'
import { changeHints, open, settingHint, verifyMac } from '../cipher/index.ts'
import { SopsError, withHints } from '../errors.ts'
import { splitHints } from '../metadata/index.ts'
import type { EncryptedFile } from './types.ts'

/** What to do about a value that does not open. */
export const changedHints: readonly string[] = [
  'the file was changed without sops: take it from the version that opened last (git log -p -- FILE)',
]

/** What a MAC mismatch means, and what to do about it. */
export const mismatchHints: readonly string[] = [
  'the MAC vouches for the values as a whole: somebody, or a merge, changed the file without sops',
  'take it from the version that opened last (git log -p -- FILE), and make the change with sops edit or sops set',
  'sops decrypt --ignore-mac FILE shows the values all the same: believe none of them before you have looked',
]

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
