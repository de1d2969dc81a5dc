// Where a hook of a repository is, and what is there.
import type { Stats } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { isWithin } from '../../repo/index.ts'
import { codeOf, lstat, readFile, realpath, stat } from '../../system/index.ts'
import { git } from '../git.ts'
import type { Io } from '../invocation.ts'
import type { HookName } from './block.ts'

export interface HookPlace {
  readonly path: string
  /** Of the work tree. */
  readonly top: string
  /** The bytes of the hook as Latin-1; undefined where there is none, or nothing that can be read. */
  readonly text: string | undefined
  /** Why nothing may be written there. */
  readonly refusal: string | undefined
  /** The file is there, and Git does not run it. */
  readonly isOff: boolean
}

/** The path without symbolic links, of which the last folders need not exist. */
const real = (path: string): Promise<string> =>
  realpath(path).catch(async (error: unknown) => {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    return join(await real(dirname(path)), relative(dirname(path), path))
  })

/** Why hooks of that folder are no matter of this repository alone; undefined where they are. */
async function refusalOf(folder: string, homes: readonly string[]): Promise<string | undefined> {
  const [there, ...tops] = await Promise.all([folder, ...homes].map(real))
  if (!tops.some((top) => isWithin(there!, top)))
    return `${folder} is outside of this repository, and may have the hooks of others`
  const at = homes.findIndex((home) => isWithin(folder, home))
  if (at < 0 || join(tops[at]!, relative(homes[at]!, folder)) === there) return undefined
  return `a symbolic link leads to ${folder}: nothing is written through it`
}

const isRunnable = (found: Stats, platform: NodeJS.Platform): boolean =>
  platform === 'win32' || (found.mode & 0o111) !== 0

/** Where Git looks for a hook, for the work tree at `top`. @throws SopsError `generic` where Git does not say. */
export async function placeOf(name: HookName, top: string, io: Io): Promise<HookPlace> {
  const path = resolve(top, await git(io, '-C', top, 'rev-parse', '--git-path', `hooks/${name}`))
  const common = resolve(top, await git(io, '-C', top, 'rev-parse', '--git-common-dir'))
  const found = await lstat(path).catch(() => undefined)
  const behind = await stat(path).catch(() => undefined)
  const text = behind?.isFile() ? (await readFile(path).catch(() => undefined))?.toString('latin1') : undefined
  const here = found?.isSymbolicLink()
    ? `${path} is a symbolic link: nothing is written through it`
    : found && !found.isFile()
      ? `${path} is no regular file`
      : found && text === undefined
        ? `${path} cannot be read`
        : undefined
  const refusal = (await refusalOf(dirname(path), [top, common])) ?? here
  return { path, top, text, refusal, isOff: behind !== undefined && !isRunnable(behind, io.host.platform) }
}
