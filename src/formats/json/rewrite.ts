// Applies the changes of a tree to its JSON source text and keeps every other byte.
import { isEncrypted } from '../../cipher/index.ts'
import { SopsError } from '../../errors.ts'
import {
  type Comment,
  type Entry,
  type Leaf,
  type ListNode,
  type MapNode,
  type Node,
  type Origin,
  sameNode,
  sameValue,
} from '../../tree/tree.ts'
import type { Layout, Rewritten } from '../types.ts'
import { habitOf, isOddlyEscaped, mark, markOf, spell } from './escapes.ts'
import {
  type FileStyle,
  type JsonItem,
  lineIndent,
  ownLine,
  ownSeparator,
  placesOf,
  type Separator,
  separator,
  styleOf,
} from './layout.ts'
import { leafPieces } from './leaf.ts'
import { printNode } from './print.ts'
import { type ContainerOrigin, type EntryOrigin, scan } from './scan.ts'
import { writer } from './text.ts'

type Container = MapNode | ListNode

/** The output so far; adjacent ranges of the source are copied at once. */
interface Output {
  readonly text: string
  readonly style: FileStyle
  write(text: string): void
  copy(from: number, to: number): void
  /** Encrypted texts whose escapes the encrypted form has no room for. */
  readonly respelt: Origin[]
}

/** A container that is being written. */
interface Frame {
  readonly outer: Frame | undefined
  readonly items: readonly JsonItem[]
  readonly origin: ContainerOrigin
  /** The old place of each item; undefined if nothing was added, removed or moved. */
  readonly places: readonly (number | undefined)[] | undefined
  /** For items that have no old place. */
  readonly fresh: Separator
  /** What comes before the closing bracket, unless that stays. */
  readonly closing: string | undefined
  next: number
}

/**
 * @param root the map that `scan` made of `text`.
 * @param next made from `root`; nodes with an origin are the nodes of that place.
 * @throws SopsError `cannot-emit`.
 */
export function rewriteText(text: string, root: MapNode, next: MapNode, layout: Layout): Rewritten {
  const out = writer()
  let from = 0
  let to = root.origin!.start
  const flush = (): void => {
    if (from < to) out.write(text.slice(from, to))
    from = to
  }
  const output: Output = {
    text,
    style: styleOf(text, root, layout),
    write(fresh) {
      flush()
      out.write(fresh)
    },
    copy(start, end) {
      if (start !== to) {
        flush()
        from = start
      }
      to = end
    },
    respelt: [],
  }
  // A document that was rebuilt is still the document of this text.
  const document = next.origin === undefined ? { ...next, origin: root.origin! } : next
  for (let frame: Frame | undefined = open(output, document, undefined); frame !== undefined; )
    frame = step(output, frame)
  output.copy(root.origin!.end, text.length)
  flush()
  return { bytes: out.bytes(), losses: { aliases: 0, respelt: output.respelt, documents: [] } }
}

/** Starts a container; one without changes is copied as a whole. */
function open(out: Output, container: Container, outer: Frame | undefined): Frame | undefined {
  const origin = container.origin as ContainerOrigin
  const { items: old, start, end } = origin
  if (container.items === old) {
    out.copy(start, end)
    return outer
  }
  const items = present(container, out.style)
  const same = items.length === old.length && items.every((item, i) => item.origin?.start === old[i]!.origin!.start)
  let fresh = same ? { text: '', indent: undefined } : separator(out.text, old, out.style)
  let closing: string | undefined
  out.copy(start, start + 1)
  if (old.length > 0) {
    // Without items left: the inverse of how a first item comes into an empty container, below.
    if (items.length > 0) out.copy(start + 1, old[0]!.origin!.start)
    else if (old[0]!.origin!.start > start + 1) closing = ''
  } else if (items.length > 0 && out.style.broken) {
    const { eol, unit } = out.style
    const indent = lineIndent(out.text, start)
    fresh = { text: `,${eol}${indent}${unit}`, indent: indent + unit }
    if (end === start + 2) {
      out.write(eol + fresh.indent)
      closing = eol + indent
    }
  }
  return { outer, items, origin, places: same ? undefined : placesOf(items, old), fresh, closing, next: 0 }
}

/** Writes the next item, or ends the container. */
function step(out: Output, frame: Frame): Frame | undefined {
  const { items, origin, places } = frame
  const { items: old, start, end } = origin
  const index = frame.next
  if (index === items.length) {
    if (frame.closing !== undefined) out.write(frame.closing)
    else out.copy(old.length > 0 ? old[old.length - 1]!.origin!.end : start + 1, end - 1)
    out.copy(end - 1, end)
    return frame.outer
  }
  frame.next += 1
  const item = items[index]!
  const place = places === undefined ? index : places[index]
  const isMetadata = start === out.style.root && item.kind === 'entry' && item.key === 'sops' && !item.origin
  const fresh = isMetadata && place === undefined ? ownSeparator(out.text, frame.fresh, out.style) : frame.fresh
  if (index > 0) {
    if (place !== undefined && place > 0) out.copy(old[place - 1]!.origin!.end, old[place]!.origin!.start)
    else out.write(fresh.text)
  }
  const indent = (): string | undefined =>
    place === undefined ? fresh.indent : ownLine(out.text, old[place]!.origin!.start)

  let node: Node
  if (item.kind === 'entry') {
    const from = item.origin as EntryOrigin | undefined
    if (from === undefined) {
      const brought = isMetadata ? item.text : broughtText(item, indent(), out.style)
      if (brought !== undefined) out.write(brought)
      // Readers look for `"mac": "ENC[`, with this space.
      else if (isMetadata) add(out, item, indent() ?? out.style.asked, { ...out.style, colon: ': ' })
      else add(out, item, indent(), out.style)
      return frame
    }
    if (from.value !== item.key) out.write(out.style.quote(item.key))
    out.copy(from.value === item.key ? from.start : from.keyEnd, from.valueStart)
    node = item.value
  } else node = item

  if (node.kind === 'leaf') leaf(out, node)
  else if (node.origin === undefined) add(out, node, indent(), out.style)
  else return open(out, node, frame)
  return frame
}

/** The text that an entry brings, for its new indentation; undefined where it says something else by now, as when its values are sealed anew. */
function broughtText(entry: Entry, indent: string | undefined, { eol }: FileStyle): string | undefined {
  const text = entry.text?.replaceAll('\r\n', '\n')
  if (text === undefined) return undefined
  const own = /\n([ \t]*)[^\n]*$/.exec(text)?.[1]
  if (own !== undefined && indent === undefined) return undefined
  const placed = own === undefined ? text : text.replaceAll(`\n${own}`, `${eol}${indent}`)
  try {
    const root = scan(`{${placed}}`)
    const [said, ...more] = root.kind === 'map' ? root.items : []
    return said !== undefined && more.length === 0 && sameNode(said, entry) ? placed : undefined
  } catch (error) {
    if (error instanceof SopsError) return undefined
    throw error
  }
}

/** The items that JSON can show: of the comments, those that an encrypted list stores as texts. */
function present(container: Container, { encrypted }: FileStyle): readonly JsonItem[] {
  const items: readonly (JsonItem | Comment)[] = container.items
  if (!items.some((item) => item.kind === 'comment')) return items as readonly JsonItem[]
  const shown: JsonItem[] = []
  for (const item of items) {
    if (item.kind !== 'comment') shown.push(item)
    else if (container.kind === 'list' && item.origin !== undefined) {
      const { text, origin } = item
      if (sameValue(origin.value, text) || (encrypted && isEncrypted(text)))
        shown.push({ kind: 'leaf', value: text, origin })
    }
  }
  return shown
}

const isSealed = (value: unknown): value is string => typeof value === 'string' && isEncrypted(value)

function leaf(out: Output, node: Leaf): void {
  const { value, origin } = node
  if (origin !== undefined && sameValue(origin.value, value)) out.copy(origin.start, origin.end)
  else for (const piece of remembered(out, node) ?? leafPieces(node, out.style.quote, true)) out.write(piece)
}

/** A changed leaf in the habit of the token it replaces, or its token of an earlier version if that remembers the same habit. */
function remembered(out: Output, node: Leaf): readonly string[] | undefined {
  const { value, origin, token, spelling } = node
  const before = origin === undefined ? '' : out.text.slice(origin.start, origin.end)
  const was = origin?.value ?? null
  const habit = isSealed(was) ? markOf(before, was) : habitOf(before, was)
  if (origin !== undefined && out.style.encrypted && isSealed(value) && !isSealed(was) && isOddlyEscaped(before, was))
    out.respelt.push(origin)
  if (token !== undefined && value === token.value && markOf(token.text, value) === habit) return [token.text]
  if (habit === undefined || (spelling !== undefined && typeof value !== 'string')) return undefined
  const after = out.style.encrypted && isSealed(value) ? mark(value, habit) : spell(node, habit)
  return after === undefined ? undefined : [after]
}

/** Prints something new, on one line where its surroundings are. */
function add(out: Output, item: JsonItem, indent: string | undefined, style: FileStyle): void {
  const unit = indent === undefined ? undefined : style.broken ? style.unit : (style.asked ?? (indent || '\t'))
  printNode(out.write, item, indent ?? '', { ...style, unit })
}
