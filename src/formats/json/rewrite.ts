// A JSON source text with what changed in its tree changed, and every other byte kept.
import { type Comment, type Entry, type ListNode, type MapNode, type Node, sameValue } from '../../core/tree.ts'
import type { Layout } from '../types.ts'
import { leafPieces, quoteMinimal } from './leaf.ts'
import { indentUnit, printNode, type Style } from './print.ts'
import type { ContainerOrigin, EntryOrigin } from './scan.ts'
import { type SourceText, writer } from './text.ts'

type Container = MapNode | ListNode
type Item = Entry | Node
type Task =
  | { readonly text: string }
  | { readonly from: number; readonly to: number }
  | { readonly container: Container }

/**
 * @param root the map that `scan` made of `source`.
 * @param next made from `root`; nodes with an origin are the nodes of that place.
 * @throws SopsError `cannot-emit`.
 */
export function rewriteText(source: SourceText, root: MapNode, next: MapNode, layout: Layout): Uint8Array {
  const { text } = source
  const style = detectStyle(text, root, layout)
  const out = writer(source.encoding)
  const end = root.origin!.end

  out.copy(text.slice(0, root.origin!.start))
  // A document that was rebuilt is still the document of this text.
  const todo: Task[] = [{ container: next.origin === undefined ? { ...next, origin: root.origin! } : next }]
  let from = 0
  let to = 0
  for (let task = todo.pop(); task !== undefined; task = todo.pop()) {
    if ('from' in task && task.from === to) {
      to = task.to
      continue
    }
    if (from < to) out.copy(text.slice(from, to))
    from = to = 0
    if ('text' in task) out.write(task.text)
    else if ('from' in task) ({ from, to } = task)
    else {
      const tasks = expand(text, task.container, style)
      for (let i = tasks.length - 1; i >= 0; i--) todo.push(tasks[i]!)
    }
  }
  if (from < to) out.copy(text.slice(from, to))
  out.copy(text.slice(end))
  return out.bytes()
}

interface FileStyle extends Style {
  /** Where the document starts. */
  readonly root: number
  /** Whether the document's members stand on lines of their own. */
  readonly broken: boolean
  /** The indentation asked for, if any. */
  readonly asked: string | undefined
  readonly encrypted: boolean
}

function detectStyle(text: string, root: MapNode, layout: Layout): FileStyle {
  const unit = indentUnit(layout.indent)
  const { start, items } = root.origin as ContainerOrigin
  const first = items[0]?.origin as EntryOrigin | undefined
  const gap = first === undefined ? '' : text.slice(first.keyEnd, first.valueStart)
  const colon = first === undefined || /[\r\n]/.test(gap) ? ': ' : gap
  const own = ownUnit(text, start, items)
  return {
    root: start,
    broken: own !== undefined || first === undefined,
    asked: layout.indent === undefined ? undefined : unit,
    encrypted: layout.encrypted === true,
    unit: own ?? unit,
    eol: /\r?\n/.exec(text)?.[0] ?? '\n',
    colon,
    comma: colon.endsWith(':') ? ',' : ', ',
    quote: quoteMinimal,
    keepSpelling: true,
  }
}

/** The indentation of the first member that stands on its own line. */
function ownUnit(text: string, start: number, items: readonly Item[]): string | undefined {
  for (const item of items) {
    const indent = ownLine(text, item.origin!.start)
    if (indent === undefined) continue
    const outer = lineIndent(text, start)
    return indent.startsWith(outer) ? indent.slice(outer.length) : indent
  }
  return undefined
}

/** The blanks at the start of the line that holds `offset`. */
function lineIndent(text: string, offset: number): string {
  const start = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
  let end = start
  while (text[end] === ' ' || text[end] === '\t') end += 1
  return text.slice(start, end)
}

/** The indentation of what stands at `offset` if it is the first on a line of its own. */
function ownLine(text: string, offset: number): string | undefined {
  let start = offset
  while (text[start - 1] === ' ' || text[start - 1] === '\t') start -= 1
  return text[start - 1] === '\n' ? text.slice(start, offset) : undefined
}

function expand(text: string, container: Container, style: FileStyle): Task[] {
  const { items: old, start, end } = container.origin as ContainerOrigin
  const items = present(container, style)
  const tasks: Task[] = []
  const copy = (from: number, to: number): void => {
    if (from < to) tasks.push({ from, to })
  }
  const lead = old.length > 0 ? old[0]!.origin!.start : end - 1
  const tail = old.length > 0 ? old[old.length - 1]!.origin!.end : start + 1

  copy(start, start + 1)
  if (items.length === 0) {
    // The inverse of how the first item gets into an empty container, below.
    if (old.length === 0 || lead === start + 1) copy(tail, end - 1)
    copy(end - 1, end)
    return tasks
  }

  const places = placesOf(items, old)
  const fresh = separator(text, old, style)
  let { indent } = fresh
  let closing: string | undefined
  if (old.length > 0) copy(start + 1, lead)
  else if (style.broken) {
    const outer = style.eol + lineIndent(text, start)
    indent = (outer + style.unit).slice(style.eol.length)
    fresh.text = `,${style.eol}${indent}`
    if (lead === start + 1) {
      tasks.push({ text: style.eol + indent })
      closing = outer
    }
  }
  items.forEach((item, i) => {
    const place = places[i]
    if (i > 0) {
      if (place !== undefined && place > 0) copy(old[place - 1]!.origin!.end, old[place]!.origin!.start)
      else tasks.push({ text: fresh.text })
    }
    emit(
      tasks,
      item,
      style,
      () => (place === undefined ? indent : ownLine(text, old[place]!.origin!.start)),
      start === style.root,
    )
  })
  if (closing === undefined) copy(tail, end - 1)
  else tasks.push({ text: closing })
  copy(end - 1, end)
  return tasks
}

/** The items that JSON can show: of the comments, those that an encrypted list stores as texts. */
function present(container: Container, { encrypted }: FileStyle): readonly Item[] {
  const items: readonly (Item | Comment)[] = container.items
  if (!items.some((item) => item.kind === 'comment')) return items as readonly Item[]
  const shown: Item[] = []
  for (const item of items) {
    if (item.kind !== 'comment') shown.push(item)
    else if (container.kind === 'list' && item.origin !== undefined) {
      const { text, origin } = item
      if (sameValue(origin.value, text) || (encrypted && text.startsWith('ENC[')))
        shown.push({ kind: 'leaf', value: text, origin })
    }
  }
  return shown
}

/** The old place of every item; a new item takes the place of one that went away there. */
function placesOf(items: readonly Item[], old: readonly Item[]): readonly (number | undefined)[] {
  const starts = new Map<number, number>()
  old.forEach((item, place) => {
    starts.set(item.origin!.start, place)
  })
  const own = items.map(({ origin }) => (origin === undefined ? undefined : starts.get(origin.start)))
  const kept = new Set(own)
  let next = 0
  return own.map((place) => {
    const found = place ?? (next < old.length && !kept.has(next) ? next : undefined)
    if (found !== undefined) next = found + 1
    return found
  })
}

/** What stands before a new item behind those in `old`, and the indentation it gives when it breaks the line. */
function separator(text: string, old: readonly Item[], style: FileStyle): { text: string; indent: string | undefined } {
  const last = old[old.length - 1]?.origin
  if (last === undefined) return { text: style.comma, indent: undefined }
  const indent = ownLine(text, last.start)
  if (indent !== undefined) return { text: `,${style.eol}${indent}`, indent }
  const previous = old[old.length - 2]?.origin
  const gap = previous === undefined ? '' : text.slice(previous.end, last.start)
  return { text: gap === '' ? style.comma : gap.slice(gap.indexOf(',')), indent }
}

function emit(tasks: Task[], item: Item, style: FileStyle, indent: () => string | undefined, top: boolean): void {
  let node: Node
  if (item.kind === 'entry') {
    const origin = item.origin as EntryOrigin | undefined
    if (origin === undefined) {
      if (item.text !== undefined) tasks.push({ text: item.text })
      else if (top && item.key === 'sops') fresh(tasks, item, { ...style, colon: ': ' }, indent() ?? style.asked)
      else fresh(tasks, item, style, indent())
      return
    }
    if (origin.value === item.key) tasks.push({ from: origin.start, to: origin.valueStart })
    else tasks.push({ text: style.quote(item.key) }, { from: origin.keyEnd, to: origin.valueStart })
    node = item.value
  } else node = item

  const { origin } = node
  if (node.kind !== 'leaf') {
    if (origin === undefined) fresh(tasks, node, style, indent())
    else tasks.push({ container: node })
  } else if (origin !== undefined && sameValue(origin.value, node.value))
    tasks.push({ from: origin.start, to: origin.end })
  else if (node.token !== undefined && node.value === node.token.value) tasks.push({ text: node.token.text })
  else for (const piece of leafPieces(node, style.quote, true)) tasks.push({ text: piece })
}

/** A new item: on one line where those around it are. */
function fresh(tasks: Task[], item: Item, style: FileStyle, indent: string | undefined): void {
  const unit = indent === undefined ? undefined : style.broken ? style.unit : (style.asked ?? (indent || '\t'))
  printNode((text) => tasks.push({ text }), item, indent ?? '', { ...style, unit })
}
