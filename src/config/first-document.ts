// The first YAML document of a configuration file, as nodes that still know their text, and how the reference names what it finds there.

import { SopsError } from '../errors.ts'
import type { YCollection, YNode, YScalar } from '../formats/index.ts'
import {
  composeYaml as compose,
  decodeYaml as decodeText,
  resolveYamlScalar as resolveScalar,
  scanYaml as scan,
} from '../formats/index.ts'
import { lineIn } from '../text/position.ts'
import { kindOf, listKind, mapKind } from '../tree/kinds.ts'
import type { Value } from '../tree/tree.ts'

/** A line that starts with a document marker. */
const marker = /^(?:---|\.\.\.)(?![^ \t\r\n\x85\u2028\u2029])/gm
/** Nothing but blank lines, comments and directives. */
const bare = /^(?:[ \t]*(?:#[^\r\n]*)?(?:[\r\n]|$)|%[^\r\n]*(?:[\r\n]|$))*$/

/** The text up to the end of the first document: the reference never looks at what follows. */
function firstDocument(text: string): string {
  for (const { 0: mark, index } of text.matchAll(marker)) {
    if (mark !== '---' || !bare.test(text.slice(0, index))) return text.slice(0, index)
  }
  return text
}

interface ConfigDocument {
  readonly text: string
  /** Undefined when the file has no content. */
  readonly root: YNode | undefined
  /** The line, from 1, on which further documents with any content begin. */
  readonly rest: number | undefined
}

/**
 * Parses the text without the checks that files with values get: the reference does not look into fields it does not know.
 * @throws SopsError `parse`.
 */
export function readDocument(bytes: Uint8Array): ConfigDocument {
  const whole = decodeText(bytes).text
  const text = firstDocument(whole)
  const isMore = whole
    .slice(text.length)
    .replace(marker, '')
    .split(/[\r\n]/)
    .some((line) => !bare.test(line))
  return { text, root: compose(text, scan(text))[0]?.root, rest: isMore ? lineIn(whole, text.length) : undefined }
}

/** @throws SopsError `parse` for a tag that the text does not fit. */
export function scalarValue(node: YScalar): Value {
  const resolved = resolveScalar(node.tag, node.value, node.style === '')
  if ('problem' in resolved) throw new SopsError('parse', `yaml: ${resolved.problem}`)
  return resolved.value
}

/** The literal text of a scalar where a string is wanted; undefined for null. */
export function scalarText(node: YScalar): string | undefined {
  const value = scalarValue(node)
  if (value === null) return undefined
  if (node.tag !== '!!binary') return node.value
  if (typeof value === 'string') return value
  throw new SopsError('parse', 'yaml: a !!binary value here must be text (UTF-8)')
}

/** What messages call a node. */
export function kindOfYaml(node: YScalar | YCollection): string {
  if (node.kind === 'list') return listKind
  return node.kind === 'map' ? mapKind : kindOf(scalarValue(node))
}

/** What a node is, with the start of a scalar's text. */
export function describeNode(node: YScalar | YCollection): string {
  if (node.kind !== 'scalar') return kindOfYaml(node)
  const shown = node.value.length > 10 ? `${node.value.slice(0, 7)}...` : node.value
  return `${kindOfYaml(node)} (${shown})`
}
