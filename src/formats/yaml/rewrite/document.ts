// The nodes of a document whose values, comments and items change, each in its old place.
import type { Comment, Entry, Item, Leaf, MapNode, Node, Origin } from '../../../tree/tree.ts'
import type { Place } from '../parse/builder.ts'
import { targetOf, type YAlias, type YCollection, type YElement, type YEntry, type YNode } from '../parse/nodes.ts'
import { endOf, placeOf } from '../parse/source.ts'
import { commentIn, printDocument, printKey } from '../print/print.ts'
import { resolveScalar } from '../scalar/resolve.ts'
import { sameNodes } from './check.ts'
import { type Collection, elementOf, type Kept } from './collection.ts'
import { expandAlias } from './expand.ts'
import { changeItems, needsReprint, replaceRoot } from './items.ts'
import { agree, changeLeaf, isPlain } from './leaf.ts'
import type { Job } from './place.ts'
import { replaceValue } from './replace-value.ts'

function changeComment(job: Job, place: Place, next: Comment): void {
  if (next.text === place.value) return
  job.edits.replace(place.start, place.end, commentIn(next.text, job.style.eol))
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

function note({ anchors }: Job, node: YNode, as: Node): void {
  if (node.anchor) anchors.set(node.anchor.value, { node, next: as })
}

function isStillSaid({ anchors }: Job, alias: YAlias, by: Node): boolean {
  const known = anchors.get(alias.name)
  return known !== undefined && known.node === alias.target && sameNodes(known.next, by)
}

/** Without the comments that stood on the line of a value and counted to that: they stay where they stand. */
function withoutMoved(job: Job, old: Collection, to: Collection): Collection {
  let own: Set<Origin | undefined> | undefined
  const items = (to.items as readonly Item[]).filter((item) => {
    if (item.kind !== 'comment' || item.origin === undefined) return true
    own ??= new Set(old.items.map(({ origin }) => origin))
    if (own.has(item.origin)) return true
    changeComment(job, placeOf(item), item)
    return false
  })
  return items.length === to.items.length ? to : ({ ...to, items } as Collection)
}

/** Opens a collection that stays in its place; false where it has to be printed anew. */
function enter(job: Job, old: Collection, as: Collection, limit?: number): boolean {
  const node = placeOf(old).node as YCollection
  const to = withoutMoved(job, old, as)
  const change = { node, old, next: to, kept: pairUp(old.items, to.items), limit }
  if (needsReprint(job.source.text, change)) return false
  note(job, node, to)
  job.frames.push({ change, index: 0 })
  return true
}

/** The value of an element or entry of the collection around it, in its old place. */
function changeNode(job: Job, around: YCollection, element: YElement, old: Node, to: Node): void {
  const node = element.value
  if (node.kind === 'alias') {
    if (isStillSaid(job, node, to)) return
    job.expanded.push(node)
    expandAlias(job, around, node, to)
  } else if (old.kind === 'leaf' && to.kind === 'leaf') {
    note(job, node, to)
    changeLeaf(job, around, element, old, to)
  } else {
    const stays = old.kind !== 'leaf' && to.kind !== 'leaf' && old.kind === to.kind && old.origin === to.origin
    if (!stays || !enter(job, old, to)) replaceValue(job, around, element, old, to)
  }
}

function changeKey(job: Job, key: YNode, entry: Entry): void {
  const says = targetOf(key)
  if (says.kind !== 'scalar') return
  const resolved = resolveScalar(says.tag, says.value, says.style === '')
  if ('problem' in resolved) return
  if (job.agreed && isPlain(key) && key.value !== '<<') agree(job, key, resolved.value)
  const as: Leaf = { kind: 'leaf', value: resolved.value }
  if (key.kind !== 'alias') note(job, key, as)
  else if (!isStillSaid(job, key, as)) {
    job.expanded.push(key)
    job.edits.replace(key.start, key.end, printKey(entry).text)
  }
}

/** An item that stayed. */
function changeItem(job: Job, around: YCollection, old: Item, to: Item): void {
  if (old.kind === 'comment') {
    if (to.kind === 'comment') changeComment(job, placeOf(old), to)
    return
  }
  const element = elementOf(old)
  if (old.kind === 'entry') {
    changeKey(job, (element as YEntry).key, old)
    if (to.kind === 'entry') changeNode(job, around, element, old.value, to.value)
  } else if (to.kind === 'comment')
    job.edits.replace(element.lead, element.value.end, commentIn(to.text, job.style.eol))
  else if (to.kind !== 'entry') changeNode(job, around, element, old, to)
}

/** @param limit - Where the document ends. */
export function changeDocument(job: Job, old: MapNode, to: MapNode, limit: number): void {
  const { node } = placeOf(old)
  const last = old.items.findLast((item) => item.kind === 'entry')
  const stays = !last || to.items.some(({ origin }) => origin === last.origin)
  job.leaving = stays ? undefined : [placeOf(last).start, endOf(last)]
  if (node?.kind !== 'map') {
    replaceRoot(job, old, to, limit)
    return
  }
  job.anchors.clear()
  const { frames } = job
  if (!enter(job, old, to, limit)) {
    const printed = printDocument(to, job.style).slice(0, -job.style.eol.length)
    job.edits.replace(node.start, endOf(old), printed)
  }
  for (let frame = frames[0]; frame; frame = frames[frames.length - 1]) {
    const { change } = frame
    const pair = change.kept[frame.index++]
    if (pair) changeItem(job, change.node, change.old.items[pair[0]] as Item, change.next.items[pair[1]] as Item)
    else {
      frames.pop()
      changeItems(job, change)
    }
  }
}
