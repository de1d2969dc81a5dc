// Reads input and writes output. Wherever the file system allows it, a target is replaced as a whole or not at all.
import type { Stats } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { Context } from '../context/index.ts'
import {
  type Content,
  cannotWrite,
  changed,
  createFile,
  followLinks,
  type Lock,
  lockFile,
  mustBeAsRead,
  mustBeLocked,
  onlyRegular,
  overwriteFile,
  replaceFile,
  statOrUndefined,
} from '../disk/index.ts'
import { SopsError } from '../errors.ts'
import {
  access,
  codeOf,
  constants,
  type InputOptions,
  irregularity,
  readNamed,
  readRegular,
  shownPath,
  silence,
  stat,
  statOf,
  systemErrorText,
} from '../system/index.ts'
import { fileWord } from '../text/quote.ts'
import { folderHint } from './folder-hint.ts'
import type { Host } from './host.ts'
import type { Io } from './invocation.ts'
import { fileLike } from './near-file.ts'
import type { WriteOptions } from './write-options.ts'

/** The path, resolved in the user's working directory; messages keep what the user wrote. */
const inFolder = (host: Host, path: string): string => (path === '' ? '' : resolve(host.cwd, path))

interface InputFileOptions {
  /** The file will be changed in place, so it must be a regular one. */
  readonly inPlace?: boolean
}

/** What reading needs to know of a run. */
type Reader = Pick<Io, 'host' | 'ctx' | 'command'>

/** Bytes of a text from which reading it takes long. */
const longText = 2 ** 21

/** The bytes of a file, or of stdin when `path` is undefined. @throws SopsError `bad-input`. */
export async function readInput(
  reader: Reader,
  path: string | undefined,
  options: InputFileOptions = {},
): Promise<Uint8Array> {
  const { watch } = reader.ctx
  watch?.({ what: 'reading' })
  const bytes = await readGivenInput(reader, path, options)
  if (bytes.length >= longText) watch?.({ what: 'reading', long: true })
  return bytes
}

async function readGivenInput(
  { host, ctx, command }: Reader,
  path: string | undefined,
  { inPlace = false }: InputFileOptions,
): Promise<Uint8Array> {
  const onWait = (from: 'pipe' | 'terminal'): void => tellOfWaiting(from, path, ctx.log)
  if (path === undefined) {
    try {
      return await host.stdin.readAll({ onWait })
    } catch (error) {
      const text = systemErrorText(error, 'read', '/dev/stdin')
      throw new SopsError('bad-input', `Error reading from stdin: ${text}`, { hints: sizeHint(error), cause: error })
    }
  }
  try {
    if (inPlace) return readRegular(inFolder(host, path), (what) => irregular(path, what))
    return await readGiven(host, inFolder(host, path), { onWait })
  } catch (error) {
    if (error instanceof SopsError) throw error
    const text = systemErrorText(error, 'open', path)
    throw new SopsError('bad-input', `Error reading file: ${text}`, {
      hints: readHints(error, path, inFolder(host, path), command),
      cause: error,
    })
  }
}

const irregular = (path: string, what: string): SopsError =>
  new SopsError('bad-input', `Error reading file: ${shownPath(path)} is ${what}: ${onlyRegular}`)

/** Next steps for a file that is not there, by its whole path. */
export function missingHints(path: string, command = ''): string[] {
  const reads = /^(?:de|en)crypt(?= |$)/.exec(command)?.[0]
  if (basename(path) === '-' && reads !== undefined)
    return [`to read stdin, leave the name out: sops ${reads} --filename-override secrets.yaml`]
  const like = fileLike(path)
  return [
    ...(like === undefined ? [] : [`did you mean ${fileWord(like)}?`]),
    'is the name right, and the working folder? sops edit FILE makes a new encrypted file',
  ]
}

/** Next steps for a file that cannot be read. */
function readHints(error: unknown, path: string, whole: string, command: string): string[] {
  switch (codeOf(error)) {
    case 'EISDIR':
      return [folderHint(path, command)]
    case 'ENOENT':
      return missingHints(whole, command)
    case 'EACCES':
      return ['ask its owner for the right to read it (chmod, chown)']
    default:
      return sizeHint(error)
  }
}

/** What is at a path, links followed; `shown` is the path as the user wrote it. @throws SopsError `generic`. */
export const statNamed = (path: string, shown: string = path): Promise<Stats> =>
  stat(path).catch((error: unknown) => {
    const hints = codeOf(error) === 'ENOENT' ? missingHints(path) : []
    throw new SopsError('generic', systemErrorText(error, 'stat', shown), { hints, cause: error })
  })

export const isFolder = (path: string): boolean => statOf(path)?.isDirectory() ?? false

/** What cannot be looked at says so when it is read. @throws SopsError `bad-input`. */
export async function mustBeNoFolder(path: string, command: string): Promise<void> {
  if (!isFolder(path)) return
  throw new SopsError('bad-input', `Error reading file: read ${path}: is a directory`, {
    hints: [folderHint(path, command)],
  })
}

const sizeHint = (error: unknown): string[] =>
  codeOf(error) === 'EFBIG' ? ['pipes and devices are read up to 512 MiB: put what is larger into a file'] : []

/** `readNamed` that also takes the names of stdin, which the system cannot open if stdin is a socket. */
export async function readGiven(host: Host, path: string, options?: InputOptions): Promise<Uint8Array> {
  try {
    return await readNamed(path, options)
  } catch (error) {
    const isStdin = codeOf(error) === 'ENXIO' && /^\/(?:dev\/stdin|dev\/fd\/0|proc\/self\/fd\/0)$/.test(path)
    if (!isStdin) throw error
    return host.stdin.readAll(options)
  }
}

/** Warns of a pipe that has a name, whose writer may have been forgotten; anything else can only be slow. */
export function tellOfWaiting(from: 'pipe' | 'terminal', path: string | undefined, log: Context['log']): void {
  const isNamed = from === 'pipe' && path !== undefined && !isOpenStream(path)
  const what = from === 'terminal' ? 'what is typed: Ctrl+D ends it' : `a program that writes to ${path ?? 'stdin'}`
  log({ level: isNamed ? 'warning' : 'advice', logger: 'CMD', message: `waiting for ${what}` })
}

/**
 * Locks a file that is to be read and changed; undefined if it cannot be written, for reading or writing it will tell why.
 * @throws SopsError `cannot-write` when another program holds the lock for too long.
 */
export async function lockInput({ host, ctx }: Pick<Io, 'host' | 'ctx'>, path: string): Promise<Lock | undefined> {
  const message = `waiting for another program that changes ${path}`
  ctx.watch?.({ what: message })
  const timer = setTimeout(() => ctx.watch ?? ctx.log({ level: 'advice', logger: 'CMD', message }), 2000)
  try {
    const found = await statOrUndefined(path)
    return found?.isFile() ? await lockFile(host, await followLinks(path)) : undefined
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

/** Writes to a named pipe, whose opening waits for a reader. */
async function overwritePipe(path: string, content: Content, log: Context['log']): Promise<void> {
  const message = `waiting for a program that reads from ${path}`
  const timer = setTimeout(() => log({ level: 'warning', logger: 'CMD', message }), silence)
  await overwriteFile(path, content, () => clearTimeout(timer)).finally(() => clearTimeout(timer))
}

/**
 * Writes a file: to a temporary file beside it, with the same mode and owner, flushed to disk, then renamed. Follows links. On failure the
 * target stays as it was. If a rename would do harm, the target is overwritten instead: see `replaceFile`. A target that was read before
 * (`expect`) must be a regular file.
 * @throws SopsError `cannot-write`.
 */
export async function writeOutput(
  host: Host,
  path: string,
  content: Content,
  options: WriteOptions = {},
): Promise<void> {
  try {
    await write(host, inFolder(host, path), content, options)
  } catch (error) {
    throw cannotWrite(error, path, options.what ?? 'output file')
  }
}

async function write(host: Host, path: string, content: Content, options: WriteOptions): Promise<void> {
  const { expect } = options
  const before = await statOrUndefined(path)
  // /dev/stdout and the like may be a regular file that others have open; the reference writes into it as well.
  const special = before !== undefined && (!before.isFile() || isOpenStream(path))
  if (special && expect === undefined) {
    return before.isFIFO() && options.log ? overwritePipe(path, content, options.log) : overwriteFile(path, content)
  }
  if (special && !before.isDirectory()) throw irregular(path, irregularity(before) ?? 'a device')
  const target = await followLinks(path)
  if (before === undefined) {
    if (expect !== undefined && expect !== 'absent') throw changed(path)
    if (await createFile(host, target, content, { exclusive: true })) return
    if (expect === 'absent') throw changed(path)
  }
  // A rename would replace even a write-protected file.
  await access(target, constants.W_OK)
  const lock = options.lock ?? (await lockFile(host, target))
  try {
    await replaceFile(host, target, content, await stat(target, { bigint: true }), async () => {
      if (expect === undefined) return
      await mustBeLocked(path, target, lock)
      await mustBeAsRead(path, expect)
    })
  } finally {
    if (options.lock === undefined) lock.release()
  }
}

/** True for names of open streams and of devices. */
export const isOpenStream = (path: string): boolean => /^\/(dev\/(?!shm\/)|proc\/)/.test(path)
