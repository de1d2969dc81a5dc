// Where the configuration file is: named by the user, or the nearest .sops.yaml from the working directory upward (spec/config.md 1).

import path from 'node:path'
import type { Context } from '../context.ts'
import { statSync } from '../system/files-sync.ts'

export interface ConfigFile {
  /** As found (`.sops.yaml`, `../.sops.yaml`) or as given. */
  readonly path: string
  /** `path` joined to the working directory lexically; rules see files relative to its directory. */
  readonly absolutePath: string
}

/** The working directory and 99 above it. */
const levels = 100

/** Path rules of the platform the context speaks of. */
export const pathsOf = (ctx: Context): path.PlatformPath => (ctx.platform === 'win32' ? path.win32 : path.posix)

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

function search(ctx: Context): string | undefined {
  const { sep } = pathsOf(ctx)
  let misnamed: string | undefined
  let found: string | undefined
  for (let level = 0; level < levels && found === undefined; level++) {
    const above = `..${sep}`.repeat(level)
    if (exists(`${above}.sops.yaml`, ctx)) found = `${above}.sops.yaml`
    else if (misnamed === undefined && exists(`${above}.sops.yml`, ctx)) misnamed = `${above}.sops.yml`
  }
  if (misnamed !== undefined) {
    const instead = found === undefined ? '' : `; using "${found}" instead`
    const message = `ignoring "${misnamed}" when searching for config file; the config file must be called ".sops.yaml"${instead}`
    ctx.log({ level: 'warning', logger: 'CMD', message })
  }
  return found
}

/**
 * The configuration file, or undefined when the search finds none. `explicit` is the path of --config or SOPS_CONFIG ('' = not given); it is
 * not looked at before it is loaded. Warns once per run about a `.sops.yml` met on the way.
 */
export async function findConfig(ctx: Context, explicit = ''): Promise<ConfigFile | undefined> {
  const found = explicit === '' ? ctx.once('config:search', () => search(ctx)) : explicit
  return found === undefined ? undefined : { path: found, absolutePath: pathsOf(ctx).resolve(ctx.cwd, found) }
}
