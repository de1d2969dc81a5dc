// The source text with what differs between two trees changed, and every other byte kept.

import { SopsError } from '../../../errors.ts'
import { canonical } from '../../../tree/scalar.ts'
import type { Comment, Entry, Leaf, MapNode, Node, Origin, Tree, Value } from '../../../tree/tree.ts'
import type { Layout } from '../../types.ts'
import type { Place } from '../parse/build.ts'
import type { YDocument, YNode } from '../parse/nodes.ts'
import { endOf, placeOf, type Source, withoutOddBlanks } from '../parse/source.ts'
import { commentIn, indentOf, printDocument, printKey, printTree } from '../print/print.ts'
import { isStringTag, resolveScalar } from '../scalar/resolve.ts'

import {
  agreed,
  isEncrypted,
  restyle,
  type Site,
  sourceOf,
  tokenRestyle,
  tokenStyle,
  writeAs,
  writeEncrypted,
} from '../scalar/spelling.ts'
import { withEnd } from './block-ends.ts'
import { readsAs, sameNodes, unchanged } from './check.ts'
import type { Change, Collection, Item, Kept } from './collection.ts'
import { afterBreak, createEdits, lineEnd, skipBlanks } from './edits.ts'
import { expandAlias } from './expand.ts'
import { changeItems, needsReprint, replaceRoot, replaceValue } from './items.ts'
import { indentedAgain, outdented, withOwnLine } from './metadata-line.ts'
import { dropTag, isGlued, type Job, putScalar, siteOf } from './place.ts'

interface Frame {
  readonly change: Change
  index: number
  /** Where the last of what stayed is among the node's items. */
  cursor: number
}

/** The leaf as it will be after decryption: canonical spellings are not kept. */
function decrypted(value: Value, spelling: string | undefined): Pick<Leaf, 'value' | 'spelling'> {
  const plain = spelling === undefined || value === null || value instanceof Uint8Array || typeof value === 'string'
  return plain || spelling === canonical(value) ? { value } : { value, spelling }
}

/** A leaf in its old place; `at` is its index among the items of the collection around it. */
function changeLeaf(job: Job, around: YNode, at: number, old: Leaf, next: Leaf): void {
  const place = placeOf(old)
  const node = place.node as YNode
  const { value: before } = place
  const { value } = next
  if (unchanged(before, value)) {
    if (node === job.source.openBlock) job.openPlace = place
    // The mark of an earlier version, which no other reader takes.
    if (job.encrypted && node.tag === '!' && isEncrypted(value)) dropTag(job, node)
    if (job.agreed && isPlain(node)) agree(job, node, value)
    return
  }
  if (node.start === node.end) {
    replaceValue(job, around, at, old, next)
    return
  }
  const text = job.edits.text
  const site = siteOf(job, around, node)
  if (job.encrypted && isEncrypted(value)) {
    if (isEncrypted(before) && recrypt(job, node, before, next, site)) return
    const plain = decrypted(before, next.spelling)
    const source = sourceOf(text, node)
    const known = next.token?.value === value ? styleOfToken(next.token.text, value) : undefined
    if (known !== undefined && !(site.flow && known === '')) {
      const again = writeAs(known, plain, site)
      if (again.head === source.head && again.body === source.body) {
        putScalar(job, node, writeEncrypted(known, value, site))
        return
      }
    }
    const { style, exact } = tokenStyle(source, node.style, plain, site)
    const parts = style === '' && node.style !== '' && text[node.end] === '#'
    if (!exact || parts || isGlued(text, node)) job.respelt.push(place)
    putScalar(job, node, writeEncrypted(style, value, site))
    return
  }
  const untagged = typeof value !== 'string'
  // Only a block scalar, which needs a line break to say, takes the empty lines behind it for its own.
  const mayBeBlock = typeof value === 'string' && value.includes('\n') && !node.block && !site.flow
  const lines = mayBeBlock ? { ...site, following: emptyLines(text, node.end, site.column, job.leaving) } : site
  const own = isEncrypted(before) ? writeAs(node.style, next, lines) : restyle(node.style, next, lines)
  const plain = job.agreed && !site.tagged ? { ...own, head: agreed(own.head, value) } : own
  if (site.bare && plain.body === undefined) replaceValue(job, around, at, old, next)
  else putScalar(job, node, { ...plain, untagged })
}

/** One encrypted value in the place of another; a style that says something of the plaintext goes with it. False where it must be written anew. */
function recrypt(job: Job, node: YNode, before: string, next: Leaf, site: Site): boolean {
  const { edits } = job
  const from = edits.text.slice(node.content, node.end).indexOf(before)
  if (from < 0) return false
  const value = next.value as string
  const style = next.plain === undefined ? node.style : tokenRestyle(node.style, { ...next, value: next.plain }, site)
  if (style !== node.style) {
    putScalar(job, node, writeEncrypted(style, value, site))
    return true
  }
  if (!isStringTag(node.tag)) dropTag(job, node)
  edits.replace(node.content + from, node.content + from + before.length, value)
  return true
}

const isPlain = (node: YNode): boolean => node.kind === 'scalar' && node.style === '' && node.tag === ''

function agree({ edits }: Job, { content, end }: YNode, value: Value): void {
  const text = edits.text.slice(content, end)
  const as = agreed(text, value)
  if (as !== text) edits.replace(content, end, as)
}

/**
 * How many empty lines will follow the line of an offset, once `leaving` has gone; Infinity where blanks or a comment there would belong to
 * a block scalar above.
 */
function emptyLines(text: string, offset: number, column: number, leaving: Job['leaving']): number {
  let count = 0
  for (let at = afterBreak(text, lineEnd(text, offset)); at < text.length; count++) {
    if (at === leaving?.[0]) return count + emptyRun(text, afterBreak(text, lineEnd(text, leaving[1])))
    const end = skipBlanks(text, at)
    if (text[end] === '#' && end - at >= column) return Number.POSITIVE_INFINITY
    if (lineEnd(text, end) !== end) break
    if (end - at > column || text.slice(at, end).includes('\t')) return Number.POSITIVE_INFINITY
    if (end === text.length) break
    at = afterBreak(text, end)
  }
  return count
}

/** How many lines without anything begin at the offset. */
function emptyRun(text: string, start: number): number {
  let count = 0
  for (let at = start; at < text.length && lineEnd(text, at) === at; count++) at = afterBreak(text, at)
  return count
}

/** The style of a token's text on one line. */
const styleOfToken = (text: string, value: string): string | undefined =>
  ['', '"', "'"].find((style) => text === style + value + style)

function changeComment(job: Job, place: Place, next: Comment): void {
  if (next.text === place.value) return
  job.edits.replace(place.start, place.end, commentIn(next.text, job.style.eol))
}

/** Pairs of what stayed, in order. */
function pairUp(old: readonly Item[], next: readonly Item[]): Kept {
  const kept: (readonly [number, number])[] = []
  let places: Map<unknown, number> | undefined
  let from = 0
  next.forEach(({ origin }, i) => {
    if (origin === undefined) return
    let at = old[from]?.origin === origin ? from : undefined
    if (at === undefined) {
      places ??= new Map(old.map((item, place) => [item.origin, place]))
      at = places.get(origin)
    }
    if (at === undefined || at < from) return
    kept.push([at, i])
    from = at + 1
  })
  return kept
}

interface Anchored {
  readonly node: YNode
  readonly next: Node
}

export interface Rewritten {
  readonly text: string
  /** How many aliases had to be replaced by copies. */
  readonly expanded: number
  /** Encrypted numbers and the like whose decryption will be spelled in another way. */
  readonly respelt: readonly Origin[]
}

/** @throws SopsError `cannot-emit` when a new value cannot be written. */
export function rewriteText(source: Source, next: Tree, layout: Layout): Rewritten {
  const edits = createEdits(source.text, source.eol)
  const { eol, flatLists } = source
  const fresh = { indent: indentOf(layout.indent), eol, spelled: true }
  const indent = source.indent === undefined ? fresh.indent : Math.min(Math.max(source.indent, 1), 16)
  const job: Job = {
    source,
    edits,
    style: { indent, eol, flatLists, spelled: true },
    fresh,
    encrypted: layout.encrypted === true,
    agreed: layout.quoteAmbiguous === true && layout.encrypted !== true,
    restructured: false,
    respelt: [],
    leaving: undefined,
    openPlace: undefined,
  }
  let expanded = 0
  let anchors = new Map<string, Anchored>()
  const frames: Frame[] = []

  function note(node: YNode | undefined, as: Node): void {
    if (node?.anchor) anchors.set(node.anchor.value, { node, next: as })
  }

  function isStillSaid(alias: YNode, by: Node): boolean {
    const known = anchors.get(alias.value)
    return known !== undefined && known.node === alias.target && sameNodes(known.next, by)
  }

  /** Without the comments that stood on the line of a value and counted to that: they stay where they stand. */
  function withoutMoved(old: Collection, to: Collection): Collection {
    let own: Set<Origin | undefined> | undefined
    const items = (to.items as readonly Item[]).filter((item) => {
      if (item.kind !== 'comment' || item.origin === undefined) return true
      own ??= new Set(old.items.map(({ origin }) => origin))
      if (own.has(item.origin)) return true
      changeComment(job, placeOf(item), item)
      return false
    })
    return items.length === to.items.length ? to : ({ ...to, items } as Collection)
  }

  function enter(old: Collection, as: Collection, limit: number | undefined, reprint: () => void): void {
    const node = placeOf(old).node as YNode
    const to = withoutMoved(old, as)
    const change = { node, old, next: to, kept: pairUp(old.items, to.items), limit }
    if (needsReprint(source.text, change)) reprint()
    else {
      note(node, to)
      frames.push({ change, index: 0, cursor: 0 })
    }
  }

  /** A node in its old place. `around` is the collection it stands in, `at` its index there. */
  function changeNode(around: YNode, at: number, old: Node, to: Node): void {
    const node = around.items[at] as YNode
    const replace = (): void => replaceValue(job, around, at, old, to)
    if (node.kind === 'alias') {
      if (isStillSaid(node, to)) return
      expanded++
      expandAlias(job, around, node, to)
    } else if (old.kind === 'leaf' && to.kind === 'leaf') {
      note(node, to)
      changeLeaf(job, around, at, old, to)
    } else if (old.kind !== 'leaf' && to.kind !== 'leaf' && old.kind === to.kind && old.origin === to.origin) {
      enter(old, to, undefined, replace)
    } else replace()
  }

  function changeKey(key: YNode, entry: Entry): void {
    const says = key.kind === 'alias' ? (key.target as YNode) : key
    const resolved = resolveScalar(says.tag, says.value, says.style === '')
    if ('problem' in resolved) return
    if (job.agreed && isPlain(key) && key.value !== '<<') agree(job, key, resolved.value)
    const as: Leaf = { kind: 'leaf', value: resolved.value }
    if (key.kind !== 'alias') note(key, as)
    else if (!isStillSaid(key, as)) {
      expanded++
      edits.replace(key.start, key.end, printKey(entry).text)
    }
  }

  function indexOf(frame: Frame, node: YNode): number {
    frame.cursor = frame.change.node.items.indexOf(node, frame.cursor)
    return frame.cursor
  }

  function changeItem(frame: Frame, old: Item, to: Item): void {
    const { node } = frame.change
    if (old.kind === 'comment') {
      if (to.kind === 'comment') changeComment(job, placeOf(old), to)
      return
    }
    const place = placeOf(old)
    if (old.kind === 'entry') {
      const key = place.node as YNode
      changeKey(key, old)
      if (to.kind === 'entry') changeNode(node, indexOf(frame, key) + 1, old.value, to.value)
      return
    }
    const at = indexOf(frame, (place.alias ?? place.node) as YNode)
    if (to.kind === 'comment')
      edits.replace(node.flow ? place.start : (node.leads[at] as number), place.end, commentIn(to.text, job.style.eol))
    else if (to.kind !== 'entry') changeNode(node, at, old, to)
  }

  function changeDocument(old: MapNode, to: MapNode, limit: number): void {
    anchors = new Map()
    const { node } = placeOf(old)
    const last = old.items.findLast((item) => item.kind === 'entry')
    const stays = !last || to.items.some(({ origin }) => origin === last.origin)
    job.leaving = stays ? undefined : [placeOf(last).start, endOf(last)]
    if (node?.kind !== 'map') {
      replaceRoot(job, old, to, limit)
      return
    }
    enter(old, to, limit, () => {
      edits.replace(node.start, endOf(old), printDocument(to, job.style).slice(0, -eol.length))
    })
    for (let frame = frames[frames.length - 1]; frame; frame = frames[frames.length - 1]) {
      const { change } = frame
      const pair = change.kept[frame.index++]
      if (pair) changeItem(frame, change.old.items[pair[0]] as Item, change.next.items[pair[1]] as Item)
      else {
        frames.pop()
        changeItems(job, change)
      }
    }
  }

  const { documents } = source.tree
  next.documents.forEach((document, i) => {
    const old = documents[i]
    if (old) {
      const to = job.encrypted ? withOwnLine(source.text, old, document) : document
      changeDocument(old, to, (source.documents[i] as YDocument).end)
    } else edits.insertLines(source.text.length, (i > 0 ? `---${eol}` : '') + printDocument(document, fresh))
  })
  const open = source.openBlock
  if (open?.block && edits.growsAtEnd() && !edits.changes(open.content)) {
    const header = source.text.slice(open.content, open.block.headerEnd).replace('+', '')
    edits.replace(open.content, open.block.headerEnd, `${header}-`)
    if (job.openPlace) job.respelt.push(job.openPlace)
  }
  const spliced = edits.apply()
  if (spliced !== undefined) {
    const isChecked = job.restructured || source.oddBlanks
    for (const body of source.oddBlanks ? [spliced, withoutOddBlanks(spliced)] : [spliced]) {
      const text = withEnd(body, next, job)
      // Blanks that the reference took where they stood are no reason to write what it refuses.
      const refused = source.oddBlanks && body === spliced ? source.refused.length : undefined
      if (isChecked && !readsAs(text, next, refused)) continue
      const placed = (job.encrypted ? outdented : indentedAgain)(text, source, next)
      return { text: placed, expanded, respelt: job.respelt }
    }
  }
  const printed = printTree(next, fresh)
  if (!readsAs(printed, next))
    throw new SopsError('cannot-emit', 'the changed YAML text would not read back as intended')
  return { text: printed, expanded, respelt: job.respelt }
}
