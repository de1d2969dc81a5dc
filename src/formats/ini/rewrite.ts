// Splices a changed tree into INI text: every byte that does not belong to a changed item stays.
import { type Comment, type Entry, type Leaf, sameValue, type Tree } from '../../core/tree.ts'
import { SopsError } from '../../errors.ts'
import { insertable, join, type Piece, type Source, scalarText } from '../flat-text.ts'
import type { Layout } from '../types.ts'
import { encryptBlock, isEncrypted, plainBlock } from './comment.ts'
import { sectionItems, sectionPieces, spellKey, valuePiece } from './print.ts'
import type { Block, KeyLine, Section } from './scan.ts'
import {
  continuedText,
  fits,
  isMisread,
  linesMarker,
  readValue,
  referenceSpelling,
  type Style,
  spell,
  type ValueSpan,
} from './value.ts'

export interface IniSource extends Source {
  readonly eol: string
  /** Where the text starts behind a byte order mark. */
  readonly from: number
  readonly sections: readonly Section[]
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly pieces: readonly Piece[]
  /** Starts a section: an empty line keeps it apart from what comes before. */
  readonly apart?: boolean
}

interface Rewriting {
  readonly source: IniSource
  readonly encrypted: boolean
  readonly edits: Edit[]
}

export function rewriteIni(source: IniSource, tree: Tree, layout: Layout | undefined): Uint8Array {
  const work: Rewriting = { source, encrypted: layout?.encrypted ?? false, edits: [] }
  const byStart = new Map(source.sections.map((section) => [section.start, section]))
  const kept = new Set<Section>()
  let after = source.from
  for (const entry of tree.documents[0]?.items ?? []) {
    if (entry.kind === 'comment') continue
    const section = entry.origin && byStart.get(entry.origin.start)
    if (section) {
      kept.add(section)
      rewriteSection(work, section, entry)
      after = endOf(section)
    } else {
      insertSection(work, entry, entry.key === 'sops' ? source.text.length : after)
    }
  }
  for (const section of source.sections) if (!kept.has(section)) removeSection(work, section)
  return apply(work)
}

const endOf = (section: Section): number => section.trailing.at(-1)?.next ?? section.contentEnd

// ---- Sections

function rewriteSection(work: Rewriting, section: Section, entry: Entry): void {
  const lines = new Map(section.keys.map((line) => [line.value.start, line]))
  const names = new Map(section.keys.map((line) => [line.key, line]))
  const kept = new Map<KeyLine, Entry>()
  const fresh: Entry[] = []
  const comments = new Map<number, Comment>()
  const newComments: Comment[] = []
  for (const item of sectionItems(entry)) {
    if (item.kind === 'comment') {
      if (item.origin) comments.set(item.origin.start, item)
      else newComments.push(item)
      continue
    }
    const line = item.origin ? lines.get(item.origin.start) : names.get(item.key)
    if (line && !kept.has(line)) kept.set(line, item)
    else fresh.push(item)
  }
  if (section.block.length > 0) rewriteBlock(work, section.block, comments, true)
  if (section.trailing.length > 0) rewriteBlock(work, section.trailing, comments, false)
  for (const line of section.keys) {
    const item = kept.get(line)
    if (item) rewriteKey(work, section, line, item, comments)
    else for (const each of [line, ...line.overridden]) removeKey(work, each)
  }
  if (fresh.length + newComments.length > 0) insertKeys(work, section, fresh, newComments)
}

/** A new section, one empty line away from what stands before it. */
function insertSection(work: Rewriting, entry: Entry, at: number): void {
  const { source, encrypted } = work
  const { text, eol, from } = source
  const body =
    entry.text !== undefined
      ? [entry.text.endsWith('\n') ? entry.text : entry.text + eol]
      : sectionPieces(entry, true, { eol, encrypted })
  const tail = at === from && at < text.length ? [eol] : []
  work.edits.push({ start: at, end: at, pieces: coded(source, [...body, ...tail]), apart: true })
}

const coded = (source: IniSource, pieces: readonly Piece[]): Piece[] =>
  pieces.map((piece) => (typeof piece === 'string' ? insertable(source, piece) : piece))

/** Takes the section's lines, its comments, and the empty line before it (at the start of the text: behind it). */
function removeSection(work: Rewriting, section: Section): void {
  const { text, from } = work.source
  const start = section.block[0]?.lineStart ?? section.lineStart
  const end = section.name === 'sops' ? section.contentEnd : endOf(section)
  if (start === end) return
  const before = emptyLineBefore(text, start, from)
  const behind = start === from ? (/^\r?\n/.exec(text.slice(end, end + 2))?.[0].length ?? 0) : 0
  push(work, before ?? start, end + behind, [])
}

function emptyLineBefore(text: string, at: number, from: number): number | undefined {
  if (at <= from || text[at - 1] !== '\n') return undefined
  const start = text[at - 2] === '\r' ? at - 2 : at - 1
  return start === from || text[start - 1] === '\n' ? start : undefined
}

// ---- Keys

function rewriteKey(
  work: Rewriting,
  section: Section,
  line: KeyLine,
  item: Entry,
  comments: Map<number, Comment>,
): void {
  const path = [section.name]
  if (line.block.length > 0) rewriteBlock(work, line.block, comments, false)
  const before = plainValue(work.source, line)
  const node = item.value
  if (node.kind !== 'leaf') valuePiece(item.key, node, path, work.encrypted)
  const leaf = node as Leaf
  const comment = plainBeside(line, comments)
  const written = sameValue(leaf.value, before)
    ? unchanged(work, line.value, comment)
    : changed(work, line, leaf, path, comment)
  if (written) replaceValue(work, line, written)
  const after = typeof leaf.value === 'string' && isEncrypted(leaf.value) ? leaf.value : undefined
  for (const each of line.overridden) rewriteOverridden(work, line, each, comments, after, written)
}

/** The plain comment that will stand on the key's own line. */
function plainBeside(line: KeyLine, comments: Map<number, Comment>): string {
  const text = line.value.comment ? (comments.get(line.block[0]!.start)?.text ?? '') : ''
  if (isEncrypted(text)) return ''
  return line.block.length === 1 ? text : text.slice(text.lastIndexOf('\n') + 1)
}

const plainValue = (source: IniSource, line: KeyLine): string | Uint8Array =>
  source.raw ? rawValue(line.value.text) : line.value.text

function rawValue(text: string): string | Uint8Array {
  const bytes = Buffer.from(text, 'latin1')
  const decoded = bytes.toString('utf8')
  return Buffer.from(decoded, 'utf8').equals(bytes) ? decoded : bytes
}

function replaceValue(work: Rewriting, line: KeyLine, written: Piece): void {
  const { text } = work.source
  const { start, end, comment } = line.value
  // An empty value stands right behind its delimiter: a new one keeps the blank that other keys have there.
  const tight = start === end && start === line.delimiter + 1 && line.delimiter > line.keyEnd && text[start - 1] !== ' '
  const pieces = tight ? [' ', written] : [written]
  if (comment?.start === end && typeof written === 'string' && swallows(written)) pieces.push(' ')
  push(work, start, end, pieces)
}

/** A comment right behind the spelling would be read as a part of it. */
const swallows = (spelled: string): boolean => readValue(`${spelled};\n`, 0).comment === undefined

/** The spelling for a value that did not change: only what says nothing to the reference, or has a marker, moves. */
function unchanged(work: Rewriting, value: ValueSpan, comment: string): Piece | undefined {
  if (work.encrypted) {
    if (value.marker !== undefined || !isMisread(value) || value.text === '') return undefined
    const quoted = referenceSpelling(value.text, comment)
    return quoted === undefined ? undefined : `${quoted} ;${value.style}`
  }
  if (value.marker === undefined) return undefined
  return restored(value, value.text, work.source.eol)
}

function changed(work: Rewriting, line: KeyLine, leaf: Leaf, path: readonly string[], comment: string): Piece {
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
  if (marker !== undefined) return spell(marker as Style, text)
  return value.style === 'bare' ? referenceSpelling(text) : spell(value.style, text)
}

function removeKey(work: Rewriting, line: KeyLine): void {
  const start = line.block[0]?.lineStart ?? line.lineStart
  push(work, start, line.value.next, [])
}

/**
 * A line whose value a later one overrides. The reference never sees it, so it stands in the tree as a comment; where that one stays plain
 * although the key is encrypted, the line takes the key's value, so that no plaintext stays behind.
 */
function rewriteOverridden(
  work: Rewriting,
  line: KeyLine,
  each: KeyLine,
  comments: Map<number, Comment>,
  token: string | undefined,
  written: Piece | undefined,
): void {
  const above = each.block.filter((part) => !part.inline)
  if (above.length > 0) rewriteBlock(work, above, comments, false)
  const { source, encrypted } = work
  const end = lineEnd(each)
  const comment = comments.get(each.start)
  const changedText = comment !== undefined && comment.text !== comment.origin?.value
  if (changedText && encrypted && isEncrypted(comment.text)) {
    push(work, each.value.start, end, [comment.text])
  } else if (changedText) {
    push(work, each.start, end, [insertable(source, comment.text)])
  } else if (
    written !== undefined &&
    (token !== undefined || each.value.text === line.value.text) &&
    end > each.value.start
  ) {
    push(work, each.value.start, end, [written])
  }
}

/** Behind a key's value and the comment beside it. */
export const lineEnd = (line: KeyLine): number => line.value.comment?.end ?? line.value.end

// ---- New keys

/** Behind the section's last key, with the indentation, delimiter and alignment of the keys that are there. */
function insertKeys(work: Rewriting, section: Section, entries: readonly Entry[], comments: readonly Comment[]): void {
  const { source, encrypted } = work
  const { text, eol } = source
  const at = section.contentEnd
  const pieces: Piece[] = at > source.from && text[at - 1] !== '\n' ? [eol] : []
  if (section.start < 0 && section.keys.length === 0) {
    const body = sectionPieces(
      { kind: 'entry', key: 'DEFAULT', value: { kind: 'map', items: [...comments, ...entries] } },
      false,
      { eol, encrypted },
    )
    push(work, at, at, coded(source, at < text.length ? [...body, eol] : body))
    return
  }
  for (const comment of comments)
    pieces.push(insertable(source, `; ${comment.text.trim().replaceAll('\n', `${eol}; `)}${eol}`))
  const style = keyStyle(source, section)
  const spelled = entries.map((entry) => spellKey(entry.key, [section.name]))
  const width = style?.width ?? Math.max(0, ...spelled.map((key) => Buffer.byteLength(key)))
  for (const [i, entry] of entries.entries()) {
    const key = spelled[i]!
    const pad = ' '.repeat(Math.max(0, width - Buffer.byteLength(key)))
    pieces.push(insertable(source, `${style?.indent ?? ''}${key}${pad}${style?.delimiter ?? ' = '}`))
    const value = valuePiece(entry.key, entry.value, [section.name], encrypted)
    pieces.push(typeof value === 'string' ? insertable(source, value) : value, eol)
  }
  push(work, at, at, pieces)
}

interface KeyStyle {
  readonly indent: string
  /** With the blanks around it that belong to it. */
  readonly delimiter: string
  /** Delimiters stand in one column: keys are padded to this many bytes. */
  readonly width?: number
}

function keyStyle({ text, raw }: IniSource, section: Section): KeyStyle | undefined {
  const last = section.keys.reduce<KeyLine | undefined>((a, b) => (a && a.lineStart > b.lineStart ? a : b), undefined)
  if (!last) return undefined
  const indent = text.slice(last.lineStart, last.start)
  const behind = last.value.start > last.delimiter + 1 ? text.slice(last.delimiter + 1, last.value.start) : ''
  const bytes = (line: KeyLine, end: number): number =>
    Buffer.byteLength(text.slice(line.start, end), raw ? 'latin1' : 'utf8')
  const columns = new Set(section.keys.map((line) => bytes(line, line.delimiter)))
  const sizes = new Set(section.keys.map((line) => bytes(line, line.keyEnd)))
  const blanks = text.slice(last.keyEnd, last.delimiter)
  if (columns.size === 1 && sizes.size > 1) {
    const gap =
      /\s$/.test(blanks) || blanks === '' ? Math.min(...section.keys.map((line) => line.delimiter - line.keyEnd)) : 0
    return { indent, delimiter: ' '.repeat(gap) + text[last.delimiter]! + behind, width: [...columns][0]! - gap }
  }
  return { indent, delimiter: blanks + text[last.delimiter]! + behind }
}

// ---- Comments

function rewriteBlock(work: Rewriting, block: Block, comments: Map<number, Comment>, ofSection: boolean): void {
  const { source, encrypted } = work
  const comment = comments.get(block[0]!.start)
  if (!comment) removeBlock(work, block)
  if (!comment || comment.text === comment.origin?.value) return
  if (source.raw && String(comment.origin?.value).includes('\uFFFD')) {
    throw new SopsError('cannot-emit', 'a comment that is not valid UTF-8 cannot be encrypted or decrypted', {
      hints: ['convert the file to UTF-8 first'],
    })
  }
  const isHeader = ofSection && block.at(-1)!.inline
  const changes =
    encrypted && isEncrypted(comment.text)
      ? encryptBlock(source.text, block, comment.text, source.eol, isHeader)
      : plainBlock(source.text, block, comment.text, source.eol, isHeader)
  for (const { start, end, insert } of changes) push(work, start, end, [insertable(source, insert)])
}

function removeBlock(work: Rewriting, block: Block): void {
  const { text } = work.source
  for (const part of block) {
    let start = part.inline ? part.start : part.lineStart
    while (part.inline && (text[start - 1] === ' ' || text[start - 1] === '\t')) start--
    push(work, start, part.inline ? part.end : part.next, [])
  }
}

// ---- Text

function push(work: Rewriting, start: number, end: number, pieces: readonly Piece[]): void {
  work.edits.push({ start, end, pieces })
}

function apply({ source, edits }: Rewriting): Uint8Array {
  const { text, raw, eol, from } = source
  const ordered = edits.sort((a, b) => a.start - b.start || a.end - b.end)
  const pieces: Piece[] = []
  let at = 0
  for (const edit of ordered) {
    if (edit.end < at) continue
    if (edit.start > at) pieces.push(text.slice(at, edit.start))
    if (edit.start >= at) {
      if (edit.apart) pieces.push(gap(pieces, source))
      pieces.push(...edit.pieces)
    }
    at = Math.max(at, edit.end)
  }
  pieces.push(text.slice(at))
  const bytes = join(pieces, raw)
  if (text.length === from || text.endsWith('\n') || bytes[bytes.length - 1] !== 10) return bytes
  const crlf = eol === '\r\n' && bytes[bytes.length - 2] === 13
  return bytes.subarray(0, bytes.length - (crlf ? 2 : 1))
}

/** The line ends that make an empty line behind what is written so far; nothing at the start. */
function gap(pieces: readonly Piece[], { from, eol }: IniSource): string {
  const last = pieces.findLast((piece) => piece.length > 0)
  if (last === undefined || (pieces.length === 1 && last.length === from)) return ''
  const byte = typeof last === 'string' ? last.charCodeAt(last.length - 1) : last[last.length - 1]
  return byte === 10 ? eol : eol + eol
}
