// The log on stderr: when each level is shown (docs/messages.md), and details in the reference's two shapes (spec/cli.md 3.2).
import type { LogLine } from '../context/index.ts'
import { withoutSecretsOf } from '../system/index.ts'
import { quote } from '../text/quote.ts'
import { type Kind, messageLines, type Subject } from './form.ts'
import type { Host } from './host.ts'
import { Control, type Line, lineText, sayLines } from './say.ts'
import { colourAllowed, makeStyle, paint } from './style.ts'

/** How messages begin, and what details are called in the shape of the reference. */
const kinds = { advice: 'note', warning: 'warning', error: 'error' } as const
const details = { debug: { short: 'DEBU', colour: 37 }, info: { short: 'INFO', colour: 36 } } as const

/** Whether SOPS_ADVICE asks for advice or forbids it; undefined where it says nothing. */
export function adviceWish(env: Host['env']): boolean | undefined {
  const wish = env['SOPS_ADVICE'] ?? ''
  return wish === '' ? undefined : !/^(?:0|f|false)$/i.test(wish)
}

/** Advice is for people: programs take text on stderr for a failure or for part of the value. */
const showsAdvice = ({ env, stderr }: Host): boolean => adviceWish(env) ?? stderr.isTTY

const bare = /^[A-Za-z0-9\-._/@^+]*$/
const quoted = (text: string): string => (bare.test(text) ? text : quote(text))

const two = (value: number): string => String(value).padStart(2, '0')

/** RFC 3339 in the local time zone, without fractions. */
function localTime(date: Date): string {
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
  readonly log: (line: LogLine) => void
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

/**
 * A function that writes warnings and errors, advice if wanted, each in the one form (form.ts), and details only if `verbose`: those as the
 * reference writes them, for programs look for them. `told` is what was said of what is said once in a run.
 */
export function makeLog(
  host: Host,
  verbose: boolean,
  subject: Readonly<Subject>,
  told: Set<string> = new Set(),
): (line: LogLine) => void {
  const start = host.now().getTime()
  const colours = colourAllowed(host.env)
  const prefixStyle = makeStyle(host.stdout.isTTY && colours)
  const safe = (text: string): string => withoutSecretsOf(text, host.env)
  const detail = (level: keyof typeof details, line: LogLine): Line => {
    const prefix = [prefixStyle.bold(`[${line.logger}]`), new Control('\t'), ' ']
    const fields = sorted(line.fields).map(([name, value]) => [name, quoted(safe(value))] as const)
    if (!host.stderr.isTTY) {
      const shown = fields.map(([name, value]) => ` ${name}=${value}`)
      return [prefix, `time="${localTime(host.now())}" level=${level} msg=${quoted(safe(line.message))}`, ...shown]
    }
    const { short, colour } = details[level]
    const name = paint(colours, colour)
    const seconds = String(Math.floor((host.now().getTime() - start) / 1000)).padStart(4, '0')
    const shown = fields.map(([field, value]): Line => [' ', name(field), `=${value}`])
    // Pads the text as shown, without colours and after escaping.
    return [prefix, name(short), `[${seconds}] ${lineText(safe(line.message)).padEnd(44)} `, ...shown]
  }
  const message = (kind: Kind, { message, more = [], fields }: LogLine): readonly Line[] => {
    const shown = sorted(fields).map(([name, value]) => ` ${name}=${quoted(value)}`)
    return messageLines(kind, subject.file, [message + shown.join(''), ...more], host)
  }
  return (line) => {
    const { level } = line
    if (level === 'advice' && !showsAdvice(host)) return
    if (line.once) {
      if (told.has(line.message)) return
      told.add(line.message)
    }
    const isDetail = level === 'debug' || level === 'info'
    if (isDetail && !verbose) return
    const lines = isDetail ? [detail(level, line)] : message(kinds[level], line)
    // A log that cannot be written must not stop the work.
    sayLines(host.stderr, lines).catch(() => {})
  }
}

const sorted = (fields: LogLine['fields']): readonly (readonly [string, string])[] =>
  Object.entries(fields ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
