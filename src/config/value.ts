// The values of .sops.yaml as written: the first YAML document with the literal text and the line of everything in it.
import { formatFloatF } from '../core/floats.ts'
import { goTypeOf } from '../core/scalar.ts'
import type { Leaf, Value as LeafValue, Node } from '../core/tree.ts'
import { isTimestamp } from '../core/tree.ts'
import { SopsError } from '../errors.ts'
import type { Format } from '../formats/types.ts'

export interface Scalar {
  readonly kind: 'scalar'
  readonly value: LeafValue
  /** The text as written, without quotes. */
  readonly text: string
  readonly line: number
}

export interface Field {
  readonly key: string
  readonly value: Value
  readonly line: number
}

export type Value =
  | Scalar
  | { readonly kind: 'list'; readonly items: readonly Value[]; readonly line: number }
  | { readonly kind: 'map'; readonly fields: readonly Field[]; readonly line: number }

/** The name of a value's type in the reference's messages about key fields. */
export function valueTypeName(value: Value): string {
  if (value.kind === 'list') return '[]interface {}'
  if (value.kind === 'map') return 'map[string]interface {}'
  return typeof value.value === 'bigint' && value.value >= 1n << 63n ? 'uint64' : goTypeOf(value.value)
}

/** A value's YAML tag, with the text that the reference's type errors show behind it. */
export function describeValue(value: Value): string {
  if (value.kind === 'list') return '!!seq'
  if (value.kind === 'map') return '!!map'
  const tags: Record<string, string> = {
    int: '!!int',
    uint64: '!!int',
    float64: '!!float',
    bool: '!!bool',
    'time.Time': '!!timestamp',
  }
  const shown = value.text.length > 10 ? `${value.text.slice(0, 7)}...` : value.text
  return `${tags[valueTypeName(value)] ?? '!!str'} \`${shown}\``
}

/** A line that separates documents, anywhere in the text. */
const separator = /^(?:---|\.\.\.)(?![^ \t\r\n])/gm
/** Nothing but a byte order mark, blank lines, comments and directives. */
const bare = /^(?:\xef\xbb\xbf)?(?:[ \t]*(?:#[^\r\n]*)?(?:[\r\n]|$)|%[^\r\n]*(?:[\r\n]|$))*$/

/** The bytes of the first document, or undefined when there is none: the reference never looks at what follows. */
function firstDocument(bytes: Uint8Array): Uint8Array | undefined {
  // One character a byte, so that offsets agree.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  let end = text.length
  for (const { 0: mark, index } of text.matchAll(separator)) {
    if (mark === '---' && bare.test(text.slice(0, index))) continue
    end = index
    break
  }
  return bare.test(text.slice(0, end)) ? undefined : bytes.subarray(0, end)
}

/** The text of a number, boolean or time whose spelling is the canonical one. */
function plainText(value: LeafValue): string {
  if (value === null) return ''
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()
  if (isTimestamp(value)) return value.rfc3339
  return typeof value === 'number' ? formatFloatF(value) : String(value)
}

const scalarOf = (leaf: Leaf, line: number): Scalar => ({
  kind: 'scalar',
  value: leaf.value,
  text: leaf.spelling ?? plainText(leaf.value),
  line,
})

/** Offsets of nodes to line numbers, counted from 1. */
function lineCounter(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}

function convert(node: Node, lineOf: (offset: number) => number, above: number): Value {
  const start = node.origin?.start
  const line = start === undefined ? above : lineOf(start)
  if (node.kind === 'leaf') return scalarOf(node, line)
  if (node.kind === 'list') {
    const items: Value[] = []
    for (const item of node.items) if (item.kind !== 'comment') items.push(convert(item, lineOf, line))
    return { kind: 'list', items, line }
  }
  const fields: Field[] = []
  for (const item of node.items) {
    if (item.kind === 'comment') continue
    const keyLine = item.origin === undefined ? line : lineOf(item.origin.start)
    fields.push({ key: item.key, value: convert(item.value, lineOf, keyLine), line: keyLine })
  }
  return { kind: 'map', fields, line }
}

/**
 * The first document of a configuration file; undefined when there is none.
 * @throws SopsError `generic` with the reference's text for YAML that does not parse.
 */
export function readValue(bytes: Uint8Array, yaml: Format): Value | undefined {
  const document = firstDocument(bytes)
  if (document === undefined) return undefined
  try {
    const root = yaml.parse(document).tree.documents[0]
    if (root === undefined) return undefined
    return convert(root, lineCounter(new TextDecoder().decode(document)), 1)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    const message = error.message.replace('map[string]interface {}', 'config.configFile')
    throw new SopsError('generic', `error loading config: Could not unmarshal config file: ${message}`, {
      cause: error,
      ...(error.position ? { position: error.position } : {}),
    })
  }
}
