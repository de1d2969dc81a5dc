import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lastField, presentParts, readFields, textField } from '../../src/net/protobuf.ts'

const { EncryptRequest, EncryptResponse, DecryptResponse } = createRequire(import.meta.url)(
  '@google-cloud/kms/build/protos/protos.js',
).google.cloud.kms.v1

const decoded = (message: Uint8Array, number: number): Uint8Array => lastField(readFields(message), number)

test('requests of Cloud KMS are what Google’s own classes write', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 400 }), (name, plaintext) => {
      const own = Buffer.concat([textField(1, name), ...presentParts(2, plaintext)])
      const { name: readName, plaintext: readPlain } = EncryptRequest.decode(own)
      expect(readName).toBe(name)
      expect(Buffer.from(readPlain)).toEqual(Buffer.from(plaintext))
    }),
  )
})

test('the wanted field is found among all that a server may add', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.integer({ min: 0 }), (bytes, crc) => {
      const answer = EncryptResponse.encode({
        name: 'projects/p',
        ciphertext: bytes,
        ciphertextCrc32c: { value: crc },
        verifiedPlaintextCrc32c: true,
        protectionLevel: 2,
      }).finish()
      expect([...decoded(answer, 2)]).toEqual([...bytes])
      const plain = DecryptResponse.encode({ plaintext: bytes, usedPrimary: true, protectionLevel: 1 }).finish()
      expect([...decoded(plain, 1)]).toEqual([...bytes])
    }),
  )
})

test('bytes that are no message are refused or read, never looped over', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        expect(decoded(bytes, 1).length).toBeLessThanOrEqual(bytes.length)
      } catch (error) {
        expect(String(error)).toBe('SopsError: malformed message')
      }
    }),
  )
  for (const bytes of [[0x0a, 5, 1], [0x0b], [0xff], Array(12).fill(0xff), [0x09, 1]]) {
    expect(() => decoded(Uint8Array.from(bytes), 1)).toThrow('malformed message')
  }
  expect(decoded(new Uint8Array(0), 1)).toHaveLength(0)
})
