// The dotenv format: one `key=value` a line, nothing quoted, the two characters `\n` for a line break (spec/format.md 9).

import { nestingHint, SopsError } from '../errors.ts'
import { hash } from '../text/characters.ts'
import { lineFinder, lineIn, positionIn } from '../text/position.ts'
import { kindOfNode } from '../tree/kinds.ts'
import { formatPath } from '../tree/path.ts'
import type { Comment, Entry, Leaf, Tree } from '../tree/tree.ts'
import {
  type DotenvLayout,
  type DotenvLine,
  type DotenvSource,
  layoutOf,
  lineCursor,
  metadataPrefix,
  nextLine,
} from './dotenv/lines.ts'
import { macKey, markStart } from './dotenv/mark.ts'
import { first, linePieces, rewriteLines } from './dotenv/rewrite.ts'
import { decode, type LineSource, markLength, output, scalarText, stringIn, valueIn } from './lines.ts'
import { ticker } from './ticks.ts'
import type { Format, FormatParseOptions, Layout, Parsed } from './types.ts'

function refuse(text: string, start: number, end: number): never {
  const line = lineIn(text, start)
  const blank = text.slice(start, end).trim() === ''
  throw new SopsError(
    'parse',
    `invalid dotenv input line: line ${line} is neither a comment nor of the form KEY=value`,
    { position: { line, column: 1 }, hints: blank ? ['the line looks empty, but holds blanks'] : [] },
  )
}

function parse(bytes: Uint8Array, options: FormatParseOptions = {}): Parsed {
  const { encrypted = false, literal = false, earlier, progress } = options
  const layout = layoutOf(decode(bytes), { encrypted, literal, earlier })
  const ticks = ticker(progress)
  const { text } = layout
  const finder = equalsFinder(text)
  const lines: DotenvLine[] = []
  const items: (Entry | Comment)[] = []
  for (const cursor = lineCursor(layout); nextLine(cursor); ) {
    const { start, contentEnd, end, own, plain } = cursor
    if (ticks && --ticks.left === 0) ticks.tell(end, text.length)
    const comment = isComment(text, start) ? commentIn(layout, start, contentEnd) : null
    const line: DotenvLine = { start, end, value: comment, contentEnd, own, plain }
    lines.push(line)
    if (contentEnd === start) continue
    if (comment !== null) {
      items.push({ kind: 'comment', text: comment, inline: false, origin: line })
      continue
    }
    const equals = equalsIn(finder, start, contentEnd)
    if (equals < 0) refuse(text, start, contentEnd)
    const key = stringIn(layout, text.slice(start, equals))
    items.push({ kind: 'entry', key, value: leafIn(layout, key, equals + 1, contentEnd), origin: line })
  }
  refuseSpelledTwins(items, text)
  return { tree: { documents: [{ kind: 'map', items }] }, source: { ...layout, lines } satisfies DotenvSource }
}

const isComment = (text: string, start: number): boolean => text.charCodeAt(start) === hash

interface EqualsFinder {
  readonly text: string
  /** The first `=` behind what was asked for. */
  next: number
}

const equalsFinder = (text: string): EqualsFinder => ({ text, next: text.indexOf('=') })

/** The first `=` of lines that are asked for from the top; -1 where there is none. The text behind it is searched once. */
function equalsIn(finder: EqualsFinder, start: number, end: number): number {
  const { text, next } = finder
  const equals = next >= 0 && next < start ? text.indexOf('=', start) : next
  finder.next = equals
  return equals < end ? equals : -1
}

function leafIn(layout: DotenvLayout, key: string, from: number, to: number): Leaf {
  const place = innerPlace(layout, key, from, to)
  const start = place ? place[0] : from
  const end = place ? place[1] : to
  const value = valueBetween(layout, start, end)
  return { kind: 'leaf', value, origin: { start, end, value } }
}

const valueBetween = (layout: DotenvLayout, start: number, end: number): string | Uint8Array =>
  valueIn(layout, withLineBreaks(layout.text.slice(start, end)))

/** Compares while it reads: a second tree of a large file costs more than all of that. */
function says(bytes: Uint8Array, tree: Tree, options: FormatParseOptions = {}): boolean {
  const { encrypted = false, literal = false, progress } = options
  const source = decode(bytes)
  if (source.raw) return false
  const layout = layoutOf(source, { encrypted, literal })
  const { text } = layout
  const { items } = first(tree)
  const finder = equalsFinder(text)
  const ticks = ticker(progress)
  let at = 0
  for (const cursor = lineCursor(layout); nextLine(cursor); ) {
    const { start, contentEnd: end } = cursor
    if (ticks && --ticks.left === 0) ticks.tell(end, text.length)
    if (start === end) continue
    const item = items[at++]
    if (item === undefined) return false
    const isSame =
      item.kind === 'comment'
        ? isComment(text, start) && commentIn(layout, start, end) === item.text
        : !isComment(text, start) && isEntry(layout, item, start, equalsIn(finder, start, end), end)
    if (!isSame) return false
  }
  return at === items.length && findSpelledTwins(items) === undefined
}

/** Whether the line from `start` to `end`, with its first `=` at `equals`, gives this entry. */
function isEntry(layout: DotenvLayout, entry: Entry, start: number, equals: number, end: number): boolean {
  const { key, value } = entry
  const { text, quote } = layout
  if (value.kind !== 'leaf' || equals - start !== key.length || !text.startsWith(key, start)) return false
  const { value: meant } = value
  // Most values stand as they are: to compare them there makes no strings.
  if (quote === '' && key !== macKey && typeof meant === 'string' && end - equals - 1 === meant.length) {
    return text.startsWith(meant, equals + 1) && !meant.includes('\\n')
  }
  const place = innerPlace(layout, key, equals + 1, end)
  return valueBetween(layout, place ? place[0] : equals + 1, place ? place[1] : end) === meant
}

/** The variable that shells and readers of .env files make of a key; a key that names none stays as it is. */
const variableOf = (key: string): string =>
  /^[A-Za-z_][\w.-]*$/.test(key) ? key : (/^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*$/.exec(key)?.[1] ?? key)

interface SpelledTwins {
  /** Has a value. */
  readonly entry: Entry
  /** Has none, and a key that spells the same variable in another way. */
  readonly stray: Entry
}

function findSpelledTwins(items: readonly (Entry | Comment)[]): SpelledTwins | undefined {
  if (items.every((item) => item.kind === 'comment' || variableOf(item.key) === item.key)) return undefined
  const entries = items.filter((item) => item.kind === 'entry')
  const isEmpty = ({ value }: Entry): boolean => value.kind === 'leaf' && value.value === ''
  const empty = new Map(entries.filter(isEmpty).map((entry) => [variableOf(entry.key), entry]))
  const entry = entries.find((entry) => !isEmpty(entry) && empty.has(variableOf(entry.key)))
  return entry && { entry, stray: empty.get(variableOf(entry.key))! }
}

/**
 * A line without a value is in no MAC: it must not stand beside one that sets the same variable under another spelling of its key.
 * @throws SopsError `parse`.
 */
function refuseSpelledTwins(items: readonly (Entry | Comment)[], text: string): void {
  const twins = findSpelledTwins(items)
  if (!twins) return
  const { entry, stray } = twins
  const line = lineIn(text, stray.origin!.start)
  throw new SopsError(
    'parse',
    `line ${line} is another spelling of ${formatPath([entry.key])}, with no value: nothing protects it, and some readers would take it`,
    { position: { line, column: 1 }, path: [stray.key], hints: ['leave the line that is meant'] },
  )
}

/** Blanks before an encrypted comment are none of it: other tools put them there, and the reference does not find the comment then. */
function commentIn(layout: DotenvLayout, start: number, end: number): string {
  const comment = layout.text.slice(start + 1, end)
  return stringIn(layout, layout.encrypted ? comment.replace(/^[ \t]+(?=ENC\[AES256_GCM,)/, '') : comment)
}

/** Where the value stands if there is a mark behind it, or quotes around it; undefined where there can be none. */
function innerPlace(
  { text, quote, encrypted }: DotenvLayout,
  key: string,
  start: number,
  end: number,
): readonly [number, number] | undefined {
  if (quote === '' && key !== macKey) return undefined
  const isMetadata = key.startsWith(metadataPrefix)
  const to = key === macKey ? start + markStart(text.slice(start, end)) : end
  const isQuoted =
    quote !== '' && (encrypted || isMetadata) && to > start + 1 && text[start] === quote && text[to - 1] === quote
  return isQuoted ? [start + 1, to - 1] : [start, to]
}

const withLineBreaks = (text: string): string => (text.includes('\\n') ? text.replaceAll('\\n', '\n') : text)

function print(tree: Tree, layout?: Layout): Uint8Array {
  const source: LineSource = { text: '', raw: false }
  const out = output(source.raw)
  for (const item of first(tree).items) {
    if (item.kind === 'comment') out.add(`#${item.text.replaceAll('\n', '\n#')}`)
    else linePieces(source, item, layout).forEach(out.add)
    out.add('\n')
  }
  return out.bytes()
}

/** What SOPS, and a shell that sources the file, take for data. */
function notices({ source }: Parsed): string[] {
  const { text, from, marked, lines } = source as DotenvSource
  const found: string[] = []
  if (from > 0 || marked?.bom)
    found.push('a byte order mark at the start is kept as layout and belongs to no name, unlike in SOPS and in shells')
  if (lines.length === 1 && text.slice(0, lines[0]!.contentEnd).includes('\r'))
    return [...found, 'there are carriage returns but no line feed: all of it is one line, as in SOPS']
  const data = lines.filter(({ start }) => !text.startsWith(metadataPrefix, start))
  const returns = data.filter(({ plain }) => plain.startsWith('\r')).length
  if (returns > 0) {
    const which = returns < data.length ? `${returns} of ${data.length} lines end` : 'lines end'
    found.push(
      `${which} in CR LF: the carriage returns are kept as layout and belong to no value, unlike in SOPS and in shells`,
    )
  }
  return found
}

export const dotenv: Format = {
  id: 'dotenv',
  metadata: 'flat',
  parse,
  says,
  rewrite: (parsed, tree, layout) => ({ bytes: rewriteLines(parsed.source as DotenvSource, tree, layout) }),
  print,
  printValue(value) {
    throw new SopsError('cannot-emit', `the dotenv store only supports emitting strings, got ${kindOfNode(value)}`, {
      hints: [nestingHint],
    })
  },
  textOf(parsed, entry) {
    const { origin } = entry
    if (!origin) return ''
    const { text, converted } = parsed.source as DotenvSource
    const line = text.slice(origin.start, origin.end)
    return line.endsWith('\n') ? line : line + (converted ? '\r\n' : '\n')
  },
  reading({ source }) {
    const { from } = source as DotenvSource
    return from > 0 ? 'layout' : markLength(source as DotenvSource) > 0 ? 'literal' : undefined
  },
  positionOf: ({ source }, { start }) => positionIn((source as DotenvSource).text, start),
  lineFinder: ({ source }) => lineFinder((source as DotenvSource).text),
  notices,
  clearText: scalarText,
  example: `# sops uses the comment lines of this file too
hello=Welcome to SOPS! Edit this file as you please!
example_key=example_value
example_multiline=first line\\nsecond line\\nthird line
`,
}
