// Reads a pipe that should have a writer, as that of `<(program)` has: looking at it again and again, since only that tells a pipe without a
// writer from one whose writer has nothing to say yet.
import { codeOf } from './errors.ts'
import { readSync } from './files-sync.ts'
import { shownPath } from './secrets.ts'

/** Milliseconds that a pipe may be without a writer. */
const loneliness = 3000
/** Milliseconds that a writer may be silent where waiting stops the whole program. */
const longestStop = 60_000
/** Milliseconds between two looks. */
const pause = 10

export const tooLarge = (): Error =>
  Object.assign(new Error('EFBIG: file too large, read'), { code: 'EFBIG', syscall: 'read' })

/** Bytes that came; undefined where a writer has none yet (EAGAIN). */
function look(descriptor: number): Buffer | undefined {
  const chunk = Buffer.allocUnsafe(64 * 1024)
  try {
    return chunk.subarray(0, readSync(descriptor, chunk))
  } catch (error) {
    if (codeOf(error) === 'EAGAIN') return undefined
    throw error
  }
}

/** Ends with the bytes; each step wants a pause. `patience` is for a writer that is silent, in milliseconds. */
function* looks(descriptor: number, path: string, maximum: number, patience: number): Generator<void, Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  let isFed = false
  for (let since = performance.now(); ; ) {
    const bytes = look(descriptor)
    if (bytes?.length === 0 && isFed) return Buffer.concat(chunks)
    isFed ||= bytes?.length !== 0
    if (bytes !== undefined && bytes.length > 0) {
      length += bytes.length
      if (length > maximum) throw tooLarge()
      chunks.push(bytes)
      since = performance.now()
      continue
    }
    const waited = performance.now() - since
    if (waited > (isFed ? patience : loneliness)) {
      const what = isFed ? 'whose writer says nothing' : 'that nothing writes to'
      throw new Error(`${shownPath(path)} is a named pipe ${what}`)
    }
    yield
  }
}

/** The bytes until the last writer closes the pipe, which was opened without waiting. @throws EFBIG; an error for a pipe without a writer. */
export async function readFedPipe(descriptor: number, path: string, maximum: number): Promise<Buffer> {
  const steps = looks(descriptor, path, maximum, Number.POSITIVE_INFINITY)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/** The same for code that cannot wait. */
export function readFedPipeSync(descriptor: number, path: string, maximum: number): Buffer {
  const steps = looks(descriptor, path, maximum, longestStop)
  const clock = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    Atomics.wait(clock, 0, 0, pause)
  }
}
