// Reads what a user names: a regular file, or a pipe, terminal or device. The latter are read up to a limit, and a long wait is announced.
import type { BigIntStats, Stats } from 'node:fs'
import type { Readable } from 'node:stream'
import { expectWork, readPipe } from '../runtime/index.ts'
import { nativePath } from './bytes.ts'
import { readFedPipe, readFedPipeSync, tooLarge } from './fed-pipe.ts'
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, statSync } from './files-sync.ts'

/** Most bytes to take from a pipe, a terminal or a device. */
const maximumStreamed: number = 2 ** 29

/** Milliseconds without a byte before the user is told what we are waiting for. */
export const silence = 2000

export interface InputOptions {
  /** Bytes, for pipes, terminals and devices; `maximumStreamed` if left out. */
  readonly maximum?: number
  /** A pipe that nobody writes to is refused after a while, and a regular file of more than the maximum as well. */
  readonly strict?: boolean
  /** Called once when nothing has come for a while; immediately for a terminal. */
  readonly onWait?: (from: 'pipe' | 'terminal') => void
}

/** What is there instead of a regular file: `a named pipe`, `a device`. Undefined for a folder as well, which the system itself refuses. */
export const irregularity = (found: Stats | BigIntStats): string | undefined =>
  found.isFIFO()
    ? 'a named pipe'
    : found.isSocket()
      ? 'a socket'
      : found.isCharacterDevice() || found.isBlockDevice()
        ? 'a device'
        : undefined

/** O_NONBLOCK (which Windows lacks), so that opening a pipe does not wait for a writer. */
const openForReading = (path: string): number => openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))

/** The bytes of a regular file. Anything else is not opened: `refuse` makes the error. @throws it, or the system's error. */
export function readRegular(path: string, refuse: (what: string) => Error): Buffer {
  const check = (found: Stats): void => {
    const what = irregularity(found)
    if (what !== undefined) throw refuse(what)
  }
  check(statSync(path))
  const descriptor = openForReading(path)
  try {
    const found = fstatSync(descriptor)
    check(found)
    return readWhole(descriptor, found)
  } finally {
    closeSync(descriptor)
  }
}

/** False for a path that cannot be looked at: opening it says why. */
function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO()
  } catch {
    return false
  }
}

/** The bytes of whatever the path names. @throws the system's error; EFBIG when more than the maximum comes. */
export async function readNamed(path: string, options: InputOptions = {}): Promise<Buffer> {
  const { maximum = maximumStreamed, strict = false } = options
  if (!strict && isPipe(path)) return collect(readPipe(nativePath(path)), 'pipe', options)
  const descriptor = openForReading(path)
  try {
    const found = fstatSync(descriptor)
    if (found.isFIFO()) return await announced(readFedPipe(descriptor, path, maximum), options)
    if (irregularity(found) === undefined) return readWhole(descriptor, found, strict ? maximum : undefined)
    const { isatty, ReadStream } = await import('node:tty')
    // Reading one that does not block fails where a runtime waits for it on a thread.
    if (isatty(descriptor)) return await collect(new ReadStream(openSync(path, 'r')), 'terminal', options)
    return readDevice(descriptor, maximum)
  } finally {
    closeSync(descriptor)
  }
}

/** Strict `readNamed` for code that cannot wait: a pipe stops the program until it is read. @throws the system's error; EFBIG. */
export function readNamedSync(path: string, maximum: number): Buffer {
  const descriptor = openForReading(path)
  try {
    const found = fstatSync(descriptor)
    if (found.isFIFO()) return readFedPipeSync(descriptor, path, maximum)
    return irregularity(found) === undefined ? readWhole(descriptor, found, maximum) : readDevice(descriptor, maximum)
  } finally {
    closeSync(descriptor)
  }
}

async function announced(work: Promise<Buffer>, { onWait }: InputOptions): Promise<Buffer> {
  const timer = onWait && setTimeout(onWait, silence, 'pipe')
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}

/** All bytes of a stream. @throws the stream's error; EFBIG when more than the maximum comes. */
export async function collect(
  stream: Readable,
  from: 'pipe' | 'terminal',
  { maximum = maximumStreamed, onWait }: InputOptions,
): Promise<Buffer> {
  const timer = onWait && setTimeout(onWait, from === 'terminal' ? 0 : silence, from)
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      clearTimeout(timer)
      length += chunk.length
      if (length > maximum) throw tooLarge()
      chunks.push(chunk)
    }
  } finally {
    clearTimeout(timer)
    stream.destroy()
  }
  expectWork(length)
  return Buffer.concat(chunks)
}

function readWhole(descriptor: number, { size }: Stats, maximum = Number.POSITIVE_INFINITY): Buffer {
  if (size > maximum) throw tooLarge()
  const bytes = readFileSync(descriptor)
  expectWork(bytes.length)
  return bytes
}

/** Fails (EAGAIN) instead of waiting for a device that has nothing at the moment. */
function readDevice(descriptor: number, maximum: number): Buffer {
  const chunks: Buffer[] = []
  for (let length = 0; ; ) {
    const chunk = Buffer.allocUnsafe(64 * 1024)
    const count = readSync(descriptor, chunk)
    if (count === 0) return Buffer.concat(chunks)
    length += count
    if (length > maximum) throw tooLarge()
    chunks.push(chunk.subarray(0, count))
  }
}
