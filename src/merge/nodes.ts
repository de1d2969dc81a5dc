// Three versions of a tree become one: what one side changed is taken, what both changed in different ways is a conflict. The result stands on
// ours: its nodes keep their places there, and what comes from the others has none.
import { dataText, sameData } from '../tree/data.ts'
import type { Path } from '../tree/path.ts'
import type { Comment, Entry, Item, Leaf, ListNode, MapNode, Node } from '../tree/tree.ts'
import { inOldPlaces, mergeComments, sameComments } from './comments.ts'
import { elementKeys } from './element-keys.ts'
import { foreign, foreignComments } from './foreign.ts'
import { byKey, type Group, groupsOf, inOrderOfBoth, itemsOf } from './groups.ts'
import { differences, mergeSequences, type Stretch } from './sequence.ts'

/** A version of what is merged. */
export type Side = 'base' | 'ours' | 'theirs'

/** A place that both sides changed in different ways; a side that has nothing there is absent. */
export interface Conflict {
  /** Counted from 0. */
  readonly document: number
  /** List indexes count comments; they are those of ours, or of the side that has the element. */
  readonly path: Path
  /** The nodes are lists, of the elements that stand there. */
  readonly isRange: boolean
  readonly base?: Node
  readonly ours?: Node
  readonly theirs?: Node
}

/** How nodes are merged. */
export interface Merging {
  readonly document: number
  /** Which side of a conflict is taken; asked once for each. */
  readonly choose: (conflict: Conflict) => Side
  /** Told what stands there then: nothing, an entry, an element, or several. */
  readonly placed: (conflict: Conflict, items: readonly Item[]) => void
  /** Comments say what is encrypted: they are values. */
  readonly commentsCount: boolean
  /** See `groupsOf`; an item has one comment there. */
  readonly commentsFollow: boolean
  /** What stands on one side alone is a conflict. */
  readonly isBaseUnknown: boolean
  /** The exact text of an entry, in whole lines, as its version has it. */
  readonly textOf: (side: Side, entry: Entry) => string | undefined
  /** One text of three that differ, where lines can be told apart. */
  readonly mergeLeaf?: (base: Leaf | undefined, ours: Leaf, theirs: Leaf) => Leaf | undefined
}

/** What the versions have at one place: one of ours and theirs at least. */
interface Versions<T> {
  readonly base?: T | undefined
  readonly ours?: T | undefined
  readonly theirs?: T | undefined
}

type AnyGroup = Group<Entry | Node>
type Lists = Readonly<Record<Side, readonly Group<Node>[]>>

const noItems = { items: [] }

/** Merges two maps that stand in the same place. */
export function mergeMaps(
  base: MapNode | undefined,
  ours: MapNode,
  theirs: MapNode,
  path: Path,
  how: Merging,
): MapNode {
  const [b, o, t] = [base ?? noItems, ours, theirs].map((map) => groupsOf<Entry>(map.items, how.commentsFollow))
  const [old, own, other] = [byKey(b!.groups), byKey(o!.groups), byKey(t!.groups)]
  const isPaired = [...own.counts].every(([key, count]) => count === (other.counts.get(key) ?? count))
  if (!isPaired) return mergeWhole({ base, ours, theirs }, path, how)
  const merged = new Map<string, Group<Entry>>()
  for (const id of new Set([...own.byId.keys(), ...other.byId.keys()])) {
    const group = mergeEntry({ base: old.byId.get(id), ours: own.byId.get(id), theirs: other.byId.get(id) }, path, how)
    if (group) merged.set(id, group)
  }
  const groups = inOrderOfBoth(own.byId.keys(), other.byId.keys(), merged)
  const items = itemsOf(groups, mergeComments(b!.end, o!.end, t!.end, how.commentsFollow), how.commentsFollow)
  return withItems(ours, how.commentsFollow ? items : inOldPlaces(items, ours.items))
}

/** Where nothing changed, the very same node says so. */
function withItems<T extends MapNode | ListNode>(node: T, items: readonly Item[]): T {
  const isSame = items.length === node.items.length && items.every((item, i) => item === node.items[i])
  return isSame ? node : ({ ...node, items } as T)
}

/** A map whose keys cannot be paired is one value, and so is a list that each side put into another order. */
function mergeWhole<T extends MapNode | ListNode>(
  versions: { base: T | undefined; ours: T; theirs: T },
  path: Path,
  how: Merging,
): T {
  const settled = sideOf(versions)
  const conflict = settled === undefined ? conflictOf(versions, path, how) : undefined
  const side = settled ?? how.choose(conflict!)
  const taken = versions[side] ?? versions.ours
  const made =
    side === 'ours' ? taken : withItems(versions.ours, foreign(taken, (entry) => how.textOf(side, entry)).items)
  if (conflict) how.placed(conflict, [made])
  return made
}

const conflictOf = (versions: Versions<Node>, path: Path, { document }: Merging, isRange = false): Conflict => {
  const given = Object.entries(versions).filter(([, node]) => node !== undefined)
  return { document, path, isRange, ...(Object.fromEntries(given) as Partial<Record<Side, Node>>) }
}

function mergeEntry(versions: Versions<Group<Entry>>, above: Path, how: Merging): Group<Entry> | undefined {
  const { base, ours, theirs } = versions
  const path = [...above, (ours ?? theirs ?? base)!.item.key]
  const nodes = { base: base?.item.value, ours: ours?.item.value, theirs: theirs?.item.value }
  const { value, side, conflict } = decide(nodes, path, how, commentsClash(versions, how))
  const item = value && entryOf(versions, value, side, how)
  if (conflict) how.placed(conflict, item ? [item] : [])
  return item && { lead: leadOf(versions, side, how), item }
}

function entryOf({ ours, ...others }: Versions<Group<Entry>>, value: Node, side: Side, how: Merging): Entry {
  if (ours) return value === ours.item.value ? ours.item : { ...ours.item, value }
  const from = (side === 'base' ? others.base : others.theirs)!.item
  return foreign(from, (entry) => how.textOf(side, entry))
}

function mergeElement(versions: Versions<Group<Node>>, path: Path, how: Merging): Group<Node> | undefined {
  const { base, ours, theirs } = versions
  const nodes = { base: base?.item, ours: ours?.item, theirs: theirs?.item }
  const { value, side, conflict } = decide(nodes, path, how, commentsClash(versions, how))
  if (conflict) how.placed(conflict, value ? [value] : [])
  return value && { lead: leadOf(versions, side, how), item: value }
}

/** Where comments are values: both sides changed those of an item, each in its own way. */
function commentsClash({ base, ours, theirs }: Versions<AnyGroup>, { commentsCount }: Merging): boolean {
  if (!commentsCount || !ours || !theirs || sameComments(ours.lead, theirs.lead)) return false
  return ![ours, theirs].some(({ lead }) => sameComments(base?.lead ?? [], lead))
}

/** The comments of an item that is taken from a side. */
function leadOf(versions: Versions<AnyGroup>, side: Side, how: Merging): readonly Comment[] {
  const { base, ours, theirs } = versions
  if (!ours) return foreignComments((versions[side] ?? theirs)!.lead)
  if (!theirs) return ours.lead
  if (!commentsClash(versions, how)) return mergeComments(base?.lead ?? [], ours.lead, theirs.lead, how.commentsFollow)
  return mergeComments(ours.lead, ours.lead, versions[side]?.lead ?? [], how.commentsFollow)
}

interface Decided {
  /** Absent where there is nothing in the result. */
  readonly value?: Node
  readonly side: Side
  /** What had to be chosen. */
  readonly conflict?: Conflict
}

function decide(versions: Versions<Node>, path: Path, how: Merging, clash: boolean): Decided {
  const { base, ours, theirs } = versions
  if (!clash && ours && theirs && ours.kind !== 'leaf' && ours.kind === theirs.kind)
    return { value: mergeContainers(base, ours, theirs, path, how), side: 'ours' }
  const isOpen = clash || (how.isBaseUnknown && (!ours || !theirs))
  const settled = isOpen ? undefined : sideOf(versions)
  if (settled === undefined && ours?.kind === 'leaf' && theirs?.kind === 'leaf') {
    const merged = how.mergeLeaf?.(base?.kind === 'leaf' ? base : undefined, ours, theirs)
    if (merged) return { value: inPlaceOf(ours, merged, 'theirs', path, how), side: 'theirs' }
  }
  const conflict = settled === undefined ? conflictOf(versions, path, how) : undefined
  const side = settled ?? how.choose(conflict!)
  const value = taken(versions, side, path, how)
  return { side, ...(value && { value }), ...(conflict && { conflict }) }
}

function taken(versions: Versions<Node>, side: Side, path: Path, how: Merging): Node | undefined {
  const { ours } = versions
  const value = versions[side]
  if (value === undefined || side === 'ours') return value
  return ours ? inPlaceOf(ours, value, side, path, how) : foreign(value, (entry) => how.textOf(side, entry))
}

/** The side to take; undefined for a conflict. */
function sideOf({ base, ours, theirs }: Versions<Node>): Side | undefined {
  if (sameData(ours, theirs) || sameData(base, theirs)) return 'ours'
  return sameData(base, ours) ? 'theirs' : undefined
}

/** Two containers of one kind. */
function mergeContainers(base: Node | undefined, ours: Node, theirs: Node, path: Path, how: Merging): Node {
  if (ours.kind === 'map' && theirs.kind === 'map')
    return mergeMaps(base?.kind === 'map' ? base : undefined, ours, theirs, path, how)
  if (ours.kind === 'list' && theirs.kind === 'list')
    return mergeLists(base?.kind === 'list' ? base : undefined, ours, theirs, path, how)
  return theirs
}

/** A node of another version where one of ours stands: what both have keeps its place. */
function inPlaceOf(ours: Node, node: Node, side: Side, path: Path, how: Merging): Node {
  const own: Merging = {
    ...how,
    choose: () => 'theirs',
    isBaseUnknown: false,
    textOf: (_, entry) => how.textOf(side, entry),
  }
  if (ours.kind !== 'leaf' && ours.kind === node.kind) return mergeContainers(ours, ours, node, path, own)
  const bare = foreign(node, (entry) => how.textOf(side, entry))
  return ours.kind === 'leaf' && bare.kind === 'leaf' && ours.origin ? { ...bare, origin: ours.origin } : bare
}

/** Merges two lists: like maps where a field names every element, else by which elements stayed. */
function mergeLists(base: ListNode | undefined, ours: ListNode, theirs: ListNode, path: Path, how: Merging): ListNode {
  const [b, o, t] = [base ?? noItems, ours, theirs].map((list) => groupsOf<Node>(list.items, how.commentsFollow))
  const lists = { base: b!.groups, ours: o!.groups, theirs: t!.groups }
  const nameOf = elementKeys([lists.base, lists.ours, lists.theirs])
  const order = nameOf && orderOf(lists, nameOf)
  if (order === 'both') return mergeWhole({ base, ours, theirs }, path, how)
  const places = new Map([base, theirs, ours].flatMap((list) => list?.items.map((item, i) => [item, i] as const) ?? []))
  const place = ({ item }: Group<Node>): Path => [...path, places.get(item)!]
  const groups = nameOf
    ? mergeNamed(lists, nameOf, order === 'theirs', place, how)
    : mergeElements(lists, path, place, how)
  const items = itemsOf(groups, mergeComments(b!.end, o!.end, t!.end, how.commentsFollow), how.commentsFollow)
  return withItems(ours, how.commentsFollow ? items : inOldPlaces(items, ours.items))
}

/** The side that put the elements into another order; ours if neither did, or both into the same. */
function orderOf(lists: Lists, nameOf: (group: Group<Node>) => string): 'ours' | 'theirs' | 'both' {
  const [base, ours, theirs] = [lists.base, lists.ours, lists.theirs].map((groups) => groups.map(nameOf))
  const [old, own, other] = [base, ours, theirs].map((names) => new Set(names))
  const isInAll = (name: string): boolean => old!.has(name) && own!.has(name) && other!.has(name)
  const [b, o, t] = [base, ours, theirs].map((names) => JSON.stringify(names!.filter(isInAll)))
  if (o === t || b === t) return 'ours'
  return b === o ? 'theirs' : 'both'
}

function mergeNamed(
  lists: Lists,
  nameOf: (group: Group<Node>) => string,
  isOrderTheirs: boolean,
  place: (group: Group<Node>) => Path,
  how: Merging,
): readonly Group<Node>[] {
  const named = (groups: readonly Group<Node>[]) => new Map(groups.map((group) => [nameOf(group), group]))
  const [old, own, other] = [named(lists.base), named(lists.ours), named(lists.theirs)]
  const merged = new Map<string, Group<Node>>()
  for (const name of new Set([...own.keys(), ...other.keys()])) {
    const versions = { base: old.get(name), ours: own.get(name), theirs: other.get(name) }
    const group = mergeElement(versions, place((versions.ours ?? versions.theirs)!), how)
    if (group) merged.set(name, group)
  }
  const [first, second] = isOrderTheirs ? [other, own] : [own, other]
  return inOrderOfBoth(first.keys(), second.keys(), merged)
}

function mergeElements(
  lists: Lists,
  path: Path,
  place: (group: Group<Node>) => Path,
  how: Merging,
): readonly Group<Node>[] {
  const texts = (groups: readonly Group<Node>[]): string[] =>
    groups.map(({ lead, item }) => {
      const said = how.commentsCount ? JSON.stringify(lead.map(({ text }) => text)) : ''
      return `${said} ${dataText(item)}`
    })
  const [old, own, other] = [texts(lists.base), texts(lists.ours), texts(lists.theirs)]
  const stretches = how.isBaseUnknown ? differences(own, other) : mergeSequences(old, own, other)
  return stretches.flatMap((stretch) => {
    const part = partOf(lists, stretch)
    if (stretch.kind === 'ours') return part.ours
    if (stretch.kind === 'theirs') return replaced(part.ours, part.theirs, 'theirs', path, how)
    if (stretch.kind !== 'conflict')
      return part.ours.map((ours, i) => {
        const versions = { base: part.base[i], ours, theirs: part.theirs[i] }
        return mergeElement(versions, place(ours), how) ?? ours
      })
    const first = lists.ours[stretch.ours[0]]
    const at = first && part.ours.length > 0 ? place(first) : [...path, stretch.ours[0]]
    return chosenRange(part, at, how)
  })
}

function partOf(lists: Lists, stretch: Stretch): Lists {
  const part = (side: Side): readonly Group<Node>[] => lists[side].slice(stretch[side][0], stretch[side][1])
  return { base: part('base'), ours: part('ours'), theirs: part('theirs') }
}

/** Elements of another version in the place of ours. As many are taken for the same ones, changed where they stand. */
function replaced(
  ours: readonly Group<Node>[],
  others: readonly Group<Node>[],
  side: Side,
  path: Path,
  how: Merging,
): readonly Group<Node>[] {
  if (ours.length === others.length)
    return others.map(({ lead, item }, i) => ({
      lead: mergeComments(ours[i]!.lead, ours[i]!.lead, lead, how.commentsFollow),
      item: inPlaceOf(ours[i]!.item, item, side, path, how),
    }))
  const textOf = (entry: Entry): string | undefined => how.textOf(side, entry)
  return others.map(({ lead, item }) => ({ lead: foreignComments(lead), item: foreign(item, textOf) }))
}

function chosenRange(part: Lists, path: Path, how: Merging): readonly Group<Node>[] {
  const listOf = (side: Side): Node | undefined =>
    part[side].length > 0 ? { kind: 'list', items: itemsOf(part[side], [], how.commentsFollow) as Node[] } : undefined
  const versions = { base: listOf('base'), ours: listOf('ours'), theirs: listOf('theirs') }
  const conflict = conflictOf(versions, path, how, true)
  const side = how.choose(conflict)
  const chosen = side === 'ours' ? part.ours : replaced(part.ours, part[side], side, path, how)
  how.placed(
    conflict,
    chosen.map(({ item }) => item),
  )
  return chosen
}
