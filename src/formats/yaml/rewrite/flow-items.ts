// Items of flow collections that come and go, commas included.
import type { Entry, Item, Node } from '../../../tree/tree.ts'
import type { YCollection, YElement, YEntry } from '../parse/nodes.ts'
import { placeOf } from '../parse/source.ts'
import { printFlow } from '../print/flow.ts'
import { type CollectionDiff, elementOf, isReal, itemsOf, ownNode } from './collection.ts'
import { afterBreak, blanksBefore, isFirstOnLine, lineEnd, lineStart, skipBlanks } from './edits.ts'
import { isMetadata, metadataKey } from './metadata-line.ts'
import type { YamlRewriting } from './place.ts'

/** Where an item begins: with the `?` of its key, if that has one. */
function flowStart(text: string, item: Item): number {
  if (!isReal(item)) return placeOf(item).start
  const { start } = ownNode(item)
  const lead = blanksBefore(text, start) - 1
  return item.kind === 'entry' && lead < start - 1 && text[lead] === '?' ? lead : start
}
const flowEnd = (item: Item): number => {
  const place = placeOf(item)
  return (place.element?.value ?? place).end
}

/** What stands between two items, or between an item and a bracket: blanks, a comma, comments. */
interface Gap {
  /** The offset of the comma; -1 without one. */
  readonly comma: number
  /** The end of the last comment; -1 without one. */
  readonly commentEnd: number
}

function gapOf(text: string, from: number, to: number): Gap {
  let comma = -1
  let commentEnd = -1
  for (let at = from; at < to; at++) {
    if (text[at] === ',') comma = at
    else if (text[at] === '#') {
      commentEnd = lineEnd(text, at)
      at = commentEnd
    }
  }
  return { comma, commentEnd }
}

type Cut = readonly [start: number, end: number]

const realItems = (diff: CollectionDiff): (Entry | Node)[] => (diff.old.items as readonly Item[]).filter(isReal)

/** The last items go, and others come in their place. */
function replacesEnd({ old, next, kept }: CollectionDiff): boolean {
  const [at, to] = kept.findLast(([place]) => isReal(old.items[place] as Item)) ?? [-1, -1]
  const come = (next.items as readonly Item[]).slice(to + 1).some(isReal)
  return come && (old.items as readonly Item[]).slice(at + 1).some(isReal)
}

/** The pieces of a flow collection's text that go, commas included. Comments between items stay. */
export function flowCuts(text: string, diff: CollectionDiff): Cut[] {
  const { node, old, kept } = diff
  const stays = new Set(kept.map(([at]) => old.items[at]))
  const items = realItems(diff)
  const isRoot = diff.limit !== undefined
  const cuts: Cut[] = []
  for (let i = 0; i < items.length; ) {
    if (stays.has(items[i] as Item as never)) {
      i++
      continue
    }
    let j = i
    while (j < items.length && !stays.has(items[j] as never)) j++
    if (j < items.length)
      for (let k = i; k < j; k++) cuts.push(cutBefore(text, items[k] as Item, items[k + 1] as Item, isRoot))
    else if (replacesEnd(diff)) {
      const start = flowStart(text, items[i] as Item)
      const isLine = isRoot && isMetadata(items[i] as Item)
      cuts.push([isLine ? blanksBefore(text, start) : start, flowEnd(items[j - 1] as Item)])
    } else for (const cut of cutsAtEnd(text, node, items, i)) cuts.push(cut)
    i = j
  }
  return cuts
}

/** An item goes that another one follows: with what lies between them, or up to the comments there. */
function cutBefore(text: string, item: Item, next: Item, isRoot: boolean): Cut {
  const start = flowStart(text, item)
  const { comma, commentEnd } = gapOf(text, flowEnd(item), flowStart(text, next))
  if (isRoot && isMetadata(next) && commentEnd < 0) {
    const line = lineStart(text, flowStart(text, next))
    // The line of the metadata stays one.
    if (line > start)
      return [blanksBefore(text, start), lineEnd(text, line - (text.startsWith('\r\n', line - 2) ? 2 : 1))]
  }
  // The reference loses a comment right behind a bracket.
  if (commentEnd < 0 || '[{'.includes(text.charAt(blanksBefore(text, start) - 1))) return [start, flowStart(text, next)]
  const end = skipBlanks(text, comma + 1)
  const isLine = isFirstOnLine(text, start) && lineEnd(text, end) === end
  return isLine ? [lineStart(text, start), afterBreak(text, end)] : [start, end]
}

/** All items from `first` on go. A comma at the end stays one. */
function cutsAtEnd(text: string, node: YCollection, items: readonly Item[], first: number): Cut[] {
  const from = first > 0 ? flowEnd(items[first - 1] as Item) : node.content + 1
  const start = flowStart(text, items[first] as Item)
  const end = flowEnd(items[items.length - 1] as Item)
  const before = gapOf(text, from, start)
  const behind = gapOf(text, end, node.end - 1)
  const isLoose = behind.comma >= 0
  const last = isLoose ? behind.comma + 1 : end
  // The comma on a line below the comment stays, as the one at the end that it was.
  if (isLoose && before.comma > before.commentEnd && before.commentEnd >= 0) return [[before.comma + 1, last]]
  if (before.commentEnd >= 0) {
    // The bracket must not come to stand on the line of the comment.
    const lines: Cut = [/[\r\n]/.test(text.slice(last, node.end)) ? before.commentEnd : start, last]
    if (before.comma < 0 || isLoose) return [lines]
    const prior = items[first - 1]
    const isMissing = prior?.kind === 'entry' && elementOf(prior).valueStart === from
    const comma = isMissing && text.startsWith(' ,', from) ? from : before.comma
    return [[comma, before.comma + 1], lines]
  }
  if (first === 0) return [[from, last]]
  // The comma is what makes a colon before it a part of the name (`{a:,b: 1}` has the key `a:`).
  const prior = items[first - 1] as Entry | Node
  const isOpen = text.startsWith(':,', from - 1) && !/["']/.test(text[from - 2] as string) && !needsBlank(text, prior)
  const needsComma = isOpen && !isLoose && !/[\]}]/.test(text[end] as string)
  return [[needsComma ? from + 1 : from, end]]
}

/** Of a document's own entries the metadata stands below a line of its own. */
function printFlowItem(item: Entry | Node, isRoot: boolean, eol: string): string {
  if (item.kind !== 'entry') return printFlow(item)
  if (isRoot && isMetadata(item)) return `${eol}${metadataKey}:${eol}  ${printFlow(item.value)}`
  return printFlow({ kind: 'map', items: [item] }).slice(1, -1)
}

/** Behind a comma. */
const spaced = (printed: string): string => (/^[\r\n]/.test(printed) ? printed : ` ${printed}`)

const printFlowItems = (items: readonly (Entry | Node)[], isRoot: boolean, eol: string): string =>
  items.map((item) => printFlowItem(item, isRoot, eol)).reduce((before, printed) => `${before},${spaced(printed)}`)

/** Key and value of an entry or a pair; other elements have no key. */
function partsOf(item: Entry | Node): Partial<YEntry> & YElement {
  const element = elementOf(item)
  const { value } = element
  return value.kind === 'map' && value.pair && !('key' in element) ? (value.entries[0] as YEntry) : element
}

/**
 * An item ends in a value that is not there, behind a `:` or a tag: those take a comma or a bracket that follows at once for their own text
 * (`{a:, b: 1}` has the key `a:`).
 */
function needsBlank(text: string, item: Entry | Node): boolean {
  const { key, value } = partsOf(item)
  if (value.kind !== 'scalar' || value.content < value.end || value.style !== '') return false
  if (value.start < value.end) return value.tagToken !== undefined
  return key !== undefined && value.end > key.end && !/["']/.test(text[key.end - 1] as string)
}

const commaBehind = (text: string, item: Entry | Node): string => (needsBlank(text, item) ? ' ,' : ',')

/** Where a line of its own begins in a flow collection, below a comment that ends at the offset. */
function columnBelow(text: string, node: YCollection, commentEnd: number): number {
  const line = lineStart(text, commentEnd)
  const first = line + (/^[ \t]*/.exec(text.slice(line, commentEnd))?.[0].length ?? 0)
  if (text[first] === '#' || first > node.content) return first - line
  return node.column + 2
}

const newLine = ({ edits, style }: YamlRewriting, node: YCollection, commentEnd: number): string =>
  style.eol + ' '.repeat(Math.max(columnBelow(edits.text, node, commentEnd), 0))

/** New items behind the last one that stays, on a line below the comments there, which keep their places by that. */
function append(work: YamlRewriting, node: YCollection, prior: Entry | Node | undefined, printed: string): void {
  const { edits } = work
  const { text } = edits
  const from = prior ? flowEnd(prior) : node.content + 1
  const { comma, commentEnd } = gapOf(text, from, node.end - 1)
  if (commentEnd < 0) {
    edits.replace(from, from, prior ? commaBehind(text, prior) + spaced(printed) : printed)
    return
  }
  if (comma > commentEnd) {
    edits.replace(comma + 1, comma + 1, `${spaced(printed)},`)
    return
  }
  const isLoose = comma >= 0
  if (prior && !isLoose) edits.replace(from, from, commaBehind(text, prior))
  const lead = /^[\r\n]/.test(printed) ? '' : newLine(work, node, commentEnd)
  edits.replace(commentEnd, commentEnd, `${lead}${printed}${isLoose ? ',' : ''}`)
}

export function rewriteFlow(work: YamlRewriting, diff: CollectionDiff): void {
  const { edits, style } = work
  const { text } = edits
  const { node, kept } = diff
  const { old, next } = itemsOf(diff)
  const cuts = flowCuts(text, diff)
  const open = new Set(realItems(diff).flatMap((item) => (needsBlank(text, item) ? [flowEnd(item)] : [])))
  for (const [from, to] of cuts) edits.replace(from, to, open.has(from) && /\S/.test(text[to] as string) ? ' ' : '')
  const staying = new Map(kept.map(([at, to]) => [to, old[at] as Item]))
  let prior: Entry | Node | undefined
  let group: (Entry | Node)[] = []
  const print = (): string => printFlowItems(group, diff.limit !== undefined, style.eol)
  next.forEach((item, i) => {
    if (!isReal(item)) return
    const same = staying.get(i)
    if (!same || !isReal(same)) {
      group.push(item)
      return
    }
    if (group.length > 0) {
      const printed = print()
      const start = flowStart(text, same)
      const { commentEnd } = gapOf(text, prior ? flowEnd(prior) : node.content + 1, start)
      if (diff.limit !== undefined && isMetadata(same) && (!prior || commentEnd >= 0)) {
        const at = Math.max(commentEnd, node.content + 1)
        edits.replace(at, at, `${commentEnd < 0 ? '' : newLine(work, node, commentEnd)}${printed},`)
      } else if (!prior || commentEnd >= 0) edits.replace(start, start, `${printed}, `)
      else edits.replace(flowEnd(prior), flowEnd(prior), commaBehind(text, prior) + spaced(printed))
    }
    group = []
    prior = same
  })
  if (group.length === 0) return
  if (replacesEnd(diff)) edits.replace(cuts.at(-1)![0], cuts.at(-1)![0], print())
  else append(work, node, prior, print())
}
