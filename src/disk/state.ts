// What a file was when it was read, and whether it still is.
import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { SopsError } from '../errors.ts'
import {
  codeOf,
  lstat,
  readFileSync,
  readlink,
  realpathSync,
  stat,
  statSync,
  systemErrorText,
} from '../system/index.ts'
import { isSame, type Lock } from './lock.ts'

/** A digest of a file's content, to tell later whether it changed. */
export type Fingerprint = string

export const fingerprint = (bytes: Uint8Array): Fingerprint => createHash('sha256').update(bytes).digest('hex')

/** The error for a file that is no longer what was read. */
export const changed = (path: string, code: 'bad-input' | 'cannot-write' = 'cannot-write'): SopsError =>
  new SopsError(code, `${path} was changed by another program in the meantime; it was not written`, {
    hints: ['run the command again to work on the new content'],
  })

/** A failure to write a file, in words; `what` it is. Other errors of ours stay as they are. */
export function cannotWrite(error: unknown, path: string, what: string): SopsError {
  if (error instanceof SopsError) return error
  const text = systemErrorText(error, 'open', path)
  const lead = text.startsWith('open ') ? `Could not open ${what} for writing` : 'Could not write file'
  return new SopsError('cannot-write', `${lead}: ${text}`, { cause: error })
}

/** `path` is its name for people. @throws SopsError `cannot-write` unless the target is the locked file. */
export async function mustBeLocked(path: string, target: string, { file }: Pick<Lock, 'file'>): Promise<void> {
  const now = statSync(target, { bigint: true, throwIfNoEntry: false })
  if (now === undefined || !isSame(now, file)) throw changed(path)
}

/** @throws SopsError `cannot-write` unless the file holds what was read. */
export async function mustBeAsRead(path: string, expect: Fingerprint): Promise<void> {
  // Of many files, at once: asking for each in the background costs more than reading it.
  try {
    if (fingerprint(readFileSync(path)) === expect) return
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  throw changed(path)
}

/** The target of symbolic links, which need not exist. */
export async function followLinks(path: string): Promise<string> {
  try {
    return realpathSync(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    const isLink = await lstat(path).then(
      (found) => found.isSymbolicLink(),
      () => false,
    )
    return isLink ? followLinks(resolve(dirname(path), await readlink(path))) : path
  }
}

export async function statOrUndefined(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
