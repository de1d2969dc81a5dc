// Reads a sealed text back before it replaces anything: a file that would not open again must not be written.

import type { Selection } from '../cipher/index.ts'
import {
  isEncrypted,
  misplacedComment,
  orDefault,
  type PlacedComment,
  selectionSettings,
  walk,
} from '../cipher/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import type { Format, FormatParseOptions, Parsed, ReadingShare, Respelt } from '../formats/index.ts'
import { labelOf } from '../keys/index.ts'
import { type Metadata, type OtherDocument, othersText, takeMetadata } from '../metadata/index.ts'
import { canonical } from '../tree/scalar.ts'
import type { Tree, Value } from '../tree/tree.ts'

/** What the text must say when it is read back: `tree` is sealed and without metadata. */
export interface Expected {
  readonly tree: Tree
  readonly metadata: Metadata
  readonly selection: Selection
  /** How many of its leaves are encrypted; absent for a tree that is as it was read, and may hold anything. */
  readonly encrypted?: number
  /** Comments with the places they were sealed for; absent if `Settling` has taken care of them. */
  readonly comments?: readonly PlacedComment[]
}

/** What a text says. */
export interface ReadBack {
  readonly tree: Tree
  readonly metadata: Metadata
  /** Documents whose metadata is not that of the first. */
  readonly others: readonly OtherDocument[]
}

/** With the text that says it. */
interface ReadText extends ReadBack {
  readonly parsed: Parsed
}

/** How a text is read back. */
interface Reading {
  /** What the text was made from: it is read in the same way. */
  readonly from?: Parsed | undefined
  /** Told how far it is. */
  readonly progress?: ReadingShare | undefined
}

const optionsOf = (format: Format, { from, progress }: Reading): FormatParseOptions => ({
  encrypted: true,
  literal: from !== undefined && format.reading?.(from) === 'literal',
  progress,
})

/**
 * @throws SopsError `cannot-emit` for a text that does not parse, or has no metadata.
 */
export function readBack(bytes: Uint8Array, format: Format, reading: Reading = {}): ReadText {
  try {
    const parsed = format.parse(bytes, optionsOf(format, reading))
    return { parsed, ...takeMetadata(parsed.tree, format.metadata) }
  } catch (error) {
    return refuse(messageOf(error))
  }
}

/** What `readBack` gives where the text says exactly `meant`, which has the metadata in it; undefined where the format does not tell. */
export function readsAs(meant: Tree, bytes: Uint8Array, format: Format, reading: Reading = {}): ReadBack | undefined {
  try {
    return format.says?.(bytes, meant, optionsOf(format, reading)) ? takeMetadata(meant, format.metadata) : undefined
  } catch (error) {
    return refuse(messageOf(error))
  }
}

/**
 * The sealed text in a form that every reader reads alike: what the reference would refuse or misread is spelled in another way.
 * @throws SopsError `cannot-emit` as `readBack`.
 */
export function forEveryReader(
  bytes: Uint8Array,
  format: Format,
  selection: Selection,
  reading: Reading = {},
): Respelt & { readonly read: ReadText } {
  const read = readBack(bytes, format, reading)
  const respelt = format.respell?.(read.parsed, selection)
  return respelt ? { ...respelt, read: readBack(respelt.bytes, format, reading) } : { bytes, places: [], read }
}

/**
 * Refuses a text that could not be opened: one that does not parse, or whose metadata, values, keys or order are not those that were
 * sealed. Of comments, which no MAC covers, only the places are compared: at another place a comment could never be decrypted. Decrypts
 * nothing.
 * @param known a known cause of such a text, for the user.
 * @throws SopsError `cannot-emit`.
 */
export function checkReadsBack(read: ReadBack, sealed: Expected, known?: string): void {
  const problem = problemOf(read, sealed)
  if (problem !== undefined) refuse(problem, known)
}

function problemOf({ tree, metadata, others }: ReadBack, sealed: Expected): string | undefined {
  try {
    return (
      (others.length > 0 ? othersText(others) : undefined) ??
      differentMetadata(metadata, sealed.metadata) ??
      differentLeaf(tree, sealed) ??
      misplacedComment(tree, sealed.comments ?? [], sealed.selection)
    )
  } catch (error) {
    return messageOf(error)
  }
}

export function refuse(
  problem: string,
  known = 'this is a defect of sops: a simpler layout of the file may avoid it',
): never {
  throw new SopsError('cannot-emit', `the encrypted file could not be opened again: ${problem}`, {
    hints: ['nothing was written', known],
  })
}

function differentMetadata(read: Metadata, wanted: Metadata): string | undefined {
  if (read.mac !== wanted.mac || read.lastModified !== wanted.lastModified || read.version !== wanted.version)
    return 'its metadata would be lost'
  if (recipients(read) !== recipients(wanted)) return 'its recipients would be others'
  const [found, meant] = [orDefault(read.selection), orDefault(wanted.selection)]
  const same =
    read.macOnlyEncrypted === wanted.macOnlyEncrypted &&
    selectionSettings.every(({ name }) => (found[name] || '') === (meant[name] || ''))
  return same ? undefined : 'its settings would be others'
}

/** Who can open the file, with what is wrapped for each. A file keeps no order among the keys of different types in a group. */
function recipients({ keyGroups, shamirThreshold }: Metadata): string {
  const groups = keyGroups.map(({ keys }) => keys.map((key) => [key.type, labelOf(key), key.enc].join(' ')).sort())
  return JSON.stringify(keyGroups.length > 1 ? [shamirThreshold, ...groups] : groups)
}

function differentLeaf(tree: Tree, { tree: wanted, selection, encrypted }: Expected): string | undefined {
  const places: string[] = []
  const texts: (string | Uint8Array | null)[] = []
  let selectedBefore = 0
  const isSame = hasSameItems(tree, wanted)
  if (!isSame || encrypted === undefined) {
    eachLeaf(wanted, selection, (aad, text, selected) => {
      places.push(aad)
      texts.push(text)
      if (selected) selectedBefore++
    })
  }
  let at = 0
  let count = 0
  let problem: string | undefined
  eachLeaf(tree, selection, (aad, text, selected) => {
    const i = at++
    if (selected) count++
    if (problem !== undefined) return
    if (!isSame && aad !== places[i]) problem = `${aad.slice(0, -1)} would stand in another place`
    else if (!isSame && !same(text, texts[i] ?? null)) problem = `${aad.slice(0, -1)} would have another value`
    else if (encrypted !== undefined && selected && (typeof text !== 'string' || !isEncrypted(text)))
      problem = `${aad.slice(0, -1)} would be in clear`
  })
  if (problem !== undefined) return problem
  if (!isSame && at !== places.length) return 'values would be lost'
  return count === (encrypted ?? selectedBefore) ? undefined : 'encrypted values would be taken for clear ones'
}

/** The very same nodes: what was read back was compared when it was read (`readsAs`). */
const hasSameItems = (a: Tree, b: Tree): boolean =>
  a.documents.length === b.documents.length &&
  a.documents.every(({ items }, i) => {
    const others = b.documents[i]!.items
    return items.length === others.length && items.every((item, j) => item === others[j])
  })

function same(a: string | Uint8Array | null, b: string | Uint8Array | null): boolean {
  if (a === b) return true
  if (a === null || b === null || (typeof a === 'string' && typeof b === 'string')) return false
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0
}

/** The leaves as the text that the MAC covers; a null has none. Encrypted comments in lists are stored as strings, but are not leaves. */
function eachLeaf(
  tree: Tree,
  selection: Selection,
  use: (aad: string, text: string | Uint8Array | null, selected: boolean) => void,
): void {
  walk(
    tree,
    selection,
    {
      leaf(leaf, aad, selected) {
        const text = textOf(leaf.value)
        const isComment = selected && typeof text === 'string' && text.endsWith(',type:comment]')
        // Empty values are never encrypted.
        if (!isComment) use(aad, text, selected && text !== null && text.length > 0)
        return leaf
      },
      comment: (comment) => comment,
    },
    [],
  )
}

const textOf = (value: Value): string | Uint8Array | null =>
  value === null || value instanceof Uint8Array ? value : canonical(value)
