// Entries, list items and comments that come and go, and values that change their kind.
import { SopsError } from '../../../errors.ts'
import { type Entry, type Item, type MapNode, sameNode } from '../../../tree/tree.ts'
import { endOf, placeOf, read, type Source } from '../parse/source.ts'
import { commentIn, type PrintStyle, printItems } from '../print/print.ts'
import { type Collection, type CollectionDiff, elementOf, hasReal, isReal, itemsOf } from './collection.ts'
import { blanksBefore, isFirstOnLine, lineEnd, lineStart } from './edits.ts'
import { plainEmptiness, standsAtEnd } from './empty-document.ts'
import { flowCuts, rewriteFlow } from './flow-items.ts'
import { metadataKey, placedAt } from './metadata-line.ts'
import type { YamlRewriting } from './place.ts'

/** New items as whole lines. An entry may bring its own text, the metadata its own layout. */
function printNew(
  work: YamlRewriting,
  items: readonly Item[],
  column: number,
  isList: boolean,
  isRoot: boolean,
): string {
  const parts: string[] = []
  let run: Item[] = []
  const print = (some: readonly Item[], style: PrintStyle): void => {
    if (some.length > 0)
      parts.push(printItems({ kind: isList ? 'list' : 'map', items: some } as Collection, column, style))
  }
  for (const item of items) {
    const isMetadata = isRoot && item.kind === 'entry' && item.key === metadataKey
    const brought = isMetadata
      ? ownText(item, column)
      : item.kind === 'entry'
        ? broughtText(work, item, run, column)
        : undefined
    if (brought === undefined && !isMetadata) {
      run.push(item)
      continue
    }
    print(brought ? run.slice(0, run.length - brought.comments) : run, work.style)
    run = []
    if (brought === undefined) print([item], work.fresh)
    else parts.push(/[\r\n]$/.test(brought.text) ? brought.text : brought.text + work.style.eol)
  }
  print(run, work.style)
  return parts.join('')
}

/** What those mean depends on the text around them. */
const anchorOrAlias = /(?:^|[\s:,[{-])[&*][^\s]/m

interface Brought {
  readonly text: string
  /** How many of the comments before the entry are in the text already: those beside it. */
  readonly comments: number
}

/** The text that the metadata brings. */
const ownText = ({ text }: Entry, column: number): Brought | undefined =>
  text === undefined ? undefined : { text: placedAt(text, column), comments: 0 }

/** The text that an entry brings, for its new column; undefined where it says something else by now, as when its values are sealed anew. */
function broughtText(
  { style }: YamlRewriting,
  entry: Entry,
  before: readonly Item[],
  column: number,
): Brought | undefined {
  if (entry.text === undefined) return undefined
  const text = placedAt(entry.text, column).replaceAll(/\r\n?|\n/g, style.eol)
  if (anchorOrAlias.test(text)) return undefined
  const said = itemsIn(text)
  const [last, comments] = [said?.at(-1), said?.slice(0, -1) ?? []]
  const beside = before.slice(before.length - comments.length)
  const isSame =
    last !== undefined &&
    sameNode(last, entry) &&
    beside.length === comments.length &&
    comments.every((comment, i) => comment.kind === 'comment' && comment.inline && sameNode(comment, beside[i]!))
  return isSame ? { text, comments: comments.length } : undefined
}

function itemsIn(text: string): readonly Item[] | undefined {
  try {
    return read(Buffer.from(text)).tree.documents[0]?.items
  } catch (error) {
    if (error instanceof SopsError) return undefined
    throw error
  }
}

/** Where an item of a block collection begins: its key's `?` or start, its dash, its `#`. */
const leadOf = (item: Item): number => (isReal(item) ? elementOf(item).start : placeOf(item).start)

/** Nothing came or went. */
const isSettled = ({ old, next, kept }: CollectionDiff): boolean =>
  kept.length === old.items.length && kept.length === next.items.length

/** The change cannot be spliced: the whole collection has to be printed again, instead of its items being changed one by one. */
export function needsReprint(text: string, diff: CollectionDiff): boolean {
  const { node, old, next, kept, limit } = diff
  const items = itemsOf(diff)
  const keepsReal = kept.some(([at, to]) => isReal(items.old[at] as Item) && isReal(items.next[to] as Item))
  if (!node.flow && limit === undefined && hasReal(old) && !keepsReal) return true
  if (isSettled(diff)) return false
  if (!node.flow) {
    if (limit === undefined) return hasReal(old) && replacesFirst(text, diff)
    return kept.length === 0 && hasReal(next)
  }
  if ((node.kind === 'map' && node.pair) || items.next.some((item) => !isReal(item) && item.origin === undefined))
    return true
  const comments = items.old.filter((item) => !isReal(item)).map((item) => placeOf(item).start)
  return comments.length > 0 && flowCuts(text, diff).some(([from, to]) => comments.some((at) => at >= from && at < to))
}

/** The first item shares its line with a dash, goes, and another one comes in its place. */
function replacesFirst(text: string, { old, next, kept }: CollectionDiff): boolean {
  const first = (old.items as readonly Item[]).findIndex(isReal)
  if (kept.some(([at]) => at === first) || isFirstOnLine(text, leadOf(old.items[first] as Item))) return false
  const staying = kept.find(([at]) => isReal(old.items[at] as Item))
  return staying === undefined || (next.items as readonly Item[]).slice(0, staying[1]).some(isReal)
}

/** Only metadata comes or goes, and no block scalar is there whose empty lines count. */
function isAtEnd(source: Source, { old, next, kept, limit }: CollectionDiff): boolean {
  if (limit === undefined || source.keepsLines) return false
  const isMetadata = (item: Item | undefined): boolean => item?.kind === 'entry' && item.key === metadataKey
  const last = kept[kept.length - 1] ?? [-1, -1]
  const rest = [...old.items.slice(last[0] + 1), ...next.items.slice(last[1] + 1)]
  return kept.length === last[0] + 1 && kept.length === last[1] + 1 && rest.every(isMetadata)
}

/** Brings the items of a collection to those of `next`; what stayed has been changed already. */
export function rewriteItems(work: YamlRewriting, diff: CollectionDiff): void {
  if (isSettled(diff)) return
  if (!isAtEnd(work.source, diff)) work.needsReading = true
  if (diff.node.flow) rewriteFlow(work, diff)
  else {
    removeItems(work, diff)
    addItems(work, diff)
  }
}

/**
 * An item ends in a comment of a list or map inside it that stands no deeper than `column`: only as the last line, or before an empty one,
 * does the comment belong to what is above it.
 */
function endsInOuterComment(text: string, item: Item | undefined, column: number): boolean {
  let at: Item | undefined = item
  while (at && at.kind !== 'comment') {
    if (at.kind === 'leaf' || placeOf(at).alias) return false
    at = at.kind === 'entry' ? at.value : (at.items as readonly Item[])[at.items.length - 1]
  }
  if (!at || at === item) return false
  const { start } = placeOf(at)
  return start - lineStart(text, start) <= column
}

function removeItems(work: YamlRewriting, diff: CollectionDiff): void {
  const { edits, style } = work
  const { text } = edits
  const { node, kept, limit } = diff
  const { old, next } = itemsOf(diff)
  if (kept.length === old.length) return
  const stays = new Set(kept.map(([at]) => at))
  const gone = old.filter((_, i) => !stays.has(i))
  let emptied = limit !== undefined && !next.some(isReal) ? plainEmptiness(work.source, diff.old as MapNode) : undefined
  for (const item of gone) {
    const start = leadOf(item)
    const end = endOf(item)
    if (!isReal(item)) {
      removeComment(work, start, end)
      continue
    }
    const last = lineEnd(text, end)
    const lines: string[] = []
    for (const [at, i] of kept) {
      const to = next[i] as Item
      const place = placeOf(old[at] as Item)
      if (to.kind === 'comment' && place.start >= start && place.start < last)
        lines.push(commentIn(to.text, style.eol) + style.eol)
    }
    const isFirst = isFirstOnLine(text, start)
    if (emptied?.offset !== undefined) edits.replace(emptied.offset, emptied.offset, emptied.text)
    else if (emptied && emptied.text !== '') lines.push(emptied.text + (isFirst ? style.eol : ''))
    emptied = undefined
    const pad = ' '.repeat(node.column)
    if (isFirst) edits.removeLines(start, end, lines.map((line) => pad + line).join(''))
    else {
      const leads = kept.map(([at]) => leadOf(old[at] as Item)).filter((lead) => lead > last)
      const following = leads.length > 0 ? leads.reduce((least, lead) => Math.min(least, lead)) : undefined
      edits.replace(
        start,
        following ?? end,
        lines.map((line) => (following === undefined ? line : line + pad)).join(''),
      )
    }
  }
}

function removeComment(work: YamlRewriting, start: number, end: number): void {
  const { edits } = work
  if (isFirstOnLine(edits.text, start)) edits.removeLines(start, end)
  else edits.replace(blanksBefore(edits.text, start), end, '')
}

function addItems(work: YamlRewriting, diff: CollectionDiff): void {
  const { edits, style } = work
  const { text } = edits
  const { node, kept, limit } = diff
  const { old, next } = itemsOf(diff)
  if (kept.length === next.length) return
  let group: Item[] = []
  let prior: number | undefined
  let priorItem: Item | undefined

  /** Metadata stands at the end of its document; empty lines behind the one before stay there. */
  function addMetadata(entry: Item): void {
    const lines = printNew(work, [entry], node.column, false, true)
    const before = old.findLast(isReal)
    if (before?.kind === 'entry' && before.key === metadataKey) edits.insertLines(endOf(before), lines)
    else edits.insertAtEnd(limit as number, lines, before && endOf(before))
  }

  function flush(following: Item | undefined): void {
    const last = group[group.length - 1]
    const metadata =
      limit !== undefined && !following && last?.kind === 'entry' && last.key === metadataKey ? last : undefined
    const items = metadata ? group.slice(0, -1) : group
    group = []
    if (metadata) {
      addBefore(items, following)
      addMetadata(metadata)
    } else addBefore(items, following)
  }

  function addBefore(items: readonly Item[], following: Item | undefined): void {
    if (items.length === 0) return
    const lines = (): string => printNew(work, items, node.column, node.kind === 'list', limit !== undefined)
    if (prior !== undefined) {
      const gap = limit === undefined && endsInOuterComment(text, priorItem, node.column) ? style.eol : ''
      edits.insertLines(prior, gap + lines())
    } else {
      const at = following ? leadOf(following) : node.content
      const start = lineStart(text, at)
      if (isFirstOnLine(text, at)) edits.replace(start, start, lines())
      else {
        const inner = printItems({ kind: node.kind, items } as unknown as Collection, node.column, style, true)
        edits.replace(at, at, inner + ' '.repeat(node.column))
      }
    }
  }

  let pair = 0
  for (let i = 0; i < next.length; i++) {
    const found = kept[pair]
    const same = found?.[1] === i ? old[found[0]] : undefined
    if (same) pair++
    else {
      group.push(next[i] as Item)
      continue
    }
    // A comment beside an item comes before it in the tree.
    if (!isReal(same) && !isFirstOnLine(text, placeOf(same).start)) continue
    flush(same)
    const end = endOf(same)
    if (limit !== undefined && end > limit) continue
    prior = Math.max(prior ?? 0, end)
    priorItem = same
  }
  flush(undefined)
}

/** A document whose root was no map: empty, or null. */
export function replaceRoot(work: YamlRewriting, old: MapNode, next: MapNode, limit: number): void {
  const { edits } = work
  if (next.items.length !== old.items.length) work.needsReading = true
  const place = placeOf(old)
  const added = next.items.filter((item) => item.origin === undefined)
  let last = place.node?.end ?? place.start
  for (const item of old.items) {
    const from = placeOf(item)
    const to = next.items.find((other) => other.origin === item.origin)
    if (to?.kind !== 'comment') removeComment(work, from.start, from.end)
    else if (to.text !== from.value) edits.replace(from.start, from.end, commentIn(to.text, work.style.eol))
    if (from.end <= limit) last = Math.max(last, from.end)
  }
  if (added.length === 0) return
  const lines = printNew(work, added, 0, false, true)
  const { node } = place
  if (!node && old.items.length === 0) {
    // Comments that stand here, but count to the document before, must not fall into what is added.
    edits.insertAtEnd(limit, lines)
    return
  }
  if (node && node.end > node.start) {
    if (standsAtEnd(work.source, old, limit)) {
      edits.removeLines(node.start, node.end, lines)
      return
    }
    edits.replace(node.start, node.end, '')
  }
  edits.insertLines(last, lines)
}
