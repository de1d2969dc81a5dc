// Values in flow style: on one line, or with a line for each comment and what it is about.
import type { Entry, Item, ListNode, MapNode, Node, Value } from '../../../tree/tree.ts'
import { canBePlain, referenceStyle, writeDouble, writeSingle } from '../scalar/strings.ts'
import { commentLines, isSpelledOut, merges, printKey, printScalar, spellingOf } from './print.ts'

interface FlowStyle {
  /** Where lines of their own begin, for comments; without it comments are left out. */
  readonly lines?: { readonly eol: string; readonly column: number }
}

type Collection = MapNode | ListNode
interface Placed {
  readonly item: Entry | Node
  readonly depth: number
}

/** Collections with a comment in them, however deep. */
function commented(root: Node): Set<Node> {
  const found = new Set<Node>()
  const all: { readonly node: Node; readonly around: Node | undefined }[] = [{ node: root, around: undefined }]
  for (let i = 0; i < all.length; i++) {
    const { node } = all[i]!
    if (node.kind === 'leaf') continue
    for (const item of node.items as readonly Item[]) {
      if (item.kind === 'comment') found.add(node)
      else all.push({ node: item.kind === 'entry' ? item.value : item, around: node })
    }
  }
  for (const { node, around } of all.reverse()) if (around && found.has(node)) found.add(around)
  return found
}

/** For texts that are kept: numbers and the like keep their own spelling. */
export function printFlow(root: Node, { lines }: FlowStyle = {}): string {
  const wide = lines ? commented(root) : new Set<Node>()
  const out: string[] = []
  const steps: (string | Placed)[] = [{ item: root, depth: 0 }]

  const newLine = (depth: number): string => (lines ? lines.eol + ' '.repeat(lines.column + 2 * depth) : '')

  /** What a collection says, in order. */
  function partsOf(node: Collection, depth: number): (string | Placed)[] {
    const isWide = wide.has(node)
    const items = node.items as readonly Item[]
    const last = items.findLastIndex((item) => item.kind !== 'comment')
    const parts: (string | Placed)[] = [node.kind === 'map' ? '{' : '[']
    items.forEach((item, i) => {
      if (item.kind === 'comment') {
        if (isWide) for (const line of commentLines(item)) parts.push(newLine(depth + 1), line)
        return
      }
      if (isWide) parts.push(newLine(depth + 1))
      parts.push({ item, depth: depth + 1 })
      if (i < last) parts.push(isWide ? ',' : ', ')
    })
    if (isWide) parts.push(newLine(depth))
    parts.push(node.kind === 'map' ? '}' : ']')
    return parts
  }

  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    if (typeof step === 'string') {
      out.push(step)
      continue
    }
    const { item, depth } = step
    if (item.kind === 'entry') {
      const isMerge = item.key === '<<' && merges(item.value)
      const plain = isMerge ? '<<' : canBePlain(item.key, true) ? printKey(item).text : writeDouble(item.key, false)
      out.push(plain, ': ')
      steps.push({ item: item.value, depth })
    } else if (item.kind === 'leaf')
      out.push(spellingOf(item) ?? (isSpelledOut(item) ? `"${item.value}"` : printFlowLeaf(item.value)))
    else for (const part of partsOf(item, depth).reverse()) steps.push(part)
  }
  return out.join('')
}

/** Plain as the reference would print it where flow style allows, else in quotes; an encrypted value in single ones. */
function printFlowLeaf(value: Value): string {
  if (typeof value !== 'string') return printScalar(value, 0, 0, '\n').head
  const style = referenceStyle(value)
  if (style === '' && canBePlain(value, true)) return value
  return style === '' || style === "'" ? writeSingle(value) : writeDouble(value, false)
}
