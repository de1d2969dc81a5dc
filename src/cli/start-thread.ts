// Threads of this process that run this program (thread.ts).
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { expectThreads, processorsOfThread } from '../runtime/index.ts'
import type { Host } from './host.ts'

/** Threads that begin with these words of the command line. */
export const threadsOf = (words: readonly string[]): NonNullable<Host['threads']> => ({
  most: availableParallelism() - processorsOfThread(),
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
