// The nodes of a document whose values, comments and items change, each in its old place.
import type { Comment, Entry, Item, Leaf, MapNode, Node, Origin } from '../../../tree/tree.ts'
import type { Place } from '../parse/builder.ts'
import { targetOf, type YAlias, type YCollection, type YElement, type YEntry, type YNode } from '../parse/nodes.ts'
import { endOf, placeOf } from '../parse/source.ts'
import { commentIn, printDocument, printKey } from '../print/print.ts'
import { resolveScalar } from '../scalar/resolve.ts'
import { sameNodes } from './check.ts'
import { type Collection, elementOf, isReal, type Kept } from './collection.ts'
import { isBareFlow } from './empty-document.ts'
import { expandAlias } from './expand.ts'
import { needsReprint, replaceRoot, rewriteItems } from './items.ts'
import { disambiguate, isPlain, rewriteLeaf } from './leaf.ts'
import type { YamlRewriting } from './place.ts'
import { replaceValue } from './replace-value.ts'

function rewriteComment(work: YamlRewriting, place: Place, next: Comment): void {
  if (next.text === place.value) return
  work.edits.replace(place.start, place.end, commentIn(next.text, work.style.eol))
}

/** An element of a block list where a comment stood on a line of its own (`withElements`). */
function putElement(work: YamlRewriting, { start, end }: Place, { value }: Leaf): void {
  work.needsReading = true
  work.edits.replace(start, end, `- ${value}`)
}

/** Pairs of what stayed, in order. */
function pairUp(old: readonly Item[], next: readonly Item[]): Kept {
  const kept: (readonly [number, number])[] = []
  let places: Map<unknown, number> | undefined
  let from = 0
  next.forEach(({ origin }, i) => {
    if (origin === undefined) return
    let at = old[from]?.origin === origin ? from : undefined
    if (at === undefined) {
      places ??= new Map(old.map((item, place) => [item.origin, place]))
      at = places.get(origin)
    }
    if (at === undefined || at < from) return
    kept.push([at, i])
    from = at + 1
  })
  return kept
}

function noteAnchor({ anchors }: YamlRewriting, node: YNode, as: Node): void {
  if (node.anchor) anchors.set(node.anchor.value, { node, next: as })
}

function isStillSaid({ anchors }: YamlRewriting, alias: YAlias, by: Node): boolean {
  const known = anchors.get(alias.name)
  return known !== undefined && known.node === alias.target && sameNodes(known.next, by)
}

/** Without the comments that stood on the line of a value and counted to that: they stay where they stand. */
function withoutMoved(work: YamlRewriting, old: Collection, to: Collection): Collection {
  let own: Set<Origin | undefined> | undefined
  const items = (to.items as readonly Item[]).filter((item) => {
    if (item.kind !== 'comment' || item.origin === undefined) return true
    own ??= new Set(old.items.map(({ origin }) => origin))
    if (own.has(item.origin)) return true
    rewriteComment(work, placeOf(item), item)
    return false
  })
  return items.length === to.items.length ? to : ({ ...to, items } as Collection)
}

/** Opens a collection that stays in its place; false where it has to be printed anew. */
function openCollection(work: YamlRewriting, old: Collection, as: Collection, limit?: number): boolean {
  const node = placeOf(old).node as YCollection
  const to = withoutMoved(work, old, as)
  const diff = { node, old, next: to, kept: pairUp(old.items, to.items), limit }
  if (needsReprint(work.source.text, diff)) return false
  noteAnchor(work, node, to)
  work.frames.push({ diff, index: 0 })
  return true
}

/** Entries or elements that stayed: to print them anew is more than the change asks for. */
function keepsSome(old: Collection, to: Collection): boolean {
  const stay = new Set((to.items as readonly Item[]).map(({ origin }) => origin))
  return (old.items as readonly Item[]).some((item) => isReal(item) && stay.has(item.origin))
}

/** The value of an element or entry of the collection around it, in its old place. */
function rewriteNode(work: YamlRewriting, around: YCollection, element: YElement, old: Node, to: Node): void {
  const node = element.value
  if (node.kind === 'alias') {
    if (isStillSaid(work, node, to)) return
    work.expanded.push(node)
    expandAlias(work, around, node, to)
  } else if (old.kind === 'leaf' && to.kind === 'leaf') {
    noteAnchor(work, node, to)
    rewriteLeaf(work, around, element, old, to)
  } else {
    const stays = old.kind !== 'leaf' && to.kind !== 'leaf' && old.kind === to.kind && old.origin === to.origin
    if (stays && openCollection(work, old, to)) return
    if (stays && keepsSome(old, to)) work.reprinted.push(node)
    replaceValue(work, around, element, old, to)
  }
}

function rewriteKey(work: YamlRewriting, key: YNode, entry: Entry): void {
  const says = targetOf(key)
  if (says.kind !== 'scalar') return
  const resolved = resolveScalar(says.tag, says.value, says.style === '')
  if ('problem' in resolved) return
  if (work.unambiguous && isPlain(key) && key.value !== '<<') disambiguate(work, key, resolved.value)
  const as: Leaf = { kind: 'leaf', value: resolved.value }
  if (key.kind !== 'alias') noteAnchor(work, key, as)
  else if (!isStillSaid(work, key, as)) {
    work.expanded.push(key)
    work.edits.replace(key.start, key.end, printKey(entry).text)
  }
}

/** An item that stayed. */
function rewriteItem(work: YamlRewriting, around: YCollection, old: Item, to: Item): void {
  if (old.kind === 'comment') {
    if (to.kind === 'comment') rewriteComment(work, placeOf(old), to)
    else if (to.kind === 'leaf') putElement(work, placeOf(old), to)
    return
  }
  const element = elementOf(old)
  if (old.kind === 'entry') {
    rewriteKey(work, (element as YEntry).key, old)
    if (to.kind === 'entry') rewriteNode(work, around, element, old.value, to.value)
  } else if (to.kind === 'comment')
    work.edits.replace(element.start, element.value.end, commentIn(to.text, work.style.eol))
  else if (to.kind !== 'entry') rewriteNode(work, around, element, old, to)
}

/** @param limit - Where the document ends. */
export function rewriteDocument(work: YamlRewriting, old: MapNode, to: MapNode, limit: number): void {
  const { node } = placeOf(old)
  const last = old.items.findLast((item) => item.kind === 'entry')
  const stays = !last || to.items.some(({ origin }) => origin === last.origin)
  work.leaving = stays ? undefined : [placeOf(last).start, endOf(last)]
  if (node?.kind !== 'map' || isBareFlow(work.source.text, node)) {
    replaceRoot(work, old, to, limit)
    return
  }
  work.anchors.clear()
  const { frames } = work
  if (!openCollection(work, old, to, limit)) {
    if (keepsSome(old, to)) work.reprinted.push(node)
    const printed = printDocument(to, work.style).slice(0, -work.style.eol.length)
    work.edits.replace(node.start, endOf(old), printed)
  }
  for (let frame = frames[0]; frame; frame = frames[frames.length - 1]) {
    const { diff } = frame
    const pair = diff.kept[frame.index++]
    if (pair) rewriteItem(work, diff.node, diff.old.items[pair[0]] as Item, diff.next.items[pair[1]] as Item)
    else {
      frames.pop()
      rewriteItems(work, diff)
    }
  }
}
