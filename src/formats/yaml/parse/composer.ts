// The state of composing nodes from tokens, and how comments go from it to nodes (spec/format.md 7.9 D to F).
import type { SopsError } from '../../../errors.ts'
import type { YAlias, YList, YMap, YNode } from './nodes.ts'
import type { Refusal } from './refusal.ts'
import { parseError } from './text.ts'
import { type Remark, type RemarkLine, T, type Token } from './tokens.ts'

/** The key of a map whose value is to come. */
export interface KeyAtHand {
  readonly node: YNode
  /** Its `?`, else its start. */
  readonly lead: number
}

export interface BlockListFrame {
  readonly construct: 'blockList'
  readonly node: YList
  /** It stands at the column of its key, and no token opens or closes it. */
  readonly indentless: boolean
  first: boolean
}

export interface BlockMapFrame {
  readonly construct: 'blockMap'
  readonly node: YMap
  first: boolean
  key: KeyAtHand | undefined
}

export interface FlowListFrame {
  readonly construct: 'flowList'
  readonly node: YList
  first: boolean
}

export interface FlowMapFrame {
  readonly construct: 'flowMap'
  readonly node: YMap
  first: boolean
  /** Bare: it has no `?`, and is not what the scanner takes for a key without one. */
  key: (KeyAtHand & { readonly bare: boolean }) | undefined
}

/** A `key: value` pair in a flow list. */
export interface PairFrame {
  readonly construct: 'pair'
  readonly node: YMap
  readonly lead: number
  key: YNode | undefined
}

/** A collection whose items are to come. */
export type Frame = BlockListFrame | BlockMapFrame | FlowListFrame | FlowMapFrame | PairFrame

export interface Composer {
  readonly text: string
  readonly tokens: readonly Token[]
  /** Index of the token at hand. */
  at: number
  readonly remarks: readonly Remark[]
  /** Index of the first of them that no token has reached. */
  nextRemark: number
  /** Comments for the next node: above it, on its line, and below what is before it. */
  head: RemarkLine[]
  line: RemarkLine[]
  foot: RemarkLine[]
  /** What stands above a dash, for the block collection that follows directly. */
  stem: RemarkLine[]
  /** Of the document at hand. */
  anchors: Map<string, YAlias['target']>
  /** The document's %TAG lines. */
  handles: Map<string, string>
  readonly frames: Frame[]
  readonly refused: Refusal[]
}

/** Most nodes have no comments: a list of its own for each would take more memory than the text. */
export const none: readonly RemarkLine[] = Object.freeze([])

export const joined = (a: readonly RemarkLine[], b: readonly RemarkLine[]): readonly RemarkLine[] =>
  b.length === 0 ? a : a.length === 0 ? b : [...a, ...b]

function append(to: RemarkLine[], from: readonly RemarkLine[]): void {
  for (const line of from) to.push(line)
}

export const fail = (c: Composer, token: Token, problem: string): SopsError => parseError(c.text, token.start, problem)

/** The next token; hands over the comments that are anchored at it or before. */
export function peek(c: Composer): Token {
  const token = c.tokens[c.at] as Token
  const { remarks } = c
  for (let remark = remarks[c.nextRemark]; remark && remark.anchor <= token.start; remark = remarks[c.nextRemark]) {
    if (remark.kind === 'head') {
      if (token.type === T.blockEnd) break
      append(c.head, remark.lines)
    } else append(remark.kind === 'foot' ? c.foot : c.line, remark.lines)
    c.nextRemark++
  }
  return token
}

/** Gives the comments at hand to a node. */
export function deliver(c: Composer, node: YNode): void {
  if (c.head.length > 0) {
    node.head = joined(node.head, c.head)
    c.head = []
  }
  if (c.line.length > 0) {
    node.lineRemarks = joined(node.lineRemarks, c.line)
    c.line = []
  }
  if (c.foot.length > 0) {
    node.foot = joined(node.foot, c.foot)
    c.foot = []
  }
  if (c.stem.length > 0) c.stem = []
}

/** What no node has taken. */
export function takePending(c: Composer): RemarkLine[] {
  const pending = [...c.head, ...c.line, ...c.foot].sort((a, b) => (a?.start ?? 0) - (b?.start ?? 0))
  c.head = []
  c.line = []
  c.foot = []
  return pending
}

/** Ends the collection at hand. */
export function close(c: Composer, { node }: Frame, end: number): void {
  node.end = Math.max(node.end, end)
  c.frames.pop()
}

/** Moves the foot of a map's last value to its key, once the value is whole. */
export function moveValueFoot({ entries }: YMap): void {
  const last = entries[entries.length - 1]
  if (!last || last.key.foot.length > 0 || last.value.foot.length === 0) return
  last.key.foot = last.value.foot
  last.value.foot = none
}
