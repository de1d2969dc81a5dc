// Paths that are one to the cipher: it joins keys with `:` and does not escape the colons in them (spec/format.md 2.4).
import { formatPath } from '../tree/path.ts'
import type { Leaf, MapNode, Node } from '../tree/tree.ts'
import type { Selection } from './selection.ts'
import { walk } from './walk.ts'

/** Without a colon in a key every path can be told from every other. */
function hasColon(document: MapNode): boolean {
  const waiting: Node[] = [document]
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.kind === 'leaf') continue
    for (const item of node.items) {
      if (item.kind === 'comment') continue
      if (item.kind === 'entry' && item.key.includes(':')) return true
      const value = item.kind === 'entry' ? item.value : item
      if (value.kind !== 'leaf') waiting.push(value)
    }
  }
  return false
}

/** Two paths of encrypted values of the document for each text that stands for more than one, as users write them. Lists are left out of paths. */
export function sharedPaths(document: MapNode, selection: Selection): readonly (readonly [string, string])[] {
  if (!hasColon(document)) return []
  const first = new Map<string, string>()
  const shared = new Map<string, readonly [string, string]>()
  const path: string[] = []
  const leaf = (found: Leaf, aad: string, selected: boolean): Leaf => {
    if (!selected || found.value === null || found.value === '') return found
    const place = formatPath(path)
    const known = first.get(aad)
    if (known === undefined) first.set(aad, place)
    else if (known !== place && !shared.has(aad)) shared.set(aad, [known, place])
    return found
  }
  walk({ documents: [document] }, selection, { leaf, comment: (comment) => comment }, path)
  return [...shared.values()]
}
