// Reads what a user names: a regular file, or a pipe, terminal or device, of which only so much is taken and which is not waited for in
// silence.
import type { BigIntStats, Stats } from 'node:fs'
import type { Readable } from 'node:stream'
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, statSync } from './files-sync.ts'

/** Bytes that are taken from a pipe, a terminal or a device. */
export const maximumStreamed: number = 2 ** 29

/** Milliseconds without a byte before somebody is told what is waited for. */
export const silence = 2000

export interface InputOptions {
  /** For pipes, terminals and devices; `maximumStreamed` if left out. */
  readonly maximum?: number
  /** Called once when nothing has come for a while: at once for a terminal. */
  readonly onWait?: (from: 'pipe' | 'terminal') => void
}

/** `a named pipe`, `a device`: what is there instead of a regular file. Undefined for one, and for a folder, which the system refuses. */
export const irregularity = (found: Stats | BigIntStats): string | undefined =>
  found.isFIFO()
    ? 'a named pipe'
    : found.isSocket()
      ? 'a socket'
      : found.isCharacterDevice() || found.isBlockDevice()
        ? 'a device'
        : undefined

/** A pipe that nobody writes to is opened, too. Windows has no such flag. */
const openForReading = (path: string): number => openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))

/** The bytes of a regular file; `refuse` makes the error for anything else, which is not opened. @throws it, or the system's error. */
export function readRegular(path: string, refuse: (what: string) => Error): Buffer {
  const check = (found: Stats): void => {
    const what = irregularity(found)
    if (what !== undefined) throw refuse(what)
  }
  check(statSync(path))
  const descriptor = openForReading(path)
  try {
    check(fstatSync(descriptor))
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The bytes of whatever the path names. @throws the system's error; EFBIG when more than the maximum comes. */
export async function readNamed(path: string, options: InputOptions = {}): Promise<Buffer> {
  const { maximum = maximumStreamed } = options
  const descriptor = openForReading(path)
  let isOurs = true
  try {
    const found = fstatSync(descriptor)
    if (irregularity(found) === undefined) return readFileSync(descriptor)
    if (found.isFIFO()) {
      const { Socket } = await import('node:net')
      isOurs = false
      return await collect(new Socket({ fd: descriptor, readable: true, writable: false }), 'pipe', options)
    }
    const { isatty, ReadStream } = await import('node:tty')
    if (isatty(descriptor)) {
      isOurs = false
      return await collect(new ReadStream(descriptor), 'terminal', options)
    }
    return readDevice(descriptor, maximum)
  } finally {
    if (isOurs) closeSync(descriptor)
  }
}

/** `readNamed` for code that cannot wait: a pipe stops the program until it is read. @throws the system's error; EFBIG. */
export function readNamedSync(path: string, maximum: number): Buffer {
  const descriptor = openSync(path, constants.O_RDONLY)
  try {
    const isRegular = irregularity(fstatSync(descriptor)) === undefined
    return isRegular ? readFileSync(descriptor) : readDevice(descriptor, maximum)
  } finally {
    closeSync(descriptor)
  }
}

/** All bytes of a stream. @throws its error; EFBIG when more than the maximum comes. */
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
  return Buffer.concat(chunks)
}

/** Devices that have nothing at the moment are not waited for. */
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

const tooLarge = (): Error => Object.assign(new Error('file too large'), { code: 'EFBIG', syscall: 'read' })
