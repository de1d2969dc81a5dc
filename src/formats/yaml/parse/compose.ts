// Tokens to nodes: the grammar of YAML documents, with comments delivered to nodes as the reference's library does (spec/format.md 7.9 D to F).
import type { Ticks } from '../../ticks.ts'
import { blockListElement, blockMapItem } from './compose-block.ts'
import { flowListElement, flowMapItem, pairItem } from './compose-flow.ts'
import { readNode } from './compose-node.ts'
import { type Composer, type ComposerFrame, fail, peek, takePending } from './composer.ts'
import type { YDocument } from './nodes.ts'
import { type CommentLine, type Scanned, type Token, TokenType } from './tokens.ts'

/** Documents of a text. Each gets metadata of its own once it is encrypted. */
const maximumDocuments = 10_000

function step(c: Composer, frame: ComposerFrame): void {
  switch (frame.construct) {
    case 'blockMap':
      blockMapItem(c, frame)
      break
    case 'blockList':
      blockListElement(c, frame)
      break
    case 'flowMap':
      flowMapItem(c, frame)
      break
    case 'flowList':
      flowListElement(c, frame)
      break
    case 'pair':
      pairItem(c, frame)
      break
  }
}

/** The upper part of the comments above an implicit document belongs to the document, the part below the last empty line to its first node. */
function splitDocumentHead(c: Composer): CommentLine[] {
  const cut = c.head.lastIndexOf(null)
  if (cut < 0) return []
  const upper = c.head.slice(0, cut)
  c.head = c.head.slice(cut + 1)
  return upper
}

/** Reads the `%` lines of a document; false without any. */
function readDirectives(c: Composer): boolean {
  c.handles = new Map()
  let versions = 0
  let found = false
  for (let token = peek(c); token.type === TokenType.directive; token = peek(c)) {
    const [name, handle = '', value = ''] = token.value.split(' ')
    if (name === 'YAML' && versions++ > 0) throw fail(c, token, 'found duplicate %YAML directive')
    if (name === 'TAG') {
      if (c.handles.has(handle)) throw fail(c, token, 'found duplicate %TAG directive')
      c.handles.set(handle, value)
    }
    found = true
    c.at++
  }
  return found
}

function composeDocument(c: Composer, isFirst: boolean, ticks: Ticks | undefined): YDocument {
  const start = isFirst ? 0 : (c.tokens[c.at - 1] as Token).end
  const hasDirectives = readDirectives(c)
  const token = peek(c)
  c.anchors = new Map()
  const explicit = token.type === TokenType.documentStart
  let head: CommentLine[] = []
  if (explicit) c.at++
  else if (!isFirst || hasDirectives) throw fail(c, token, 'did not find expected <document start>')
  else head = splitDocumentHead(c)
  const next = peek(c).type
  const isBare =
    next === TokenType.directive ||
    next === TokenType.documentStart ||
    next === TokenType.documentEnd ||
    next === TokenType.streamEnd
  const root = isBare && explicit ? undefined : readNode(c, 'block')
  for (let frame = c.frames[0]; frame; frame = c.frames[c.frames.length - 1]) {
    step(c, frame)
    if (ticks && --ticks.left === 0) ticks.tell(c.at, c.tokens.length)
  }
  const last = peek(c)
  if (last.type === TokenType.documentEnd) c.at++
  return {
    headComments: head,
    root,
    footComments: takePending(c),
    start: explicit ? token.end : start,
    end: last.start,
    explicit,
  }
}

/** @throws SopsError `parse`. */
export function compose(text: string, { tokens, comments, refused }: Scanned, ticks?: Ticks): YDocument[] {
  const c: Composer = {
    text,
    tokens,
    at: 0,
    comments,
    nextComment: 0,
    head: [],
    line: [],
    foot: [],
    stem: [],
    anchors: new Map(),
    handles: new Map(),
    frames: [],
    refused,
  }
  const documents: YDocument[] = []
  for (;;) {
    const isFirst = documents.length === 0
    if (!isFirst) while (peek(c).type === TokenType.documentEnd) c.at++
    const token = peek(c)
    if (token.type === TokenType.streamEnd) break
    if (documents.length === maximumDocuments)
      throw fail(c, token, `more than ${maximumDocuments} documents in one text`)
    documents.push(composeDocument(c, isFirst, ticks))
  }
  const last = documents[documents.length - 1]
  if (last) last.footComments = [...last.footComments, ...takePending(c)]
  return documents
}
