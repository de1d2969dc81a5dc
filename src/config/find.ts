// Finds the configuration file: the one that the user names, or the nearest .sops.yaml from the working directory upward (spec/config.md 1).
// A file that the search finds decides who can read the secrets, so it must not be somebody else's: see `foreignOwner`.

import { type PlatformPath, posix, win32 } from 'node:path'
import type { Context } from '../context/index.ts'
import { memoKey, memoKeys, onceEach } from '../context/index.ts'
import { lstatSync, realpathSync, statSync } from '../system/index.ts'

/** A configuration file that was found or named, not yet read. */
export interface ConfigFile {
  /** As found (`.sops.yaml`, `../.sops.yaml`) or as given. */
  readonly path: string
  /** `path` joined to the working directory lexically; rules see files relative to its directory. */
  readonly absolutePath: string
  /** Found by the search and not named by the caller: only a regular file will do. */
  readonly found?: true
}

/** The working directory and 99 above it. */
const levels = 100

/** The path rules of the context's platform. */
export const pathsOf = (ctx: Context): PlatformPath => (ctx.platform === 'win32' ? win32 : posix)

/**
 * The path to open: not cleaned, since `..` of a symbolic link to a directory is the parent of what it points to, and the search goes there.
 */
export const openablePath = (name: string, ctx: Context): string =>
  pathsOf(ctx).isAbsolute(name) ? name : `${ctx.cwd}${pathsOf(ctx).sep}${name}`

const exists = (name: string, ctx: Context): boolean => {
  try {
    return statSync(openablePath(name, ctx), { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}

/** Users whose files are as good as the caller's own: root's, and those of whoever became root by sudo. */
function trusted({ uid, env }: Context): readonly number[] {
  const before = uid === 0 && /^\d{1,10}$/.test(env.SUDO_UID ?? '') ? [Number(env.SUDO_UID)] : []
  return [0, ...(uid === undefined ? [] : [uid]), ...before]
}

/**
 * The number of another user who could have put the file there, or could change it; undefined when there is none. Above the working
 * directory that is the owner of the file, of a link to it, or of its folder, as in git. The working directory itself the caller has chosen:
 * the file is looked at only if everybody may write there. Where users have no numbers, there are no other users.
 */
function foreignOwner(found: string, ctx: Context, isChosen: boolean): number | undefined {
  if (ctx.uid === undefined) return undefined
  const own = trusted(ctx)
  const path = openablePath(found, ctx)
  const folder = statSync(openablePath(`${found.slice(0, -'.sops.yaml'.length)}.`, ctx))
  const isAbove = !isChosen || found !== '.sops.yaml'
  const looked = isAbove || (folder.mode & 0o002) !== 0 ? [lstatSync(path), statSync(path)] : []
  return [...(isAbove ? [folder] : []), ...looked].map(({ uid }) => uid).find((uid) => !own.includes(uid))
}

type IsThere = (name: string, level: number) => boolean

/** Of a search: the file that is used, and the first one met that has the other ending. */
interface Searched {
  readonly found: string | undefined
  readonly misnamed: string | undefined
}

/** `isChosen`: the user chose the working directory. `isThere`: whether this name is there, the working directory being so many levels below. */
function search(ctx: Context, isChosen = true, isThere: IsThere = (name) => exists(name, ctx)): Searched {
  const { sep } = pathsOf(ctx)
  let misnamed: string | undefined
  let found: string | undefined
  for (let level = 0; level < levels && found === undefined; level++) {
    const above = `..${sep}`.repeat(level)
    if (isThere(`${above}.sops.yaml`, level)) found = `${above}.sops.yaml`
    else if (misnamed === undefined && isThere(`${above}.sops.yml`, level)) misnamed = `${above}.sops.yml`
  }
  if (misnamed !== undefined) {
    const instead = found === undefined ? '' : `; using "${found}" instead`
    const message = `ignoring "${misnamed}" when searching for config file; the config file must be called ".sops.yaml"${instead}`
    ctx.log({ level: 'warning', logger: 'CMD', message })
  }
  return { found: found === undefined || isRefused(found, ctx, isChosen) ? undefined : found, misnamed }
}

/** The search ends there all the same: a file further up has rules for others. */
function isRefused(found: string, ctx: Context, isChosen: boolean): boolean {
  const owner = foreignOwner(found, ctx, isChosen)
  if (owner === undefined) return false
  const message = `ignoring "${found}", which another user (${owner}) can change; name it with --config or SOPS_CONFIG to use it`
  ctx.log({ level: 'warning', logger: 'CMD', message })
  return true
}

/** The configurations further up than the one that was found; none of them is read. */
export function configsAbove(file: ConfigFile, ctx: Context): readonly string[] {
  if (file.found !== true) return []
  const { sep, resolve, dirname } = pathsOf(ctx)
  const depth = file.path.split(sep).length
  const names: string[] = []
  let folder = dirname(file.absolutePath)
  for (let level = depth; level < levels && dirname(folder) !== folder; level++) {
    folder = dirname(folder)
    const name = resolve(folder, '.sops.yaml')
    if (exists(name, ctx)) names.push(name)
  }
  return names
}

const searched = memoKey<Searched>('search for a configuration')

const searchOnce = (ctx: Context): Searched => ctx.once(searched, () => search(ctx))

/** The next step where the search found nothing but a file that is nearly called so. */
export function misnamedHints(ctx: Context): readonly string[] {
  const { found, misnamed } = searchOnce(ctx)
  if (found !== undefined || misnamed === undefined) return []
  return [`the configuration is read by its name alone: mv ${misnamed} ${misnamed.replace(/yml$/, 'yaml')}`]
}

/**
 * The configuration file, or undefined when the search finds none. `explicit` is the path of --config or SOPS_CONFIG ('' = not given); it is
 * not looked at before it is loaded. Warns once per run about a `.sops.yml` met on the way, and about a file
 * of another user, which is not used.
 */
export async function findConfig(ctx: Context, explicit = ''): Promise<ConfigFile | undefined> {
  const found = explicit === '' ? searchOnce(ctx).found : explicit
  if (found === undefined) return undefined
  const file = { path: found, absolutePath: pathsOf(ctx).resolve(ctx.cwd, found) }
  return explicit === '' ? { ...file, found: true } : file
}

/** The path of what the search found without `..`, which leads elsewhere behind a link: then it is the path without links. */
function placeOf(found: string, ctx: Context): string {
  const lexical = pathsOf(ctx).resolve(ctx.cwd, found)
  if (found === '.sops.yaml') return lexical
  const [met, there] = [openablePath(found, ctx), lexical].map((path) => statSync(path, { throwIfNoEntry: false }))
  return met?.ino === there?.ino && met?.dev === there?.dev ? lexical : realpathOf(found, ctx)
}

/** The file itself may be a link, as in its own folder. */
const realpathOf = (found: string, ctx: Context): string =>
  pathsOf(ctx).join(realpathSync(openablePath(`${found.slice(0, -'.sops.yaml'.length)}.`, ctx)), '.sops.yaml')

const looked = memoKeys<boolean>('names that were looked for')

/** Asks once a run for each name in a folder, so that folders side by side do not look through those above them again. */
function knownIn(ctx: Context): IsThere | undefined {
  const { dirname, join } = pathsOf(ctx)
  const folders: string[] = []
  try {
    // `..` is the folder above what a link leads to.
    folders.push(realpathSync(ctx.cwd))
  } catch {
    return undefined
  }
  return (name, level) => {
    while (folders.length <= level) folders.push(dirname(folders.at(-1)!))
    const place = join(folders[level]!, name.slice(name.lastIndexOf('.sops')))
    return onceEach(ctx, looked, place, () => exists(name, ctx))
  }
}

const nearest = memoKeys<ConfigFile | undefined>('nearest configurations')
const told = memoKeys<void>('warnings of the search')

/**
 * The configuration file that is nearest to a file, wherever the program was started: for one of many files. Unlike the working directory,
 * the folder of that file was chosen by nobody. `path` is absolute; the warnings are those of `findConfig`, each once a run.
 */
export async function nearestConfig(path: string, ctx: Context): Promise<ConfigFile | undefined> {
  const { dirname, relative } = pathsOf(ctx)
  const folder = dirname(path)
  if (folder === ctx.cwd) return findConfig(ctx)
  return onceEach(ctx, nearest, folder, () => {
    const log: Context['log'] = (line) => onceEach(ctx, told, line.message, () => ctx.log(line))
    const there = { ...ctx, cwd: folder, log }
    const { found } = search(there, false, knownIn(there))
    if (found === undefined) return undefined
    const absolutePath = placeOf(found, there)
    return { path: relative(ctx.cwd, absolutePath), absolutePath, found: true }
  })
}
