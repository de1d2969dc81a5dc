// Which versions of which files are checked, and by which configurations.
import { dirname, join, relative, sep } from 'node:path'
import type { CheckedFile, CheckOptions } from '../../check/index.ts'
import { type Config, type ConfigFile, configFromBytes } from '../../config/index.ts'
import { SopsError, withHints } from '../../errors.ts'
import {
  type Blobs,
  type Git,
  gitIn,
  largest,
  listLocked,
  looksEncrypted,
  openBlobs,
  stagedFiles,
  type Target,
  topOf,
  trackedFiles,
} from '../../repo/index.ts'
import { lstatSync, readFileSync, realpath, systemErrorText, textOf } from '../../system/index.ts'
import { quote } from '../../text/quote.ts'
import { filteredNames } from '../git/filtered.ts'
import type { Invocation, Io } from '../invocation.ts'
import { allTargets, configFor, isByFlag, targetsOf } from '../many/targets.ts'
import { workTree } from '../unlocked.ts'
import type { CheckFlag } from './flags.ts'
import { historyIn } from './history.ts'
import { sharersIn } from './sharers.ts'

/** What a check looks at. Git runs until it is closed. */
export interface Scope
  extends Pick<
    CheckOptions,
    'configFor' | 'placeOf' | 'allFiles' | 'configs' | 'sharers' | 'history' | 'clearHistory'
  > {
  readonly files: readonly Target[]
  readonly versions: AsyncIterable<CheckedFile>
  /** That of the current folder. */
  readonly git: Git | undefined
  /** The index is checked, and not the work tree. */
  readonly isStaged: boolean
  /** All files of the repository are checked, or of the current folder outside of one. */
  readonly isWhole: boolean
  /** The version of a file that is checked; undefined where there is none. */
  read(file: Target): Promise<Uint8Array | undefined>
  /** All files of the repository, or of the current folder: of those that are checked the same version. */
  everything(): AsyncIterable<CheckedFile>
  close(): void
}

type Given = Invocation<CheckFlag>

/** What one check shares. */
interface Base {
  readonly io: Io
  readonly git: Git | undefined
  readonly blobs: Blobs | undefined
  readonly placeOf: (path: string) => string
}

/** @throws SopsError `generic` for targets that are none, a REF that is none, and where Git fails. */
export async function openScope(given: Given, io: Io): Promise<Scope> {
  const { ctx } = io
  const top = await topOf(ctx.cwd, ctx)
  const git = top === undefined ? undefined : gitIn(top, ctx)
  if (git === undefined && given.bool('history'))
    throw new SopsError('generic', '--history: not inside a Git repository')
  const inv = await orWhole(given, git)
  const isStaged = inv.bool('staged')
  const files = await targetsOf(inv, io, 'any')
  const ref = inv.given('config-from') ? await commitOf(git, inv.string('config-from')) : undefined
  const needsBlobs = git !== undefined && (isStaged || ref !== undefined)
  const blobs = needsBlobs ? await openBlobs(git.folder, ctx) : undefined
  const base: Base = { io, git, blobs, placeOf: await placing(git, ctx.cwd) }
  const isNarrowed = inv.given('type') || inv.given('exclude') || inv.given('recipient')
  const isWhole = inv.positionals.length === 0 && (inv.bool('all') || !isByFlag(inv)) && !isNarrowed
  const past = git && historyIn(git, blobs, ctx)
  return {
    files,
    versions: versionsOf(base, files, isStaged),
    read: (file) => contentOf(base, file, isStaged),
    everything: () => everythingOf(inv, base, files, isStaged),
    git,
    isStaged,
    isWhole,
    placeOf: base.placeOf,
    configFor: await configsOf(inv, base, ref),
    configs: [...(await configPaths(base, { isStaged, isWhole })), join(ctx.cwd, '.sops.yaml')],
    ...(isWhole ? { allFiles: files.map(({ path }) => path) } : {}),
    ...(git && !isWhole ? { sharers: sharersIn(git, isStaged, ctx) } : {}),
    clearHistory: inv.bool('history'),
    ...(past ? { history: past.history } : {}),
    close: () => {
      blobs?.close()
      past?.close()
    },
  }
}

/** What has never been pushed has nothing to be compared with: all of it is new. */
async function orWhole(inv: Given, git: Git | undefined): Promise<Given> {
  const ref = inv.string('changed')
  if (git === undefined || !/@\{(?:push|u|upstream)\}$/i.test(ref)) return inv
  const isThere = await git.ask('rev-parse', '--verify', '--quiet', `${ref}^{commit}`).catch(() => undefined)
  return isThere === undefined ? { ...inv, given: (name) => name !== 'changed' && inv.given(name) } : inv
}

async function commitOf(git: Git | undefined, ref: string): Promise<string> {
  if (git === undefined) throw new SopsError('generic', '--config-from: not inside a Git repository')
  const id =
    ref.startsWith('-') || ref === '' ? undefined : await git.ask('rev-parse', '--verify', '--quiet', `${ref}^{commit}`)
  if (id !== undefined) return textOf(id).trim()
  throw new SopsError('generic', `--config-from: ${quote(ref)} is no commit of this repository`, {
    hints: ['to see what there is: git branch --all; to get it: git fetch'],
  })
}

const slashed = (path: string): string => path.replaceAll(sep, '/')

/** Relative to the top, whatever links the user has come by. */
async function placing(git: Git | undefined, cwd: string): Promise<(path: string) => string> {
  if (git === undefined) return (path) => slashed(relative(cwd, path))
  const real = await realpath(cwd)
  return (path) => slashed(relative(git.folder, join(real, relative(cwd, path))))
}

/** Files in pieces of the index or the work tree; one that is gone is passed over. */
async function* versionsOf(
  base: Base,
  files: readonly Target[],
  isStaged: boolean,
): AsyncGenerator<CheckedFile, void, void> {
  const { io, git, placeOf } = base
  const unlocked = git === undefined ? new Set<string>() : await unlockedIn(io)
  const filtered =
    git && !isStaged
      ? await filteredIn(
          git,
          files.map(({ path }) => placeOf(path)),
          io,
        )
      : undefined
  for (const { path, name, named } of files) {
    const place = placeOf(path)
    const own = await contentOf(base, { path, name, named }, isStaged)
    const bytes = own && filtered ? await filtered(place, own) : own
    if (bytes !== undefined) yield { path, name, place, bytes, isUnlocked: unlocked.has(place) }
  }
}

async function* everythingOf(
  inv: Given,
  base: Base,
  checked: readonly Target[],
  isStaged: boolean,
): AsyncGenerator<CheckedFile, void, void> {
  const own = new Set(checked.map(({ path }) => path))
  yield* versionsOf(base, checked, isStaged)
  const all = await allTargets(inv, base.io)
  yield* versionsOf(
    base,
    all.filter(({ path }) => !own.has(path)),
    false,
  )
}

const unlockedIn = async (io: Io): Promise<ReadonlySet<string>> => {
  const { kept } = await workTree(io)
  return new Set((await listLocked(kept)).files.map(({ path }) => path))
}

/**
 * What the repository has of a file that the filter of Git shows in clear: a change of it is encrypted when it is added. One that was never
 * added is judged as it is.
 */
async function filteredIn(
  git: Git,
  places: readonly string[],
  { ctx, host }: Io,
): Promise<((place: string, bytes: Uint8Array) => Promise<Uint8Array>) | undefined> {
  const names = await filteredNames(git, places)
  if (names.size === 0) return undefined
  const blobs = await openBlobs(git.folder, ctx)
  host.onCleanup(blobs.close)
  return async (place, bytes) =>
    names.has(place) && !looksEncrypted(bytes) ? ((await blobs.read(`:0:${place}`, largest)) ?? bytes) : bytes
}

async function contentOf(
  { blobs, placeOf }: Base,
  { path, name, named: isNamed }: Target,
  isStaged: boolean,
): Promise<Uint8Array | undefined> {
  if (isStaged) return blobs!.read(`:0:${placeOf(path)}`, largest)
  try {
    const found = lstatSync(path)
    return isNamed || (found.isFile() && found.size <= largest) ? readFileSync(path) : undefined
  } catch (error) {
    const text = systemErrorText(error, 'open', name)
    throw new SopsError('bad-input', `Error reading file: ${text}`, { cause: error })
  }
}

/** Of the index for what is staged, or of a commit that is trusted; else of the work tree. */
async function configsOf(inv: Given, base: Base, ref: string | undefined): Promise<CheckOptions['configFor']> {
  const { io, git, blobs } = base
  const ofWorkTree = (path: string): Promise<Config | undefined> => configFor(inv, io, path)
  if (git === undefined || blobs === undefined || inv.root.string('config') !== '') return ofWorkTree
  const known = new Map<string, Promise<Config | undefined>>()
  const from = ref ?? ':0'
  const inFolder = (folder: string): Promise<Config | undefined> => {
    const found = known.get(folder) ?? read(folder)
    known.set(folder, found)
    return found
  }
  const read = async (folder: string): Promise<Config | undefined> => {
    const place = base.placeOf(join(folder, '.sops.yaml'))
    if (place.startsWith('../')) return undefined
    const bytes = await blobs.read(`${from}:${place}`)
    const file = bytes && configFile(join(folder, '.sops.yaml'), io)
    if (file) return await configFromBytes(bytes, file).catch((error: unknown) => Promise.reject(ofVersion(error, ref)))
    return place === '.sops.yaml' || dirname(folder) === folder ? undefined : inFolder(dirname(folder))
  }
  // What is not in the index may be untracked, or above the top: better by those rules than by none.
  return async (path) => (await inFolder(dirname(path))) ?? (ref === undefined ? ofWorkTree(path) : undefined)
}

const configFile = (absolutePath: string, { ctx }: Io): ConfigFile => ({
  path: relative(ctx.cwd, absolutePath),
  absolutePath,
})

const ofVersion = (error: unknown, ref: string | undefined): unknown =>
  error instanceof SopsError
    ? withHints(error, [`that is the version of ${ref === undefined ? 'the index' : `commit ${ref.slice(0, 12)}`}`])
    : error

async function configPaths(
  { git }: Base,
  { isStaged, isWhole }: { isStaged: boolean; isWhole: boolean },
): Promise<readonly string[]> {
  if (git === undefined || !(isStaged || isWhole)) return []
  const names = isStaged ? await stagedFiles(git) : await trackedFiles(git)
  return names.filter((name) => /(?:^|\/)\.sops\.yaml$/.test(name)).map((name) => join(git.folder, name))
}
