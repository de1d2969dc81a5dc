// Terminal colours, and the rule for when to use them (spec/cli.md 3.3).
import type { Host } from './host.ts'
import { Control, type Line } from './say.ts'

type Paint = (line: Line) => Line

/** Each function wraps a text in its colour, or returns it unchanged. */
export interface TerminalStyle {
  readonly enabled: boolean
  readonly bold: Paint
  readonly underline: Paint
  readonly green: Paint
  readonly red: Paint
  readonly yellow: Paint
  readonly cyan: Paint
}

export const paint =
  (enabled: boolean, code: number): Paint =>
  (line) =>
    enabled ? [new Control(`\x1b[${code}m`), line, new Control('\x1b[0m')] : line

export const makeStyle = (enabled: boolean): TerminalStyle => ({
  enabled,
  bold: paint(enabled, 1),
  underline: paint(enabled, 4),
  green: paint(enabled, 32),
  red: paint(enabled, 31),
  yellow: paint(enabled, 33),
  cyan: paint(enabled, 36),
})

export const colourAllowed = (env: Host['env']): boolean => !env['NO_COLOR'] && env['TERM'] !== 'dumb'

/** As in the reference, stdout decides even for coloured text on stderr. */
export const stdoutStyle = (host: Host): TerminalStyle => makeStyle(host.stdout.isTTY && colourAllowed(host.env))
