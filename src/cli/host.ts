// The outside world as the command line sees it.

import type { PromptOptions } from '../context/index.ts'
import type { InputOptions } from '../system/index.ts'

export interface Output {
  /** Resolves when the bytes are handed over. For data; text for people goes through say.ts. */
  write(data: Uint8Array): Promise<void>
  readonly isTTY: boolean
  readonly columns: number | undefined
}

export interface Input extends AsyncIterable<Uint8Array> {
  readonly isTTY: boolean
  /** Options: see `readNamed`; a regular file is read whole. */
  readAll(options?: InputOptions): Promise<Uint8Array>
}

export type SignalHandler = (signal: NodeJS.Signals) => void

/** A user of the system. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

export interface Host {
  /** How the program was called. */
  readonly argv0: string
  /** Version of this program. */
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute, as the user sees it (reading it throws where there is none any more): `$PWD` when that is the current directory (spec/config.md 4.1). */
  readonly cwd: string
  readonly home: string | undefined
  readonly platform: NodeJS.Platform
  /** What is to be put on record, and where (spec/cli.md 17). Fixed: whoever runs the program must not choose it. Absent: nothing is. */
  readonly auditConfig?: string
  /** Bytes from which on a binary file is worked on in pieces (large.ts); 128 MiB if left out. */
  readonly largeFrom?: number
  /** Name of the user's account, `#` and its number where it has none. */
  readonly userName: string
  /** Numeric user; undefined on Windows. */
  readonly uid: number | undefined
  /** Mode bits that new files do not get. */
  readonly umask: number
  /** Does work that makes files, which get none of these mode bits. It must be synchronous: all threads share the mask. */
  readonly withUmask: <T>(mask: number, work: () => T) => T
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  now(): Date
  /** Asks on the controlling terminal, not on stdin; undefined when there is none or it was closed. */
  prompt(text: string, options?: PromptOptions): Promise<string | undefined>
  /**
   * Takes SIGINT, SIGTERM and SIGHUP until the returned function is called; the newest handler gets the signal. Without a handler the
   * clean-ups run and the signal ends the process as usual. `more` names other signals that this handler takes, too.
   */
  onSignal(handler: SignalHandler, more?: readonly NodeJS.Signals[]): () => void
  /** Registers work that must be done however the program ends; the returned function takes it back. Must be synchronous. */
  onCleanup(work: () => void): () => void
  /** Runs and forgets all clean-ups, newest first. */
  cleanup(): void
  /** Replaces this process by another program; undefined where Node or the platform cannot. Does not return. */
  readonly replaceProcess: ((file: string, args: readonly string[], env: Record<string, string>) => never) | undefined
  /** Calls a function that starts a program of the user's: that may leave a core dump with its memory, which this process may not. */
  readonly withDumps: <T>(start: () => T) => T
  /** Ends this process by a signal, as if nothing had caught it, after the clean-ups. */
  endBySignal(signal: NodeJS.Signals): void
  /** True when the keys of a terminal (Ctrl+C) send their signals to the children of this process as well as to itself. */
  readonly sharesTerminal: boolean
  /** Gives up the present user for another one with all of its groups, for good. Throws the system's error; undefined on Windows. */
  readonly becomeUser: ((account: Account) => void) | undefined
  /** Ends the process now. Only for a signal handler; commands return their status. */
  exit(status: number): never
}
