// A folder for plaintexts: nothing in it may be what Git tracks, lead elsewhere, or be the only encrypted copy of something.
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import type { Context } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import { gitIn, looksEncrypted, topOf } from '../../repo/index.ts'
import { lstat, makeFolders, readFile, realpath, rm, stat } from '../../system/index.ts'
import { quote, shellWord } from '../../text/quote.ts'

interface ClearFolder {
  /** Absolute, and without symbolic links. */
  readonly path: string
  /** Makes room for a file that was asked for. @throws SopsError `generic` for a link on the way to it. */
  readonly clear: (place: string) => Promise<void>
}

/**
 * The folder that `name` is, ready for files at `places`, which are relative to it.
 * @throws SopsError `generic` where plaintext could be committed, would land behind a link, or in the place of an encrypted file.
 */
export async function clearFolder(
  name: string,
  folder: string,
  places: Iterable<string>,
  ctx: Context,
): Promise<ClearFolder> {
  const { there, path } = await located(folder)
  const top = await topOf(there, ctx)
  if (top !== undefined) await refuseTracked(top, path, name, ctx)
  const tops = new Map<string, string | undefined>()
  for (const place of places) {
    await refuseLinks(path, place, name)
    const at = join(path, place)
    if (await isEncrypted(at))
      throw new SopsError('generic', `${quote(join(name, place))} is encrypted: its plaintext would replace it`, {
        hints: ['name another folder, or remove the file if it is not needed'],
      })
    const { there: parent } = await located(dirname(at))
    if (!tops.has(parent)) tops.set(parent, await topOf(parent, ctx))
    const inner = tops.get(parent)
    if (inner !== undefined && inner !== top) await refuseTracked(inner, at, join(name, place), ctx)
  }
  const clear = async (place: string): Promise<void> => {
    const at = join(path, place)
    await makeFolders(dirname(at), 0o700)
    await refuseLinks(path, place, name)
    // A file that is there may be a link, or open to others.
    await rm(at, { force: true })
  }
  return { path, clear }
}

/** A path without symbolic links, of which a part may not be there yet, and the nearest folder that is. */
async function located(path: string): Promise<{ readonly there: string; readonly path: string }> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined)
    if (!found?.isDirectory() && dirname(at) !== at) continue
    const there = await realpath(at)
    return { there, path: resolve(there, relative(at, path)) }
  }
}

/** What is tracked would be committed in clear. @throws SopsError `generic`. */
async function refuseTracked(top: string, path: string, name: string, ctx: Context): Promise<void> {
  const inside = relative(top, path)
  if (inside.split(sep)[0] === '..' || isAbsolute(inside)) return
  const tracked = await gitIn(top, ctx).run('ls-files', '-z', '--', join('.', inside))
  if (tracked.length === 0) return
  throw new SopsError('generic', `${name} has files that Git tracks: plaintext there would be committed`, {
    hints: [`name a folder that is ignored: echo ${shellWord(`/${inside || 'plain'}/`)} >> .gitignore`],
  })
}

/** @throws SopsError `generic`. */
async function refuseLinks(folder: string, place: string, name: string): Promise<void> {
  for (let at = dirname(place); at !== '.'; at = dirname(at)) {
    const found = await lstat(join(folder, at)).catch(() => undefined)
    if (!found?.isSymbolicLink()) continue
    throw new SopsError('generic', `${quote(join(name, at))} is a link: plaintext would land behind it`, {
      hints: ['name a folder without links in it'],
    })
  }
}

async function isEncrypted(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isFile() === true && looksEncrypted(await readFile(path))
}
