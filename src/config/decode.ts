// Nodes of .sops.yaml to typed data, with the reference's scalar conversions and type errors (spec/config.md 2).

import { SopsError } from '../errors.ts'
import {
  yamlContentText as contentText,
  type YCollection,
  type YMap,
  type YNode,
  type YScalar,
} from '../formats/index.ts'
import { lineIn } from '../text/position.ts'
import { textKind } from '../tree/kinds.ts'
import { suggestField } from './check.ts'
import { describeNode, kindOfYaml, readDocument, scalarText, scalarValue } from './first-document.ts'
import type { Flexible, Lines, UnknownField } from './load.ts'
import { type Shape, type StructShape, wantedOf } from './shape.ts'

/** What decoding found besides the data. `errors` are lines of the reference's message. */
interface Decoded {
  readonly data: unknown
  readonly errors: readonly string[]
  readonly unknown: readonly UnknownField[]
  readonly lines: ReadonlyMap<object, Lines>
  /** The line of what is not read (`ConfigDocument.rest`). */
  readonly secondDocument: number | undefined
}

interface Run {
  readonly text: string
  readonly errors: string[]
  readonly unknown: UnknownField[]
  readonly lines: Map<object, Lines>
  /** Aliased nodes that are being decoded. */
  readonly open: Set<YNode>
  visited: number
  copied: number
}

type Field = readonly [name: string, value: YNode, key: YNode]

/**
 * Decodes a whole file. Nulls and what does not fit are left out.
 * @throws SopsError `parse` for what the reference cannot read at all.
 */
export function decodeConfig(bytes: Uint8Array, shape: StructShape): Decoded {
  const { text, root, rest } = readDocument(bytes)
  const run: Run = { text, errors: [], unknown: [], lines: new Map(), open: new Set(), visited: 0, copied: 0 }
  const data = root === undefined ? undefined : decode(root, shape, run, '')
  return { data, errors: run.errors, unknown: run.unknown, lines: run.lines, secondDocument: rest }
}

const lineOf = (node: YNode, run: Run): number => lineIn(run.text, node.content)

/** Decodes what an alias stands for. The bounds are the reference's against documents that explode (spec/format.md 7.2). */
function throughAlias<T>(node: YNode, run: Run, use: (target: YScalar | YCollection) => T): T {
  run.visited++
  if (run.open.size > 0) run.copied++
  if (run.copied > 100 && run.visited > 1000 && run.copied / run.visited > 0.99) {
    throw new SopsError('parse', 'yaml: document contains excessive aliasing')
  }
  if (node.kind !== 'alias') return use(node)
  const { target } = node
  if (run.open.has(target)) throw new SopsError('parse', `yaml: anchor '${node.name}' value contains itself`)
  run.open.add(target)
  const result = use(target)
  run.open.delete(target)
  return result
}

const trueSpellings = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'])
const falseSpellings = new Set(['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'])

/** A boolean where one is wanted: YAML 1.1's spellings are strings to the parser. */
function toBool(node: YScalar): boolean | undefined {
  const value = scalarValue(node)
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') return undefined
  if (trueSpellings.has(value)) return true
  return falseSpellings.has(value) ? false : undefined
}

function toInt(node: YScalar): number | undefined {
  const value = scalarValue(node)
  if (typeof value === 'bigint') return value < 1n << 63n ? Number(value) : undefined
  return typeof value === 'number' && Number.isFinite(value) && value < 2 ** 63 ? Math.trunc(value) : undefined
}

function toFlexible(node: YScalar | YCollection, run: Run): Flexible {
  const items =
    node.kind === 'list'
      ? node.elements.map(({ value }) => throughAlias(value, run, (target) => toFlexible(target, run)))
      : []
  return { type: kindOfYaml(node), text: contentText(node), items }
}

/** A plain `<<`; in quotes it is a key like any other. */
const isMerge = (key: YNode): boolean =>
  key.kind === 'scalar' && key.value === '<<' && key.style === '' && (key.tag === '' || key.tag === '!!merge')

/** Reports keys that occur twice in a mapping; only mappings that are decoded are looked at. */
function hasDuplicates(map: YMap, run: Run): boolean {
  const seen = new Map<string, YNode>()
  const before = run.errors.length
  for (const { key } of map.entries) {
    const word = contentText(key)
    const identity = `${key.kind} ${word}`
    const other = seen.get(identity)
    if (other === undefined) seen.set(identity, key)
    else {
      const name = JSON.stringify(word)
      run.errors.push(`line ${lineOf(key, run)}: mapping key ${name} already defined at line ${lineOf(other, run)}`)
    }
  }
  return run.errors.length > before
}

/** The fields of a mapping with its merge keys applied: its own come first, then those of earlier merged mappings. */
function fieldsOf(map: YMap, run: Run): Field[] {
  const fields = new Map<string, Field>()
  const merges: YNode[] = []
  for (const { key, value } of map.entries) {
    if (isMerge(key)) {
      merges.push(value)
      continue
    }
    const name = throughAlias(key, run, (target) =>
      target.kind === 'scalar' ? scalarText(target) : misfit(target, textKind, run),
    )
    if (name !== undefined) fields.set(name, [name, value, key])
  }
  const add = (base: YNode): void =>
    throughAlias(base, run, (target) => {
      if (target.kind !== 'map')
        throw new SopsError('parse', 'yaml: map merge requires map or sequence of maps as the value')
      if (hasDuplicates(target, run)) return
      for (const field of fieldsOf(target, run)) if (!fields.has(field[0])) fields.set(field[0], field)
    })
  for (const value of merges) for (const base of basesOf(value)) add(base)
  return [...fields.values()]
}

const basesOf = (merge: YNode): YNode[] => (merge.kind === 'list' ? merge.elements.map(({ value }) => value) : [merge])

function misfit(node: YScalar | YCollection, wanted: string, run: Run): undefined {
  run.errors.push(`line ${lineOf(node, run)}: ${wanted} is wanted here, not ${describeNode(node)}`)
  return undefined
}

const text: Shape = { kind: 'string' }

/** A word of the author's that must be of a certain kind; spans are numbers of days. */
function wordAs(
  shape: Shape & { readonly kind: 'day' | 'days' | 'choice' },
  word: string,
): string | number | undefined {
  if (shape.kind === 'day') return isDay(word) ? word : undefined
  if (shape.kind === 'days') return /^[1-9]\d{0,5}d$/.test(word) ? Number(word.slice(0, -1)) : undefined
  return shape.of.includes(word) ? word : undefined
}

/** Strings, numbers, booleans, `Flexible`, arrays and plain objects, as the shape says; undefined for null and for what does not fit. */
function decode(at: YNode, shape: Shape, run: Run, where: string): unknown {
  return throughAlias(at, run, (node) => {
    if (node.kind === 'scalar' && scalarValue(node) === null) return undefined
    switch (shape.kind) {
      case 'day':
      case 'days':
      case 'choice': {
        const word = node.kind === 'scalar' ? scalarText(node) : undefined
        const found = word === undefined ? undefined : wordAs(shape, word)
        if (found !== undefined) return found
        break
      }
      case 'texts':
        if (node.kind === 'map') break
        return node.kind === 'list' ? decode(node, { kind: 'list', of: text }, run, where) : [scalarText(node)]
      case 'named':
        if (node.kind === 'map') return decodeNamed(node, shape.of, run, where)
        break
      case 'any':
        return toFlexible(node, run)
      case 'string':
        if (node.kind === 'scalar') return scalarText(node)
        break
      case 'int': {
        const number = node.kind === 'scalar' ? toInt(node) : undefined
        if (number !== undefined) return number
        break
      }
      case 'bool': {
        const bool = node.kind === 'scalar' ? toBool(node) : undefined
        if (bool !== undefined) return bool
        break
      }
      case 'list':
        if (node.kind !== 'list') break
        return node.elements
          .map(({ value }, index) => decode(value, shape.of, run, `${where}[${index}]`))
          .filter((item) => item !== undefined)
      case 'strings':
        if (node.kind === 'map') return decodeStrings(node, run)
        break
      case 'struct':
        if (node.kind === 'map') return decodeStruct(node, shape, run, where)
        if (node.kind === 'scalar' && shape.strict?.short !== undefined) return asField(shape.strict.short, node)
        break
    }
    return misfit(node, wantedOf(shape), run)
  })
}

/** A null stays: it is refused where the map is used. */
function decodeStrings(node: YMap, run: Run): Record<string, unknown> | undefined {
  if (hasDuplicates(node, run)) return undefined
  return Object.fromEntries(
    fieldsOf(node, run).map(([name, value]) => [name, decode(value, { kind: 'string' }, run, '') ?? null]),
  )
}

/** A text that stands for a map with this field. */
function asField(name: string, node: YScalar): Record<string, unknown> | undefined {
  const text = scalarText(node)
  return text === undefined ? undefined : { [name]: text }
}

function isDay(text: string): boolean {
  const date = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined
  return date !== undefined && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

/** A name without anything behind it is an error. */
function decodeNamed(node: YMap, of: Shape, run: Run, where: string): Record<string, unknown> | undefined {
  if (hasDuplicates(node, run)) return undefined
  const before = run.errors.length
  const entries = fieldsOf(node, run).map(([name, value, key]) => {
    const decoded = decode(value, of, run, `${where}.${name}`)
    if (decoded === undefined && run.errors.length === before)
      run.errors.push(`line ${lineOf(key, run)}: ${where}.${name}: ${wantedOf(of)} is wanted here`)
    return [name, decoded] as const
  })
  return Object.fromEntries(entries)
}

/** What this program alone reads says who may open what: nothing in it is passed over. */
function refuseUnknown(name: string, key: YNode, shape: StructShape, run: Run, where: string): void {
  const meant = suggestField(name, shape)
  const hint =
    meant === undefined ? `fields there are ${Object.keys(shape.fields).join(', ')}` : `did you mean ${meant}?`
  run.errors.push(`line ${lineOf(key, run)}: unknown field ${JSON.stringify(name)} in ${where}: ${hint}`)
}

function decodeStruct(node: YMap, shape: StructShape, run: Run, where: string): Record<string, unknown> | undefined {
  if (hasDuplicates(node, run)) return undefined
  const data: Record<string, unknown> = {}
  const fields: Record<string, number> = {}
  for (const [name, value, key] of fieldsOf(node, run)) {
    fields[name] = lineOf(key, run)
    const known = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined
    if (known === undefined && shape.strict) {
      refuseUnknown(name, key, shape, run, where)
      continue
    }
    if (known === undefined) {
      run.unknown.push({ name, line: lineOf(key, run), where, shape })
      continue
    }
    const decoded = decode(value, known, run, where === '' ? name : `${where}.${name}`)
    if (decoded !== undefined) data[name] = decoded
  }
  for (const name of shape.strict?.required ?? [])
    if (fields[name] === undefined) run.errors.push(`line ${lineOf(node, run)}: ${where} has no ${name}`)
  run.lines.set(data, { line: lineOf(node, run), fields })
  return data
}
