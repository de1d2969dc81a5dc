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
import { type Token, TokenType } from './tokens.ts'

const lastEnd = (items: readonly YElement[], content: number): number => items[items.length - 1]?.value.end ?? content

/** Behind a dash: what stood above it belongs to a block collection that follows directly. */
function splitStem(c: Composer, before: number): void {
  if (before === 0) return
  const token = peek(c)
  if (token.type !== TokenType.listStart && token.type !== TokenType.mapStart) return
  c.stem = c.head.slice(0, before)
  c.head = c.head.slice(before)
}

/** The next element of a block list, or its end. */
export function blockListElement(c: Composer, frame: BlockListFrame): void {
  const { node, indentless } = frame
  if (frame.first && !indentless) c.at++
  frame.first = false
  const token = peek(c)
  if (token.type === TokenType.entry) {
    const before = c.head.length
    c.at++
    splitStem(c, before)
    const next = peek(c).type
    const isMissing =
      next === TokenType.entry ||
      next === TokenType.blockEnd ||
      (indentless && (next === TokenType.key || next === TokenType.value))
    const value = isMissing ? emptyScalar(c, token.end, token) : readNode(c, 'block')
    node.elements.push({ start: token.start, valueStart: token.start + 1, value })
  } else if (indentless) close(c, frame, lastEnd(node.elements, node.content))
  else if (token.type === TokenType.blockEnd) {
    close(c, frame, lastEnd(node.elements, node.content))
    c.at++
  } else throw fail(c, token, "did not find expected '-' indicator")
}

/** A key behind its `?`, or a value behind its `:`. */
function readBehind(c: Composer, token: Token): YNode {
  c.at++
  const next = peek(c).type
  const isMissing = next === TokenType.key || next === TokenType.value || next === TokenType.blockEnd
  return isMissing ? emptyScalar(c, token.end, token) : readNode(c, 'blockMap')
}

/** The comments below the last entry go to its key. */
function endBlockMap(c: Composer, frame: BlockMapFrame): void {
  const { node } = frame
  deliver(c, node)
  const last = node.entries[node.entries.length - 1]
  if (node.footComments.length > 0 && last) {
    last.key.footComments = joined(last.key.footComments, node.footComments)
    node.footComments = none
  }
  close(c, frame, lastEnd(node.entries, node.content))
  c.at++
}

function blockMapKey(c: Composer, frame: BlockMapFrame): void {
  if (frame.first) c.at++
  frame.first = false
  moveValueFoot(frame.node)
  const token = peek(c)
  if (token.type === TokenType.key) frame.key = { start: token.start, node: readBehind(c, token) }
  else if (token.type === TokenType.value) frame.key = { start: token.start, node: emptyScalar(c, token.start, token) }
  else if (token.type === TokenType.blockEnd) endBlockMap(c, frame)
  else throw fail(c, token, 'did not find expected key')
}

function blockMapValue(c: Composer, frame: BlockMapFrame, { node: key, start }: KeyAtHand): void {
  const { entries } = frame.node
  const prior = entries[entries.length - 1]?.key
  if (prior && key.footComments.length > 0) {
    prior.footComments = joined(prior.footComments, key.footComments)
    key.footComments = none
  }
  const token = peek(c)
  frame.key = undefined
  const hasColon = token.type === TokenType.value
  const value = hasColon ? readBehind(c, token) : emptyScalar(c, key.end, token)
  entries.push({ start, valueStart: hasColon ? token.end : -1, key, value })
}

/** The next key or value of a block map, or its end. */
export function blockMapItem(c: Composer, frame: BlockMapFrame): void {
  if (frame.key) blockMapValue(c, frame, frame.key)
  else blockMapKey(c, frame)
}
