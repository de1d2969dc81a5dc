// Node's file calls for paths with bytes that are not UTF-8 (bytes.ts). Nothing else under src/ may give node:fs/promises a path.
import * as fs from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { entriesIn } from '../runtime/index.ts'
import { nativePath, textOf } from './bytes.ts'

const onPath = <Call>(call: Call): Call =>
  (async (path: unknown, ...rest: unknown[]) =>
    (call as (path: unknown, ...rest: unknown[]) => unknown)(
      typeof path === 'string' ? nativePath(path) : path,
      ...rest,
    )) as Call

export const access: typeof fs.access = onPath(fs.access)
export const lstat: typeof fs.lstat = onPath(fs.lstat)
const mkdir: typeof fs.mkdir = onPath(fs.mkdir)
export const open: typeof fs.open = onPath(fs.open)
export const readFile: typeof fs.readFile = onPath(fs.readFile)
export const rm: typeof fs.rm = onPath(fs.rm)
export const stat: typeof fs.stat = onPath(fs.stat)
export const writeFile: typeof fs.writeFile = onPath(fs.writeFile)
export type { FileHandle } from 'node:fs/promises'

export const link = async (from: string, to: string): Promise<void> => fs.link(nativePath(from), nativePath(to))

/**
 * Makes a folder and its missing parents, each with this mode. Node's recursive mkdir never returns on a file system that answers ENOENT
 * for every name in it (procfs).
 * @throws the system's error.
 */
export async function makeFolders(path: string, mode: number): Promise<void> {
  if (await isFolder(path)) return
  const above = dirname(path)
  if (above !== path) await makeFolders(above, mode)
  try {
    await mkdir(path, mode)
  } catch (error) {
    // Another program may have made it meanwhile.
    if (!(await isFolder(path))) throw error
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

export const readlink = async (path: string): Promise<string> => textOf(await fs.readlink(nativePath(path), 'buffer'))

export const realpath = async (path: string): Promise<string> => textOf(await fs.realpath(nativePath(path), 'buffer'))

/** Relative paths of all files below a folder, each folder in the byte order of its names. Links and folders of names in `but` are not followed. */
export async function* filesBelow(
  folder: string,
  but: readonly string[] = [],
  within: string = '',
): AsyncGenerator<string> {
  const entries = await entriesIn(nativePath(join(folder, within)))
  entries.sort((a, b) => Buffer.compare(a.name, b.name))
  for (const { name: bytes, isFolder: isBelow } of entries) {
    const name = textOf(bytes)
    const path = join(within, name)
    if (!isBelow) yield path
    else if (!but.includes(name)) yield* filesBelow(folder, but, path)
  }
}
