// Splices a changed tree into dotenv text: lines that did not change stay, and what an encrypted file cannot show is noted (`mark.ts`).

import { isEncrypted } from '../../cipher/index.ts'
import { SopsError } from '../../errors.ts'
import { carriageReturn } from '../../text/characters.ts'
import { type Comment, type Entry, type MapNode, type Node, sameValue, type Tree } from '../../tree/tree.ts'
import { byteOrderMark, insertable, type LineSource, output, type Piece } from '../lines.ts'
import type { Layout } from '../types.ts'
import { type DotenvLine, type DotenvSource, metadataPrefix, usualEnd, valueText } from './lines.ts'
import type { LineEnd } from './mark.ts'
import { macKey, markOf, markStart } from './mark.ts'

interface OutLine {
  readonly pieces: readonly Piece[]
  readonly end: LineEnd
  /** How it ends in the plain text; absent for lines of the metadata. */
  readonly plain?: LineEnd
  /** The line of the MAC, written anew: the mark belongs behind it. */
  readonly isMac?: boolean
}

interface Rewriting {
  readonly source: DotenvSource
  readonly layout: Layout | undefined
  /** The encrypted text shows the line ends of the plain one, because all of its own are CR LF. */
  readonly whole: boolean
}

export const first = (tree: Tree): MapNode => tree.documents[0] ?? { kind: 'map', items: [] }

export function rewriteLines(source: DotenvSource, tree: Tree, layout: Layout | undefined): Uint8Array {
  const { lines, text } = source
  const { items } = first(tree)
  const work = { source, layout, whole: isWhole(source, items) }
  const out: OutLine[] = []
  const metadata: OutLine[] = []
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
      if (line.contentEnd === line.start) out.push(keptLine(work, line))
    }
  }
  for (const item of items) {
    const { origin } = item
    if (origin) {
      blanksTo(origin.start)
      const line = lines[at]?.start === origin.start ? lines[at++]! : places().get(origin.start)!
      out.push(changedLine(work, line, item))
    } else if (item.kind === 'entry' && item.key.startsWith(metadataPrefix)) {
      for (const line of newLines(work, item)) metadata.push(line)
    } else {
      for (const line of newLines(work, item)) out.push(line)
    }
  }
  blanksTo(text.length)
  return joined(work, out.concat(metadata))
}

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

const keptLine = (work: Rewriting, line: DotenvLine): OutLine => ({
  pieces: [work.source.text.slice(line.start, line.contentEnd)],
  end: endOf(work, line),
  plain: line.plain,
})

function changedLine(work: Rewriting, line: DotenvLine, item: Entry | Comment): OutLine {
  const { source, layout, whole } = work
  const { text, quote } = source
  const isMetadata = item.kind === 'entry' && item.key.startsWith(metadataPrefix)
  if (isSame(item) && (quote === '' || layout?.encrypted || isMetadata)) {
    const kept = keptLine(work, line)
    return isMetadata ? { pieces: kept.pieces, end: line.own } : kept
  }
  if (item.kind === 'comment')
    return { pieces: ['#', insertable(source, item.text)], end: endOf(work, line), plain: line.plain }
  checkedKey(item.key, layout)
  const head = text.slice(line.start, text.indexOf('=', line.start) + 1)
  const value = valuePiece(item.key, item.value)
  const isToken = (): boolean => typeof value === 'string' && isEncrypted(value)
  const { start } = item.value.kind === 'leaf' ? (item.value.origin ?? item.origin!) : item.origin!
  const quoted = start > line.start + head.length && (isMetadata || (layout?.encrypted && isToken())) ? quote : ''
  const written = typeof value === 'string' ? insertable(source, value) : value
  const pieces = quoted === '' ? [head, written] : [head, quoted, written, quoted]
  if (isMetadata) return { pieces, end: line.own, isMac: item.key === macKey }
  // In a file whose values were converted after they were encrypted, a carriage return of the value's own takes the place of the line's.
  const end = endOf(work, line)
  if (!layout?.encrypted && source.converted && value.at(-1) === (typeof value === 'string' ? '\r' : carriageReturn))
    return { pieces, end: '\n', plain: line.plain }
  return { pieces, end: layout?.encrypted && !whole && end === '\r\n' && !isToken() ? '\n' : end, plain: line.plain }
}

const isSame = (item: Entry | Comment): boolean =>
  item.kind === 'comment'
    ? item.text === item.origin!.value
    : item.value.kind === 'leaf' &&
      item.value.origin !== undefined &&
      sameValue(item.value.value, item.value.origin.value)

function newLines(work: Rewriting, item: Entry | Comment): OutLine[] {
  const { source, layout, whole } = work
  const isMetadata = item.kind === 'entry' && item.key.startsWith(metadataPrefix)
  const plain = usualEnd(source)
  const end = isMetadata ? (whole ? '\r\n' : '\n') : layout?.encrypted && !whole ? '\n' : plain
  const ends = isMetadata ? { end } : { end, plain }
  if (item.kind === 'entry' && item.text === undefined) {
    return [{ pieces: linePieces(source, item, layout), ...ends, isMac: item.key === macKey }]
  }
  const lines = item.kind === 'comment' ? item.text.split('\n').map((line) => `#${line}`) : textLines(item.text!)
  const isMac = item.kind === 'entry' && item.key === macKey
  return lines.map((line) => ({
    pieces: [insertable(source, isMac ? line.slice(0, markStart(line)) : line)],
    ...ends,
    isMac,
  }))
}

const textLines = (text: string): string[] => text.replace(/\r?\n$/, '').split('\n')

function joined({ source, layout, whole }: Rewriting, lines: readonly OutLine[]): Uint8Array {
  const { text, from, marked } = source
  const isEncrypted = layout?.encrypted === true
  const hasMark = marked?.bom === true || from > 0
  const out = output(source.raw)
  const showsMark = isEncrypted ? source.encrypted && from > 0 : hasMark
  if (showsMark) out.add(Buffer.from(byteOrderMark))
  const noted = (): string => markOf(hasMark && !showsMark, plainEnds(lines), whole)
  const missing = !isEncrypted ? usualEnd(source) : whole ? '\r\n' : '\n'
  const isEnded = text.length === from || text.endsWith('\n')
  const last = lines.at(-1)
  for (const line of lines) {
    const { pieces, end, plain } = line
    for (const piece of pieces) out.add(piece)
    if (isEncrypted && line.isMac) out.add(noted())
    if (line === last && !isEnded)
      out.add(!isEncrypted && end.startsWith('\r') && (marked?.exact || end === '\r') && plain ? '\r' : '')
    else out.add(end === '' ? missing : end === '\r' ? '\r\n' : end)
  }
  return out.bytes()
}

function plainEnds(lines: readonly OutLine[]): LineEnd[] {
  const ends: LineEnd[] = []
  for (const { plain } of lines) if (plain !== undefined) ends.push(plain)
  return ends
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
  throw new SopsError('cannot-emit', `cannot use complex value in dotenv file; offending key ${key}`, { path: [key] })
}

/** A new line's key. A key that would be read back as another one is written as the reference does only where nothing is lost by it. */
function checkedKey(key: string, layout: Layout | undefined): string {
  if (key.includes('\n') || (layout?.encrypted && (key.includes('=') || key.startsWith('#')))) {
    throw new SopsError(
      'cannot-emit',
      'the dotenv store cannot write a key that contains "=" or a line break, or starts with "#"',
      {
        path: [key],
      },
    )
  }
  return key
}
