// A decrypted file that is never on disk: a named pipe, and what writes to it (spec/cli.md 15.3).

import type { Writable } from 'node:stream'
import { messageOf, SopsError } from '../../errors.ts'
import { writePipe } from '../../runtime/index.ts'
import {
  closeSync,
  codeOf,
  constants,
  existsSync,
  openWithCallback as open,
  openSync,
  run,
} from '../../system/index.ts'
import type { Host } from '../host.ts'

/**
 * Makes a named pipe that only its owner can use; false if the system has no program for that.
 * @throws SopsError `generic` when the program fails.
 */
export async function makePipe(path: string, host: Host): Promise<boolean> {
  if (host.platform === 'win32') return false
  const ran = await run('mkfifo', ['-m', '600', path], { env: { ...host.env, LC_ALL: 'C' } }).catch(
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined
      throw new SopsError('generic', `mkfifo ${path}: ${messageOf(error)}`, { cause: error })
    },
  )
  if (!ran || ran.status === 0) return ran !== undefined
  const reason = ran.stderr.split(': ').at(-1) || 'mkfifo failed'
  throw new SopsError('generic', `mkfifo ${path}: ${reason.toLowerCase()}`)
}

/** Opens a descriptor that only names the file (Linux). Node has no constant for it. */
const O_PATH = 0o10000000

/**
 * A name of the pipe that stays valid even if the command removes the file; other systems than Linux have only its path. `close` gives the
 * name up.
 */
function lastingName(path: string, host: Host): { readonly path: string; readonly close: () => void } {
  if (host.platform !== 'linux' || !existsSync('/proc/self/fd')) return { path, close: () => {} }
  const fd = openSync(path, O_PATH)
  return { path: `/proc/self/fd/${fd}`, close: () => closeSync(fd) }
}

/**
 * Writes the content once, to whoever opens the pipe. It is not an error if nobody does, or if the reader goes away. The returned function
 * stops the writer at once.
 */
export function servePipe(path: string, content: Uint8Array, host: Host): () => void {
  const pipe = lastingName(path, host)
  let state: 'waiting' | 'writing' | 'ended' = 'waiting'
  let unblocker: number | undefined
  let writer: Writable | undefined
  // Until there is a reader, opening blocks a thread, not the program.
  open(path, constants.O_WRONLY, (error, fd) => {
    if (unblocker !== undefined) closeSync(unblocker)
    pipe.close()
    // The command has already removed the file.
    if (error) {
      state = 'ended'
      return
    }
    if (state === 'ended') return closeSync(fd)
    state = 'writing'
    writer = writePipe(fd)
    writer.on('error', () => {})
    writer.end(content)
  })
  const end = (): void => {
    takeBack()
    // The process cannot end while the thread waits for a reader, so be one.
    if (state === 'waiting') unblocker = openSync(pipe.path, constants.O_RDONLY | constants.O_NONBLOCK)
    state = 'ended'
    writer?.destroy()
  }
  const takeBack = host.onCleanup(end)
  return end
}
