// Paths into a document, as `--extract`, `set` and `unset` write them: `["key"][0]` (spec/format.md 12.4, spec/cli.md 12).
import { type ErrorCode, SopsError } from '../errors.ts'
import type { Comment, Entry, Leaf, MapNode, Node } from './tree.ts'

/** A key of a map, or a zero-based index into a list. */
export type Step = string | number
/** Where a node stands: keys and list indexes (from 0) from the root of a document. */
export type Path = readonly Step[]

const goInteger = /^[+-]?\d+$/

/** For a shell, which would take the double quotes for its own. */
const pathHint = `a path is written as '["key"]["inner"]', and an element of a list as '["list"][0]'`

/**
 * Reads the reference's syntax: split at `[`, every piece ends in `]`, a piece that starts with a quote is a key without its first and last
 * character, anything else a decimal index.
 * @throws SopsError `code`, with `headline` before the reason.
 */
export function parsePath(text: string, code: ErrorCode, headline: string): Path {
  const fail = (reason: string): never => {
    throw new SopsError(code, `${headline}${reason}`, { hints: [pathHint] })
  }
  const steps: Step[] = []
  for (const piece of text.split('[')) {
    if (piece === '') continue
    if (!piece.endsWith(']')) fail(`component ${piece} doesn't end with ]`)
    const inner = piece.slice(0, -1)
    if (inner[0] === '"' || inner[0] === "'") {
      if (inner.length === 1) fail(`component [${piece} has no key between its quotes`)
      steps.push(inner.slice(1, -1))
    } else if (goInteger.test(inner)) {
      const index = Number(inner)
      if (index < 0) fail(`component [${piece} is a negative index`)
      steps.push(index)
    } else fail(`component [${piece} is neither a key in quotes nor a whole number`)
  }
  return steps
}

/** `["a"][0]`: the path as a user writes it. */
export const formatPath = (path: Path): string =>
  path.map((step) => (typeof step === 'number' ? `[${step}]` : `["${step}"]`)).join('')

const goStep = (step: Step): string => (typeof step === 'number' ? `[${step}]` : `['${step}']`)

/** A record of an entry's key and value, as the reference shows the n-th item of a map; comments are items too. */
function itemRecord(item: Entry | Comment, names: readonly [string, string]): MapNode {
  const [key, value] = item.kind === 'comment' ? [leaf(item.text), leaf(null)] : [leaf(item.key), item.value]
  return { kind: 'map', items: [entry(names[0], key), entry(names[1], value)] }
}

const leaf = (value: Leaf['value']): Leaf => ({ kind: 'leaf', value })
const entry = (key: string, value: Node): Entry => ({ kind: 'entry', key, value })

/** A comment among list elements, as the reference shows it when an index hits one. */
const commentRecord = (comment: Comment, names: readonly [string, string]): MapNode => ({
  kind: 'map',
  items: [entry(names[0], leaf(comment.text)), entry(names[1], leaf(comment.inline))],
})

/**
 * The node at `path`. List indexes count comments. `capitals` names the fields of records as the reference does outside YAML.
 * @throws SopsError `generic` with the reference's message.
 */
export function nodeAt(root: MapNode, path: Path, capitals = false): Node {
  let node: Node = root
  for (const step of path) node = child(node, step, capitals)
  return node
}

function child(node: Node, step: Step, capitals: boolean): Node {
  const fail = (reason: string): never => {
    throw new SopsError('generic', `error truncating tree: component ${goStep(step)} ${reason}`)
  }
  if (typeof step === 'string') {
    if (node.kind !== 'map')
      return fail(`is a key, but the tree part is a ${node.kind === 'list' ? 'list' : 'single value'}`)
    const found = node.items.find(
      (item): item is Entry => item.kind === 'entry' && item.keyType === undefined && item.key === step,
    )
    return found ? found.value : fail('not found')
  }
  if (node.kind === 'leaf') return fail('is integer, but tree part is not a slice')
  const item = node.items[step]
  if (item === undefined) return fail('accesses out of bounds')
  if (item.kind === 'entry' || node.kind === 'map') {
    return itemRecord(item as Entry | Comment, capitals ? ['Key', 'Value'] : ['key', 'value'])
  }
  return item.kind === 'comment' ? commentRecord(item, capitals ? ['Value', 'Inline'] : ['value', 'inline']) : item
}
