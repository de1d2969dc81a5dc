// Errors for people. All goes to stderr: the message as it is, then its place and its hints on lines of their own. What comes out of a file
// (names, paths) cannot steer a terminal. Errors that are not ours are never shown in full: their text may quote the input.
import { type ErrorCode, SopsError } from '../errors.ts'
import type { Host } from './host.ts'
import { makeLog } from './log.ts'
import { stdoutStyle } from './style.ts'
import { codeOf } from './system-error.ts'
import { visible } from './text.ts'

/** `["a"]["b"]`, as `--extract` takes it. */
const indexText = (path: readonly string[]): string => path.map((key) => `[${JSON.stringify(key)}]`).join('')

/** The message, with the place added where the message does not name it. Reports of several lines stand for themselves. */
function withPlace(error: SopsError): string {
  const { message, path, position } = error
  if (message.includes('\n')) return message
  const path_ = path && path.length > 0 ? indexText(path) : ''
  const last = path?.at(-1)
  const named = last !== undefined && (message.includes(path_) || message.includes(last))
  const place = [
    ...(position && !message.includes(`line ${position.line}`)
      ? [`line ${position.line}, column ${position.column}`]
      : []),
    ...(path_ && !named ? [`at ${path_}`] : []),
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

/** Text, exit status; `fatal` for errors the reference logs instead of printing (spec/cli.md 3.1). */
export function describeError(
  error: unknown,
  host: Host,
): { readonly text: string; readonly exit: number; readonly code: ErrorCode } {
  const safe = (text: string): string => (host.stderr.isTTY ? visible(text) : text)
  const hints = (lines: readonly string[]): string => lines.map((line) => `hint: ${safe(line)}\n`).join('')
  if (error instanceof SopsError) {
    const message = coloured(host, error, safe(withPlace(error)))
    return { text: `${message}\n${hints(error.hints)}`, exit: error.exitCode, code: error.code }
  }
  return { text: foreign(error, host, safe) + hints(host.env['SOPS_DEBUG'] ? [] : debugHint), exit: 1, code: 'generic' }
}

const debugHint = ['this is a defect or a failure of the system; SOPS_DEBUG=1 shows where it happened']

/** An error of the system or a defect. Only the texts of system calls are known to hold no data. */
function foreign(error: unknown, host: Host, safe: (text: string) => string): string {
  const system = error instanceof Error && 'syscall' in error
  const code = codeOf(error)
  const name = (error instanceof Error ? error.name : typeof error) + (code === undefined ? '' : ` ${code}`)
  const frames = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line)) : []
  const text = system ? safe(error.message) : `internal error: ${name}`
  return [text, ...(host.env['SOPS_DEBUG'] ? frames : [])].map((line) => `${line}\n`).join('')
}

/** Writes what went wrong to stderr and returns the exit status. */
export async function reportError(error: unknown, host: Host): Promise<number> {
  const { text, exit, code } = describeError(error, host)
  if (code === 'usage' && error instanceof SopsError) {
    makeLog(host, false)({ level: 'fatal', logger: 'CMD', message: error.message })
    await host.stderr.write(error.hints.map((line) => `hint: ${line}\n`).join(''))
  } else await host.stderr.write(text)
  return exit
}
