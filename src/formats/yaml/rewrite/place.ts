// What the functions that change one place of a text share, and how a scalar is put into its place.

import type { Node, Origin } from '../../../tree/tree.ts'
import type { YAlias, YCollection, YNode, YScalar } from '../parse/nodes.ts'
import type { Source } from '../parse/source.ts'
import { isBlankEnd } from '../parse/text.ts'
import { nextColumn, type PrintStyle, type ScalarText } from '../print/print.ts'
import { isStringTag } from '../scalar/resolve.ts'
import type { Site } from '../scalar/spelling.ts'
import type { CollectionDiff } from './collection.ts'
import { lineEnd, skipBlanks, type TextEdits } from './edits.ts'

interface Frame {
  readonly diff: CollectionDiff
  /** Of the next of what stayed. */
  index: number
}

/** What the functions that change one place share. */
export interface YamlRewriting {
  readonly source: Source
  readonly edits: TextEdits
  /** How new text inside the document is laid out. */
  readonly style: PrintStyle
  /** How a new metadata entry is laid out. */
  readonly fresh: PrintStyle
  readonly encrypted: boolean
  /** What other readers see otherwise is printed as the reference does (`Layout.quoteAmbiguous`). */
  readonly unambiguous: boolean
  /** Lines came or went other than at the end of the text: the result is to be checked. */
  needsReading: boolean
  /** What the anchors of the document at hand say after the change, up to the place at hand. */
  readonly anchors: Map<string, { readonly node: YNode; readonly next: Node }>
  /** The collections of the document whose items are to be changed, the outermost first. */
  readonly frames: Frame[]
  /** Nodes that stayed but had to be printed anew. */
  readonly reprinted: YNode[]
  /** Aliases that had to be replaced by copies. */
  readonly expanded: YAlias[]
  /** Places of values that decryption will write in another way. */
  readonly respelt: Origin[]
  /** Numbers of empty documents that decryption will write in another way. */
  readonly documents: number[]
  /** Where the last entry of the document at hand begins and ends, if it goes (the metadata of a file that is decrypted). */
  leaving: readonly [start: number, end: number] | undefined
  /** Of a leaf that stays, written as the block scalar that ends with the text (`Source.openBlock`). */
  openBlockPlace: Origin | undefined
}

/** Its text begins directly behind its anchor, as only a `:` may (`&x:y`). */
export const isGlued = (text: string, node: YNode): boolean =>
  node.anchor !== undefined && !isBlankEnd(text.charCodeAt(node.content - 1))

/** On a line of its own, no deeper than the keys around it. */
export const standsUnderKey = (around: YCollection, node: YNode): boolean =>
  !around.flow && around.kind === 'map' && node.column <= around.column

/** Where a scalar of a collection stands. */
export function siteOf(work: YamlRewriting, around: YCollection, node: YScalar | undefined): Site {
  const inList = around.kind === 'list'
  return {
    flow: around.flow,
    column: node?.block?.column ?? (inList ? around.column + 2 : nextColumn(around.column, work.style.indent)),
    outer: around.column,
    digit: node?.block?.digit ?? false,
    digitLast: node?.block?.digitLast ?? false,
    blanks: node?.block?.blanks,
    eol: work.style.eol,
    tagged: node !== undefined && isStringTag(node.tag),
    bare: node?.block !== undefined && standsUnderKey(around, node),
  }
}

/** Takes the tag of a scalar node away. */
export function dropTag({ edits }: YamlRewriting, node: YScalar | YAlias): void {
  if (node.tagToken)
    edits.replace(node.tagToken.start, Math.min(skipBlanks(edits.text, node.tagToken.end), node.content), '')
}

/** Puts the text of a scalar in the place of a scalar or an alias; tags that no longer fit go. */
export function putScalar(
  work: YamlRewriting,
  node: YScalar | YAlias,
  text: ScalarText & { untagged?: boolean },
): void {
  const { edits } = work
  const source = edits.text
  const drops = !isStringTag(node.tag) || text.untagged === true
  if (drops) dropTag(work, node)
  const isBare = node.content === node.end && !(drops && node.tagToken?.end === node.content)
  const isTight = node.content > 0 && !isBlankEnd(source.charCodeAt(node.content - 1))
  const lead = isTight && (isBare || isGlued(source, node)) ? ' ' : ''
  const block = node.kind === 'scalar' ? node.block : undefined
  edits.replace(node.content, block ? block.headerEnd : node.end, lead + text.head)
  if (text.body === undefined && !block) return
  const eol = lineEnd(source, block ? block.headerEnd : node.end)
  if (text.body === undefined) {
    if (block) edits.replace(eol, Math.max(eol, block.contentEnd), '')
  } else if (block && block.contentEnd > block.body) edits.replace(block.body, block.contentEnd, text.body)
  else edits.replace(eol, eol, work.style.eol + text.body)
}
