// Reading a pipe that a path names, of which nobody knows whether a program writes to it.
import { closeSync, constants, createReadStream, open, openSync } from 'node:fs'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'

type Path = string | Buffer

/** Whether sockets are made of descriptors. Node refuses one of a device; who does not look at it leaves the socket pending for ever. */
function socketsTakeDescriptors(make: (fd: number) => Socket): boolean {
  const fd = openSync('/dev/null', constants.O_RDONLY)
  try {
    return !make(fd).pending
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
export async function readPipe(path: Path): Promise<Readable> {
  const { Socket } = await import('node:net')
  const make = (fd: number): Socket => new Socket({ fd, readable: true, writable: false })
  if (!socketsTakeDescriptors(make)) return Readable.from(onThreads(path))
  return make(openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)))
}
