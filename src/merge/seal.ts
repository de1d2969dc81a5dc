// Seals a merged tree: on the text of ours, with the ciphertext that either side has for what did not change.
import { compileSelection, joinStashes, newlyClear, type Selection, type Stash } from '../cipher/index.ts'
import { SopsError } from '../errors.ts'
import { loadEncrypted, type OpenFile, openFileWith, parsePlain, sealDraft, sealFile } from '../file/index.ts'
import type { FormatId } from '../formats/index.ts'
import { type KeyService, refuseMixedKeys, wrapDataKey } from '../groups/index.ts'
import { identityOf } from '../keys/index.ts'
import type { Metadata } from '../metadata/index.ts'
import { sameData } from '../tree/data.ts'
import { formatPath } from '../tree/path.ts'
import { sameTree, type Tree } from '../tree/tree.ts'
import { holdersOf, type MergedMetadata, sameSettings } from './metadata.ts'
import type { MadeText } from './places.ts'
import type { MergeVersions, ReadSide, Sides } from './sides.ts'

/** What is sealed. */
interface Wanted {
  readonly tree: Tree
  readonly metadata: MergedMetadata
}

/** A sealed text, opened. */
type SealedText = MadeText & { readonly file: OpenFile }

/** Seals merged trees of some versions, all under one data key. */
interface Sealer {
  /** Of a tree that is that of a side, the bytes of that side. */
  seal(wanted: Wanted): Promise<Uint8Array>
  /** Two that differ in what was chosen alone: what is equal in both has the same text. */
  sealBoth(ours: Wanted, theirs: Wanted): Promise<{ readonly ours: SealedText; readonly theirs: SealedText }>
  /** The plaintext. */
  plain(wanted: Wanted): MadeText
  /** Seals a plaintext that was made from the merged one. */
  sealDraft(text: Uint8Array, wanted: Wanted): Promise<Uint8Array>
}

/** What a sealer works with. */
interface Sealing {
  readonly versions: MergeVersions
  readonly sides: Sides<ReadSide>
  readonly holders: readonly ('ours' | 'theirs')[]
  readonly dataKey: Uint8Array
  /** What the holders of the data key remember. */
  readonly stash: Stash
  readonly services: readonly KeyService[]
  readonly now: Date
  /** The bytes of a side are no version's, and nobody gets them back. */
  readonly isRebuilt: boolean
  /** By the recipients: wrapped once for all that is sealed. */
  readonly wrapped: Map<string, Promise<Metadata>>
}

/** @param services wrap the data key for recipients that one side alone has. */
export function sealerOf(
  versions: MergeVersions,
  sides: Sides<ReadSide>,
  { services, now, isRebuilt }: Pick<Sealing, 'services' | 'now' | 'isRebuilt'>,
): Sealer {
  const holders = holdersOf(sides)
  const files = holders.map((side) => sides[side].file!)
  const { dataKey } = files[0]!
  const { id } = sides.ours.format
  // How a value is written in another format is no text for this one.
  const stash = files
    .map((file): Stash => (file.format.id === id ? file.stash : { ...file.stash, tokenText: undefined }))
    .reduce(joinStashes)
  const all: Sealing = { versions, sides, holders, dataKey, stash, services, now, isRebuilt, wrapped: new Map() }
  return {
    seal: async (wanted) => sideThatIs(all, wanted) ?? (await sealed(all, wanted, stash)).bytes,
    sealBoth: async (one, other) => {
      const ours = await sealed(all, one, stash)
      return { ours, theirs: await sealed(all, other, joinStashes(ours.file.stash, stash)) }
    },
    plain: ({ tree }) => {
      const { format, parsed } = sides.ours
      const { bytes } = format.rewrite(parsed, tree)
      const read = format.parse(bytes, { earlier: tree })
      return { bytes, format, parsed: read, tree: read.tree }
    },
    sealDraft: async (text, wanted) => {
      const { file } = await sealed(all, wanted, stash)
      const { format } = file
      const draft = parsePlain(text, format, format, { earlier: file.plain })
      const own = { ...file, stash: joinStashes(file.stash, stash) }
      return (await sealDraft(own, draft, file.metadata, format, { now, layout: {} })).bytes
    },
  }
}

/** The bytes of a side that holds the merged data under the merged metadata already. */
function sideThatIs(
  { sides, holders, versions, isRebuilt }: Sealing,
  { tree, metadata }: Wanted,
): Uint8Array | undefined {
  if (isRebuilt) return undefined
  const side = holders.find((holder) => {
    const { file } = sides[holder]
    return (
      file?.format.id === sides.ours.format.id &&
      sameTree(sides[holder].plain, tree) &&
      sameSettings(file.metadata, metadata.metadata)
    )
  })
  return side && versions[side]
}

/** The data key for every recipient. @throws SopsError `generic`. */
function wrapFor(all: Sealing, { metadata, kept, isWhole }: MergedMetadata): Promise<Metadata> {
  const { keyGroups: groups, shamirThreshold } = metadata
  const id = JSON.stringify([shamirThreshold, groups.map(({ keys }) => keys.map(identityOf))])
  const known = all.wrapped.get(id)
  if (known) return known
  const wrap = async (): Promise<Metadata> => {
    const { dataKey, services } = all
    await refuseMixedKeys(groups.length === 1 ? [{ keys: [...kept] }] : [], services, { dataKey })
    const wrapped = await wrapDataKey(dataKey, groups, shamirThreshold, services, { keep: (key) => kept.has(key) })
    return { ...metadata, keyGroups: wrapped.groups, shamirThreshold: wrapped.threshold }
  }
  const made = isWhole ? Promise.resolve(metadata) : wrap()
  all.wrapped.set(id, made)
  return made
}

async function sealed(all: Sealing, { tree, metadata: merged }: Wanted, stash: Stash): Promise<SealedText> {
  const { sides, dataKey, now } = all
  const { format, parsed } = sides.ours
  const metadata = { ...merged.metadata, ...recipientsOf(await wrapFor(all, merged)) }
  const selection = await compileSelection(metadata.selection)
  refuseDisclosure(all, tree, selection)
  const input = { format, parsed, plain: tree, metadata, dataKey, selection, stash, allowCleartext: true }
  const { bytes } = sealFile(input, format, now, {})
  return openedAgain(bytes, format.id, dataKey, tree)
}

const recipientsOf = ({ keyGroups, shamirThreshold }: Metadata): Pick<Metadata, 'keyGroups' | 'shamirThreshold'> => ({
  keyGroups,
  shamirThreshold,
})

/** Nothing is written that does not open to what was meant. @throws SopsError `cannot-emit`. */
async function openedAgain(bytes: Uint8Array, id: FormatId, dataKey: Uint8Array, tree: Tree): Promise<SealedText> {
  const file = await openFileWith(await loadEncrypted(bytes, id), dataKey)
  const { documents } = file.plain
  const isSame =
    documents.length === tree.documents.length && documents.every((one, i) => sameData(one, tree.documents[i]))
  if (!isSame)
    throw new SopsError('cannot-emit', 'the merged file would not read back as it was merged', {
      hints: [
        'nothing is merged: take one side (git checkout --ours FILE), and make the changes of the other with sops edit',
      ],
    })
  return { bytes, file, format: file.format, parsed: file.parsed, tree: file.tree }
}

/**
 * A setting of one side must not bring to light what the other has encrypted: nothing authenticates the settings where no value is touched by them.
 * @throws SopsError `generic`.
 */
function refuseDisclosure({ sides }: Sealing, tree: Tree, selection: Selection): void {
  const files = [sides.ours.file, sides.theirs.file].filter((file) => file !== undefined)
  const [first, ...others] = files.map(({ stash }) => newlyClear(stash, tree, selection))
  const places = first!.filter(({ at }) => others.every((clear) => clear.some((place) => place.at === at)))
  const [place] = places
  if (place === undefined || files.length < 2) return
  throw new SopsError(
    'generic',
    `${formatPath(place.path)} would be in clear: one side encrypts it, and the other changed what is encrypted`,
    {
      hints: [
        'bring the settings below sops of both sides together first, with sops edit --show-master-keys or sops rotate',
      ],
    },
  )
}
