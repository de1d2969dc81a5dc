// The dotenv format: one `key=value` a line, nothing quoted, the two characters `\n` for a line break (spec/format.md 9).

import { SopsError } from '../errors.ts'
import { hash } from '../text/characters.ts'
import { formatPath } from '../tree/path.ts'
import type { Comment, Entry, Leaf, Tree } from '../tree/tree.ts'
import { type DotenvLine, type DotenvSource, metadataPrefix, readLines } from './dotenv/lines.ts'
import { macKey, markStart } from './dotenv/mark.ts'
import { first, linePieces, rewriteLines } from './dotenv/rewrite.ts'
import {
  decode,
  type LineSource,
  lineOf,
  markLength,
  output,
  scalarText,
  stringIn,
  typeName,
  valueIn,
} from './lines.ts'
import type { Format, FormatParseOptions, Layout, Parsed } from './types.ts'

function refuse(text: string, { start, end }: DotenvLine): never {
  const line = lineOf(text, start)
  const blank = text.slice(start, end).trim() === ''
  throw new SopsError(
    'parse',
    `invalid dotenv input line: line ${line} is neither a comment nor of the form KEY=value`,
    { position: { line, column: 1 }, hints: blank ? ['the line looks empty, but holds blanks'] : [] },
  )
}

function parse(bytes: Uint8Array, { encrypted = false, literal = false, earlier }: FormatParseOptions = {}): Parsed {
  const source = readLines(decode(bytes), { encrypted, literal, earlier })
  const { text, lines } = source
  const items: (Entry | Comment)[] = []
  let equals = text.indexOf('=')
  for (const line of lines) if (line.end > line.start) items.push(itemOf(line))
  refuseSpelledTwins(items, text)
  return { tree: { documents: [{ kind: 'map', items }] }, source }

  function itemOf(line: DotenvLine): Entry | Comment {
    const { start, end, next } = line
    if (text.charCodeAt(start) === hash) {
      const comment = stringIn(source, commentText(source, line))
      return { kind: 'comment', text: comment, inline: false, origin: { start, end: next, value: comment } }
    }
    if (equals >= 0 && equals < start) equals = text.indexOf('=', start)
    if (equals < 0 || equals >= end) return refuse(text, line)
    const key = stringIn(source, text.slice(start, equals))
    const isBare = source.quote === '' && key !== macKey
    const place = isBare ? undefined : valuePlace(source, key, equals + 1, end)
    const value = place ? leafAt(source, place[0], place[1]) : leafAt(source, equals + 1, end)
    return { kind: 'entry', key, value, origin: { start, end: next, value: null } }
  }
}

function leafAt(source: DotenvSource, start: number, end: number): Leaf {
  const value = valueIn(source, withLineBreaks(source.text.slice(start, end)))
  return { kind: 'leaf', value, origin: { start, end, value } }
}

/** The variable that shells and readers of .env files make of a key; a key that names none stays as it is. */
const variableOf = (key: string): string =>
  /^[A-Za-z_][\w.-]*$/.test(key) ? key : (/^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*$/.exec(key)?.[1] ?? key)

/**
 * A line without a value is in no MAC: it must not stand beside one that sets the same variable under another spelling of its key.
 * @throws SopsError `parse`.
 */
function refuseSpelledTwins(items: readonly (Entry | Comment)[], text: string): void {
  const entries = items.filter((item) => item.kind === 'entry')
  if (entries.every(({ key }) => variableOf(key) === key)) return
  const isEmpty = ({ value }: Entry): boolean => value.kind === 'leaf' && value.value === ''
  const empty = new Map(entries.filter(isEmpty).map((entry) => [variableOf(entry.key), entry]))
  const twin = entries.find((entry) => !isEmpty(entry) && empty.has(variableOf(entry.key)))
  if (!twin) return
  const stray = empty.get(variableOf(twin.key))!
  const line = lineOf(text, stray.origin!.start)
  throw new SopsError(
    'parse',
    `line ${line} is another spelling of ${formatPath([twin.key])}, with no value: nothing protects it, and some readers would take it`,
    { position: { line, column: 1 }, path: [stray.key], hints: ['leave the line that is meant'] },
  )
}

/** Blanks before an encrypted comment are none of it: other tools put them there, and the reference does not find the comment then. */
function commentText({ text, encrypted }: DotenvSource, { start, end }: DotenvLine): string {
  const comment = text.slice(start + 1, end)
  return encrypted ? comment.replace(/^[ \t]+(?=ENC\[AES256_GCM,)/, '') : comment
}

/** Where the value stands, without the mark behind it and the quotes around it. */
function valuePlace(
  { text, quote, encrypted }: DotenvSource,
  key: string,
  start: number,
  end: number,
): [number, number] {
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
  const { text, from, mark, lines } = source as DotenvSource
  const found: string[] = []
  if (from > 0 || mark)
    found.push('a byte order mark at the start is kept as layout and belongs to no name, unlike in SOPS and in shells')
  if (lines.length === 1 && text.slice(0, lines[0]!.end).includes('\r'))
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
  rewrite: (parsed, tree, layout) => ({ bytes: rewriteLines(parsed.source as DotenvSource, tree, layout) }),
  print,
  printValue(value) {
    throw new SopsError('cannot-emit', `the dotenv store only supports emitting strings, got ${typeName(value)}`)
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
  lineOf: ({ source }, { start }) => lineOf((source as DotenvSource).text, start),
  notices,
  clearText: scalarText,
  example: `# sops uses the comment lines of this file too
hello=Welcome to SOPS! Edit this file as you please!
example_key=example_value
example_multiline=first line\\nsecond line\\nthird line
`,
}
