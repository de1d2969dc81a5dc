// Splices a changed tree into INI text: every byte that does not belong to a changed item stays.
import { isEncrypted } from '../../cipher/index.ts'
import { type Comment, type Entry, type Leaf, sameValue, type Tree } from '../../tree/tree.ts'
import { insertable, type Piece } from '../lines.ts'
import type { Layout } from '../types.ts'
import { encryptBlock, plainBlock, standalone } from './comment.ts'
import { insertKeys, newComment } from './insert.ts'
import { lineOfComment } from './overridden.ts'
import { sectionItems, sectionPieces, valuePiece } from './print.ts'
import { type Block, type IniLine, type IniSection, type KeyLine, lineEnd } from './scan.ts'
import { keptSpelling, newSpelling } from './spelling.ts'
import { coded, type IniRewriting, type IniSource, push, spliced } from './splice.ts'
import { readValue } from './value.ts'

export function rewriteIni(source: IniSource, tree: Tree, layout: Layout | undefined): Uint8Array {
  const work: IniRewriting = { source, encrypted: layout?.encrypted ?? false, edits: [] }
  const byStart = new Map(source.sections.map((section) => [section.start, section]))
  const kept = new Set<IniSection>()
  let after = source.from
  const items = tree.documents[0]?.items ?? []
  const last = items.findLastIndex(({ kind }) => kind === 'entry')
  for (const [at, entry] of items.entries()) {
    if (entry.kind === 'comment') continue
    const section = entry.origin && byStart.get(entry.origin.start)
    if (section) {
      kept.add(section)
      rewriteSection(work, section, entry)
      after = endOf(section)
    } else {
      insertSection(work, entry, entry.key === 'sops' && at === last ? source.text.length : after)
    }
  }
  for (const section of source.sections) if (!kept.has(section)) removeSection(work, section)
  return spliced(work)
}

const endOf = (section: IniSection): number => section.trailing.at(-1)?.next ?? section.contentEnd

// ---- Sections

function rewriteSection(work: IniRewriting, section: IniSection, entry: Entry): void {
  const lines = new Map(section.keys.map((line) => [line.value.start, line]))
  const names = new Map(section.keys.map((line) => [line.key, line]))
  const kept = new Map<KeyLine, Entry>()
  let fresh: (Entry | Comment)[] = []
  const comments = new Map<number, Comment>()
  // The line of what the comments to come belong to.
  let owner = section.start < 0 ? undefined : section.lineStart
  for (const item of sectionItems(entry)) {
    if (item.kind === 'comment') {
      if (item.origin) comments.set(item.origin.start, item)
      else if (owner === undefined) fresh.push(item)
      else push(work, owner, owner, coded(work.source, newComment(item, work.source.eol)))
      continue
    }
    const line = item.origin ? lines.get(item.origin.start) : names.get(item.key)
    owner = line && !kept.has(line) ? line.lineStart : undefined
    if (!line || kept.has(line)) fresh.push(item)
    else {
      kept.set(line, item)
      if (fresh.length > 0) insertKeys(work, section, fresh, line.block[0]?.lineStart ?? line.lineStart)
      fresh = []
    }
  }
  if (section.block.length > 0) rewriteBlock(work, section.block, comments, true)
  if (section.trailing.length > 0) rewriteBlock(work, section.trailing, comments, false)
  for (const line of section.keys) {
    const item = kept.get(line)
    if (item) rewriteKey(work, section, line, item, comments)
    else for (const each of [line, ...line.overridden]) removeKey(work, each, comments)
  }
  if (fresh.length > 0) insertKeys(work, section, fresh, section.contentEnd)
}

/** A new section, one empty line away from what stands before it. */
function insertSection(work: IniRewriting, entry: Entry, at: number): void {
  const { source, encrypted } = work
  const { text, eol, from } = source
  const body =
    entry.text !== undefined
      ? [entry.text.endsWith('\n') ? entry.text : entry.text + eol]
      : sectionPieces(entry, true, { eol, encrypted })
  const tail = at === from && at < text.length ? [eol] : []
  work.edits.push({ start: at, end: at, pieces: coded(source, [...body, ...tail]), apart: true })
}

/** Takes the section's lines, its comments, and the empty line before it (at the start of the text: behind it). */
function removeSection(work: IniRewriting, section: IniSection): void {
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
  work: IniRewriting,
  section: IniSection,
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
    ? keptSpelling(work, line.value, comment)
    : newSpelling(work, line, leaf, path, comment)
  if (written !== undefined) replaceValue(work, line, written)
  const isSealed = typeof leaf.value === 'string' && isEncrypted(leaf.value)
  const cover = leaf.hidesTwin ? '' : isSealed ? written : undefined
  for (const each of line.overridden) {
    rewriteOverridden(work, each, comments, each.value.text === line.value.text ? written : cover)
  }
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

function replaceValue(work: IniRewriting, line: KeyLine, written: Piece): void {
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

/** Takes the key's line and leaves its comment, if that stays, as lines of its own. */
function removeKey(work: IniRewriting, line: IniLine, comments: Map<number, Comment>): void {
  const { source } = work
  const [first] = line.block
  const comment = first && comments.get(first.start)
  const lines = comment ? [insertable(source, standalone(source.text, first, comment.text, source.eol))] : []
  push(work, first?.lineStart ?? line.lineStart, line.value.next, lines)
}

/**
 * A line whose value a later one overrides. The reference never sees it, so it stands in the tree as a comment; where that one stays plain
 * although the key is encrypted, or would be if it were not empty, the line takes the key's value (`cover`), so that no plaintext
 * stays behind.
 */
function rewriteOverridden(
  work: IniRewriting,
  each: IniLine,
  comments: Map<number, Comment>,
  cover: Piece | undefined,
): void {
  const above = each.block.filter((part) => !part.inline)
  if (above.length > 0) rewriteBlock(work, above, comments, false)
  const { source, encrypted } = work
  const end = lineEnd(each)
  const comment = comments.get(each.start)
  const changedText = comment !== undefined && comment.text !== comment.origin?.value
  if (comment !== undefined && encrypted && isEncrypted(comment.text)) {
    if (changedText) push(work, each.value.start, end, [comment.text])
  } else if (changedText) {
    push(work, each.start, end, [insertable(source, lineOfComment(comment.text))])
  } else if (cover !== undefined) push(work, each.value.start, end, [cover])
}

// ---- Comments

function rewriteBlock(work: IniRewriting, block: Block, comments: Map<number, Comment>, ofSection: boolean): void {
  const { source, encrypted } = work
  const comment = comments.get(block[0]!.start)
  if (!comment) removeBlock(work, block)
  if (!comment || comment.text === comment.origin?.value) return
  const isHeader = ofSection && block.at(-1)!.inline
  const changes =
    encrypted && isEncrypted(comment.text)
      ? encryptBlock(source.text, block, comment.text, source.eol, isHeader)
      : plainBlock(source.text, block, comment.text, source.eol, isHeader)
  for (const { start, end, insert } of changes) push(work, start, end, [insertable(source, insert)])
}

function removeBlock(work: IniRewriting, block: Block): void {
  const { text } = work.source
  for (const part of block) {
    let start = part.inline ? part.start : part.lineStart
    while (part.inline && (text[start - 1] === ' ' || text[start - 1] === '\t')) start--
    push(work, start, part.inline ? part.end : part.next, [])
  }
}
