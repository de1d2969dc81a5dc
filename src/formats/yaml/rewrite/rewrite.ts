// The source text with what differs between two trees changed, and every other byte kept.

import { SopsError } from '../../../errors.ts'
import { lineIn } from '../../../text/position.ts'
import type { MapNode, Origin, Tree } from '../../../tree/tree.ts'
import type { Layout, Reprint } from '../../types.ts'
import { type Source, withoutOddBlanks } from '../parse/source.ts'
import { indentOf, printDocument, printTree } from '../print/print.ts'
import { withEnd } from './block-ends.ts'
import { readsAs } from './check.ts'
import { createEdits } from './edits.ts'
import { withElements } from './elements.ts'
import { withNote } from './empty-document.ts'
import { indentedAgain, outdented, withOwnLine } from './metadata-line.ts'
import { rewriteDocument } from './nodes.ts'
import type { YamlRewriting } from './place.ts'

interface RewrittenText {
  readonly text: string
  readonly reprints: readonly Reprint[]
  /** How many aliases had to be replaced by copies. */
  readonly expanded: number
  /** Encrypted numbers and the like whose decryption will be spelled in another way. */
  readonly respelt: readonly Origin[]
  /** Numbers of empty documents, counted from 1, that decryption will write in another way. */
  readonly documents: readonly number[]
}

function startRewriting(source: Source, layout: Layout): YamlRewriting {
  const { eol, flatLists } = source
  const fresh = { indent: indentOf(layout.indent), eol, spelled: true }
  const indent = source.indent === undefined ? fresh.indent : Math.min(Math.max(source.indent, 1), 16)
  return {
    source,
    edits: createEdits(source.text, source.eol),
    style: { indent, eol, flatLists, spelled: true },
    fresh,
    encrypted: layout.encrypted === true,
    unambiguous: layout.quoteAmbiguous === true && layout.encrypted !== true,
    needsReading: false,
    anchors: new Map(),
    frames: [],
    reprinted: [],
    expanded: [],
    respelt: [],
    documents: [],
    leaving: undefined,
    openBlockPlace: undefined,
  }
}

/** @throws SopsError `cannot-emit` when a new value cannot be written. */
export function rewriteText(source: Source, wanted: Tree, layout: Layout): RewrittenText {
  const work = startRewriting(source, layout)
  const next = work.encrypted ? withElements(source.text, wanted) : wanted
  next.documents.forEach((document, i) => {
    const old = source.tree.documents[i]
    if (old) {
      rewriteDocument(
        work,
        old,
        work.encrypted ? sealedDocument(work, i, document) : document,
        source.documents[i]!.end,
      )
    } else {
      const lead = i > 0 ? `---${source.eol}` : ''
      work.edits.insertLines(source.text.length, lead + printDocument(document, work.fresh))
    }
  })
  closeOpenBlock(work)
  const text = checkedText(work, next)
  const { reprinted, expanded, respelt, documents } = work
  const reprints =
    text === undefined
      ? [{ why: 'with the changes it would not read back as intended' }]
      : reprinted.map(({ content }) => ({ line: lineIn(source.text, content), why: noPlace }))
  return { text: text ?? printedText(work, next), reprints, expanded: expanded.length, respelt, documents }
}

/** A document of an encrypted text with its metadata as it is to stand there. */
function sealedDocument({ source, documents }: YamlRewriting, at: number, next: MapNode): MapNode {
  const { document, isKept } = withNote(source, at, withOwnLine(source.text, source.tree.documents[at]!, next))
  if (!isKept) documents.push(at + 1)
  return document
}

/** Keeps a block scalar that ends with the text from taking the line break in front of what follows for its own. */
function closeOpenBlock({ source, edits, openBlockPlace, respelt }: YamlRewriting): void {
  const open = source.openBlock
  if (!open?.block || !edits.growsAtEnd() || edits.changes(open.content)) return
  const header = source.text.slice(open.content, open.block.headerEnd).replace('+', '')
  edits.replace(open.content, open.block.headerEnd, `${header}-`)
  if (openBlockPlace) respelt.push(openBlockPlace)
}

/** The text with its edits; undefined where it would not read back as intended. */
function checkedText(work: YamlRewriting, next: Tree): string | undefined {
  const { source } = work
  const spliced = work.edits.apply()
  if (spliced === undefined) return undefined
  const isChecked = work.needsReading || source.oddBlanks
  for (const body of source.oddBlanks ? [spliced, withoutOddBlanks(spliced)] : [spliced]) {
    const text = withEnd(body, next, work)
    // Blanks that the reference took where they stood are no reason to write what it refuses.
    const refused = source.oddBlanks && body === spliced ? source.refused.length : undefined
    if (isChecked && !readsAs(text, next, refused)) continue
    return (work.encrypted ? outdented : indentedAgain)(text, source, next)
  }
  return undefined
}

const noPlace = 'comments stand where its entries change'

/** All of it printed anew. */
function printedText({ fresh }: YamlRewriting, next: Tree): string {
  const printed = printTree(next, fresh)
  if (!readsAs(printed, next))
    throw new SopsError('cannot-emit', 'the changed YAML text would not read back as intended')
  return printed
}
