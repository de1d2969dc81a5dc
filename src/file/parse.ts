// Parses the text of an encrypted file; if it does not parse, says what was probably done to it.
import { SopsError, withHints } from '../errors.ts'
import type { Format, FormatParseOptions, Parsed } from '../formats/index.ts'
import { conflictLine, conflictText } from '../text/conflict.ts'

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
    if (line !== undefined) throw new SopsError('parse', conflictText(line), { hints: conflictHints, cause: error })
    if (format.id !== 'yaml' || !hasTwoBlocks(bytes)) throw error
    throw withHints(error, [
      'two encrypted files were joined: save each, which usually ends with its sops block, as a file of its own',
    ])
  }
}

/** The lines of both sides do not go together: the MAC is that of one side as a whole. */
const conflictHints = [
  'take one side as a whole, with its sops block: git checkout --ours FILE, or --theirs FILE',
  'then make the changes of the other side again, with sops edit or sops set',
]

/** True for two YAML files that were joined without a line `---`. */
const hasTwoBlocks = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes)
    .toString('latin1')
    .split(/^---(?=\s|$)/m)
    .some((document) => (document.match(/^sops:/gm)?.length ?? 0) > 1)
