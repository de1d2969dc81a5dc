// Metadata as flat names, for formats without nesting (spec/format.md 6.4).
import { SopsError } from '../errors.ts'
import { formatFloatF } from '../tree/floats.ts'
import { type Entry, isTimestamp, type Leaf, type ListNode, type MapNode, type Node, type Value } from '../tree/tree.ts'

/** A flat name and what stands there. */
type FlatItem = readonly [name: string, value: Value]

const mapMark = '__map_'
const listMark = '__list_'

function flatText(value: Value): string {
  if (typeof value === 'string') return value
  if (value === null) return ''
  if (typeof value === 'number') return formatFloatF(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  return isTimestamp(value) ? value.rfc3339 : String(value)
}

/** Depth first, in the order of the map; empty containers leave no trace. All values become text. */
export function flatten(map: MapNode): FlatItem[] {
  const flat: FlatItem[] = []
  const seen = new Set<string>()
  const visit = (name: string, node: Node): void => {
    if (node.kind === 'leaf') {
      if (seen.has(name))
        throw new SopsError('cannot-emit', `Found duplicate flattened name ${JSON.stringify(name)}`, {
          hints: ['two fields of the metadata would get one name in this format: rename one'],
        })
      seen.add(name)
      flat.push([name, flatText(node.value)])
    } else if (node.kind === 'map') {
      for (const item of node.items) if (item.kind === 'entry') visit(`${name}${mapMark}${item.key}`, item.value)
    } else {
      let index = 0
      for (const item of node.items) if (item.kind !== 'comment') visit(`${name}${listMark}${index++}`, item)
    }
  }
  for (const item of map.items) if (item.kind === 'entry') visit(item.key, item.value)
  return flat
}

/** Containers around a value that are taken; the metadata has five at most. */
const maximumDepth = 100

type Token = { readonly key: string } | { readonly index: number }

/** `a__map_b__list_0` is a, then b, then the element 0. An index that is not a number counts as 0. */
function tokens(name: string): Token[] {
  const parts = name.split(/(__map_|__list_)/, 2 * maximumDepth + 2)
  if (parts.length > 2 * maximumDepth + 1) {
    throw new SopsError(
      'generic',
      `${JSON.stringify(name.slice(0, maximumDepth))} is nested more than ${maximumDepth} deep`,
    )
  }
  const result: Token[] = [{ key: parts[0]! }]
  for (let i = 1; i < parts.length; i += 2) {
    const text = parts[i + 1]!
    const index = /^[+-]?\d{1,9}$/.test(text) ? Number(text) : 0
    result.push(parts[i] === mapMark ? { key: text } : { index })
  }
  return result
}

/** Of two names one is the beginning of the other, or they disagree on whether a list is there. */
const typeMismatch = (name: string): SopsError =>
  new SopsError(
    'generic',
    `Type mismatch at ${JSON.stringify(name)}: another name has a value, a list or fields in its place`,
  )

type Growing = { value: Value } | { keys: Map<string, Growing> } | { elements: Map<number, Growing> }

/**
 * The tree that flat names describe.
 * @throws SopsError `generic`: a name twice, a name that is both value and container, lists with holes, more than 100 levels.
 */
export function unflatten(items: readonly FlatItem[]): MapNode {
  const root = new Map<string, Growing>()
  for (const [name, value] of items) place(root, tokens(name), name, value)
  return finishMap(root)
}

function place(root: Map<string, Growing>, path: readonly Token[], name: string, value: Value): void {
  let container: { keys: Map<string, Growing> } | { elements: Map<number, Growing> } = { keys: root }
  path.forEach((token, at) => {
    const next = path[at + 1]
    const made: Growing = next === undefined ? { value } : 'key' in next ? { keys: new Map() } : { elements: new Map() }
    const found = 'key' in token ? mapOf(container, name).get(token.key) : listOf(container, name).get(token.index)
    if (found === undefined) {
      if ('key' in token) mapOf(container, name).set(token.key, made)
      else listOf(container, name).set(token.index, made)
    } else if (next === undefined) {
      if (!('value' in found)) throw typeMismatch(name)
      throw new SopsError('generic', `Duplicate value at ${JSON.stringify(name)}`, {
        details: { fault: 'value twice' },
      })
    }
    const child = found ?? made
    if (next !== undefined) {
      if ('value' in child) throw typeMismatch(name)
      container = child
    }
  })
}

function mapOf(container: Growing, name: string): Map<string, Growing> {
  if ('keys' in container) return container.keys
  throw typeMismatch(name)
}

function listOf(container: Growing, name: string): Map<number, Growing> {
  if ('elements' in container) return container.elements
  throw typeMismatch(name)
}

function finish(node: Growing): Node {
  if ('value' in node) return { kind: 'leaf', value: node.value } satisfies Leaf
  return 'keys' in node ? finishMap(node.keys) : finishList(node.elements)
}

const finishMap = (keys: ReadonlyMap<string, Growing>): MapNode => ({
  kind: 'map',
  items: [...keys].map(([key, child]): Entry => ({ kind: 'entry', key, value: finish(child) })),
})

function finishList(elements: ReadonlyMap<number, Growing>): ListNode {
  const items: Node[] = []
  for (let index = 0; index < elements.size; index++) {
    const element = elements.get(index)
    if (element === undefined) throw new SopsError('generic', `Incomplete list: element ${index} is missing`)
    items.push(finish(element))
  }
  return { kind: 'list', items }
}
