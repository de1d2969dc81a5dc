// Where age identities are looked for: variables, files and commands, each read once a run.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Context } from '../../context.ts'
import { messageOf } from '../../errors.ts'
import { type Identity, readIdentities } from './identity.ts'

/** What a source gave. `unused`: nothing was there, and this is the place to name. */
export interface Found {
  readonly identities: readonly Identity[]
  readonly errors: readonly string[]
  readonly unused?: string
  /** Something was there to be read: the variable is set, the file or the command's output could be opened. */
  readonly opened: boolean
}

const nothing = (unused?: string): Found => ({
  identities: [],
  errors: [],
  opened: false,
  ...(unused === undefined ? {} : { unused }),
})

const failure = (message: string): Found => ({ identities: [], errors: [message], opened: false })

const fileError = (path: string, error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code
  const texts: Record<string, string> = {
    ENOENT: 'no such file or directory',
    EACCES: 'permission denied',
    EISDIR: 'is a directory',
    ENOTDIR: 'not a directory',
  }
  return `open ${path}: ${(code && texts[code]) ?? code ?? messageOf(error)}`
}

/** At most what the reference reads of an identity file. */
const MAXIMUM_SIZE = 16 * 1024 * 1024

/**
 * The bytes of a key file; warns once when others may read it.
 * @throws Error of node:fs
 */
export function readKeyFile(path: string, ctx: Context): Buffer {
  const descriptor = openSync(path, 'r')
  try {
    const { mode, size } = fstatSync(descriptor)
    if (size >= MAXIMUM_SIZE) throw new Error('file too long')
    if (ctx.platform !== 'win32' && (mode & 0o044) !== 0) {
      ctx.once(`age:readable:${path}`, () =>
        ctx.log({
          level: 'warning',
          logger: 'AGE',
          message: 'key file is readable by others; chmod 600 it',
          fields: { file: path, mode: `0${(mode & 0o777).toString(8)}` },
        }),
      )
    }
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

async function read(bytes: Buffer, location: string, ctx: Context, words = false): Promise<Found> {
  try {
    const identities = await readIdentities(bytes, { location, words }, ctx)
    if (identities.length === 0) return { ...nothing(location), opened: true }
    return { identities, errors: [], opened: true }
  } catch (error) {
    const message = `failed to parse '${location}' age identities: ${messageOf(error)}`
    return { identities: [], errors: [message], opened: true }
  } finally {
    bytes.fill(0)
  }
}

async function fromVariable(ctx: Context): Promise<Found> {
  const text = ctx.env.SOPS_AGE_KEY
  return text === undefined ? nothing('SOPS_AGE_KEY') : read(Buffer.from(text), 'SOPS_AGE_KEY', ctx, true)
}

async function fromKeyFile(ctx: Context): Promise<Found> {
  const path = ctx.env.SOPS_AGE_KEY_FILE
  if (path === undefined) return nothing('SOPS_AGE_KEY_FILE')
  let bytes: Buffer
  try {
    if (path === '') throw Object.assign(new Error(), { code: 'ENOENT' })
    bytes = readKeyFile(resolve(ctx.cwd, path), ctx)
  } catch (error) {
    return failure(`failed to open SOPS_AGE_KEY_FILE file: ${fileError(path, error)}`)
  }
  return read(bytes, 'SOPS_AGE_KEY_FILE', ctx)
}

async function fromCommand(recipient: string, ctx: Context): Promise<Found> {
  const command = ctx.env.SOPS_AGE_KEY_CMD
  if (command === undefined) return nothing('SOPS_AGE_KEY_CMD')
  const { runKeyCommand } = await import('./command.ts')
  try {
    return await read(await runKeyCommand(command, recipient, ctx), 'SOPS_AGE_KEY_CMD', ctx)
  } catch (error) {
    return failure(messageOf(error))
  }
}

/** User config folders, the platform's own first; a string tells why there is none (spec/keys.md 3.3). */
function configFolders(ctx: Context): readonly string[] | string {
  if (ctx.platform === 'win32')
    return ctx.env.AppData || ctx.env.APPDATA ? [(ctx.env.AppData || ctx.env.APPDATA)!] : '%AppData% is not defined'
  const xdg = ctx.env.XDG_CONFIG_HOME
  if (xdg && !xdg.startsWith('/')) return 'path in $XDG_CONFIG_HOME is relative'
  if (ctx.platform !== 'darwin') {
    if (xdg) return [xdg]
    return ctx.home ? [join(ctx.home, '.config')] : 'neither $XDG_CONFIG_HOME nor $HOME are defined'
  }
  const library = ctx.home ? [join(ctx.home, 'Library', 'Application Support')] : []
  const folders = xdg ? [xdg, ...library] : [...library, ...(ctx.home ? [join(ctx.home, '.config')] : [])]
  return folders.length > 0 ? folders : '$HOME is not defined'
}

/** The path of the default key file the reference would use; undefined where there is no such place. */
export function defaultKeyFile(ctx: Context): string | undefined {
  const folders = configFolders(ctx)
  return typeof folders === 'string' ? undefined : join(folders[0]!, 'sops', 'age', 'keys.txt')
}

/** On macOS the other place is looked at as well: files move between the two with XDG_CONFIG_HOME (getsops/sops#1943). */
async function fromDefaultFiles(ctx: Context): Promise<Found> {
  const folders = configFolders(ctx)
  if (typeof folders === 'string') {
    return { ...failure(`user config directory could not be determined: ${folders}`) }
  }
  const all: Found[] = []
  for (const folder of folders) {
    const path = join(folder, 'sops', 'age', 'keys.txt')
    let bytes: Buffer
    try {
      bytes = readKeyFile(path, ctx)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      const absent = code === 'ENOENT' || code === 'ENOTDIR'
      all.push(absent ? nothing(path) : failure(`failed to open file: ${fileError(path, error)}`))
      continue
    }
    all.push(await read(bytes, path, ctx))
  }
  const identities = all.flatMap((found) => found.identities)
  const unused = all[0]!.unused
  return {
    identities,
    errors: all.flatMap((found) => found.errors),
    opened: all.some((found) => found.opened),
    ...(identities.length === 0 && unused !== undefined ? { unused } : {}),
  }
}

/** Reads a source once per run; commands once per recipient. */
export const sources = {
  variable: (ctx: Context): Promise<Found> => ctx.once('age:SOPS_AGE_KEY', () => fromVariable(ctx)),
  keyFile: (ctx: Context): Promise<Found> => ctx.once('age:SOPS_AGE_KEY_FILE', () => fromKeyFile(ctx)),
  command: (ctx: Context, recipient: string): Promise<Found> =>
    ctx.once(`age:SOPS_AGE_KEY_CMD:${recipient}`, () => fromCommand(recipient, ctx)),
  defaultFiles: (ctx: Context): Promise<Found> => ctx.once('age:keys.txt', () => fromDefaultFiles(ctx)),
} as const
