// Tokens to nodes: the grammar of YAML documents, with comments delivered to nodes as the reference's library does (spec/format.md 7.9 D to F).
import type { SopsError } from '../../../errors.ts'
import { resolveTag, type YDocument, type YNode } from './nodes.ts'
import { parseError, positionAt } from './text.ts'
import type { RemarkLine } from './tokens.ts'
import { type Scanned, T, type Token } from './tokens.ts'

export type { YDocument, YNode } from './nodes.ts'

type State =
  | 'list'
  | 'indentless'
  | 'key'
  | 'value'
  | 'flowList'
  | 'pairKey'
  | 'pairValue'
  | 'pairEnd'
  | 'flowKey'
  | 'flowValue'

interface Frame {
  readonly node: YNode
  state: State
  first: boolean
  /** In a flow map: the key at hand has no `?`, and is not what the scanner takes for a key without one. */
  bare?: boolean
}

function append<X>(to: X[], from: readonly X[]): void {
  for (const item of from) to.push(item)
}

const joined = <X>(a: readonly X[], b: readonly X[]): readonly X[] =>
  b.length === 0 ? a : a.length === 0 ? b : [...a, ...b]

/** Most nodes have no comments, and most are scalars: a list of its own for each would take more memory than the text. */
const none = Object.freeze([]) as unknown as never[]

/** Documents of a text. Each gets metadata of its own once it is encrypted. */
const maximumDocuments = 10_000

/** @throws SopsError `parse`. */
export function compose(text: string, { tokens, remarks, refused }: Scanned): YDocument[] {
  let at = 0
  let nextRemark = 0
  let head: RemarkLine[] = []
  let line: RemarkLine[] = []
  let foot: RemarkLine[] = []
  let stem: RemarkLine[] = []
  let anchors = new Map<string, YNode>()
  let handles = new Map<string, string>()
  const frames: Frame[] = []
  const documents: YDocument[] = []

  const fail = (token: Token, problem: string) => parseError(text, token.start, problem)

  /** The next token; hands over the remarks that are anchored at it or before. */
  function peek(): Token {
    const token = tokens[at] as Token
    for (let remark = remarks[nextRemark]; remark && remark.anchor <= token.start; remark = remarks[nextRemark]) {
      if (remark.kind === 'head') {
        if (token.type === T.blockEnd) break
        append(head, remark.lines)
      } else append(remark.kind === 'foot' ? foot : line, remark.lines)
      nextRemark++
    }
    return token
  }

  function deliver(node: YNode): void {
    if (head.length > 0) {
      node.head = joined(node.head, head)
      head = []
    }
    if (line.length > 0) {
      node.lineRemarks = joined(node.lineRemarks, line)
      line = []
    }
    if (foot.length > 0) {
      node.foot = joined(node.foot, foot)
      foot = []
    }
    stem = []
  }

  function make(
    kind: YNode['kind'],
    token: Token,
    tagToken: Token | undefined,
    anchor: Token | undefined,
    more: Partial<YNode> = {},
  ): YNode {
    const start = Math.min(tagToken?.start ?? token.start, anchor?.start ?? token.start)
    const node: YNode = {
      kind,
      start,
      end: token.end,
      content: token.start,
      column: token.column,
      line: token.line,
      flow: false,
      pair: false,
      style: token.style,
      value: token.value,
      tag: tagToken ? resolveTag(text, tagToken, handles) : '',
      tagToken,
      anchor,
      target: undefined,
      items: kind === 'list' || kind === 'map' ? [] : none,
      leads: kind === 'list' || kind === 'map' ? [] : none,
      marks: kind === 'map' ? [] : none,
      block: token.block,
      inner: none,
      head: none,
      lineRemarks: none,
      foot: none,
      ...more,
    }
    if (anchor) anchors.set(anchor.value, node)
    return node
  }

  /** A missing scalar: null, where `token` says. */
  function empty(offset: number, token: Token): YNode {
    return make('scalar', { ...token, start: offset, end: offset, style: '', value: '' }, undefined, undefined)
  }

  /** The reference reads it from an earlier document too, which no other reader of YAML does. */
  function unknownAnchor(alias: Token): SopsError {
    const problem = `unknown anchor '${alias.value}' referenced`
    const earlier = tokens.findLast(
      (token) => token.type === T.anchor && token.value === alias.value && token.start < alias.start,
    )
    if (!earlier) return parseError(text, alias.start, problem)
    const { line } = positionAt(text, earlier.start)
    return parseError(
      text,
      alias.start,
      `${problem}: it stands in an earlier document (line ${line}), and anchors do not reach across documents`,
    )
  }

  /** Reads a node. A collection is returned at once and its frame pushed; its items follow. */
  function node(block: boolean, indentless: boolean): YNode {
    let token = peek()
    if (token.type === T.alias) {
      const target = anchors.get(token.value)
      if (!target) throw unknownAnchor(token)
      const alias = make('alias', token, undefined, undefined, { target })
      deliver(alias)
      at++
      return alias
    }
    let anchor: Token | undefined
    let tag: Token | undefined
    for (let n = 0; n < 2; n++) {
      if (token.type === T.anchor && !anchor) anchor = token
      else if (token.type === T.tag && !tag) tag = token
      else break
      at++
      token = peek()
    }
    if (indentless && token.type === T.entry) {
      const list = make('list', token, tag, anchor)
      frames.push({ node: list, state: 'indentless', first: true })
      return list
    }
    if (token.type === T.scalar) {
      const scalar = make('scalar', token, tag, anchor)
      deliver(scalar)
      at++
      return scalar
    }
    if (token.type === T.flowListStart || token.type === T.flowMapStart) {
      const isList = token.type === T.flowListStart
      const collection = make(isList ? 'list' : 'map', token, tag, anchor, { flow: true })
      deliver(collection)
      collection.inner = joined(collection.lineRemarks, collection.foot)
      collection.lineRemarks = none
      collection.foot = none
      frames.push({ node: collection, state: isList ? 'flowList' : 'flowKey', first: true })
      return collection
    }
    if (block && (token.type === T.listStart || token.type === T.mapStart)) {
      const isList = token.type === T.listStart
      const collection = make(isList ? 'list' : 'map', token, tag, anchor)
      if (stem.length > 0) {
        collection.head = joined(collection.head, stem)
        stem = []
      }
      frames.push({ node: collection, state: isList ? 'list' : 'key', first: true })
      return collection
    }
    if (anchor || tag) {
      const last = tokens[at - 1] as Token
      return make('scalar', { ...last, start: last.end, style: '', value: '' }, tag, anchor)
    }
    throw fail(token, 'did not find expected node content')
  }

  function close(frame: Frame, end: number): void {
    frame.node.end = Math.max(frame.node.end, end)
    frames.pop()
  }

  const lastEnd = (node: YNode): number => (node.items[node.items.length - 1] as YNode | undefined)?.end ?? node.content

  /** Behind a dash: what stood above it belongs to a block collection that follows directly. */
  function splitStem(before: number): void {
    if (before === 0) return
    const token = peek()
    if (token.type !== T.listStart && token.type !== T.mapStart) return
    stem = head.slice(0, before)
    head = head.slice(before)
  }

  function listEntry(frame: Frame): void {
    if (frame.first && frame.state === 'list') at++
    frame.first = false
    const token = peek()
    if (token.type === T.entry) {
      const before = head.length
      at++
      splitStem(before)
      const next = peek().type
      frame.node.leads.push(token.start)
      const ends =
        next === T.entry ||
        next === T.blockEnd ||
        (frame.state === 'indentless' && (next === T.key || next === T.value))
      frame.node.items.push(ends ? empty(token.end, token) : node(true, false))
    } else if (frame.state === 'indentless') close(frame, lastEnd(frame.node))
    else if (token.type === T.blockEnd) {
      close(frame, lastEnd(frame.node))
      at++
    } else throw fail(token, "did not find expected '-' indicator")
  }

  /** Moves a finished key's foot to the key before, and a finished value's foot to its key. */
  function moveFeet(map: YNode, block: boolean): void {
    const { items } = map
    const count = items.length
    if (count === 0) return
    if (count % 2 === 1) {
      const key = items[count - 1] as YNode
      const prior = items[count - 3]
      if (!block || key.foot.length === 0 || !prior) return
      prior.foot = joined(prior.foot, key.foot)
      key.foot = none
    } else {
      const key = items[count - 2] as YNode
      const value = items[count - 1] as YNode
      if (key.foot.length > 0 || value.foot.length === 0) return
      key.foot = value.foot
      value.foot = none
    }
  }

  function mapKey(frame: Frame): void {
    if (frame.first) at++
    frame.first = false
    moveFeet(frame.node, true)
    const token = peek()
    if (token.type === T.key) {
      at++
      const next = peek().type
      frame.state = 'value'
      frame.node.leads.push(token.start)
      const missing = next === T.key || next === T.value || next === T.blockEnd
      frame.node.items.push(missing ? empty(token.end, token) : node(true, true))
    } else if (token.type === T.blockEnd) {
      deliver(frame.node)
      const { foot: own } = frame.node
      const last = frame.node.items[frame.node.items.length - 2]
      if (own.length > 0 && last) {
        last.foot = joined(last.foot, own)
        frame.node.foot = none
      }
      close(frame, lastEnd(frame.node))
      at++
    } else if (token.type === T.value) {
      frame.state = 'value'
      frame.node.leads.push(token.start)
      frame.node.items.push(empty(token.start, token))
    } else throw fail(token, 'did not find expected key')
  }

  function mapValue(frame: Frame): void {
    moveFeet(frame.node, true)
    const token = peek()
    frame.state = 'key'
    frame.node.marks.push(token.type === T.value ? token.end : -1)
    if (token.type === T.value) {
      at++
      const next = peek().type
      const missing = next === T.key || next === T.value || next === T.blockEnd
      frame.node.items.push(missing ? empty(token.end, token) : node(true, true))
    } else frame.node.items.push(empty((frame.node.items[frame.node.items.length - 1] as YNode).end, token))
  }

  function closeFlow(frame: Frame, token: Token): void {
    deliver(frame.node)
    close(frame, token.end)
    at++
  }

  function flowSeparator(frame: Frame, closing: string): void {
    const token = peek()
    if (token.type !== T.comma) throw fail(token, `did not find expected ',' or '${closing}'`)
    frame.node.leads.push(token.start)
    at++
  }

  function flowList(frame: Frame): void {
    if (frame.first) at++
    let token = peek()
    if (token.type !== T.flowListEnd) {
      if (!frame.first) {
        flowSeparator(frame, ']')
        token = peek()
      }
      frame.first = false
      if (token.type === T.key) {
        const pair = make('map', token, undefined, undefined, { flow: true, pair: true })
        frame.node.items.push(pair)
        frames.push({ node: pair, state: 'pairKey', first: false })
        at++
        return
      }
      if (token.type !== T.flowListEnd) {
        frame.node.items.push(node(false, false))
        return
      }
    }
    closeFlow(frame, token)
  }

  function pair(frame: Frame): void {
    const token = peek()
    const { items } = frame.node
    if (frame.state === 'pairKey') {
      frame.state = 'pairValue'
      const missing = token.type === T.value || token.type === T.comma || token.type === T.flowListEnd
      items.push(missing ? empty(token.start, token) : node(false, false))
    } else if (frame.state === 'pairValue') {
      frame.state = 'pairEnd'
      const key = items[0] as YNode
      frame.node.marks.push(token.type === T.value ? token.end : -1)
      if (token.type !== T.value) {
        items.push(empty(key.end, token))
        return
      }
      at++
      const next = peek().type
      items.push(next === T.comma || next === T.flowListEnd ? empty(token.end, token) : node(false, false))
    } else close(frame, lastEnd(frame.node))
  }

  function flowMap(frame: Frame): void {
    const { items } = frame.node
    if (frame.state === 'flowValue') {
      frame.state = 'flowKey'
      const token = peek()
      const key = items[items.length - 1] as YNode
      frame.node.marks.push(token.type === T.value ? token.end : -1)
      if (token.type !== T.value) {
        items.push(empty(key.end, token))
        return
      }
      if (frame.bare) refused.push({ construct: 'key', start: key.start, end: key.start })
      at++
      const next = peek().type
      items.push(next === T.comma || next === T.flowMapEnd ? empty(token.end, token) : node(false, false))
      return
    }
    if (frame.first) at++
    moveFeet(frame.node, false)
    let token = peek()
    if (token.type !== T.flowMapEnd) {
      if (!frame.first) {
        flowSeparator(frame, '}')
        token = peek()
      }
      frame.first = false
      if (token.type !== T.flowMapEnd) {
        frame.state = 'flowValue'
        frame.bare = token.type !== T.key
        if (token.type === T.key) {
          at++
          const next = peek()
          const missing = next.type === T.value || next.type === T.comma || next.type === T.flowMapEnd
          items.push(missing ? empty(token.end, token) : node(false, false))
        } else items.push(node(false, false))
        return
      }
    }
    closeFlow(frame, token)
  }

  function step(frame: Frame): void {
    const { state } = frame
    if (state === 'list' || state === 'indentless') listEntry(frame)
    else if (state === 'key') mapKey(frame)
    else if (state === 'value') mapValue(frame)
    else if (state === 'flowList') flowList(frame)
    else if (state === 'flowKey' || state === 'flowValue') flowMap(frame)
    else pair(frame)
  }

  /** What no node has taken. */
  function takePending(): RemarkLine[] {
    const pending = [...head, ...line, ...foot].sort((a, b) => (a?.start ?? 0) - (b?.start ?? 0))
    head = []
    line = []
    foot = []
    return pending
  }

  /** The upper part of the comments above an implicit document belongs to the document, the part below the last empty line to its first node. */
  function splitDocumentHead(): RemarkLine[] {
    const cut = head.lastIndexOf(null)
    if (cut < 0) return []
    const upper = head.slice(0, cut)
    head = head.slice(cut + 1)
    return upper
  }

  function readDirectives(): boolean {
    handles = new Map()
    let versions = 0
    let found = false
    for (let token = peek(); token.type === T.directive; token = peek()) {
      const [name, handle = '', value = ''] = token.value.split(' ')
      if (name === 'YAML' && versions++ > 0) throw fail(token, 'found duplicate %YAML directive')
      if (name === 'TAG') {
        if (handles.has(handle)) throw fail(token, 'found duplicate %TAG directive')
        handles.set(handle, value)
      }
      found = true
      at++
    }
    return found
  }

  for (let first = true; ; first = false) {
    if (!first) while (peek().type === T.documentEnd) at++
    let token = peek()
    if (token.type === T.streamEnd) break
    if (documents.length === maximumDocuments) throw fail(token, `more than ${maximumDocuments} documents in one text`)
    const start = documents.length === 0 ? 0 : (tokens[at - 1] as Token).end
    const directives = token.type === T.directive && readDirectives()
    if (!directives) handles = new Map()
    token = peek()
    anchors = new Map()
    const explicit = token.type === T.documentStart
    let documentHead: RemarkLine[] = []
    if (explicit) at++
    else if (!first || directives) throw fail(token, 'did not find expected <document start>')
    else documentHead = splitDocumentHead()
    const next = peek().type
    const bare = next === T.directive || next === T.documentStart || next === T.documentEnd || next === T.streamEnd
    const document: YDocument = {
      head: documentHead,
      root: bare && explicit ? undefined : node(true, false),
      foot: [],
      start: explicit ? token.end : start,
      end: 0,
      explicit,
    }
    while (frames.length > 0) step(frames[frames.length - 1] as Frame)
    const last = peek()
    document.end = last.start
    if (last.type === T.documentEnd) at++
    document.foot = takePending()
    documents.push(document)
  }
  const last = documents[documents.length - 1]
  if (last) last.foot = [...last.foot, ...takePending()]
  return documents
}
