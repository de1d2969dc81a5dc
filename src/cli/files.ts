// Reading input and writing output. A target is replaced as a whole or not at all wherever the file system allows it.
import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { SopsError } from '../errors.ts'
import { codeOf, systemErrorText } from '../system/errors.ts'
import { access, constants, lstat, readFile, readlink, realpath, stat } from '../system/files.ts'
import type { Host } from './host.ts'
import { type Content, createFile, overwriteFile, replaceFile } from './replace-file.ts'

/** The path as the user's working directory has it; messages keep what the user wrote. */
const inFolder = (host: Host, path: string): string => (path === '' ? '' : resolve(host.cwd, path))

/** The bytes of a file, or of stdin when `path` is undefined. @throws SopsError `bad-input`. */
export async function readInput(host: Host, path: string | undefined): Promise<Uint8Array> {
  if (path === undefined) {
    try {
      return await host.stdin.readAll()
    } catch (error) {
      const text = systemErrorText(error, 'read', '/dev/stdin')
      throw new SopsError('bad-input', `Error reading from stdin: ${text}`, { cause: error })
    }
  }
  try {
    return await readFile(inFolder(host, path))
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
 * Writes a file: to a temporary file beside it, with the same mode and owner, flushed to disk, then renamed. Links are followed. The
 * target is left as it was on failure. Where a rename would do harm the target is overwritten instead: see `replaceFile`.
 * @throws SopsError `cannot-write`.
 */
export async function writeOutput(
  host: Host,
  path: string,
  content: Content,
  options: WriteOptions = {},
): Promise<void> {
  try {
    await write(host, inFolder(host, path), content, options.expect)
  } catch (error) {
    if (error instanceof SopsError) throw error
    const text = systemErrorText(error, 'open', path)
    const lead = text.startsWith('open ')
      ? `Could not open ${options.what ?? 'output file'} for writing`
      : 'Could not write file'
    throw new SopsError('cannot-write', `${lead}: ${text}`, { cause: error })
  }
}

async function write(host: Host, path: string, content: Content, expect: WriteOptions['expect']): Promise<void> {
  const before = await statOrUndefined(path)
  // Behind /dev/stdout and the like may stand a regular file that others have open; the reference writes into it, too.
  const special = before !== undefined && (!before.isFile() || /^\/(dev\/(?!shm\/)|proc\/)/.test(path))
  if (special) return overwriteFile(path, content)
  const target = await followLinks(path)
  if (before === undefined) {
    if (expect !== undefined && expect !== 'absent') throw changed(path)
    const created = await createFile(host, target, content, { exclusive: expect === 'absent' })
    if (!created) throw changed(path)
    return
  }
  // A rename would replace even a file that may not be written.
  await access(target, constants.W_OK)
  await replaceFile(host, target, content, before, async () => {
    if (expect !== undefined && fingerprint(await readFile(target)) !== expect) throw changed(path)
  })
}

const changed = (path: string): SopsError =>
  new SopsError('cannot-write', `${path} was changed by another program in the meantime; it was not written`, {
    hints: ['run the command again to work on the new content'],
  })

/** The file behind symbolic links, which need not exist. */
async function followLinks(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    const isLink = await lstat(path).then(
      (found) => found.isSymbolicLink(),
      () => false,
    )
    return isLink ? followLinks(resolve(dirname(path), await readlink(path))) : path
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
