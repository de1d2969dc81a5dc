// One node from its tokens: scalars and aliases whole, collections opened.
import type { SopsError } from '../../../errors.ts'
import { lineIn } from '../../../text/position.ts'
import { type Composer, type ComposerFrame, deliver, fail, joined, none, peek } from './composer.ts'
import { resolveTag, type YAlias, type YCollection, type YList, type YMap, type YNode, type YScalar } from './nodes.ts'
import { parseError } from './text.ts'
import { type Token, TokenType } from './tokens.ts'

/** Tag and anchor of a node. */
interface Properties {
  readonly tag: Token | undefined
  readonly anchor: Token | undefined
}

const noProperties: Properties = { tag: undefined, anchor: undefined }

const startOf = (token: Token, { tag, anchor }: Properties): number =>
  Math.min(tag?.start ?? token.start, anchor?.start ?? token.start)

const tagOf = (c: Composer, { tag }: Properties): string => (tag ? resolveTag(c.text, tag, c.handles) : '')

// Most of a text is scalars: each is made in one piece.
function makeScalar(c: Composer, token: Token, properties: Properties): YScalar {
  const { end, start, column, line, style, value, block } = token
  const scalar: YScalar = {
    kind: 'scalar',
    start: properties === noProperties ? start : startOf(token, properties),
    end,
    content: start,
    column,
    line,
    style,
    value,
    tag: tagOf(c, properties),
    tagToken: properties.tag,
    anchor: properties.anchor,
    block,
    headComments: none,
    lineComments: none,
    footComments: none,
  }
  if (properties.anchor) c.anchors.set(properties.anchor.value, scalar)
  return scalar
}

/** What aliases and collections have in common with scalars. */
const base = (c: Composer, token: Token, properties: Properties) => ({
  start: startOf(token, properties),
  end: token.end,
  content: token.start,
  column: token.column,
  line: token.line,
  tag: tagOf(c, properties),
  tagToken: properties.tag,
  anchor: properties.anchor,
  headComments: none,
  lineComments: none,
  footComments: none,
})

/** Makes the collection known by its anchor. */
function anchored<N extends YCollection>(c: Composer, node: N): N {
  if (node.anchor) c.anchors.set(node.anchor.value, node)
  return node
}

const makeList = (c: Composer, token: Token, properties: Properties, flow: boolean): YList =>
  anchored(c, { kind: 'list', ...base(c, token, properties), flow, elements: [], innerComments: none })

const makeMap = (c: Composer, token: Token, properties: Properties, flow: boolean, pair = false): YMap =>
  anchored(c, { kind: 'map', ...base(c, token, properties), flow, pair, entries: [], innerComments: none })

/** The map of one `key: value` pair in a flow list. */
export const makePair = (c: Composer, token: Token): YMap => makeMap(c, token, noProperties, true, true)

/** A missing scalar: null, where `token` says. */
export const emptyScalar = (c: Composer, offset: number, token: Token): YScalar =>
  makeScalar(c, { ...token, start: offset, end: offset, style: '', value: '' }, noProperties)

/** The reference reads it from an earlier document too, which no other reader of YAML does. */
function unknownAnchor({ text, tokens }: Composer, alias: Token): SopsError {
  const problem = `unknown anchor '${alias.value}' referenced`
  const earlier = tokens.findLast(
    (token) => token.type === TokenType.anchor && token.value === alias.value && token.start < alias.start,
  )
  if (!earlier) return parseError(text, alias.start, problem)
  const line = lineIn(text, earlier.start)
  return parseError(
    text,
    alias.start,
    `${problem}: it stands in an earlier document (line ${line}), and anchors do not reach across documents`,
  )
}

function readAlias(c: Composer, token: Token): YAlias {
  const target = c.anchors.get(token.value)
  if (!target) throw unknownAnchor(c, token)
  const alias: YAlias = { kind: 'alias', ...base(c, token, noProperties), name: token.value, target }
  deliver(c, alias)
  c.at++
  return alias
}

/** Tag and anchor, in either order. */
function readProperties(c: Composer, token: Token): Properties {
  let at = token
  let anchor: Token | undefined
  let tag: Token | undefined
  for (let n = 0; n < 2; n++) {
    if (at.type === TokenType.anchor && !anchor) anchor = at
    else if (at.type === TokenType.tag && !tag) tag = at
    else break
    c.at++
    at = peek(c)
  }
  return { tag, anchor }
}

function open<F extends ComposerFrame>(c: Composer, frame: F): F['node'] {
  c.frames.push(frame)
  return frame.node
}

function openFlow(c: Composer, token: Token, properties: Properties): YNode {
  const isList = token.type === TokenType.flowListStart
  const node = isList ? makeList(c, token, properties, true) : makeMap(c, token, properties, true)
  deliver(c, node)
  node.innerComments = joined(node.lineComments, node.footComments)
  node.lineComments = none
  node.footComments = none
  return node.kind === 'list'
    ? open(c, { construct: 'flowList', node, first: true })
    : open(c, { construct: 'flowMap', node, first: true, key: undefined })
}

function openBlock(c: Composer, token: Token, properties: Properties): YNode {
  const isList = token.type === TokenType.listStart
  const node = isList ? makeList(c, token, properties, false) : makeMap(c, token, properties, false)
  if (c.stem.length > 0) {
    node.headComments = joined(node.headComments, c.stem)
    c.stem = []
  }
  return node.kind === 'list'
    ? open(c, { construct: 'blockList', node, indentless: false, first: true })
    : open(c, { construct: 'blockMap', node, first: true, key: undefined })
}

/** Where a node stands. As a block map's key or value it may be a list at the column of the key. */
type Surroundings = 'block' | 'blockMap' | 'flow'

/** Reads a node. A collection is returned at once and its frame pushed; its items follow. @throws SopsError `parse`. */
export function readNode(c: Composer, within: Surroundings): YNode {
  const first = peek(c)
  if (first.type === TokenType.alias) return readAlias(c, first)
  const hasProperties = first.type === TokenType.anchor || first.type === TokenType.tag
  const properties = hasProperties ? readProperties(c, first) : noProperties
  const token = hasProperties ? peek(c) : first
  if (within === 'blockMap' && token.type === TokenType.entry) {
    const node = makeList(c, token, properties, false)
    return open(c, { construct: 'blockList', node, indentless: true, first: true })
  }
  if (token.type === TokenType.scalar) {
    const scalar = makeScalar(c, token, properties)
    deliver(c, scalar)
    c.at++
    return scalar
  }
  if (token.type === TokenType.flowListStart || token.type === TokenType.flowMapStart)
    return openFlow(c, token, properties)
  if (within !== 'flow' && (token.type === TokenType.listStart || token.type === TokenType.mapStart))
    return openBlock(c, token, properties)
  if (hasProperties) {
    const last = c.tokens[c.at - 1] as Token
    return makeScalar(c, { ...last, start: last.end, style: '', value: '' }, properties)
  }
  throw fail(c, token, 'did not find expected node content')
}
