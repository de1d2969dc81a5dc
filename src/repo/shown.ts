// Texts that merely show how encrypted files look: documentation, and sources of tests.
import { formatOfPath } from '../formats/index.ts'

/** Texts for people. Encrypted, they are JSON. */
const prose = /(?:^|\/)(?:README|CHANGELOG|NOTES)$|\.(?:md|mdx|markdown|rst|adoc|asciidoc|txt|html?|tex|org)$/i

/** Names that say what is in a file, whatever follows: `a.yaml.enc`. */
const telling = /\.(?:ya?ml|json|env|ini|enc|sops)(?:\.|$)/i

/** JSON, whole or in the middle of a merge. */
const envelope = /^\s*(?:\{|<{7})/

/** What can be said of a text besides, where it is asked for. */
interface Around {
  /** It can be read as an encrypted file, which source text cannot. */
  readonly isReadable: () => boolean | Promise<boolean>
  /** A rule for secrets means it. */
  readonly isMeant: () => Promise<boolean>
}

/** True for a text that no rule for secrets means, and whose name says nothing of a format. */
export async function isShown(
  { path, name, bytes }: { readonly path: string; readonly name: string; readonly bytes: Uint8Array },
  { isReadable, isMeant }: Around,
): Promise<boolean> {
  if (formatOfPath(path) !== 'binary' || telling.test(name)) return false
  if (envelope.test(Buffer.from(bytes.subarray(0, 256)).toString('latin1'))) return false
  return (prose.test(name) || !(await isReadable())) && !(await isMeant())
}
