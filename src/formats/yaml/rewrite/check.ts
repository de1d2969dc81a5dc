// Whether a changed text says what it should: asked where structure changed, for a wrong byte there costs a secret.

import { SopsError } from '../../../errors.ts'
import type { Item, Node, Tree, Value } from '../../../tree/tree.ts'
import { sameValue } from '../../../tree/tree.ts'
import { read, type Source } from '../parse/source.ts'

export const unchanged = (a: Value, b: Value): boolean => sameValue(a, b) || Object.is(a, b)

/** The same for YAML, which prints integral floats as integers and text as text. */
function samePrinted(a: Value, b: Value): boolean {
  if (unchanged(a, b)) return true
  const number = (value: Value): Value => (typeof value === 'bigint' ? Number(value) : value)
  const bytes = (value: Value): Value => (typeof value === 'string' ? Buffer.from(value) : value)
  if (typeof a === 'number' || typeof b === 'number') return number(a) === number(b)
  return a instanceof Uint8Array !== b instanceof Uint8Array && sameValue(bytes(a), bytes(b))
}

const withoutComments = (items: readonly Item[]): readonly Item[] => items.filter((item) => item.kind !== 'comment')

/** Equal in kinds, keys and values; with `all` also in comments and exact types. */
export function sameNodes(one: Node, other: Node, all = true): boolean {
  const pairs: [Item, Item][] = [[one, other]]
  for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
    const [a, b] = pair
    if (a === b) continue
    if (a.kind === 'entry') {
      if (b.kind !== 'entry' || a.key !== b.key || a.keyType !== b.keyType) return false
      pairs.push([a.value, b.value])
    } else if (a.kind === 'leaf') {
      if (b.kind !== 'leaf' || !(all ? unchanged : samePrinted)(a.value, b.value)) return false
    } else if (a.kind === 'comment') {
      if (b.kind !== 'comment' || a.text !== b.text) return false
    } else {
      if (b.kind !== a.kind) return false
      const items = all ? a.items : withoutComments(a.items)
      const others = all ? b.items : withoutComments(b.items)
      if (items.length !== others.length) return false
      for (let i = 0; i < items.length; i++) pairs.push([items[i] as Item, others[i] as Item])
    }
  }
  return true
}

/** Undefined where the text does not parse. */
export function readIfSound(text: string): Source | undefined {
  try {
    return read(Buffer.from(text))
  } catch (error) {
    if (error instanceof SopsError) return undefined
    throw error
  }
}

/** The text reads back with the keys and values of the tree; the reference refuses no more than `refused` places. */
export function readsAs(text: string, tree: Tree, refused?: number): boolean {
  const source = readIfSound(text)
  const documents = source?.tree.documents
  return (
    documents !== undefined &&
    (refused === undefined || source!.refused.length <= refused) &&
    documents.length === tree.documents.length &&
    documents.every((document, i) => sameNodes(document, tree.documents[i] as Node, false))
  )
}
