// The dotenv format: one `key=value` a line, nothing quoted, the two characters `\n` for a line break (spec/format.md 9).
import { type Comment, type Entry, type MapNode, type Node, sameValue, type Tree } from '../core/tree.ts'
import { SopsError } from '../errors.ts'
import {
  decode,
  insertable,
  type Output,
  output,
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

function addLine(out: Output, source: Source, item: Entry | Comment, eol: string, layout: Layout | undefined): void {
  if (item.kind === 'comment') {
    out.add(insertable(source, `#${item.text.replaceAll('\n', '\n#')}${eol}`))
  } else if (item.text !== undefined) {
    out.add(insertable(source, item.text.endsWith('\n') ? item.text : item.text + eol))
  } else {
    out.add(insertable(source, `${checkedKey(item.key, layout)}=`))
    const value = valuePiece(item.key, item.value)
    out.add(typeof value === 'string' ? insertable(source, value) : value)
    out.add(eol)
  }
}

function rewrite(parsed: Parsed, tree: Tree, layout?: Layout): Uint8Array {
  const source = parsed.source as DotenvSource
  const { text, eol } = source
  const before = first(parsed.tree).items
  const out = output(source.raw)
  const metadata: Entry[] = []
  let copied = 0
  let passed = 0
  const copyTo = (end: number): void => {
    if (end > copied) out.add(text.slice(copied, end))
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
    if (origin) {
      dropUntil(origin.start)
      passed++
      copyTo(origin.start)
      copied = origin.end
      addChanged(out, source, item, layout)
    } else if (item.kind === 'entry' && item.key.startsWith(prefix)) {
      metadata.push(item)
    } else {
      if (!out.atLineStart()) out.add(eol)
      addLine(out, source, item, eol, layout)
    }
  }
  dropUntil(text.length)
  copyTo(text.length)
  if (metadata.length > 0 && !out.atLineStart()) out.add(eol)
  for (const item of metadata) addLine(out, source, item, eol, layout)
  return text === '' || text.endsWith('\n') ? out.bytes() : withoutFinalNewline(out.bytes(), eol)
}

/** A line of the source with its new value or text; as it stands when nothing changed. */
function addChanged(out: Output, source: DotenvSource, item: Entry | Comment, layout: Layout | undefined): void {
  const { text } = source
  const { start, end, value: before } = item.origin!
  const isSame =
    item.kind === 'comment'
      ? item.text === before
      : item.value.kind === 'leaf' && item.value.origin && sameValue(item.value.value, item.value.origin.value)
  if (isSame) {
    out.add(text.slice(start, end))
    return
  }
  if (item.kind === 'entry') checkedKey(item.key, layout)
  out.add(item.kind === 'comment' ? '#' : text.slice(start, text.indexOf('=', start) + 1))
  const value = item.kind === 'comment' ? item.text : valuePiece(item.key, item.value)
  out.add(typeof value === 'string' ? insertable(source, value) : value)
  const hasReturn = typeof value === 'string' ? value.endsWith('\r') : value[value.length - 1] === 13
  out.add(endingOf(source, start, end, hasReturn))
}

/** How a changed line ends: a carriage return at its end is the value's own, unless the whole file was converted. */
function endingOf({ text, eol }: DotenvSource, start: number, end: number, hasReturn: boolean): string {
  if (text.charCodeAt(end - 1) !== 10) return ''
  return !hasReturn && end - 2 >= start && text.charCodeAt(end - 2) === 13 ? eol : '\n'
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
  const out = output(source.raw)
  for (const item of first(tree).items) addLine(out, source, item, '\n', layout)
  return out.bytes()
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
  clearText: scalarText,
  example: `# sops uses the comment lines of this file too
hello=Welcome to SOPS! Edit this file as you please!
example_key=example_value
example_multiline=first line\\nsecond line\\nthird line
`,
}
