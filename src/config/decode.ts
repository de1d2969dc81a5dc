// Values of .sops.yaml to typed data, with the reference's scalar conversions and type errors (spec/config.md 2).
import { type Shape, type StructShape, typeName } from './shape.ts'
import { describeValue, type Field, type Scalar, type Value } from './value.ts'

/** A field that no table knows; the reference ignores it. */
export interface UnknownField {
  readonly name: string
  readonly line: number
  /** Where it stands: `creation_rules[0]`; empty at the top level. */
  readonly where: string
  readonly shape: StructShape
}

/** What decoding found besides the data; `errors` are whole lines of the reference's message. */
export interface Findings {
  readonly errors: string[]
  readonly unknown: UnknownField[]
}

const trueSpellings = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'])
const falseSpellings = new Set(['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'])

/** A boolean where one is wanted: YAML 1.1's spellings are strings to the parser. */
function toBool({ value }: Scalar): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') return undefined
  if (trueSpellings.has(value)) return true
  return falseSpellings.has(value) ? false : undefined
}

function toInt({ value }: Scalar): number | undefined {
  if (typeof value === 'bigint') return value < 1n << 63n ? Number(value) : undefined
  return typeof value === 'number' && Number.isFinite(value) && value < 2 ** 63 ? Math.trunc(value) : undefined
}

/** The fields of a mapping with its merge keys applied: its own first, then those of earlier merged mappings. */
export function mergedFields(fields: readonly Field[], findings: Findings): readonly Field[] {
  if (!fields.some((field) => field.key === '<<')) return fields
  const merged = new Map<string, Field>()
  const add = (from: readonly Field[]): void => {
    for (const field of from) if (field.key !== '<<' && !merged.has(field.key)) merged.set(field.key, field)
    for (const { key, value, line } of from) {
      if (key !== '<<') continue
      for (const base of value.kind === 'list' ? value.items : [value]) {
        if (base.kind === 'map') add(base.fields)
        else findings.errors.push(`line ${line}: map merge requires map or sequence of maps as the value`)
      }
    }
  }
  add(fields)
  return [...merged.values()]
}

/**
 * A value as its shape wants it: string, number, boolean, `Value` (flexible fields), array, plain object; undefined for null and for what
 * does not fit, which is then among the errors.
 */
export function decode(value: Value, shape: Shape, findings: Findings, where = ''): unknown {
  if (value.kind === 'scalar' && value.value === null) return undefined
  const misfit = (): undefined => {
    findings.errors.push(`line ${value.line}: cannot unmarshal ${describeValue(value)} into ${typeName(shape)}`)
    return undefined
  }
  switch (shape.kind) {
    case 'any':
      return value
    case 'string':
      return value.kind === 'scalar' ? value.text : misfit()
    case 'int':
      return (value.kind === 'scalar' ? toInt(value) : undefined) ?? misfit()
    case 'bool':
      return (value.kind === 'scalar' ? toBool(value) : undefined) ?? misfit()
    case 'list': {
      if (value.kind !== 'list') return misfit()
      const items = value.items.map((item, index) => decode(item, shape.of, findings, `${where}[${index}]`))
      return items.filter((item) => item !== undefined)
    }
    case 'strings': {
      if (value.kind !== 'map') return misfit()
      // A null stays: it is refused where the map is used.
      const entries = mergedFields(value.fields, findings).map((field) => [
        field.key,
        decode(field.value, { kind: 'string' }, findings) ?? null,
      ])
      return Object.fromEntries(entries)
    }
    case 'struct': {
      if (value.kind !== 'map') return misfit()
      const decoded: Record<string, unknown> = {}
      for (const field of mergedFields(value.fields, findings)) {
        const known = Object.hasOwn(shape.fields, field.key) ? shape.fields[field.key] : undefined
        if (known === undefined) {
          findings.unknown.push({ name: field.key, line: field.line, where, shape })
          continue
        }
        const inner = decode(field.value, known, findings, where === '' ? field.key : `${where}.${field.key}`)
        if (inner !== undefined) decoded[field.key] = inner
      }
      return decoded
    }
  }
}
