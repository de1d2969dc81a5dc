// What is said of a run over many files, to people and as JSON.
import { relative, sep } from 'node:path'
import type { SopsError } from '../../errors.ts'
import { shown } from '../../system/index.ts'
import { formatPath } from '../../tree/path.ts'
import type { Io } from '../invocation.ts'
import { sayLines } from '../say.ts'

/** How a writing command left one file. */
type Status = 'changed' | 'unchanged' | 'failed'

export interface Outcome {
  /** As messages call the file. */
  readonly name: string
  /** Absolute. */
  readonly path: string
  readonly status: Status
  readonly error?: SopsError
}

/** A path in JSON: relative to the current folder, with `/`. */
export const shownPath = ({ ctx }: Io, path: string): string => relative(ctx.cwd, path).replaceAll(sep, '/')

/** An error as JSON; never a value. */
export const errorData = ({ code, message, path }: SopsError): object => ({
  code,
  message,
  ...(path && path.length > 0 ? { keyPath: formatPath(path) } : {}),
})

export const counts = (outcomes: readonly Outcome[]): Readonly<Record<Status, number>> => {
  const summary = { changed: 0, unchanged: 0, failed: 0 }
  for (const { status } of outcomes) summary[status]++
  return summary
}

/**
 * Nothing in it can steer a terminal, or command a runner that reads what a job prints (`##[`, `##vso[`), and it is whole Unicode: a byte that is
 * not UTF-8 is shown as in messages.
 */
export const jsonText = (data: unknown, indent?: number): string =>
  wellFormed(JSON.stringify(data, undefined, indent)).replace(
    /(?!\n)[\p{C}\p{DI}\p{Zl}\p{Zp}]|(?<=#)#/gu,
    (character) =>
      Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
        .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
        .join(''),
  )

/** JSON.stringify escapes half a character, and never a whole one; strict parsers take no half. */
const wellFormed = (json: string): string =>
  json.replace(/\\(?:u(d[89a-f][\da-f]{2})|.)/g, (sequence, unit?: string) =>
    unit === undefined
      ? sequence
      : JSON.stringify(shown(String.fromCharCode(Number.parseInt(unit, 16))).toWellFormed()).slice(1, -1),
  )

/** One document of JSON about all files of a command. */
export const sayJson = (io: Io, command: string, files: readonly object[], summary: object): Promise<void> =>
  sayLines(io.host.stdout, [jsonText({ version: 1, command, files, summary })])

/** The exit status of failures: their common one, else 1. */
export function statusOf(errors: readonly SopsError[]): number {
  const [first, ...more] = new Set(errors.map(({ exitCode }) => exitCode))
  return first === undefined ? 0 : more.length > 0 ? 1 : first
}
