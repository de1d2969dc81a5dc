// Ports of this machine that a test can give back and take again.
import { createServer } from 'node:net'

/** Where nothing ever listens: who asks here is refused. */
export const refusingPort = 1

// Whoever asks the system for any port gets one from 32768 up (Linux), or 49152.
const [lowest, count] = [15_000, 17_000]
let next = (process.pid * 131) % count

/**
 * A port of 127.0.0.1 that is free, and that nobody gets who asks for any. A port of the system's choice that was given back may be another
 * test's a moment later.
 */
export async function quietPort(): Promise<number> {
  for (;;) {
    const port = lowest + (next++ % count)
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.on('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}
