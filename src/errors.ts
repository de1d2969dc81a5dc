// The project's one error type, its closed list of codes, and the reference's exit status for each.
import { constants } from 'node:buffer'
import { codeOf, inWords, systemText } from './system/errors.ts'

/** Exit status of each code (spec/cli.md 4). */
export const exitCodes = {
  generic: 1,
  /** Input unreadable, or plain input that does not parse. */
  'bad-input': 2,
  'cannot-write': 3,
  /** The tree cannot be written in the output format. */
  'cannot-emit': 4,
  'bad-encryption-context': 6,
  'bad-path-or-value': 7,
  'conflicting-parameters': 8,
  'cannot-encrypt-mac': 21,
  'cannot-encrypt-tree': 23,
  'cannot-decrypt-tree': 25,
  'change-keys-of-missing-file': 49,
  'mac-mismatch': 51,
  'bad-extract-path': 91,
  'no-document': 92,
  'no-file': 100,
  'duplicate-decryption-key-type': 112,
  'no-data-key': 128,
  'not-modified': 200,
  'editor-failed': 201,
  'version-not-comparable': 202,
  'already-encrypted': 203,
  /** Text does not follow its format; `load` turns it into exit 1 (encrypted input) or 2 (plain input). */
  parse: 1,
  /** Values that should be encrypted would be stored in clear. */
  cleartext: 1,
  /** A package or program that is needed is not installed. */
  'missing-dependency': 1,
  usage: 1,
} as const

/** The codes of `SopsError`, a closed set. */
export type ErrorCode = keyof typeof exitCodes

/**
 * A place in a source text as it is on disk, or in the editor. `line` and `column` count from 1; a column is a character (code point), a tab
 * one, a byte order mark none.
 */
export interface Position {
  readonly line: number
  readonly column: number
}

/** The facts of a failure, for code that recovers from it or rewords it. */
interface FailureDetails {
  /** Tells failures with the same code apart. */
  readonly fault?:
    | 'no metadata'
    | 'no recipients'
    | 'value twice'
    | 'key twice'
    | 'MAC of other values'
    | 'number out of range'
  /** Why the data key could not be wrapped, one text per failure. */
  readonly wrapErrors?: readonly string[]
  /** How many key groups the data key needs, and how many could be opened. */
  readonly groups?: { readonly required: number; readonly recovered: number }
  /** Status of a gRPC answer. */
  readonly grpcStatus?: number
  /** Set when no connection could be made, or it broke: the code of the system's error, `''` if it has none. */
  readonly connection?: string
}

/** What an error knows besides its code and message. */
export interface SopsErrorOptions {
  /** Keys from the document root to the leaf concerned, as in `["a"]["b"]`. */
  readonly path?: readonly string[]
  readonly position?: Position
  /** Next steps for the user, one sentence each. */
  readonly hints?: readonly string[]
  readonly details?: FailureDetails
  /** What was thrown below, for debugging only. */
  readonly cause?: unknown
}

/** Every failure the user can meet. The message never contains a plaintext value or key material. */
export class SopsError extends Error {
  readonly code: ErrorCode
  /** Keys from the document root to the leaf concerned. */
  readonly path: readonly string[] | undefined
  /** Where in the source text. */
  readonly position: Position | undefined
  /** Next steps for the user, one sentence each. */
  readonly hints: readonly string[]
  readonly details: FailureDetails
  /**
   * The message as the lines it was built from. A line end inside one of them came from a name or from another program's text, so whoever
   * shows the message must not break the line there.
   */
  readonly lines: readonly string[]

  constructor(code: ErrorCode, message: string | readonly string[], options: SopsErrorOptions = {}) {
    const text = typeof message === 'string' ? message : message.join('\n')
    super(text, options.cause === undefined ? undefined : { cause: options.cause })
    this.lines = linesOf(message, text, options.cause)
    this.name = 'SopsError'
    this.code = code
    this.path = options.path
    this.position = options.position
    this.hints = options.hints ?? []
    this.details = options.details ?? {}
  }

  /** That of the command line for this code (spec/cli.md 4). */
  get exitCode(): number {
    return exitCodes[this.code]
  }
}

/** A message that merely prefixes that of its cause keeps the lines of the cause. */
function linesOf(message: string | readonly string[], text: string, cause: unknown): readonly string[] {
  if (typeof message !== 'string') return message
  if (!(cause instanceof SopsError) || cause.lines.length === 1 || !text.endsWith(cause.message)) return [text]
  const [first = '', ...rest] = cause.lines
  return [text.slice(0, text.length - cause.message.length) + first, ...rest]
}

/** The lines of another program's text, indented after the first so that none can pass for a line of ours. */
export function setIn(text: string): readonly string[] {
  const [first = '', ...rest] = text.split(/\r\n?|\n/)
  return [first, ...rest.map((line) => `  | ${line}`)]
}

/** The place of a failure, for the same one in other words. */
export const placeOf = ({ path, position }: SopsError): Pick<SopsErrorOptions, 'path' | 'position'> => ({
  ...(path ? { path } : {}),
  ...(position ? { position } : {}),
})

/** The same failure with more next steps, without repeats. */
export const withHints = (error: SopsError, hints: readonly string[]): SopsError =>
  new SopsError(error.code, error.message, {
    ...placeOf(error),
    hints: [...new Set([...error.hints, ...hints])],
    details: error.details,
    cause: error,
  })

/** Length of the longest string that Node can hold, in UTF-16 units. */
export const longestText: number = constants.MAX_STRING_LENGTH

/** Our wording if the error says that a string would be longer than that. */
export const tooLongText = (error: Error): string | undefined =>
  codeOf(error) === 'ERR_STRING_TOO_LONG' || error.message === 'Invalid string length'
    ? `the result would be a text of more than ${longestText} characters, which cannot be worked on: split the file`
    : undefined

/** The text of anything thrown, with the errors of system calls in words. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? (tooLongText(error) ?? systemText(error) ?? inWords(error.message)) : String(error)

/** A next step for a file that is not encrypted. */
export const encryptHint = 'to encrypt it: sops encrypt -i FILE'

/** The same where its text does not parse, which `encrypt` would refuse too. */
export const mendHint = 'to encrypt it, mend its text first, then: sops encrypt -i FILE'

/** A next step for what a format of lines has no room for. */
export const nestingHint = '--output-type yaml or json holds lists, maps and values of every kind'
