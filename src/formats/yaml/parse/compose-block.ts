// Items of block lists and block maps.

import { emptyScalar, readNode } from './compose-node.ts'
import {
  type BlockListFrame,
  type BlockMapFrame,
  type Composer,
  close,
  deliver,
  fail,
  joined,
  type KeyAtHand,
  moveValueFoot,
  none,
  peek,
} from './composer.ts'
import type { YElement, YNode } from './nodes.ts'
import { T, type Token } from './tokens.ts'

const lastEnd = (items: readonly YElement[], content: number): number => items[items.length - 1]?.value.end ?? content

/** Behind a dash: what stood above it belongs to a block collection that follows directly. */
function splitStem(c: Composer, before: number): void {
  if (before === 0) return
  const token = peek(c)
  if (token.type !== T.listStart && token.type !== T.mapStart) return
  c.stem = c.head.slice(0, before)
  c.head = c.head.slice(before)
}

/** The next element of a block list, or its end. */
export function blockListElement(c: Composer, frame: BlockListFrame): void {
  const { node, indentless } = frame
  if (frame.first && !indentless) c.at++
  frame.first = false
  const token = peek(c)
  if (token.type === T.entry) {
    const before = c.head.length
    c.at++
    splitStem(c, before)
    const next = peek(c).type
    const isMissing = next === T.entry || next === T.blockEnd || (indentless && (next === T.key || next === T.value))
    const value = isMissing ? emptyScalar(c, token.end, token) : readNode(c, 'block')
    node.elements.push({ lead: token.start, valueStart: token.start + 1, value })
  } else if (indentless) close(c, frame, lastEnd(node.elements, node.content))
  else if (token.type === T.blockEnd) {
    close(c, frame, lastEnd(node.elements, node.content))
    c.at++
  } else throw fail(c, token, "did not find expected '-' indicator")
}

/** A key behind its `?`, or a value behind its `:`. */
function readBehind(c: Composer, token: Token): YNode {
  c.at++
  const next = peek(c).type
  const isMissing = next === T.key || next === T.value || next === T.blockEnd
  return isMissing ? emptyScalar(c, token.end, token) : readNode(c, 'blockMap')
}

/** The comments below the last entry go to its key. */
function endBlockMap(c: Composer, frame: BlockMapFrame): void {
  const { node } = frame
  deliver(c, node)
  const last = node.entries[node.entries.length - 1]
  if (node.foot.length > 0 && last) {
    last.key.foot = joined(last.key.foot, node.foot)
    node.foot = none
  }
  close(c, frame, lastEnd(node.entries, node.content))
  c.at++
}

function blockMapKey(c: Composer, frame: BlockMapFrame): void {
  if (frame.first) c.at++
  frame.first = false
  moveValueFoot(frame.node)
  const token = peek(c)
  if (token.type === T.key) frame.key = { lead: token.start, node: readBehind(c, token) }
  else if (token.type === T.value) frame.key = { lead: token.start, node: emptyScalar(c, token.start, token) }
  else if (token.type === T.blockEnd) endBlockMap(c, frame)
  else throw fail(c, token, 'did not find expected key')
}

function blockMapValue(c: Composer, frame: BlockMapFrame, { node: key, lead }: KeyAtHand): void {
  const { entries } = frame.node
  const prior = entries[entries.length - 1]?.key
  if (prior && key.foot.length > 0) {
    prior.foot = joined(prior.foot, key.foot)
    key.foot = none
  }
  const token = peek(c)
  frame.key = undefined
  const isMarked = token.type === T.value
  const value = isMarked ? readBehind(c, token) : emptyScalar(c, key.end, token)
  entries.push({ lead, valueStart: isMarked ? token.end : -1, key, value })
}

/** The next key or value of a block map, or its end. */
export function blockMapItem(c: Composer, frame: BlockMapFrame): void {
  if (frame.key) blockMapValue(c, frame, frame.key)
  else blockMapKey(c, frame)
}
