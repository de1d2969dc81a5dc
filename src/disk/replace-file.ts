// Replaces a file's content through a temporary file beside it, so that a crash leaves either the old content or the new.
import { randomBytes } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SopsError } from '../errors.ts'
import {
  codeOf,
  constants,
  type FreshFile,
  link,
  makeFile,
  open,
  renameSync,
  rm,
  rmSync,
  systemErrorText,
} from '../system/index.ts'
import type { Writer } from './writer.ts'

/** What to write: bytes, or a function that gives them in pieces, afresh for each call. */
export type Content = Uint8Array | (() => AsyncIterable<Uint8Array>)

/** Writes at the current position. Returns the number of bytes. */
async function put(handle: Pick<FreshFile, 'writeFile'>, content: Content): Promise<number> {
  if (content instanceof Uint8Array) {
    await handle.writeFile(content)
    return content.length
  }
  let length = 0
  for await (const bytes of content()) {
    await handle.writeFile(bytes)
    length += bytes.length
  }
  return length
}

/**
 * Makes a file, by default with the mode that new files get. With `exclusive`, returns false if the name is taken.
 * @throws the error of the system call.
 */
export async function createFile(
  writer: Writer,
  target: string,
  content: Content,
  { exclusive = false, mode = 0o666 & ~writer.umask }: { readonly exclusive?: boolean; readonly mode?: number } = {},
): Promise<boolean> {
  const temporary = makeTemporary(writer, target)
  try {
    await fill(temporary.handle, content, mode)
    if (exclusive) {
      try {
        await link(temporary.path, target)
        await syncFolder(dirname(target))
        return true
      } catch (error) {
        if (codeOf(error) === 'EEXIST' || !(await claim(target))) return false
      }
    }
    renameSync(temporary.path, target)
    await syncFolder(dirname(target))
    return true
  } finally {
    await temporary.discard()
  }
}

/** Takes a free name with an empty file, for a rename to replace. Without hard links this is the way to be the only one. */
async function claim(target: string): Promise<boolean> {
  try {
    await (await open(target, 'wx', 0o600)).close()
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** New content that lies ready beside the file that it replaces. */
export interface Replacement {
  /** Puts it on the disk. Of many files at once this costs less than of each by itself; `commit` does it where nobody did. */
  flush(): Promise<void>
  /**
   * Puts it in the file's place; `check` is called last and may still refuse.
   * @throws SopsError `cannot-write`, or the error of the system call.
   */
  commit(check: () => Promise<void>): Promise<void>
  /** Removes it; of no effect behind `commit`. */
  discard(): Promise<void>
}

/**
 * Prepares to replace an existing regular file. `before` is its state. The file is overwritten, not renamed over, if it has several names, if
 * a new file cannot get its owner, or if the folder or a mount forbids renaming. Then a copy of the new content lies beside it until that is
 * done, if the folder is writable.
 * @throws the error of the system call.
 */
export async function prepareReplacement(
  writer: Writer,
  target: string,
  content: Content,
  before: BigIntStats,
): Promise<Replacement> {
  let temporary: Temporary
  try {
    temporary = makeTemporary(writer, target)
  } catch (error) {
    if (!isForbidden(error) || typeof content === 'function') throw error
    const commit: Replacement['commit'] = (check) => check().then(() => overwriteFile(target, content))
    return { flush: async () => {}, commit, discard: async () => {} }
  }
  try {
    const { handle } = temporary
    const mode = Number(before.mode & 0o7777n)
    await put(handle, content)
    changeMode(handle, mode)
    const isReplaceable = before.nlink === 1n && takeOwner(handle, before, mode)
    let flushed: Promise<void> | undefined
    const flush = (): Promise<void> => {
      flushed ??= sync(handle).finally(handle.close)
      return flushed
    }
    const commit = async (check: () => Promise<void>): Promise<void> => {
      await flush()
      await check()
      try {
        if (isReplaceable) {
          renameSync(temporary.path, target)
          return temporary.renamed()
        }
      } catch (error) {
        if (!isForbidden(error)) throw error
      }
      await overwriteWithCopy(target, content, temporary)
    }
    return { flush, commit, discard: temporary.discard }
  } catch (error) {
    await temporary.discard()
    throw error
  }
}

/** `prepareReplacement`, and at once what it prepared. */
export async function replaceFile(
  writer: Writer,
  target: string,
  content: Content,
  before: BigIntStats,
  check: () => Promise<void>,
): Promise<void> {
  const replacement = await prepareReplacement(writer, target, content, before)
  try {
    await replacement.commit(check)
    await syncFolder(dirname(target))
  } finally {
    await replacement.discard()
  }
}

/** Writes into an existing file, device or pipe; `onOpen` is called when it is open, which takes a reader for a pipe. */
export async function overwriteFile(target: string, content: Content, onOpen?: () => void): Promise<void> {
  const handle = await open(target, constants.O_WRONLY)
  onOpen?.()
  try {
    const length = await put(handle, content)
    if (!(await handle.stat()).isFile()) return
    await handle.truncate(length)
    await sync(handle)
  } finally {
    await handle.close()
  }
}

/** If overwriting fails halfway, the temporary file stays: it is the only whole copy. */
async function overwriteWithCopy(target: string, content: Content, temporary: Temporary): Promise<void> {
  const handle = await open(target, constants.O_WRONLY)
  await handle.close()
  temporary.keep()
  try {
    // The pieces may come from the very file that is overwritten.
    await overwriteFile(target, typeof content === 'function' ? () => piecesOf(temporary.path) : content)
  } catch (error) {
    throw new SopsError('cannot-write', `Could not write file: ${systemErrorText(error, 'write', target)}`, {
      cause: error,
      hints: [`the file may be damaged; the whole new content is in ${temporary.path}`],
    })
  }
  temporary.release()
}

interface Temporary {
  readonly path: string
  readonly handle: FreshFile
  /** Makes it outlive failures and signals. */
  keep(): void
  /** Undoes `keep`. */
  release(): void
  /** It is the target now, and nothing is left to remove. */
  renamed(): void
  /** Closes the file, and removes it unless it was renamed or is to be kept. */
  discard(): Promise<void>
}

/** An empty file of mode 0600 beside `target`, removed however the program ends. */
function makeTemporary(writer: Writer, target: string): Temporary {
  // Names are limited to 255 bytes; this one keeps the target's recognisable.
  const name = `.${basename(target).slice(0, 50)}.sops-${randomBytes(8).toString('hex')}`
  const path = join(dirname(target), name)
  let kept = false
  let isGone = false
  const takeBack = writer.onCleanup(() => {
    if (!kept) rmSync(path, { force: true })
  })
  let handle: FreshFile
  try {
    handle = makeFile(path, 0o600)
  } catch (error) {
    takeBack()
    throw error
  }
  return {
    path,
    handle,
    keep: () => {
      kept = true
    },
    release: () => {
      kept = false
    },
    renamed: () => {
      isGone = true
      takeBack()
    },
    discard: async () => {
      handle.close()
      if (isGone) return
      // If it cannot be removed, the clean-up tries again; the result of the work is not affected.
      if (kept || (await isRemoved(path))) takeBack()
    },
  }
}

const isRemoved = (path: string): Promise<boolean> =>
  rm(path, { force: true }).then(
    () => true,
    () => false,
  )

async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r')
  try {
    for (const size = 2 ** 20; ; ) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(size), 0, size)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

async function fill(handle: FreshFile, content: Content, mode: number): Promise<void> {
  await put(handle, content)
  changeMode(handle, mode)
  await sync(handle)
}

/** A file system without modes refuses; the file then stays as private as it can be there. */
function changeMode(handle: FreshFile, mode: number): void {
  try {
    handle.chmod(mode)
  } catch {}
}

async function sync(handle: Pick<FreshFile, 'sync'>): Promise<void> {
  try {
    await handle.sync()
  } catch (error) {
    // Not every file system can flush, but a failed write must be reported.
    if (!['EINVAL', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error
  }
}

/** True if the new file has, or could be given, the owner of the old one. */
function takeOwner(handle: FreshFile, before: BigIntStats, mode: number): boolean {
  const now = handle.stat()
  if (now.uid === before.uid && now.gid === before.gid) return true
  try {
    handle.chown(Number(before.uid), Number(before.gid))
    // Changing the owner clears some bits of the mode.
    changeMode(handle, mode)
    return true
  } catch {
    return false
  }
}

/** Flushes the names in a folder to disk, if the file system can. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch {
    // The content is on disk: at worst, a power failure brings the old file back.
  }
}

const isForbidden = (error: unknown): boolean =>
  ['EACCES', 'EBUSY', 'EPERM', 'EROFS', 'EXDEV'].includes(codeOf(error) ?? '')
