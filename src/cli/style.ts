// Terminal colours, and the rule for when to use them (spec/cli.md 3.3).
import type { Host } from './host.ts'

type Paint = (text: string) => string

/** Each wraps a text in its colour, or returns it unchanged. */
export interface Style {
  readonly enabled: boolean
  readonly bold: Paint
  readonly underline: Paint
  readonly green: Paint
  readonly red: Paint
}

const paint =
  (enabled: boolean, code: number): Paint =>
  (text) =>
    enabled ? `\x1b[${code}m${text}\x1b[0m` : text

export const makeStyle = (enabled: boolean): Style => ({
  enabled,
  bold: paint(enabled, 1),
  underline: paint(enabled, 4),
  green: paint(enabled, 32),
  red: paint(enabled, 31),
})

export const colourAllowed = (env: Host['env']): boolean => !env['NO_COLOR'] && env['TERM'] !== 'dumb'

/** The rule of the reference: stdout decides, also for coloured text on stderr. */
export const stdoutStyle = (host: Host): Style => makeStyle(host.stdout.isTTY && colourAllowed(host.env))
