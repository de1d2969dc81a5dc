// This process as a Host: the only place that touches process globals.

import { constants, homedir, userInfo } from 'node:os'
import { isAbsolute } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { SopsError } from '../errors.ts'
import {
  causeOf,
  closeSync,
  collect,
  constants as constantsOfFiles,
  environmentAsGiven,
  fstatSync,
  onProgram,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
  textOf,
  withheld,
  wordsAsGiven,
  writeSync,
} from '../system/index.ts'
import { leaveOutOfDumps } from './dumps.ts'
import { type Exits, makeExits } from './exits.ts'
import type { Account, Host, Input, Output } from './host.ts'
import { reportError } from './report.ts'
import { threadsOf } from './start-thread.ts'
import { makePrompt, type Terminal } from './terminal.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** `$PWD` if it names the current directory, else the system's answer. @throws SopsError `generic` if the directory is gone. */
function currentDirectory(env: Host['env']): string {
  const pwd = env['PWD']
  if (pwd && isAbsolute(pwd)) {
    try {
      const [seen, real] = [statSync(pwd, { bigint: true }), statSync('.', { bigint: true })]
      if (seen.dev === real.dev && seen.ino === real.ino) return pwd
    } catch {
      // A PWD that cannot be examined is not the current directory.
    }
  }
  let name: string
  try {
    name = process.cwd()
  } catch (error) {
    throw new SopsError('generic', `getwd: ${causeOf(error) ?? 'the working folder is not known'}`, {
      hints: ['the working folder was deleted or cannot be reached: change to another one'],
      cause: error,
    })
  }
  return name.includes('\ufffd') ? (linkTarget('/proc/self/cwd') ?? name) : name
}

const linkTarget = (path: string): string | undefined => {
  try {
    return textOf(readlinkSync(path, 'buffer'))
  } catch {
    return undefined
  }
}

function homeDirectory(env: Host['env']): string | undefined {
  try {
    return env['HOME'] || homedir() || undefined
  } catch {
    return undefined
  }
}

/**
 * Hands bytes to the system directly and falls back on Node's stream for a terminal and for what is not taken at once: starting the stream
 * takes a tenth of a short run, and makes a pipe that others share non-blocking.
 */
function output(fd: number, open: () => Writable & { columns?: number }, exit: (status: number) => never): Output {
  // 141 is how a shell shows death by SIGPIPE, which is what a closed pipe does to the reference.
  const broken = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE' || error.code === 'EOF') exit(141)
  }
  const isTTY = isTerminal(fd)
  let opened: ReturnType<typeof open> | undefined
  const stream = (): ReturnType<typeof open> => {
    opened ??= open().on('error', broken)
    return opened
  }
  if (isTTY || process.platform === 'win32') stream()
  return {
    isTTY,
    get isPipe() {
      return isPipe(fd)
    },
    get columns() {
      return opened?.columns
    },
    write: (data) =>
      new Promise((resolve, reject) => {
        const failed = (error: Error): void => {
          broken(error)
          reject(error)
        }
        let rest = data
        try {
          while (!opened && rest.length > 0) rest = rest.subarray(writeSync(fd, rest))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return failed(error as Error)
          stream()
        }
        if (rest.length === 0) return resolve()
        stream().write(rest, (error) => (error ? failed(error) : resolve()))
      }),
  }
}

function isPipe(fd: number): boolean {
  try {
    const found = fstatSync(fd)
    return found.isFIFO() || found.isSocket()
  } catch {
    return false
  }
}

function isTerminal(fd: number): boolean {
  try {
    // Node's terminal module loads sockets too, which files and pipes can do without.
    return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    return false
  }
}

/** `beforeReading` has the terminal ready for lines. */
function input(stream: Readable & { isTTY?: boolean }, beforeReading: () => void): Input {
  return {
    isTTY: stream.isTTY === true,
    [Symbol.asyncIterator]: () => {
      const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
      return {
        next: () => {
          beforeReading()
          return chunks.next()
        },
      }
    },
    async readAll(options = {}) {
      beforeReading()
      const found = fstatSync(0)
      // Node would read a folder as an empty stream.
      if (found.isDirectory()) throw Object.assign(new Error('stdin is a folder'), { code: 'EISDIR', syscall: 'read' })
      const bounds = found.isFile() ? { maximum: Number.POSITIVE_INFINITY } : options
      return collect(stream, stream.isTTY === true ? 'terminal' : 'pipe', bounds)
    },
  }
}

/** True if this process is in the foreground of a terminal. */
function isForeground(): boolean {
  try {
    // After the program's name: state, parent, group, session, terminal, the terminal's foreground group.
    const fields = readFileSync('/proc/self/stat', 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[2] === fields[5]
  } catch {
    return isTerminal(0) || isTerminal(2)
  }
}

function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return `#${process.getuid?.()}`
  }
}

function becomeUser({ name, uid, gid }: Account): void {
  // Missing in Node's type declarations.
  const { initgroups } = process as unknown as { initgroups(user: string, extraGroup: number): void }
  initgroups(name, gid)
  process.setgid!(gid)
  process.setuid!(uid)
}

/** Variables that SDKs read from the process themselves, and pass to the programs that they start. */
const readBySdks = /^(?:AWS|AZURE|IDENTITY)_/

/** Copies the environment and removes keys, except those of SDKs, from the process. Not on Windows: names in a copy are case-sensitive. */
function takeKeys(given: Host['env']): Host['env'] {
  if (process.platform === 'win32') return given
  const env = { ...given }
  for (const name of withheld(env, readBySdks)) delete process.env[name]
  return env
}

/** The words after the program's name. */
export const processWords = (): readonly string[] => wordsAsGiven(process.argv.slice(2), process.platform)

function raise(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

function listenToSignals(exits: Exits, exit: Host['exit']): void {
  for (const name of signals) process.on(name, exits.deliver)
  // Without a listener SIGUSR1 starts Node's inspector, which would expose the memory of this process.
  process.on('SIGUSR1', () => {
    if (process.listenerCount('SIGUSR1') === 1) exit(128 + constants.signals.SIGUSR1)
  })
}

const onSignalOf =
  (exits: Exits): Host['onSignal'] =>
  (handler, more = []) => {
    const release = exits.onSignal(handler)
    for (const name of more) process.on(name, handler)
    return () => {
      release()
      for (const name of more) process.off(name, handler)
    }
  }

/** Undefined if this version of Node, or this system, cannot do it. */
function replaceProcessOf(exits: Exits, withDumps: Host['withDumps']): Host['replaceProcess'] {
  const { execve } = process as unknown as { execve?: (file: string, args: readonly string[], env: object) => never }
  if (!execve || process.platform === 'win32') return undefined
  return (file, args, env) => {
    exits.cleanup()
    // Node ignores these. The new program would inherit that, whereas a handled signal is reset to its default.
    for (const name of ['SIGPIPE', 'SIGXFSZ'] as const) process.on(name, () => {})
    return withDumps(() => execve(file, args, env))
  }
}

const withUmask: Host['withUmask'] = (mask, work) => {
  const before = process.umask(mask)
  try {
    return work()
  } finally {
    process.umask(before)
  }
}

function lazy<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** The real thing. Call it once. */
export function processHost(): Host {
  const withDumps = leaveOutOfDumps()
  const env = takeKeys(environmentAsGiven(process.env, process.platform))
  const exits = makeExits(raise)
  const exit = (status: number): never => {
    exits.cleanup()
    process.exit(status)
  }
  listenToSignals(exits, exit)
  const cwd = lazy(() => currentDirectory(env))
  // Opened on first use: opening stdin costs time and would keep the process alive.
  const asking = makePrompt({ open: openTerminal, onCleanup: exits.onCleanup, deliver: exits.deliver })
  const stdin = lazy(() => input(process.stdin, asking.letGo))
  onProgram(() => {
    asking.letGo()
    return () => {}
  })
  const stdout = lazy(() => output(1, () => process.stdout, exit))
  const stderr = lazy(() => output(2, () => process.stderr, exit))
  const host: Host = {
    argv0: process.argv[1] ?? 'sops',
    version: process.env.SOPS_TS_VERSION ?? 'unbuilt',
    env,
    get cwd() {
      return cwd()
    },
    home: homeDirectory(env),
    platform: process.platform,
    auditConfig: '/etc/sops/audit.yaml',
    get userName() {
      return accountName()
    },
    uid: process.getuid?.(),
    get umask() {
      return process.umask()
    },
    withUmask,
    get stdin() {
      return stdin()
    },
    get stdout() {
      return stdout()
    },
    get stderr() {
      return stderr()
    },
    now: () => new Date(),
    prompt: asking.prompt,
    onSignal: onSignalOf(exits),
    onCleanup: exits.onCleanup,
    cleanup: exits.cleanup,
    withDumps,
    replaceProcess: replaceProcessOf(exits, withDumps),
    endBySignal: (signal) => {
      exits.cleanup()
      raise(signal)
    },
    get sharesTerminal() {
      return isForeground()
    },
    get threads() {
      return threadsOf(processWords(), process.constrainedMemory())
    },
    becomeUser: process.platform === 'win32' ? undefined : becomeUser,
    exit,
  }
  // Node would print an uncaught error in full, which may quote a secret.
  process.on('uncaughtException', (error) => {
    reportError(error, host).then(exit, () => exit(1))
  })
  return host
}

/** The controlling terminal. */
function openTerminal(): Terminal | undefined {
  const { ReadStream } = process.getBuiltinModule('node:tty')
  try {
    if (process.platform === 'win32') {
      const output = openSync('\\\\.\\CONOUT$', 'w')
      const input = new ReadStream(openSync('\\\\.\\CONIN$', 'r'))
      return { input, output, drain: () => {}, close: () => closeSync(output) }
    }
    const both = openSync('/dev/tty', 'r+')
    return { input: new ReadStream(both), output: both, drain: drainTerminal, close: () => {} }
  } catch {
    return undefined
  }
}

/** Reads what is there, through a descriptor that does not wait for more. */
function drainTerminal(): void {
  const typed = Buffer.alloc(256)
  let waiting: number | undefined
  try {
    waiting = openSync('/dev/tty', constantsOfFiles.O_RDONLY | constantsOfFiles.O_NONBLOCK)
    while (readSync(waiting, typed) > 0);
  } catch {
    // EAGAIN: nothing is left.
  } finally {
    typed.fill(0)
    if (waiting !== undefined) closeSync(waiting)
  }
}
