// Entries of one map with the same key. JSON, dotenv, INI and later YAML documents keep them all (spec/format.md 1); whoever reads the text
// takes one, and not everybody the same.
import { type ErrorCode, SopsError } from '../errors.ts'
import { listed } from '../text/listed.ts'
import { formatPath, type Path, type Step } from './path.ts'
import { type Comment, type Entry, type Leaf, type Node, sameValue } from './tree.ts'

/** Two entries or more of one map that have the same key. */
export interface Twins {
  readonly path: Path
  readonly entries: readonly Entry[]
  /** They say the same, comments aside, so that it does not matter who takes which. */
  readonly agree: boolean
}

type Items = readonly (Entry | Comment)[]

/** Up to here comparing each key with each is quicker than a set. */
const few = 8

/** The answers about maps that are not small: they are asked for more than once. */
const known = new WeakMap<Items, boolean>()

function isRepeating(items: Items): boolean {
  if (items.length > few) {
    const answer = known.get(items) ?? hasRepeated(items)
    known.set(items, answer)
    return answer
  }
  for (let i = 1; i < items.length; i++) {
    const item = items[i]!
    if (item.kind !== 'entry') continue
    for (let j = 0; j < i; j++) {
      const other = items[j]!
      if (other.kind === 'entry' && other.key === item.key) return true
    }
  }
  return false
}

function hasRepeated(items: Items): boolean {
  const keys = new Set<string>()
  let count = 0
  for (const item of items) {
    if (item.kind !== 'entry') continue
    keys.add(item.key)
    count++
  }
  return keys.size < count
}

/** Documents, or parts of them. */
interface Trees {
  readonly documents: readonly Node[]
}

/** A container, and the way to it. */
interface Link {
  readonly node: Exclude<Node, Leaf>
  readonly up: Link | undefined
  readonly step: Step
}

/** All containers, each behind the one around it. */
function* containersOf({ documents }: Trees): Generator<Link> {
  const waiting: Link[] = documents
    .filter((node) => node.kind !== 'leaf')
    .map((node) => ({ node, up: undefined, step: 0 }))
  for (let at = 0; at < waiting.length; at++) {
    const up = waiting[at]!
    yield up
    const { items } = up.node
    for (let index = 0; index < items.length; index++) {
      const item = items[index]!
      if (item.kind === 'comment') continue
      const node = item.kind === 'entry' ? item.value : item
      if (node.kind !== 'leaf') waiting.push({ node, up, step: item.kind === 'entry' ? item.key : index })
    }
  }
}

function pathOf(link: Link, key: string): Path {
  const steps: Step[] = [key]
  for (let at = link; at.up; at = at.up) steps.push(at.step)
  return steps.reverse()
}

/** Whether `findTwins` would find any. */
export function hasTwins(tree: Trees): boolean {
  for (const { node } of containersOf(tree)) if (node.kind === 'map' && isRepeating(node.items)) return true
  return false
}

/** Those of outer maps come first. */
export function findTwins(tree: Trees): Twins[] {
  const found: Twins[] = []
  for (const link of containersOf(tree)) {
    const { node } = link
    if (node.kind !== 'map' || !isRepeating(node.items)) continue
    const byKey = new Map<string, Entry[]>()
    for (const item of node.items) {
      if (item.kind !== 'entry') continue
      const entries = byKey.get(item.key)
      if (entries) entries.push(item)
      else byKey.set(item.key, [item])
    }
    for (const [key, entries] of byKey) {
      if (entries.length < 2) continue
      // Paths of all of them would be quadratic in the depth of the tree.
      found.push({
        get path() {
          return pathOf(link, key)
        },
        entries,
        agree: agree(entries),
      })
    }
  }
  return found
}

const agree = (entries: readonly Entry[]): boolean =>
  entries.every(({ value }, i) => i === 0 || saysSame(value, entries[i - 1]!.value))

/** Those that the path leads through or to; of twins it goes on in the first. */
export function twinsAlong(root: Node, path: Path): Twins[] {
  const found: Twins[] = []
  let node: Node | undefined = root
  for (const [at, step] of path.entries()) {
    if (node === undefined || node.kind === 'leaf') break
    if (typeof step === 'number') {
      const item: Node | Comment | Entry | undefined = node.kind === 'list' ? node.items[step] : undefined
      node = item?.kind === 'comment' ? undefined : item
      continue
    }
    const entries: Entry[] =
      node.kind === 'map' ? node.items.filter((item): item is Entry => item.kind === 'entry' && item.key === step) : []
    if (entries.length > 1) found.push({ path: path.slice(0, at + 1), entries, agree: agree(entries) })
    node = entries[0]?.value
  }
  return found
}

const withoutComments = (items: readonly (Entry | Node | Comment)[]): readonly (Entry | Node)[] =>
  items.filter((item) => item.kind !== 'comment')

/** Same kinds, keys, types and values. Containers nest deeper than the call stack (spec/format.md 7.2). */
function saysSame(one: Node, other: Node): boolean {
  const pairs: [Entry | Node, Entry | Node][] = [[one, other]]
  for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
    const [a, b] = pair
    if (a.kind === 'entry') {
      if (b.kind !== 'entry' || a.key !== b.key) return false
      pairs.push([a.value, b.value])
    } else if (a.kind === 'leaf') {
      if (b.kind !== 'leaf' || !(sameValue(a.value, b.value) || Object.is(a.value, b.value))) return false
    } else {
      if (a.kind !== b.kind) return false
      const [items, others] = [withoutComments(a.items), withoutComments((b as typeof a).items)]
      if (items.length !== others.length) return false
      for (const [i, item] of items.entries()) pairs.push([item, others[i]!])
    }
  }
  return true
}

/**
 * Refuses an entry with nothing that the MAC counts beside one of the same key that has some: anybody can put it there.
 * @param counted the leaves of the tree that the MAC counts.
 * @throws SopsError `generic`, with the path.
 */
export function refuseUncounted(
  tree: Trees,
  twins: readonly Twins[],
  counted: ReadonlySet<Node>,
  lineOf?: LineOf,
): void {
  const having = new Set<Node>(counted)
  for (const { node, up } of [...containersOf(tree)].reverse()) {
    const has = node.items.some((item) => having.has(item.kind === 'entry' ? item.value : (item as Node)))
    if (has) having.add(node)
    if (having.has(node) && up) having.add(up.node)
  }
  for (const one of twins) {
    const { entries } = one
    const strays = entries.filter(({ value }) => !having.has(value))
    if (strays.length === 0 || strays.length === entries.length) continue
    const [stray] = linesOf(strays, lineOf)
    const line = stray === undefined ? '' : ` (line ${stray})`
    const { path } = one
    throw new SopsError(
      'generic',
      `${formatPath(path)} is there ${times(entries)}, once with nothing that the MAC covers${line}`,
      {
        path: keysOf(path),
        hints: [
          'nobody needs a key to put such an entry there, and some readers would take it: leave the one that is meant',
        ],
      },
    )
  }
}

const keysOf = (path: Path): string[] => path.filter((step) => typeof step === 'string')

/** The 1-based line at which an entry stands in its text, where it came from one. */
export type LineOf = (entry: Entry) => number | undefined

/** Of the first few: finding a line is linear in the text. Entries may share one. */
const linesOf = (entries: readonly Entry[], lineOf: LineOf | undefined): number[] => [
  ...new Set(entries.slice(0, shown).flatMap((entry) => lineOf?.(entry) ?? [])),
]

const shown = 3

const times = ({ length }: readonly Entry[]): string => (length === 2 ? 'twice' : `${length} times`)

/** `["a"] (lines 2, 5)`. */
function placeText({ path, entries }: Twins, lineOf: LineOf | undefined): string {
  const lines = linesOf(entries, lineOf)
  if (lines.length === 0) return formatPath(path)
  const more = entries.length > shown ? ' and more' : ''
  return `${formatPath(path)} (${lines.length + more.length === 1 ? 'line' : 'lines'} ${lines.join(', ')}${more})`
}

const keysIn = ({ value }: Entry): string[] =>
  value.kind === 'map' ? value.items.flatMap((item) => (item.kind === 'entry' ? [item.key] : [])) : []

/** Maps without a common key: whoever joins them has every value (sections of INI). */
const areParts = ({ entries }: Twins): boolean => {
  const keys = entries.flatMap(keysIn)
  return entries.every(({ value }) => value.kind === 'map') && new Set(keys).size === keys.length
}

/** Parts the twins of a text whose top-level maps are sections: those that say different things, and sections without a common key. */
export function partedSections(
  twins: readonly Twins[],
): readonly [others: readonly Twins[], sections: readonly Twins[]] {
  const isParted = (one: Twins): boolean => !one.agree && one.path.length === 1 && areParts(one)
  return [twins.filter((one) => !isParted(one)), twins.filter(isParted)]
}

/** `[a] stands twice (lines 2, 5)`. */
export function sectionText({ path, entries }: Twins, lineOf: LineOf): string {
  const lines = linesOf(entries, lineOf)
  const place = lines.length < 2 ? '' : ` (lines ${lines.join(', ')}${entries.length > shown ? ' and more' : ''})`
  return `[${path[0]}] stands ${times(entries)}${place}`
}

/**
 * `twinsAlong` where top-level maps are sections, which are one as long as nothing names the same key in two of them: the twins that make
 * the path ambiguous. `set` and `unset` go to the section that has the key (tree/edit.ts).
 */
export function twinsAlongSections(root: Node, path: Path): Twins[] {
  const [section, ...more] = twinsAlong(root, path)
  const [, key] = path
  if (!section || section.path.length > 1 || key === undefined) return section ? [section, ...more] : []
  const entries = section.entries.flatMap(({ value }) =>
    value.kind === 'map' ? value.items.filter((item): item is Entry => item.kind === 'entry' && item.key === key) : [],
  )
  if (section.entries.some(({ value }) => value.kind !== 'map')) return [section]
  return entries.length < 2 ? [] : [{ path: path.slice(0, 2), entries, agree: agree(entries) }]
}

/** Where keys stand more than once and do not agree; undefined where none does. */
export function disagreeing(twins: readonly Twins[], lineOf?: LineOf): string | undefined {
  const found = twins.filter(({ agree }) => !agree)
  // Texts are made for those that are shown only.
  return found.length === 0 ? undefined : listed(found.map((one, i) => (i < shown ? placeText(one, lineOf) : '')))
}

/**
 * Refuses to change one of several: readers that take another would not see it.
 * @throws SopsError `generic` at the first of them.
 */
export function refuseChange([first]: readonly Twins[], lineOf?: LineOf): void {
  if (!first) return
  const message = `${placeText(first, lineOf)} is there ${times(first.entries)}, and the change would reach one of them`
  throw new SopsError('generic', message, { path: keysOf(first.path), hints: [editHint] })
}

const editHint = 'sops edit shows all of them: leave the one that is meant'

/**
 * Refuses to take one of several that do not agree.
 * @param what what would take one: `the environment`.
 * @throws SopsError `code` at the first of them.
 */
export function refuseChoice(
  twins: readonly Twins[],
  what: string,
  { code = 'generic', lineOf }: { readonly code?: ErrorCode; readonly lineOf?: LineOf | undefined } = {},
): void {
  const found = twins.find(({ agree }) => !agree)
  if (!found) return
  const place = placeText(found, lineOf)
  throw new SopsError(
    code,
    `${place} is there ${times(found.entries)} with different values, and ${what} can have one`,
    {
      path: keysOf(found.path),
      hints: [editHint],
    },
  )
}
