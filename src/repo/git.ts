// Git as a program: how it is run, and where a work tree begins. It gets words, never a line for a shell, and names come and go as bytes.
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { type Context, memoKey, memoKeys, onceEach } from '../context/index.ts'
import { messageOf, SopsError, setIn } from '../errors.ts'
import { codeOf, type Environment, existsSync, loadStart, realPathOf, realpath, textOf } from '../system/index.ts'
import { quote } from '../text/quote.ts'

/** Git in one folder. */
export interface Git {
  readonly folder: string
  /** What Git writes to stdout. @throws SopsError `generic` with Git's own words where it fails. */
  run(...args: string[]): Promise<Buffer>
  /** The same; undefined where Git answers no (exit status 1). @throws SopsError `generic` where it fails in another way. */
  ask(...args: string[]): Promise<Buffer | undefined>
}

/** A run of Git that has ended. */
interface Outcome {
  /** Undefined when a signal ended it. */
  readonly status: number | undefined
  readonly stdout: Buffer
  readonly stderr: string
}

/** No pager, no program of the repository that a look at it would start, and paths that are no patterns. */
const always = ['--no-pager', '--literal-pathspecs', '-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false']

/** Would contradict what is always set. */
const pathspecs = ['GIT_GLOB_PATHSPECS', 'GIT_NOGLOB_PATHSPECS', 'GIT_ICASE_PATHSPECS']

/** Variables that say which repository is meant, as hooks get them. They are about the one of the current folder. */
const ofRepository = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_COMMON_DIR',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_PREFIX',
]

const hasOwn = ({ env }: Context): boolean => ofRepository.some((name) => env[name])

function without(env: Environment, names: readonly string[]): Environment {
  const rest: Record<string, string | undefined> = Object.create(null)
  for (const [name, value] of Object.entries(env)) if (!names.includes(name)) rest[name] = value
  return rest
}

/** The user's environment, with paths in it that mean the same in every folder; Git itself takes GIT_INDEX_FILE from the top. */
function environment(ctx: Context, isOwn: boolean): Environment {
  const env = without(ctx.env, isOwn ? pathspecs : [...pathspecs, ...ofRepository])
  const paths = ['GIT_DIR', 'GIT_WORK_TREE'].filter((name) => env[name])
  const absolute = Object.fromEntries(paths.map((name) => [name, resolve(ctx.cwd, env[name]!)]))
  return { ...env, ...absolute, GIT_OPTIONAL_LOCKS: '0', GIT_NO_LAZY_FETCH: '1', LC_ALL: 'C' }
}

/** Starts Git in a folder; its input is a pipe. Throws the system's error, or the child emits it. */
export async function startGit(
  folder: string,
  ctx: Context,
  args: readonly string[],
): Promise<ChildProcessWithoutNullStreams> {
  const { startApart } = await loadStart()
  const env = environment(ctx, folder === ctx.cwd || folder === (hasOwn(ctx) ? await ownTop(ctx) : undefined))
  return startApart('git', [...always, ...args], {
    cwd: folder,
    env: env as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  })
}

/** What a failure is called, after the words that Git was given. */
export const gitFailure = (args: readonly string[], [reason, ...more]: readonly string[]): SopsError =>
  new SopsError('generic', [`git ${args[0]} failed: ${reason}`, ...more])

/** Why Git could not be started in a folder. */
export function notStarted(error: unknown, folder: string): string {
  if (codeOf(error) !== 'ENOENT') return messageOf(error)
  return existsSync(folder) ? 'there is no program git in PATH' : `there is no folder ${quote(folder)}`
}

/** Runs Git to its end. Rejects with the system's error when it cannot be started. */
async function outcomeOf(folder: string, ctx: Context, args: readonly string[]): Promise<Outcome> {
  const child = await startGit(folder, ctx, args)
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  return new Promise((done, failed) => {
    // A program that is gone is reported by its exit.
    child.stdin.on('error', () => {}).end()
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.on('error', failed)
    child.on('close', (status) =>
      done({
        status: status ?? undefined,
        stdout: Buffer.concat(stdout),
        stderr: textOf(Buffer.concat(stderr)).trim(),
      }),
    )
  })
}

const reasonOf = ({ stderr, status }: Outcome): readonly string[] =>
  setIn(stderr || (status === undefined ? 'a signal ended it' : `exit status ${status}`))

/** Git in a folder that is there. Nothing is started yet. */
export function gitIn(folder: string, ctx: Context): Git {
  const finish = (args: readonly string[]): Promise<Outcome> =>
    outcomeOf(folder, ctx, args).catch((error: unknown) => {
      throw gitFailure(args, [notStarted(error, folder)])
    })
  return {
    folder,
    run: async (...args) => {
      const ran = await finish(args)
      if (ran.status !== 0) throw gitFailure(args, reasonOf(ran))
      return ran.stdout
    },
    ask: async (...args) => {
      const ran = await finish(args)
      if (ran.status === 1) return undefined
      if (ran.status !== 0) throw gitFailure(args, reasonOf(ran))
      return ran.stdout
    },
  }
}

/** Whether a path is a folder or below it; both without symbolic links. */
export const isWithin = (path: string, top: string): boolean =>
  path === top || path.startsWith(top.endsWith(sep) ? top : `${top}${sep}`)

/** A file's path from the top of a work tree, with `/`, as Git names it; undefined for one of another place. Its folder need not be there. */
export function pathFromTop(top: string, file: string): string | undefined {
  const path = join(realPathOf(dirname(file)), basename(file))
  return isWithin(path, top) ? relative(top, path).replaceAll(sep, '/') : undefined
}

/** Git's answers to a folder outside of a work tree; one about GIT_DIR is a mistake. */
const outside = /not a git repository \(or any|must be run in a work tree/

/** The top as Git tells it, where the folder is as it would be without our variables or with them. */
async function toldTop(folder: string, ctx: Context): Promise<string | undefined> {
  const args = ['rev-parse', '--show-toplevel']
  const ran = await outcomeOf(folder, ctx, args).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' && existsSync(folder) && !isBelowGit(folder)) return undefined
    throw gitFailure(args, [notStarted(error, folder)])
  })
  if (ran === undefined || (ran.status !== 0 && outside.test(ran.stderr))) return undefined
  if (ran.status !== 0) throw gitFailure(args, reasonOf(ran))
  return realpath(textOf(ran.stdout).replace(/\r?\n$/, ''))
}

/** Where there is no program git, only a folder that looks like a repository is a failure. */
function isBelowGit(folder: string): boolean {
  for (let at = folder; ; at = resolve(at, '..')) {
    if (existsSync(join(at, '.git'))) return true
    if (resolve(at, '..') === at) return false
  }
}

const own = memoKey<Promise<string | undefined>>('work tree of the current folder')

/** The top of the work tree that the current folder and the variables mean. */
const ownTop = (ctx: Context): Promise<string | undefined> => ctx.once(own, () => toldTop(ctx.cwd, ctx))

/** The top of the current folder where a folder below it has no repository of its own; many files make many folders. */
async function sameTop(folder: string, ctx: Context): Promise<string | undefined> {
  const [mine, real] = [await ownTop(ctx), await realpath(folder).catch(() => undefined)]
  if (mine === undefined || real === undefined || !isWithin(real, mine)) return undefined
  for (let at = real; at !== mine; at = dirname(at)) if (existsSync(join(at, '.git'))) return undefined
  return mine
}

/**
 * The top of the work tree that a folder is in, without symbolic links; undefined outside of any, in a bare repository, and where neither Git
 * nor a repository is there. GIT_DIR and its like count for the repository of the current folder, and for no other.
 * @throws SopsError `generic` where Git refuses to say, as for a repository of somebody else.
 */
export const topOf = (folder: string, ctx: Context): Promise<string | undefined> =>
  onceEach(ctx, tops, folder, () => searchedTop(folder, ctx))

const tops = memoKeys<Promise<string | undefined>>('work trees of folders')

async function searchedTop(folder: string, ctx: Context): Promise<string | undefined> {
  if (!hasOwn(ctx) && !isBelowGit(await realpath(folder).catch(() => folder))) return undefined
  if (folder === ctx.cwd) return ownTop(ctx)
  if (!hasOwn(ctx)) return (await sameTop(folder, ctx)) ?? toldTop(folder, ctx)
  const [mine, found, real] = [await ownTop(ctx), await toldTop(folder, ctx), await realpath(folder)]
  if (mine === undefined || !isWithin(real, mine)) return found
  return found !== undefined && isWithin(found, mine) ? found : mine
}
