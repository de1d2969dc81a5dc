// Splices a changed tree into dotenv text: lines that did not change stay, and what an encrypted file cannot show is noted (`mark.ts`).

import { isEncrypted } from '../../cipher/index.ts'
import { nestingHint, SopsError } from '../../errors.ts'
import { carriageReturn } from '../../text/characters.ts'
import { type Comment, type Entry, type MapNode, type Node, sameValue, type Tree } from '../../tree/tree.ts'
import { byteOrderMark, bytesOfPieces, insertable, type LineSource, type Piece } from '../lines.ts'
import type { Layout } from '../types.ts'
import { type DotenvLine, type DotenvSource, metadataPrefix, usualEnd, valueText } from './lines.ts'
import type { LineEnd } from './mark.ts'
import { macKey, markOf, markStart } from './mark.ts'

interface Rewriting {
  readonly source: DotenvSource
  readonly layout: Layout | undefined
  /** The encrypted text shows the line ends of the plain one, because all of its own are CR LF. */
  readonly whole: boolean
  /** The output so far. */
  readonly pieces: Piece[]
  /** How the lines of data end in the plain text. */
  readonly plainEnds: LineEnd[]
  /** Which pieces are the mark, known when all lines are. */
  readonly marks: number[]
  last: Ending | undefined
}

/** How a line ends, here and in the plain text; lines of the metadata have no plain end. */
interface Ending {
  readonly end: LineEnd
  readonly plain: LineEnd | undefined
}

export const first = (tree: Tree): MapNode => tree.documents[0] ?? { kind: 'map', items: [] }

export function rewriteLines(source: DotenvSource, tree: Tree, layout: Layout | undefined): Uint8Array {
  const { lines, text } = source
  const { items } = first(tree)
  const whole = isWhole(source, items)
  const work: Rewriting = { source, layout, whole, pieces: [], plainEnds: [], marks: [], last: undefined }
  let at = 0
  let byStart: ReadonlyMap<number, DotenvLine> | undefined
  /** For lines that were moved. */
  const places = (): ReadonlyMap<number, DotenvLine> => {
    byStart ??= new Map(lines.map((line) => [line.start, line]))
    return byStart
  }
  const blanksTo = (start: number): void => {
    for (; at < lines.length && lines[at]!.start < start; at++) {
      const line = lines[at]!
      if (line.contentEnd === line.start) addKept(work, line)
    }
  }
  // What is new at the end stands behind all lines that stay, empty ones too, if it is metadata.
  const end = items.findLastIndex((item) => item.origin || !isNewMetadata(item)) + 1
  for (const item of items.slice(0, end)) {
    const { origin } = item
    if (origin) {
      blanksTo(origin.start)
      const line = lines[at]?.start === origin.start ? lines[at++]! : places().get(origin.start)!
      addChanged(work, line, item)
    } else {
      addNew(work, item)
    }
  }
  blanksTo(text.length)
  for (const item of items.slice(end)) addNew(work, item)
  return joined(work)
}

const isNewMetadata = (item: Entry | Comment): boolean =>
  item.kind === 'entry' && item.origin === undefined && item.key.startsWith(metadataPrefix)

function isWhole({ encrypted, converted, text }: DotenvSource, items: MapNode['items']): boolean {
  if (encrypted) return converted
  const isConverted = (item: Entry): boolean =>
    item.origin ? text.startsWith('\r\n', item.origin.end - 2) : item.text?.endsWith('\r\n') === true
  return items.some((item) => item.kind === 'entry' && item.key.startsWith(metadataPrefix) && isConverted(item))
}

/** How a line of the source ends in the output. */
function endOf({ source, layout, whole }: Rewriting, line: DotenvLine): LineEnd {
  if (!layout?.encrypted) return line.plain
  if (source.encrypted) return line.own
  return whole || line.plain === '' ? line.plain : '\n'
}

function addEnd(work: Rewriting, end: LineEnd, plain: LineEnd | undefined): void {
  if (plain !== undefined) work.plainEnds.push(plain)
  work.last = { end, plain }
  const missing = !work.layout?.encrypted ? usualEnd(work.source) : work.whole ? '\r\n' : '\n'
  work.pieces.push(end === '' ? missing : end === '\r' ? '\r\n' : end)
}

function addKept(work: Rewriting, line: DotenvLine): void {
  work.pieces.push(work.source.text.slice(line.start, line.contentEnd))
  addEnd(work, endOf(work, line), line.plain)
}

/** The mark belongs behind a MAC that is written anew. */
function addMark({ layout, pieces, marks }: Rewriting): void {
  if (layout?.encrypted) marks.push(pieces.push('') - 1)
}

function addChanged(work: Rewriting, line: DotenvLine, item: Entry | Comment): void {
  const { source, layout, pieces } = work
  const { text, quote } = source
  const isMetadata = item.kind === 'entry' && item.key.startsWith(metadataPrefix)
  if (isSame(item) && (quote === '' || layout?.encrypted || isMetadata)) {
    pieces.push(text.slice(line.start, line.contentEnd))
    addEnd(work, isMetadata ? line.own : endOf(work, line), isMetadata ? undefined : line.plain)
    return
  }
  if (item.kind === 'comment') {
    pieces.push('#', insertable(source, item.text))
    addEnd(work, endOf(work, line), line.plain)
    return
  }
  checkedKey(item.key, layout)
  const equals = text.indexOf('=', line.start)
  const value = valuePiece(item.key, item.value)
  const { start } = item.value.kind === 'leaf' ? (item.value.origin ?? item.origin!) : item.origin!
  const isQuoted = quote !== '' && start > equals + 1 && (isMetadata || (layout?.encrypted && isSealed(value)))
  const written = typeof value === 'string' ? insertable(source, value) : value
  pieces.push(text.slice(line.start, equals + 1))
  if (isQuoted) pieces.push(quote, written, quote)
  else pieces.push(written)
  if (!isMetadata) addEnd(work, endBehind(work, line, value), line.plain)
  else {
    if (item.key === macKey) addMark(work)
    addEnd(work, line.own, undefined)
  }
}

const isSealed = (value: Piece): boolean => typeof value === 'string' && isEncrypted(value)

/** How a line ends that got another value. */
function endBehind(work: Rewriting, line: DotenvLine, value: Piece): LineEnd {
  const { source, layout, whole } = work
  const end = endOf(work, line)
  if (layout?.encrypted) return !whole && end === '\r\n' && !isSealed(value) ? '\n' : end
  // In a file whose values were converted after they were encrypted, a carriage return of the value's own takes the place of the line's.
  return source.converted && value.at(-1) === (typeof value === 'string' ? '\r' : carriageReturn) ? '\n' : end
}

const isSame = (item: Entry | Comment): boolean =>
  item.kind === 'comment'
    ? item.text === item.origin!.value
    : item.value.kind === 'leaf' &&
      item.value.origin !== undefined &&
      sameValue(item.value.value, item.value.origin.value)

function addNew(work: Rewriting, item: Entry | Comment): void {
  const { source, layout, whole, pieces } = work
  const isMetadata = item.kind === 'entry' && item.key.startsWith(metadataPrefix)
  const isMac = item.kind === 'entry' && item.key === macKey
  const plain = usualEnd(source)
  const end = isMetadata ? (whole ? '\r\n' : '\n') : layout?.encrypted && !whole ? '\n' : plain
  const finish = (): void => {
    if (isMac) addMark(work)
    addEnd(work, end, isMetadata ? undefined : plain)
  }
  if (item.kind === 'entry' && item.text === undefined) {
    for (const piece of linePieces(source, item, layout)) pieces.push(piece)
    finish()
    return
  }
  const lines = item.kind === 'comment' ? item.text.split('\n').map((line) => `#${line}`) : textLines(item.text!)
  for (const line of lines) {
    pieces.push(insertable(source, isMac ? line.slice(0, markStart(line)) : line))
    finish()
  }
}

const textLines = (text: string): string[] => text.replace(/\r?\n$/, '').split('\n')

function joined({ source, layout, whole, pieces, plainEnds, marks, last }: Rewriting): Uint8Array {
  const { text, from, marked } = source
  const isEncrypted = layout?.encrypted === true
  const hasMark = marked?.bom === true || from > 0
  const showsMark = isEncrypted ? source.encrypted && from > 0 : hasMark
  for (const at of marks) pieces[at] = markOf(hasMark && !showsMark, plainEnds, whole)
  const isEnded = text.length === from || text.endsWith('\n')
  if (last && !isEnded) {
    const { end, plain } = last
    const hasReturn = !isEncrypted && end.startsWith('\r') && (marked?.exact || end === '\r') && plain
    pieces[pieces.length - 1] = hasReturn ? '\r' : ''
  }
  return bytesOfPieces(showsMark ? [Buffer.from(byteOrderMark), ...pieces] : pieces, source.raw)
}

/** A whole line without its end. */
export function linePieces(source: LineSource, item: Entry, layout: Layout | undefined): Piece[] {
  const value = valuePiece(item.key, item.value)
  return [
    insertable(source, `${checkedKey(item.key, layout)}=`),
    typeof value === 'string' ? insertable(source, value) : value,
  ]
}

function valuePiece(key: string, node: Node): Piece {
  if (node.kind === 'leaf') return valueText(node.value)
  throw new SopsError('cannot-emit', `cannot use complex value in dotenv file; offending key ${key}`, {
    path: [key],
    hints: [nestingHint],
  })
}

/** A new line's key. A key that would be read back as another one is written as the reference does only where nothing is lost by it. */
function checkedKey(key: string, layout: Layout | undefined): string {
  if (key.includes('\n') || (layout?.encrypted && (key.includes('=') || key.startsWith('#')))) {
    throw new SopsError(
      'cannot-emit',
      'the dotenv store cannot write a key that contains "=" or a line break, or starts with "#"',
      {
        hints: ['give the key another name', nestingHint],
        path: [key],
      },
    )
  }
  return key
}
