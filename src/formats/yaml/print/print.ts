// Trees to fresh text in the reference's layout (spec/format.md 7.6, 7.7), with its damaging defects left out (14).

import { SopsError } from '../../../errors.ts'
import { formatFloatF, yamlFloat } from '../../../tree/floats.ts'
import {
  type Comment,
  type Entry,
  type Item,
  type Leaf,
  type ListNode,
  type MapNode,
  type Node,
  sameValue,
  type Tree,
  type Value,
} from '../../../tree/tree.ts'
import { printPlain, resolvePlain } from '../scalar/resolve.ts'
import { type BlockText, canBePlain, referenceStyle, writeBlock, writeDouble, writeSingle } from '../scalar/strings.ts'

export interface PrintStyle {
  readonly indent: number
  readonly eol: string
  /** Lists stand at the column of their key. */
  readonly flatLists?: boolean
  /** What goes into a text that is kept: numbers and the like keep their own spelling. */
  readonly spelled?: boolean
}

type Collection = MapNode | ListNode
/** The indentation a layout asks for. @throws SopsError `cannot-emit` for negative ones. */
export function indentOf(indent: number | undefined): number {
  if (indent === undefined || indent === 0) return 4
  if (indent < 0)
    throw new SopsError('cannot-emit', 'YAML Negative indentation not accepted', {
      hints: [`the indentation is ${indent}: give the number of blanks`],
    })
  return indent === 1 || indent > 9 ? 2 : indent
}

/** The column of a block nested under a map's entry at `column`. */
export const nextColumn = (column: number, indent: number): number => indent * Math.floor((column + indent) / indent)

/** The column of a collection that is the value of a map's entry at `column`. */
export const columnUnder = (value: Node, column: number, style: PrintStyle): number =>
  value.kind === 'list' && style.flatLists === true ? column : nextColumn(column, style.indent)

/** A scalar as it is printed: on one line, or as a block whose body follows on lines of its own. */
export type ScalarText = { readonly head: string; readonly body?: string }

/** base64 in lines of 70, one line as it is. */
function printBytes(bytes: Uint8Array, column: number, outer: number, eol: string): ScalarText {
  const text = Buffer.from(bytes).toString('base64')
  if (text.length <= 70) return { head: `!!binary ${text}` }
  const value = (text.match(/.{1,70}/g) as string[]).map((line) => `${line}\n`).join('')
  const block = writeBlock('|', value, { column, outer, digit: false, eol }) as BlockText
  return { ...block, head: `!!binary ${block.head}` }
}

/** A value in the reference's style. `column`: of a block scalar's content; `outer`: of the block it stands in. */
export function printScalar(value: Value, column: number, outer: number, eol: string): ScalarText {
  if (value instanceof Uint8Array) {
    const text = Buffer.from(value).toString()
    if (!Buffer.from(text).equals(value)) return printBytes(value, column, outer, eol)
    return printScalar(text, column, outer, eol)
  }
  if (typeof value !== 'string') return { head: printPlain(value) }
  switch (referenceStyle(value)) {
    case '':
      return { head: value }
    case "'":
      return { head: writeSingle(value) }
    case '"':
      return { head: writeDouble(value, false) }
    default: {
      const block = writeBlock('|', value, { column, outer, digit: value[0] === '\n', eol })
      return block ?? { head: writeDouble(value, false) }
    }
  }
}

/**
 * The leaf's own spelling, where it is a plain scalar of the same value. Digits that are a float elsewhere and an integer beyond 64 bits in
 * YAML keep that type by a fraction.
 */
export function spellingOf({ value, spelling }: Pick<Leaf, 'value' | 'spelling'>): string | undefined {
  if (spelling === undefined || typeof value === 'string') return undefined
  const reads = (text: string): boolean => canBePlain(text, true) && sameValue(resolvePlain(text), value)
  return reads(spelling) ? spelling : reads(`${spelling}.0`) ? `${spelling}.0` : undefined
}

/** A float that has all its digits where its usual spelling has an exponent. */
export function hasAllDigits({ value, spelling }: Pick<Leaf, 'value' | 'spelling'>): boolean {
  if (spelling === undefined || typeof value === 'bigint') return false
  const number = typeof value === 'number' ? value : Number(spelling)
  return spelling === formatFloatF(number) && spelling !== yamlFloat(number)
}

/** An encrypted float whose plaintext has all its digits: double quotes say so (token.ts). */
export const isSpelledOut = (leaf: Leaf): leaf is Leaf & { value: string } =>
  typeof leaf.value === 'string' && leaf.value.endsWith(',type:float]') && hasAllDigits(leaf)

export function printLeaf(leaf: Leaf, column: number, outer: number, { eol, spelled }: PrintStyle): ScalarText {
  if (!spelled) return printScalar(leaf.value, column, outer, eol)
  const head = spellingOf(leaf) ?? (isSpelledOut(leaf) ? `"${leaf.value}"` : undefined)
  return head === undefined ? printScalar(leaf.value, column, outer, eol) : { head }
}

const maxSimpleKey = 128

export const merges = (value: Node): boolean =>
  value.kind === 'map' ||
  (value.kind === 'list' && value.items.every((item) => item.kind === 'comment' || item.kind === 'map'))

export function printKey(entry: Entry): { text: string; explicit: boolean } {
  if (entry.keyType !== undefined) return { text: entry.key, explicit: false }
  // A merge of anything but maps does not parse.
  if (entry.key === '<<') return { text: merges(entry.value) ? '!!merge <<' : '"<<"', explicit: false }
  const style = referenceStyle(entry.key)
  const text = style === '' ? entry.key : style === "'" ? writeSingle(entry.key) : writeDouble(entry.key, false)
  return { text, explicit: Buffer.byteLength(entry.key) > maxSimpleKey || entry.key.includes('\n') }
}

const isReal = (item: Item): item is Entry | Node => item.kind !== 'comment'
const isEmpty = (node: Node): boolean => node.kind !== 'leaf' && !node.items.some(isReal)

/** What would end a comment in its middle: comments of INI files hold line feeds, those of .env files carriage returns. */
const commentBreak = /\r\n|[\n\r\x85\u2028\u2029]/

/** A comment's text in the place of another one. */
export const commentIn = (text: string, eol: string): string => `#${text.split(commentBreak).join(`${eol}#`)}`

export function commentLines(comment: Comment): string[] {
  const [first, ...rest] = comment.text.split(commentBreak)
  return [`#${first}`, ...rest.map((line) => (line.startsWith('#') ? line : `# ${line}`))]
}

interface Frame {
  readonly node: Collection
  readonly column: number
  index: number
  /** The first item continues a line: its comments are to come first (`open`), or stand above that line already (`done`). */
  sameLine: 'no' | 'open' | 'done'
}

interface Printer {
  readonly style: PrintStyle
  /** The text so far. */
  readonly out: string[]
  /** Collections whose items are to come. */
  readonly frames: Frame[]
}

/**
 * The items of a collection as whole lines from `column` on, each with its line break.
 * @param sameLine - The first item continues a line that is already padded up to `column`.
 */
export function printItems(node: Collection, column: number, style: PrintStyle, sameLine = false): string {
  const p: Printer = { style, out: [], frames: [{ node, column, index: 0, sameLine: sameLine ? 'open' : 'no' }] }
  for (let frame = p.frames[0]; frame; frame = p.frames[p.frames.length - 1]) {
    const items = frame.node.items as readonly Item[]
    const above: Comment[] = []
    let item = items[frame.index++]
    for (; item && item.kind === 'comment'; item = items[frame.index++]) above.push(item)
    if (item) putItem(p, frame, above, item)
    else {
      putComments(p, above, frame.column)
      p.frames.pop()
    }
  }
  return p.out.join('')
}

/** An item with the comments above it. */
function putItem(p: Printer, frame: Frame, above: readonly Comment[], item: Entry | Node): void {
  const { column, sameLine } = frame
  const inline = takesInline(item) ? above.find((c) => c.inline && !c.text.includes('\n')) : undefined
  const own = above.filter((c) => c !== inline)
  frame.sameLine = 'no'
  if (sameLine === 'no') {
    putComments(p, own, column)
    if (item.kind !== 'entry') putComments(p, leading(item), column)
    p.out.push(' '.repeat(column))
  } else if (sameLine === 'open' && own.length > 0) putOnLine(p, own, column)
  if (item.kind === 'entry') putEntry(p, item, column, inline)
  else {
    p.out.push('-')
    if (item.kind !== 'leaf' && !isEmpty(item)) {
      p.out.push(' ')
      p.frames.push({ node: item, column: column + 2, index: 0, sameLine: sameLine === 'no' ? 'done' : 'open' })
    } else putSingle(p, item, column, column + 2, inline)
  }
}

function putComments({ out, style }: Printer, comments: readonly Comment[], column: number): void {
  for (const comment of comments)
    for (const line of commentLines(comment)) out.push(' '.repeat(column), line, style.eol)
}

/** Comments from where a line that is padded already goes on, and the padding again. */
function putOnLine({ out, style }: Printer, comments: readonly Comment[], column: number): void {
  const pad = ' '.repeat(column)
  for (const comment of comments) out.push(commentLines(comment).join(style.eol + pad), style.eol, pad)
}

/** Comments above the first real item of a list element go above its dash. */
function leading(value: Node): Comment[] {
  const found: Comment[] = []
  let at: Item | undefined = value
  while (at && (at.kind === 'map' || at.kind === 'list') && !isEmpty(at)) {
    const real: number = (at.items as readonly Item[]).findIndex(isReal)
    const inner = at.items[real] as Item
    const above = at.items.slice(0, real) as Comment[]
    for (const comment of above) if (!comment.inline || !takesInline(inner)) found.push(comment)
    at = at.kind === 'list' ? inner : undefined
  }
  return found
}

function takesInline(item: Item): boolean {
  const value = item.kind === 'entry' ? item.value : item
  return value.kind === 'leaf' || (value.kind !== 'comment' && isEmpty(value))
}

function putEntry(p: Printer, entry: Entry, at: number, inline: Comment | undefined): void {
  const { out, frames, style } = p
  const { value } = entry
  const next = nextColumn(at, style.indent)
  const isExplicit = putKey(p, entry, at)
  if (value.kind === 'leaf' || isEmpty(value)) putSingle(p, value, at, next, inline)
  else if (isExplicit) {
    out.push(' '.repeat(next - at - 1))
    frames.push({ node: value, column: next, index: 0, sameLine: 'open' })
  } else {
    out.push(style.eol)
    frames.push({ node: value, column: columnUnder(value, at, style), index: 0, sameLine: 'no' })
  }
}

/** True where the key stands behind a `?`. */
function putKey({ out, style }: Printer, entry: Entry, at: number): boolean {
  const key = printKey(entry)
  if (!key.explicit) {
    out.push(key.text, ':')
    return false
  }
  const text = printScalar(entry.key, nextColumn(at, style.indent), at, style.eol)
  out.push('? ', text.head, style.eol)
  if (text.body !== undefined) out.push(text.body, style.eol)
  out.push(' '.repeat(at), ':')
  return true
}

/** Writes a leaf or an empty collection behind its key or dash and ends the line. `column`: of a block scalar's content. */
function putSingle(p: Printer, value: Node, at: number, column: number, inline: Comment | undefined): void {
  const { out, style } = p
  const { eol } = style
  const tail = inline ? ` ${commentLines(inline)[0]}${eol}` : eol
  if (value.kind === 'leaf') {
    const text = printLeaf(value, column, at, style)
    out.push(' ', text.head, tail)
    if (text.body !== undefined) out.push(text.body, eol)
    return
  }
  const [open, close] = value.kind === 'map' ? '{}' : '[]'
  const comments = value.items as readonly Comment[]
  if (comments.length === 0) out.push(` ${open}${close}`, tail)
  else if (comments.length === 1 && !inline)
    out.push(` ${open}${close} ${commentLines(comments[0] as Comment)[0]}${eol}`)
  else {
    const inner = nextColumn(at, style.indent)
    out.push(` ${open}${eol}`)
    putComments(p, comments, inner)
    out.push(' '.repeat(inner), close as string, tail)
  }
}

/** A value as it stands behind a `:` or a dash at `column`, to the end of its last line. */
export function printBehind(value: Node, column: number, inList: boolean, style: PrintStyle): string {
  const node: Collection = inList
    ? { kind: 'list', items: [value] }
    : { kind: 'map', items: [{ kind: 'entry', key: 'k', value }] }
  return printItems(node, column, style, true).slice(inList ? 1 : 2)
}

/** A whole document: its entries, or `{}` below its comments. */
export function printDocument(map: MapNode, style: PrintStyle): string {
  if (!isEmpty(map)) return printItems(map, 0, style)
  const comments = (map.items as readonly Comment[]).flatMap(commentLines)
  return [...comments, '{}', ''].join(style.eol)
}

export function printTree(tree: Tree, style: PrintStyle): string {
  return tree.documents.map((map) => printDocument(map, style)).join(`---${style.eol}`)
}

/** One value by itself, as `--extract` prints it (spec/format.md 12.4). */
export function printAlone(node: Node, eol: string): string {
  if (node.kind === 'leaf') {
    const text = printScalar(node.value, 4, -1, eol)
    return text.head + eol + (text.body === undefined ? '' : text.body + eol)
  }
  if (isEmpty(node)) return (node.kind === 'map' ? '{}' : '[]') + eol
  return printItems(node, 0, { indent: 4, eol })
}
