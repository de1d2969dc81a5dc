// The one way out for text that people read. All of it, names from a file as well as our own words, comes out as one line that cannot
// control a terminal; only this program adds line ends and colours.

import { withoutSecretsOf, withoutValuesOf } from '../system/index.ts'
import { oneLine } from '../text/quote.ts'
import type { Host, Output } from './host.ts'

/** Control characters of our own, written as they are. Never make one from anything that was read. */
export class Control {
  readonly characters: string

  constructor(characters: string) {
    this.characters = characters
  }
}

/** A line or a part of one. */
export type Line = string | Control | readonly Line[]

/** The line as it goes to the terminal, without a line end. */
export function lineText(line: Line): string {
  if (typeof line === 'string') return oneLine(line)
  return line instanceof Control ? line.characters : line.map(lineText).join('')
}

/** The lines without key material, which may span several of them, and without the values of secret variables. */
export function withoutSecretLines(lines: readonly string[], env: Host['env']): readonly string[] {
  // Escaped lines hold no line ends, so joining them with \n is safe. Values may hold line ends, so they are removed before escaping.
  const text = lines.map((line) => oneLine(withoutValuesOf(line, env))).join('\n')
  return withoutSecretsOf(text, env).split('\n')
}

/** Writes any number of lines: too many would not fit into the arguments of a call. */
export const sayLines = (to: Output, lines: readonly Line[]): Promise<void> =>
  to.write(Buffer.from(lines.map((line) => `${lineText(line)}\n`).join('')))

/** Writes a few lines. */
export const say = (to: Output, ...lines: readonly Line[]): Promise<void> => sayLines(to, lines)

/** Writes a part of a line. */
export const sayPart = (to: Output, part: Line): Promise<void> => to.write(Buffer.from(lineText(part)))
