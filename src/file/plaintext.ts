// From a new version of a file's plaintext to a new version of the file: what `edit` does before and after the editor runs.
import { compileSelection, type Selection } from '../cipher/index.ts'
import type { Watch } from '../context/index.ts'
import { placeOf, SopsError } from '../errors.ts'
import type { Format, FormatId, Layout, Parsed } from '../formats/index.ts'
import { sniffFormat } from '../formats/index.ts'
import { type Metadata, refuseOthers, reservedIn, takeMetadata, withMetadata } from '../metadata/index.ts'
import { conflictHint, conflictLine, conflictText } from '../text/conflict.ts'
import type { Tree, Value } from '../tree/tree.ts'
import { emitPlain, loadEncrypted, refuseDocuments, type SealOutput, sealFile } from './encrypted-file.ts'
import { sealInPlace } from './in-place.ts'
import { withKnownValues } from './known-values.ts'
import { type MetadataText, placedTexts } from './metadata-texts.ts'
import { readingProgress } from './reading.ts'
import { syntaxHints } from './syntax-hints.ts'
import type { OpenFile, OpenOptions } from './types.ts'
import { withUnseenComments } from './unseen-comments.ts'

/** For a whole file that is the envelope of an encrypted one (spec/format.md 11): a second envelope around it would hide the first. */
export const alreadyEncrypted = (): SopsError =>
  new SopsError('already-encrypted', 'the file is encrypted already', {
    hints: ["to see it, use 'sops decrypt'; to change it, 'sops edit'"],
  })

/** Exit 203. Scripts look for how it begins (spec/cli.md 8 V). */
const reservedLines = `The file you have provided contains a top-level entry called 'sops', or for
flat file formats top-level entries starting with 'sops_'. Encrypted files keep their
metadata there, so this file is most likely encrypted already.

To change an encrypted file, use 'sops edit' or 'sops set'. If it is a plain file
that needs an entry of that name, rename the entry.`.split('\n')

/** A parsed plain text, with metadata if the text showed it (`edit --show-master-keys`). */
export interface Draft {
  readonly format: Format
  readonly parsed: Parsed
  readonly plain: Tree
  readonly metadata?: Metadata
  /** See `SealInput`. */
  readonly allowCleartext?: boolean | undefined
}

/** Of a plain text that is parsed. */
interface PlainOptions {
  /** The plaintext that it was made from. */
  readonly earlier?: Tree
  readonly watch?: Watch | undefined
}

/**
 * Parses a plain text and refuses what cannot be encrypted (spec/cli.md 8 V).
 * @throws SopsError `bad-input`, `no-document` or `already-encrypted`.
 */
export function parsePlain(bytes: Uint8Array, input: Format, output: Format, options: PlainOptions = {}): Draft {
  // What was encrypted before stays as it is when it is opened and changed.
  if (options.earlier === undefined && output.id === 'binary' && sniffFormat(bytes) === 'binary')
    throw alreadyEncrypted()
  const parsed = parseInput(bytes, input, options)
  if (parsed.tree.documents.length === 0) {
    throw new SopsError('no-document', 'File cannot be completely empty, it must contain at least one document', {
      hints: ['an empty document is written as {}'],
    })
  }
  refuseReserved(parsed.tree, output)
  return { format: input, parsed, plain: parsed.tree }
}

/**
 * Refuses data that uses the names the output format reserves for metadata, in any document, since each gets a metadata block.
 * @throws SopsError `already-encrypted`.
 */
export function refuseReserved(tree: Tree, output: Format): void {
  const number = reservedIn(tree, output.metadata)
  if (number === 0) return
  throw new SopsError('already-encrypted', reservedLines, {
    hints: number === 1 ? [] : [`the entry is in document ${number}: was an encrypted file joined to this one?`],
  })
}

/**
 * Refuses a text that is to be sealed as a whole and is an encrypted file of any format, whatever its name says.
 * @throws SopsError `already-encrypted`.
 */
export async function refuseSealed(bytes: Uint8Array, output: FormatId, watch?: Watch): Promise<void> {
  const seen = output === 'binary' ? sniffFormat(bytes) : undefined
  if (seen === undefined) return
  const file = await loadEncrypted(bytes, seen, watch).catch((error: unknown) => {
    if (error instanceof SopsError) return undefined
    throw error
  })
  if (file !== undefined && file.metadata.mac !== '') throw alreadyEncrypted()
}

/** Parses a plain text that shows its metadata in the first document. @throws SopsError `bad-input` or `generic`. */
export function parseWithMetadata(bytes: Uint8Array, input: Format, options: PlainOptions): Draft {
  const parsed = parseInput(bytes, input, { ...options, encrypted: true })
  const { metadata, tree, others } = takeMetadata(parsed.tree, input.metadata)
  refuseOthers(others)
  return { format: input, parsed, plain: tree, metadata }
}

function parseInput(
  bytes: Uint8Array,
  input: Format,
  { encrypted = false, watch, ...options }: PlainOptions & { readonly encrypted?: boolean },
): Parsed {
  const progress = readingProgress('reading', bytes, watch)
  try {
    return input.parse(bytes, { ...options, encrypted, progress })
  } catch (error) {
    if (!(error instanceof SopsError) || error.code !== 'parse') throw error
    const line = conflictLine(bytes)
    if (line !== undefined) {
      const text = `Error unmarshalling file: ${conflictText(line)}`
      throw new SopsError('bad-input', text, { hints: [conflictHint], cause: error })
    }
    const beginning = input.id === 'json' && !encrypted && error.position ? 'Could not unmarshal input data: ' : ''
    throw new SopsError('bad-input', `Error unmarshalling file: ${beginning}${error.message}`, {
      ...placeOf(error),
      hints: [...error.hints, ...syntaxHints(bytes, input.id, error.position)],
      cause: error,
    })
  }
}

/**
 * What the editor shows: the plaintext, and with it, if asked for, the metadata of the first document, the only one whose metadata is read.
 * @throws SopsError `cannot-emit` when the output has no room for all documents: saving it would drop the rest.
 */
export async function draftText(
  file: OpenFile,
  output: Format,
  layout: Layout,
  showMetadata: boolean,
  log?: OpenOptions['log'],
): Promise<Uint8Array> {
  refuseDocuments(file.plain, output)
  if (!showMetadata) return emitPlain(file, output.id, layout, log)
  const same = output.id === file.format.id
  const [first] = withMetadata(
    { documents: file.plain.documents.slice(0, 1) },
    file.metadata,
    output.metadata,
    same ? file.parsed.tree : undefined,
  ).documents
  const shown = { documents: first === undefined ? [] : [first, ...file.plain.documents.slice(1)] }
  // Bare bytes have no place for metadata: they are shown in the envelope, which is what `parseWithMetadata` reads.
  const style = output.id === 'binary' ? { ...layout, encrypted: true } : layout
  return same ? output.rewrite(file.parsed, shown, style).bytes : output.print(shown, style)
}

/**
 * Encrypts a new version of `file`'s plaintext under the file's data key, with the settings of `metadata`. Unchanged values keep their
 * ciphertext and its spelling; the metadata block keeps its layout.
 * @throws SopsError `generic` when a later document of `file` has another sops block; `cleartext` as `sealFile`.
 */
export async function sealDraft(
  file: OpenFile,
  draft: Draft,
  metadata: Metadata,
  output: Format,
  { now, layout }: { readonly now: Date; readonly layout: Layout },
): Promise<SealOutput & { readonly selection: Selection }> {
  refuseOthers(file.others)
  const { dataKey, stash, watch } = file
  const selection = metadata === file.metadata ? file.selection : await compileSelection(metadata.selection)
  const isSame = file.format.id === output.id && draft.format.id === output.id
  const keepLayout = draft.metadata === undefined && isSame
  const own = isSame ? await asBefore(file, draft, layout) : draft
  const takesOver = keepLayout && own.parsed !== file.parsed
  const inPlace = takesOver ? await sealInPlace(file, own, { metadata, selection, now, layout }) : undefined
  if (inPlace !== undefined) return { ...inPlace, selection }
  const sealed = sealFile(
    { ...own, metadata, dataKey, selection, stash, watch },
    output,
    now,
    layout,
    takesOver ? (stamped) => metadataTexts(file, stamped) : undefined,
  )
  return { ...sealed, selection }
}

/**
 * The draft with the file's own values where they did not change. A text does not show all that a value is: 1 may be a float (JSON of older
 * releases), and in .env and INI all is text. Bytes without a text stay in the envelope of the file.
 */
async function asBefore(file: OpenFile, draft: Draft, layout: Layout): Promise<Draft> {
  const { format, parsed, plain, selection } = file
  if (format.id !== 'binary') {
    const bytes = await emitPlain(file, format.id, layout)
    const progress = readingProgress(comparing, bytes, file.watch)
    const shown = format.parse(bytes, { earlier: plain, progress }).tree
    const known = withKnownValues(draft.plain, shown, plain, selection)
    return { ...draft, plain: hasUnseen(file, draft) ? withUnseenComments(known, shown, plain) : known }
  }
  const [value] = draft.plain.documents.flatMap(({ items }) =>
    items.flatMap((item) => (item.kind === 'entry' ? [item.value] : [])),
  )
  return draft.metadata || value?.kind !== 'leaf' ? draft : { ...draft, parsed, plain: withPayload(plain, value.value) }
}

const comparing = 'comparing with what was there'

/** JSON has no comments but those that a list stores as its elements. */
const hasUnseen = ({ format, stash }: OpenFile, { metadata }: Draft): boolean =>
  format.id === 'json' && metadata === undefined && stash.leaves.some(({ element }) => element)

const withPayload = (plain: Tree, value: Value): Tree => ({
  documents: plain.documents.map((document) => ({
    ...document,
    items: document.items.map((item) =>
      item.kind === 'entry' && item.key === 'data' && item.value.kind === 'leaf'
        ? { ...item, value: { ...item.value, value } }
        : item,
    ),
  })),
})

/**
 * The metadata entries of every document as the old text spells and places them, with the new values, so that a block that a formatter or an
 * older release laid out stays as it is.
 */
function metadataTexts(file: OpenFile, metadata: Metadata): MetadataText[][] {
  const { format, parsed, tree } = file
  const updated = withMetadata(tree, metadata, format.metadata, parsed.tree)
  const { bytes } = format.rewrite(parsed, updated, { encrypted: true })
  const progress = readingProgress(comparing, bytes, file.watch)
  const refreshed = format.parse(bytes, { encrypted: true, progress })
  return refreshed.tree.documents.map((document) =>
    placedTexts(document, format.metadata, (entry) => format.textOf(refreshed, entry)),
  )
}
