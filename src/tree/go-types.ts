// The names that the reference's messages give to the types of values.
import { typeOf } from './scalar.ts'
import type { Value } from './tree.ts'

export const goList = '[]interface {}'
export const goMap = 'map[string]interface {}'
/** A map that keeps the order of its entries: a part of a document. */
export const goBranch = 'sops.TreeBranch'

export const goTypeOf = (value: Value): string => (value === null ? '<nil>' : goTypes[typeOf(value)])

const goTypes = {
  str: 'string',
  int: 'int',
  float: 'float64',
  bool: 'bool',
  time: 'time.Time',
  comment: 'sops.Comment',
} as const
