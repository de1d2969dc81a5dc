// A tree as ordinary JavaScript values.
import { isTimestamp, type MapNode, type Node, type Value } from './tree.ts'
import { findTwins, type LineOf, refuseChoice } from './twins.ts'

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

/** Puts a key's value into an object as its own property, whatever the key is. */
function put(object: object, key: string, value: PlainValue): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else (object as Record<string, PlainValue>)[key] = value
}

/**
 * Maps become objects (`__proto__` is an ordinary key), lists arrays; comments are left out. In a key each byte
 * that is not UTF-8 is a lone surrogate, U+DC80 to U+DCFF.
 * @throws SopsError `generic` for a key with several values, of which an object can hold one.
 */
export function toPlain(root: Node, lineOf?: LineOf): PlainValue {
  refuseChoice(findTwins({ documents: [root] }), 'the object', { lineOf })
  // Containers nest deeper than the call stack (spec/format.md 7.2), so they wait in a queue until they are filled.
  const waiting: [Node, PlainValue][] = []
  const begun = (node: Node): PlainValue => {
    if (node.kind === 'leaf') return plainLeaf(node.value)
    const empty: PlainValue = node.kind === 'list' ? [] : {}
    waiting.push([node, empty])
    return empty
  }
  const result = begun(root)
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [node, value] = next
    if (node.kind === 'list') {
      for (const item of node.items) if (item.kind !== 'comment') (value as PlainValue[]).push(begun(item))
    } else if (node.kind === 'map') {
      for (const item of node.items) if (item.kind === 'entry') put(value as object, item.key, begun(item.value))
    }
  }
  return result
}

/**
 * A map as a plain object, as `decryptToObject` gives it.
 * @throws as `toPlain`.
 */
export const toObject = (map: MapNode, lineOf?: LineOf): { readonly [key: string]: PlainValue } =>
  toPlain(map, lineOf) as { readonly [key: string]: PlainValue }
