// What a command is given: the words of its command line, already checked, and the world it may touch.
import type { Context, LogLine } from '../context/index.ts'
import type { Flag, NameOf } from './flag.ts'
import type { RootFlag, SharedRootFlag } from './flags.ts'
import type { Host } from './host.ts'
import type { Line } from './say.ts'
import type { TerminalStyle } from './style.ts'

/** Values of the flags `F`, by long name. It reads no flag that is not among them: a misspelt name does not compile. */
export interface FlagValues<F extends Flag> {
  /** `''` when not given. */
  readonly string: (name: NameOf<F, 'string'>) => string
  readonly bool: (name: NameOf<F, 'bool'>) => boolean
  /** The default, or undefined, when not given. */
  readonly int: (name: NameOf<F, 'int'>) => number | undefined
  /** Every value in order; empty when not given. */
  readonly list: (name: NameOf<F, 'list'>) => readonly string[]
  /** True when it stood on the command line or its environment variable is set, even to an empty text. */
  readonly given: (name: F['name']) => boolean
}

interface Words<F extends Flag> extends FlagValues<F> {
  /** Names from the top: `['decrypt']`, `['groups', 'add']`. */
  readonly command: readonly string[]
  readonly positionals: readonly string[]
}

/** The flag-only form (`sops -d FILE`): every root flag is also a flag of the command (spec/cli.md 18). */
export interface LegacyInvocation<F extends Flag> extends Words<F> {
  readonly legacy: true
  readonly root: FlagValues<RootFlag>
}

interface CommandInvocation<F extends Flag> extends Words<F> {
  readonly legacy: false
  /** Flags in front of the command. */
  readonly root: FlagValues<SharedRootFlag>
}

/**
 * One call of a command that has the flags `F`, or more. Code that several commands use asks for the flags that it reads; `never` is for code
 * that reads none but those in front of the command.
 */
export type Invocation<F extends Flag> = CommandInvocation<F> | LegacyInvocation<F>

export interface Io {
  readonly host: Host
  readonly ctx: Context
  /** Colours for stdout and for texts that follow its rule (spec/cli.md 3.3); plain when stdout is no terminal. */
  readonly style: TerminalStyle
  /** Writes data to stdout as it is; resolves when written. */
  out(data: Uint8Array): Promise<void>
  /** Writes lines for people to stdout. */
  say(...lines: readonly Line[]): Promise<void>
  /** The same to stderr (progress of updatekeys, `exit status N`); log lines go through `ctx.log`. */
  tell(...lines: readonly Line[]): Promise<void>
  /** Dangers and advice wait until `release`, or the end of the run. */
  hold(): void
  release(): void
  /** A plain error of the reference (spec/cli.md 3.1): one fatal line of the CMD logger; returns the exit status 1. */
  fatal(message: string, fields?: LogLine['fields']): number
}
