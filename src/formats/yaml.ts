// The YAML format (spec/format.md 7). A text is read by yaml/parse (text, scan, compose, build), in which yaml/scalar gives scalars their
// values; yaml/rewrite splices a changed tree into it, and yaml/print prints what is new.
import { lineFinder, positionIn } from '../text/position.ts'
import type { Leaf, LeafToken, Node, Tree } from '../tree/tree.ts'
import { refuseBytes } from '../tree/utf8.ts'
import type { Format, Parsed } from './types.ts'
import { endOf, placeOf, read, type Source } from './yaml/parse/source.ts'
import { encode } from './yaml/parse/text.ts'
import { indentOf, printAlone, printTree } from './yaml/print/print.ts'
import { respellText, unseenComments } from './yaml/reference.ts'
import { afterBreak, lineEnd, lineStart } from './yaml/rewrite/edits.ts'
import { unusualDocuments } from './yaml/rewrite/empty-document.ts'
import { rewriteText } from './yaml/rewrite/rewrite.ts'
import { readingsOf } from './yaml/scalar/readings.ts'

const sourceOf = (parsed: Parsed): Source => parsed.source as Source

/** Bytes of values become `!!binary`. */
const holds = { bytes: true, comments: true }

const refuseBytesIn = ({ documents }: Tree): void => {
  for (const document of documents) refuseBytes(document, 'YAML', holds)
}

const quoted = /"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"/g

/** JSON, whichever escapes its texts have, or what became of JSON when a key was set: tabs still indent it. */
function isJson(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false
  const bare = text.replace(quoted, '""')
  if (/^\t/m.test(bare)) return true
  try {
    JSON.parse(bare)
    return true
  } catch {
    return false
  }
}

const example = `hello: Welcome to SOPS! Edit this file as you please!
example_key: example_value
# Example comment
example_array:
    - example_value1
    - example_value2
example_number: 1234.56789
example_booleans:
    - true
    - false
`

export const yaml: Format = {
  id: 'yaml',
  metadata: 'nested',
  parse(bytes, { progress } = {}) {
    const source = read(bytes, progress)
    return { tree: source.tree, source }
  },
  rewrite(parsed, next, layout = {}) {
    refuseBytesIn(next)
    const source = sourceOf(parsed)
    const { text, reprints, expanded, respelt, documents } = rewriteText(source, next, layout)
    // As the reference prints it: readers of YAML refuse the tabs that JSON may be indented by.
    const isFresh = layout.named && isJson(layout.encrypted ? source.text : text)
    const bytes = isFresh ? yaml.print(next, layout) : encode(text, source.byteOrderMark)
    const written = isFresh || reprints.length === 0 ? { bytes } : { bytes, reprints }
    return layout.encrypted ? { ...written, losses: { aliases: expanded, respelt, documents } } : written
  },
  respell(parsed, selection) {
    const source = sourceOf(parsed)
    const refused = [...source.refused, ...unseenComments(source, selection)]
    if (refused.length === 0) return undefined
    const { text, places } = respellText(source.text, refused)
    return { bytes: encode(text, source.byteOrderMark), places }
  },
  print(tree, layout = {}) {
    refuseBytesIn(tree)
    return Buffer.from(printTree(tree, { indent: indentOf(layout.indent), eol: '\n' }), 'utf8')
  },
  printValue(value: Node) {
    refuseBytes(value, 'YAML', holds)
    return Buffer.from(printAlone(value, '\n'), 'utf8')
  },
  textOf(parsed, entry) {
    const { text, documents } = sourceOf(parsed)
    const own = placeOf(entry).entry
    if (!own) return undefined
    if (documents.some(({ root }) => root?.kind === 'map' && root.flow && root.entries.includes(own))) return undefined
    const start = lineStart(text, placeOf(entry).start)
    const end = lineEnd(text, endOf(entry))
    return text.slice(start, afterBreak(text, end))
  },
  token(parsed: Parsed, leaf: Leaf): LeafToken | undefined {
    const { text } = sourceOf(parsed)
    const place = leaf.origin && placeOf(leaf)
    const node = place?.node
    if (!node || place.alias || node.kind !== 'scalar' || node.block || typeof place.value !== 'string')
      return undefined
    const token = text.slice(node.content, node.end)
    if (/[\r\n]/.test(token)) return undefined
    return { value: place.value, text: token }
  },
  positionOf: (parsed, { start }) => positionIn(sourceOf(parsed).text, start),
  lineFinder: (parsed) => lineFinder(sourceOf(parsed).text),
  keepsComments(_, list) {
    const node = list.origin && placeOf(list).node
    return node?.kind === 'list' && node.flow
  },
  readings: (parsed) => readingsOf(sourceOf(parsed).text, sourceOf(parsed).documents),
  notices: (parsed) => (sourceOf(parsed).utf16 ? ['the text is UTF-16: what is written is UTF-8'] : []),
  unusualDocuments: (parsed) => unusualDocuments(sourceOf(parsed)),
  example,
}
