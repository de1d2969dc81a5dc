// All files of a folder or a Git repository for programs: which they are, what they hold, and how they change together.
import { resolve } from 'node:path'
import { type Config, loadConfig, nearestConfig } from '../config/index.ts'
import {
  type Context,
  exitCleanups,
  inOrder,
  type MemoKey,
  memoKeys,
  memory,
  onceEach,
  processContext,
} from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { emitPlain, lineOf } from '../file/index.ts'
import type { FormatId } from '../formats/index.ts'
import { type KeyService, localKeyService, sharedServices, withSharedServices } from '../groups/index.ts'
import { type PlainValue, toObject } from '../tree/plain.ts'
import { type ChangedFiles, type ChangeOptions, changeTargets, type FileChange, type PlainFile } from './change.ts'
import { type Opening, withTarget } from './one-file.ts'
import type { Wanted } from './suitable.ts'
import { findTargets, isFolder, type Target, type TargetRequest } from './targets.ts'

/** What a repository is opened with. */
export interface RepositoryOptions {
  /** Environment, clock and log; by default this process's. Lines about one file have its name in the field `file`. */
  readonly context?: Context
  /** What unwraps data keys; by default the key types of this process. */
  readonly services?: readonly KeyService[]
  /** Key types in the order to try them. */
  readonly order?: readonly string[]
  /** Accept files whose MAC is missing or wrong. */
  readonly ignoreMac?: boolean
  /** Files at a time; by default 16. What needs no network is opened in turn all the same. */
  readonly jobs?: number
  /**
   * Registers the removal of temporary files for when the program ends in the middle of `changeAll`; the returned function takes it back. By
   * default they go when this process exits, and stay when a signal ends it.
   */
  readonly onCleanup?: (work: () => void) => () => void
}

/** Which files are meant, as words relative to the folder and as what `sops` has flags for. An empty request means no file. */
export interface RepositoryRequest extends Partial<TargetRequest> {
  /** What is looked for; by default encrypted files. What `words` and `listed` name themselves is taken as it is. */
  readonly wanted?: Wanted
}

/** What one file holds. */
export interface DecryptedFile extends Target {
  readonly format: FormatId
  /** The plaintext, laid out as the file is. */
  readonly bytes: Uint8Array
  /** The values of the first document, as `decryptToObject` gives them. */
  readonly data: { readonly [key: string]: PlainValue }
  /** Those of every document; only YAML has several. */
  readonly documents: readonly { readonly [key: string]: PlainValue }[]
  readonly error?: undefined
}

/** A file that could not be decrypted, and why. */
export interface UndecryptedFile extends Target {
  readonly error: SopsError
}

/** A folder, with the repository that it is in. Each call is a run of its own: it sees files and configurations as they are then. */
export interface Repository {
  /** Absolute: what names are relative to. */
  readonly folder: string
  /**
   * The files that the request means, none twice: what the words name or fit, in their order, then what the other fields find, by name.
   * @throws SopsError `generic` for a folder or pattern without any such file, for a folder in `listed`, for `staged` and `changed` outside of
   * a work tree, and where Git fails.
   */
  targets(request: RepositoryRequest): Promise<readonly Target[]>
  /**
   * Decrypts those files, in their order, some ahead of whoever takes them. A wrapped data key that several share is unwrapped once, and wiped
   * when the last file is taken or no more are. One that fails does not end it.
   * @throws SopsError as `targets`.
   */
  decryptAll(request: RepositoryRequest): AsyncGenerator<DecryptedFile | UndecryptedFile, void, void>
  /**
   * Changes those files in place, all of them or none: what each becomes lies ready beside it before the first is replaced. A file that another
   * program has changed in the meantime is a failure like any other. Unchanged values keep their ciphertext, and a file whose plaintext stays the
   * same is not written. `change` gets the plaintext of one file and returns what it becomes; what it throws ends the run.
   * @throws SopsError as `targets`; with the common code of the failures, or `generic`, when a file fails: then nothing is written, and
   * `cause` is an AggregateError of all failures. With `keepGoing` or `dryRun` they are only in the result. `cannot-write` when the
   * system refuses while the files are replaced; each is then the old or the new one.
   */
  changeAll(
    request: RepositoryRequest,
    change: (file: PlainFile) => FileChange | Promise<FileChange>,
    options?: ChangeOptions,
  ): Promise<ChangedFiles>
}

/** Files at a time, for what waits on networks. */
const usualJobs = 16

/**
 * Opens a folder of encrypted files, as a rule the top of a Git repository; nothing is read but the folder.
 * @param dir relative to the working folder of the context.
 * @throws SopsError `bad-input` if it is no folder.
 */
export async function openRepository(dir: string, options: RepositoryOptions = {}): Promise<Repository> {
  const context = options.context ?? processContext()
  const folder = resolve(context.cwd, dir)
  if (!(await isFolder(folder))) throw noFolder(folder)
  const jobs = Math.max(1, options.jobs ?? usualJobs)
  const keyServices = options.services ?? [localKeyService(context)]
  const opening = (services: readonly KeyService[]): Opening => ({
    context,
    services,
    ...(options.order ? { order: options.order } : {}),
    ignoreMac: options.ignoreMac ?? false,
  })
  const onCleanup = options.onCleanup ?? exitCleanups()
  const targets = (request: RepositoryRequest): Promise<readonly Target[]> => targetsIn(folder, context, request)
  return {
    folder,
    targets,
    async *decryptAll(request) {
      const found = await targets(request)
      yield* withShared(keyServices, (services) =>
        inOrder(found, jobs, (target) => decryptedOr(target, opening(services))),
      )
    },
    changeAll: async (request, change, how = {}) => {
      const found = await targets(request)
      const { env, platform } = context
      // Files are only replaced, with the mode that they have.
      const writer = { env, platform, umask: 0o077, onCleanup }
      return withSharedServices(keyServices, (services) =>
        changeTargets(found, change, { ...how, jobs, writer, opening: opening(services) }),
      )
    },
  }
}

/** `withSharedServices` for what is taken one by one. */
async function* withShared<T>(
  services: readonly KeyService[],
  use: (services: readonly KeyService[]) => AsyncGenerator<T, void, void>,
): AsyncGenerator<T, void, void> {
  const shared = sharedServices(services)
  try {
    yield* use(shared.services)
  } finally {
    shared.wipe()
  }
}

const noFolder = (path: string): SopsError =>
  new SopsError('bad-input', `${path} is not a folder`, { hints: ['a file is named in a request to its folder'] })

const configs: MemoKey<Map<string, Promise<Config>>> = memoKeys('configurations of a run')

/** Each call has a memory of its own, as files come and go between two. */
function targetsIn(
  folder: string,
  context: Context,
  { words = [], wanted = 'encrypted', ...request }: RepositoryRequest,
): Promise<readonly Target[]> {
  const ctx: Context = { ...context, cwd: folder, once: memory() }
  const configFor = async (path: string): Promise<Config | undefined> => {
    const file = await nearestConfig(path, ctx)
    return file && onceEach(ctx, configs, file.absolutePath, () => loadConfig(file, ctx))
  }
  return findTargets(ctx, { ...request, words }, wanted, { configFor })
}

async function decryptedOr(target: Target, opening: Opening): Promise<DecryptedFile | UndecryptedFile> {
  try {
    return await withTarget(target, opening, async (file) => {
      const { id } = file.format
      const [first = { kind: 'map' as const, items: [] }, ...more] = file.plain.documents
      const documents = [first, ...more].map((document) => toObject(document, lineOf(file)))
      return { ...target, format: id, bytes: await emitPlain(file, id, {}), data: documents[0]!, documents }
    })
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    return { ...target, error }
  }
}
