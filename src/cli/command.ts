// What the file of a command says: how it is called, which flags it has, and the code.
import type { Flag } from './flag.ts'
import type { Invocation, Io } from './invocation.ts'

interface Typed<F extends Flag> {
  /** Positional arguments as the usage line shows them. */
  readonly args: string
  readonly flags: readonly F[]
  readonly examples: readonly string[]
  /** Takes one file; more words are warned about, and refused with `--in-place` unless it takes many there (spec/cli.md 3.4). */
  readonly oneFile?: true | 'unless in place'
  /** Keeps stderr clean while an editor may be open. */
  readonly opensEditor?: true
  /** The result is the exit status. */
  readonly run: (inv: Invocation<NoInfer<F>>, io: Io) => Promise<number>
}

/** A command whose flags are known as data only. */
export type Command = Typed<Flag>

/** Holds `run` to the flags that stand beside it: it cannot ask for another. */
export const command = <F extends Flag>(typed: Typed<F>): Command => typed
