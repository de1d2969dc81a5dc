// Runs a command that only reads over many files: goes on when one fails.
import { inOrder } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import type { Target } from '../../repo/index.ts'
import type { Invocation, Io } from '../invocation.ts'
import { jobsOf } from './change.ts'
import type { TargetFlag } from './flags.ts'
import { ioOf } from './one.ts'

/** What one of many files gave. */
interface Read<R> {
  readonly target: Target
  readonly result?: R
  readonly error?: SopsError
}

/**
 * The results in the order of the files, each given to `take` as it comes. Failures are reported unless `isQuiet`.
 * @param doing what is being done, as `decrypting`.
 */
export async function readMany<R>(
  inv: Invocation<TargetFlag>,
  io: Io,
  { targets, doing, isQuiet = false }: { targets: readonly Target[]; doing: string; isQuiet?: boolean },
  work: (io: Io, target: Target) => Promise<R>,
  take: (read: Read<R>) => Promise<void> | void,
): Promise<readonly SopsError[]> {
  const errors: SopsError[] = []
  let done = 0
  const tell = (): void => {
    io.about(targets[done]?.name)
    io.within(`${doing} ${Math.min(done + 1, targets.length)} of ${targets.length}`)
  }
  const readOne = async (target: Target): Promise<{ child: Io; read: Read<R> }> => {
    const child = ioOf(inv, io, target)
    try {
      return { child, read: { target, result: await work(child, target) } }
    } catch (error) {
      if (!(error instanceof SopsError)) throw error
      return { child, read: { target, error } }
    }
  }
  tell()
  for await (const { child, read } of inOrder(targets, jobsOf(inv), readOne)) {
    child.release()
    if (read.error) errors.push(read.error)
    if (read.error && !isQuiet) await child.fail(read.error)
    await take(read)
    done++
    tell()
  }
  io.about(undefined)
  io.within(undefined)
  return errors
}
