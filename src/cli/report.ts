// Errors for people, on stderr. An error that is not ours is never shown in full, since its text may quote the input.
import { messageOf, SopsError, tooLongText } from '../errors.ts'
import { codeOf } from '../system/index.ts'
import { hintsFor } from './file-hints.ts'
import { hintLines, messageLines } from './form.ts'
import type { Host } from './host.ts'
import { type Line, sayLines } from './say.ts'
import { stdoutStyle, type TerminalStyle } from './style.ts'

/** `["a"]["b"]`, the form that `--extract` takes. */
const indexText = (path: readonly string[]): string => path.map((key) => `[${JSON.stringify(key)}]`).join('')

/** The lines of the message, with the place added unless it names that. A report of several lines gets none. */
export function placedLines(error: SopsError): readonly string[] {
  const { message, lines, path, position } = error
  if (lines.length > 1) return lines
  const index = path && path.length > 0 ? indexText(path) : ''
  const last = path?.at(-1) ?? ''
  const named = message.includes(index) || message.split(/[^\p{L}\p{N}_.-]+/u).includes(last)
  const names = (what: 'line' | 'column'): boolean =>
    position !== undefined && new RegExp(`\\b${what} ${position[what]}\\b`).test(message)
  const place = [
    ...(position && !names('line') ? [`line ${position.line}`] : []),
    ...(position && !names('column') ? [`column ${position.column}`] : []),
    ...(index && !named ? [`at ${index}`] : []),
  ]
  return [place.length > 0 ? `${message} (${place.join(', ')})` : message]
}

/** A line of the report on a data key that could not be recovered, with `FAILED` in red and `SUCCESS` in green. */
function coloured(line: string, style: TerminalStyle): Line {
  const [, what, word] = /^((?:Group \d+| {2}\S.*): )(FAILED|SUCCESS)$/s.exec(line) ?? []
  if (what === undefined || word === undefined) return line
  return [what, word === 'FAILED' ? style.red(word) : style.green(word)]
}

/** An error that is not ours: a failed system call or a defect. Only the texts of system calls are sure to hold no data. */
function foreign(error: unknown, debug: boolean): Pick<SopsError, 'lines' | 'hints'> {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const frames = debug ? stack.split('\n').filter((line) => /^ {4}at /.test(line)) : []
  if (error instanceof Error && ('syscall' in error || tooLongText(error) !== undefined))
    return { lines: [messageOf(error), ...frames], hints: [] }
  const name = error instanceof Error ? error.name : typeof error
  const code = codeOf(error)
  return {
    lines: [`internal error: ${name}${code === undefined ? '' : ` ${code}`}`, ...frames],
    hints: debug ? [] : ['this is a defect of sops; SOPS_DEBUG=1 shows where it happened'],
  }
}

/**
 * Reports an error on stderr and returns the exit status. `file` is the one that was worked on, as the user named it.
 */
export async function reportError(error: unknown, host: Host, file?: string): Promise<number> {
  if (!(error instanceof SopsError)) {
    const { lines, hints } = foreign(error, Boolean(host.env['SOPS_DEBUG']))
    await sayLines(host.stderr, [...messageLines('error', file, lines, host), ...hintLines(hints, host)])
    return 1
  }
  // Recorded as the whole of stderr, so scripts may compare it so.
  if (error.details.fault === 'no recipients' && !host.stderr.isTTY) await sayLines(host.stderr, [error.message])
  else {
    const lines = messageLines('error', file, placedLines(error), host)
    const style = stdoutStyle(host)
    const isReport = error.code === 'no-data-key'
    await sayLines(
      host.stderr,
      lines.map((line) => (isReport && typeof line === 'string' ? coloured(line, style) : line)),
    )
    await sayLines(host.stderr, hintLines(hintsFor(file, error.hints), host))
  }
  return error.exitCode
}
