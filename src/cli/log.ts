// Log lines on stderr, in the reference's two shapes (spec/cli.md 3.2), and when each level is shown (docs/messages.md).
import type { Logger, LogLine } from '../context/index.ts'
import { withoutSecretsOf } from '../system/index.ts'
import { quote } from '../text/quote.ts'
import type { Host } from './host.ts'
import { Control, type Line, lineText, sayLines, withoutSecretLines } from './say.ts'
import { colourAllowed, makeStyle, paint } from './style.ts'

interface FatalLine {
  readonly level: 'fatal'
  readonly logger: Logger
  readonly message: string
  readonly fields?: LogLine['fields']
}

const levels: Readonly<
  Record<LogLine['level'] | 'fatal', { readonly rank: number; readonly short: string; readonly colour: number }>
> = {
  debug: { rank: 0, short: 'DEBU', colour: 37 },
  info: { rank: 1, short: 'INFO', colour: 36 },
  advice: { rank: 2, short: 'NOTE', colour: 36 },
  warning: { rank: 3, short: 'WARN', colour: 33 },
  error: { rank: 4, short: 'ERRO', colour: 31 },
  fatal: { rank: 5, short: 'FATA', colour: 31 },
}

/** Advice is for people: programs take text on stderr for a failure or for part of the value. SOPS_ADVICE overrides that. */
function showsAdvice({ env, stderr }: Host): boolean {
  const wish = env['SOPS_ADVICE'] ?? ''
  if (wish === '') return stderr.isTTY
  return !/^(?:0|f|false)$/i.test(wish)
}

const bare = /^[A-Za-z0-9\-._/@^+]*$/
const quoted = (text: string): string => (bare.test(text) ? text : quote(text))

const two = (value: number): string => String(value).padStart(2, '0')

/** RFC 3339 in the local time zone, without fractions. */
export function localTime(date: Date): string {
  const offset = -date.getTimezoneOffset()
  const zone =
    offset === 0
      ? 'Z'
      : `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${zone}`
}

/** Progress of updatekeys: `2026/01/02 03:04:05 text`. */
export const progressLine = (date: Date, text: string): string =>
  `${localTime(date).slice(0, 19).replaceAll('-', '/').replace('T', ' ')} ${text}`

/** A log that can hold lines back. */
interface HeldLog {
  readonly log: (line: LogLine | FatalLine) => void
  /** Holds warnings and advice back until `release`, or until the run ends, however that is. */
  hold(): void
  release(): void
}

/** A log to hold back while an editor is open: programs that watch one take the first byte on stderr for a failure. */
export function makeHeldLog(host: Host, log: HeldLog['log']): HeldLog {
  let waiting: LogLine[] | undefined
  let forget: (() => void) | undefined
  const release = (): void => {
    forget?.()
    forget = undefined
    const lines = waiting ?? []
    waiting = undefined
    for (const line of lines) log(line)
  }
  return {
    log: (line) => {
      if (waiting && (line.level === 'advice' || line.level === 'warning')) waiting.push(line)
      else log(line)
    },
    hold: () => {
      waiting ??= []
      forget ??= host.onCleanup(release)
    },
    release,
  }
}

/** A function that writes warnings and errors, advice if wanted, and lower levels only if `verbose`. */
export function makeLog(host: Host, verbose: boolean): (line: LogLine | FatalLine) => void {
  const start = host.now().getTime()
  const colours = colourAllowed(host.env)
  const prefixStyle = makeStyle(host.stdout.isTTY && colours)
  const lowest = verbose ? 0 : levels.warning.rank
  const terminal = ({ level, lines: [message = '', ...more], fields }: SafeLine): readonly Line[] => {
    const { short, colour } = levels[level]
    const name = paint(colours, colour)
    const seconds = String(Math.floor((host.now().getTime() - start) / 1000)).padStart(4, '0')
    const shown = fields.map(([field, value]): Line => [' ', name(field), `=${quoted(value)}`])
    // Pads the text as shown, without colours and after escaping.
    const headline = [name(short), `[${seconds}] ${lineText(message).padEnd(44)} `]
    return more.length === 0 ? [[...headline, ...shown]] : [headline, ...more, ...(fields.length > 0 ? [shown] : [])]
  }
  const plain = ({ level, lines, fields }: SafeLine): readonly Line[] => {
    const shown = fields.map(([name, value]) => ` ${name}=${quoted(value)}`)
    return [`time="${localTime(host.now())}" level=${level} msg=${quoted(lines.join('\n'))}${shown.join('')}`]
  }
  const safe = (line: LogLine | FatalLine): SafeLine => {
    const lines = [line.message, ...(('more' in line && line.more) || [])]
    const fields = sorted(line.fields).map(([name, value]) => [name, withoutSecretsOf(value, host.env)] as const)
    return {
      level: line.level,
      lines: lines.length > 1 ? withoutSecretLines(lines, host.env) : [withoutSecretsOf(line.message, host.env)],
      fields,
    }
  }
  return (line) => {
    if (line.level === 'advice' ? !showsAdvice(host) : levels[line.level].rank < lowest) return
    const [first = '', ...rest] = (host.stderr.isTTY ? terminal : plain)(safe(line))
    const prefix = [prefixStyle.bold(`[${line.logger}]`), new Control('\t'), ' ']
    // A log that cannot be written must not stop the work.
    sayLines(host.stderr, [[...prefix, first], ...rest]).catch(() => {})
  }
}

/** A line that is free of secrets. */
interface SafeLine {
  readonly level: LogLine['level'] | 'fatal'
  readonly lines: readonly string[]
  readonly fields: readonly (readonly [name: string, value: string])[]
}

const sorted = (fields: LogLine['fields']): readonly (readonly [string, string])[] =>
  Object.entries(fields ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
