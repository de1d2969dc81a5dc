// Texts that merely show how encrypted files look: documentation, and sources of tests.
import { formatOfPath } from '../formats/index.ts'
import type { CheckedFile } from './checked-file.ts'
import type { ConfigView } from './config-view.ts'

/** Texts for people. Encrypted, they are JSON. */
const prose = /(?:^|\/)(?:README|CHANGELOG|NOTES)$|\.(?:md|mdx|markdown|rst|adoc|asciidoc|txt|html?|tex|org)$/i

/** Names that say what is in a file, whatever follows: `a.yaml.enc`. */
const telling = /\.(?:ya?ml|json|env|ini|enc|sops)(?:\.|$)/i

/** JSON, whole or in the middle of a merge. */
const envelope = /^\s*(?:\{|<{7})/

/**
 * True for a text that no rule for secrets means, and whose name says nothing of a format.
 * @param isReadable it can be read as an encrypted file, which source text cannot.
 */
export async function isShown(
  { path, name, bytes }: CheckedFile,
  { needs }: Pick<ConfigView, 'needs'>,
  isReadable: boolean,
): Promise<boolean> {
  if (formatOfPath(path) !== 'binary' || telling.test(name)) return false
  if (envelope.test(Buffer.from(bytes.subarray(0, 256)).toString('latin1'))) return false
  if (isReadable && !prose.test(name)) return false
  return (await needs?.rule(path)) === undefined
}
