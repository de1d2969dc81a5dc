// Parses the text of an encrypted file; if it does not parse, says what was probably done to it.
import { encryptHint, mendHint, placeOf, SopsError, withHints } from '../errors.ts'
import type { Format, FormatId, FormatParseOptions, Parsed } from '../formats/index.ts'
import { conflictHint, conflictLine, conflictText } from '../text/conflict.ts'
import { tabHints } from '../text/tabs.ts'
import { knownHints } from './not-encrypted.ts'
import { syntaxHints } from './syntax-hints.ts'

/** @throws SopsError `parse`. */
export function parseEncrypted(
  bytes: Uint8Array,
  format: Format,
  options: Pick<FormatParseOptions, 'literal' | 'progress'>,
): Parsed {
  try {
    return format.parse(bytes, { ...options, encrypted: true })
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    const line = conflictLine(bytes)
    if (line !== undefined) {
      const hint = isTouched(bytes) ? 'merge both sides, value by value: sops merge FILE' : conflictHint
      throw new SopsError('parse', conflictText(line), { hints: [hint], cause: error })
    }
    const known = knownHints(bytes, format.id)
    if (known.length > 0)
      throw new SopsError(error.code, error.message, { ...placeOf(error), hints: known, cause: error })
    if (!isTouched(bytes)) throw notEncrypted(error, bytes, format.id)
    const isYaml = format.id === 'yaml'
    throw withHints(error, [
      ...(isYaml ? tabHints(bytes, error.position) : []),
      ...(isYaml && hasTwoBlocks(bytes) ? [joinedHint] : []),
    ])
  }
}

/** True if there is any sign of an encrypted file, in any encoding; a text of blanks has none, and needs none. */
const isTouched = (bytes: Uint8Array): boolean =>
  /^\s*$|ENC\[AES256_GCM|\bsops[_":\]]/.test(Buffer.from(bytes).toString('latin1').replaceAll('\0', ''))

/** As bytes it can be encrypted as it is, whatever it is not. */
const notEncrypted = (error: SopsError, bytes: Uint8Array, format: FormatId): SopsError =>
  new SopsError(error.code, error.message, {
    ...placeOf(error),
    hints: [
      'the file is not encrypted: there is neither an encrypted value nor metadata in it',
      ...syntaxHints(bytes, format, error.position),
      format === 'binary' ? encryptHint : mendHint,
    ],
    cause: error,
  })

const joinedHint =
  'two encrypted files were joined: save each, which usually ends with its sops block, as a file of its own'

/** True for two YAML files that were joined without a line `---`. */
const hasTwoBlocks = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes)
    .toString('latin1')
    .split(/^---(?=\s|$)/m)
    .some((document) => (document.match(/^sops:/gm)?.length ?? 0) > 1)
