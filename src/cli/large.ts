// Binary files that are too large for one string are read and written in pieces.
import type { BigIntStats } from 'node:fs'
import type { Pieces } from '../cipher/index.ts'
import { changed } from '../disk/index.ts'
import { SopsError } from '../errors.ts'
import { type FileHandle, open, stat, systemErrorText } from '../system/index.ts'
import type { inPlace, output } from './flags.ts'
import type { Host } from './host.ts'
import type { Invocation, Io, ResultPlace } from './invocation.ts'
import { absolutePath } from './settings.ts'
import { placeOf, type TargetFile, tellOfWritten } from './target.ts'

/** Bytes. A larger file would take much more memory as one string, and at three times the size no string can hold it. */
const usualSize = 2 ** 27

export const isLarge = (host: Host, size: number): boolean => size >= (host.largeFrom ?? usualSize)

export interface LargeInput extends Pieces {
  /** @throws SopsError `cannot-write` when the file is no longer the one that was read. */
  check(): Promise<void>
  close(): Promise<void>
}

/** Opens a regular file of that size; undefined for anything else, which is read as a whole. @throws SopsError `bad-input`. */
export async function openIfLarge({ host }: Io, path: string | undefined): Promise<LargeInput | undefined> {
  if (path === undefined) return undefined
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  if (!found?.isFile() || !isLarge(host, Number(found.size))) return undefined
  try {
    return await inputOf(await open(path, 'r'), path)
  } catch (error) {
    throw unreadable(error, path)
  }
}

const unreadable = (error: unknown, path: string): SopsError =>
  new SopsError('bad-input', `Error reading file: ${systemErrorText(error, 'open', path)}`, { cause: error })

async function inputOf(handle: FileHandle, path: string): Promise<LargeInput> {
  const before = await handle.stat({ bigint: true })
  return {
    size: Number(before.size),
    async read(from, to) {
      const bytes = Buffer.allocUnsafe(to - from)
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, at, bytes.length - at, from + at).catch((error: unknown) => {
          throw unreadable(error, path)
        })
        if (bytesRead === 0) throw changed(path, 'bad-input')
        at += bytesRead
      }
      return bytes
    },
    async check() {
      const now = await stat(path, { bigint: true }).catch(() => undefined)
      if (now === undefined || !isSame(before, now)) throw changed(path)
    },
    close: () => handle.close(),
  }
}

const isSame = (a: BigIntStats, b: BigIntStats): boolean =>
  a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs

/** Standard input that has already been read. */
export const inputInMemory = (bytes: Uint8Array): LargeInput => ({
  size: bytes.length,
  read: async (from, to) => bytes.subarray(from, to),
  check: async () => {},
  close: async () => {},
})

/** `writeResult` in pieces. */
export async function writeLarge(
  inv: Invocation<typeof inPlace | typeof output>,
  io: Io,
  target: TargetFile,
  input: LargeInput,
  content: () => AsyncIterable<Uint8Array>,
): Promise<ResultPlace> {
  const path = inv.string('output')
  const checked = async function* (): AsyncGenerator<Uint8Array> {
    yield* content()
    await input.check()
  }
  if (inv.bool('in-place') && target.file !== undefined) {
    await io.write(target.file, checked, { what: 'in-place file' })
    tellOfWritten(io)
    return 'file'
  }
  if (path !== '') {
    await io.write(absolutePath(io.ctx, path), checked, { what: 'output file', log: io.ctx.log })
    return placeOf(path)
  }
  for await (const bytes of content()) await io.out(bytes)
  return 'stdout'
}
