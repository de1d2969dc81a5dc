// Threads of this process that run this program (thread.ts).
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { expectThreads, processorsOfThread } from '../runtime/index.ts'
import { readFileSync } from '../system/index.ts'
import type { Host } from './host.ts'

/** Bytes of memory that a container has to have; a thread takes twenty to thirty megabytes. */
const enough = 512 * 2 ** 20

/** V8 ends the process where a thread gets no address space, of which it wants far more than it uses (`ulimit -v`). */
function hasRoom(memory: number): boolean {
  if (memory > 0 && memory < enough) return false
  try {
    return !/^Max address space +\d/m.test(readFileSync('/proc/self/limits', 'latin1'))
  } catch {
    return true
  }
}

/** Threads that begin with these words of the command line; `memory` is the container's in bytes, 0 where there is no bound. */
export const threadsOf = (words: readonly string[], memory: number): NonNullable<Host['threads']> => ({
  // Not looked at where files are too few for any.
  get most() {
    return hasRoom(memory) ? availableParallelism() - processorsOfThread() : 0
  },
  filesEach: 48,
  start: (data) => {
    expectThreads()
    const { Worker } = process.getBuiltinModule('node:worker_threads')
    // Its own output would come between the lines of this thread; an error that nobody caught may quote a secret.
    const options = { workerData: { ...data, words }, stdout: true, stderr: true }
    // The executable has no ending, and its chunks that of JavaScript.
    const worker = new Worker(new URL(`./thread${extname(import.meta.url) || '.js'}`, import.meta.url), options)
    return {
      post: (message, moved = []) => worker.postMessage(message, [...moved]),
      onMessage: (take) => void worker.on('message', take),
      onEnd: (take) => {
        // `exit` follows, and with it the end.
        worker.on('error', () => {})
        worker.on('exit', take)
      },
      // It closes by itself when it hears the last message; ending the process need not wait for that.
      end: () => worker.unref(),
    }
  },
})
