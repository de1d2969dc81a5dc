// What a command gets: the words of its command line, already checked, and the world it may touch.
import type { Config } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import type { Content } from '../disk/index.ts'
import type { KeyService } from '../groups/index.ts'
import type { Flag, NameOf } from './flag.ts'
import type { RootFlag, SharedRootFlag } from './flags.ts'
import type { Host } from './host.ts'
import type { Line } from './say.ts'
import type { TerminalStyle } from './style.ts'
import type { WriteOptions } from './write-options.ts'

/** Values of the flags `F`, by long name. Any other name does not compile. */
export interface FlagValues<F extends Flag> {
  /** `''` when not given. */
  readonly string: (name: NameOf<F, 'string'>) => string
  readonly bool: (name: NameOf<F, 'bool'>) => boolean
  /** The default, or undefined, when not given. */
  readonly int: (name: NameOf<F, 'int'>) => number | undefined
  /** Every value in order; empty when not given. */
  readonly list: (name: NameOf<F, 'list'>) => readonly string[]
  /** True if it is on the command line, or its environment variable is set, even to an empty text. */
  readonly given: (name: F['name']) => boolean
}

interface Words<F extends Flag> extends FlagValues<F> {
  /** Names from the top down: `['decrypt']`, `['groups', 'add']`. */
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
 * One call of a command that has at least the flags `F`. Code shared by commands asks for the flags that it reads; `never` is for code that
 * reads only those in front of the command.
 */
export type Invocation<F extends Flag> = CommandInvocation<F> | LegacyInvocation<F>

/** Where a result went. */
export type ResultPlace = 'file' | 'stdout' | 'device'

/** A run over many files, as the work on one of them sees it. */
export interface Many {
  /** Nothing is to be written, and nobody asked: only what would change is wanted. */
  readonly rehearsal: boolean
  /** The user has seen what will change, and agreed. */
  readonly agreed: boolean
  /** In a rehearsal: the file would be another one, without saying which. */
  wouldChange(): void
  /** The configuration that is nearest to the file. */
  config(): Promise<Config | undefined>
  /** The services that `make` gives for the file's context; they open each wrapped data key once for all files. */
  services(make: (ctx: Context) => Promise<readonly KeyService[]>, own: Context): Promise<readonly KeyService[]>
  /** The same for the service that opens earlier versions. */
  earlier(make: (ctx: Context) => KeyService): KeyService
}

export interface Io {
  readonly host: Host
  /** The words of the command, with `-i` if that was given: `encrypt -i`. */
  readonly command: string
  readonly ctx: Context
  /** `--verbose`. */
  readonly isVerbose: boolean
  /** Colours for stdout, and for text that follows its rule (spec/cli.md 3.3); none unless stdout is a terminal. */
  readonly style: TerminalStyle
  /** Writes data to stdout as it is; resolves when written. */
  out(data: Uint8Array): Promise<void>
  /** Writes a file (`writeOutput`). A run over many files may put it off, or leave it at knowing what it would write. */
  write(path: string, content: Content, options?: WriteOptions): Promise<void>
  /** Writes lines for people to stdout. */
  say(...lines: readonly Line[]): Promise<void>
  /** The same to stderr (updatekeys' progress, `exit status N`); log lines go through `ctx.log`. */
  tell(...lines: readonly Line[]): Promise<void>
  /** Set while one of many files is worked on. */
  readonly many?: Many
  /** The same run for one of its files, called as the user named it: its messages wait until `release`, and it says of no success. */
  of(file: string): Io
  /** Holds warnings and advice back until `release`, or the end of the run. */
  hold(): void
  release(): void
  /** From now on messages are about this file, called as the user named it. */
  about(file: string | undefined): void
  /**
   * Says in one quiet line what was done, to somebody at a terminal who does not see the result. Not where the result went to that terminal
   * or to another program, nor with SOPS_ADVICE=0.
   */
  done(text: string, to?: ResultPlace): Promise<void>
  /** Says what all that is done from now on belongs to, as `rotating 3 of 12`, while somebody waits for it. */
  within(whole: string | undefined): void
  /** No progress is shown until the returned function is called. */
  pause(): () => void
  /** Reports a failure and returns its exit status, for commands that then go on. */
  fail(error: unknown): Promise<number>
}
