// The one way out for text that people read. Whatever is put into it, names from a file as well as our own words, comes out as one line that
// cannot steer a terminal; line ends and colours are what this program adds itself.

import { withoutSecretsOf, withoutValuesOf } from '../system/index.ts'
import { oneLine } from '../text/quote.ts'
import type { Host, Output } from './host.ts'

/** Control characters of our own, which go out as they are. Never made of anything that was read. */
export class Control {
  readonly characters: string

  constructor(characters: string) {
    this.characters = characters
  }
}

/** A line, or a part of one. */
export type Line = string | Control | readonly Line[]

/** As it goes to the terminal, without a line end. */
export function lineText(line: Line): string {
  if (typeof line === 'string') return oneLine(line)
  return line instanceof Control ? line.characters : line.map(lineText).join('')
}

/** The lines without key material, which may go over several of them, and without the values of variables that are secrets. */
export function withoutSecretLines(lines: readonly string[], env: Host['env']): readonly string[] {
  // Escaped they hold no line ends, so that these part them; values are looked for before that, since they may.
  const text = lines.map((line) => oneLine(withoutValuesOf(line, env))).join('\n')
  return withoutSecretsOf(text, env).split('\n')
}

/** Writes any number of lines: what a file may make long cannot be the arguments of a call. */
export const sayLines = (to: Output, lines: readonly Line[]): Promise<void> =>
  to.write(Buffer.from(lines.map((line) => `${lineText(line)}\n`).join('')))

/** Writes a few lines. */
export const say = (to: Output, ...lines: readonly Line[]): Promise<void> => sayLines(to, lines)

/** Writes a part of a line. */
export const sayPart = (to: Output, part: Line): Promise<void> => to.write(Buffer.from(lineText(part)))
