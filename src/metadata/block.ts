// Where a document has its sops block, and what it says as a nested map (spec/format.md 6.3, 6.4).

import { SopsError, withHints } from '../errors.ts'
import type { Comment, Entry, MapNode, Tree, Value } from '../tree/tree.ts'
import { unflatten } from './flatten.ts'
import type { MetadataPlacement } from './types.ts'

export const reserved = 'sops'
export const flatPrefix = 'sops_'

export const isReserved = (item: Entry | Comment, placement: MetadataPlacement): item is Entry =>
  item.kind === 'entry' &&
  item.keyType === undefined &&
  (placement === 'flat' ? item.key.startsWith(flatPrefix) : item.key === reserved)

export function blockEntries(document: MapNode | undefined, placement: MetadataPlacement): Entry[] {
  const found: Entry[] = []
  for (const item of document?.items ?? []) if (isReserved(item, placement)) found.push(item)
  return found
}

export function withoutBlocks(tree: Tree, placement: MetadataPlacement): Tree {
  const documents = tree.documents.map((document) => {
    const items: (Entry | Comment)[] = []
    for (const item of document.items) if (!isReserved(item, placement)) items.push(item)
    return items.length === document.items.length ? document : { ...document, items }
  })
  return { documents }
}

const joinedHints = [
  'the file has two sets of metadata: two encrypted files were joined',
  'an encrypted file usually ends with its metadata: save each, up to the end of its own, as a file of its own',
]

/**
 * The block as a nested map, whatever the placement; undefined where there is none.
 * @throws SopsError `generic` for one that is no mapping, and for two of them.
 */
export function findBlock(document: MapNode | undefined, placement: MetadataPlacement): MapNode | undefined {
  const entries = blockEntries(document, placement)
  if (placement === 'flat') {
    if (entries.length === 0) return undefined
    return nested(entries.map((entry) => [entry.key.slice(flatPrefix.length), flatValue(entry)] as const))
  }
  const [entry, second] = entries
  if (entry === undefined) return undefined
  if (second !== undefined) {
    throw new SopsError('generic', 'Found more than one sops entry', { hints: joinedHints })
  }
  if (entry.value.kind !== 'map')
    throw new SopsError('generic', 'Found sops entry that is not a mapping', {
      hints: ['the metadata of an encrypted file stands below the key sops: rename the key of plain data'],
    })
  if (placement === 'nested') return entry.value
  const keys = entry.value.items.filter((item) => item.kind === 'entry')
  if (keys.length === 0) return undefined
  return nested(keys.map((item) => [item.key, unescaped(flatValue(item))] as const))
}

function nested(items: Parameters<typeof unflatten>[0]): MapNode {
  try {
    return unflatten(items)
  } catch (error) {
    if (!(error instanceof SopsError) || error.details.fault !== 'value twice') throw error
    throw withHints(error, joinedHints)
  }
}

function flatValue(entry: Entry): Value {
  if (entry.value.kind === 'leaf') return entry.value.value
  throw new SopsError('generic', `metadata entry ${entry.key} is not a value`)
}

const unescaped = (value: Value): Value => (typeof value === 'string' ? value.replaceAll('\\n', '\n') : value)
