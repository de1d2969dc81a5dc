// The sops block: lifted out of a tree as a record, and put back with as little change as possible (spec/format.md 6).

import { encryptHint, SopsError, withHints } from '../errors.ts'
import type { Comment, Entry, MapNode, Origin, Tree } from '../tree/tree.ts'
import { blockEntries, findBlock, flatPrefix, isReserved, reserved, withoutBlocks } from './block.ts'
import { flatten } from './flatten.ts'
import { mergeFlat, mergeNode } from './merge.ts'
import { type OtherDocument, otherDocuments, refuseOthers, splitHints } from './others.ts'
import { readMetadata } from './read.ts'
import type { Metadata, MetadataPlacement } from './types.ts'
import { blockOf } from './write.ts'

export type { Metadata, MetadataPlacement } from './types.ts'

/** The number, counted from 1, of the first document of plain data that has an entry where the metadata goes; 0 = none (spec/format.md 6.7). */
export const reservedIn = (tree: Tree, placement: MetadataPlacement): number =>
  tree.documents.findIndex((document) => blockEntries(document, placement).length > 0) + 1

interface TakeOptions {
  /** An empty mapping counts as no metadata at all: JSON and binary, not YAML. */
  readonly emptyIsAbsent?: boolean
}

/** A file's metadata, its data without the block, and the later documents that do not have the same block. */
interface Taken {
  readonly metadata: Metadata
  readonly tree: Tree
  readonly others: readonly OtherDocument[]
}

/**
 * The metadata of a file, which is that of its first document, and its data without the block.
 * @throws SopsError `generic`: `sops metadata not found`, or what is wrong with it, in the order of spec/format.md 6.5.
 */
export function takeMetadata(tree: Tree, placement: MetadataPlacement, options: TakeOptions = {}): Taken {
  const block = findBlock(tree.documents[0], placement)
  if (block === undefined || (options.emptyIsAbsent === true && block.items.every((item) => item.kind === 'comment'))) {
    throw new SopsError('generic', 'sops metadata not found', {
      hints: notFoundHints(tree, placement),
      details: { fault: 'no metadata' },
    })
  }
  const metadata = readBlock(block)
  return { metadata, tree: withoutBlocks(tree, placement), others: otherDocuments(tree, placement, metadata) }
}

/** Nothing but a hand or a merge makes metadata that cannot be read. */
function readBlock(block: MapNode): Metadata {
  try {
    return readMetadata(block)
  } catch (error) {
    if (!(error instanceof SopsError) || error.hints.length > 0) throw error
    throw withHints(error, [
      'the metadata was changed without sops: take it from the version that opened last (git log -p -- FILE)',
    ])
  }
}

function notFoundHints(tree: Tree, placement: MetadataPlacement): readonly string[] {
  const number = reservedIn(tree, placement)
  return number > 1
    ? [
        `document ${number} has a sops block, but document 1 is clear text, and the metadata is read there`,
        ...splitHints,
      ]
    : ['the file is not encrypted, or its metadata was removed', encryptHint]
}

/**
 * Data with its metadata: every document gets the block, at its end. With `previous` (the tree the block was lifted from) entries stand
 * where they stood and what says the same stays the very same node, unknown fields included.
 * @throws SopsError `generic` when a block in `previous` is not that of its first document: what it says would be lost.
 */
export function withMetadata(tree: Tree, metadata: Metadata, placement: MetadataPlacement, previous?: Tree): Tree {
  if (previous !== undefined && previous.documents.length > 1) refuseOthers(otherDocuments(previous, placement))
  const block = blockOf(metadata)
  const documents = tree.documents.map((document, at) => {
    const before = previous?.documents[at]
    const olds = blockEntries(before, placement)
    return insert(document, before, reservedEntries(block, placement, olds), placement)
  })
  return { documents }
}

function reservedEntries(block: MapNode, placement: MetadataPlacement, olds: readonly Entry[]): Entry[] {
  if (placement === 'flat') {
    return mergeFlat(olds, flatEntries(block, flatPrefix), flatPrefix).filter((item) => item.kind === 'entry')
  }
  const old = olds[0]
  const oldMap = old?.value.kind === 'map' ? old.value : undefined
  if (placement === 'nested') {
    if (old === undefined) return [{ kind: 'entry', key: reserved, value: block }]
    const value = mergeNode(old.value, block)
    return [value === old.value ? old : { ...old, value }]
  }
  const fresh = flatEntries(block, '').map(escapedEntry)
  if (old === undefined || oldMap === undefined)
    return [{ kind: 'entry', key: reserved, value: { kind: 'map', items: fresh } }]
  const items = mergeFlat(oldMap.items, fresh, '')
  const same = items.length === oldMap.items.length && items.every((item, i) => item === oldMap.items[i])
  return [same ? old : { ...old, value: { ...oldMap, items } }]
}

const flatEntries = (block: MapNode, prefix: string): Entry[] =>
  flatten(block).map(([name, value]) => ({ kind: 'entry', key: prefix + name, value: { kind: 'leaf', value } }))

/** INI keeps line breaks of metadata as two characters (spec/format.md 6.4). */
function escapedEntry(entry: Entry): Entry {
  if (entry.value.kind !== 'leaf' || typeof entry.value.value !== 'string' || !entry.value.value.includes('\n'))
    return entry
  return { ...entry, value: { kind: 'leaf', value: entry.value.value.replaceAll('\n', '\\n') } }
}

/** The document with the entries where the block stood: before the first item that followed it and is still there, else at the end. */
function insert(
  document: MapNode,
  before: MapNode | undefined,
  entries: readonly Entry[],
  placement: MetadataPlacement,
): MapNode {
  const items = [...document.items]
  if (entries.every(({ origin }) => origin === undefined)) return { ...document, items: [...items, ...entries] }
  const places = new Map(items.map((item, at) => [item.origin, at] as const))
  places.delete(undefined)
  const old = before?.items ?? []
  // For each old item, the place of the first of those from it on that is still there and no metadata.
  const following: number[] = [items.length]
  const stood = new Map<Origin, number>()
  for (let i = old.length - 1; i >= 0; i--) {
    const item = old[i]!
    const at = isReserved(item, placement) ? undefined : places.get(item.origin)
    following[old.length - i] = at ?? following[old.length - i - 1]!
    if (item.origin !== undefined) stood.set(item.origin, i)
  }
  // Flat entries may stand scattered: each keeps its own place.
  const groups = new Map<number, Entry[]>()
  let target = items.length
  for (const entry of entries) {
    const at = entry.origin && stood.get(entry.origin)
    if (at !== undefined) target = following[old.length - at - 1]!
    const group = groups.get(target)
    if (group === undefined) groups.set(target, [entry])
    else group.push(entry)
  }
  const result: (Entry | Comment)[] = []
  for (let at = 0; at <= items.length; at++) {
    for (const entry of groups.get(at) ?? []) result.push(entry)
    if (at < items.length) result.push(items[at]!)
  }
  return { ...document, items: result }
}
