// The source text with what differs between two trees changed, and every other byte kept.

import { SopsError } from '../../../errors.ts'
import type { Origin, Tree } from '../../../tree/tree.ts'
import type { Layout } from '../../types.ts'
import type { YDocument } from '../parse/nodes.ts'
import { type Source, withoutOddBlanks } from '../parse/source.ts'
import { indentOf, printDocument, printTree } from '../print/print.ts'
import { withEnd } from './block-ends.ts'
import { readsAs } from './check.ts'
import { changeDocument } from './document.ts'
import { createEdits } from './edits.ts'
import { indentedAgain, outdented, withOwnLine } from './metadata-line.ts'
import type { Job } from './place.ts'

export interface Rewritten {
  readonly text: string
  /** How many aliases had to be replaced by copies. */
  readonly expanded: number
  /** Encrypted numbers and the like whose decryption will be spelled in another way. */
  readonly respelt: readonly Origin[]
}

function startJob(source: Source, layout: Layout): Job {
  const { eol, flatLists } = source
  const fresh = { indent: indentOf(layout.indent), eol, spelled: true }
  const indent = source.indent === undefined ? fresh.indent : Math.min(Math.max(source.indent, 1), 16)
  return {
    source,
    edits: createEdits(source.text, source.eol),
    style: { indent, eol, flatLists, spelled: true },
    fresh,
    encrypted: layout.encrypted === true,
    agreed: layout.quoteAmbiguous === true && layout.encrypted !== true,
    restructured: false,
    anchors: new Map(),
    frames: [],
    expanded: [],
    respelt: [],
    leaving: undefined,
    openPlace: undefined,
  }
}

/** @throws SopsError `cannot-emit` when a new value cannot be written. */
export function rewriteText(source: Source, next: Tree, layout: Layout): Rewritten {
  const job = startJob(source, layout)
  next.documents.forEach((document, i) => {
    const old = source.tree.documents[i]
    if (old) {
      const to = job.encrypted ? withOwnLine(source.text, old, document) : document
      changeDocument(job, old, to, (source.documents[i] as YDocument).end)
    } else {
      const lead = i > 0 ? `---${source.eol}` : ''
      job.edits.insertLines(source.text.length, lead + printDocument(document, job.fresh))
    }
  })
  closeOpenBlock(job)
  const text = checkedText(job, next) ?? printedText(job, next)
  return { text, expanded: job.expanded.length, respelt: job.respelt }
}

/** Keeps a block scalar that ends with the text from taking the line break in front of what follows for its own. */
function closeOpenBlock({ source, edits, openPlace, respelt }: Job): void {
  const open = source.openBlock
  if (!open?.block || !edits.growsAtEnd() || edits.changes(open.content)) return
  const header = source.text.slice(open.content, open.block.headerEnd).replace('+', '')
  edits.replace(open.content, open.block.headerEnd, `${header}-`)
  if (openPlace) respelt.push(openPlace)
}

/** The text with its edits; undefined where it would not read back as intended. */
function checkedText(job: Job, next: Tree): string | undefined {
  const { source } = job
  const spliced = job.edits.apply()
  if (spliced === undefined) return undefined
  const isChecked = job.restructured || source.oddBlanks
  for (const body of source.oddBlanks ? [spliced, withoutOddBlanks(spliced)] : [spliced]) {
    const text = withEnd(body, next, job)
    // Blanks that the reference took where they stood are no reason to write what it refuses.
    const refused = source.oddBlanks && body === spliced ? source.refused.length : undefined
    if (isChecked && !readsAs(text, next, refused)) continue
    return (job.encrypted ? outdented : indentedAgain)(text, source, next)
  }
  return undefined
}

/** All of it printed anew. */
function printedText({ fresh }: Job, next: Tree): string {
  const printed = printTree(next, fresh)
  if (!readsAs(printed, next))
    throw new SopsError('cannot-emit', 'the changed YAML text would not read back as intended')
  return printed
}
