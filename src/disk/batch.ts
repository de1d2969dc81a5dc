// Replaces many files: all of them, or none.
import { dirname } from 'node:path'
import { SopsError } from '../errors.ts'
import { accessSync, constants, statSync } from '../system/index.ts'
import { type Lock, lockedAtOnce, lockFile, lockFree } from './lock.ts'
import { type Content, prepareReplacement, type Replacement, syncFolder } from './replace-file.ts'
import { cannotWrite, followLinks, mustBeLocked } from './state.ts'
import type { Writer } from './writer.ts'

/** New content of a file that exists. */
interface Change {
  /** Absolute. */
  readonly path: string
  readonly content: Content
  /** Refuses a file that is no longer what was read. @throws SopsError `cannot-write`. */
  readonly check: () => Promise<void>
}

interface Prepared {
  readonly path: string
  readonly target: string
  readonly check: Change['check']
  readonly replacement: Replacement
}

/** Files whose new content lies ready beside them. */
export interface Batch {
  /** @throws SopsError `cannot-write`, as for a file that may not be written. */
  add(change: Change): Promise<void>
  /**
   * Puts all contents in place. Nothing is written if a file is no longer what was read. Where the system refuses halfway, every file is the
   * old or the new one, and the error counts them.
   * @throws SopsError `cannot-write`.
   */
  commit(): Promise<void>
  /** Removes what lies ready and was not put in place. */
  discard(): Promise<void>
}

export function makeBatch(writer: Writer): Batch {
  const prepared: Prepared[] = []
  return {
    async add({ path, content, check }) {
      try {
        prepared.push({ path, check, ...(await prepare(writer, path, content)) })
      } catch (error) {
        throw cannotWrite(error, path, what)
      }
    },
    async commit() {
      for (const { check } of prepared) await check()
      let done = 0
      const released: Promise<unknown>[] = []
      try {
        for (let at = 0; at < prepared.length; at += lockedAtOnce)
          await putAllInPlace(writer, prepared.slice(at, at + lockedAtOnce), { released, onDone: () => done++ })
      } catch (error) {
        const failure = cannotWrite(error, prepared[done]!.path, what)
        throw done === 0 ? failure : halfway(failure, done, prepared.length)
      } finally {
        await Promise.all(released)
        for (const folder of new Set(prepared.map(({ target }) => dirname(target)))) await syncFolder(folder)
      }
    },
    async discard() {
      for (const { replacement } of prepared) await replacement.discard()
    },
  }
}

/** What messages call a file that is replaced. */
const what = 'in-place file'

async function prepare(
  writer: Writer,
  path: string,
  content: Content,
): Promise<Pick<Prepared, 'target' | 'replacement'>> {
  const target = await followLinks(path)
  // A rename would replace even a write-protected file.
  accessSync(target, constants.W_OK)
  return {
    target,
    replacement: await prepareReplacement(writer, target, content, statSync(target, { bigint: true })),
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

const putInPlace = ({ path, target, check, replacement }: Prepared, lock: Pick<Lock, 'file'>): Promise<void> =>
  replacement.commit(async () => {
    await mustBeLocked(path, target, lock)
    await check()
  })

const halfway = (error: SopsError, done: number, total: number): SopsError =>
  new SopsError('cannot-write', `${error.message} (${done} of ${total} files were written before that)`, {
    hints: ['every file is whole, the old one or the new one: run the command again for the others'],
    cause: error,
  })
