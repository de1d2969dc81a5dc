// The one form of what is said on stderr: `error: FILE: what happened`, or `warning:` or `note:`, then `hint:` lines.
import type { Host } from './host.ts'
import { type Line, withoutSecretLines } from './say.ts'
import { colourAllowed, makeStyle, type TerminalStyle } from './style.ts'

export type Kind = 'error' | 'warning' | 'note'

/** The file that a run is working on, as the user named it; undefined for stdin, and before one is known. */
export interface Subject {
  file: string | undefined
}

/** Colours for stderr. */
const stderrStyle = (host: Host): TerminalStyle => makeStyle(host.stderr.isTTY && colourAllowed(host.env))

const painted = (kind: Kind, style: TerminalStyle): Line =>
  kind === 'error' ? style.red('error:') : kind === 'warning' ? style.yellow('warning:') : style.cyan('note:')

/** A text that names the file first needs no more than that. */
const startsWith = (text: string, file: string): boolean =>
  text.startsWith(file) && /^[:\s]/.test(text.slice(file.length))

/**
 * The lines of a message, free of secrets, for `sayLines`. The reference's `Error: ` in front says the same as the kind and goes. Further
 * lines stand for themselves.
 */
export function messageLines(
  kind: Kind,
  file: string | undefined,
  lines: readonly string[],
  host: Host,
): readonly Line[] {
  const [first = '', ...more] = withoutSecretLines(lines, host.env)
  const [name = ''] = file === undefined ? [] : withoutSecretLines([file], host.env)
  const text = first.replace(/^(?:Error|error): /, '')
  const place = name === '' || startsWith(text, name) ? '' : `${name}: `
  return [[painted(kind, stderrStyle(host)), ` ${place}${text}`], ...more]
}

/** The lines of next steps. */
export const hintLines = (hints: readonly string[], host: Host): readonly Line[] =>
  hints
    .flatMap((hint) => withoutSecretLines([hint], host.env))
    .map((hint) => [stderrStyle(host).cyan('hint:'), ` ${hint}`])
