// Errors for people, on stderr: the message as it is, then its place and its hints on lines of their own. An error that is not ours is
// never shown in full, since its text may quote the input.
import { messageOf, SopsError, tooLongText } from '../errors.ts'
import { codeOf, withoutSecretsOf } from '../system/index.ts'
import type { Host } from './host.ts'
import { makeLog } from './log.ts'
import { type Line, sayLines, withoutSecretLines } from './say.ts'
import { stdoutStyle, type TerminalStyle } from './style.ts'

/** `["a"]["b"]`, the form that `--extract` takes. */
const indexText = (path: readonly string[]): string => path.map((key) => `[${JSON.stringify(key)}]`).join('')

/** The message, with the place added unless it names that. A report of several lines gets none. */
function withPlace(error: SopsError): readonly string[] {
  const { message, lines, path, position } = error
  if (lines.length > 1) return lines
  const index = path && path.length > 0 ? indexText(path) : ''
  const last = path?.at(-1) ?? ''
  const named = message.includes(index) || message.split(/[^\p{L}\p{N}_.-]+/u).includes(last)
  const place = [
    ...(position && !message.includes(`line ${position.line}`)
      ? [`line ${position.line}, column ${position.column}`]
      : []),
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
function foreign(error: unknown, debug: boolean): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const frames = debug ? stack.split('\n').filter((line) => /^ {4}at /.test(line)) : []
  if (error instanceof Error && ('syscall' in error || tooLongText(error) !== undefined))
    return [messageOf(error), ...frames]
  const name = error instanceof Error ? error.name : typeof error
  const code = codeOf(error)
  const hint = debug ? [] : ['hint: this is a defect of sops; SOPS_DEBUG=1 shows where it happened']
  return [`internal error: ${name}${code === undefined ? '' : ` ${code}`}`, ...frames, ...hint]
}

/** Reports an error on stderr and returns the exit status. */
export async function reportError(error: unknown, host: Host): Promise<number> {
  const safe = (text: string): string => withoutSecretsOf(text, host.env)
  if (!(error instanceof SopsError)) {
    await sayLines(host.stderr, foreign(error, Boolean(host.env['SOPS_DEBUG'])).map(safe))
    return 1
  }
  const hints = error.hints.map((hint) => `hint: ${safe(hint)}`)
  if (error.code === 'usage') {
    // The reference logs these errors instead of printing them (spec/cli.md 3.1).
    makeLog(host, false)({ level: 'fatal', logger: 'CMD', message: error.message })
    await sayLines(host.stderr, hints)
  } else {
    const style = stdoutStyle(host)
    const lines = withoutSecretLines(withPlace(error), host.env)
    await sayLines(host.stderr, error.code === 'no-data-key' ? lines.map((line) => coloured(line, style)) : lines)
    await sayLines(host.stderr, hints)
  }
  return error.exitCode
}
