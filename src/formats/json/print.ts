// Tree to fresh JSON text, iteratively, as the reference lays it out or in the style of a given file (spec/format.md 8.2).

import { SopsError } from '../../errors.ts'
import type { Comment, Entry, Node } from '../../tree/tree.ts'
import { leafPieces, type Quote } from './leaf.ts'

export interface JsonStyle {
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
  if (indent < -1)
    throw new SopsError('cannot-emit', 'JSON Indentation parameter smaller than -1 is not accepted', {
      hints: [`the indentation is ${indent}: give the number of blanks, or -1 for tabs`],
    })
  return ' '.repeat(indent)
}

/** A container that is being printed. */
interface Frame {
  readonly outer: Frame | undefined
  readonly items: readonly (Entry | Node | Comment)[]
  readonly indent: string
  readonly close: string
  next: number
  /** Whether it has an item already. */
  filled: boolean
}

/**
 * Writes a value that starts on a line indented by `indent`. Comments are dropped.
 * @throws SopsError `cannot-emit` for NaN, infinities and keys that are not strings.
 */
export function printNode(write: (text: string) => void, root: Entry | Node, indent: string, style: JsonStyle): void {
  let frame: Frame | undefined
  const put = (item: Entry | Node, indent: string): void => {
    let node: Node
    if (item.kind === 'entry') {
      write(keyText(item, style))
      node = item.value
    } else node = item
    if (node.kind === 'leaf') for (const piece of leafPieces(node, style.quote, style.keepSpelling)) write(piece)
    else {
      write(node.kind === 'map' ? '{' : '[')
      frame = {
        outer: frame,
        items: node.items,
        indent,
        close: node.kind === 'map' ? '}' : ']',
        next: 0,
        filled: false,
      }
    }
  }
  put(root, indent)
  while (frame !== undefined) {
    const current: Frame = frame
    const item = current.items[current.next]
    current.next += 1
    if (item === undefined) {
      write(current.filled && style.unit !== undefined ? style.eol + current.indent + current.close : current.close)
      frame = current.outer
    } else if (item.kind !== 'comment') {
      const inner = style.unit === undefined ? '' : current.indent + style.unit
      if (style.unit !== undefined) write((current.filled ? ',' : '') + style.eol + inner)
      else if (current.filled) write(style.comma)
      current.filled = true
      put(item, inner)
    }
  }
}

function keyText(entry: Entry, style: JsonStyle): string {
  if (entry.keyType === undefined) return style.quote(entry.key) + style.colon
  throw new SopsError('cannot-emit', `JSON keys are strings, and ${entry.key} is ${entry.keyType}`, {
    hints: ['put the key in quotes'],
  })
}
