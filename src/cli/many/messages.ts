// What a thread and the one that started it say to each other: data that can be copied.
import type { LogLine } from '../../context/index.ts'
import type { ErrorCode } from '../../errors.ts'
import type { MasterKey, Unavailable } from '../../keys/index.ts'
import type { Target } from '../../repo/index.ts'
import type { Host } from '../host.ts'
import type { Many } from '../invocation.ts'
import type { Line } from '../say.ts'

/** What of the outside a thread cannot tell by itself. */
type Facts = Pick<
  Host,
  'argv0' | 'version' | 'env' | 'cwd' | 'home' | 'platform' | 'userName' | 'uid' | 'umask' | 'largeFrom'
>

/** With what a thread begins. */
export interface Start {
  /** The command line behind the name of the program. */
  readonly words: readonly string[]
  readonly facts: Facts
  readonly isTTY: boolean
  /** See `SharedWork.given`. */
  readonly given: Uint8Array | undefined
}

/** One file to work on. */
export interface FileTask extends Pick<Many, 'rehearsal' | 'agreed'> {
  readonly id: number
  readonly target: Target
}

/** What became of a file; nothing is written yet. */
export interface Done {
  readonly id: number
  readonly isChanged: boolean
  readonly said: readonly Line[]
  readonly logged: readonly LogLine[]
  readonly writes: readonly Written[]
}

/** What is to be written in the place of a file that held `expect`. */
export interface Written {
  readonly path: string
  readonly content: Uint8Array
  readonly expect: string
}

/** A file that the thread leaves to the one that started it, with whatever has to be said, asked or refused. */
interface Back {
  readonly id: number
  readonly isBack: true
}

/** A data key to wrap or unwrap, for the file of the task: a thread looks for no identity, and asks nobody else. */
export interface Ask {
  readonly ask: number
  readonly task: number
  readonly key: MasterKey
  /** To wrap it; absent: to unwrap the key. */
  readonly dataKey?: Uint8Array
  readonly atHand: boolean
  /** For the earlier version of the file. */
  readonly isEarlier: boolean
}

/** What the key service answered, or why it failed. */
export interface Answer {
  readonly ask: number
  readonly result?: Uint8Array | string | Unavailable
  readonly error?: { readonly code: ErrorCode; readonly lines: readonly string[]; readonly hints: readonly string[] }
}

export type ToThread = FileTask | Answer | 'end'
export type FromThread = Done | Back | Ask
