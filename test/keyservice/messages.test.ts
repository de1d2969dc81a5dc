import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import type { KeyTypeId, MasterKey } from '../../src/keys/types.ts'
import { readDataKey, readRequest, readWrapped, writeAnswer, writeRequest } from '../../src/keyservice/messages.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const keyOf = (type: KeyTypeId, fields: MasterKey['fields']): MasterKey => ({ type, fields, enc: '' })

/** Bytes worked out by hand from the field numbers of spec/keys.md 10.1, every request with the data `41`. */
const golden: readonly (readonly [MasterKey, string])[] = [
  [
    keyOf('kms', { arn: 'a', role: 'r', context: { k: 'v' }, aws_profile: 'p' }),
    '0a13 0a11 0a0161 120172 1a06 0a016b 120176 220170 120141',
  ],
  [keyOf('kms', { arn: 'a', role: '', context: {}, aws_profile: '' }), '0a05 0a03 0a0161 120141'],
  [keyOf('pgp', { fp: 'F' }), '0a05 1203 0a0146 120141'],
  [keyOf('gcp_kms', { resource_id: 'x' }), '0a05 1a03 0a0178 120141'],
  [keyOf('azure_kv', { vault_url: 'u', name: 'n', version: 'v' }), '0a0b 2209 0a0175 12016e 1a0176 120141'],
  [keyOf('hc_vault', { vault_address: 'u', engine_path: 'e', key_name: 'n' }), '0a0b 2a09 0a0175 120165 1a016e 120141'],
  [keyOf('age', { recipient: 'r' }), '0a05 3203 0a0172 120141'],
  [keyOf('hckms', { key_id: 'i' }), '0a05 3a03 0a0169 120141'],
]

describe('requests', () => {
  test.each(golden)('%j has the bytes of the protocol', (key, bytes) => {
    expect(writeRequest(key, Buffer.from('A')).toString('hex')).toBe(bytes.replaceAll(' ', ''))
    expect(readRequest(hex(bytes))).toEqual({ key, data: Buffer.from('A') })
  })

  test('long fields have long lengths', () => {
    const recipient = 'r'.repeat(300)
    const bytes = writeRequest(keyOf('age', { recipient }), new Uint8Array(0))
    expect(bytes.subarray(0, 9).toString('hex')).toBe('0ab202' + '32af02' + '0aac02')
    expect(readRequest(bytes).key).toEqual(keyOf('age', { recipient }))
  })

  test('every key comes back as it was sent', () => {
    const text = fc.string({ unit: 'grapheme' })
    const keys = fc.oneof(
      fc
        .record({ arn: text, role: text, aws_profile: text, context: fc.dictionary(text, text) })
        .map((fields) => keyOf('kms', fields)),
      text.map((recipient) => keyOf('age', { recipient })),
      fc.record({ vault_url: text, name: text, version: text }).map((fields) => keyOf('azure_kv', fields)),
    )
    fc.assert(
      fc.property(keys, fc.uint8Array(), (key, data) => {
        const read = readRequest(writeRequest(key, data))
        expect(JSON.parse(JSON.stringify(read.key))).toEqual(JSON.parse(JSON.stringify(key)))
        expect(Buffer.from(read.data).equals(data)).toBe(true)
      }),
    )
  })

  test.each([
    ['nothing', '', undefined],
    ['data only', '120141', undefined],
    ['an empty key', '0a00 120141', undefined],
    ['a kind of key nobody knows', '0a05 4203 0a0161', 'unknown'],
  ])('%s', (_, bytes, key) => {
    expect(readRequest(hex(bytes)).key).toBe(key)
  })

  test('fields of later versions are read over, the last of several counts, parts of a key add up', () => {
    // A number, 8 bytes, 4 bytes, and a text under numbers that mean nothing.
    const unknown = '7805 79 0000000000000000 7d 00000000 7a0161'
    const inner = `${unknown} 0a0161 0a0162`
    const key = `32 ${(inner.replaceAll(' ', '').length / 2).toString(16).padStart(2, '0')} ${inner}`
    const length = (key.replaceAll(' ', '').length / 2).toString(16).padStart(2, '0')
    expect(readRequest(hex(`${unknown} 0a ${length} ${key} 120141 120142`))).toEqual({
      key: keyOf('age', { recipient: 'b' }),
      data: Buffer.from('B'),
    })
  })

  test.each([
    ['a length beyond the end', '0aff 01'],
    ['a length beyond everything', '0a ffffffffffffffffff01 00'],
    ['a number without an end', 'ffffffffffffffffffffff'],
    ['a cut tag', '8a'],
    ['field number 0', '0200'],
    ['groups', '0b 0c'],
    ['a kind of value that does not exist', '0e'],
    ['text that is not UTF-8', '0a05 3203 0a01ff'],
    ['a broken key', '0a02 32ff'],
  ])('%s is refused', (_, bytes) => {
    expect(() => readRequest(hex(bytes))).toThrow(new SopsError('generic', 'malformed message'))
  })

  test('any bytes at all are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        for (const read of [readRequest, readDataKey, readWrapped]) {
          try {
            read(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(SopsError)
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('answers', () => {
  test.each([32, 33])('a data key of %i bytes', (size) => {
    const data = Buffer.alloc(size, 7)
    expect(Buffer.from(readDataKey(writeAnswer(data))).equals(data)).toBe(true)
  })

  test.each([0, 1, 16, 31, 34, 64])('a data key of %i bytes is refused', (size) => {
    expect(() => readDataKey(writeAnswer(Buffer.alloc(size)))).toThrow(
      `bad answer of the key service: a data key of ${size} bytes`,
    )
  })

  test('the data key does not change when the answer is wiped', () => {
    const answer = writeAnswer(Buffer.alloc(32, 7))
    const data = readDataKey(answer)
    answer.fill(0)
    expect(Buffer.from(data).equals(Buffer.alloc(32, 7))).toBe(true)
  })

  test.each([
    'vault:v1:abc+/=',
    '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n',
    'a\r\nb',
  ])('the wrapped key %j', (text) => {
    expect(readWrapped(writeAnswer(Buffer.from(text)))).toBe(text)
  })

  test.each([
    ['', 'is empty'],
    ['a\0', 'is not plain text'],
    ['\x1b[2J', 'is not plain text'],
    ['é', 'is not plain text'],
    ['\u202e', 'is not plain text'],
  ])('the wrapped key %j is refused', (text, why) => {
    expect(() => readWrapped(writeAnswer(Buffer.from(text)))).toThrow(why)
  })

  test('bytes that are no text are refused', () => {
    expect(() => readWrapped(hex('0a02 c328'))).toThrow('malformed message')
  })
})
