// A file that is made at once: when the call returns it is there, and no thread is about to make it, as one is while a promise waits.
import { type BigIntStats, close, fchmod, fchown, fstatSync, fsync, writeFile } from 'node:fs'
import { promisify } from 'node:util'
import { openSync } from './files-sync.ts'

/** An open file, as Node's FileHandle. */
export interface FreshFile {
  /** At the current position. */
  writeFile(bytes: Uint8Array): Promise<void>
  chmod(mode: number): Promise<void>
  chown(uid: number, gid: number): Promise<void>
  sync(): Promise<void>
  stat(): BigIntStats
  /** Of no effect the second time. */
  close(): Promise<void>
}

const put = promisify(writeFile)
const changeMode = promisify(fchmod)
const changeOwner = promisify(fchown)
const flush = promisify(fsync)
const shut = promisify(close)

/** Makes a file for writing where nothing is. @throws the system's error. */
export function makeFile(path: string, mode: number): FreshFile {
  const descriptor = openSync(path, 'wx', mode)
  let isOpen = true
  return {
    writeFile: (bytes) => put(descriptor, bytes),
    chmod: (to) => changeMode(descriptor, to),
    chown: (uid, gid) => changeOwner(descriptor, uid, gid),
    sync: () => flush(descriptor),
    stat: () => fstatSync(descriptor, { bigint: true }),
    close: async () => {
      if (!isOpen) return
      isOpen = false
      await shut(descriptor)
    },
  }
}
