// The lines of a dotenv text and how they end. A carriage return before a line end is layout, unless the file says otherwise.
import { carriageReturn } from '../../text/characters.ts'
import type { Comment, Entry, Tree, Value } from '../../tree/tree.ts'
import { bytesOfText } from '../../tree/utf8.ts'
import { type LineSource, markLength, type Piece, scalarText } from '../lines.ts'
import { type LineEnd, markedLayout } from './mark.ts'

export interface DotenvLine {
  readonly start: number
  /** Behind the content; a carriage return that is layout stands behind it. */
  readonly end: number
  readonly next: number
  /** As it stands. */
  readonly own: LineEnd
  /** In the plain text: an encrypted one cannot show them all (`mark.ts`). */
  readonly plain: LineEnd
}

export interface DotenvSource extends LineSource {
  /** Where the text starts behind a byte order mark. */
  readonly from: number
  /** The plain text has a byte order mark, which this one does not show. */
  readonly mark: boolean
  /** `Marked.exact` of this text. */
  readonly exact: boolean
  /** The values are encrypted. */
  readonly encrypted: boolean
  /** An encrypted file that was given CR LF as a whole, its metadata included. */
  readonly converted: boolean
  /** Quotes around all values, as files of SOPS 3.6.0 are found to have them. */
  readonly quote: '"' | "'" | ''
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

export function readLines(source: LineSource, { literal, earlier, ...options }: LineOptions): DotenvSource {
  const { text } = source
  const encrypted = options.encrypted && earlier === undefined
  const from = literal || startsWithMark(earlier) ? 0 : markLength(source)
  const converted = encrypted && convertedLine.test(text)
  const quote = options.encrypted ? ((quotedLine.exec(text)?.[1] ?? '') as DotenvSource['quote']) : ''
  const marked = encrypted ? markedLayout(text) : undefined
  const kept = linesWithReturn(source, earlier)
  const lines: DotenvLine[] = []
  let data = 0
  for (let start = from; start < text.length; ) {
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
    const plain = !isMetadata && marked?.ends(++data) ? '\r\n' : own
    lines.push({ start, end, next, own, plain })
    start = next
  }
  return {
    ...source,
    from,
    mark: marked?.bom === true,
    exact: marked?.exact === true,
    encrypted,
    converted,
    quote,
    lines,
  }
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
