// Setting and removing a value at a path, giving a new document (spec/cli.md 12.2, 12.3). Untouched nodes stay the same objects.
import { SopsError } from '../errors.ts'
import { formatPath, type Path, type Step } from './path.ts'
import type { Comment, Entry, ListNode, MapNode, Node } from './tree.ts'

const refuse = (message: string): never => {
  throw new SopsError('generic', message)
}

/** The structure for the rest of a path that does not exist yet: a map for a key, a one-element list for an index. */
const build = (path: Path, value: Node): Node =>
  path.reduceRight<Node>(
    (inner, step) =>
      typeof step === 'string'
        ? { kind: 'map', items: [{ kind: 'entry', key: step, value: inner }] }
        : { kind: 'list', items: [inner] },
    value,
  )

/** Far more than anybody writes, and far less than the call stack holds. */
const maximumSteps = 1000

function checkLength(path: Path, verb: string): void {
  if (path.length === 0) refuse(`the path is empty: name the value to ${verb}, as in ["key"]`)
  if (path.length > maximumSteps) refuse(`the path has more than ${maximumSteps} steps`)
}

/** `value` in the place of `old`: a leaf inherits the old leaf's place in the text, so that its style is kept. */
function inPlace(old: Node | Comment, value: Node): Node {
  return old.kind === 'leaf' && value.kind === 'leaf' && old.origin ? { ...value, origin: old.origin } : value
}

/** The comments that count to a collection and stand behind it, on the line of its key: that is where they stay when another value comes. */
function besideOf(old: Node): Comment[] {
  const { origin } = old
  if (old.kind === 'leaf' || origin === undefined) return []
  const items: readonly (Entry | Node | Comment)[] = old.items
  const found: Comment[] = []
  for (const item of items) {
    if (item.kind !== 'comment') break
    if (item.origin && item.origin.start >= origin.end) found.push(item)
  }
  return found
}

/** True for the entry of a key that is a text. */
export const isEntryOf =
  (key: Step) =>
  (item: Entry | Comment): item is Entry =>
    item.kind === 'entry' && item.keyType === undefined && item.key === key

/** The entry of the key at `depth`; of several the first that has the next key, else the first of all. -1 if there is none. */
function entryAt(items: MapNode['items'], path: Path, depth: number): number {
  const isNamed = isEntryOf(path[depth]!)
  const first = items.findIndex(isNamed)
  const next = path[depth + 1]
  if (next === undefined || !items.some((item, at) => at > first && isNamed(item))) return first
  const having = items.findIndex(
    (item) => isNamed(item) && item.value.kind === 'map' && item.value.items.some(isEntryOf(next)),
  )
  return having < 0 ? first : having
}

/**
 * The document with `value` at `path`: replaced where it exists, appended with all missing levels where it does not; an index past the
 * end appends.
 * @throws SopsError `generic` for a key step on a list, an index into a map (which the reference ignores), and an empty or endless path.
 */
export function setAt(root: MapNode, path: Path, value: Node): MapNode {
  checkLength(path, 'set')
  return setIn(root, path, 0, value) as MapNode
}

function setIn(node: Node, path: Path, depth: number, value: Node): Node {
  const step = path[depth]
  if (step === undefined) return inPlace(node, value)
  if (node.kind === 'leaf') return build(path.slice(depth), value)
  if (node.kind === 'map') {
    if (typeof step === 'number')
      return refuse(
        `cannot set ${formatPath(path)}: ${depth === 0 ? 'the document' : formatPath(path.slice(0, depth))} is a map, and [${step}] is an index`,
      )
    const at = entryAt(node.items, path, depth)
    if (at < 0)
      return {
        ...node,
        items: [...node.items, { kind: 'entry', key: step, value: build(path.slice(depth + 1), value) }],
      }
    const entry = node.items[at] as Entry
    const next = setIn(entry.value, path, depth + 1, value)
    const beside =
      depth === path.length - 1 && (next.kind === 'leaf' || next.items.length > 0) ? besideOf(entry.value) : []
    const changed = { ...entry, value: next }
    return { ...node, items: [...node.items.slice(0, at), ...beside, changed, ...node.items.slice(at + 1)] }
  }
  if (typeof step === 'string')
    return refuse(
      `cannot set ${formatPath(path)}: ${formatPath(path.slice(0, depth))} is a list, and ["${step}"] is a key`,
    )
  const item = node.items[step]
  const next =
    item === undefined || item.kind === 'comment'
      ? build(path.slice(depth + 1), value)
      : setIn(item, path, depth + 1, value)
  return { ...node, items: item === undefined ? [...node.items, next] : node.items.with(step, next) }
}

/** What `unset` reports as a value that is not there; `--idempotent` forgives it. */
export const isMissing = (error: unknown): boolean =>
  error instanceof SopsError && /^(?:Key not found: |Index \d+ out of bounds)/.test(error.message)

/**
 * The document without the item at `path`.
 * @throws SopsError `generic` with the reference's message when there is none.
 */
export function unsetAt(root: MapNode, path: Path): MapNode {
  checkLength(path, 'remove')
  return unsetIn(root, path, 0) as MapNode
}

function unsetIn(node: Node, path: Path, depth: number): Node {
  const step = path[depth]!
  const last = depth === path.length - 1
  if (node.kind === 'leaf') return refuse(`Unsupported type: a single value for item '${step}'`)
  if (node.kind === 'list') return unsetElement(node, path, depth, last)
  const at = typeof step === 'string' ? entryAt(node.items, path, depth) : -1
  if (at < 0) return refuse(`Key not found: ${step}`)
  if (last) return { ...node, items: node.items.toSpliced(at, 1) }
  const entry = node.items[at] as Entry
  const value = unsetIn(entry.value, path, depth + 1)
  // Of a section in two places nothing would be left but a second heading.
  const isSpent = value.kind === 'map' && value.items.length === 0
  if (isSpent && node.items.some((item, other) => other !== at && isEntryOf(step!)(item)))
    return { ...node, items: node.items.toSpliced(at, 1) }
  return { ...node, items: node.items.with(at, { ...entry, value }) }
}

function unsetElement(node: ListNode, path: Path, depth: number, last: boolean): Node {
  const step = path[depth]!
  if (typeof step === 'string')
    return refuse(
      `cannot remove ${formatPath(path)}: ${formatPath(path.slice(0, depth))} is a list, and ["${step}"] is a key`,
    )
  const item = node.items[step]
  if (item === undefined) return refuse(`Index ${step} out of bounds`)
  if (last) return { ...node, items: node.items.toSpliced(step, 1) }
  if (item.kind === 'comment') return refuse(`Unsupported type: a comment for item '${path[depth + 1]}'`)
  return { ...node, items: node.items.with(step, unsetIn(item, path, depth + 1)) }
}
