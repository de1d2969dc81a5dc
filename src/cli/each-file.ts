// Runs one command over several files: goes on when one fails, and says at a terminal where it is and, in the end, how many it did.
import { SopsError } from '../errors.ts'
import type { Flag } from './flag.ts'
import type { Invocation, Io } from './invocation.ts'

interface EachFile {
  /** What is being done: `rotating`. */
  readonly doing: string
  /** What was done to all of them. */
  readonly done: (total: number) => string
  /** The text of the error at the end. */
  readonly failed: (failures: number, total: number) => string
}

/**
 * Runs `work` for each file in turn, as if that were the only word. Each failure is reported at once.
 * @throws SopsError `generic` at the end, if any failed.
 */
export async function forEachFile<F extends Flag>(
  inv: Invocation<F>,
  io: Io,
  work: (one: Invocation<F>, io: Io) => Promise<void>,
  { doing, done, failed }: EachFile,
): Promise<void> {
  const files = inv.positionals
  const quiet: Io = { ...io, done: async () => {} }
  let failures = 0
  for (const [i, name] of files.entries()) {
    io.within(`${doing} ${i + 1} of ${files.length}`)
    io.about(name)
    try {
      await work({ ...inv, positionals: [name] }, quiet)
    } catch (error) {
      if (!(error instanceof SopsError)) throw error
      failures++
      await io.fail(error)
    }
  }
  io.about(undefined)
  io.within(undefined)
  if (failures > 0) throw new SopsError('generic', failed(failures, files.length))
  await io.done(done(files.length))
}
