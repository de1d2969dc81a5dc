// What a node says: its values, without comments, spelling, and the order of maps.
import { textOrBytes } from './scalar.ts'
import type { Entry, MapNode, Node, Value } from './tree.ts'

/** Equal for equal values of one type; NaN equals itself. */
export function valueText(value: Value): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}`
  if (!(value instanceof Uint8Array)) return `time ${value.rfc3339}`
  const text = textOrBytes(value)
  return typeof text === 'string' ? valueText(text) : `bytes ${Buffer.from(text).toString('latin1')}`
}

const known = new WeakMap<Node, string>()

/** Equal for nodes that hold the same values under the same keys, elements in the same order, whatever their comments and spellings are. */
export function dataText(node: Node): string {
  if (node.kind === 'leaf') return valueText(node.value)
  const before = known.get(node)
  if (before !== undefined) return before
  const parts =
    node.kind === 'list'
      ? node.items.flatMap((item) => (item.kind === 'comment' ? [] : [dataText(item)]))
      : sortedByKey(node).flatMap(({ key, value }) => [key, dataText(value)])
  const text = `${node.kind} ${parts.map((part) => `${part.length} ${part}`).join('')}`
  known.set(node, text)
  return text
}

/** Entries of one key keep their order: the last counts to some readers, the first to others. */
function sortedByKey({ items }: MapNode): { readonly key: string; readonly value: Node }[] {
  const entries = items.flatMap((item) => (item.kind === 'entry' ? [{ key: keyText(item), value: item.value }] : []))
  return entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

/** Equal for equal keys of one type. */
export const keyText = ({ key, keyType }: Entry): string => `${keyType ?? ''} ${key}`

/** Whether both hold the same data, or are both missing. */
export const sameData = (a: Node | undefined, b: Node | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.kind === b.kind && dataText(a) === dataText(b))
