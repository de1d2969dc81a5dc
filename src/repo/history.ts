// Which commits made the versions of files, found in one walk over all commits that HEAD has.
import type { Context } from '../context/index.ts'
import { setIn } from '../errors.ts'
import { textOf } from '../system/index.ts'
import { type Git, gitFailure, notStarted, startGit } from './git.ts'

/** A version of a file that a commit made. Renames are not followed. */
export interface PastVersion {
  /** The id of the commit. */
  readonly commit: string
  /** When it was committed. */
  readonly date: Date
  /** The id of the content; undefined where the commit took the file away, or put a link in its place. */
  readonly blob: string | undefined
  /**
   * The ids of the contents that it took the place of: of a merge those in its parents; where the file is new, the one that was there at
   * some time before.
   */
  readonly before: readonly string[]
}

/** Versions by path, newest first. A merge is among them only where its version is that of none of its parents. */
export interface Histories {
  readonly byPath: ReadonlyMap<string, readonly PastVersion[]>
  /** Commits are missing, as in a shallow clone: what was before is not known. */
  readonly isCut: boolean
}

/** Whatever the settings of the user are: all commits, with ids in full, nothing detected, and merges against all of their parents. */
const how = [
  ['--format=%H %ct %D', '--raw', '-z', '-c', '--root', '--full-history', '--ignore-missing', '--no-abbrev'],
  ['--no-renames', '--no-follow', '--no-relative', '--ignore-submodules=all', '--no-show-signature', '--no-notes'],
  // Of all names of commits only that is wanted which says where the history is cut.
  ['--no-color', '--no-ext-diff', '--decorate-refs=refs/sops-ts/none'],
].flat()

/** So few Git is told; looking for more of them in each commit would take longer than to read them all. In characters, for all of them. */
const [fewPaths, shortPaths] = [64, 8192]

/**
 * The versions of some files in all commits that HEAD reaches; none before the first commit.
 * @param paths relative to the top, with `/`.
 * @throws SopsError `generic` where Git fails.
 */
export async function historiesOf(git: Git, ctx: Context, paths: readonly string[]): Promise<Histories> {
  const isShort = paths.length <= fewPaths && paths.join(' ').length <= shortPaths
  const args = ['log', ...how, 'HEAD', '--', ...(isShort ? paths : [])]
  const found = new Map(paths.map((path): [string, PastVersion[]] => [path, []]))
  let isCut = false
  const take = reader({
    commit: (names) => {
      isCut ||= /(?:^|, )grafted(?:,|$)/.test(names)
    },
    version: (path, version) => found.get(path)?.push(version),
  })
  await eachToken(git, ctx, args, take)
  for (const versions of found.values()) linkReturned(versions)
  return { byPath: found, isCut }
}

/** Hands what stands between null bytes to `take`, as Git writes it. */
async function eachToken(
  git: Git,
  ctx: Context,
  args: readonly string[],
  take: (token: Buffer) => void,
): Promise<void> {
  const failed = (error: unknown): never => {
    throw gitFailure(args, [notStarted(error, git.folder)])
  }
  const child = await startGit(git.folder, ctx, args).catch(failed)
  let stderr = ''
  child.stdin.on('error', () => {}).end()
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += textOf(chunk)
  })
  const ended = new Promise<number | null>((done, fail) => child.on('error', fail).on('close', done)).catch(failed)
  let rest: Buffer = Buffer.alloc(0)
  child.stdout.on('data', (chunk: Buffer) => {
    let start = 0
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, start)) {
      const part = chunk.subarray(start, end)
      take(rest.length > 0 ? Buffer.concat([rest, part]) : part)
      rest = Buffer.alloc(0)
      start = end + 1
    }
    rest = Buffer.concat([rest, chunk.subarray(start)])
  })
  const status = await ended
  if (status !== 0) throw gitFailure(args, setIn(stderr.trim() || `exit status ${status}`))
}

interface Listener {
  commit(names: string): void
  version(path: string, version: PastVersion): void
}

/** `ID SECONDS NAMES`, then for each file `:MODES IDS STATUS` and its path; a merge has a colon, a mode and an id more for each parent. */
function reader({ commit, version }: Listener): (token: Buffer) => void {
  let current = { commit: '', date: new Date(0) }
  let change: Pick<PastVersion, 'blob' | 'before'> | undefined
  return (token) => {
    const text = textOf(token)
    if (change !== undefined) {
      version(text, { ...current, ...change })
      change = undefined
      return
    }
    const line = text.replace(/^\n/, '')
    if (line.startsWith(':')) change = changeIn(line)
    else if (line !== '') {
      const [id = '', seconds, ...names] = line.split(' ')
      current = { commit: id, date: new Date(Number(seconds) * 1000) }
      commit(names.join(' '))
    }
  }
}

function changeIn(line: string): Pick<PastVersion, 'blob' | 'before'> {
  const parents = /^:+/.exec(line)![0].length
  const words = line.slice(parents).split(' ')
  const contents = words
    .slice(0, parents + 1)
    .map((mode, at) => (/^100\d{3}$/.test(mode) ? words[parents + 1 + at] : undefined))
  return { blob: contents[parents], before: contents.slice(0, parents).filter((id) => id !== undefined) }
}

/** A file that is there again follows the version that it had before. */
function linkReturned(versions: PastVersion[]): void {
  for (const [at, version] of versions.entries()) {
    const earlier = versions[at + 1]
    if (version.blob === undefined || version.before.length > 0 || earlier === undefined) continue
    versions[at] = { ...version, before: earlier.blob === undefined ? earlier.before : [earlier.blob] }
  }
}
