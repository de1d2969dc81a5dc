// What the file of a command defines: its arguments, its flags and its code.
import type { Flag } from './flag.ts'
import type { Invocation, Io } from './invocation.ts'

/** What a command does with one of many files: `one` has its name for a word. It writes with `io.write`, if anything. */
export type EachWork<Inv> = (one: Inv, io: Io) => Promise<void>

type MaybePromise<T> = T | Promise<T>

interface Typed<F extends Flag> {
  /** Positional arguments as the usage line shows them. */
  readonly args: string
  readonly flags: readonly F[]
  readonly examples: readonly string[]
  /** Flags in front of the command that it reads, besides `--verbose`. */
  readonly root?: readonly ('config' | 'indent')[]
  /** Takes one file: more words draw a warning, and with `--in-place` an error (spec/cli.md 3.4). */
  readonly oneFile?: true
  /** Every word is a file, and messages are about it if it is the only one. */
  readonly files?: true
  /** Exit status for a command line that cannot be read; by default SOPS's. */
  readonly misuse?: number
  /** Keeps stderr quiet while an editor may be open. */
  readonly opensEditor?: true
  /**
   * The work on each of many files, for runs that threads may share (many/threads.ts): all that it does but read is done with `io`.
   * `given` is what the run has read for all of them.
   */
  readonly each?: (
    inv: Invocation<NoInfer<F>>,
    io: Io,
    given?: Uint8Array,
  ) => MaybePromise<EachWork<Invocation<NoInfer<F>>>>
  /** Returns the exit status. */
  readonly run: (inv: Invocation<NoInfer<F>>, io: Io) => Promise<number>
}

/** A command whose flags are known only as data. */
export type Command = Typed<Flag>

/** Ties `run` to the flags beside it: asking for another does not compile. */
export const command = <F extends Flag>(typed: Typed<F>): Command => typed
