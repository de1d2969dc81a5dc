// Nodes to the document tree: keys and values resolved, aliases expanded, comments put where the reference has them (spec/format.md 7.3, 7.5).

import { SopsError } from '../../../errors.ts'
import { formatFloatF } from '../../../tree/floats.ts'
import type { Comment, Entry, Leaf, MapNode, Node, Origin, Tree, Value } from '../../../tree/tree.ts'
import { goType, isTypeTag, printPlain, resolvePlain, resolveScalar } from '../scalar/resolve.ts'
import type { YDocument, YNode } from './nodes.ts'
import { parseError, positionAt } from './text.ts'
import type { RemarkLine } from './tokens.ts'

/** The origin of every node of a tree that came from YAML text. */
export interface Place extends Origin {
  /** The node itself; of an entry: its key. Comments have none. */
  readonly node: YNode | undefined
  /** Of an entry: its value's node. */
  readonly valueNode?: YNode
  /** The outermost alias this is a copy for. */
  readonly alias: YNode | undefined
}

interface Frame {
  readonly node: YNode
  readonly items: (Entry | Node | Comment)[]
  index: number
  readonly alias: YNode | undefined
  /** Its own comments go inside it (not for elements of lists, whose comments stand in the list). */
  readonly inside: boolean
}

const allowedRatio = (visited: number): number => {
  if (visited <= 400_000) return 0.99
  return visited >= 4_000_000 ? 0.1 : 0.99 - (0.89 * (visited - 400_000)) / 3_600_000
}

/** Characters of scalars that aliases may stand for in all: each copy is encrypted by itself. */
const maximumCopied = 2 ** 27

/**
 * @throws SopsError `parse`: whatever the reference refuses in the first document; bad tags, alias loops and too much text behind aliases in
 * every one.
 */
export function build(text: string, documents: readonly YDocument[]): Tree {
  const copies = { length: 0 }
  return { documents: documents.map((document, i) => buildDocument(text, document, i === 0, copies)) }
}

function buildDocument(text: string, document: YDocument, checked: boolean, copies: { length: number }): MapNode {
  const frames: Frame[] = []
  const open = new Set<YNode>()
  let visited = 1
  let copied = 0
  const unmarshal = (offset: number, problem: string): SopsError => {
    const position = positionAt(text, offset)
    return new SopsError('parse', `yaml: unmarshal errors:\n  line ${position.line}: ${problem}`, { position })
  }

  function visit(alias: YNode | undefined): void {
    visited++
    if (!alias) return
    copied++
    if (copied > 100 && visited > 1000 && copied / visited > allowedRatio(visited)) {
      throw parseError(text, alias.start, 'document contains excessive aliasing')
    }
  }

  function addComments(
    items: (Entry | Node | Comment)[],
    lines: readonly RemarkLine[],
    inline: boolean,
    inList: boolean,
    alias: YNode | undefined,
  ): void {
    for (const line of lines) {
      if (line === null) continue
      const value = text.slice(line.start + 1, line.end)
      if (alias) countCopy(value.length, line.start)
      // The reference turns an empty comment of a list into an element; the text keeps it.
      if (inList && value === '') continue
      const origin: Place = { start: line.start, end: line.end, value, node: undefined, alias }
      items.push({ kind: 'comment', text: value, inline, origin })
    }
  }

  function countCopy(length: number, start: number): void {
    copies.length += length
    if (copies.length > maximumCopied) {
      throw parseError(text, start, `aliases stand for more than ${maximumCopied / 2 ** 20} MiB of text`)
    }
  }

  function scalarValue(node: YNode): Value {
    const resolved = resolveScalar(node.tag, node.value, node.style === '')
    if ('problem' in resolved) throw parseError(text, node.start, resolved.problem)
    return resolved.value
  }

  function leaf(node: YNode, alias: YNode | undefined): Leaf {
    if (alias) countCopy(node.value.length, node.start)
    const value = scalarValue(node)
    const origin: Place = { start: node.start, end: node.end, value, node, alias }
    if (typeof value === 'string' || value === null || value instanceof Uint8Array)
      return { kind: 'leaf', value, origin }
    // Readers of YAML 1.2 take digits with underscores for text.
    const text = node.value.replaceAll('_', '')
    // A float by its tag alone is spelled as one, so that it stays one where the tag cannot stand.
    const spelling =
      typeof value === 'number' && typeof resolvePlain(text) === 'bigint' ? `${formatFloatF(value)}.0` : text
    return spelling === printPlain(value) ? { kind: 'leaf', value, origin } : { kind: 'leaf', value, spelling, origin }
  }

  /** A leaf at once; a collection with its items still to come. */
  function start(node: YNode, alias: YNode | undefined, inside: boolean): Node {
    visit(alias)
    if (node.kind === 'alias') {
      const target = node.target as YNode
      if (open.has(target)) throw parseError(text, node.start, `anchor '${node.value}' value contains itself`)
      return start(target, alias ?? node, true)
    }
    if (node.kind === 'scalar') return leaf(node, alias)
    if (checked && isTypeTag(node.tag)) {
      throw unmarshal(node.start, `cannot unmarshal ${node.kind === 'map' ? '!!map' : '!!seq'} into ${node.tag}`)
    }
    const items: (Entry | Node | Comment)[] = []
    const origin: Place = { start: node.start, end: node.end, value: null, node, alias }
    open.add(node)
    frames.push({ node, items, index: 0, alias, inside })
    if (checked && node.kind === 'map' && !alias) checkKeys(node)
    const inList = node.kind === 'list'
    if (inside) {
      addComments(items, node.head, false, inList, alias)
      addComments(items, node.lineRemarks, false, inList, alias)
    }
    addComments(items, node.inner, false, inList, alias)
    return (inList ? { kind: 'list', items, origin } : { kind: 'map', items, origin }) as Node
  }

  function checkKeys(map: YNode): void {
    const seen = new Map<string, YNode>()
    for (let i = 0; i < map.items.length; i += 2) {
      const key = map.items[i] as YNode
      const value = map.items[i + 1] as YNode
      const target = key.kind === 'alias' ? (key.target as YNode) : key
      if (target.kind !== 'scalar') throw parseError(text, key.start, 'invalid map key')
      const id = (key.kind === 'alias' ? '*' : '=') + key.value
      const other = seen.get(id)
      if (other) {
        const line = positionAt(text, other.content).line
        throw unmarshal(key.content, `mapping key ${JSON.stringify(key.value)} already defined at line ${line}`)
      }
      seen.set(id, key)
      const isMerge = key.kind === 'scalar' && key.value === '<<' && (key.style === '' ? key.tag !== '!!str' : false)
      if (isMerge && !isMergeable(value)) {
        throw parseError(text, value.start, 'map merge requires map or sequence of maps as the value')
      }
    }
  }

  function isMergeable(value: YNode): boolean {
    const isMap = (node: YNode) => (node.kind === 'alias' ? (node.target as YNode) : node).kind === 'map'
    return isMap(value) || (value.kind === 'list' && value.items.every(isMap))
  }

  function keyOf(key: YNode): { key: string; keyType?: string } {
    const target = key.kind === 'alias' ? (key.target as YNode) : key
    if (target.kind !== 'scalar') {
      const keyType = target.kind === 'map' ? 'sops.TreeBranch' : '[]interface {}'
      return { key: text.slice(key.start, key.end), keyType }
    }
    const value = scalarValue(target)
    return typeof value === 'string' ? { key: value } : { key: target.value, keyType: goType(value) }
  }

  function entry(frame: Frame): void {
    const { node, items, alias } = frame
    const key = node.items[frame.index] as YNode
    const value = node.items[frame.index + 1] as YNode
    frame.index += 2
    visit(alias)
    if (alias || key.kind === 'alias') countCopy((key.target ?? key).value.length, key.start)
    addComments(items, key.head, false, false, alias)
    addComments(items, key.lineRemarks, false, false, alias)
    const isSingle = value.kind === 'scalar' || value.kind === 'alias'
    if (isSingle) {
      addComments(items, value.head, false, false, alias)
      addComments(items, value.lineRemarks, true, false, alias)
    }
    const named = keyOf(key)
    const origin: Place = { start: key.start, end: value.end, value: named.key, node: key, valueNode: value, alias }
    items.push({ kind: 'entry', ...named, value: start(value, alias, true), origin })
    if (!isSingle) return
    addComments(items, value.foot, false, false, alias)
    addComments(items, key.foot, false, false, alias)
  }

  function element(frame: Frame): void {
    const { node, items, alias } = frame
    const value = node.items[frame.index++] as YNode
    addComments(items, value.head, false, true, alias)
    addComments(items, value.lineRemarks, true, true, alias)
    items.push(start(value, alias, false))
    addComments(items, value.foot, false, true, alias)
  }

  /** What stands in a finished collection, and behind it in the one around it. */
  function finish(frame: Frame): void {
    if (frame.inside) addComments(frame.items, frame.node.foot, false, frame.node.kind === 'list', frame.alias)
    open.delete(frame.node)
    frames.pop()
    const outer = frames[frames.length - 1]
    if (outer?.node.kind !== 'map') return
    const key = outer.node.items[outer.index - 2] as YNode
    const value = outer.node.items[outer.index - 1] as YNode
    if (value.kind !== 'alias') addComments(outer.items, key.foot, false, false, outer.alias)
  }

  function root(node: YNode): MapNode {
    if (node.kind === 'map') return start(node, undefined, true) as MapNode
    if (node.kind === 'scalar' && scalarValue(node) === null) {
      const items: Comment[] = []
      for (const lines of [node.head, node.lineRemarks, node.foot]) addComments(items, lines, false, false, undefined)
      return {
        kind: 'map',
        items,
        origin: { start: node.start, end: node.end, value: null, node, alias: undefined } as Place,
      }
    }
    if (!checked) {
      const what = node.kind === 'list' ? 'sequences' : 'values'
      throw parseError(text, node.start, `YAML documents that are ${what} are not supported`)
    }
    const what = node.kind === 'list' ? '!!seq' : 'a single value'
    throw unmarshal(node.start, `cannot unmarshal ${what} into map[string]interface {}`)
  }

  const before: Comment[] = []
  const after: Comment[] = []
  addComments(before, document.head, false, false, undefined)
  addComments(after, document.foot, false, false, undefined)
  const map = document.root
    ? root(document.root)
    : ({
        kind: 'map',
        items: [],
        origin: { start: document.start, end: document.start, value: null, node: undefined, alias: undefined } as Place,
      } as MapNode)
  for (let frame = frames[frames.length - 1]; frame; frame = frames[frames.length - 1]) {
    if (frame.index >= frame.node.items.length) finish(frame)
    else if (frame.node.kind === 'map') entry(frame)
    else element(frame)
  }
  return before.length + after.length === 0 ? map : { ...map, items: [...before, ...map.items, ...after] }
}
