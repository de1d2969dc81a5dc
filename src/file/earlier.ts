// A new plaintext of a file of which there is an earlier encrypted version: encrypted over it, so that a diff shows what changed and no more.
import { givenSettings, isToken, orDefault, type Selection, walk } from '../cipher/index.ts'
import type { Layout } from '../formats/index.ts'
import {
  isChange,
  type KeyService,
  keepWrapped,
  keyChanges,
  newDataKey,
  refuseMixedKeys,
  type Wrapped,
  wipedAfter,
  wrapDataKey,
} from '../groups/index.ts'
import { identityOf, refuseBare } from '../keys/index.ts'
import type { Metadata } from '../metadata/index.ts'
import type { Leaf, Tree } from '../tree/tree.ts'
import type { EncryptionSettings } from './create.ts'
import { emitPlain, type SealOutput } from './encrypted-file.ts'
import { type Draft, sealDraft } from './plaintext.ts'
import type { OpenFile } from './types.ts'

/** What is said today of a file that was encrypted before. */
export interface SealOverOptions {
  /** What the creation rule selects. */
  readonly settings: Pick<EncryptionSettings, 'selection' | 'macOnlyEncrypted'>
  /** For whom it is encrypted, if not for the recipients of the earlier version. A threshold of 0 keeps that of the file. */
  readonly recipients?: Wrapped & { readonly services: readonly KeyService[] }
  readonly now: Date
  readonly layout: Layout
}

/** A file that was sealed over an earlier version. */
export interface SealedOver {
  readonly bytes: Uint8Array
  readonly metadata: Metadata
  /** How many encrypted values are those of the earlier version. */
  readonly kept: number
  /** The data key is new too, since a recipient of the earlier one has gone. */
  readonly isNewKey: boolean
  /** Absent where nothing changed: `bytes` are then those of the earlier version. */
  readonly sealed?: SealOutput & { readonly selection: Selection }
}

/**
 * Encrypts a plaintext over the earlier version of its file: data key, recipients, nonces and ciphertexts stay where nothing changed, and the
 * layout is that of the plaintext. Recipients that are new get the data key; where one goes, or groups change, the data key is new, and the
 * values keep their nonces. The text is read as one made from the earlier plaintext, whatever `draft` was parsed with.
 *
 * Undefined where the earlier version is none to go by, so that the file is encrypted afresh: it has another format or other settings, or its
 * documents have several sops blocks.
 * @throws SopsError `generic` when wrapping for a recipient fails, or entries open to different data keys; as `sealFile`, but for `cleartext`:
 * what the settings leave in clear is today's own choice.
 */
export async function sealOver(
  earlier: OpenFile,
  draft: Draft,
  { settings, recipients, now, layout }: SealOverOptions,
): Promise<SealedOver | undefined> {
  if (earlier.format.id !== draft.format.id || earlier.others.length > 0) return undefined
  if (!hasSettings(earlier.metadata, settings)) return undefined
  const { format } = earlier
  const text = format.rewrite(draft.parsed, draft.parsed.tree).bytes
  const isRewrapped = recipients !== undefined && isChange(changesTo(earlier.metadata, recipients))
  if (!isRewrapped && layout.fresh !== true && (await isPlaintextOf(earlier, text))) {
    const { bytes } = format.rewrite(earlier.parsed, earlier.parsed.tree, { encrypted: true })
    return {
      bytes,
      metadata: earlier.metadata,
      kept: storedIn(earlier.tree, earlier.selection).length,
      isNewKey: false,
    }
  }
  const parsed = format.parse(text, { earlier: earlier.plain })
  const own = { format, parsed, plain: parsed.tree, allowCleartext: true }
  const seal = async (file: OpenFile, metadata: Metadata): Promise<SealedOver> => {
    const sealed = await sealDraft(file, own, metadata, format, { now, layout })
    const before = new Set(storedIn(earlier.tree, earlier.selection))
    const kept = storedIn(sealed.tree, sealed.selection).filter((text) => before.has(text)).length
    return { bytes: sealed.bytes, metadata, kept, isNewKey: file !== earlier, sealed }
  }
  return isRewrapped ? withRewrapped(earlier, recipients, seal) : seal(earlier, earlier.metadata)
}

/** The encrypted values of a tree, as they are stored. */
function storedIn(tree: Tree, selection: Selection): readonly string[] {
  const found: string[] = []
  const leaf = (one: Leaf): Leaf => {
    if (typeof one.value === 'string' && isToken(one.value)) found.push(one.value)
    return one
  }
  walk(tree, selection, { leaf, comment: (comment) => comment }, [])
  return found
}

/** Absent settings mean the default one, and files of bare bytes have none. */
function hasSettings(metadata: Metadata, { selection, macOnlyEncrypted }: SealOverOptions['settings']): boolean {
  const [own, wanted] = [metadata.selection, selection].map((options) => {
    const all = orDefault(options)
    return JSON.stringify(givenSettings(all).map(({ name }) => [name, all[name]]))
  })
  return own === wanted && metadata.macOnlyEncrypted === macOnlyEncrypted
}

async function isPlaintextOf(file: OpenFile, text: Uint8Array): Promise<boolean> {
  return Buffer.compare(await emitPlain(file, file.format.id, {}), text) === 0
}

const changesTo = ({ keyGroups, shamirThreshold }: Metadata, { groups, threshold }: Wrapped) =>
  keyChanges(keyGroups, shamirThreshold, groups, threshold)

/** With the data key wrapped for the wanted recipients; with another one where a recipient of the file is not among them. */
async function withRewrapped(
  file: OpenFile,
  wanted: NonNullable<SealOverOptions['recipients']>,
  seal: (file: OpenFile, metadata: Metadata) => Promise<SealedOver>,
): Promise<SealedOver> {
  const { metadata, dataKey } = file
  const { groups, services } = wanted
  refuseBare(groups)
  const threshold = changesTo(metadata, wanted).newThreshold
  const staying = new Set(groups.flatMap(({ keys }) => keys).map(identityOf))
  const leaves = metadata.keyGroups.some(({ keys }) => keys.some((key) => !staying.has(identityOf(key))))
  const wrap = async (own: OpenFile, wrapped: Wrapped['groups'], keep: boolean): Promise<SealedOver> => {
    const next = await wrapDataKey(own.dataKey, wrapped, threshold, services, { keep: () => keep })
    return seal(own, { ...metadata, keyGroups: next.groups, shamirThreshold: next.threshold })
  }
  if (leaves) {
    const fresh = newDataKey()
    return wipedAfter(fresh, () => wrap({ ...file, dataKey: fresh }, groups, false))
  }
  await refuseMixedKeys(metadata.keyGroups, services, { dataKey, network: () => true })
  return wrap(file, keepWrapped(metadata.keyGroups, groups), true)
}
