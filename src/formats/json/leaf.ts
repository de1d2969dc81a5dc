// How single values are spelled in JSON (spec/format.md 8.1, 8.2).

import { SopsError } from '../../errors.ts'
import { isTimestamp, type Leaf } from '../../tree/tree.ts'
import { textOfBytes } from '../../tree/utf8.ts'

const NUMBER = /^-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/
const MIN_INT = -(2n ** 63n)
const MAX_INT = 2n ** 63n - 1n

/** The value of a JSON number: an int where the text is an integer of 64 bits, else a float; undefined when out of range. */
export function numberValue(text: string, integral: boolean): bigint | number | undefined {
  if (integral) {
    if (text.length < 16) return BigInt(Number(text))
    if (text.length <= 20) {
      const value = BigInt(text)
      if (value >= MIN_INT && value <= MAX_INT) return value
    }
  }
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** A number as the reference writes it. */
export const numberText = (value: bigint | number): string => (Object.is(value, -0) ? '-0' : String(value))

/** Whether `spelling` is a JSON number of this very value. */
function spells(spelling: string, value: bigint | number): boolean {
  const match = NUMBER.exec(spelling)
  if (match === null) return false
  if (typeof value === 'number') return Object.is(Number(spelling), value)
  return match[1] === undefined && match[2] === undefined && BigInt(spelling) === value
}

/** Turns text into a JSON string, quotes included. */
export type Quote = (text: string) => string

/** Only what JSON asks for is escaped. */
export const quoteMinimal: Quote = (text) => JSON.stringify(text)

const MARKUP = /[<>&\u2028\u2029]/g
const escapeMarkup = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

/** As the reference: `<`, `>`, `&` and the two Unicode line ends are escaped, too. */
export const quoteMarkup: Quote = (text) => quoteMinimal(text).replace(MARKUP, escapeMarkup)

/** Long texts are checked against what no way of quoting escapes, as one negated class: that is the fast kind. */
const ESCAPED = /[^ !#-%'-;=?-[\]-~]/
const LONG = 1 << 12

/**
 * A leaf's text in pieces, so that long values are not copied.
 * @throws SopsError `cannot-emit` for numbers JSON does not have.
 */
export function leafPieces(leaf: Leaf, quote: Quote, keepSpelling: boolean): readonly string[] {
  const { value, spelling } = leaf
  switch (typeof value) {
    case 'string':
      if (value.length >= LONG && !ESCAPED.test(value)) return ['"', value, '"']
      return [quote(value)]
    case 'boolean':
      return [value ? 'true' : 'false']
    case 'bigint':
    case 'number':
      if (typeof value === 'number' && !Number.isFinite(value)) {
        const name = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
        throw new SopsError('cannot-emit', `JSON has no ${name}`, {
          hints: ['write it as a text, in quotes'],
        })
      }
      return [keepSpelling && spelling !== undefined && spells(spelling, value) ? spelling : numberText(value)]
    default:
      if (value === null) return ['null']
      if (isTimestamp(value)) return [quote(value.rfc3339)]
      return leafPieces({ kind: 'leaf', value: textOfBytes(value) }, quote, false)
  }
}
