// Items of flow collections that come and go, commas included.
import type { Entry, Node } from '../../core/tree.ts'
import { type Change, hasReal, type Item, isReal, itemsOf, ownNode } from './change.ts'
import type { Job } from './job.ts'
import { printFlow } from './print-flow.ts'
import { placeOf } from './source.ts'

const flowStart = (item: Item): number => (isReal(item) ? ownNode(item).start : placeOf(item).start)
const flowEnd = (item: Item): number => {
  const place = placeOf(item)
  return item.kind === 'entry' ? place.end : (place.alias ?? place).end
}

/** The pieces of a flow collection's text that go, commas included. */
export function flowCuts({ old, kept }: Change): (readonly [number, number])[] {
  const stays = new Set(kept.map(([at]) => old.items[at]))
  const items = (old.items as readonly Item[]).filter(isReal)
  const cuts: (readonly [number, number])[] = []
  for (let i = 0; i < items.length; ) {
    if (stays.has(items[i] as Item as never)) {
      i++
      continue
    }
    let j = i
    while (j < items.length && !stays.has(items[j] as never)) j++
    if (j < items.length) cuts.push([flowStart(items[i] as Item), flowStart(items[j] as Item)])
    else if (i > 0) cuts.push([flowEnd(items[i - 1] as Item), flowEnd(items[j - 1] as Item)])
    i = j
  }
  return cuts
}

const printFlowItem = (item: Entry | Node): string =>
  item.kind === 'entry' ? printFlow({ kind: 'map', items: [item] }).slice(1, -1) : printFlow(item)

export function changeFlow(job: Job, change: Change): void {
  const { edits } = job
  const { node, kept } = change
  const { old, next } = itemsOf(change)
  const staying = new Map(
    kept.map(([at, to]) => [to, old[at] as Item]).filter(([, item]) => isReal(item as Item)) as [number, Item][],
  )
  if (staying.size === 0) {
    if (!hasReal(change.old))
      edits.replace(node.content + 1, node.content + 1, next.filter(isReal).map(printFlowItem).join(', '))
    else edits.replace(node.content + 1, node.end - 1, next.filter(isReal).map(printFlowItem).join(', '))
    return
  }
  for (const [from, to] of flowCuts(change)) edits.replace(from, to, '')
  let prior: Item | undefined
  let before = ''
  next.forEach((item, i) => {
    const same = staying.get(i)
    if (same) {
      if (!prior) edits.replace(flowStart(same), flowStart(same), before)
      prior = same
    } else if (isReal(item)) {
      if (prior) edits.replace(flowEnd(prior), flowEnd(prior), `, ${printFlowItem(item)}`)
      else before += `${printFlowItem(item)}, `
    }
  })
}
