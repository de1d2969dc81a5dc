// Protocol buffers on the wire, as far as key services need them: numbered fields, each a sequence of bytes.
import { SopsError } from '../errors.ts'

/** A field with its content; fields that hold numbers are skipped, since none of our messages has any. */
export interface WireField {
  readonly number: number
  readonly bytes: Uint8Array
}

const lengthDelimited = 2
/** Bytes of the fixed-size wire types. */
const fixedSizes: Readonly<Record<number, number>> = { 1: 8, 5: 4 }
const maximumFieldNumber = 2 ** 29 - 1
/** The most fields accepted in one message. Ours have a handful, plus one per entry of an encryption context. */
const maximumFields = 10_000

const malformed = (): SopsError => new SopsError('generic', 'malformed message')

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws SopsError `generic` for bytes that are not UTF-8. */
export function textOf(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw malformed()
  }
}

function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 0x80)
  }
}

/** A field in two parts: what goes before the content, and the content itself, not copied. */
export const fieldParts = (number: number, content: Uint8Array): Uint8Array[] => [
  Buffer.from([...varint(number * 8 + lengthDelimited), ...varint(content.length)]),
  content,
]

/** A field, present even when empty. */
export const field = (number: number, content: Uint8Array): Buffer => Buffer.concat(fieldParts(number, content))

/** As `fieldParts`, left out when empty, as in proto3. */
export const presentParts = (number: number, content: Uint8Array): Uint8Array[] =>
  content.length === 0 ? [] : fieldParts(number, content)

/** A string field, left out when empty. */
export const textField = (number: number, text: string): Buffer =>
  Buffer.concat(presentParts(number, Buffer.from(text)))

/**
 * The fields of a message in order. The contents are views of `message`.
 * @throws SopsError `generic` for bytes that are not a message.
 */
export function readFields(message: Uint8Array): WireField[] {
  const fields: WireField[] = []
  let at = 0
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw malformed()
    at += length
    return message.subarray(at - length, at)
  }
  /** Exact up to 2^53; larger values only occur where they are skipped or too large anyway. */
  const takeVarint = (): number => {
    let value = 0
    for (let i = 0; i < 10; i++) {
      const byte = take(1)[0]!
      value += (byte & 0x7f) * 128 ** i
      if (byte < 0x80) return value
    }
    throw malformed()
  }
  while (at < message.length) {
    const tag = takeVarint()
    const [number, type] = [Math.floor(tag / 8), tag % 8]
    if (number < 1 || number > maximumFieldNumber) throw malformed()
    if (fields.length === maximumFields) throw malformed()
    if (type === lengthDelimited) fields.push({ number, bytes: take(takeVarint()) })
    else if (type === 0) takeVarint()
    else if (fixedSizes[type] !== undefined) take(fixedSizes[type])
    else throw malformed()
  }
  return fields
}

/** The content of the last field with that number, which is the one that counts; empty when there is none. */
export const lastField = (fields: readonly WireField[], number: number): Uint8Array =>
  fields.findLast((one) => one.number === number)?.bytes ?? new Uint8Array(0)
