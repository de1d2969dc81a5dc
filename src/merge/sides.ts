// The versions that are merged, each read and opened with whatever opens any of them.
import { tokenStart } from '../cipher/index.ts'
import { SopsError } from '../errors.ts'
import {
  type EncryptedFile,
  loadEncrypted,
  type OpenFile,
  type OpenOptions,
  openFile,
  openFileWith,
} from '../file/index.ts'
import { type Format, type FormatId, loadFormat, type Parsed, sniffFormat } from '../formats/index.ts'
import type { Tree } from '../tree/tree.ts'
import type { Side } from './nodes.ts'

/** Three versions of a file. */
export interface MergeVersions {
  /** Absent or empty where the file is new on both sides. */
  readonly base?: Uint8Array | undefined
  readonly ours: Uint8Array
  readonly theirs: Uint8Array
}

/** A version that can be read: in clear, or opened. */
export interface ReadSide {
  readonly format: Format
  readonly parsed: Parsed
  readonly plain: Tree
  /** Absent where it is not encrypted. */
  readonly file?: OpenFile
}

export type Sides<T> = Readonly<Record<'ours' | 'theirs', T>> & { readonly base?: T }

/** Why versions cannot be merged value by value. */
export interface Apart {
  readonly side?: Side
  /** Behind the name of the side. */
  readonly reason: string
  readonly cause?: SopsError
}

/** The versions as they were found. */
type OpenedSides =
  | { readonly kind: 'open'; readonly sides: Sides<ReadSide>; readonly close: () => void }
  | { readonly kind: 'closed'; readonly sides: Sides<EncryptedFile>; readonly cause: SopsError }
  | { readonly kind: 'apart'; readonly why: Apart }

type Loaded = { readonly format: Format; readonly parsed: Parsed; readonly plain: Tree } | EncryptedFile

const isFile = (side: Loaded): side is EncryptedFile => 'metadata' in side

/** A file that was cut off, or lost its metadata, is no plaintext. */
const withoutMetadata = (): SopsError =>
  new SopsError('bad-input', 'it has encrypted values, but no metadata', {
    hints: ['it was cut off, or merged as text: take an earlier version of it, which is whole'],
  })

async function loadSide(bytes: Uint8Array, format: FormatId): Promise<Loaded> {
  const sniffed = sniffFormat(bytes)
  if (sniffed !== undefined) return loadEncrypted(bytes, sniffed)
  if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(tokenStart)) throw withoutMetadata()
  const own = await loadFormat(format)
  const parsed = own.parse(bytes)
  return { format: own, parsed, plain: parsed.tree }
}

/** A failure to read or to open one of the versions. */
class SideFailure extends Error {
  readonly side: Side
  readonly failure: SopsError
  constructor(side: Side, failure: SopsError) {
    super(failure.message)
    this.side = side
    this.failure = failure
  }
}

const about = async <T>(side: Side, work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw error instanceof SopsError ? new SideFailure(side, error) : error
  })

/**
 * Reads and opens the versions. One that no key opens may share the data key of another: a recipient that is new on one side reads both.
 * @param format of versions that are not encrypted.
 */
export async function openSides(versions: MergeVersions, format: FormatId, options: OpenOptions): Promise<OpenedSides> {
  const names: readonly Side[] = versions.base?.length ? ['base', 'ours', 'theirs'] : ['ours', 'theirs']
  const opened = new Map<Side, OpenFile>()
  const close = (): void => {
    for (const { dataKey } of opened.values()) dataKey.fill(0)
  }
  try {
    const loaded = new Map<Side, Loaded>()
    for (const side of names) loaded.set(side, await about(side, loadSide(versions[side]!, format)))
    const closed = await openAll(loaded, opened, options)
    const [first] = closed
    if (first && opened.size > 0) throw new SideFailure(first[0], first[1])
    if (first && [...loaded.values()].every(isFile)) {
      return { kind: 'closed', sides: Object.fromEntries(loaded) as unknown as Sides<EncryptedFile>, cause: first[1] }
    }
    if (first) throw new SideFailure(first[0], first[1])
    const sides = Object.fromEntries([...loaded].map(([side, one]) => [side, readSide(one, opened.get(side))]))
    return { kind: 'open', sides: sides as unknown as Sides<ReadSide>, close }
  } catch (error) {
    close()
    if (!(error instanceof SideFailure)) throw error
    return { kind: 'apart', why: { side: error.side, ...reasonOf(error.failure) } }
  }
}

function readSide(side: Loaded, file: OpenFile | undefined): ReadSide {
  if (file) return { format: file.format, parsed: file.parsed, plain: file.plain, file }
  return side as Exclude<Loaded, EncryptedFile>
}

/**
 * Opens what it can; the others are given back with what was in the way. Ours comes first, and whatever its data key opens is opened with that:
 * what another branch names as recipients is asked only where it must be.
 */
async function openAll(
  loaded: ReadonlyMap<Side, Loaded>,
  opened: Map<Side, OpenFile>,
  options: OpenOptions,
): Promise<[Side, SopsError][]> {
  const { compare: _, ...own } = options
  const closed: [Side, EncryptedFile, SopsError][] = []
  for (const side of ['ours', 'base', 'theirs'] as const) {
    const file = loaded.get(side)
    if (file === undefined || !isFile(file)) continue
    const known = await openWithAny(side, file, [...opened.values()], own)
    const found = known ?? (await openOrWhy(side, file, own))
    if (!(found instanceof SopsError)) opened.set(side, found)
    else closed.push([side, file, found])
  }
  const stillClosed: [Side, SopsError][] = []
  for (const [side, file, why] of closed) {
    const found = await openWithAny(side, file, [...opened.values()], own)
    if (found) opened.set(side, found)
    else stillClosed.push([side, why])
  }
  return stillClosed
}

/** The open file, or why no key opens it. */
async function openOrWhy(side: Side, file: EncryptedFile, options: OpenOptions): Promise<OpenFile | SopsError> {
  try {
    return await openFile(file, options)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    if (error.code !== 'no-data-key') throw new SideFailure(side, error)
    return error
  }
}

async function openWithAny(
  side: Side,
  file: EncryptedFile,
  known: readonly OpenFile[],
  options: OpenOptions,
): Promise<OpenFile | undefined> {
  for (const { dataKey } of known) {
    const own = Uint8Array.from(dataKey)
    try {
      return await openFileWith(file, own, options)
    } catch (error) {
      own.fill(0)
      if (!(error instanceof SopsError)) throw error
      if (error.code === 'mac-mismatch') throw new SideFailure(side, error)
    }
  }
  return undefined
}

function reasonOf(cause: SopsError): Omit<Apart, 'side'> {
  if (cause.code === 'mac-mismatch')
    return { reason: 'has a MAC that does not match: it was changed without its key', cause }
  if (cause.code === 'no-data-key') return { reason: 'is opened by no key at hand', cause }
  return { reason: `cannot be read: ${cause.message.split('\n', 1)[0]}`, cause }
}
