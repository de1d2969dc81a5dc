// Where the files of a work tree or a folder are: for the user, who may have come there by symbolic links, and without those.
import { join, relative, sep } from 'node:path'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { filesBelow, realpath, systemErrorText } from '../system/index.ts'
import { type Git, gitIn, isWithin, topOf } from './git.ts'
import { changedFiles, stagedFiles, trackedFiles, untrackedFiles } from './listings.ts'

/** A file that was found. */
export interface FoundFile {
  /** Absolute, as the user sees it. */
  readonly path: string
  /** Relative to the current folder, with `/`. */
  readonly name: string
  /** Absolute, and without symbolic links if none has come in between. */
  readonly real: string
}

/** Files that were found together. */
export interface FoundFiles {
  /** In the order of their names. */
  readonly files: readonly FoundFile[]
  /** The work tree that they are all in; undefined outside of Git. */
  readonly git: Git | undefined
}

/** How files are looked for. Nothing is listed twice. */
export interface Search {
  readonly ctx: Context
  readonly untracked: boolean
  readonly lists: Map<string, Promise<readonly string[]>>
}

const slashed = (path: string): string => (sep === '/' ? path : path.replaceAll(sep, '/'))

export const nameOf = (path: string, from: string): string => slashed(relative(from, path))

export const byName = (a: FoundFile, b: FoundFile): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

/** What Git has in a work tree, relative to its top. */
function listOf({ lists, untracked }: Search, git: Git): Promise<readonly string[]> {
  const known = lists.get(git.folder)
  if (known !== undefined) return known
  const list = async (): Promise<readonly string[]> => {
    const tracked = await trackedFiles(git)
    return untracked ? [...tracked, ...(await untrackedFiles(git))] : tracked
  }
  const made = list()
  lists.set(git.folder, made)
  return made
}

/** Folders that hold no files of the user's own. */
const skipped = ['.git', 'node_modules']

async function walked(folder: string): Promise<readonly string[]> {
  const files: string[] = []
  try {
    for await (const file of filesBelow(folder, skipped)) files.push(slashed(file))
  } catch (error) {
    throw new SopsError('generic', systemErrorText(error, 'open', folder), {
      hints: ['name the files or folders that you can read'],
      cause: error,
    })
  }
  return files
}

/** All files below a folder that is there; in a work tree those that Git has, elsewhere what a walk finds. @throws SopsError `generic`. */
export async function placesBelow(search: Search, folder: string): Promise<FoundFiles> {
  const { ctx } = search
  const top = await topOf(folder, ctx)
  const real = await realpath(folder)
  const git = top === undefined ? undefined : gitIn(top, ctx)
  const within = top === undefined || real === top ? '' : `${slashed(relative(top, real))}/`
  const names = git === undefined ? await walked(folder) : await listOf(search, git)
  const files = names
    .filter((name) => name.startsWith(within))
    .map((name) => {
      const rest = name.slice(within.length)
      const path = join(folder, rest)
      return { path, name: nameOf(path, ctx.cwd), real: join(real, rest) }
    })
  return { files: files.sort(byName), git }
}

/**
 * The top as the user would type it: rules are matched against paths below their configuration's folder, which is found from the current
 * one upward.
 */
async function seenTop(top: string, real: string, { cwd }: Context): Promise<string> {
  const rest = relative(top, real)
  if (rest === '') return cwd
  const above = cwd.endsWith(`${sep}${rest}`) ? cwd.slice(0, -rest.length - 1) : undefined
  const found = above && (await realpath(above).catch(() => undefined))
  return above !== undefined && found === top ? above : top
}

/** Files of the current folder's work tree, given relative to its top. */
async function placesIn(git: Git, names: readonly string[], ctx: Context): Promise<FoundFiles> {
  const here = await realpath(ctx.cwd)
  const seen = await seenTop(git.folder, here, ctx)
  const files = names.map((name) => {
    const real = join(git.folder, name)
    const path = isWithin(real, here) ? join(ctx.cwd, relative(here, real)) : join(seen, name)
    return { path, name: nameOf(real, here), real }
  })
  return { files: files.sort(byName), git }
}

/** The whole work tree; outside of one, the current folder. */
export async function allPlaces(search: Search): Promise<FoundFiles> {
  const { ctx } = search
  const top = await topOf(ctx.cwd, ctx)
  if (top === undefined) return placesBelow(search, ctx.cwd)
  const git = gitIn(top, ctx)
  return placesIn(git, await listOf(search, git), ctx)
}

async function ownGit(ctx: Context, flag: string): Promise<Git> {
  const top = await topOf(ctx.cwd, ctx)
  if (top !== undefined) return gitIn(top, ctx)
  throw new SopsError('generic', `${flag}: not inside a Git repository`, {
    hints: ['it needs a work tree; elsewhere, name files or folders, or use --all'],
  })
}

/** What the next commit adds or changes, without links and submodules. @throws SopsError `generic` outside of a work tree. */
export async function stagedPlaces({ ctx }: Search): Promise<FoundFiles & { readonly git: Git }> {
  const git = await ownGit(ctx, '--staged')
  const tracked = new Set(await trackedFiles(git))
  const names = (await stagedFiles(git)).filter((name) => tracked.has(name))
  return { ...(await placesIn(git, names, ctx)), git }
}

/** @throws SopsError `generic` outside of a work tree, and as `changedFiles`. */
export async function changedPlaces({ ctx }: Search, ref: string): Promise<FoundFiles> {
  const git = await ownGit(ctx, '--changed')
  return placesIn(git, await changedFiles(git, ref), ctx)
}
