// A value in the place of another one, with what leads to it.
import type { Node } from '../../../tree/tree.ts'
import { isCollection, type YCollection, type YElement, type YEntry, type YNode } from '../parse/nodes.ts'
import { endOf } from '../parse/source.ts'
import { printFlow } from '../print/flow.ts'
import { printBehind, printItems } from '../print/print.ts'
import { hasReal } from './collection.ts'
import { lineEnd } from './edits.ts'
import { standsUnderKey, type YamlRewriting } from './place.ts'

/** What sets a value apart from a key that stands alone in a flow map. */
const colonBehind = (key: YNode): string => (key.kind === 'alias' || key.content === key.end ? ' : ' : ': ')

/** A value in the place of the one of an element or entry of the collection around it. */
export function replaceValue(work: YamlRewriting, around: YCollection, element: YElement, old: Node, next: Node): void {
  work.needsReading = true
  if (around.flow) replaceInFlow(work, around, element, next)
  else if (element.valueStart < 0) addBehindKey(work, around, element, next)
  else replaceInBlock(work, around, element, old, next)
}

function replaceInFlow({ edits, style }: YamlRewriting, around: YCollection, element: YElement, next: Node): void {
  const { value: node, valueStart } = element
  const printed = printFlow(next, { lines: { eol: style.eol, column: around.column + 2 } })
  const lead = node.start < node.end ? '' : valueStart < 0 ? colonBehind((element as YEntry).key) : ' '
  edits.replace(node.start, node.end, lead + printed)
}

/** As it stands behind its dash or `:`, without the line break at its end. */
const behindLead = ({ style }: YamlRewriting, around: YCollection, next: Node): string =>
  printBehind(next, around.column, around.kind === 'list', style).slice(0, -style.eol.length)

/** The value of a key that has no `:`. */
function addBehindKey(work: YamlRewriting, around: YCollection, { value: node }: YElement, next: Node): void {
  const { edits, style } = work
  const line = lineEnd(edits.text, node.end)
  edits.replace(line, line, `${style.eol}${' '.repeat(around.column)}:${behindLead(work, around, next)}`)
}

function replaceInBlock(work: YamlRewriting, around: YCollection, element: YElement, old: Node, next: Node): void {
  const { edits, style } = work
  const { text } = edits
  const { value: node, valueStart } = element
  const behind = behindLead(work, around, next)
  const isBlock = isCollection(node) && !node.flow
  const end = isBlock ? lineEnd(text, endOf(old)) : node.end
  const firstLine = lineEnd(text, valueStart)
  const cut = behind.indexOf(style.eol)
  const head = cut < 0 ? behind : behind.slice(0, cut)
  const rest = cut < 0 ? '' : behind.slice(cut)
  const block = node.kind === 'scalar' ? node.block : undefined
  if (isBlock && node.content > firstLine) {
    // Tag and anchor go, a comment behind the key stays on its line; the new lines take the place of the old ones.
    const properties = Math.max(node.tagToken?.end ?? valueStart, node.anchor?.end ?? valueStart)
    edits.replace(valueStart, Math.min(properties, firstLine), head)
    edits.replace(firstLine, end, rest)
  } else if (isBlock) edits.replace(valueStart, end, behind)
  else if (block && standsUnderKey(around, node)) {
    edits.replace(valueStart, valueStart, head)
    edits.removeLines(node.start, end, rest === '' ? '' : rest.slice(style.eol.length) + style.eol)
  } else if (block) {
    edits.replace(valueStart, block.headerEnd, head)
    const line = lineEnd(text, block.headerEnd)
    edits.replace(line, Math.max(line, end), rest)
  } else if (node.start > firstLine) {
    // Comments between key and value stay; the value begins on a line of its own.
    const lines = (): string => printItems(next as never, node.column, style, true).slice(0, -style.eol.length)
    edits.replace(node.start, end, next.kind === 'leaf' || !hasReal(next) ? head.trimStart() : lines())
  } else {
    edits.replace(valueStart, end, head)
    const line = lineEnd(text, end)
    edits.replace(line, line, rest)
  }
}
