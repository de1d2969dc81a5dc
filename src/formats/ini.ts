// The INI format: sections of keys, comments and quotes by the rules of the reference's library, read without losing a byte (spec/format.md 10).
import { isEncrypted, isToken } from '../cipher/index.ts'
import { SopsError } from '../errors.ts'
import { lineFinder, positionIn } from '../text/position.ts'
import type { Comment, Entry, MapNode } from '../tree/tree.ts'
import { refuseBytes } from '../tree/utf8.ts'
import { blockText } from './ini/comment.ts'
import { commentOfLine, passedOver } from './ini/overridden.ts'
import { compactJson, treePieces } from './ini/print.ts'
import { respellIni } from './ini/reference.ts'
import { rewriteIni } from './ini/rewrite.ts'
import { type Block, type IniLine, type IniSection, type KeyLine, lineEnd, scan } from './ini/scan.ts'
import type { IniSource } from './ini/splice.ts'
import { strandedComment } from './ini/stranded.ts'
import { decode, markLength, output, scalarText, stringIn, valueIn } from './lines.ts'
import { type Ticks, ticker } from './ticks.ts'
import type { Format, FormatParseOptions, Parsed } from './types.ts'

function parse(bytes: Uint8Array, { encrypted = false, progress }: FormatParseOptions = {}): Parsed {
  const decoded = decode(bytes)
  const { text, raw } = decoded
  const from = markLength(decoded)
  const feed = text.indexOf('\n')
  const eol = feed > 0 && text[feed - 1] === '\r' ? '\r\n' : '\n'
  const source: IniSource = { text, raw, eol, from, sections: sectionsOf(text, from, progress) }
  const ticks = ticker(progress, 0.7, 1)
  const items = withoutEmptyDefault(source.sections).map((section) => sectionEntry(source, section, encrypted, ticks))
  return { tree: { documents: [{ kind: 'map', items }] }, source }
}

/** A byte order mark is no character of its line, also where it is read as bytes. */
function sectionsOf(text: string, from: number, progress: FormatParseOptions['progress']): readonly IniSection[] {
  try {
    return scan(text, from, ticker(progress, 0, 0.7))
  } catch (error) {
    if (!(error instanceof SopsError) || from < 2 || error.position?.line !== 1) throw error
    const position = { line: 1, column: error.position.column - from }
    throw new SopsError(error.code, error.message, { position, hints: error.hints, cause: error })
  }
}

/** The section of keys before any header has the name DEFAULT, and is there without a line; a header of that name makes it one too many. */
const withoutEmptyDefault = ([first, ...rest]: readonly IniSection[]): readonly IniSection[] =>
  first!.keys.length + first!.block.length + first!.trailing.length === 0 && rest.some(({ name }) => name === 'DEFAULT')
    ? rest
    : [first!, ...rest]

function sectionEntry(source: IniSource, section: IniSection, encrypted: boolean, ticks: Ticks | undefined): Entry {
  const items: (Entry | Comment)[] = []
  const add = (block: Block): void => {
    if (block.length > 0) items.push(blockComment(source, block))
  }
  add(section.block)
  for (const line of section.keys) {
    if (ticks && --ticks.left === 0) ticks.tell(line.start, source.text.length)
    items.push(keyEntry(source, line))
    add(line.block)
  }
  for (const line of section.keys) {
    for (const each of line.overridden) {
      add(each.block.filter((part) => !part.inline))
      const comment = overriddenComment(source, line, each, encrypted)
      if (comment) items.push(comment)
    }
  }
  add(section.trailing)
  const { start } = section
  const value: MapNode = { kind: 'map', items }
  return {
    kind: 'entry',
    key: stringIn(source, section.name),
    value,
    origin: { start, end: section.contentEnd, value: null },
  }
}

function keyEntry(source: IniSource, line: KeyLine): Entry {
  const { start, end, text } = line.value
  const value = valueIn(source, text)
  const origin = { start, end, value }
  const hasTwin = line.overridden.some((each) => each.value.text !== text && !isToken(each.value.text))
  return {
    kind: 'entry',
    key: stringIn(source, line.key),
    value: hasTwin ? { kind: 'leaf', value, origin, clearTwin: true } : { kind: 'leaf', value, origin },
    origin: { start, end: line.value.next, value: null },
  }
}

function blockComment(source: IniSource, block: Block): Comment {
  const text = stringIn(source, blockText(source.text, block))
  return {
    kind: 'comment',
    text,
    inline: false,
    origin: { start: block[0]!.start, end: block.at(-1)!.end, value: text },
  }
}

/**
 * A line whose value is overridden below: the reference drops it. As a comment it is encrypted like one, so it neither leaks nor is lost.
 */
function overriddenComment(source: IniSource, line: IniLine, each: IniLine, encrypted: boolean): Comment | undefined {
  const end = lineEnd(each)
  const { value } = each
  if (encrypted && end === value.start) return undefined
  const holdsToken = encrypted && isEncrypted(value.text)
  if (holdsToken && value.text === line.value.text) return undefined
  const text = stringIn(source, holdsToken ? value.text : commentOfLine(source.text.slice(each.start, end)))
  return { kind: 'comment', text, inline: false, origin: { start: each.start, end, value: text } }
}

export const ini: Format = {
  id: 'ini',
  metadata: 'section',
  parse,
  respell: (parsed, selection) => respellIni(parsed.source as IniSource, selection),
  rewrite: (parsed, tree, layout) => ({ bytes: rewriteIni(parsed.source as IniSource, tree, layout) }),
  print(tree, layout) {
    const out = output(false)
    for (const piece of treePieces(tree, { eol: '\n', encrypted: layout?.encrypted ?? false })) out.add(piece)
    return out.bytes()
  },
  printValue(value) {
    refuseBytes(value, 'JSON', { bytes: false, comments: true })
    return Buffer.from(compactJson(value), 'utf8')
  },
  textOf(parsed, entry) {
    const { text, eol, sections } = parsed.source as IniSource
    const section = sections.find(({ start }) => start === entry.origin?.start)
    if (!section) return ''
    const lines = text.slice(section.block[0]?.lineStart ?? section.lineStart, section.contentEnd)
    return lines === '' || lines.endsWith('\n') ? lines : lines + eol
  },
  token({ source }, { origin }) {
    const { text, raw } = source as IniSource
    return raw || origin === undefined || typeof origin.value !== 'string'
      ? undefined
      : { value: origin.value, text: text.slice(origin.start, origin.end) }
  },
  positionOf: ({ source }, { start }) => positionIn((source as IniSource).text, start),
  lineFinder: ({ source }) => lineFinder((source as IniSource).text),
  strandedComment: ({ source }, { origin }) => origin && strandedComment((source as IniSource).sections, origin.start),
  passedOver,
  clearText: scalarText,
  example: `; sops encrypts values and comments, and keeps the names of sections and keys
[Welcome!]
hello       = Welcome to SOPS! Edit this file as you please!
example_key = example_value
`,
}
