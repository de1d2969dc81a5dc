// Lets other threads do a part of the work on many files: all but what takes keys, questions or writing.
import type { Target } from '../../repo/index.ts'
import { isAudited } from '../audit.ts'
import type { KeyServiceFlag } from '../flags.ts'
import type { Host } from '../host.ts'
import type { Invocation, Io, Many } from '../invocation.ts'
import { isFile } from '../word-order.ts'
import type { Start } from './messages.ts'
import { makeWorker } from './worker.ts'

/** Says that the work of a run is that of the command's `each`, and may be done in threads. */
export interface SharedWork {
  /** What the work needs and only this thread can read. */
  readonly given?: () => Promise<Uint8Array>
}

/** Threads at work for a run. */
export interface Threads {
  /**
   * True if a thread has done the work on the file, and this has been repeated on `own`; false where it is left to the caller, be it that all
   * threads are busy or that there is something to ask or to refuse.
   */
  work(target: Target, own: Io, ways: Pick<Many, 'rehearsal' | 'agreed'>): Promise<boolean>
  end(): void
}

type Given = Invocation<KeyServiceFlag>

/** The first thread, which wraps and writes, would not keep up with more. */
const most = 3

/**
 * Undefined where threads would not pay, or where only this one can do the work: with records to keep, details to show, or a pipe to read.
 */
export async function startThreads(
  inv: Given,
  io: Io,
  { files, jobs, shared }: { readonly files: number; readonly jobs: number; readonly shared: SharedWork | undefined },
): Promise<Threads | undefined> {
  const { threads } = io.host
  if (!threads || !shared) return undefined
  const wanted = Math.min(most, Math.floor(files / threads.filesEach), jobs - 1)
  const count = wanted < 1 ? 0 : Math.min(wanted, threads.most)
  if (count < 1 || !areAlike(inv, io)) return undefined
  let given: Uint8Array | undefined
  try {
    given = await shared.given?.()
  } catch {
    // The work on the first file says what is wrong.
    return undefined
  }
  const start = startOf(io.host, given)
  const room = Math.max(1, Math.floor((jobs - 3) / count))
  const workers = startedOf(count, () => makeWorker(inv, threads.start(start), room))
  if (workers.length === 0) return undefined
  return {
    async work(target, own, ways) {
      if (!(await hasConfig(own))) return false
      const [worker] = workers.filter(({ isFree }) => isFree()).sort((a, b) => a.busy() - b.busy())
      // The caller would keep the threads waiting for their keys while it does the work.
      if (!worker) await turn()
      const done = await worker?.work(target, own, ways)
      if (!done) return false
      for (const line of done.logged) own.ctx.log(line)
      for (const line of done.said) await own.say(line)
      for (const { path, content, expect } of done.writes) await own.write(path, content, { expect })
      if (done.isChanged) own.many?.wouldChange()
      return true
    },
    end() {
      for (const worker of workers) worker.end()
    },
  }
}

/** Loads the configuration, which the thread does in silence. False where it cannot be: the work on the file says why. */
async function hasConfig({ many }: Io): Promise<boolean> {
  try {
    await many!.config()
    return true
  } catch {
    return false
  }
}

/** As many as there can be: the system may allow no more threads, and whoever runs the program none at all. */
function startedOf<T>(count: number, start: () => T): readonly T[] {
  const started: T[] = []
  try {
    while (started.length < count) started.push(start())
  } catch {
    // The work is done without.
  }
  return started
}

/** Lets messages in. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** True where a thread finds what this one finds: key services elsewhere are called from one place, and a pipe can be read once. */
function areAlike(inv: Given, io: Io): boolean {
  const config = inv.root.string('config')
  const isPlain = inv.list('keyservice').length === 0 && inv.bool('enable-local-keyservice') && !io.isVerbose
  return isPlain && !isAudited(io.host) && (config === '' || isFile(config, io.ctx.cwd))
}

function startOf(host: Host, given: Uint8Array | undefined): Omit<Start, 'words'> {
  const { argv0, version, env, cwd, home, platform, userName, uid, umask, largeFrom, stdout } = host
  const facts = { argv0, version, env: { ...env }, cwd, home, platform, userName, uid, umask }
  return {
    facts: largeFrom === undefined ? facts : { ...facts, largeFrom },
    isTTY: stdout.isTTY,
    given,
  }
}
