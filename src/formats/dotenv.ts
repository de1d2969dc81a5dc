// The dotenv format: one `key=value` a line, nothing quoted, the two characters `\n` for a line break (spec/format.md 9).
import { type Comment, type Entry, type MapNode, type Node, sameValue, type Tree } from '../core/tree.ts'
import { SopsError } from '../errors.ts'
import {
  decode,
  insertable,
  join,
  type Piece,
  type Source,
  scalarText,
  stringIn,
  typeName,
  valueIn,
} from './flat-text.ts'
import type { Format, Layout, Parsed } from './types.ts'

interface DotenvSource extends Source {
  /** The end of lines that is no part of values: CR LF only in an encrypted file that a tool converted as a whole. */
  readonly eol: '\n' | '\r\n'
}

const prefix = 'sops_'

/**
 * A metadata line with a carriage return: values are single-line there, so the file was converted after it was encrypted, and no carriage
 * return that ends a line belongs to a value.
 */
const isConverted = (text: string): boolean => /^sops_(?:lastmodified|version|mac)=[^\r\n]*\r(?:\n|$)/m.test(text)

function refuse(text: string, start: number, end: number): never {
  const line = countLines(text, start)
  const blank = text.slice(start, end).trim() === ''
  throw new SopsError(
    'parse',
    `invalid dotenv input line: line ${line} is neither a comment nor of the form KEY=value`,
    {
      position: { line, column: 1 },
      hints: blank ? ['the line looks empty, but holds blanks or a carriage return'] : [],
    },
  )
}

function countLines(text: string, end: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) line++
  return line
}

function parse(bytes: Uint8Array): Parsed {
  const decoded = decode(bytes)
  const { text } = decoded
  const converted = isConverted(text)
  const source: DotenvSource = { ...decoded, eol: converted ? '\r\n' : '\n' }
  const items: (Entry | Comment)[] = []
  let equals = text.indexOf('=')
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf('\n', start)
    const next = feed < 0 ? text.length : feed + 1
    let end = feed < 0 ? text.length : feed
    if (converted && end > start && text.charCodeAt(end - 1) === 13) end--
    if (end > start) items.push(itemOf(start, end, next))
    start = next
  }
  return { tree: { documents: [{ kind: 'map', items }] }, source }

  function itemOf(start: number, end: number, next: number): Entry | Comment {
    if (text.charCodeAt(start) === 35) {
      const comment = stringIn(source, text.slice(start + 1, end))
      return { kind: 'comment', text: comment, inline: false, origin: { start, end: next, value: comment } }
    }
    if (equals >= 0 && equals < start) equals = text.indexOf('=', start)
    if (equals < 0 || equals >= end) return refuse(text, start, end)
    const value = valueIn(source, withLineBreaks(text.slice(equals + 1, end)))
    return {
      kind: 'entry',
      key: stringIn(source, text.slice(start, equals)),
      value: { kind: 'leaf', value, origin: { start: equals + 1, end, value } },
      origin: { start, end: next, value: null },
    }
  }
}

const withLineBreaks = (text: string): string => (text.includes('\\n') ? text.replaceAll('\\n', '\n') : text)

function valuePiece(key: string, node: Node): Piece {
  if (node.kind !== 'leaf') {
    throw new SopsError('cannot-emit', `cannot use complex value in dotenv file; offending key ${key}`, { path: [key] })
  }
  const text = scalarText(node.value)
  if (typeof text === 'string') return text.includes('\n') ? text.replaceAll('\n', '\\n') : text
  const bytes = Buffer.from(text).toString('latin1').replaceAll('\n', '\\n')
  return Buffer.from(bytes, 'latin1')
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

function linePieces(source: Source, item: Entry | Comment, eol: string, layout: Layout | undefined): Piece[] {
  if (item.kind === 'comment') return [insertable(source, `#${item.text.replaceAll('\n', '\n#')}${eol}`)]
  if (item.text !== undefined) return [insertable(source, item.text.endsWith('\n') ? item.text : item.text + eol)]
  const value = valuePiece(item.key, item.value)
  return [
    insertable(source, `${checkedKey(item.key, layout)}=`),
    typeof value === 'string' ? insertable(source, value) : value,
    eol,
  ]
}

function rewrite(parsed: Parsed, tree: Tree, layout?: Layout): Uint8Array {
  const source = parsed.source as DotenvSource
  const { text, eol } = source
  const before = first(parsed.tree).items
  const pieces: Piece[] = []
  const metadata: Piece[] = []
  let copied = 0
  let passed = 0
  // Everything up to `end` that is not a removed line.
  const copyTo = (end: number): void => {
    if (end > copied) pieces.push(text.slice(copied, end))
    copied = Math.max(copied, end)
  }
  const dropUntil = (start: number): void => {
    for (; passed < before.length; passed++) {
      const origin = before[passed]!.origin!
      if (origin.start >= start) return
      copyTo(origin.start)
      copied = origin.end
    }
  }
  for (const item of first(tree).items) {
    const { origin } = item
    if (!origin) {
      const target = item.kind === 'entry' && item.key.startsWith(prefix) ? metadata : pieces
      if (target === pieces && copied === text.length && text !== '' && !text.endsWith('\n')) closeLine(pieces, eol)
      target.push(...linePieces(source, item, eol, layout))
      continue
    }
    dropUntil(origin.start)
    passed++
    copyTo(origin.start)
    copied = origin.end
    pieces.push(...changedLine(source, item, layout))
  }
  dropUntil(text.length)
  copyTo(text.length)
  if (metadata.length > 0) {
    closeLine(pieces, eol)
    pieces.push(...metadata)
  }
  const bytes = join(pieces, source.raw)
  if (text === '' || text.endsWith('\n')) return bytes
  return withoutFinalNewline(bytes, eol)
}

/** A line of the source with its new value or text; as it stands when nothing changed. */
function changedLine(source: DotenvSource, item: Entry | Comment, layout: Layout | undefined): Piece[] {
  const { text } = source
  const origin = item.origin!
  const line = text.slice(origin.start, origin.end)
  let ending = line.endsWith('\n') ? (line.endsWith('\r\n') ? source.eol : '\n') : ''
  if (item.kind === 'comment') {
    if (item.text === origin.value) return [line]
    if (String(origin.value).includes('\uFFFD') && source.raw) throw notUtf8()
    if (item.text.endsWith('\r')) ending = ending && '\n'
    return ['#', insertable(source, item.text), ending]
  }
  const leaf = item.value
  if (leaf.kind === 'leaf' && leaf.origin && sameValue(leaf.value, leaf.origin.value)) return [line]
  const equals = line.indexOf('=')
  if (source.raw && item.key.includes('\uFFFD')) throw notUtf8()
  const value = valuePiece(item.key, leaf)
  const last = typeof value === 'string' ? value.charCodeAt(value.length - 1) : value[value.length - 1]
  if (last === 13) ending = ending && '\n'
  checkedKey(item.key, layout)
  return [line.slice(0, equals + 1), typeof value === 'string' ? insertable(source, value) : value, ending]
}

const notUtf8 = (): SopsError =>
  new SopsError('cannot-emit', 'a key or comment that is not valid UTF-8 cannot be encrypted or decrypted', {
    hints: ['convert the file to UTF-8 first'],
  })

function closeLine(pieces: Piece[], eol: string): void {
  const last = pieces.findLast((piece) => piece.length > 0)
  if (last === undefined) return
  const byte = typeof last === 'string' ? last.charCodeAt(last.length - 1) : last[last.length - 1]
  if (byte !== 10) pieces.push(eol)
}

function withoutFinalNewline(bytes: Uint8Array, eol: string): Uint8Array {
  if (bytes[bytes.length - 1] !== 10) return bytes
  const crlf = eol === '\r\n' && bytes[bytes.length - 2] === 13
  return bytes.subarray(0, bytes.length - (crlf ? 2 : 1))
}

function first(tree: Tree): MapNode {
  const [document] = tree.documents
  return document ?? { kind: 'map', items: [] }
}

function print(tree: Tree, layout?: Layout): Uint8Array {
  const source: Source = { text: '', raw: false }
  return join(
    first(tree).items.flatMap((item) => linePieces(source, item, '\n', layout)),
    false,
  )
}

export const dotenv: Format = {
  id: 'dotenv',
  metadata: 'flat',
  parse,
  rewrite,
  print,
  printValue(value) {
    throw new SopsError('cannot-emit', `the dotenv store only supports emitting strings, got ${typeName(value)}`)
  },
  textOf(parsed, entry) {
    const { origin } = entry
    if (!origin) return ''
    const { text, eol } = parsed.source as DotenvSource
    const line = text.slice(origin.start, origin.end)
    return line.endsWith('\n') ? line : line + eol
  },
  example: `# sops uses the comment lines of this file too
hello=Welcome to SOPS! Edit this file as you please!
example_key=example_value
example_multiline=first line\\nsecond line\\nthird line
`,
}
