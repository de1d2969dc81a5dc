// Reading input and writing output. A target is replaced as a whole or not at all wherever the file system allows it.
import { createHash, randomBytes } from 'node:crypto'
import { type BigIntStats, rmSync } from 'node:fs'
import {
  access,
  constants,
  type FileHandle,
  link,
  lstat,
  open,
  readFile,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SopsError } from '../errors.ts'
import type { Host } from './host.ts'
import { codeOf, systemErrorText } from './system-error.ts'

/** The bytes of a file, or of stdin when `path` is undefined. @throws SopsError `bad-input`. */
export async function readInput(host: Host, path: string | undefined): Promise<Uint8Array> {
  if (path === undefined) {
    try {
      return await host.stdin.readAll()
    } catch (error) {
      throw new SopsError('bad-input', `Error reading from stdin: ${systemErrorText(error, 'read', '/dev/stdin')}`, {
        cause: error,
      })
    }
  }
  try {
    return await readFile(path)
  } catch (error) {
    throw new SopsError('bad-input', `Error reading file: ${systemErrorText(error, 'open', path)}`, { cause: error })
  }
}

/** Stands for the content of a file, to tell later whether it changed. */
export type Fingerprint = string

export const fingerprint = (bytes: Uint8Array): Fingerprint => createHash('sha256').update(bytes).digest('hex')

export interface WriteOptions {
  /** For the reference's message when the target cannot be written; `output file` if left out. */
  readonly what?: 'in-place file' | 'output file'
  /**
   * What the target held when it was read, or `absent`. When it holds something else now, nothing is written: another program changed it
   * in the meantime.
   */
  readonly expect?: Fingerprint | 'absent'
}

/**
 * Writes a file: to a temporary file beside it, with the same mode and owner, flushed to disk, then renamed. Links are followed. Left as
 * it was on failure. A target that a rename would damage is overwritten instead: devices and pipes; a file with several names, of an owner
 * that cannot be given to a new file, or that is a mount point, after the whole content was stored beside it.
 * @throws SopsError `cannot-write`.
 */
export async function writeOutput(
  host: Host,
  path: string,
  bytes: Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  try {
    await write(host, path, bytes, options)
  } catch (error) {
    if (error instanceof SopsError) throw error
    const text = systemErrorText(error, 'open', path)
    throw new SopsError('cannot-write', `Could not open ${options.what ?? 'output file'} for writing: ${text}`, {
      cause: error,
    })
  }
}

async function write(host: Host, path: string, bytes: Uint8Array, { expect }: WriteOptions): Promise<void> {
  const target = await followLinks(path)
  const before = await statOrUndefined(target)
  if (before === undefined) {
    await inTemporary(host, target, bytes, 0o666 & ~host.umask, async (temporary) => {
      if (expect === 'absent') await claim(temporary, target)
      else await rename(temporary, target)
    })
    return
  }
  if (before.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' })
  if (!before.isFile()) return overwrite(target, bytes)
  // Renaming could replace a file that may not be written.
  await access(target, constants.W_OK)
  const mode = Number(before.mode & 0o7777n)
  const unchanged = async (): Promise<void> => {
    if (expect !== undefined && fingerprint(await readFile(target)) !== expect) throw changed(path)
  }
  if (
    !(await access(dirname(target), constants.W_OK).then(
      () => true,
      () => false,
    ))
  ) {
    await unchanged()
    return overwrite(target, bytes)
  }
  await inTemporary(host, target, bytes, mode, async (temporary, handle) => {
    const replaceable = before.nlink === 1n && (await sameOwner(handle, before))
    await unchanged()
    try {
      if (replaceable) return await rename(temporary, target)
    } catch (error) {
      if (codeOf(error) !== 'EBUSY' && codeOf(error) !== 'EXDEV') throw error
    }
    await overwrite(target, bytes).catch((error: unknown) => {
      throw new Interrupted(error)
    })
  })
}

const changed = (path: string): SopsError =>
  new SopsError('cannot-write', `${path} was changed by another program in the meantime; it was not written`, {
    hints: ['run the command again to work on the new content'],
  })

/** The overwriting of a target failed half-way; the temporary file holds the whole content and is kept. */
class Interrupted extends Error {
  constructor(cause: unknown) {
    super('interrupted', { cause })
  }
}

/**
 * Runs `place` with a flushed temporary file beside `target`. It is removed however this ends, signals included, unless it has become
 * the only whole copy.
 */
async function inTemporary(
  host: Host,
  target: string,
  bytes: Uint8Array,
  mode: number,
  place: (temporary: string, handle: FileHandle) => Promise<void>,
): Promise<void> {
  const folder = dirname(target)
  const temporary = join(folder, `.${basename(target).slice(0, 200)}.sops-${randomBytes(8).toString('hex')}`)
  const takeBack = host.onCleanup(() => rmSync(temporary, { force: true }))
  let handle: FileHandle | undefined
  let keep = false
  try {
    handle = await open(temporary, 'wx', 0o600)
    await handle.writeFile(bytes)
    if (host.platform !== 'win32') await handle.chmod(mode)
    await handle.sync()
    await place(temporary, handle)
    await syncFolder(folder)
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    keep = true
    const text = systemErrorText(error.cause, 'write', target)
    const hints = [`the whole new content is in ${temporary}`]
    throw new SopsError('cannot-write', `Could not write file: ${text}`, { cause: error.cause, hints })
  } finally {
    await handle?.close()
    takeBack()
    if (!keep) await rm(temporary, { force: true })
  }
}

/** Gives the temporary file its name only while that name is free. */
async function claim(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw changed(target)
    // A file system without hard links.
    await rename(temporary, target)
  }
}

async function overwrite(target: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(target, constants.O_WRONLY)
  try {
    const regular = (await handle.stat()).isFile()
    await handle.writeFile(bytes)
    if (!regular) return
    await handle.truncate(bytes.length)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** True when the new file has, or could be given, the owner of the old one. */
async function sameOwner(handle: FileHandle, before: BigIntStats): Promise<boolean> {
  const now = await handle.stat({ bigint: true })
  if (now.uid === before.uid && now.gid === before.gid) return true
  try {
    await handle.chown(Number(before.uid), Number(before.gid))
    // Changing the owner clears set-user-ID bits.
    await handle.chmod(Number(before.mode & 0o7777n))
    return true
  } catch {
    return false
  }
}

/** The file behind any symbolic links; the link's own target when that does not exist yet. */
async function followLinks(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    const isLink = await lstat(path).then(
      (found) => found.isSymbolicLink(),
      () => false,
    )
    if (!isLink) return path
    const { readlink } = await import('node:fs/promises')
    const { resolve } = await import('node:path')
    return followLinks(resolve(dirname(path), await readlink(path)))
  }
}

async function statOrUndefined(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Makes the rename itself durable; not every file system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch {
    // The content is safe either way: only the name may be the old one after a power failure.
  }
}
