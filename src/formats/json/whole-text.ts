// Whole JSON documents: bytes to tree and back. The binary format keeps its encrypted form in them, too.

import { placeOf, SopsError } from '../../errors.ts'
import { refuseTooLong, refuseUtf16 } from '../../text/encoding.ts'
import { positionIn } from '../../text/position.ts'
import type { Entry, Leaf, LeafToken, MapNode, Node, Tree } from '../../tree/tree.ts'
import { refuseBytes, textOfBytes } from '../../tree/utf8.ts'
import { type Ticks, ticker } from '../ticks.ts'
import type { FormatParseOptions, Layout, Parsed, Rewritten } from '../types.ts'
import { quoteMarkup } from './leaf.ts'
import { indentUnit, type JsonStyle, printNode } from './print.ts'
import { rewriteText } from './rewrite.ts'
import { scan } from './scan.ts'
import { writer } from './text.ts'

const referenceStyle = (indent: number | undefined): JsonStyle => ({
  unit: indentUnit(indent),
  eol: '\n',
  colon: ': ',
  comma: ',',
  quote: quoteMarkup,
  keepSpelling: false,
})

/**
 * @param encrypted names the failure as the reference does for encrypted input.
 * @throws SopsError `parse`.
 */
export function parse(bytes: Uint8Array, { encrypted = false, progress }: FormatParseOptions = {}): Parsed {
  refuseTooLong(bytes)
  refuseUtf16(bytes)
  const source = textOfBytes(bytes)
  try {
    return { tree: { documents: [rootOf(source, ticker(progress))] }, source }
  } catch (error) {
    if (!encrypted || !(error instanceof SopsError) || error.position === undefined) throw error
    const text = `Could not unmarshal input data: ${error.message}`
    throw new SopsError('parse', text, { ...placeOf(error), hints: error.hints })
  }
}

function rootOf(text: string, ticks: Ticks | undefined): MapNode {
  const root = scan(text, ticks)
  if (root.kind === 'map') return root
  throw new SopsError('parse', 'SOPS only supports JSON files with a top-level object', {
    position: positionIn(text, root.origin!.start),
    hints: [
      'wrap the value in an object: {"items": …}',
      'or encrypt the text as one value: --input-type binary, and to decrypt it --output-type binary',
    ],
  })
}

export function rewrite(parsed: Parsed, next: Tree, layout: Layout = {}): Rewritten {
  return rewriteText(parsed.source as string, parsed.tree.documents[0]!, document(next, layout), layout)
}

/** Text alone; comments have no place in it. */
const holds = { bytes: false, comments: false }

/** The one document JSON can hold. Of several the first is printed, but encrypting only that would break the MAC (spec/format.md 14). */
function document(tree: Tree, layout: Layout): MapNode {
  const { documents } = tree
  if (documents.length > 1 && layout.encrypted === true) {
    throw new SopsError('cannot-emit', `JSON holds a single document, and there are ${documents.length}`, {
      hints: ['split the file, or write it as YAML'],
    })
  }
  const root: MapNode = documents[0] ?? { kind: 'map', items: [] }
  refuseBytes(root, 'JSON', holds)
  return root
}

export function print(tree: Tree, layout: Layout = {}): Uint8Array {
  const out = writer()
  printNode(out.write, document(tree, layout), '', referenceStyle(layout.indent))
  out.write('\n')
  return out.bytes()
}

export function printValue(value: Node, layout: Layout = {}): Uint8Array {
  refuseBytes(value, 'JSON', holds)
  const out = writer()
  printNode(out.write, value, '', referenceStyle(layout.indent))
  return out.bytes()
}

/** The text of a member, from its key to the end of its value. */
export function textOf(parsed: Parsed, entry: Entry): string {
  return (parsed.source as string).slice(entry.origin!.start, entry.origin!.end)
}

/** Only of those that are not written as we write them. */
export function token(parsed: Parsed, { origin }: Leaf): LeafToken | undefined {
  if (typeof origin?.value !== 'string' || origin.end - origin.start === origin.value.length + '""'.length)
    return undefined
  return { value: origin.value, text: (parsed.source as string).slice(origin.start, origin.end) }
}
