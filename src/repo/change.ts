// Changes the plaintext of many encrypted files: all of them, or none.
import type { Context } from '../context/index.ts'
import { inOrder } from '../context/index.ts'
import { type Change, fingerprint, makeBatch, mustBeAsRead, type Writer } from '../disk/index.ts'
import { SopsError } from '../errors.ts'
import {
  asBytes,
  checkCleartext,
  emitPlain,
  type OpenFile,
  parsePlain,
  refuseReserved,
  type SealOutput,
  sealDraft,
  sealFile,
} from '../file/index.ts'
import type { FormatId } from '../formats/index.ts'
import { counted } from '../text/counted.ts'
import { listed } from '../text/listed.ts'
import type { MapNode, Tree } from '../tree/tree.ts'
import { type Opening, withTarget } from './one-file.ts'
import type { Target } from './targets.ts'

/** The plaintext of a file, for whoever says what it becomes. */
export interface PlainFile extends Target {
  readonly format: FormatId
  readonly bytes: Uint8Array
  /** The same as data, for `setAt` and the like; a text without a document has an empty one. */
  readonly documents: readonly MapNode[]
}

/** What the plaintext becomes: another text in the format of the file, or its documents made anew. Undefined leaves the file as it is. */
export type FileChange = Uint8Array | string | { readonly documents: readonly MapNode[] } | undefined

/** How `changeAll` goes about it. */
export interface ChangeOptions {
  /** Only say what would change. */
  readonly dryRun?: boolean
  /** Write what can be written, also when some files fail. */
  readonly keepGoing?: boolean
  /** Allow a setting in a file to turn encrypted values into clear ones. */
  readonly allowCleartext?: boolean
}

/** How one file was left. */
export interface ChangedFile extends Target {
  readonly status: 'changed' | 'unchanged' | 'failed'
  /** Why it failed. */
  readonly error?: SopsError
}

/** How all files were left. */
export interface ChangedFiles {
  /** In the order of the targets. */
  readonly files: readonly ChangedFile[]
  /** False for a dry run; what `files` calls changed is then what would be. */
  readonly written: boolean
}

/** What a run has besides. */
interface ChangeMeans extends ChangeOptions {
  readonly jobs: number
  readonly writer: Writer
  readonly opening: Opening
}

/** See `Repository.changeAll`. */
export async function changeTargets(
  targets: readonly Target[],
  change: (file: PlainFile) => FileChange | Promise<FileChange>,
  { dryRun = false, keepGoing = false, allowCleartext = false, jobs, writer, opening }: ChangeMeans,
): Promise<ChangedFiles> {
  const batch = makeBatch(writer)
  const changes = new Map<Change, Target>()
  const one = (target: Target): Promise<ChangedFile> =>
    changed(target, () =>
      withTarget(target, opening, async (file, bytes) => {
        const next = await nextOf(file, target, { change, allowCleartext, context: opening.context })
        if (next === undefined) return 'unchanged'
        const check = (): Promise<void> => mustBeAsRead(target.path, fingerprint(bytes))
        const one = { path: target.path, content: next, check }
        if (!dryRun) await batch.add(one)
        changes.set(one, target)
        return 'changed'
      }),
    )
  try {
    const files: ChangedFile[] = []
    for await (const file of inOrder(targets, jobs, one)) files.push(file)
    if (dryRun) return { files, written: false }
    for (const { change, error } of await batch.flush()) {
      const at = targets.indexOf(changes.get(change)!)
      files[at] = { ...files[at]!, status: 'failed', error }
    }
    const failed = files.filter(({ status }) => status === 'failed')
    if (failed.length > 0 && !keepGoing) throw nothingWritten(failed, files.length)
    await batch.commit()
    return { files, written: true }
  } finally {
    await batch.discard()
  }
}

async function changed(target: Target, work: () => Promise<'changed' | 'unchanged'>): Promise<ChangedFile> {
  try {
    return { ...target, status: await work() }
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    return { ...target, status: 'failed', error }
  }
}

interface Changing extends Pick<ChangeOptions, 'allowCleartext'> {
  readonly change: (file: PlainFile) => FileChange | Promise<FileChange>
  readonly context: Context
}

/** The new text of the encrypted file; undefined where the plaintext stays what it was. */
async function nextOf(
  file: OpenFile,
  target: Target,
  { change, allowCleartext, context }: Changing,
): Promise<Uint8Array | undefined> {
  const { format, plain, metadata, selection } = file
  const bytes = await emitPlain(file, format.id, {})
  const documents = plain.documents.length > 0 ? plain.documents : [{ kind: 'map' as const, items: [] }]
  const wanted = await change({ ...target, format: format.id, bytes, documents })
  mustBeChange(wanted)
  if (wanted === undefined) return undefined
  const text = isText(wanted) ? asBytes(wanted) : await emitPlain({ ...file, plain: wanted }, format.id, {})
  if (Buffer.compare(text, bytes) === 0) return undefined
  await context.audit?.({ action: 'encrypt', file: target.path })
  const own = isText(wanted) ? parsePlain(text, format, format, { earlier: plain, watch: context.watch }) : undefined
  const sealed = own
    ? await sealDraft(file, { ...own, allowCleartext: true }, metadata, format, { now: context.now(), layout: {} })
    : sealTree(file, wanted as Tree, context)
  const sealedBy = { plain: own?.plain ?? (wanted as Tree), settings: metadata.selection, selection }
  checkCleartext({ ...sealedBy, clear: sealed.clear }, { allowCleartext, log: context.log })
  return sealed.bytes
}

/** @throws SopsError `generic` for what a program without types may return. */
function mustBeChange(change: unknown): asserts change is FileChange {
  const wrong = wrongIn(change)
  if (wrong === undefined) return
  const wanted = 'bytes, a text, { documents: [maps] } or undefined'
  throw new SopsError('generic', `what it becomes must be ${wanted}, and the function returned ${wrong}`)
}

/** The value in words that say nothing of what it holds. */
function wrongIn(change: unknown): string | undefined {
  if (change === undefined || typeof change === 'string' || change instanceof Uint8Array) return undefined
  if (change === null) return 'null'
  if (Array.isArray(change)) return 'an array'
  if (typeof change !== 'object') return `a ${typeof change}`
  if (!('documents' in change)) return withFields(Object.keys(change))
  const { documents } = change
  return Array.isArray(documents) && documents.every(isMap) ? undefined : 'documents that are no array of maps'
}

const withFields = (names: readonly string[]): string =>
  names.length === 0 ? 'an empty object' : `an object with ${listed(names)}`

const isMap = (node: Partial<MapNode> | null): boolean => node?.kind === 'map' && Array.isArray(node.items)

const isText = (change: FileChange): change is Uint8Array | string =>
  typeof change === 'string' || change instanceof Uint8Array

function sealTree(file: OpenFile, plain: Tree, context: Context): SealOutput {
  refuseReserved(plain, file.format)
  return sealFile({ ...file, plain, allowCleartext: true }, file.format, context.now(), {})
}

/** The common code of the failures, and the first of them in full. */
function nothingWritten(failed: readonly ChangedFile[], total: number): SopsError {
  const errors = failed.map(({ error }) => error!)
  const [{ code, message, hints }] = errors as [SopsError]
  const text = `${failed[0]!.name}: ${message}`
  return new SopsError(
    errors.every((error) => error.code === code) ? code : 'generic',
    failed.length === 1
      ? `${text} (nothing was written to any of ${counted(total, 'file')})`
      : `${text} (and ${counted(failed.length - 1, 'more failure')}; nothing was written to any of ${counted(total, 'file')})`,
    { hints, cause: new AggregateError(errors) },
  )
}
