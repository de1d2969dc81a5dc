// A new version of a file's plaintext becomes a new version of the file: what `edit`, and a merge, do after the text has changed.
import type { LogLine } from './context.ts'
import type { Entry, Tree } from './core/tree.ts'
import { type EncryptedFile, type OpenFile, type SealOutput, sealFile } from './encrypted-file.ts'
import { SopsError } from './errors.ts'
import { loadFormat } from './formats/index.ts'
import type { Format, FormatId, Layout, Parsed } from './formats/types.ts'
import { hasReservedEntry, type Metadata, withMetadata } from './metadata.ts'

/** Exit 203; the beginning is what scripts look for (spec/cli.md 8 V). */
const reservedText = `The file you have provided contains a top-level entry called 'sops' (in .env
files: one that starts with 'sops_'). Encrypted files keep their metadata there,
so this file is most likely encrypted already.

To change an encrypted file, use 'sops edit' or 'sops set'. If it is a plain file
that needs an entry of that name, rename the entry.`

/**
 * Parses what is to be encrypted and refuses what cannot be (spec/cli.md 8 V).
 * @throws SopsError `bad-input`, `no-document` or `already-encrypted`.
 */
export function parsePlain(bytes: Uint8Array, input: Format, output: Format): Parsed {
  const parsed = parseInput(bytes, input)
  if (parsed.tree.documents.length === 0) {
    throw new SopsError('no-document', 'File cannot be completely empty, it must contain at least one document')
  }
  if (hasReservedEntry(parsed.tree, output.metadata)) throw new SopsError('already-encrypted', reservedText)
  return parsed
}

function parseInput(bytes: Uint8Array, input: Format): Parsed {
  try {
    return input.parse(bytes)
  } catch (error) {
    if (!(error instanceof SopsError) || error.code !== 'parse') throw error
    throw new SopsError('bad-input', `Error unmarshalling file: ${error.message}`, { ...details(error), cause: error })
  }
}

const details = (error: SopsError): object => ({
  ...(error.position ? { position: error.position } : {}),
  ...(error.path ? { path: error.path } : {}),
  hints: error.hints,
})

export interface DraftOptions {
  readonly output: FormatId
  readonly layout: Layout
  readonly now: Date
  readonly metadata?: Metadata
  readonly log?: (line: LogLine) => void
}

/**
 * Encrypts `draft`, a parsed new version of `file`'s plaintext, under the file's own data key. Values that did not change keep their
 * ciphertext and the way it was written; the metadata block keeps its layout.
 */
export async function sealDraft(
  file: OpenFile,
  draft: Parsed,
  input: Format,
  options: DraftOptions,
): Promise<SealOutput> {
  const output = await loadFormat(options.output)
  const metadata = options.metadata ?? file.metadata
  const { dataKey, selection, stash } = file
  const sealed = sealFile(
    { format: input, parsed: draft, plain: draft.tree, metadata, dataKey, selection, stash, sameKey: true },
    output,
    options.now,
    options.layout,
    file.format.id === output.id ? (stamped) => metadataTexts(file, stamped) : undefined,
  )
  return sealed
}

/**
 * The metadata entries of every document as the old text has them, with the new values in place, so that a block that somebody has
 * reformatted stays as it is.
 */
function metadataTexts(file: EncryptedFile, metadata: Metadata): Map<string, string>[] {
  const { format, parsed, tree } = file
  const previous = withMetadata(tree, metadata, format.metadata, parsed.tree)
  const refreshed = format.parse(format.rewrite(parsed, previous, { encrypted: true }), { encrypted: true })
  return refreshed.tree.documents.map((document, i) => {
    const data = new Set<string>(keysOf(tree, i))
    const own = document.items.filter((item): item is Entry => item.kind === 'entry' && !data.has(item.key))
    return new Map(own.map((entry) => [entry.key, format.textOf(refreshed, entry)]))
  })
}

const keysOf = (tree: Tree, i: number): string[] =>
  tree.documents[i]?.items.flatMap((item) => (item.kind === 'entry' ? [item.key] : [])) ?? []
