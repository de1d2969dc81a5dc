// Edits of INI text: collected while the tree is compared with the text, then applied in one pass.
import { carriageReturn, lineFeed } from '../../text/characters.ts'
import { insertable, type LineSource, output, type Piece } from '../lines.ts'
import type { IniSection } from './scan.ts'

export interface IniSource extends LineSource {
  readonly eol: string
  /** Where the text starts behind a byte order mark. */
  readonly from: number
  readonly sections: readonly IniSection[]
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly pieces: readonly Piece[]
  /** Starts a section: an empty line keeps it apart from what comes before. */
  readonly apart?: boolean
}

export interface IniRewriting {
  readonly source: IniSource
  readonly encrypted: boolean
  readonly edits: Edit[]
}

export const coded = (source: IniSource, pieces: readonly Piece[]): Piece[] =>
  pieces.map((piece) => (typeof piece === 'string' ? insertable(source, piece) : piece))

export function push(work: IniRewriting, start: number, end: number, pieces: readonly Piece[]): void {
  work.edits.push({ start, end, pieces })
}

/** The source with all edits, without a final line break where the source has none. */
export function spliced({ source, edits }: IniRewriting): Uint8Array {
  const { text, raw, eol, from } = source
  const out = output(raw)
  let written = 0
  const add = (piece: Piece): void => {
    written += piece.length
    out.add(piece)
  }
  let at = 0
  for (const edit of edits.sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (edit.end < at) continue
    if (edit.start > at) add(text.slice(at, edit.start))
    if (edit.start >= at) {
      if (edit.apart && written > from) add(out.atLineStart() ? eol : eol + eol)
      edit.pieces.forEach(add)
    }
    at = Math.max(at, edit.end)
  }
  add(text.slice(at))
  const bytes = out.bytes()
  if (text.length === from || text.endsWith('\n') || bytes[bytes.length - 1] !== lineFeed) return bytes
  const crlf = eol === '\r\n' && bytes[bytes.length - 2] === carriageReturn
  return bytes.subarray(0, bytes.length - (crlf ? 2 : 1))
}
