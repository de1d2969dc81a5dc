// Documents of three versions: paired by their place, or by what Kubernetes calls them.
import { dataText, sameData } from '../tree/data.ts'
import type { Entry, MapNode, Node, Tree } from '../tree/tree.ts'
import { foreign } from './foreign.ts'
import { inOrderOfBoth } from './groups.ts'
import { type Merging, mergeMaps } from './nodes.ts'

/** How the documents are merged; `document` is filled in for each. */
type MergingTrees = Omit<Merging, 'document'>

/** The merged tree; undefined where documents came or went and nothing tells which. */
export function mergeTrees(base: Tree | undefined, ours: Tree, theirs: Tree, how: MergingTrees): Tree | undefined {
  const [b, o, t] = [base?.documents ?? [], ours.documents, theirs.documents]
  const isPaired = o.length === t.length && (b.length === o.length || b.length === 0) && !isMoved(b, o, t)
  if (isPaired) return { documents: o.map((own, i) => mergeMaps(b[i], own, t[i]!, [], { ...how, document: i })) }
  return how.isBaseUnknown ? undefined : mergeNamed(b, o, t, how)
}

/** Whether documents that stand in one place are not the same one: by their names, or where a side has a document of the base in another place. */
function isMoved(base: readonly MapNode[], ours: readonly MapNode[], theirs: readonly MapNode[]): boolean {
  const names = [base, ours, theirs].flatMap((documents) => {
    const found = byName(documents)
    return found && documents.length > 0 ? [[...found.keys()].join()] : []
  })
  if (names.length > 0 && names.every((name) => name === names[0])) return false
  if (new Set(names).size > 1) return true
  const places = new Map(base.map((document, i) => [dataText(document), i]))
  return [ours, theirs].some((documents) =>
    documents.some((document, i) => !sameData(document, base[i]) && places.has(dataText(document))),
  )
}

function mergeNamed(
  base: readonly MapNode[],
  ours: readonly MapNode[],
  theirs: readonly MapNode[],
  how: MergingTrees,
): Tree | undefined {
  const [b, o, t] = [base, ours, theirs].map(byName)
  if (!b || !o || !t) return undefined
  const merged = new Map<string, MapNode>()
  for (const name of new Set([...o.keys(), ...t.keys()])) {
    const [old, own, other] = [b.get(name), o.get(name), t.get(name)]
    if (own && other) merged.set(name, mergeMaps(old, own, other, [], { ...how, document: ours.indexOf(own) }))
    else if (old === undefined) merged.set(name, own ?? foreign(other!, (entry: Entry) => how.textOf('theirs', entry)))
    else if (!sameData(old, own ?? other)) return undefined
  }
  return { documents: inOrderOfBoth(o.keys(), t.keys(), merged) }
}

/** Undefined where two have one name, or one has none. */
function byName(documents: readonly MapNode[]): ReadonlyMap<string, MapNode> | undefined {
  const found = new Map<string, MapNode>()
  for (const document of documents) {
    const [version, kind, metadata] = ['apiVersion', 'kind', 'metadata'].map((key) => valueAt(document, key))
    const name = metadata?.kind === 'map' ? textOf(valueAt(metadata, 'name')) : undefined
    const space = metadata?.kind === 'map' ? textOf(valueAt(metadata, 'namespace')) : undefined
    if (textOf(version) === undefined || textOf(kind) === undefined || name === undefined) return undefined
    const id = JSON.stringify([textOf(version), textOf(kind), space, name])
    if (found.has(id)) return undefined
    found.set(id, document)
  }
  return found
}

function valueAt({ items }: MapNode, key: string): Node | undefined {
  const found = items.find((item) => item.kind === 'entry' && item.key === key)
  return found?.kind === 'entry' ? found.value : undefined
}

const textOf = (node: Node | undefined): string | undefined =>
  node?.kind === 'leaf' && typeof node.value === 'string' ? node.value : undefined
