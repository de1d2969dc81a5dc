// Lets one process at a time replace a file, from before it reads (or compares) the content until the new one is in place. The system keeps
// the lock on the file itself, so it ends with the process however that ends, leaves no file behind, and is the same for every name of the
// file and in every container.

import type { BigIntStats } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { SopsError } from '../errors.ts'
import {
  close,
  closeSync,
  codeOf,
  constants,
  fstatSync,
  irregularity,
  loadStart,
  openSync,
  stat,
  statSync,
} from '../system/index.ts'
import type { Writer } from './writer.ts'

export interface Lock {
  /** The locked file, as it was then. */
  readonly file: BigIntStats
  release(): void
}

/** One of several locks. The old file goes when its last name and descriptor are gone, and takes a thread of its own for that. */
interface OneLock extends Pick<Lock, 'file'> {
  release(): Promise<void>
}

/** Why anything but a regular file is refused. */
export const onlyRegular = 'only a regular file can be changed in place'

/** Milliseconds to wait for another program's lock. */
const patience = 30_000

/** O_EXLOCK, to lock while opening, on the systems that have it; Node has no constant for it. */
const exclusive: Partial<Record<NodeJS.Platform, number>> = { darwin: 0x20, freebsd: 0x20, openbsd: 0x20 }

/** Gives a lock back. */
type Release = () => void

/**
 * Locks the regular file that `target` names, waiting for others that have. A system without any lock keeps nobody out.
 * @throws SopsError `cannot-write` if it is not a regular file, or another program holds the lock for too long; else the system's error.
 */
export async function lockFile(writer: Writer, target: string, milliseconds: number = patience): Promise<Lock> {
  const end = Date.now() + milliseconds
  do {
    const descriptor = open(writer, target)
    if (descriptor !== undefined) {
      const lock = await lockOpened(writer, target, descriptor, end)
      if (lock !== undefined) return lock
    }
    await sleep(20)
  } while (Date.now() < end)
  throw new SopsError('cannot-write', `another program has been changing ${target} for too long; it was not written`, {
    hints: ['run the command again when the other one has ended'],
  })
}

/** As many files as are locked at a time, by two programs side by side. */
export const lockedAtOnce = 200

/**
 * Locks several files at once, which costs less than each by itself, where nobody else has any of them. Undefined where that cannot be: then
 * each has to be locked alone. It waits for nobody, so that two programs cannot wait for each other.
 */
export async function lockFree(writer: Writer, targets: readonly string[]): Promise<readonly OneLock[] | undefined> {
  if (exclusive[writer.platform] !== undefined || writer.platform === 'win32' || targets.length < 2) return undefined
  const locks: OneLock[] = []
  let areHeld = false
  try {
    const descriptors = targets.map((target) => {
      const descriptor = open(writer, target)!
      locks.push({ file: fstatSync(descriptor, { bigint: true }), release: () => close(descriptor).catch(() => {}) })
      return descriptor
    })
    if (locks.some(({ file }) => !file.isFile())) return undefined
    const half = Math.ceil(descriptors.length / 2)
    const ends = await Promise.all(
      [descriptors.slice(0, half), descriptors.slice(half)].map((some) =>
        ended(writer, ['/bin/sh', '-c', lockAll, 'sh', `${3 + some.length}`, lockInPerl], some),
      ),
    )
    if (ends.some((end) => end !== 0)) return undefined
    const now = targets.map((target) => statSync(target, { bigint: true }))
    areHeld = now.every((file, i) => isSame(file, locks[i]!.file))
    return areHeld ? locks : undefined
  } catch {
    return undefined
  } finally {
    if (!areHeld) await Promise.all(locks.map(({ release }) => release()))
  }
}

/** One program for all of them, where it is there; it follows flock(1), so that there is one kind of lock. */
const lockAll = `flock -n 3 || exit 1
perl -e "$2" "$1" 2>/dev/null && exit
n=4
while [ "$n" -lt "$1" ]; do flock -n "$n" || exit 1; n=$((n+1)); done`

/** 6 is LOCK_EX | LOCK_NB. A handle that goes leaves the lock to the descriptor that shares its open file. */
const lockInPerl = 'for (4 .. $ARGV[0] - 1) { open(my $file, ">&=", $_) or exit 1; flock($file, 6) or exit 1 }'

/** True if both are the same file, not just the same content. */
export const isSame = (a: BigIntStats, b: BigIntStats): boolean => a.dev === b.dev && a.ino === b.ino

/** Undefined while somebody else has the lock, on systems where opening shows it. Fails for a pipe without a reader instead of waiting. */
function open({ platform }: Writer, target: string): number | undefined {
  const lock = exclusive[platform]
  try {
    return openSync(target, constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (lock ?? 0))
  } catch (error) {
    if (lock !== undefined && codeOf(error) === 'EAGAIN') return undefined
    throw error
  }
}

/** Undefined if another has the lock, or the name means another file after the wait. Releasing the lock closes the descriptor. */
async function lockOpened(writer: Writer, target: string, descriptor: number, end: number): Promise<Lock | undefined> {
  let release: Release | undefined = () => closeSync(descriptor)
  try {
    const file = fstatSync(descriptor, { bigint: true })
    const what = irregularity(file)
    if (what !== undefined) throw new SopsError('cannot-write', `${target} is ${what}: ${onlyRegular}`)
    if (exclusive[writer.platform] === undefined) {
      const program = writer.platform === 'win32' ? 'none' : await lockByProgram(writer, descriptor, end)
      if (program === 'busy') return undefined
      if (program === 'none') {
        // Windows cannot rename over an open file.
        release()
        release = undefined
        release = await lockBySocket(writer, file)
        if (release === undefined) return undefined
      }
    }
    if (!isSame(file, await stat(target, { bigint: true }))) return undefined
    const lock = { file, release }
    release = undefined
    return lock
  } finally {
    release?.()
  }
}

/**
 * flock(2) through the program flock(1): it locks the open file that it shares with this process, so the lock outlives the program.
 * `none`: there is no such program, or the file system has no locks.
 */
async function lockByProgram(writer: Writer, descriptor: number, end: number): Promise<'held' | 'busy' | 'none'> {
  const status = await ended(writer, ['flock', '-x', '3'], [descriptor], end)
  return status === 0 ? 'held' : typeof status === 'number' ? 'none' : status
}

/** The exit status of a program that has these descriptors as 3 and on; `busy` if a signal ended it, `none` if it did not start. */
async function ended(
  { env }: Writer,
  [program, ...args]: readonly [string, ...string[]],
  descriptors: readonly number[],
  end: number = Date.now() + patience,
): Promise<number | 'busy' | 'none'> {
  const { startApart } = await loadStart()
  return new Promise((resolve) => {
    const PATH = [...(env['PATH'] ? [env['PATH']] : []), '/usr/bin', '/bin'].join(':')
    const stdio = ['ignore' as const, 'ignore' as const, 'ignore' as const, ...descriptors]
    const child = startApart(program, args, { cwd: '/', env: { PATH }, stdio })
    const timer = setTimeout(() => child.kill('SIGKILL'), end - Date.now())
    const finish = (result: number | 'busy' | 'none'): void => {
      clearTimeout(timer)
      resolve(result)
    }
    child.on('error', () => finish('none'))
    child.on('exit', (status) => finish(status ?? 'busy'))
  })
}

/** A socket that exists only as a name in the kernel (Linux, Windows), after the file: whoever has it has the lock. */
async function lockBySocket({ platform }: Writer, { dev, ino }: BigIntStats): Promise<Release | undefined> {
  const name = `sops-lock-${dev}-${ino}`
  const path = platform === 'win32' ? `\\\\.\\pipe\\${name}` : platform === 'linux' ? `\0${name}` : undefined
  if (path === undefined) return () => {}
  const { createServer } = await import('node:net')
  const server = createServer((client) => client.destroy()).unref()
  return new Promise((resolve) => {
    server.on('error', (error) => resolve(codeOf(error) === 'EADDRINUSE' ? undefined : () => {}))
    server.listen(path, () => resolve(() => server.close()))
  })
}
