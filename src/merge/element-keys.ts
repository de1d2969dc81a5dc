// What names the elements of a list, so that two versions of it can be paired.
import type { Node } from '../tree/tree.ts'
import type { Group } from './groups.ts'

/** Fields that name elements, the usual ones of Kubernetes and of APIs. */
const naming = ['name', 'id', 'key']

/** The name of each element, where every element of all lists has a unique one in the same field. */
export function elementKeys(lists: readonly (readonly Group<Node>[])[]): ((group: Group<Node>) => string) | undefined {
  const field = naming.find((name) => lists.every((groups) => areUnique(groups.map(({ item }) => nameIn(item, name)))))
  if (field === undefined || lists.every((groups) => groups.length === 0)) return undefined
  return ({ item }) => nameIn(item, field)!
}

const areUnique = (names: readonly (string | undefined)[]): boolean =>
  names.every((name) => name !== undefined) && new Set(names).size === names.length

function nameIn(node: Node, field: string): string | undefined {
  if (node.kind !== 'map') return undefined
  const found = node.items.filter((item) => item.kind === 'entry' && item.key === field)
  const [entry] = found
  if (found.length !== 1 || entry?.kind !== 'entry' || entry.value.kind !== 'leaf') return undefined
  return typeof entry.value.value === 'string' ? entry.value.value : undefined
}
