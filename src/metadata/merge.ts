// Puts new metadata over the block it came from: what says the same stays the very same node, so that a file changes only where it must.
import type { Comment, Entry, Leaf, ListNode, MapNode, Node } from '../tree/tree.ts'
import { asBool, asInt, asText } from './coerce.ts'
import { fieldNames } from './names.ts'

/** `old` where it says what `fresh` says, else the least changed version of it. */
export function mergeNode(old: Node, fresh: Node): Node {
  if (fresh.kind === 'leaf') return old.kind === 'leaf' ? mergeLeaf(old, fresh) : fresh
  if (fresh.kind === 'map') return old.kind === 'map' ? mergeMap(old, fresh) : fresh
  if (old.kind === 'map' && fresh.items.length === 1) {
    const only = fresh.items[0]!
    return only.kind === 'map' && identity(old) === identity(only) ? mergeMap(old, only) : fresh
  }
  return old.kind === 'list' ? mergeList(old, fresh) : fresh
}

const isTime = (name: string): boolean => name === 'lastmodified' || name === 'created_at'

function saysSame(old: Leaf, fresh: Leaf, name: string): boolean {
  try {
    if (typeof fresh.value === 'boolean') return asBool(name, old) === fresh.value
    if (typeof fresh.value === 'bigint') return BigInt(asInt(name, old)) === fresh.value
    return asText(name, old, { time: isTime(name) }) === asText(name, fresh)
  } catch {
    return false
  }
}

function mergeLeaf(old: Leaf, fresh: Leaf, name = ''): Leaf {
  if (saysSame(old, fresh, name)) return old
  return old.origin === undefined ? fresh : { ...fresh, origin: old.origin }
}

const isEmpty = (node: Node): boolean =>
  node.kind === 'leaf' ? node.value === null || node.value === '' : node.items.every((item) => item.kind === 'comment')

/** True for a field whose absence would mean the same. */
function saysNothing(name: string, node: Node): boolean {
  try {
    if (name === 'shamir_threshold') return asInt(name, node) === 0
    if (name === 'mac_only_encrypted') return !asBool(name, node)
  } catch {
    return false
  }
  return isEmpty(node)
}

const isKnown = (key: string): boolean => fieldNames.includes(key.toLowerCase()) || keyFields.has(key.toLowerCase())

/** Fields of keys that may be left out; the others are always written. */
const keyFields: ReadonlySet<string> = new Set(['role', 'context'])

/** Known fields that are gone are removed, unless they say nothing; unknown ones and comments stay. */
function mergeMap(old: MapNode, fresh: MapNode): MapNode {
  const news = new Map(fresh.items.filter((item) => item.kind === 'entry').map((item) => [item.key, item.value]))
  const keys = new Set(old.items.flatMap((item) => (item.kind === 'entry' ? [item.key] : [])))
  const done = new Set<string>()
  const items: (Entry | Comment)[] = []
  for (const item of old.items) {
    if (item.kind === 'comment') {
      items.push(item)
      continue
    }
    const name = news.has(item.key) ? item.key : item.key.toLowerCase()
    const value = news.get(name)
    // Of several spellings of one name only the exact one counts.
    const isShadowed = name !== item.key && keys.has(name)
    if (value !== undefined && !isShadowed && !done.has(name)) {
      done.add(name)
      const merged =
        item.value.kind === 'leaf' && value.kind === 'leaf'
          ? mergeLeaf(item.value, value, name)
          : mergeNode(item.value, value)
      items.push(merged === item.value ? item : { ...item, value: merged })
    } else if (value === undefined && (!isKnown(item.key) || saysNothing(item.key.toLowerCase(), item.value))) {
      items.push(item)
    }
  }
  for (const [key, value] of news) if (!done.has(key)) insertSorted(items, { kind: 'entry', key, value })
  return unchanged(old.items, items) ? old : { ...old, items }
}

const unchanged = (old: readonly unknown[], items: readonly unknown[]): boolean =>
  items.length === old.length && items.every((item, at) => item === old[at])

function insertSorted(items: (Entry | Comment)[], entry: Entry): void {
  const at = items.findIndex((item) => item.kind === 'entry' && item.key > entry.key)
  if (at < 0) items.push(entry)
  else items.splice(at, 0, entry)
}

/** What tells a key from others: its fields but for the wrapped data key and the date. */
function identity(node: Node): string {
  if (node.kind !== 'map') return ''
  const fields = node.items
    .filter((item) => item.kind === 'entry')
    .map((item) => ({ name: item.key.toLowerCase(), value: item.value }))
    .filter(({ name, value }) => name !== 'enc' && name !== 'created_at' && !isEmpty(value))
    .map(({ name, value }) => [name, value.kind === 'leaf' ? textOf(value) : identity(value)])
  return JSON.stringify(fields.sort(([a], [b]) => (a! < b! ? -1 : 1)))
}

function textOf(leaf: Leaf): string {
  try {
    return asText('', leaf)
  } catch {
    return ''
  }
}

/** Key groups meet by their place, keys by what they are. Elements keep their place only if their order stays. */
function mergeList(old: ListNode, fresh: ListNode): ListNode {
  const elements = old.items.filter((item) => item.kind !== 'comment')
  const isGroups = fresh.items.some(
    (item) => item.kind === 'map' && item.items.some((i) => i.kind === 'entry' && i.value.kind === 'list'),
  )
  const find = isGroups ? (_: Node, at: number) => (at < elements.length ? at : undefined) : finder(elements)
  const pairs = fresh.items.map((item, at) => {
    const element = item as Node
    const place = find(element, at)
    return { element, place, match: place === undefined ? undefined : elements[place] }
  })
  const order = pairs.flatMap(({ place }) => (place === undefined ? [] : [place]))
  if (order.some((place, at) => at > 0 && place < order[at - 1]!)) return fresh
  const items: (Node | Comment)[] = []
  let at = 0
  const copyUpTo = (end: Node | undefined): void => {
    for (; at < old.items.length && old.items[at] !== end; at++) {
      const item = old.items[at]!
      if (item.kind === 'comment') items.push(item)
    }
  }
  for (const { element, match } of pairs) {
    if (match === undefined) items.push(element)
    else {
      copyUpTo(match)
      at++
      items.push(mergeNode(match, element))
    }
  }
  copyUpTo(undefined)
  return unchanged(old.items, items) ? old : { ...old, items }
}

/** Gives each of equal elements once, the first one first: by its place. */
function finder(elements: readonly Node[]): (wanted: Node) => number | undefined {
  const places = new Map<string, number[]>()
  for (let at = elements.length - 1; at >= 0; at--) {
    const name = identity(elements[at]!)
    const same = places.get(name)
    if (same === undefined) places.set(name, [at])
    else same.push(at)
  }
  return (wanted) => places.get(identity(wanted))?.pop()
}

/** The same for flat entries, whose names start with `prefix`. */
export function mergeFlat(
  olds: readonly (Entry | Comment)[],
  fresh: readonly Entry[],
  prefix: string,
): (Entry | Comment)[] {
  const news = new Map(fresh.map((entry) => [entry.key, entry]))
  const items: (Entry | Comment)[] = []
  const done = new Set<string>()
  for (const item of olds) {
    const next = item.kind === 'entry' ? news.get(item.key) : undefined
    if (item.kind === 'comment') items.push(item)
    else if (next !== undefined && !done.has(item.key)) {
      done.add(item.key)
      items.push(mergeFlatEntry(item, next))
    } else if (next === undefined && mayStay(item.key.slice(prefix.length), item.value)) {
      items.push(item)
    }
  }
  // New names follow the one they follow in the fresh order.
  const behind = new Map<string, Entry[]>()
  let added: Entry[] = []
  const first = added
  for (const entry of fresh) {
    if (done.has(entry.key)) {
      added = []
      behind.set(entry.key, added)
    } else added.push(entry)
  }
  return [...first, ...items.flatMap((item) => [item, ...((item.kind === 'entry' && behind.get(item.key)) || [])])]
}

const mayStay = (name: string, value: Node): boolean => !isKnownFlat(name) || saysNothing(name, value)

const isKnownFlat = (name: string): boolean => fieldNames.includes(name.split('__')[0]!.toLowerCase())

function mergeFlatEntry(old: Entry, fresh: Entry): Entry {
  if (old.value.kind !== 'leaf' || fresh.value.kind !== 'leaf') return fresh
  const plain = (leaf: Leaf): string => textOf(leaf).replaceAll('\\n', '\n')
  if (saysSameFlat(plain(old.value), plain(fresh.value))) return old
  // INI had real line breaks in its metadata for two releases (spec/format.md 13).
  const isBroken = typeof old.value.value === 'string' && old.value.value.includes('\n')
  const next = isBroken ? { ...fresh.value, value: plain(fresh.value) } : fresh.value
  return { ...old, value: mergeLeaf(old.value, next) }
}

const saysSameFlat = (old: string, fresh: string): boolean =>
  old === fresh || (/^\d+\.0+$/.test(old) && old.replace(/\.0+$/, '') === fresh)
