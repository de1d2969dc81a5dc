// A file that is made at once: when the call returns it is there, and no thread is about to make it, as one is while a promise waits.
import {
  type BigIntStats,
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  writeFile,
  writeFileSync,
} from 'node:fs'
import { promisify } from 'node:util'
import { openSync } from './files-sync.ts'

/** An open file. What the system does in its memory is done at once: of many small files, handing each step to a thread costs more than it. */
export interface FreshFile {
  /** At the current position. */
  writeFile(bytes: Uint8Array): Promise<void>
  chmod(mode: number): void
  chown(uid: number, gid: number): void
  sync(): Promise<void>
  stat(): BigIntStats
  /** Of no effect the second time. */
  close(): void
}

/** Bytes that are written at once; more would keep the program from hearing signals. */
const fewBytes = 64 * 1024

const put = promisify(writeFile)
const flush = promisify(fsync)

/** Makes a file for writing where nothing is. @throws the system's error. */
export function makeFile(path: string, mode: number): FreshFile {
  const descriptor = openSync(path, 'wx', mode)
  let isOpen = true
  return {
    writeFile: async (bytes) => (bytes.length > fewBytes ? put(descriptor, bytes) : writeFileSync(descriptor, bytes)),
    chmod: (to) => fchmodSync(descriptor, to),
    chown: (uid, gid) => fchownSync(descriptor, uid, gid),
    sync: () => flush(descriptor),
    stat: () => fstatSync(descriptor, { bigint: true }),
    close: () => {
      if (!isOpen) return
      isOpen = false
      closeSync(descriptor)
    },
  }
}
