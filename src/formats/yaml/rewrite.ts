// The source text with what differs between two trees changed, and every other byte kept (design.md, "The source text is the document").
import { canonical } from '../../core/scalar.ts'
import type { Comment, Entry, Leaf, ListNode, MapNode, Node, Tree, Value } from '../../core/tree.ts'
import { sameValue } from '../../core/tree.ts'
import type { Layout } from '../types.ts'
import type { Place } from './build.ts'
import type { YNode } from './compose.ts'
import { createEdits, type Edits, lineEnd, skipBlanks } from './edits.ts'
import { expandAlias, sameNodes } from './expand.ts'
import { indentOf, nextColumn, type PrintStyle, printDocument, printKey, type ScalarText } from './print.ts'
import { isTypeTag } from './resolve.ts'
import { placeOf, type Source } from './source.ts'
import { changeItems, replaceRoot, replaceValue } from './structure.ts'
import { codeOf, isEncrypted, isStringTag, type Site, sourceOf, writeAs, writeEncrypted } from './token.ts'

type Collection = MapNode | ListNode
type Item = Entry | Node | Comment

/** What the functions that change one place share. */
export interface Job {
  readonly source: Source
  readonly edits: Edits
  /** How new text inside the document is laid out. */
  readonly style: PrintStyle
  /** How a new metadata entry is laid out. */
  readonly fresh: PrintStyle
  readonly encrypted: boolean
}

interface Frame {
  readonly node: YNode
  readonly old: Collection
  readonly next: Collection
  /** Indexes into both of what stayed. */
  readonly kept: readonly (readonly [number, number])[]
  index: number
  /** Where the last of them is among the node's items. */
  cursor: number
}

const unchanged = (a: Value, b: Value): boolean => sameValue(a, b) || Object.is(a, b)

/** Where a scalar of a collection stands. */
export function siteOf(job: Job, around: YNode, node: YNode | undefined): Site {
  const inList = around.kind === 'list'
  return {
    flow: around.flow,
    column: node?.block?.column ?? (inList ? around.column + 2 : nextColumn(around.column, job.style.indent)),
    outer: around.column,
    digit: node?.block?.digit ?? false,
    eol: job.style.eol,
    tagged: node !== undefined && isStringTag(node.tag),
  }
}

/** Puts the text of a scalar in the place of a scalar node; tags that no longer fit go. */
export function putScalar(job: Job, node: YNode, text: ScalarText, less: boolean): void {
  const { edits } = job
  const source = edits.text
  let lead = less ? '! ' : ''
  if (node.tagToken && (node.tag === '!' || isTypeTag(node.tag))) {
    const end = Math.min(skipBlanks(source, node.tagToken.end), node.content)
    if (node.tag === '!' && less && end === node.content) lead = ''
    else edits.replace(node.tagToken.start, end, '')
  }
  const before = source.charCodeAt(node.content - 1)
  if (node.content === node.end && node.content > 0 && before !== 32 && before !== 10 && before !== 9) lead = ` ${lead}`
  const { block } = node
  edits.replace(node.content, block ? block.headerEnd : node.end, lead + text.head)
  const eol = lineEnd(source, block ? block.headerEnd : node.end)
  if (text.body === undefined) {
    if (block) edits.replace(eol, Math.max(eol, node.end), '')
  } else if (block) {
    const end = Math.max(node.end, block.body)
    if (block.body > eol) edits.replace(block.body, end, text.body)
    else edits.replace(eol, eol, job.style.eol + text.body)
  } else edits.replace(eol, eol, job.style.eol + text.body)
}

/** The leaf as it will be after decryption: canonical spellings are not kept. */
function decrypted(value: Value, spelling: string | undefined): Pick<Leaf, 'value' | 'spelling'> {
  const plain = spelling === undefined || value === null || value instanceof Uint8Array || typeof value === 'string'
  return plain || spelling === canonical(value) ? { value } : { value, spelling }
}

function changeLeaf(job: Job, around: YNode, place: Place, next: Leaf): void {
  const node = place.node as YNode
  const { value: old } = place
  const { value } = next
  if (unchanged(old, value)) return
  const text = job.edits.text
  const site = siteOf(job, around, node)
  if (job.encrypted && isEncrypted(value)) {
    if (isEncrypted(old)) {
      const at = text.slice(node.content, node.end).indexOf(old)
      if (at >= 0) {
        job.edits.replace(node.content + at, node.content + at + old.length, value)
        return
      }
    }
    const plain = decrypted(old, next.spelling)
    const before = sourceOf(text, node)
    const token = next.token?.value === value ? codeOfToken(next.token.text, value) : undefined
    if (token && !(site.flow && token.style === '') && !(site.tagged && token.less)) {
      const again = writeAs(token, plain, site)
      if (again.head === before.head && again.body === before.body) {
        putScalar(job, node, writeEncrypted(token.style, value, site), token.less)
        return
      }
    }
    const code = codeOf(before, node.style, plain, site)
    putScalar(job, node, writeEncrypted(code.style, value, site), code.less)
  } else if (isEncrypted(old)) {
    putScalar(job, node, writeAs({ style: node.style, less: node.tag === '!' }, next, site), false)
  } else putScalar(job, node, writeAs({ style: node.style, less: false }, next, site), false)
}

/** The code of a token's text on one line. */
function codeOfToken(text: string, value: string): { style: string; less: boolean } | undefined {
  const less = text.startsWith('! ')
  const bare = less ? text.slice(2) : text
  if (bare === value) return { style: '', less }
  for (const style of ['"', "'"]) if (bare === style + value + style) return { style, less }
  return undefined
}

function changeComment(job: Job, place: Place, next: Comment): void {
  if (next.text === place.value) return
  job.edits.replace(place.start, place.end, `#${next.text.replaceAll('\n', `${job.style.eol}#`)}`)
}

/** Pairs of what stayed, in order. */
function pairUp(old: readonly Item[], next: readonly Item[]): (readonly [number, number])[] {
  const kept: (readonly [number, number])[] = []
  if (old.length === next.length && old.every((item, i) => item.origin === next[i]?.origin)) {
    for (let i = 0; i < old.length; i++) kept.push([i, i])
    return kept
  }
  const places = new Map(old.map((item, i) => [item.origin, i]))
  let last = -1
  next.forEach((item, i) => {
    const at = item.origin === undefined ? undefined : places.get(item.origin)
    if (at === undefined || at <= last) return
    kept.push([at, i])
    last = at
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
}

/** @throws SopsError `cannot-emit` when a new value cannot be written. */
export function rewriteText(source: Source, next: Tree, layout: Layout): Rewritten {
  const edits = createEdits(source.text, source.eol)
  const { eol, flatLists } = source
  const fresh = { indent: indentOf(layout.indent), eol }
  const indent = source.indent === undefined ? fresh.indent : Math.min(Math.max(source.indent, 1), 16)
  const job: Job = { source, edits, style: { indent, eol, flatLists }, fresh, encrypted: layout.encrypted === true }
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

  function enter(old: Collection, to: Collection): void {
    const place = placeOf(old)
    note(place.node, to)
    frames.push({ node: place.node as YNode, old, next: to, kept: pairUp(old.items, to.items), index: 0, cursor: 0 })
  }

  /** A node in its old place. `around` is the collection it stands in, `at` its index there. */
  function changeNode(around: YNode, at: number, old: Node, to: Node): void {
    const node = around.items[at] as YNode
    if (node.kind === 'alias') {
      if (isStillSaid(node, to)) return
      expanded++
      expandAlias(job, around, node, to)
    } else if (old.kind === 'leaf' && to.kind === 'leaf') {
      note(node, to)
      changeLeaf(job, around, placeOf(old), to)
    } else if (old.kind !== 'leaf' && old.kind === to.kind && old.origin === to.origin) enter(old, to as Collection)
    else replaceValue(job, around, at, old, to)
  }

  function changeKey(key: YNode, entry: Entry): void {
    const as: Leaf = { kind: 'leaf', value: entry.key }
    if (key.kind !== 'alias') note(key, as)
    else if (entry.keyType === undefined && !isStillSaid(key, as)) {
      expanded++
      edits.replace(key.start, key.end, printKey(entry).text)
    }
  }

  function indexOf(frame: Frame, node: YNode): number {
    frame.cursor = frame.node.items.indexOf(node, frame.cursor)
    return frame.cursor
  }

  function changeItem(frame: Frame, old: Item, to: Item): void {
    const { node } = frame
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
      edits.replace(node.flow ? place.start : (node.leads[at] as number), place.end, `#${to.text}`)
    else if (to.kind !== 'entry') changeNode(node, at, old, to)
  }

  function changeDocument(old: MapNode, to: MapNode): void {
    anchors = new Map()
    const place = placeOf(old)
    if (place.node?.kind !== 'map') {
      replaceRoot(job, old, to)
      return
    }
    enter(old, to)
    for (let frame = frames[frames.length - 1]; frame; frame = frames[frames.length - 1]) {
      const pair = frame.kept[frame.index++]
      if (pair) changeItem(frame, frame.old.items[pair[0]] as Item, frame.next.items[pair[1]] as Item)
      else {
        frames.pop()
        changeItems(job, frame.node, frame.old, frame.next, frame.kept)
      }
    }
  }

  const { documents } = source.tree
  next.documents.forEach((document, i) => {
    const old = documents[i]
    if (old) changeDocument(old, document)
    else edits.insertLines(source.text.length, (i > 0 ? `---${eol}` : '') + printDocument(document, fresh))
  })
  return { text: edits.apply(), expanded }
}
