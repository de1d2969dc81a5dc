// Where a thread begins (start-thread.ts).
import { parentPort, workerData } from 'node:worker_threads'
import type { Start, ToThread } from './many/messages.ts'
import { beginThread } from './many/thread.ts'

const port = parentPort!
const post = (message: unknown, moved: readonly ArrayBuffer[] = []): void => port.postMessage(message, [...moved])
const take = beginThread(workerData as Start, { post }, () => port.close())
port.on('message', (message: ToThread) => take(message))
