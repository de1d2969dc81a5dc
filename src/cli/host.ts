// The outside world as the command line sees it.

import type { PromptOptions } from '../context/index.ts'
import type { InputOptions } from '../system/index.ts'

export interface Output {
  /** Writes data (text for people goes through say.ts). Resolves when the system has the bytes. */
  write(data: Uint8Array): Promise<void>
  readonly isTTY: boolean
  /** A program reads it. */
  readonly isPipe: boolean
  readonly columns: number | undefined
}

export interface Input extends AsyncIterable<Uint8Array> {
  readonly isTTY: boolean
  /** For the options see `readNamed`; a regular file is read whole. */
  readAll(options?: InputOptions): Promise<Uint8Array>
}

export type SignalHandler = (signal: NodeJS.Signals) => void

/** A user of the system. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Another thread of this process, which runs this program. */
export interface Thread {
  /** Of the buffers in `moved` no copy is made: they are gone here. */
  post(message: unknown, moved?: readonly ArrayBuffer[]): void
  onMessage(take: (message: unknown) => void): void
  /** Called when it has ended, for whatever reason. */
  onEnd(take: () => void): void
  end(): void
}

/** Threads that may be started. */
interface Threads {
  /** How many run at the same time as this one. */
  readonly most: number
  /** Files of a run for each that is worth its start. */
  readonly filesEach: number
  /** `data`, and the words of the command line, are what the thread begins with. */
  start(data: object): Thread
}

export interface Host {
  /** How the program was called. */
  readonly argv0: string
  /** Version of this program. */
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Absolute, as the user sees it: `$PWD` when that is the current directory (spec/config.md 4.1). Reading it throws when the directory is
   * gone.
   */
  readonly cwd: string
  readonly home: string | undefined
  readonly platform: NodeJS.Platform
  /** Path of the audit configuration (spec/cli.md 17), which whoever runs the program must not choose. Absent: nothing is recorded. */
  readonly auditConfig?: string
  /** Size in bytes from which a binary file is handled in pieces (large.ts); by default 128 MiB. */
  readonly largeFrom?: number
  /** Name of the user's account, or `#` and its number if it has none. */
  readonly userName: string
  /** Numeric user; undefined on Windows. */
  readonly uid: number | undefined
  /** Mode bits that new files lack. */
  readonly umask: number
  /** Runs work that makes files, with this umask. It must be synchronous, since all threads share the umask. */
  readonly withUmask: <T>(mask: number, work: () => T) => T
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  now(): Date
  /** Asks on the controlling terminal, not on stdin; undefined without one, or if it was closed. */
  prompt(text: string, options?: PromptOptions): Promise<string | undefined>
  /**
   * Handles SIGINT, SIGTERM and SIGHUP, and the signals in `more`, until the returned function is called; the newest handler gets the
   * signal. Without a handler the clean-ups run and the signal ends the process as usual.
   */
  onSignal(handler: SignalHandler, more?: readonly NodeJS.Signals[]): () => void
  /** Registers synchronous work that must be done however the program ends; the returned function takes it back. */
  onCleanup(work: () => void): () => void
  /** Runs all clean-ups, newest first, and forgets them. */
  cleanup(): void
  /** Replaces this process by another program, so does not return; undefined if Node or the platform cannot. */
  readonly replaceProcess: ((file: string, args: readonly string[], env: Record<string, string>) => never) | undefined
  /** Calls a function that starts one of the user's programs, which, unlike this process, may dump its memory. */
  readonly withDumps: <T>(start: () => T) => T
  /** After the clean-ups, ends this process by a signal as if nothing had caught it. */
  endBySignal(signal: NodeJS.Signals): void
  /** True if a terminal's keys (Ctrl+C) send their signals to the children of this process too. */
  readonly sharesTerminal: boolean
  /** Becomes another user with all of its groups, for good. Throws the system's error; undefined on Windows. */
  readonly becomeUser: ((account: Account) => void) | undefined
  /** Absent where the work is done in one thread. */
  readonly threads?: Threads
  /** Ends the process now. Only for a signal handler; commands return their status. */
  exit(status: number): never
}
