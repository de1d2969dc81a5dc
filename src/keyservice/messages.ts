// The messages of the key service (spec/keys.md 10.1).
import { SopsError } from '../errors.ts'
import type { MasterKey, Operation, StringMap } from '../keys/index.ts'
import { keyTypes } from '../keys/index.ts'
import { field, fieldParts, lastField, readFields, textField, textOf, type WireField } from '../net/index.ts'

export const methodPaths: Readonly<Record<Operation, string>> = {
  encrypt: '/KeyService/Encrypt',
  decrypt: '/KeyService/Decrypt',
}

/** Bytes of the largest message that we accept; real ones have a few thousand at most. */
export const maximumMessageSize: number = 1024 * 1024

/** A request: `data` is the data key (or a share of it) to encrypt, or the text of `enc` to decrypt. */
interface Request {
  /** Without the wrapped key; 'unknown' for a type of key that this program does not know. */
  readonly key: MasterKey | 'unknown' | undefined
  readonly data: Uint8Array
}

const writeMap = (number: number, map: StringMap): Buffer =>
  Buffer.concat(
    Object.entries(map).map(([name, value]) => field(number, Buffer.concat([textField(1, name), textField(2, value)]))),
  )

function writeKey(key: MasterKey): Buffer {
  const { wireNumber, fields } = keyTypes[key.type]
  const parts = fields.map(({ name }, at) => {
    const value = key.fields[name] ?? ''
    return typeof value === 'string' ? textField(at + 1, value) : writeMap(at + 1, value)
  })
  return field(wireNumber, Buffer.concat(parts))
}

/** The caller wipes the result when `data` is secret. */
export const writeRequest = (key: MasterKey, data: Uint8Array): Buffer =>
  Buffer.concat([field(1, writeKey(key)), ...fieldParts(2, data)])

/** The caller wipes the result when `data` is secret. */
export const writeAnswer = (data: Uint8Array): Buffer => field(1, data)

function readMap(entries: readonly WireField[]): StringMap {
  const map: Record<string, string> = Object.create(null)
  for (const { bytes } of entries) {
    const entry = readFields(bytes)
    map[textOf(lastField(entry, 1))] = textOf(lastField(entry, 2))
  }
  return map
}

/** Other readers might pick another of the keys, so we pick none. */
const several = (): SopsError => new SopsError('generic', 'the request names several keys')

function readKey(bytes: Uint8Array): Request['key'] {
  const [choice, ...others] = readFields(bytes)
  if (choice === undefined) return undefined
  if (others.length > 0) throw several()
  const type = Object.values(keyTypes).find(({ wireNumber }) => wireNumber === choice.number)
  if (type === undefined) return 'unknown'
  const content = readFields(choice.bytes)
  const values = type.fields.map(({ name, map }, at) => {
    const number = at + 1
    const value = map ? readMap(content.filter((one) => one.number === number)) : textOf(lastField(content, number))
    return [name, value] as const
  })
  return { type: type.id, fields: Object.fromEntries(values), enc: '' }
}

/**
 * `data` is a view of `bytes`.
 * @throws SopsError `generic` for bytes that are not a request.
 */
export function readRequest(bytes: Uint8Array): Request {
  const fields = readFields(bytes)
  const [key, ...others] = fields.filter(({ number }) => number === 1)
  if (others.length > 0) throw several()
  return { key: key && readKey(key.bytes), data: lastField(fields, 2) }
}

/** A view of `bytes`. */
const readAnswer = (bytes: Uint8Array): Uint8Array => lastField(readFields(bytes), 1)

const bad = (what: string): SopsError => new SopsError('generic', `bad answer of the key service: ${what}`)

/** Bytes of a data key, and of a Shamir share of one (spec/keys.md 1). */
const dataKeySizes: readonly number[] = [32, 33]

/**
 * The data key or share in an answer, copied; the caller wipes it.
 * @throws SopsError `generic`
 */
export function readDataKey(bytes: Uint8Array): Uint8Array {
  const data = readAnswer(bytes)
  if (!dataKeySizes.includes(data.length)) throw bad(`a data key of ${data.length} bytes`)
  return Uint8Array.from(data)
}

/**
 * The wrapped key in an answer: the text for `enc`.
 * @throws SopsError `generic`
 */
export function readWrapped(bytes: Uint8Array): string {
  const text = textOf(readAnswer(bytes))
  if (text === '') throw bad('the wrapped data key is empty')
  // The wrapped key of every type is armor, base64 or the like; a file must not get anything else.
  if (!/^[\x20-\x7e\r\n]*$/.test(text)) throw bad('the wrapped data key is not plain text')
  return text
}
