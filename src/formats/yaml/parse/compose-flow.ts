// Items of flow lists, of the pairs in them, and of flow maps.

import { emptyScalar, makePair, readNode } from './compose-node.ts'
import {
  type Composer,
  close,
  deliver,
  type FlowListFrame,
  type FlowMapFrame,
  fail,
  moveValueFoot,
  type PairFrame,
  peek,
} from './composer.ts'
import type { YEntry, YNode } from './nodes.ts'
import { type Token, TokenType } from './tokens.ts'

/** Ends a flow collection, if its bracket closes here. */
function endsFlow(c: Composer, frame: FlowListFrame | FlowMapFrame): boolean {
  const token = peek(c)
  if (token.type !== (frame.construct === 'flowList' ? TokenType.flowListEnd : TokenType.flowMapEnd)) return false
  deliver(c, frame.node)
  close(c, frame, token.end)
  c.at++
  return true
}

/** Leads to the next item of a flow collection; false where it ends, before a comma or behind the last one. */
function findsItem(c: Composer, frame: FlowListFrame | FlowMapFrame): boolean {
  if (frame.first) c.at++
  if (frame.construct === 'flowMap') moveValueFoot(frame.node)
  if (endsFlow(c, frame)) return false
  if (!frame.first) {
    const token = peek(c)
    const closing = frame.construct === 'flowList' ? ']' : '}'
    if (token.type !== TokenType.comma) throw fail(c, token, `did not find expected ',' or '${closing}'`)
    c.at++
  }
  frame.first = false
  return !endsFlow(c, frame)
}

/** The next element of a flow list, or its end. */
export function flowListElement(c: Composer, frame: FlowListFrame): void {
  if (!findsItem(c, frame)) return
  const { elements } = frame.node
  const token = peek(c)
  if (token.type === TokenType.key) {
    const value = makePair(c, token)
    elements.push({ start: value.start, valueStart: value.start, value })
    c.frames.push({ construct: 'pair', node: value, start: token.start, key: undefined })
    c.at++
  } else {
    const value = readNode(c, 'flow')
    elements.push({ start: value.start, valueStart: value.start, value })
  }
}

type FlowEnd = typeof TokenType.flowListEnd | typeof TokenType.flowMapEnd

/** The entry of a key, its value read or missing. */
function readEntry(c: Composer, key: YNode, start: number, end: FlowEnd): YEntry {
  const token = peek(c)
  if (token.type !== TokenType.value) return { start, valueStart: -1, key, value: emptyScalar(c, key.end, token) }
  c.at++
  const next = peek(c).type
  const isMissing = next === TokenType.comma || next === end
  return {
    start,
    valueStart: token.end,
    key,
    value: isMissing ? emptyScalar(c, token.end, token) : readNode(c, 'flow'),
  }
}

/** Key, value or end of a pair. */
export function pairItem(c: Composer, frame: PairFrame): void {
  const { entries, content } = frame.node
  const token = peek(c)
  if (!frame.key) {
    const isMissing =
      token.type === TokenType.value || token.type === TokenType.comma || token.type === TokenType.flowListEnd
    frame.key = isMissing ? emptyScalar(c, token.start, token) : readNode(c, 'flow')
  } else if (entries.length === 0) entries.push(readEntry(c, frame.key, frame.start, TokenType.flowListEnd))
  else close(c, frame, entries[0]?.value.end ?? content)
}

/** A flow map's key behind its `?`. */
function readKey(c: Composer, token: Token): YNode {
  c.at++
  const next = peek(c).type
  const isMissing = next === TokenType.value || next === TokenType.comma || next === TokenType.flowMapEnd
  return isMissing ? emptyScalar(c, token.end, token) : readNode(c, 'flow')
}

/** The next key or value of a flow map, or its end. */
export function flowMapItem(c: Composer, frame: FlowMapFrame): void {
  const { key } = frame
  if (key) {
    frame.key = undefined
    if (key.bare && peek(c).type === TokenType.value)
      c.refused.push({ construct: 'key', start: key.node.start, end: key.node.start })
    frame.node.entries.push(readEntry(c, key.node, key.start, TokenType.flowMapEnd))
    return
  }
  if (!findsItem(c, frame)) return
  const token = peek(c)
  const bare = token.type !== TokenType.key
  frame.key = { start: token.start, node: bare ? readNode(c, 'flow') : readKey(c, token), bare }
}
