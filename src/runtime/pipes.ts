// Pipes that a path names, of which nobody knows whether a program is at their other end.
import { closeSync, constants, createReadStream, createWriteStream, open, openSync } from 'node:fs'
import type { Socket, SocketConstructorOpts } from 'node:net'
import type { Readable, Writable } from 'node:stream'

type Path = string | Buffer

// Both modules are loaded when they are needed: starting the program does without.
const streamOf = (pieces: AsyncIterable<Buffer>): Readable =>
  process.getBuiltinModule('node:stream').Readable.from(pieces)

function socket(options: SocketConstructorOpts): Socket {
  const net = process.getBuiltinModule('node:net')
  return new net.Socket(options)
}

/** Whether sockets are made of descriptors. Node refuses one of a device; who does not look at it leaves the socket pending for ever. */
function socketsTakeDescriptors(): boolean {
  const fd = openSync('/dev/null', constants.O_RDONLY)
  try {
    return !socket({ fd, readable: true, writable: false }).pending
  } catch {
    return true
  } finally {
    closeSync(fd)
  }
}

const opened = (path: Path): Promise<number> =>
  new Promise((resolve, reject) => {
    open(path, constants.O_RDONLY, (error, fd) => (error ? reject(error) : resolve(fd)))
  })

/** Opens and reads on threads: for a runtime that can end while one of them waits, which Node cannot. */
async function* onThreads(path: Path): AsyncGenerator<Buffer> {
  yield* createReadStream('', { fd: await opened(path) })
}

/** What comes through a named pipe, or one that a path such as /dev/stdin leads to. @throws the system's error, or the stream does. */
export function readPipe(path: Path): Readable {
  if (!socketsTakeDescriptors()) return streamOf(onThreads(path))
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  return socket({ fd, readable: true, writable: false })
}

/** Into a pipe that was opened for it. Nothing waits for the reader but the stream. */
export const writePipe = (fd: number): Writable =>
  socketsTakeDescriptors() ? socket({ fd, readable: false, writable: true }) : createWriteStream('', { fd })
