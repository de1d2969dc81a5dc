// A tree as ordinary JavaScript values.
import { isTimestamp, type MapNode, type Node, type Value } from './tree.ts'

/** What a leaf becomes: integers beyond 2^53 stay bigint, times become Date, bytes stay bytes. */
export type PlainValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | Uint8Array
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue }

function plainLeaf(value: Value): PlainValue {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  return isTimestamp(value) ? new Date(value.rfc3339) : value
}

/**
 * Maps become objects (the last of equal keys wins, `__proto__` is an ordinary key), lists arrays; comments are left out.
 */
export function toPlain(node: Node): PlainValue {
  if (node.kind === 'leaf') return plainLeaf(node.value)
  if (node.kind === 'list') return node.items.flatMap((item) => (item.kind === 'comment' ? [] : [toPlain(item)]))
  return toObject(node)
}

export const toObject = (map: MapNode): { readonly [key: string]: PlainValue } =>
  Object.fromEntries(map.items.flatMap((item) => (item.kind === 'entry' ? [[item.key, toPlain(item.value)]] : [])))
