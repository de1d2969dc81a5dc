// Changes the recipients of an encrypted file, whose data key is wrapped for others only once it is proven to be the file's own.
import { commentsOf, compileSelection } from '../cipher/index.ts'
import type { Watch } from '../context/index.ts'
import { SopsError, withHints } from '../errors.ts'
import type { Layout, Respelt } from '../formats/index.ts'
import { type Wrapped, watchOf, wrapDataKey } from '../groups/index.ts'
import type { MasterKey } from '../keys/index.ts'
import { refuseBare } from '../keys/index.ts'
import { refuseOthers, withMetadata } from '../metadata/index.ts'
import { provenDataKey } from './encrypted-file.ts'
import { readingProgress } from './reading.ts'
import type { EncryptedFile, OpenOptions } from './types.ts'
import { checkReadsBack, forEveryReader } from './verify.ts'

/** The new key groups; a threshold of 0 means the number of groups. */
export interface WantedRecipients extends Wrapped {
  /** In a single group, entries keep the wrapped data key that they have (`keepWrapped`). */
  readonly keep?: boolean
}

/** How the file is opened, and how a fresh text is laid out. */
export interface ChangeRecipientsOptions extends Omit<OpenOptions, 'compare'> {
  readonly layout?: Layout
}

const unproven = [
  'the data key was handed to nobody: an entry of another file may stand among the recipients',
  'with --ignore-mac it is handed on unchecked: only where you know that it is the key of this file',
]

/**
 * Opens the file with its present recipients, and wraps its data key for the wanted ones. Values, MAC and dates stay as they are.
 * @throws SopsError as `openFile` (of a wrong MAC only without `ignoreMac`) and `withRecipients`; `generic` when wrapping for a recipient
 * fails, or entries open to different data keys.
 */
export async function changeRecipients(
  file: EncryptedFile,
  wanted: WantedRecipients,
  { layout = {}, ...options }: ChangeRecipientsOptions,
): Promise<Respelt> {
  refuseBare(wanted.groups)
  const kept = new Set<MasterKey>(wanted.keep ? wanted.groups.flatMap(({ keys }) => keys) : [])
  const compare = { groups: file.metadata.keyGroups, network: (key: MasterKey) => kept.has(key) }
  const dataKey = await provenDataKey(file, { ...options, compare }).catch((error: unknown) => {
    const isUnproven =
      error instanceof SopsError && (error.code === 'cannot-decrypt-tree' || error.code === 'mac-mismatch')
    throw isUnproven ? withHints(error, unproven) : error
  })
  try {
    const { groups, threshold, keep = false } = wanted
    const wrapped = await wrapDataKey(dataKey, groups, threshold, options.services, { keep: () => keep })
    return await withRecipients(file, wrapped, layout, watchOf(options.services))
  } finally {
    dataKey.fill(0)
  }
}

/**
 * The file with other recipients. Values, MAC and dates stay as they are, and so does the text outside the metadata, except for what the
 * reference could not read.
 * @throws SopsError `generic` when a later document has other metadata or none, `cannot-emit` when the result could not be opened again.
 */
export async function withRecipients(
  file: EncryptedFile,
  { groups, threshold }: Wrapped,
  layout: Layout,
  watch?: Watch,
): Promise<Respelt> {
  const { format, parsed, tree, others } = file
  refuseOthers(others, { unopened: true })
  const metadata = { ...file.metadata, keyGroups: groups, shamirThreshold: threshold }
  const next = withMetadata(tree, metadata, format.metadata, parsed.tree)
  const { bytes, reprints } = format.rewrite(parsed, next, { ...layout, encrypted: true })
  const selection = await compileSelection(metadata.selection)
  const { read, ...respelt } = forEveryReader(bytes, format, selection, {
    from: parsed,
    progress: readingProgress('checking what was written', bytes, watch),
  })
  checkReadsBack(read, { tree, metadata, selection, comments: commentsOf(tree, selection) })
  return reprints ? { ...respelt, reprints } : respelt
}
