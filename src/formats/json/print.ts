// Tree to fresh JSON text, iteratively, as the reference lays it out or in the style of a given file (spec/format.md 8.2).
import type { Entry, Node } from '../../core/tree.ts'
import { SopsError } from '../../errors.ts'
import { leafPieces, type Quote } from './leaf.ts'

export interface Style {
  /** One level of indentation; undefined puts everything on one line. */
  readonly unit: string | undefined
  readonly eol: string
  /** Between a key and its value. */
  readonly colon: string
  /** Between two items on one line. */
  readonly comma: string
  readonly quote: Quote
  /** Numbers keep `leaf.spelling` where JSON can say it. */
  readonly keepSpelling: boolean
}

/** One level of indentation of the `indent` setting: undefined and -1 are a tab. */
export function indentUnit(indent: number | undefined): string {
  if (indent === undefined || indent === -1) return '\t'
  if (indent < -1) throw new SopsError('cannot-emit', 'JSON Indentation parameter smaller than -1 is not accepted')
  return ' '.repeat(indent)
}

/**
 * Writes a value that starts on a line indented by `indent`. Comments are dropped.
 * @throws SopsError `cannot-emit` for NaN, infinities and keys that are not strings.
 */
export function printNode(write: (text: string) => void, root: Entry | Node, indent: string, style: Style): void {
  const todo: (string | Printable)[] = [{ item: root, indent }]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (typeof next === 'string') {
      write(next)
      continue
    }
    let node: Node
    if (next.item.kind === 'entry') {
      write(keyText(next.item, style))
      node = next.item.value
    } else node = next.item
    if (node.kind === 'leaf') for (const piece of leafPieces(node, style.quote, style.keepSpelling)) write(piece)
    else expand(todo, node, next.indent, style)
  }
}

interface Printable {
  readonly item: Entry | Node
  readonly indent: string
}

function keyText(entry: Entry, style: Style): string {
  if (entry.keyType !== undefined)
    throw new SopsError('cannot-emit', `JSON keys are strings, this one is of type ${entry.keyType}`)
  return style.quote(entry.key) + style.colon
}

function expand(
  todo: (string | Printable)[],
  node: Exclude<Node, { kind: 'leaf' }>,
  indent: string,
  style: Style,
): void {
  const [open, close] = node.kind === 'map' ? '{}' : '[]'
  const inner = style.unit === undefined ? '' : indent + style.unit
  const between = style.unit === undefined ? style.comma : `,${style.eol}${inner}`
  const tasks: (string | Printable)[] = []
  for (const item of node.items) {
    if (item.kind === 'comment') continue
    tasks.push(tasks.length > 0 ? between : open + (style.unit === undefined ? '' : style.eol + inner), {
      item,
      indent: inner,
    })
  }
  if (tasks.length === 0) tasks.push(open + close!)
  else tasks.push(style.unit === undefined ? close! : style.eol + indent + close)
  for (let i = tasks.length - 1; i >= 0; i--) todo.push(tasks[i]!)
}
