// Runs one command over several files: goes on when one fails, and shows its progress on a terminal.
import { SopsError } from '../errors.ts'
import type { Flag } from './flag.ts'
import type { Invocation, Io } from './invocation.ts'
import { Control, sayPart } from './say.ts'

/** Erases the line and puts the cursor at its start. */
const startOver = new Control('\r\x1b[K')

interface EachFile {
  /** What is being done, to show on a terminal; absent for commands that report progress themselves. */
  readonly doing?: string
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
  work: (one: Invocation<F>) => Promise<void>,
  { doing, failed }: EachFile,
): Promise<void> {
  const files = inv.positionals
  const { stderr } = io.host
  const shows = doing !== undefined && stderr.isTTY
  let failures = 0
  for (const [i, name] of files.entries()) {
    if (shows) await sayPart(stderr, [startOver, `${doing} ${i + 1} of ${files.length}: ${name}`])
    io.about(name)
    try {
      await work({ ...inv, positionals: [name] })
    } catch (error) {
      if (!(error instanceof SopsError)) throw error
      failures++
      if (shows) await sayPart(stderr, startOver)
      await io.fail(error)
    }
  }
  io.about(undefined)
  if (shows) await sayPart(stderr, startOver)
  if (failures > 0) throw new SopsError('generic', failed(failures, files.length))
}
