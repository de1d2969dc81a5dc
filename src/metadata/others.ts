// Documents after the first. Every one of a file has the same block, but only that of the first is read (spec/format.md 6.5): one that
// says something else comes from another file, or from another version of this one, and what it says must not be written over.

import { SopsError } from '../errors.ts'
import type { MasterKey } from '../keys/index.ts'
import { toSeconds } from '../tree/time.ts'
import { type MapNode, sameNode, type Tree } from '../tree/tree.ts'
import { blockEntries, findBlock } from './block.ts'
import { readMetadata } from './read.ts'
import type { Metadata, MetadataPlacement } from './types.ts'
import { blockOf } from './write.ts'

/** A later document whose block is not that of the first. */
export interface OtherDocument {
  /** Counted from 1. */
  readonly number: number
  /** `missing` = a document with values and no block at all: nothing of it can be lost, but nothing says how it is encrypted. */
  readonly block: 'different' | 'missing'
  /** Goes on after `document 2 `. */
  readonly reason: string
}

/** How to separate documents that do not belong together. */
export const splitHints: readonly string[] = [
  'documents of different files were joined: save each, from one line --- to the next, as a file of its own',
  `for example: awk '/^---[ \\t\\r]*$/ { n++; next } { print > ("part" n + 1 ".yaml") }' FILE`,
]

/** `first` is what the first document's block says; it is read from the tree if left out. */
export function otherDocuments(tree: Tree, placement: MetadataPlacement, first?: Metadata): OtherDocument[] {
  const [document, ...later] = tree.documents
  if (later.length === 0) return []
  const block = blockEntries(document, placement).length > 0 ? findBlock(document, placement) : undefined
  const differs = block && differenceFrom(first ?? readMetadata(block))
  return later.flatMap((other, at): OtherDocument[] => {
    const found = compare(other, placement, block, differs)
    return found === undefined ? [] : [{ number: at + 2, ...found }]
  })
}

type Finding = Omit<OtherDocument, 'number'> | undefined

const different = (reason: string): Finding => ({ block: 'different', reason })

function compare(
  document: MapNode,
  placement: MetadataPlacement,
  block: MapNode | undefined,
  differs: ((own: Metadata) => Finding) | undefined,
): Finding {
  const entries = blockEntries(document, placement)
  const [entry] = entries
  if (entry === undefined) {
    const isEmpty = differs === undefined || document.items.every((item) => item.kind === 'comment')
    return isEmpty ? undefined : { block: 'missing', reason: 'has no sops block' }
  }
  if (entries.length === 1 && block !== undefined && sameNode(entry.value, block)) return undefined
  let own: Metadata
  try {
    own = readMetadata(findBlock(document, placement)!)
  } catch {
    return different('has an entry sops that is no metadata')
  }
  return differs ? differs(own) : different('has a sops block, and document 1 has none')
}

/** Ignored in a comparison. */
const nothing: Partial<Metadata> = {}
const stamp: Partial<Metadata> = { mac: '', lastModified: '', version: '' }
const stampAndSettings: Partial<Metadata> = { ...stamp, selection: {}, macOnlyEncrypted: false }
const stampAndKeys: Partial<Metadata> = { ...stamp, keyGroups: [], shamirThreshold: 0 }

/** Compares by meaning: order, white space and spelling do not count. The first block is prepared once for all comparisons. */
function differenceFrom(metadata: Metadata): (own: Metadata) => Finding {
  const blocks = new Map<Partial<Metadata>, MapNode>()
  let first: Metadata | undefined
  const firstWithout = (common: Partial<Metadata>): MapNode => {
    first ??= normal(metadata)
    const block = blocks.get(common) ?? blockOf({ ...first, ...common })
    blocks.set(common, block)
    return block
  }
  return (other) => {
    const own = normal(other)
    const differs = (common: Partial<Metadata>): boolean =>
      !sameNode(blockOf({ ...own, ...common }), firstWithout(common))
    if (!differs(nothing)) return undefined
    if (differs(stampAndSettings)) {
      return different('has the sops block of another file: its recipients or its data key are not those of document 1')
    }
    return differs(stampAndKeys)
      ? different('has other settings in its sops block than document 1')
      : different('has the sops block of another version: its MAC or date is not that of document 1')
  }
}

const textOf = (key: MasterKey): string => JSON.stringify([key.type, Object.entries(key.fields).sort(), key.enc])

function normal(metadata: Metadata): Metadata {
  const keyGroups = metadata.keyGroups.map(({ keys }) => ({
    keys: keys
      .map((key) => ({ ...key, enc: key.enc.replace(/\s+/g, '') }))
      .sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1)),
  }))
  return {
    ...metadata,
    keyGroups,
    shamirThreshold: keyGroups.length > 1 ? metadata.shamirThreshold : 0,
    lastModified: toSeconds(metadata.lastModified) ?? metadata.lastModified,
  }
}

/** `document 2 has …; document 3 has …`, the first few of them. */
export function othersText(others: readonly OtherDocument[]): string {
  const shown = others.slice(0, 3).map(({ number, reason }) => `document ${number} ${reason}`)
  return [...shown, ...(others.length > 3 ? [`and ${others.length - 3} more documents`] : [])].join('; ')
}

/**
 * Refuses to write the first document's metadata over what a later one says. `unopened`: nothing was decrypted, so nothing shows that
 * values without a block of their own belong to this one.
 * @throws SopsError `generic`.
 */
export function refuseOthers(others: readonly OtherDocument[], options: { readonly unopened?: boolean } = {}): void {
  const refused = others.filter(({ block }) => block === 'different' || options.unopened === true)
  if (refused.length === 0) return
  const isMissing = refused.every(({ block }) => block === 'missing')
  throw new SopsError('generic', `${othersText(refused)}. The metadata of document 1 is not written over it`, {
    hints: [
      ...(isMissing ? ['if it was encrypted with document 1: sops rotate -i opens both, and gives it the block'] : []),
      ...splitHints,
    ],
  })
}
