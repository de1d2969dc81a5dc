// A private folder for decrypted content, in memory if the system has such a place.
import type { ChildProcessByStdio } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { SopsError } from '../errors.ts'
import { doNotWaitFor } from '../runtime/index.ts'
import { codeOf, mkdirSync, rmSync, startApart, statfsSync, systemErrorText } from '../system/index.ts'
import type { Host } from './host.ts'

interface TempDir {
  readonly path: string
  /** Deletes the folder, which also happens when the program ends or is killed, by whatever signal. */
  remove(): void
  /** Leaves the folder for the user to find; from then on `remove` does nothing. */
  keep(): void
}

const tmpfsMagic = 0x01021994

/** True for a folder in memory (Linux only). */
function inMemory(path: string): boolean {
  try {
    return statfsSync(path).type === tmpfsMagic
  } catch {
    return false
  }
}

/** TMPDIR, as in the reference (spec/cli.md 13.4, 15.3); without it, memory before disk. */
function parentFolders(host: Host): readonly string[] {
  const chosen = host.env['TMPDIR']
  if (chosen) return [chosen]
  const runtime = host.env['XDG_RUNTIME_DIR']
  const candidates = host.platform === 'linux' ? ['/dev/shm', ...(runtime ? [runtime] : [])] : []
  return [...candidates.filter(inMemory), host.platform === 'win32' ? tmpdir() : '/tmp']
}

/**
 * A shell that deletes the folder when this process ends, even by SIGKILL. It has a session of its own, so that it outlives the programs of
 * a closed terminal. The returned function ends it at once and for certain.
 */
function startSweeper(path: string, host: Host): () => void {
  if (host.platform === 'win32') return () => {}
  const { PATH } = host.env
  let sweeper: ChildProcessByStdio<Writable, null, null>
  // Without a shell, every other way out still removes the folder.
  try {
    sweeper = startApart('/bin/sh', ['-c', 'read -r _ || exec rm -rf -- "$1"', 'sops', path], {
      cwd: '/',
      env: PATH === undefined ? {} : { PATH },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
  } catch {
    return () => {}
  }
  sweeper.on('error', () => {})
  sweeper.stdin.on('error', () => {})
  sweeper.unref()
  doNotWaitFor(sweeper.stdin)
  return () => {
    sweeper.kill('SIGKILL')
  }
}

/**
 * Makes a folder of mode 0700 called `prefix` and a random number.
 * @throws SopsError `cannot-write`.
 */
export function privateTempDir(host: Host, prefix = ''): TempDir {
  const parents = parentFolders(host)
  for (const [at, parent] of parents.entries()) {
    for (;;) {
      const path = join(parent, `${prefix}${randomInt(2 ** 48 - 1)}`)
      try {
        mkdirSync(path, { mode: 0o700 })
      } catch (error) {
        if (codeOf(error) === 'EEXIST') continue
        if (at < parents.length - 1) break
        const text = systemErrorText(error, 'mkdir', path)
        throw new SopsError('cannot-write', `Could not create temporary directory: ${text}`, { cause: error })
      }
      const takeSweeperBack = startSweeper(path, host)
      let kept = false
      const remove = (): void => {
        if (!kept) rmSync(path, { recursive: true, force: true, maxRetries: 3 })
        takeSweeperBack()
      }
      const takeBack = host.onCleanup(remove)
      return {
        path,
        remove: () => {
          takeBack()
          remove()
        },
        keep: () => {
          kept = true
          takeSweeperBack()
        },
      }
    }
  }
  throw new SopsError('cannot-write', 'Could not create temporary directory')
}
