// Comments that this reader sees in INI text and the reference does not, or that crash it, written so that both read the same
// (docs/reference-grammar.md).

import { commentHits, isEncrypted, type Selection } from '../../cipher/index.ts'
import { insertable } from '../lines.ts'
import type { Respelling, Respelt } from '../types.ts'
import { blockText } from './comment.ts'
import type { Block, CommentPart, KeyLine } from './scan.ts'
import { type IniRewriting, type IniSource, push, spliced } from './splice.ts'
import { isMisread, referenceSpelling } from './value.ts'

const beside: Omit<Respelling, 'line'> = {
  what: 'the comment behind a value in back-ticks or triple quotes, which says what is encrypted',
  as: 'a line above the key',
}
const bare: Omit<Respelling, 'line'> = {
  what: 'comment lines in clear of which the first has no text',
  as: 'lines of which the first has two introducers',
}

const cut: Omit<Respelling, 'line'> = {
  what: 'a value with "#" or ";" in it before a comment with back-ticks and triple quotes',
  as: 'a value in back-ticks, with the comment above the key',
}

export function respellIni(source: IniSource, selection: Selection): Respelt | undefined {
  const work: IniRewriting = { source, encrypted: true, edits: [] }
  const places: { readonly at: number; readonly kind: Omit<Respelling, 'line'> }[] = []
  for (const section of source.sections) {
    for (const block of [section.block, section.trailing, ...section.keys.map((line) => line.block)]) {
      const mark = bareFirst(source, block)
      if (!mark) continue
      push(work, mark.start, mark.start, [mark.introducer])
      places.push({ at: mark.start, kind: bare })
    }
    for (const line of section.keys) {
      const { value } = line
      const misread = isMisread(value) ? referenceSpelling(value.text) : undefined
      const comment = misread === undefined ? unseen(source, line, selection) : besideOf(line)
      if (misread !== undefined) push(work, value.start, value.end, [`${misread} ;${value.style}`])
      if (!comment) continue
      const { text, eol } = source
      const indent = text.slice(line.lineStart, line.start)
      const said = text.slice(comment.start, comment.end)
      const introduced = said[0] === '#' || said[0] === ';' ? said : `; ${said}`
      push(work, line.lineStart, line.lineStart, [insertable(source, indent), introduced, eol])
      push(work, value.end, comment.end, [])
      places.push({ at: line.lineStart, kind: misread === undefined ? beside : cut })
    }
  }
  return places.length === 0 ? undefined : { bytes: spliced(work), places: numbered(source.text, places) }
}

/** The other introducer for a block in clear whose first line is nothing but its own, so that the reference finds a text in it. */
function bareFirst(source: IniSource, block: Block): { start: number; introducer: string } | undefined {
  const [first, second] = block
  if (!first || !second || first.inline) return undefined
  const line = source.text.slice(first.start, first.end)
  if (!/^(?:#[# ]*|;[; ]*)$/.test(line) || isEncrypted(blockText(source.text, block))) return undefined
  return { start: first.start, introducer: line[0] === '#' ? ';' : '#' }
}

const besideOf = ({ block }: KeyLine): CommentPart | undefined => (block.at(-1)?.inline ? block.at(-1) : undefined)

/** The comment behind the closing quote on a value's first line is no comment for the reference, which drops the rest of such a line. */
function unseen({ text }: IniSource, line: KeyLine, selection: Selection): CommentPart | undefined {
  const { value, block } = line
  const last = besideOf(line)
  if (!last || (value.style !== 'tick' && value.style !== 'triple')) return undefined
  if (text.slice(value.start, value.end).includes('\n')) return undefined
  return commentHits(selection, blockText(text, block)) === 0 ? undefined : last
}

function numbered(
  text: string,
  places: readonly { readonly at: number; readonly kind: Omit<Respelling, 'line'> }[],
): Respelling[] {
  let line = 1
  let counted = 0
  return [...places]
    .sort((a, b) => a.at - b.at)
    .map(({ at, kind }) => {
      for (let feed = text.indexOf('\n', counted); feed >= 0 && feed < at; feed = text.indexOf('\n', counted)) {
        line++
        counted = feed + 1
      }
      return { line, ...kind }
    })
}
