// Errors for people. All goes to stderr: the message as it is, then its place and its hints on lines of their own. What comes out of a file
// (names, paths) cannot steer a terminal. Errors that are not ours are never shown in full: their text may quote the input.
import { messageOf, SopsError, tooLongText } from '../errors.ts'
import { codeOf } from '../system/errors.ts'
import { withoutSecretsOf } from '../system/secrets.ts'
import type { Host } from './host.ts'
import { makeLog } from './log.ts'
import { stdoutStyle } from './style.ts'
import { visible } from './text.ts'

/** `["a"]["b"]`, as `--extract` takes it. */
const indexText = (path: readonly string[]): string => path.map((key) => `[${JSON.stringify(key)}]`).join('')

/** The message, with the place added where the message does not name it. Reports of several lines stand for themselves. */
function withPlace(error: SopsError): string {
  const { message, path, position } = error
  if (message.includes('\n')) return message
  const index = path && path.length > 0 ? indexText(path) : ''
  const last = path?.at(-1) ?? ''
  const named = message.includes(index) || message.split(/[^\p{L}\p{N}_.-]+/u).includes(last)
  const place = [
    ...(position && !message.includes(`line ${position.line}`)
      ? [`line ${position.line}, column ${position.column}`]
      : []),
    ...(index && !named ? [`at ${index}`] : []),
  ]
  return place.length > 0 ? `${message} (${place.join(', ')})` : message
}

/** `FAILED` in red and `SUCCESS` in green, in the report of a data key that could not be had. */
function coloured(host: Host, error: SopsError, text: string): string {
  if (error.code !== 'no-data-key') return text
  const style = stdoutStyle(host)
  if (!style.enabled) return text
  return text.replace(
    /: (FAILED|SUCCESS)$/gm,
    (_, word) => `: ${word === 'FAILED' ? style.red(word) : style.green(word)}`,
  )
}

/** An error that is not ours: a failed system call or a defect. Only the texts of system calls are known to hold no data. */
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

/** Writes what went wrong to stderr and returns the exit status. */
export async function reportError(error: unknown, host: Host): Promise<number> {
  const safe = (text: string): string => {
    const shown = withoutSecretsOf(text, host.env)
    return host.stderr.isTTY ? visible(shown) : shown
  }
  const write = (lines: readonly string[]): Promise<void> =>
    host.stderr.write(lines.map((line) => `${line}\n`).join(''))
  if (!(error instanceof SopsError)) {
    await write(foreign(error, Boolean(host.env['SOPS_DEBUG'])).map(safe))
    return 1
  }
  const hints = error.hints.map((hint) => `hint: ${safe(hint)}`)
  if (error.code === 'usage') {
    // The reference logs these instead of printing them (spec/cli.md 3.1).
    makeLog(host, false)({ level: 'fatal', logger: 'CMD', message: error.message })
    await write(hints)
  } else await write([coloured(host, error, safe(withPlace(error))), ...hints])
  return error.exitCode
}
