// The list of `sops ls` for people: a line for each file, in columns at a terminal.
import { counted } from '../../text/counted.ts'
import { type Line, lineText } from '../say.ts'
import type { TerminalStyle } from '../style.ts'
import type { ListedFile } from './facts.ts'

export interface NamedFile extends ListedFile {
  /** As the user named it. */
  readonly name: string
}

interface Look {
  readonly style: TerminalStyle
  readonly isTerminal: boolean
  /** With a line for each key path. */
  readonly keys: boolean
}

export function linesOf(files: readonly NamedFile[], { style, isTerminal, keys }: Look): readonly Line[] {
  const rows = files.map((file) => cellsOf(file, isTerminal))
  const widths = isTerminal
    ? [0, 1, 2].map((at) => rows.reduce((widest, cells) => Math.max(widest, cells[at]!.length), 0))
    : []
  return files.flatMap((file, i) => {
    const cells = rows[i]!.map((cell, at) => cell.padEnd(widths[at] ?? 0))
    const text = cells
      .filter((cell) => cell !== '')
      .join('  ')
      .trimEnd()
    const problems = file.problems.map(({ message }) => ['  ', style.yellow('problem: '), message])
    return [[text, ...problems], ...(keys ? file.keys.map(keyLine) : [])]
  })
}

/** Name, format, values, recipients; escaped, so that their lengths are what is seen. */
const cellsOf = (file: NamedFile, isTerminal: boolean): readonly string[] =>
  [file.name, file.format, valuesText(file), recipientsText(file, isTerminal)].map(lineText)

/** Empty for a file without values, or one that cannot be read. */
const valuesText = ({ values: { encrypted, clear } }: ListedFile): string =>
  encrypted + clear === 0 ? '' : `${encrypted} of ${counted(encrypted + clear, 'value')} encrypted`

const recipientsText = ({ recipients }: ListedFile, isTerminal: boolean): string =>
  recipients.map(({ name, recipient }) => name ?? (isTerminal ? shortened(recipient) : recipient)).join(', ')

/** An age recipient by both its ends, which tell it from others. */
const shortened = (recipient: string): string =>
  /^age1[a-z0-9]{30,}$/.test(recipient) ? `${recipient.slice(0, 9)}…${recipient.slice(-6)}` : recipient

const keyLine = ({ keyPath, document, encrypted }: ListedFile['keys'][number]): Line =>
  `  ${document === undefined ? '' : `document ${document} `}${keyPath}  ${encrypted ? 'encrypted' : 'clear'}`
