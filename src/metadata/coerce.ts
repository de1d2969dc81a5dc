// Lenient readings of metadata fields, as the reference decodes them (spec/format.md 6.5, 14, row 13).

import { SopsError } from '../errors.ts'
import { parseBool } from '../text/bool.ts'
import { quote } from '../text/quote.ts'
import { formatFloatF } from '../tree/floats.ts'
import { kindOf, kindOfNode, mapKind, textKind, wholeNumberKind } from '../tree/kinds.ts'
import { type Entry, isTimestamp, type MapNode, type Node, type Value } from '../tree/tree.ts'

const failure = (name: string, wanted: string, got: string): SopsError =>
  new SopsError('generic', `${name} in the metadata must be ${wanted}, not ${got}`)

const refuse = (name: string, wanted: string, node: Node): never => {
  throw failure(name, wanted, kindOfNode(node))
}

/** Settings of the metadata are no secrets. */
const shown = (value: Value): string => (typeof value === 'string' ? quote(value) : kindOf(value))

/** The entry of that name: exactly, else in any case. Of several, the last. */
export function fieldOf(map: MapNode, name: string): Node | undefined {
  let exact: Node | undefined
  let close: Node | undefined
  for (const item of map.items) {
    if (item.kind !== 'entry') continue
    if (item.key === name) exact = item.value
    else if (item.key.toLowerCase() === name) close = item.value
  }
  return exact ?? close
}

/** Times without quotes are accepted where a time is meant (spec/format.md 14, row 13). */
export function asText(name: string, node: Node | undefined, options: { readonly time?: boolean } = {}): string {
  if (node === undefined) return ''
  if (node.kind !== 'leaf') return refuse(name, textKind, node)
  const { value } = node
  if (value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return formatFloatF(value)
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (isTimestamp(value)) return options.time === true ? value.rfc3339 : refuse(name, textKind, node)
  return Buffer.from(value as Uint8Array).toString('utf8')
}

function integerOf(text: string): number | undefined {
  const bare = /^[+-]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9]\d*|0)$/.test(text) ? text : undefined
  // SOPS 3.9 and 3.10 wrote `2.000000`.
  if (bare === undefined) return /^\d+\.0*$/.test(text) ? Number(text) : undefined
  const digits = bare.replace(/^[+-]/, '').replace(/^0(?=[0-7]+$)/, '0o')
  return bare[0] === '-' ? -Number(digits) : Number(digits)
}

export function asInt(name: string, node: Node | undefined): number {
  if (node === undefined) return 0
  if (node.kind !== 'leaf') return refuse(name, wholeNumberKind, node)
  const { value } = node
  if (value === null || value === '') return 0
  if (typeof value === 'boolean') return value ? 1 : 0
  const number = typeof value === 'string' ? integerOf(value) : typeof value === 'bigint' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(Math.trunc(number))) {
    throw failure(name, wholeNumberKind, shown(value))
  }
  return Math.trunc(number)
}

export function asBool(name: string, node: Node | undefined): boolean {
  if (node === undefined) return false
  if (node.kind !== 'leaf') return refuse(name, 'true or false', node)
  const { value } = node
  if (value === null || value === '') return false
  if (typeof value === 'boolean') return value
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value) !== 0
  const read = typeof value === 'string' ? parseBool(value) : undefined
  if (read === undefined) throw failure(name, 'true or false', shown(value))
  return read
}

const noFields: MapNode = { kind: 'map', items: [] }

/** Mappings of a list; a mapping alone is a list of one, null an entry with empty fields. */
export function asMaps(name: string, node: Node | undefined): readonly MapNode[] {
  if (node === undefined || (node.kind === 'leaf' && node.value === null)) return []
  if (node.kind === 'map') return node.items.some((item) => item.kind === 'entry') ? [node] : []
  if (node.kind === 'leaf') return refuse(`${name}[0]`, mapKind, node)
  const elements = node.items.filter((item) => item.kind !== 'comment')
  return elements.map((element, at) => {
    if (element.kind === 'map') return element
    if (element.kind === 'leaf' && element.value === null) return noFields
    return refuse(`${name}[${at}]`, mapKind, element)
  })
}

/** A map from string to string. */
export function asStringMap(name: string, node: Node | undefined): Readonly<Record<string, string>> {
  if (node === undefined || (node.kind === 'leaf' && node.value === null)) return {}
  if (node.kind !== 'map') return refuse(name, mapKind, node)
  const entries = node.items.filter((item): item is Entry => item.kind === 'entry')
  return Object.fromEntries(entries.map((item) => [item.key, asText(`${name}[${item.key}]`, item.value)]))
}
