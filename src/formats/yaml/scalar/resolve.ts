// What a scalar's text means: the reference's own table, neither YAML 1.1 nor 1.2 (spec/format.md 7.4), and back to text.
import { readBase64, withoutBreaks } from '../../../text/base64.ts'
import { digit0, digit9, dot, hyphen, plus } from '../../../text/characters.ts'
import { yamlFloat } from '../../../tree/floats.ts'
import { makeTimestamp, nanosOf } from '../../../tree/time.ts'
import type { Timestamp, Value } from '../../../tree/tree.ts'

const words = new Map<string, Value>([
  ['', null],
  ['~', null],
  ['null', null],
  ['Null', null],
  ['NULL', null],
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
  ['.nan', Number.NaN],
  ['.NaN', Number.NaN],
  ['.NAN', Number.NaN],
])
for (const name of ['.inf', '.Inf', '.INF']) {
  words.set(name, Number.POSITIVE_INFINITY)
  words.set(`+${name}`, Number.POSITIVE_INFINITY)
  words.set(`-${name}`, Number.NEGATIVE_INFINITY)
}

const datePattern = /^(\d{4})-(\d\d?)-(\d\d?)(?:([Tt]| +)(\d\d?):(\d\d?):(\d\d?)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)?)?$/

function readTime(text: string): Timestamp | undefined {
  const m = datePattern.exec(text)
  if (!m) return undefined
  const [, year, month, day, separator, hour, minute, second, fraction, zone] = m
  if (separator !== undefined && (zone === undefined) === /^[Tt]$/.test(separator)) return undefined
  let offsetMinutes = 0
  if (zone !== undefined && zone !== 'Z') {
    const hours = Number(zone.slice(1, 3))
    const minutes = Number(zone.slice(4))
    if (hours > 24 || minutes > 60) return undefined
    offsetMinutes = (hours * 60 + minutes) * (zone[0] === '-' ? -1 : 1)
  }
  const number = (digits: string | undefined) => Number(digits ?? 0)
  return makeTimestamp({
    year: number(year),
    month: number(month),
    day: number(day),
    hour: number(hour),
    minute: number(minute),
    second: number(second),
    nanos: nanosOf(fraction),
    offsetMinutes: offsetMinutes === 0 ? 0 : offsetMinutes,
  })
}

const maxUnsigned = 2n ** 64n - 1n
const minInt = -(2n ** 63n)
const inRange = (n: bigint): boolean => n >= minInt && n <= maxUnsigned

const floatText = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const dottedText = /^\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?$/

function finite(text: string): number | undefined {
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

function readNumber(source: string): bigint | number | undefined {
  const text = source.includes('_') ? source.replaceAll('_', '') : source
  const signed = text[0] === '+' || text[0] === '-'
  const digits = signed ? text.slice(1) : text
  const negative = text[0] === '-'
  const sized = (n: bigint): bigint | undefined => {
    const value = negative ? -n : n
    return inRange(value) ? value : undefined
  }
  if (/^[0-9]+$/.test(digits)) {
    if (digits.length > 1 && digits[0] === '0' && /^[0-7]+$/.test(digits)) {
      const value = digits.length < 40 ? sized(BigInt(`0o${digits}`)) : undefined
      if (value !== undefined) return value
    } else if (digits[0] !== '0' || digits.length === 1) {
      if (digits.length <= 15) return negative ? -BigInt(digits) : BigInt(digits)
      const value = digits.length < 40 ? sized(BigInt(digits)) : undefined
      if (value !== undefined) return value
    }
    return finite(text)
  }
  if (digits[0] === '0' && digits.length > 2) {
    const prefix = `0${(digits[1] as string).toLowerCase()}`
    const shape = prefix === '0x' ? /^[0-9a-fA-F]+$/ : prefix === '0o' ? /^[0-7]+$/ : prefix === '0b' ? /^[01]+$/ : null
    if (shape?.test(digits.slice(2))) return digits.length < 80 ? sized(BigInt(prefix + digits.slice(2))) : undefined
  }
  return floatText.test(text) ? finite(text) : undefined
}

/** The value of a plain scalar without tag. */
export function resolvePlain(text: string): Value {
  switch (text.charCodeAt(0)) {
    case dot:
      if (words.has(text)) return words.get(text) as Value
      return dottedText.test(text) ? (finite(text.replaceAll('_', '')) ?? text) : text
    case plus:
    case hyphen:
      return words.get(text) ?? readNumber(text) ?? text
    default: {
      const c = text.charCodeAt(0)
      if (c >= digit0 && c <= digit9) {
        if (text.charCodeAt(4) === hyphen) return readTime(text) ?? readNumber(text) ?? text
        return readNumber(text) ?? text
      }
      if (text.length > 5) return text
      const word = words.get(text)
      return word === undefined ? text : word
    }
  }
}

const typeTags: Readonly<Record<string, true>> = {
  '!!str': true,
  '!!int': true,
  '!!float': true,
  '!!bool': true,
  '!!null': true,
  '!!timestamp': true,
  '!!binary': true,
}

/** Tags that force a type other than string; an encrypted value cannot stand behind them. */
export const isTypeTag = (tag: string): boolean => Object.hasOwn(typeTags, tag) && tag !== '!!str'

const tagOf = (value: Value): string => {
  if (value === null) return '!!null'
  if (typeof value === 'string' || value instanceof Uint8Array) return '!!str'
  if (typeof value === 'bigint') return '!!int'
  if (typeof value === 'number') return '!!float'
  return typeof value === 'boolean' ? '!!bool' : '!!timestamp'
}

/** A tag under which the text is a string as it stands: it stays before an encrypted one. */
export const isStringTag = (tag: string): boolean => tag !== '' && tag !== '!' && !isTypeTag(tag)

/**
 * The value of a scalar with its tag (short form; empty or `!` for none).
 * @returns The value, or the problem when the text is not of the tag's type.
 */
export function resolveScalar(tag: string, text: string, plain: boolean): { value: Value } | { problem: string } {
  if (tag === '' || tag === '!') return { value: plain ? resolvePlain(text) : text }
  if (!Object.hasOwn(typeTags, tag) || tag === '!!str') return { value: text }
  if (tag === '!!binary') {
    const bytes = readBase64(withoutBreaks(text))
    if (!bytes) return { problem: '!!binary value contains invalid base64 data' }
    const decoded = bytes.toString()
    return { value: Buffer.from(decoded).equals(bytes) ? decoded : bytes }
  }
  const value = resolvePlain(text)
  const found = tagOf(value)
  if (found === tag) return { value }
  if (tag === '!!float' && typeof value === 'bigint') return { value: Number(value) }
  return { problem: `cannot decode a ${found} value as a ${tag}` }
}

/** A number, boolean, time or null as the reference prints it in YAML (spec/format.md 7.7). */
export function printPlain(value: bigint | number | boolean | Timestamp | null): string {
  if (value === null) return 'null'
  // The reference writes `-0`, which is the integer 0 when it is read again.
  if (typeof value === 'number') return Object.is(value, -0) ? '-0.0' : yamlFloat(value)
  return typeof value === 'object' ? value.rfc3339 : String(value)
}
