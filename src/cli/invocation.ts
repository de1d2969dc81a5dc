// What a command is given: the words of its command line, already checked, and the world it may touch.
import type { Context, LogLine } from '../context/index.ts'
import type { Host } from './host.ts'
import type { Line } from './say.ts'
import type { Style } from './style.ts'

/** Flag values by long name. A flag the command does not have reads like one that was not given. */
export interface FlagValues {
  /** `''` when not given. */
  string(name: string): string
  bool(name: string): boolean
  /** The default, or undefined, when not given. */
  int(name: string): number | undefined
  /** Every value in order; empty when not given. */
  list(name: string): readonly string[]
  /** True when it stood on the command line or its environment variable is set, even to an empty text. */
  given(name: string): boolean
}

export interface Invocation extends FlagValues {
  /** Names from the top: `['decrypt']`, `['groups', 'add']`. */
  readonly command: readonly string[]
  readonly positionals: readonly string[]
  /** Flags in front of the command: `--config`, `--indent`, `--mac-only-encrypted`, `--verbose` and nothing else count there. */
  readonly root: FlagValues
  /** The flag-only form (`sops -d FILE`): every root flag is then also a flag of the command (spec/cli.md 18). */
  readonly legacy: boolean
}

export interface Io {
  readonly host: Host
  readonly ctx: Context
  /** Colours for stdout and for texts that follow its rule (spec/cli.md 3.3); plain when stdout is no terminal. */
  readonly style: Style
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

/** What every module in `commands/` exports as `run`; the result is the exit status. */
export type Run = (inv: Invocation, io: Io) => Promise<number>
