// Runs one command line in this process, with buffers for streams and a folder of its own.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeExits } from '../../src/cli/exits.ts'
import type { Host, Output } from '../../src/cli/host.ts'
import { main } from '../../src/cli/main.ts'
import type { PromptOptions } from '../../src/context/context.ts'

export interface CliOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly home?: string
  readonly stdin?: string | Uint8Array
  /** Streams that say they are terminals. */
  readonly tty?: readonly ('stdin' | 'stdout' | 'stderr')[]
  /** Of the terminal. */
  readonly columns?: number
  /** Streams that another program reads. */
  readonly pipes?: readonly ('stdout' | 'stderr')[]
  readonly now?: Date | (() => Date)
  readonly argv0?: string
  readonly auditConfig?: string
  readonly largeFrom?: number
  readonly threads?: Host['threads']
  /** Answers in the order they are asked for; without it there is no terminal. */
  readonly prompt?: readonly string[] | ((text: string, options?: PromptOptions) => string | undefined)
}

export interface CliResult {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

export interface BufferHost extends Host {
  readonly written: { readonly stdout: Uint8Array[]; readonly stderr: Uint8Array[] }
  /** As if the process got the signal. */
  signal(name: NodeJS.Signals): void
}

/** Worker threads share a mask that they cannot set. */
export function withUmask<T>(mask: number, work: () => T): T {
  const before = process.umask(mask)
  try {
    return work()
  } finally {
    process.umask(before)
  }
}

/** A host that keeps what is written. Environment: what `env` says and nothing else. */
export function bufferHost(options: CliOptions = {}): BufferHost {
  const written = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] }
  const sink = (name: 'stdout' | 'stderr'): Output => ({
    isTTY: options.tty?.includes(name) ?? false,
    isPipe: options.pipes?.includes(name) ?? false,
    columns: options.columns,
    write: async (data) => {
      written[name].push(Buffer.from(data))
    },
  })
  const stdin = Buffer.from(options.stdin ?? '')
  const exit = (status: number): never => {
    throw new Error(`exit ${status}`)
  }
  const exits = makeExits((signal) => exit(signal === 'SIGINT' ? 130 : 143))
  const answers = typeof options.prompt === 'object' ? [...options.prompt] : []
  // The clock stands still unless a test has its own: a slow machine must not bring out the line of what takes long.
  const start = new Date()
  return {
    written,
    signal: exits.deliver,
    argv0: options.argv0 ?? '/usr/bin/sops',
    version: '0.0.0',
    env: options.env ?? {},
    cwd: options.cwd ?? '/nonexistent',
    home: options.home ?? options.env?.['HOME'],
    platform: process.platform,
    userName: 'tester',
    uid: process.getuid?.(),
    umask: 0o022,
    withUmask,
    stdin: {
      isTTY: options.tty?.includes('stdin') ?? false,
      async *[Symbol.asyncIterator]() {
        yield stdin
      },
      readAll: async () => stdin,
    },
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    now: () => (typeof options.now === 'function' ? options.now() : (options.now ?? start)),
    prompt: async (text, promptOptions) => {
      if (options.prompt === undefined) return undefined
      return typeof options.prompt === 'function' ? options.prompt(text, promptOptions) : answers.shift()
    },
    onSignal: exits.onSignal,
    onCleanup: exits.onCleanup,
    cleanup: exits.cleanup,
    ...(options.auditConfig === undefined ? {} : { auditConfig: options.auditConfig }),
    ...(options.largeFrom === undefined ? {} : { largeFrom: options.largeFrom }),
    ...(options.threads ? { threads: options.threads } : {}),
    withDumps: (start) => start(),
    replaceProcess: undefined,
    endBySignal: (signal) => exit(128 + constants.signals[signal]),
    sharesTerminal: false,
    becomeUser: undefined,
    exit,
  }
}

export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const host = bufferHost(options)
  const code = await main(argv, host)
  return {
    code,
    stdout: Buffer.concat(host.written.stdout),
    stderr: Buffer.concat(host.written.stderr).toString(),
  }
}

export interface Sandbox {
  readonly dir: string
  path(name: string): string
  remove(): void
}

/** A folder in memory where there is one: many small writes, each flushed, take a third of the time there. */
export const memoryFolder: string = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A new folder with these files in it. */
export function sandbox(files: Readonly<Record<string, string | Uint8Array>> = {}, parent: string = tmpdir()): Sandbox {
  const dir = mkdtempSync(join(parent, 'sops-test-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), content)
  }
  return { dir, path: (name) => join(dir, name), remove: () => rmSync(dir, { recursive: true, force: true }) }
}
