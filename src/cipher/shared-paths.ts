// Paths that are one to the cipher: it joins keys with `:` and does not escape the colons in them (spec/format.md 2.4).
import { formatPath } from '../tree/path.ts'
import type { Leaf, MapNode, Node } from '../tree/tree.ts'
import type { Selection } from './selection.ts'
import { walk } from './walk.ts'

interface Place {
  readonly node: Node
  /** The keys down to it as the cipher joins them. */
  readonly aad: string
  readonly hasColon: boolean
}

/** What the cipher joins the paths of leaves to that have a colon in a key: without one every path can be told from every other. */
function colonPaths(document: MapNode): Set<string> {
  const found = new Set<string>()
  const waiting: Place[] = [{ node: document, aad: '', hasColon: false }]
  for (let place = waiting.pop(); place; place = waiting.pop()) {
    const { node, aad, hasColon } = place
    if (node.kind === 'leaf') continue
    for (const item of node.items) {
      if (item.kind === 'comment') continue
      const isEntry = item.kind === 'entry'
      const value = isEntry ? item.value : item
      const isColon = hasColon || (isEntry && item.key.includes(':'))
      if (value.kind !== 'leaf') {
        waiting.push({ node: value, aad: isEntry ? `${aad}${item.key}:` : aad, hasColon: isColon })
      } else if (isColon) {
        found.add(isEntry ? `${aad}${item.key}:` : aad)
      }
    }
  }
  return found
}

/** Two paths of encrypted values of the document for each text that stands for more than one, as users write them. Lists are left out of paths. */
export function sharedPaths(document: MapNode, selection: Selection): readonly (readonly [string, string])[] {
  const ambiguous = colonPaths(document)
  if (ambiguous.size === 0) return []
  const first = new Map<string, string>()
  const shared = new Map<string, readonly [string, string]>()
  const path: string[] = []
  const leaf = (found: Leaf, aad: string, selected: boolean): Leaf => {
    if (!selected || found.value === null || found.value === '' || !ambiguous.has(aad)) return found
    const place = formatPath(path)
    const known = first.get(aad)
    if (known === undefined) first.set(aad, place)
    else if (known !== place && !shared.has(aad)) shared.set(aad, [known, place])
    return found
  }
  walk({ documents: [document] }, selection, { leaf, comment: (comment) => comment }, path)
  return [...shared.values()]
}
