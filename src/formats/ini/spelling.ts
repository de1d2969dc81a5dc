// Spells a value of the source that was encrypted, decrypted or set so that its quotes come back.
import { isEncrypted } from '../../cipher/index.ts'
import type { Leaf } from '../../tree/tree.ts'
import { type Piece, scalarText } from '../lines.ts'

import { valuePiece } from './print.ts'
import type { KeyLine } from './scan.ts'
import { coded, type IniRewriting, type IniSource } from './splice.ts'
import {
  continuedText,
  fits,
  type IniStyle,
  isMisread,
  linesMarker,
  readValue,
  referenceSpelling,
  spell,
  type ValueSpan,
} from './value.ts'

/** The spelling for a value that did not change: only what says nothing to the reference, or has a marker, moves. */
export function keptSpelling(work: IniRewriting, value: ValueSpan, comment: string): Piece | undefined {
  if (work.encrypted) {
    if (value.marker !== undefined || !isMisread(value) || value.text === '') return undefined
    const quoted = referenceSpelling(value.text, comment)
    return quoted === undefined ? undefined : `${quoted} ;${value.style}`
  }
  if (value.marker === undefined) return undefined
  return restored(value, value.text, work.source.eol)
}

export function newSpelling(
  work: IniRewriting,
  line: KeyLine,
  leaf: Leaf,
  path: readonly string[],
  comment: string,
): Piece {
  const { source, encrypted } = work
  const { text } = source
  const { value } = line
  const scalar = scalarText(leaf.value)
  if (encrypted && typeof scalar === 'string' && isEncrypted(scalar)) {
    if (leaf.token?.value === scalar && readsAs(leaf.token.text, scalar) && fits(leaf.token.text, comment))
      return leaf.token.text
    if (isEncrypted(value.text))
      return text.slice(value.start, value.innerStart) + scalar + text.slice(value.innerEnd, value.end)
    return codeFor(source, value, scalar, comment)
  }
  const plain = codedText(source, scalar)
  const again =
    isEncrypted(value.text) || value.marker !== undefined
      ? restored(value, plain, source.eol)
      : spell(value.style, plain)
  const spelled = again !== undefined && fits(again, comment) ? again : referenceSpelling(plain, comment)
  if (spelled === undefined || (encrypted && isMisread(readValue(`${spelled}\n`, 0)))) {
    const [piece] = coded(source, [valuePiece(line.key, leaf, path, encrypted)])
    return piece!
  }
  return typeof scalar === 'string' || source.raw ? spelled : Buffer.from(spelled, 'latin1')
}

const readsAs = (text: string, value: string): boolean => {
  const read = readValue(`${text}\n`, 0)
  return read.text === value && read.end === text.length
}

/** As the source would hold it; bytes as one character each. */
function codedText(source: IniSource, scalar: Piece): string {
  if (typeof scalar !== 'string') return Buffer.from(scalar).toString('latin1')
  return source.raw ? Buffer.from(scalar, 'utf8').toString('latin1') : scalar
}

/** The spelling of an encrypted value that tells how the plain one was spelled. */
function codeFor(source: IniSource, value: ValueSpan, token: string, comment: string): string {
  const marked = (marker: string): string => (fits('`', comment) ? `\`${token}\` ;${marker}` : token)
  const { style, text } = value
  if (style === 'double') return `"${token}"`
  if (style === 'single') return `'${token}'`
  if (style === 'triple') return `"""${token}"""`
  if (style === 'tick') return `\`${token}\`${value.marker === undefined ? '' : ` ;${value.marker}`}`
  if (style === 'lines') {
    const marker = linesMarker(source.text.slice(value.start, value.end), text, source.eol)
    return marker === undefined ? token : marked(marker)
  }
  return referenceSpelling(text) === text ? token : marked('bare')
}

/** The plain spelling that the style and marker of an encrypted or protected value tell; undefined when it does not fit the value. */
function restored(value: ValueSpan, text: string, eol: string): string | undefined {
  const { marker } = value
  if (marker?.startsWith('lines')) return continuedText(marker, text, eol)
  if (marker !== undefined) return spell(marker as IniStyle, text)
  return value.style === 'bare' ? referenceSpelling(text) : spell(value.style, text)
}
