// Puts the metadata of an earlier version of a file into a new one, where it stood and as it was spelled.
import { isReserved, type MetadataPlacement } from '../metadata/index.ts'
import type { Comment, Entry, ListNode, MapNode, Node, Tree } from '../tree/tree.ts'

/** A metadata entry as a text says it, and where it stands among the data of its document. */
export interface MetadataText {
  readonly key: string
  /** In the order of the text, without origins. */
  readonly value: Node
  /** Its exact text, in whole lines; undefined where it shares them. */
  readonly text: string | undefined
  readonly place: Place
}

/** Behind the last of these data entries that is still there, and so many comments; undefined behind all data. */
type Place = { readonly behind: readonly string[]; readonly comments: number } | undefined

/** The metadata entries of a document, in their order. */
export function placedTexts(
  { items }: MapNode,
  placement: MetadataPlacement,
  textOf: (entry: Entry) => string | undefined,
): MetadataText[] {
  const found: MetadataText[] = []
  const last = items.findLastIndex((item) => !isReserved(item, placement))
  const behind: string[] = []
  let comments = 0
  for (const [at, item] of items.entries()) {
    if (item.kind === 'comment') {
      comments++
      continue
    }
    const isData: boolean = !isReserved(item, placement)
    if (isData) behind.push(item.key)
    else {
      const place = at > last ? undefined : { behind: [...behind], comments }
      found.push({ key: item.key, value: withoutOrigins(item.value), text: textOf(item), place })
    }
    comments = 0
  }
  return found
}

/** The tree, whose metadata has no place in its text yet, with the metadata entries in the order, places and spellings of `texts`. */
export const withTexts = (
  tree: Tree,
  texts: readonly (readonly MetadataText[])[],
  placement: MetadataPlacement,
): Tree => ({
  documents: tree.documents.map((document, i) => {
    const own = texts[Math.min(i, texts.length - 1)]
    return own === undefined ? document : { ...document, items: placed(document.items, own, placement) }
  }),
})

function withoutOrigins(node: Node): Node {
  if (node.kind === 'leaf') return { kind: 'leaf', value: node.value }
  const items = (node.items as readonly (Entry | Node | Comment)[]).map((item) => {
    if (item.kind === 'comment') return { kind: 'comment', text: item.text, inline: item.inline }
    return item.kind === 'entry'
      ? { kind: 'entry', key: item.key, value: withoutOrigins(item.value) }
      : withoutOrigins(item)
  })
  return { kind: node.kind, items } as MapNode | ListNode
}

function placed(
  items: MapNode['items'],
  texts: readonly MetadataText[],
  placement: MetadataPlacement,
): (Entry | Comment)[] {
  const left = new Map<string, Entry>()
  const data: (Entry | Comment)[] = []
  for (const item of items) {
    if (isReserved(item, placement) && item.origin === undefined) left.set(item.key, item)
    else data.push(item)
  }
  const groups = new Map<number, Entry[]>()
  const findPlace = placeFinder(data)
  let target = 0
  for (const { key, value, text, place } of texts) {
    const entry = left.get(key)
    if (entry === undefined) continue
    left.delete(key)
    target = Math.max(target, place === undefined ? data.length : findPlace(place))
    const group = groups.get(target) ?? []
    groups.set(target, group)
    group.push(text === undefined ? entry : { ...entry, value, text })
  }
  return [
    ...data.flatMap((item, at) => [...(groups.get(at) ?? []), item]),
    ...(groups.get(data.length) ?? []),
    ...left.values(),
  ]
}

function placeFinder(items: readonly (Entry | Comment)[]): (place: NonNullable<Place>) => number {
  const places = new Map(items.flatMap((item, at) => (item.kind === 'entry' ? [[item.key, at] as const] : [])))
  return ({ behind, comments }) => {
    const nearest = behind.findLast((key) => places.has(key))
    let at = nearest === undefined ? 0 : places.get(nearest)! + 1
    if (nearest === behind.at(-1)) for (let i = 0; i < comments && items[at]?.kind === 'comment'; i++) at++
    return at
  }
}
