// Counts the files that threads of the program did: loaded before it, it writes the number to SOPS_TEST_THREADS when the program ends.
import { writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import workers from 'node:worker_threads'

let done = 0
const { Worker } = workers
workers.Worker = class extends Worker {
  constructor(...given) {
    super(...given)
    this.on('message', (message) => {
      if (message.writes?.length > 0) done++
    })
  }
}
syncBuiltinESMExports()
if (workers.isMainThread) process.on('exit', () => writeFileSync(process.env.SOPS_TEST_THREADS, String(done)))
