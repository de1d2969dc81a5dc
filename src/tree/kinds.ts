// What messages call the kinds of values.
import { typeOf } from './scalar.ts'
import type { Node, Value } from './tree.ts'

export const textKind = 'a text'
export const wholeNumberKind = 'a whole number'
export const listKind = 'a list'
export const mapKind = 'a map'

/** With its article: `a whole number`. */
export const kindOf = (value: Value): string => (value === null ? 'null' : kinds[typeOf(value)])

export function kindOfNode(node: Node): string {
  if (node.kind === 'leaf') return kindOf(node.value)
  return node.kind === 'map' ? mapKind : listKind
}

const kinds = {
  str: textKind,
  int: wholeNumberKind,
  float: 'a number',
  bool: 'a boolean',
  time: 'a time',
  comment: 'a comment',
} as const
