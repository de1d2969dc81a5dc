// Scalars and keys as values of the tree.
import { formatFloatF } from '../../../tree/floats.ts'
import { kindOf, listKind, mapKind } from '../../../tree/kinds.ts'
import type { Leaf, Value } from '../../../tree/tree.ts'
import { printPlain, resolvePlain, resolveScalar } from '../scalar/resolve.ts'
import { type Builder, countCopy, type Place } from './builder.ts'
import { targetOf, type YAlias, type YElement, type YNode, type YScalar } from './nodes.ts'
import { parseError } from './text.ts'

/** @throws SopsError `parse` for a tag that the text does not fit. */
export function scalarValue({ text }: Builder, node: YScalar): Value {
  const resolved = resolveScalar(node.tag, node.value, node.style === '')
  if ('problem' in resolved) throw parseError(text, node.start, resolved.problem)
  return resolved.value
}

export function buildLeaf(b: Builder, node: YScalar, alias: YAlias | undefined, element: YElement | undefined): Leaf {
  if (alias) countCopy(b, node.value.length, node.start)
  const value = scalarValue(b, node)
  const origin: Place = { start: node.start, end: node.end, value, node, element, alias }
  if (typeof value === 'string' || value === null || value instanceof Uint8Array) return { kind: 'leaf', value, origin }
  // Readers of YAML 1.2 take digits with underscores for text.
  const text = node.value.replaceAll('_', '')
  // A float by its tag alone is spelled as one, so that it stays one where the tag cannot stand.
  const spelling =
    typeof value === 'number' && typeof resolvePlain(text) === 'bigint' ? `${formatFloatF(value)}.0` : text
  return spelling === printPlain(value) ? { kind: 'leaf', value, origin } : { kind: 'leaf', value, spelling, origin }
}

/** A key's text, and its type where that is no string. */
export function keyOf(b: Builder, key: YNode): { key: string; keyType?: string } {
  const target = targetOf(key)
  if (target.kind !== 'scalar') {
    const keyType = target.kind === 'map' ? mapKind : listKind
    return { key: b.text.slice(key.start, key.end), keyType }
  }
  const value = scalarValue(b, target)
  return typeof value === 'string' ? { key: value } : { key: target.value, keyType: kindOf(value) }
}
