// What the rooms above may ask of the outside. Nothing under src/ except cli/process-host.ts reads process globals.

/**
 * Loggers of the reference (spec/cli.md 3.2), which prefix every log line: `CMD`, `SOPS`, `AES`, `AUDIT`, `EXEC`, `KEYSERVICE`, `PUBLISH`,
 * `CONFIG`, and that of each key type.
 */
export type Logger = Uppercase<string>

/**
 * One line for the log. `fields` are shown behind the message, sorted by name. Never a plaintext value. A `warning` is a danger, where
 * whoever does not read it may lose or lay open a secret, or a line that the reference prints; anything else worth knowing is `advice`.
 * docs/messages.md lists them all.
 */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'advice' | 'warning' | 'error'
  readonly logger: Logger
  readonly message: string
  /** Further lines of a message that has several. */
  readonly more?: readonly string[]
  readonly fields?: Readonly<Record<string, string>>
  /** Worth saying once in a run, of however many files it is true. */
  readonly once?: true
}

/** What somebody waits for: `decrypting (12000 of 60000 values)`. */
export interface Stage {
  /** Never a plaintext value. */
  readonly what: string
  readonly done?: number
  readonly total?: number
  /** Of what: `values`, `MiB`. */
  readonly unit?: string
  /** The program is about to be busy for so long that it cannot show later that it is. */
  readonly long?: boolean
}

/** Told of each step before it begins, and of how far a long one is; undefined: nothing is being done. */
export type Watch = (step: Stage | undefined) => void

/** How a question is asked. */
export interface PromptOptions {
  /** Do not echo what is typed. */
  readonly secret?: boolean
  /** One character is the answer; whether Enter follows is all the same. Blanks in front of it do not count. */
  readonly key?: boolean
}

/** A use of a file that is on record before it goes on (spec/cli.md 17). `file` is absolute; the working directory stands for stdin. */
export type AuditEvent =
  | { readonly action: 'encrypt' | 'rotate'; readonly file: string }
  | {
      readonly action: 'decrypt'
      readonly file: string
      /** Labels of the master keys that opened it, one of each group. */
      readonly recipients: readonly string[]
      /** False when no data key could be had. */
      readonly success: boolean
    }

/** Under which `Context.once` keeps a `T` (context/memo.ts). */
export interface MemoKey<T> {
  readonly name: string
  /** Of the type only. */
  readonly keeps?: (made: T) => T
}

/** What the outside provides: environment, clock, prompt, log. The library asks for nothing else and prints nothing. */
export interface Context {
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute path of the working directory, as the user sees it (`$PWD` when that is valid). */
  readonly cwd: string
  /** The user's home, or undefined where it cannot be told. */
  readonly home: string | undefined
  readonly platform: NodeJS.Platform
  /** The caller's number; absent where users have none. Files that others could plant are told by it. */
  readonly uid?: number | undefined
  /** Nobody is there to answer: programs that are started must not ask either. */
  readonly unattended?: boolean
  /** Only identities that lie ready count: no passphrase, command or plugin is asked for one, and no version of a key is looked up. */
  readonly atHand?: boolean
  /**
   * Asked before a network, a key service elsewhere or a plugin is used to open something: the text says why it may not be, for people.
   * Undefined, or absent: it may.
   */
  localOnly?(): Promise<string | undefined>
  /**
   * True for an age recipient whose plugin may be started to wrap for it. Asked where nothing else says that the user means it: a recipient
   * that only a file names chooses no program. Absent: false.
   */
  namesRecipient?(recipient: string): Promise<boolean>
  /** Only the recipient that a key names may open it, whatever else is at hand: somebody was asked about that one. */
  readonly exact?: boolean
  /** The time that files are stamped with. */
  now(): Date
  /** Takes what there is to say beside the result. */
  log(line: LogLine): void
  /** Absent where nobody watches: then telling costs nothing. */
  readonly watch?: Watch | undefined
  /** Asks on the controlling terminal; undefined when there is none. */
  prompt(text: string, options?: PromptOptions): Promise<string | undefined>
  /** Makes something once per run and keeps it: clients, credentials, identities. */
  once<T>(key: MemoKey<T>, make: () => NoInfer<T>): T
  /** Puts an event on record. Rejects when that fails: nothing may be revealed then. Absent: nothing is recorded. */
  audit?(event: AuditEvent): Promise<void>
}
