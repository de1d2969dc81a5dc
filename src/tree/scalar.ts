// Leaf values as plaintext bytes with a type tag, and back (spec/format.md 2.3).
import { isUtf8 } from 'node:buffer'
import { SopsError } from '../errors.ts'
import { parseBool } from '../text/bool.ts'
import { formatFloatF, parseGoFloat } from './floats.ts'
import { isWritable, parseRfc3339 } from './time.ts'
import type { Value } from './tree.ts'

/** The type tags of encrypted values (spec/format.md 2). */
export type ScalarType = 'str' | 'int' | 'float' | 'bool' | 'time' | 'comment'

type Present = Exclude<Value, null>

const minInt = -(2n ** 63n)
const maxInt = 2n ** 63n - 1n

/** The type tag of a value. Comments are nodes of their own and never get here. */
export function typeOf(value: Present): ScalarType {
  switch (typeof value) {
    case 'string':
      return 'str'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float'
    case 'boolean':
      return 'bool'
    default:
      return value instanceof Uint8Array ? 'str' : 'time'
  }
}

/**
 * The plaintext text of a value; a string is itself. Bytes have no text: use `toBytes`.
 * @throws SopsError `generic` for what the file format cannot hold: lone surrogates, integers beyond 64 bits, time offsets of 24 hours.
 */
export function canonical(value: Exclude<Present, Uint8Array>): string {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new SopsError('generic', 'a lone surrogate is no text')
      return value
    case 'bigint':
      if (value < minInt || value > maxInt)
        throw new SopsError('generic', 'integer does not fit into 64 bits', { hints: ['quote it to store it as text'] })
      return value.toString()
    case 'number':
      return formatFloatF(value)
    case 'boolean':
      return value ? 'True' : 'False'
    default:
      if (!isWritable(value)) throw new SopsError('generic', 'time zone offset is 24 hours or more')
      return value.rfc3339
  }
}

/** The bytes that are encrypted and hashed. @throws SopsError as `canonical`. */
export const toBytes = (value: Present): Uint8Array =>
  value instanceof Uint8Array ? value : Buffer.from(canonical(value), 'utf8')

/** The same memory without Buffer's additions. */
export const plainBytes = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Text where the bytes are UTF-8, else the bytes themselves. */
export function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString('utf8')
  return text.includes('\ufffd') && !isUtf8(buffer) ? plainBytes(bytes) : text
}

function readInt(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const digits = text.replace(/^[+-]?0*/, '')
  if (digits.length > 19) return undefined
  const value = text[0] === '-' ? -BigInt(digits) : BigInt(digits)
  return value < minInt || value > maxInt ? undefined : value
}

/** The value that a text spells, or undefined; the text of a string or comment is itself. */
export function readSpelling(type: ScalarType, text: string): Value | undefined {
  switch (type) {
    case 'int':
      return readInt(text)
    case 'float':
      return parseGoFloat(text)
    case 'bool':
      return parseBool(text)
    case 'time':
      return parseRfc3339(text)
    default:
      return text
  }
}

/**
 * The value that plaintext bytes of a type stand for; comments give their text. A time may still be one that `canonical` refuses.
 * @throws SopsError `generic`; the message never contains the plaintext.
 */
export function readScalar(type: ScalarType, bytes: Uint8Array): Value {
  if (type === 'str' || type === 'comment') return textOrBytes(bytes)
  const value = readSpelling(type, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'))
  if (value === undefined) throw new SopsError('generic', `plaintext is not a valid ${type}`)
  return value
}
