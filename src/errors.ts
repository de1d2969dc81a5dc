// The one error type of the project, its closed list of codes, and the reference's exit code of each.
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
  /** Values would be stored in clear that should not be. */
  cleartext: 1,
  /** A key service, SDK or program that is needed is not installed. */
  'missing-dependency': 1,
  usage: 1,
} as const

export type ErrorCode = keyof typeof exitCodes

/** A place in a source text. `line` and `column` count from 1; `offset` is in UTF-16 units of the decoded text. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** What a failure consists of, for code that goes on from it or says it in other words. */
export interface FailureDetails {
  /** Which of the failures of one code it is. */
  readonly fault?: 'no metadata' | 'value twice' | 'MAC of other values'
  /** Why the data key could not be wrapped, one text for each failure. */
  readonly wrapErrors?: readonly string[]
  /** How many key groups a data key takes, and how many could be opened. */
  readonly groups?: { readonly required: number; readonly recovered: number }
  /** Status of an answer by gRPC. */
  readonly grpcStatus?: number
  /** No connection could be made, or it broke: the code of the system's error, `''` where there is none. */
  readonly connection?: string
}

/** What a `SopsError` says besides its message. */
export interface SopsErrorOptions {
  /** Keys from the document root to the leaf concerned, as in `["a"]["b"]`. */
  readonly path?: readonly string[]
  readonly position?: Position
  /** Next steps for the user, one sentence each. */
  readonly hints?: readonly string[]
  readonly details?: FailureDetails
  /** What was thrown below, for whoever looks for the fault; nothing is read from it. */
  readonly cause?: unknown
}

/** Every failure the user can meet. The message never contains a plaintext value or key material. */
export class SopsError extends Error {
  readonly code: ErrorCode
  readonly path: readonly string[] | undefined
  readonly position: Position | undefined
  readonly hints: readonly string[]
  readonly details: FailureDetails
  /**
   * The message by lines, as it was put together: line ends within one came in with a name or a text of others, and are no line ends for
   * whoever shows it.
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

  get exitCode(): number {
    return exitCodes[this.code]
  }
}

/** A text that only introduces another error has its lines. */
function linesOf(message: string | readonly string[], text: string, cause: unknown): readonly string[] {
  if (typeof message !== 'string') return message
  if (!(cause instanceof SopsError) || cause.lines.length === 1 || !text.endsWith(cause.message)) return [text]
  const [first = '', ...rest] = cause.lines
  return [text.slice(0, text.length - cause.message.length) + first, ...rest]
}

/** What another program says, by lines: those after the first are set in, so that none passes for one of ours. */
export function setIn(text: string): readonly string[] {
  const [first = '', ...rest] = text.split(/\r\n?|\n/)
  return [first, ...rest.map((line) => `  | ${line}`)]
}

/** The same failure with more next steps; none stands there twice. */
export const withHints = (error: SopsError, hints: readonly string[]): SopsError =>
  new SopsError(error.code, error.message, {
    ...(error.path ? { path: error.path } : {}),
    ...(error.position ? { position: error.position } : {}),
    hints: [...new Set([...error.hints, ...hints])],
    details: error.details,
    cause: error,
  })

/** Characters of the longest text that Node can hold. */
export const longestText: number = constants.MAX_STRING_LENGTH

/** In words, where an error says that a text would be longer than that. */
export const tooLongText = (error: Error): string | undefined =>
  codeOf(error) === 'ERR_STRING_TOO_LONG' || error.message === 'Invalid string length'
    ? `the result would be a text of more than ${longestText} characters, which cannot be worked on: split the file`
    : undefined

/** The text of anything thrown; errors of system calls are put into words. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? (tooLongText(error) ?? systemText(error) ?? inWords(error.message)) : String(error)
