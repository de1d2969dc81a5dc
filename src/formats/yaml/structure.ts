// Entries, list items and comments that come and go, and values that change their kind.
import type { Comment, Entry, ListNode, MapNode, Node } from '../../core/tree.ts'
import type { YNode } from './compose.ts'
import { afterBreak, blanksBefore, isFirstOnLine, lineEnd, lineStart, skipBlanks } from './edits.ts'
import {
  columnUnder,
  type PrintStyle,
  printBehind,
  printDocument,
  printFlow,
  printFlowLeaf,
  printItems,
  printKey,
} from './print.ts'
import type { Job } from './rewrite.ts'
import { endOf, placeOf } from './source.ts'
import { writeDouble } from './strings.ts'

type Collection = MapNode | ListNode
type Item = Entry | Node | Comment

const isReal = (item: Item): item is Entry | Node => item.kind !== 'comment'
const hasReal = (node: Collection): boolean => (node.items as readonly Item[]).some(isReal)

const metadataKey = 'sops'

/** New items as whole lines. A top-level entry may bring its own text, the metadata its own layout. */
function printNew(job: Job, items: readonly Item[], column: number, isList: boolean, isRoot: boolean): string {
  const parts: string[] = []
  let run: Item[] = []
  const print = (some: readonly Item[], style: PrintStyle) => {
    if (some.length === 0) return
    parts.push(printItems({ kind: isList ? 'list' : 'map', items: some } as Collection, column, style))
  }
  for (const item of items) {
    const entry = item.kind === 'entry' && isRoot ? item : undefined
    if (entry?.text === undefined && entry?.key !== metadataKey) {
      run.push(item)
      continue
    }
    print(run, job.style)
    run = []
    if (entry.text === undefined) print([entry], job.fresh)
    else parts.push(/[\r\n]$/.test(entry.text) ? entry.text : entry.text + job.style.eol)
  }
  print(run, job.style)
  return parts.join('')
}

/** Where an item of a block collection begins: its key's `?` or start, its dash, its `#`. */
function leadOf(node: YNode, item: Item): number {
  const place = placeOf(item)
  if (item.kind === 'comment') return place.start
  const own = (item.kind === 'entry' ? place.node : (place.alias ?? place.node)) as YNode
  const at = node.items.indexOf(own)
  return (item.kind === 'entry' ? node.leads[at / 2] : node.leads[at]) as number
}

/** Brings the items of a collection to those of `next`; what stayed has been changed already. */
export function changeItems(
  job: Job,
  node: YNode,
  old: Collection,
  next: Collection,
  kept: readonly (readonly [number, number])[],
): void {
  if (kept.length === old.items.length && kept.length === next.items.length) {
    if (isReal0(old) && !isReal0(next)) emptied(job, node, old, next)
    return
  }
  const isRoot = job.source.tree.documents.some((document) => document.origin === old.origin)
  if (node.flow) changeFlow(job, node, old, next, kept, isRoot)
  else changeBlock(job, node, old, next, kept, isRoot)
}

const isReal0 = hasReal

/** A block collection without items left. */
function emptied(job: Job, node: YNode, old: Collection, next: Collection): void {
  void job, node, old, next
}

function changeBlock(
  job: Job,
  node: YNode,
  old: Collection,
  next: Collection,
  kept: readonly (readonly [number, number])[],
  isRoot: boolean,
): void {
  const { edits } = job
  const { text } = edits
  const stays = new Set(kept.map(([at]) => at))
  const items = old.items as readonly Item[]
  const sorted = [...kept].map(([at]) => items[at] as Item)

  for (let i = 0; i < items.length; i++) {
    if (stays.has(i)) continue
    const item = items[i] as Item
    const start = leadOf(node, item)
    const end = endOf(item)
    if (item.kind === 'comment') {
      removeComment(job, start, end)
      continue
    }
    const inside = sorted.filter(
      (other) => other.kind === 'comment' && placeOf(other).start > start && placeOf(other).start < lineEnd(text, end),
    )
    if (isFirstOnLine(text, start)) {
      const pad = ' '.repeat(node.column)
      const lines = inside.map(
        (comment) => `${pad}#${(next.items.find((n) => n.origin === comment.origin) as Comment).text}${job.style.eol}`,
      )
      edits.removeLines(start, end, lines.join(''))
    } else {
      const following = sorted
        .map((other) => leadOf(node, other))
        .filter((lead) => lead > start)
        .sort((a, b) => a - b)[0]
      edits.replace(start, following ?? end, '')
    }
  }

  const isList = node.kind === 'list'
  let group: Item[] = []
  const staying = new Map(kept.map(([at, to]) => [to, items[at] as Item]))
  let prior: Item | undefined
  const flush = (following: Item | undefined) => {
    if (group.length === 0) return
    if (prior) edits.insertLines(endOf(prior), printNew(job, group, node.column, isList, isRoot))
    else if (following) {
      const at = leadOf(node, following)
      if (isFirstOnLine(text, at))
        edits.replace(lineStart(text, at), lineStart(text, at), printNew(job, group, node.column, isList, isRoot))
      else {
        const style = job.style
        const lines = printItems({ kind: node.kind, items: group } as Collection, node.column, style, true)
        edits.replace(at, at, lines + ' '.repeat(node.column))
      }
    }
    group = []
  }
  next.items.forEach((item, i) => {
    const same = staying.get(i)
    if (!same) {
      group.push(item)
      return
    }
    flush(same)
    if (!prior || endOf(same) >= endOf(prior)) prior = same
  })
  flush(undefined)
}

function removeComment(job: Job, start: number, end: number): void {
  const { edits } = job
  if (isFirstOnLine(edits.text, start)) edits.removeLines(start, end)
  else edits.replace(blanksBefore(edits.text, start), end, '')
}

function changeFlow(
  job: Job,
  node: YNode,
  old: Collection,
  next: Collection,
  kept: readonly (readonly [number, number])[],
  isRoot: boolean,
): void {
  const { edits } = job
  void isRoot
  if (node.pair || !(old.items as readonly Item[]).every((item) => isReal(item))) {
    edits.replace(node.content, node.end, printFlow(next))
    return
  }
  const items = old.items as readonly (Entry | Node)[]
  const start = (item: Item) => placeStart(item)
  const end = (item: Item) => placeEnd(item)
  const stays = kept.map(([at]) => at)
  const piece = (item: Item) => printFlowItem(item)
  if (stays.length === 0) {
    const inner = (next.items as readonly Item[]).filter(isReal).map(piece).join(', ')
    edits.replace(node.content + 1, node.end - 1, inner)
    return
  }
  const staysSet = new Set(stays)
  for (let i = 0; i < items.length; ) {
    if (staysSet.has(i)) {
      i++
      continue
    }
    let j = i
    while (j < items.length && !staysSet.has(j)) j++
    if (j < items.length) edits.replace(start(items[i] as Item), start(items[j] as Item), '')
    else edits.replace(end(items[i - 1] as Item), end(items[j - 1] as Item), '')
    i = j
  }
  const staying = new Map(kept.map(([at, to]) => [to, items[at] as Item]))
  let prior: Item | undefined
  let before: string[] = []
  next.items.forEach((item, i) => {
    const same = staying.get(i)
    if (same) {
      if (!prior && before.length > 0)
        edits.replace(start(same), start(same), before.map((text) => `${text}, `).join(''))
      prior = same
      before = []
    } else if (isReal(item)) {
      if (prior) edits.replace(end(prior), end(prior), `, ${piece(item)}`)
      else before.push(piece(item))
    }
  })
}

const placeStart = (item: Item): number => {
  const place = placeOf(item)
  return item.kind === 'entry' ? place.start : (place.alias ?? place).start
}
const placeEnd = (item: Item): number => {
  const place = placeOf(item)
  return item.kind === 'entry' ? place.end : (place.alias ?? place).end
}

function printFlowItem(item: Item): string {
  if (item.kind !== 'entry') return printFlow(item as Node)
  return printFlow({ kind: 'map', items: [item] }).slice(1, -1)
}

/** A value in the place of another one of a different kind. `at` is its index among the node's items. */
export function replaceValue(job: Job, around: YNode, at: number, old: Node, next: Node): void {
  const { edits } = job
  const { text } = edits
  const node = around.items[at] as YNode
  if (around.flow) {
    const missing = node.start === node.end
    edits.replace(node.start, node.end, (missing ? ' ' : '') + printFlow(next))
    return
  }
  const inList = around.kind === 'list'
  const mark = inList ? (around.leads[at] as number) + 1 : (around.marks[(at - 1) / 2] as number)
  const behind = printBehind(next, around.column, inList, job.style).slice(0, -job.style.eol.length)
  const isBlock = (node.kind === 'map' || node.kind === 'list') && !node.flow
  const end = isBlock ? endOf(old) : node.end
  if (mark < 0) {
    edits.replace(node.start, node.start, `${job.style.eol}${' '.repeat(around.column)}:${behind}`)
    return
  }
  const lineOfMark = lineEnd(text, mark)
  if (isBlock || node.start > lineOfMark || node.block) {
    // The first line of the new text goes behind the mark, before a comment there; the rest takes the place of the old lines.
    const from = skipBlanks(text, mark)
    const cut = behind.indexOf(job.style.eol)
    const head = cut < 0 ? behind : behind.slice(0, cut)
    const rest = cut < 0 ? '' : behind.slice(cut)
    if (node.start < lineOfMark) {
      const headEnd = node.block
        ? node.block.headerEnd
        : isBlock && node.content >= lineOfMark
          ? ((node.anchor ?? node.tagToken)?.end ?? mark)
          : undefined
      if (headEnd === undefined) {
        edits.replace(mark, end, behind)
        return
      }
      edits.replace(mark, Math.max(headEnd, node.anchor?.end ?? 0, node.tagToken?.end ?? 0), head)
    } else edits.replace(mark, mark, head)
    void from
    edits.replace(lineOfMark, Math.max(end, lineOfMark), rest)
    return
  }
  const cut = behind.indexOf(job.style.eol)
  edits.replace(mark, end, cut < 0 ? behind : behind.slice(0, cut))
  const eol = lineEnd(text, end)
  if (cut >= 0) edits.replace(eol, eol, behind.slice(cut))
}

/** A document whose root was no map: empty, or null. */
export function replaceRoot(job: Job, old: MapNode, next: MapNode): void {
  const { edits, fresh } = job
  const { text } = edits
  const place = placeOf(old)
  const added = next.items.filter((item) => item.origin === undefined)
  for (const item of old.items) {
    const to = next.items.find((other) => other.origin === item.origin)
    const at = placeOf(item)
    if (to?.kind === 'comment') {
      if (to.text !== at.value) edits.replace(at.start, at.end, `#${to.text}`)
    } else removeComment(job, at.start, at.end)
  }
  if (added.length === 0) return
  const lines = printNew(job, added, 0, false, true)
  if (place.node) {
    edits.replace(place.node.start, place.node.end, '')
    const last = old.items[old.items.length - 1]
    edits.insertLines(Math.max(place.node.end, last ? placeOf(last).end : 0), lines)
    return
  }
  const last = old.items[old.items.length - 1]
  edits.insertLines(last ? Math.max(placeOf(last).end, place.start) : place.start, lines)
  void text
  void fresh
}

void afterBreak
void columnUnder
void printDocument
void printFlowLeaf
void printKey
void writeDouble
