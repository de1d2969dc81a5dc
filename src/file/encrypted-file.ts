// An encrypted file, from bytes to its open tree and back. Everything that reads or changes one goes through here.

import type { Stash } from '../cipher/index.ts'
import {
  type ClearPlace,
  compileSelection,
  lostComment,
  newlyClear,
  open,
  type SealedTree,
  type Selection,
  seal,
  sealMac,
  settling,
  verifyMac,
  walk,
  withHeads,
} from '../cipher/index.ts'
import type { Watch } from '../context/index.ts'
import { type ErrorCode, SopsError, withHints } from '../errors.ts'
import type {
  Format,
  FormatId,
  Layout,
  Losses,
  Parsed,
  Reprint,
  Respelling,
  Respelt,
  Rewritten,
} from '../formats/index.ts'
import { loadFormat } from '../formats/index.ts'
import { watchOf, wipedAfter } from '../groups/index.ts'
import { type Metadata, othersText, splitHints, takeMetadata, withMetadata } from '../metadata/index.ts'
import { secondsText } from '../text/seconds.ts'
import type { Tree } from '../tree/tree.ts'
import { checkCleartext } from './cleartext.ts'
import { dataKeyOf, warnOfBare } from './data-key.ts'
import { changedHints, localizedMismatch, mismatchHints } from './mac-mismatch.ts'
import { type MetadataText, withTexts } from './metadata-texts.ts'
import { withoutMetadata } from './not-encrypted.ts'
import { parseEncrypted } from './parse.ts'
import { readingProgress } from './reading.ts'
import { warnOfReprints } from './reprints.ts'
import { warnOfSharedPaths } from './shared-paths.ts'
import { lineOf, refuseToConvert, warnOfTwins } from './twins.ts'
import type { EncryptedFile, OpenFile, OpenOptions } from './types.ts'
import { checkReadsBack, forEveryReader, type ReadBack, readBack, readsAs, refuse } from './verify.ts'

/**
 * Parses an encrypted file, without opening it.
 * @throws SopsError `parse` for text that does not follow the format, `generic` for missing or bad metadata.
 */
export async function loadEncrypted(bytes: Uint8Array, id: FormatId, watch?: Watch): Promise<EncryptedFile> {
  const format = await loadFormat(id)
  const progress = readingProgress('reading', bytes, watch)
  const read = (literal: boolean): EncryptedFile => {
    const parsed = parseEncrypted(bytes, format, { literal, progress })
    const emptyIsAbsent = id === 'json' || id === 'binary'
    try {
      return { format, parsed, ...takeMetadata(parsed.tree, format.metadata, { emptyIsAbsent }) }
    } catch (error) {
      throw withoutMetadata(error, bytes, id)
    }
  }
  const file = read(false)
  return format.reading?.(file.parsed) === 'layout' ? { ...file, literal: () => read(true) } : file
}

/**
 * Recovers the data key, decrypts every leaf, then checks the MAC, in the reference's order (spec/format.md 2.7).
 * @throws SopsError `no-data-key`, `cannot-decrypt-tree` or `mac-mismatch`.
 */
export async function openFile(file: EncryptedFile, options: OpenOptions): Promise<OpenFile> {
  const dataKey = await explainedDataKey(file, options)
  options.log?.({ level: 'debug', logger: 'SOPS', message: 'Decrypting tree' })
  try {
    const opened = await openEither(file, dataKey, options)
    warnOfOthers(file, options.log)
    warnOfBare(file.metadata, options.log)
    return opened
  } catch (error) {
    dataKey.fill(0)
    throw explained(error, file)
  }
}

/** `openFile` for the duration of `use`, then wipes the data key. */
export async function withOpenFile<T>(
  file: EncryptedFile,
  options: OpenOptions,
  use: (file: OpenFile) => T | Promise<T>,
): Promise<T> {
  const opened = await openFile(file, options)
  return wipedAfter(opened.dataKey, () => use(opened))
}

/**
 * The data key of a file, proven to be the file's own before it is wrapped for others: every value opens with it, and the MAC matches.
 * With `ignoreMac` nothing is opened. The caller wipes it.
 * @throws as `openFile`.
 */
export async function provenDataKey(file: EncryptedFile, options: OpenOptions): Promise<Uint8Array> {
  const dataKey = await explainedDataKey(file, options)
  if (options.ignoreMac) return dataKey
  try {
    const { log: _, ...quiet } = options
    await openEither(file, dataKey, quiet)
    return dataKey
  } catch (error) {
    dataKey.fill(0)
    throw explained(error, file)
  }
}

const explainedDataKey = (file: EncryptedFile, options: OpenOptions): Promise<Uint8Array> =>
  dataKeyOf(file.metadata, options).catch((error: unknown) => {
    throw explained(error, file)
  })

const openEither = (file: EncryptedFile, dataKey: Uint8Array, options: OpenOptions): Promise<OpenFile> =>
  openWith(file, dataKey, options).catch(async (error: unknown) => {
    if (!file.literal) throw error
    return await openWith(file.literal(), dataKey, options).catch(() => Promise.reject(error))
  })

/** Warns of documents that are read with the metadata of the first although they have other metadata or none. */
export function warnOfOthers({ others }: EncryptedFile, log: OpenOptions['log']): void {
  if (others.length === 0) return
  const message = `${othersText(others)}: only the metadata of document 1 counts`
  log?.({ level: 'warning', logger: 'SOPS', message })
}

/** Adds to a failure to open what is to be done, and what is known of documents that may not belong to the file. */
function explained(error: unknown, { others }: EncryptedFile): unknown {
  if (!(error instanceof SopsError)) return error
  const codes: readonly ErrorCode[] = ['no-data-key', 'cannot-decrypt-tree', 'mac-mismatch']
  const also = error.code === 'mac-mismatch' ? mismatchHints : error.code === 'cannot-decrypt-tree' ? changedHints : []
  if (others.length > 0 && codes.includes(error.code))
    return withHints(error, [othersText(others), ...splitHints, ...also])
  return also.length > 0 ? withHints(error, also) : error
}

async function openWith(file: EncryptedFile, dataKey: Uint8Array, options: OpenOptions): Promise<OpenFile> {
  const { metadata, format, parsed } = file
  const selection = await compileSelection(metadata.selection)
  const watch = watchOf(options.services)
  const crypt = { dataKey, selection, macOnlyEncrypted: metadata.macOnlyEncrypted, bytes: format.id === 'binary' }
  const { tree, mac, macs, stash, twins } = open(file.tree, {
    ...crypt,
    ...(options.log ? { log: options.log } : {}),
    watch,
    tokenText: (origin) => format.token?.(parsed, { kind: 'leaf', value: origin.value, origin })?.text,
    lineOf: lineOf(file),
  })
  const passedOver = format.passedOver?.(parsed, tree, 3) ?? []
  if (!options.ignoreMac) {
    try {
      verifyMac(metadata, dataKey, mac, macs)
    } catch (error) {
      throw localizedMismatch(error, file, crypt)
    }
  }
  const opened = { ...file, dataKey, selection, plain: tree, stash, twins, watch }
  warnOfTwins(opened, passedOver, options.log)
  warnOfSharedPaths(tree, selection, options.log)
  return opened
}

/** `openFile` with a data key that is known already; it stays the caller's, who wipes it. @throws SopsError as `openFile`. */
export const openFileWith = (
  file: EncryptedFile,
  dataKey: Uint8Array,
  options: Omit<OpenOptions, 'services'> = {},
): Promise<OpenFile> => openEither(file, dataKey, { ...options, services: [] })

/** The plaintext of the bytes of an encrypted file under its data key. @throws SopsError as `openFile`. */
export const reopened = async (bytes: Uint8Array, id: FormatId, dataKey: Uint8Array): Promise<Uint8Array> =>
  emitPlain(await openFileWith(await loadEncrypted(bytes, id), dataKey), id, {})

/**
 * The plaintext: the file's own text with the values put back, or a fresh text if another format or layout is wanted.
 * @throws SopsError `cannot-emit` for what the format cannot hold, and for another format when equal keys have different values.
 */
export async function emitPlain(
  file: OpenFile,
  output: FormatId,
  layout: Layout,
  log?: OpenOptions['log'],
): Promise<Uint8Array> {
  if (output !== file.format.id) {
    refuseToConvert(file, output)
    return (await loadFormat(output)).print(file.plain, layout)
  }
  if (wantsFresh(file.format, file.parsed, layout, true)) return file.format.print(file.plain, layout)
  const { bytes, reprints } = file.format.rewrite(file.parsed, file.plain, layout)
  warnOfReprints(reprints, log)
  return bytes
}

/**
 * A source keeps its layout unless a flag asks for another, or .sops.yaml does and the source has none of its own, being exactly what the
 * reference prints by default.
 */
function wantsFresh(format: Format, parsed: Parsed, layout: Layout, encrypted: boolean): boolean {
  if (layout.indent === undefined) return false
  if (layout.fresh === true) return true
  const same = { encrypted }
  return Buffer.compare(format.print(parsed.tree, same), format.rewrite(parsed, parsed.tree, same).bytes) === 0
}

const checking = 'checking what was encrypted'

/** Bytes of an encrypted text from which reading it takes about a second. */
const longText = 2 ** 22

/** What is sealed, and the text it came from. */
export interface SealInput {
  readonly format: Format
  readonly parsed: Parsed
  /** Plain tree, derived from `parsed.tree`. */
  readonly plain: Tree
  readonly metadata: Metadata
  readonly dataKey: Uint8Array
  readonly selection: Selection
  /** From opening an earlier version: unchanged values keep their ciphertext. */
  readonly stash?: Stash
  /** Settings may turn encrypted values into clear ones: the caller checks `SealOutput.clear`, or accepts that. */
  readonly allowCleartext?: boolean | undefined
  readonly watch?: Watch | undefined
}

/** A sealed file: its text (`bytes`) and tree, with how many of its `leaves` are `encrypted`. */
export interface SealOutput {
  readonly bytes: Uint8Array
  readonly tree: Tree
  readonly encrypted: number
  readonly leaves: number
  /** Places where the text had to be respelled for the reference to read it. */
  readonly places: readonly Respelling[]
  /** What of the source text was printed anew although nobody asked for that. */
  readonly reprints?: readonly Reprint[]
  /** What is clear but was not in the earlier version; empty for a new file. */
  readonly clear: readonly ClearPlace[]
  /** The text was printed afresh, not spliced into the source text. */
  readonly fresh: boolean
  /** What encryption lost of the source text's spelling; undefined for a fresh text, which keeps none of it. */
  readonly losses: Losses | undefined
}

/**
 * Encrypts the tree under `dataKey`, stamps and MACs it, and writes it in `output`: spliced into the source text if that has the same
 * format, else printed afresh. `metadataTexts` may give the exact texts and places of metadata entries, by document.
 * @throws SopsError `generic` when a later document of the source has another sops block; `cannot-encrypt-tree`, `cannot-encrypt-mac` or
 * `cannot-emit`, also when the result could not be opened again; `cleartext` when a setting of the file makes clear what was encrypted.
 */
export function sealFile(
  input: SealInput,
  output: Format,
  now: Date,
  layout: Layout,
  metadataTexts?: (metadata: Metadata) => readonly (readonly MetadataText[])[],
): SealOutput {
  const { dataKey, selection, metadata, parsed, watch } = input
  const same = output.id === input.format.id
  const sealed = seal(same ? input.plain : asReadBack(input.plain, output, selection), {
    dataKey,
    selection,
    macOnlyEncrypted: metadata.macOnlyEncrypted,
    watch,
    ...(input.stash ? { stash: input.stash } : {}),
  })
  const clear = input.stash ? newlyClear(input.stash, input.plain, selection) : []
  checkCleartext({ plain: input.plain, settings: metadata.selection, selection, clear }, input)
  const lastModified = secondsText(now)
  const stamped = { ...metadata, lastModified, mac: sealMac(sealed.mac, lastModified, dataKey) }
  const bare = withMetadata(sealed.tree, stamped, output.metadata, same ? parsed.tree : undefined)
  const tree = metadataTexts ? withTexts(bare, metadataTexts(stamped), output.metadata) : bare
  const encrypted = { ...layout, encrypted: true }
  const fresh = !same || wantsFresh(output, parsed, layout, input.stash !== undefined)
  const print = (): Rewritten => ({ bytes: output.print(bare, encrypted) })
  const { bytes, losses, reprints } = marshalled(() => (fresh ? print() : output.rewrite(parsed, tree, encrypted)))
  const counts = { encrypted: sealed.encrypted, leaves: sealed.leaves }
  const written = { tree, ...counts, clear, fresh, losses, ...(reprints ? { reprints } : {}) }
  // A payload is one string in a text that is always printed alike, so there is nothing to respell or to check.
  if (output.id === 'binary') return { bytes, ...written, places: [] }
  watch?.({ what: checking, long: bytes.length >= longText })
  const settle = (some: Uint8Array, meant?: Tree): Settled => settled({ text: some, meant }, output, sealed, input)
  let text = settle(bytes, tree)
  const { problem } = text
  if (same && problem !== undefined) text = settle(output.print(withHeads(bare), encrypted))
  if (text.problem !== undefined) refuse(text.problem)
  const wanted = { tree: sealed.tree, metadata: stamped, selection, encrypted: sealed.encrypted }
  checkReadsBack(text.read, wanted, same ? undefined : withoutComments(output, selection))
  const reprinted = problem === undefined ? {} : { reprints: [{ why: problem }] }
  return { bytes: text.bytes, ...written, ...reprinted, places: text.places }
}

/** A hint for when the other format may select other values. */
const withoutComments = (output: Format, { commentRules }: Selection): string | undefined =>
  output.id === 'json' && commentRules.length > 0
    ? 'comments say what is encrypted here, and json has none: keep the format, or choose by the names of keys'
    : undefined

/** Starts a refusal to print with the reference's words. */
function marshalled<T>(print: () => T): T {
  try {
    return print()
  } catch (error) {
    if (!(error instanceof SopsError) || error.code !== 'cannot-emit') throw error
    throw cannotMarshal(error.message, error)
  }
}

const cannotMarshal = (reason: string, cause?: SopsError): SopsError =>
  new SopsError('cannot-emit', `Could not marshal tree: ${reason}`, cause && { hints: cause.hints, cause })

interface Settled extends Respelt {
  readonly read: ReadBack
  readonly problem: string | undefined
}

/** Rounds to let comments settle that change each other's places. */
const maximumRounds = 4

const isSettled = ({ tree, problem }: ReturnType<ReturnType<typeof settling>['settle']>): boolean =>
  tree === undefined && problem === undefined

/** A sealed text, and the tree that it was made from where that may be what it says. */
interface Unsettled {
  readonly text: Uint8Array
  readonly meant: Tree | undefined
}

/** The text in a form that the reference reads too, every comment sealed for the place where it is read (cipher/comments.ts). */
function settled({ text, meant }: Unsettled, output: Format, { comments }: SealedTree, input: SealInput): Settled {
  // In the line-based formats a comment is a line of its own: no value can take it along.
  const keepsComments = output.id === input.format.id && output.id === 'yaml'
  const from = output.id === input.format.id ? input.parsed : undefined
  const had = input.stash?.leaves.some(({ type }) => type === 'comment') === true
  const hasComments = comments.length > 0 || had
  const reading = { from, progress: readingProgress(checking, text, input.watch) }
  const same = meant && readsAs(meant, text, output, reading)
  // Comments that have to be sealed again are put into a text that was parsed.
  if (same && (!hasComments || isSettled(settling(comments, input).settle(same.tree))))
    return { bytes: text, read: same, places: [], problem: undefined }
  let { bytes, read, places } = forEveryReader(text, output, input.selection, reading)
  if (!hasComments) return { bytes, read, places, problem: undefined }
  const lost = keepsComments ? lostComment(read.tree, comments, input.selection) : undefined
  const { settle } = settling(comments, input)
  for (let round = 0; ; round++) {
    const { tree, problem } = settle(read.tree)
    if (tree === undefined || problem !== undefined) return { bytes, read, places, problem: problem ?? lost }
    if (round === maximumRounds) return { bytes, read, places, problem: 'its comments would have no place to stay' }
    const next = withMetadata(tree, read.metadata, output.metadata, read.parsed.tree)
    bytes = output.rewrite(read.parsed, next, { encrypted: true }).bytes
    read = readBack(bytes, output, reading)
  }
}

/** @throws SopsError `cannot-emit` when there are more documents than the format holds. */
export function refuseDocuments({ documents }: Tree, output: Format): void {
  if (output.id === 'yaml' || documents.length <= 1) return
  const reason = `${output.id} holds one document, the input has ${documents.length}`
  throw cannotMarshal(reason)
}

/**
 * The tree as the output format will read it back, which is what the MAC must cover: text formats turn clear values into text.
 * @throws SopsError `cannot-emit` for what could never be decrypted again (spec/format.md 14, rows 8 and 17).
 */
function asReadBack(tree: Tree, output: Format, selection: Selection): Tree {
  const refuse = (reason: string): never => {
    throw cannotMarshal(reason)
  }
  refuseDocuments(tree, output)
  const { clearText } = output
  if (!clearText) return tree
  const path: string[] = []
  return walk(
    tree,
    selection,
    {
      leaf: (leaf, _aad, selected) => {
        if (leaf.value === null) return refuse(`${output.id} has no null; offending key ${path.at(-1)}`)
        return selected || typeof leaf.value === 'string' ? leaf : { kind: 'leaf', value: clearText(leaf.value) }
      },
      comment: (comment) => comment,
    },
    path,
  )
}
