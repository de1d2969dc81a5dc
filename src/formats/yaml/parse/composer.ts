// The state of composing nodes from tokens, and how comments go from it to nodes (spec/format.md 7.9 D to F).
import type { SopsError } from '../../../errors.ts'
import type { YAlias, YList, YMap, YNode } from './nodes.ts'
import type { Refusal } from './refusal.ts'
import { parseError } from './text.ts'
import { type CommentBlock, type CommentLine, type Token, TokenType } from './tokens.ts'

/** The key of a map whose value is to come. */
export interface KeyAtHand {
  readonly node: YNode
  /** Its `?`, else its start. */
  readonly start: number
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
  readonly start: number
  key: YNode | undefined
}

/** A collection whose items are to come. */
export type ComposerFrame = BlockListFrame | BlockMapFrame | FlowListFrame | FlowMapFrame | PairFrame

export interface Composer {
  readonly text: string
  readonly tokens: readonly Token[]
  /** Index of the token at hand. */
  at: number
  readonly comments: readonly CommentBlock[]
  /** Index of the first of them that no token has reached. */
  nextComment: number
  /** Comments for the next node: above it, on its line, and below what is before it. */
  head: CommentLine[]
  line: CommentLine[]
  foot: CommentLine[]
  /** What stands above a dash, for the block collection that follows directly. */
  stem: CommentLine[]
  /** Of the document at hand. */
  anchors: Map<string, YAlias['target']>
  /** The document's %TAG lines. */
  handles: Map<string, string>
  readonly frames: ComposerFrame[]
  readonly refused: Refusal[]
}

/** Most nodes have no comments: a list of its own for each would take more memory than the text. */
export const none: readonly CommentLine[] = Object.freeze([])

export const joined = (a: readonly CommentLine[], b: readonly CommentLine[]): readonly CommentLine[] =>
  b.length === 0 ? a : a.length === 0 ? b : [...a, ...b]

function append(to: CommentLine[], from: readonly CommentLine[]): void {
  for (const line of from) to.push(line)
}

export const fail = (c: Composer, token: Token, problem: string): SopsError => parseError(c.text, token.start, problem)

/** The next token; hands over the comments that are anchored at it or before. */
export function peek(c: Composer): Token {
  const token = c.tokens[c.at] as Token
  const { comments } = c
  for (
    let comment = comments[c.nextComment];
    comment && comment.anchor <= token.start;
    comment = comments[c.nextComment]
  ) {
    if (comment.kind === 'head') {
      if (token.type === TokenType.blockEnd) break
      append(c.head, comment.lines)
    } else append(comment.kind === 'foot' ? c.foot : c.line, comment.lines)
    c.nextComment++
  }
  return token
}

/** Gives the comments at hand to a node. */
export function deliver(c: Composer, node: YNode): void {
  if (c.head.length > 0) {
    node.headComments = joined(node.headComments, c.head)
    c.head = []
  }
  if (c.line.length > 0) {
    node.lineComments = joined(node.lineComments, c.line)
    c.line = []
  }
  if (c.foot.length > 0) {
    node.footComments = joined(node.footComments, c.foot)
    c.foot = []
  }
  if (c.stem.length > 0) c.stem = []
}

/** What no node has taken. */
export function takePending(c: Composer): CommentLine[] {
  const pending = [...c.head, ...c.line, ...c.foot].sort((a, b) => (a?.start ?? 0) - (b?.start ?? 0))
  c.head = []
  c.line = []
  c.foot = []
  return pending
}

/** Ends the collection at hand. */
export function close(c: Composer, { node }: ComposerFrame, end: number): void {
  node.end = Math.max(node.end, end)
  c.frames.pop()
}

/** Moves the foot of a map's last value to its key, once the value is whole. */
export function moveValueFoot({ entries }: YMap): void {
  const last = entries[entries.length - 1]
  if (!last || last.key.footComments.length > 0 || last.value.footComments.length === 0) return
  last.key.footComments = last.value.footComments
  last.value.footComments = none
}
