// Warnings and refusals for an opened file that has a key more than once (tree/twins.ts).
import type { Context, LogLine } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import type { Format, FormatId, Parsed, PassedOver } from '../formats/index.ts'
import { formatPath } from '../tree/path.ts'
import type { Tree } from '../tree/tree.ts'
import { disagreeing, findTwins, type LineOf, partedSections, refuseChoice, sectionText } from '../tree/twins.ts'
import type { OpenFile } from './types.ts'

type File = Pick<OpenFile, 'format' | 'parsed' | 'twins'>

/** Gives the line of an entry in the encrypted text. */
export const lineOf =
  ({ format, parsed }: Pick<OpenFile, 'format' | 'parsed'>): LineOf =>
  ({ origin }) =>
    origin && format.positionOf?.(parsed, origin).line

export function warnOfTwins(file: File, passedOver: readonly PassedOver[], log: Context['log'] | undefined): void {
  const [twins, sections] = file.format.id === 'ini' ? partedSections(file.twins) : [file.twins, []]
  for (const section of sections) {
    const message = `section ${sectionText(section, lineOf(file))}: join them, for not every program reads all of them`
    log?.({ level: 'warning', logger: 'SOPS', message })
  }
  const places = disagreeing(twins, lineOf(file))
  if (places !== undefined) {
    const message = `one key with different values: ${places}; what reads the text takes one of them, and not all take the same`
    log?.({ level: 'warning', logger: 'SOPS', message })
  }
  for (const { path, line, taken } of passedOver) {
    const message = `line ${line} counts nowhere and is not authenticated: line ${taken} has ${formatPath(path)} again`
    log?.({ level: 'warning', logger: 'SOPS', message })
  }
}

interface PlainText {
  readonly format: Format
  readonly parsed: Parsed
  readonly plain: Tree
}

/** Says of a plain text what opening it will say once it is encrypted, unless that holds for the earlier text too. */
export function warnOfPlainTwins(text: PlainText, log: Context['log'], earlier?: () => PlainText): void {
  const lines = plainTwins(text)
  const known = new Set(lines.length > 0 && earlier ? plainTwins(earlier()).map(({ message }) => message) : [])
  for (const line of lines) if (!known.has(line.message)) log(line)
}

function plainTwins({ format, parsed, plain }: PlainText): readonly LogLine[] {
  const lines: LogLine[] = []
  warnOfTwins({ format, parsed, twins: findTwins(plain) }, plainPassedOver(format, parsed, plain), (line) =>
    lines.push(line),
  )
  return lines
}

/** A plain text has no line that was put in the place of another. */
function plainPassedOver(format: Format, parsed: Parsed, plain: Tree): readonly PassedOver[] {
  try {
    return format.passedOver?.(parsed, plain, 3) ?? []
  } catch (error) {
    if (error instanceof SopsError) return []
    throw error
  }
}

/** @throws SopsError `cannot-emit` where equal keys have different values. */
export const refuseToConvert = (file: File, output: FormatId): void =>
  refuseChoice(file.twins, `the ${output} output`, { code: 'cannot-emit', lineOf: lineOf(file) })
