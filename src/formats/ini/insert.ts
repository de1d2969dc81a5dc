// New keys in INI text, laid out like the keys that are there.
import type { Comment, Entry } from '../../tree/tree.ts'
import { bytesOfText } from '../../tree/utf8.ts'
import { insertable, type Piece } from '../lines.ts'
import { commentLines } from './comment.ts'
import { sectionPieces, spellKey, valuePiece, widest } from './print.ts'
import type { IniSection, KeyLine } from './scan.ts'
import { coded, type IniRewriting, type IniSource, push } from './splice.ts'

/** In front of a line of the section or behind its last key, with the indentation, delimiter and alignment of the keys that are there. */
export function insertKeys(
  work: IniRewriting,
  section: IniSection,
  items: readonly (Entry | Comment)[],
  at: number,
): void {
  const { source, encrypted } = work
  const { text, eol } = source
  const entries = items.filter((item) => item.kind === 'entry')
  const pieces: Piece[] = at > source.from && text[at - 1] !== '\n' ? [eol] : []
  if (section.start < 0 && section.keys.length === 0) {
    const body = sectionPieces({ kind: 'entry', key: 'DEFAULT', value: { kind: 'map', items } }, false, {
      eol,
      encrypted,
    })
    push(work, at, at, coded(source, at < text.length ? [...body, eol] : body))
    return
  }
  const style = keyStyle(source, section)
  const spelled = new Map(entries.map((entry) => [entry, spellKey(entry.key, [section.name])]))
  const width = style?.width ?? widest([...spelled.values()])
  const addComments = (from: number): void => {
    for (let i = from; ; i++) {
      const item = items[i]
      if (item?.kind !== 'comment') return
      for (const piece of coded(source, newComment(item, eol))) pieces.push(piece)
    }
  }
  addComments(0)
  for (const [i, item] of items.entries()) {
    if (item.kind === 'comment') continue
    addComments(i + 1)
    const key = spelled.get(item)!
    const pad = ' '.repeat(Math.max(0, width - bytesOfText(key).length))
    pieces.push(insertable(source, `${style?.indent ?? ''}${key}${pad}${style?.delimiter ?? ' = '}`))
    const value = valuePiece(item.key, item.value, [section.name], encrypted)
    pieces.push(typeof value === 'string' ? insertable(source, value) : value, eol)
  }
  push(work, at, at, pieces)
}

/** The lines of a comment for what stands behind them. */
export const newComment = ({ text }: Comment, eol: string): string[] =>
  commentLines(text, false).map((line) => line + eol)

interface KeyStyle {
  readonly indent: string
  /** With the blanks around it that belong to it. */
  readonly delimiter: string
  /** Delimiters stand in one column: keys are padded to this many bytes. */
  readonly width?: number
}

function keyStyle({ text, raw }: IniSource, section: IniSection): KeyStyle | undefined {
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
      /\s$/.test(blanks) || blanks === ''
        ? section.keys.reduce((least, line) => Math.min(least, line.delimiter - line.keyEnd), Number.POSITIVE_INFINITY)
        : 0
    return { indent, delimiter: ' '.repeat(gap) + text[last.delimiter]! + behind, width: [...columns][0]! - gap }
  }
  return { indent, delimiter: blanks + text[last.delimiter]! + behind }
}
