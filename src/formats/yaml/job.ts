// What the functions that change one place of a text share, and how a scalar is put into its place.

import type { Origin } from '../../core/tree.ts'
import { type Edits, lineEnd, skipBlanks } from './edits.ts'
import type { YNode } from './nodes.ts'
import { nextColumn, type PrintStyle, type ScalarText } from './print.ts'
import { isTypeTag } from './resolve.ts'
import type { Source } from './source.ts'
import { isBlankEnd } from './text.ts'
import { isStringTag, type Site } from './token.ts'

/** What the functions that change one place share. */
export interface Job {
  readonly source: Source
  readonly edits: Edits
  /** How new text inside the document is laid out. */
  readonly style: PrintStyle
  /** How a new metadata entry is laid out. */
  readonly fresh: PrintStyle
  readonly encrypted: boolean
  /** Lines came or went other than at the end of the text: the result is to be checked. */
  restructured: boolean
  /** Places of values that decryption will write in another way. */
  readonly respelt: Origin[]
  /** Where the last entry of the document at hand begins and ends, if it goes (the metadata of a file that is decrypted). */
  leaving: readonly [start: number, end: number] | undefined
  /** Of a leaf that stays, written as the block scalar that ends with the text (`Source.openBlock`). */
  openPlace: Origin | undefined
  /** Of the last leaf decrypted into a block scalar that said by ending with the text that its value has no line break at the end. */
  reopened: Origin | undefined
}

/** Its text begins directly behind its anchor, as only a `:` may (`&x:y`). */
export const isGlued = (text: string, node: YNode): boolean =>
  node.anchor !== undefined && !isBlankEnd(text.charCodeAt(node.content - 1))

/** On a line of its own, no deeper than the keys around it. */
export const standsUnderKey = (around: YNode, node: YNode): boolean =>
  !around.flow && around.kind === 'map' && node.column <= around.column

/** Where a scalar of a collection stands. */
export function siteOf(job: Job, around: YNode, node: YNode | undefined): Site {
  const inList = around.kind === 'list'
  return {
    flow: around.flow,
    column: node?.block?.column ?? (inList ? around.column + 2 : nextColumn(around.column, job.style.indent)),
    outer: around.column,
    digit: node?.block?.digit ?? false,
    digitLast: node?.block?.digitLast ?? false,
    blanks: node?.block?.blanks,
    eol: job.style.eol,
    tagged: node !== undefined && isStringTag(node.tag),
    bare: node?.block !== undefined && standsUnderKey(around, node),
  }
}

/** Puts the text of a scalar in the place of a scalar node; tags that no longer fit go. */
export function putScalar(job: Job, node: YNode, text: ScalarText & { untagged?: boolean }, less: boolean): void {
  const { edits } = job
  const source = edits.text
  let lead = less ? '! ' : ''
  if (node.tagToken && (node.tag === '!' || isTypeTag(node.tag) || text.untagged)) {
    const end = Math.min(skipBlanks(source, node.tagToken.end), node.content)
    if (node.tag === '!' && less && end === node.content) lead = ''
    else edits.replace(node.tagToken.start, end, '')
  }
  const before = source.charCodeAt(node.content - 1)
  if ((node.content === node.end || isGlued(source, node)) && node.content > 0 && !isBlankEnd(before)) lead = ` ${lead}`
  const { block } = node
  edits.replace(node.content, block ? block.headerEnd : node.end, lead + text.head)
  if (text.body === undefined && !block) return
  const eol = lineEnd(source, block ? block.headerEnd : node.end)
  if (text.body === undefined) {
    if (block) edits.replace(eol, Math.max(eol, block.contentEnd), '')
  } else if (block && block.contentEnd > block.body) edits.replace(block.body, block.contentEnd, text.body)
  else edits.replace(eol, eol, job.style.eol + text.body)
}
