// Replaces many files: all of them, or none.
import type { BigIntStats } from 'node:fs'
import { dirname } from 'node:path'
import { turns } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { accessSync, constants, statSync } from '../system/index.ts'
import { type Lock, lockedAtOnce, lockFile, lockFree } from './lock.ts'
import { type Content, prepareReplacement, type Replacement, syncFolder } from './replace-file.ts'
import { cannotWrite, followLinks, mustBeLocked } from './state.ts'
import type { Writer } from './writer.ts'

/** New content of a file that exists. */
export interface Change {
  /** Absolute. */
  readonly path: string
  readonly content: Content
  /** Refuses a file that is no longer what was read. @throws SopsError `cannot-write`. */
  readonly check: () => Promise<void>
}

interface Prepared {
  readonly change: Change
  /** Those of other names of the file. */
  readonly also: Change[]
  /** The device and number of the file. */
  readonly file: string
  readonly target: string
  readonly replacement: Replacement
}

/** New content that cannot be put on the disk, and will not be put in place. */
interface LostChange {
  readonly change: Change
  readonly error: SopsError
}

/** Files whose new content lies ready beside them. */
export interface Batch {
  /**
   * Of a file that was added under another name already, this one changes nothing.
   * @throws SopsError `cannot-write`, as for a file that may not be written.
   */
  add(change: Change): Promise<void>
  /** Puts what was added on the disk. Returns what could not be, and goes on without it. */
  flush(): Promise<readonly LostChange[]>
  /**
   * Puts all contents in place. Nothing is written if one cannot be put on the disk, or a file is no longer what was read. Where the system refuses halfway, every file is the
   * old or the new one, and the error counts them.
   * @throws SopsError `cannot-write`.
   */
  commit(): Promise<void>
  /** Removes what lies ready and was not put in place. */
  discard(): Promise<void>
}

export function makeBatch(writer: Writer): Batch {
  const prepared = new Set<Prepared>()
  const lost: LostChange[] = []
  let waiting: Prepared[] = []
  /** Files that have several names. */
  const linked = new Map<string, Prepared>()
  // One after the other: while some are flushed, no more are opened.
  const inTurn = turns(1)
  const flushWaiting = async (): Promise<void> => {
    const some = waiting
    waiting = []
    await Promise.all(
      some.map(async (one) => {
        try {
          await one.replacement.flush()
        } catch (error) {
          prepared.delete(one)
          linked.delete(one.file)
          for (const change of [one.change, ...one.also])
            lost.push({ change, error: cannotWrite(error, change.path, what) })
          await one.replacement.discard()
        }
      }),
    )
  }
  const addOne = async (change: Change): Promise<void> => {
    try {
      const place = await placeOf(change.path)
      const first = linked.get(place.file)
      if (first) {
        first.also.push(change)
        return
      }
      const one = await prepare(writer, change, place)
      if (place.before.nlink > 1n) linked.set(place.file, one)
      prepared.add(one)
      waiting.push(one)
    } catch (error) {
      throw cannotWrite(error, change.path, what)
    }
    if (waiting.length >= openAtOnce) await flushWaiting()
  }
  return {
    add: (change) => inTurn(() => addOne(change)),
    async flush() {
      await flushWaiting()
      return lost.splice(0)
    },
    async commit() {
      await flushWaiting()
      const [missing] = lost
      if (missing) throw missing.error
      const all = [...prepared]
      for (const { change } of all) await change.check()
      let done = 0
      const released: Promise<unknown>[] = []
      try {
        for (let at = 0; at < all.length; at += lockedAtOnce)
          await putAllInPlace(writer, all.slice(at, at + lockedAtOnce), { released, onDone: () => done++ })
      } catch (error) {
        const failure = cannotWrite(error, all[done]!.change.path, what)
        throw done === 0 ? failure : halfway(failure, done, all.length)
      } finally {
        await Promise.all(released)
        for (const folder of new Set(all.map(({ target }) => dirname(target)))) await syncFolder(folder)
      }
    },
    async discard() {
      for (const { replacement } of prepared) await replacement.discard()
    },
  }
}

/**
 * As many files are open until they are flushed: in one go, for each flush makes the others wait that write. No more, for the system may allow
 * a process only few open files.
 */
const openAtOnce = 8

/** What messages call a file that is replaced. */
const what = 'in-place file'

/** Where a path leads, and what is there. */
interface Place extends Pick<Prepared, 'target' | 'file'> {
  readonly before: BigIntStats
}

async function placeOf(path: string): Promise<Place> {
  const target = await followLinks(path)
  // A rename would replace even a write-protected file.
  accessSync(target, constants.W_OK)
  const before = statSync(target, { bigint: true })
  return { target, before, file: `${before.dev}:${before.ino}` }
}

async function prepare(writer: Writer, change: Change, { target, file, before }: Place): Promise<Prepared> {
  return {
    change,
    also: [],
    file,
    target,
    replacement: await prepareReplacement(writer, target, change.content, before),
  }
}

interface Putting {
  readonly onDone: () => void
  /** Takes what waits for the locks to be gone. */
  readonly released: Promise<unknown>[]
}

async function putAllInPlace(writer: Writer, some: readonly Prepared[], { onDone, released }: Putting): Promise<void> {
  const locks = await lockFree(
    writer,
    some.map(({ target }) => target),
  )
  try {
    for (const [i, one] of some.entries()) {
      await (locks ? putInPlace(one, locks[i]!) : lockAndPut(writer, one))
      onDone()
    }
  } finally {
    if (locks) released.push(Promise.all(locks.map(({ release }) => release())))
  }
}

async function lockAndPut(writer: Writer, one: Prepared): Promise<void> {
  const lock = await lockFile(writer, one.target)
  try {
    await putInPlace(one, lock)
  } finally {
    lock.release()
  }
}

const putInPlace = (
  { change: { path, check }, target, replacement }: Prepared,
  lock: Pick<Lock, 'file'>,
): Promise<void> =>
  replacement.commit(async () => {
    await mustBeLocked(path, target, lock)
    await check()
  })

const halfway = (error: SopsError, done: number, total: number): SopsError =>
  new SopsError('cannot-write', `${error.message} (${done} of ${total} files were written before that)`, {
    hints: ['every file is whole, the old one or the new one: run the command again for the others'],
    cause: error,
  })
