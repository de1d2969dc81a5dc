// The lines of a dotenv text and how they end. A carriage return before a line end is layout, unless the file says otherwise.
import { carriageReturn } from '../../text/characters.ts'
import type { Comment, Entry, Origin, Tree, Value } from '../../tree/tree.ts'
import { bytesOfText } from '../../tree/utf8.ts'
import { type LineSource, markLength, type Piece, scalarText } from '../lines.ts'
import { type LineEnd, type Marked, markedLayout } from './mark.ts'

/** A line as the origin of what stands on it. */
export interface DotenvLine extends Origin {
  /** Behind the content; a carriage return that is layout stands behind it. */
  readonly contentEnd: number
  /** How it ends, as it stands. */
  readonly own: LineEnd
  /** In the plain text: an encrypted one cannot show them all (`mark.ts`). */
  readonly plain: LineEnd
}

/** What decides how the lines of a text are read. */
export interface DotenvLayout extends LineSource {
  /** Where the text starts behind a byte order mark. */
  readonly from: number
  /** The values are encrypted. */
  readonly encrypted: boolean
  /** An encrypted file that was given CR LF as a whole, its metadata included. */
  readonly converted: boolean
  /** Quotes around all values, as files of SOPS 3.6.0 are found to have them. */
  readonly quote: '"' | "'" | ''
  /** What the text notes of the plain one; only of encrypted values. */
  readonly marked: Marked | undefined
  /** Lines whose carriage return belongs to the value that they showed. */
  readonly kept: ReadonlySet<string>
}

export interface DotenvSource extends DotenvLayout {
  readonly lines: readonly DotenvLine[]
}

export const metadataPrefix = 'sops_'

/** No value of these lines ends in a carriage return: where one stands, something converted the file after it was encrypted. */
const convertedLine = /^sops_(?:lastmodified|version|mac)=[^\r\n]*\r(?:\n|$)/m
const quotedLine = /^sops_(?:lastmodified|mac)=(["'])[^\r\n]*\1/m

interface LineOptions {
  /** The text has metadata. Its values are encrypted, too, unless it was made from a plaintext. */
  readonly encrypted: boolean
  /** Take a byte order mark for a part of the first name, as the reference does. */
  readonly literal: boolean
  /** The plaintext that the text was made from (`Format.parse`). */
  readonly earlier?: Tree | undefined
}

export function layoutOf(source: LineSource, { literal, earlier, ...options }: LineOptions): DotenvLayout {
  const encrypted = options.encrypted && earlier === undefined
  const metadata = options.encrypted ? fromMetadata(source.text) : ''
  return {
    ...source,
    from: literal || startsWithMark(earlier) ? 0 : markLength(source),
    encrypted,
    converted: encrypted && convertedLine.test(metadata),
    quote: (quotedLine.exec(metadata)?.[1] ?? '') as DotenvLayout['quote'],
    marked: encrypted ? markedLayout(metadata) : undefined,
    kept: linesWithReturn(source, earlier),
  }
}

/** The text from its first line of metadata on. */
function fromMetadata(text: string): string {
  if (text.startsWith(metadataPrefix)) return text
  const at = text.indexOf(`\n${metadataPrefix}`)
  return at < 0 ? '' : text.slice(at + 1)
}

/** One line after the other, as what a `DotenvLine` holds. */
interface LineCursor {
  readonly layout: DotenvLayout
  readonly isMarked: ((line: number) => boolean) | undefined
  /** How many lines of data there were. */
  data: number
  start: number
  contentEnd: number
  end: number
  own: LineEnd
  plain: LineEnd
}

/** Stands before the first line. */
export const lineCursor = (layout: DotenvLayout): LineCursor => ({
  layout,
  isMarked: layout.marked?.lines(),
  data: 0,
  start: layout.from,
  contentEnd: layout.from,
  end: layout.from,
  own: '',
  plain: '',
})

/** Goes to the next line; false where there is none. */
export function nextLine(cursor: LineCursor): boolean {
  const { layout, isMarked, end: start } = cursor
  const { text, encrypted, converted, kept } = layout
  if (start >= text.length) return false
  const feed = text.indexOf('\n', start)
  const next = feed < 0 ? text.length : feed + 1
  let end = feed < 0 ? text.length : feed
  const isMetadata = text.startsWith(metadataPrefix, start)
  if (
    text.charCodeAt(end - 1) === carriageReturn &&
    end > start &&
    (isMetadata || encrypted
      ? converted || isMetadata || end === start + 1 || holdsToken(text.slice(start, end))
      : !kept.has(text.slice(start, end)))
  ) {
    end--
  }
  const own = end === feed ? '\n' : (text.slice(end, next) as LineEnd)
  cursor.start = start
  cursor.contentEnd = end
  cursor.end = next
  cursor.own = own
  cursor.plain = !isMetadata && isMarked?.(++cursor.data) ? '\r\n' : own
  return true
}

/** An encrypted value or comment, whose end the reference finds by itself. */
const holdsToken = (line: string): boolean =>
  line.startsWith('#')
    ? /^#[ \t]*ENC\[AES256_GCM,/.test(line)
    : /^["']?ENC\[AES256_GCM,/.test(line.slice(line.indexOf('=') + 1))

/** Lines whose carriage return belongs to the value that they showed. */
function linesWithReturn({ raw }: LineSource, earlier: Tree | undefined): ReadonlySet<string> {
  const found = new Set<string>()
  for (const item of earlier?.documents[0]?.items ?? []) {
    const line = shownLine(item)
    if (line.at(-1) === carriageReturn) found.add(line.toString(raw ? 'latin1' : 'utf8'))
  }
  return found
}

function shownLine(item: Entry | Comment): Buffer {
  if (item.kind === 'comment') return bytesOfText(`#${item.text}`)
  const value = item.value.kind === 'leaf' ? valueText(item.value.value) : ''
  return Buffer.concat([bytesOfText(`${item.key}=`), typeof value === 'string' ? bytesOfText(value) : value])
}

/** A value as it stands behind the `=`. */
export function valueText(value: Value): Piece {
  const text = scalarText(value)
  if (typeof text === 'string') return text.includes('\n') ? text.replaceAll('\n', '\\n') : text
  return Buffer.from(Buffer.from(text).toString('latin1').replaceAll('\n', '\\n'), 'latin1')
}

const startsWithMark = (earlier: Tree | undefined): boolean => {
  const first = earlier?.documents[0]?.items[0]
  return first?.kind === 'entry' && first.key.startsWith('\ufeff')
}

/** The end of lines that are added to the plain text: that of its first line. */
export const usualEnd = ({ lines }: DotenvSource): '\n' | '\r\n' => (lines[0]?.plain === '\r\n' ? '\r\n' : '\n')
