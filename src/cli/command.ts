// What the file of a command defines: its arguments, its flags and its code.
import type { Flag } from './flag.ts'
import type { Invocation, Io } from './invocation.ts'

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
  /** Returns the exit status. */
  readonly run: (inv: Invocation<NoInfer<F>>, io: Io) => Promise<number>
}

/** A command whose flags are known only as data. */
export type Command = Typed<Flag>

/** Ties `run` to the flags beside it: asking for another does not compile. */
export const command = <F extends Flag>(typed: Typed<F>): Command => typed
