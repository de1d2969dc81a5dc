// A part of a file in one line, with its values or without.
import type { Item, Node, Value } from '../../tree/tree.ts'

/** Says nothing of a value, not even how long it is. */
const mask = '••••••'

const valueText = (value: Value): string => {
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value === 'object' && value !== null) return value.rfc3339
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/** Keys as they are, values masked unless they are wanted clear. */
export function nodeText(node: Node | undefined, isClear: boolean): string {
  if (node === undefined) return '(not there)'
  if (node.kind === 'leaf') return isClear ? valueText(node.value) : mask
  const items = (node.items as readonly Item[]).flatMap((item) => {
    if (item.kind === 'comment') return []
    return item.kind === 'entry' ? [`${item.key}: ${nodeText(item.value, isClear)}`] : [nodeText(item, isClear)]
  })
  return node.kind === 'map' ? `{${items.join(', ')}}` : `[${items.join(', ')}]`
}
