import { ml_kem768 as reference } from '@noble/post-quantum/ml-kem.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ciphertextLength, mlKem768 } from '../../../src/keys/age/ml-kem/ml-kem.ts'

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const seeds = bytes(64)
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')

describe('ML-KEM-768 agrees with an independent implementation', () => {
  test('on the public key of a seed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(hex(mlKem768(seed).publicKey)).toBe(hex(reference.keygen(seed).publicKey))
      }),
      { numRuns: 25 },
    )
  })

  test('on the secret in a ciphertext', () => {
    fc.assert(
      fc.property(seeds, bytes(32), (seed, message) => {
        const key = mlKem768(seed)
        const { cipherText, sharedSecret } = reference.encapsulate(key.publicKey, message)
        expect(hex(key.decapsulate(cipherText))).toBe(hex(sharedSecret))
      }),
      { numRuns: 25 },
    )
  })

  test('on what a changed ciphertext gives: something else, that nobody can foresee', () => {
    fc.assert(
      fc.property(seeds, fc.nat(ciphertextLength * 8 - 1), (seed, bit) => {
        const key = mlKem768(seed)
        const { secretKey } = reference.keygen(seed)
        const { cipherText, sharedSecret } = reference.encapsulate(key.publicKey)
        cipherText[bit >> 3]! ^= 1 << (bit & 7)
        const result = hex(key.decapsulate(cipherText))
        expect(result).toBe(hex(reference.decapsulate(cipherText, secretKey)))
        expect(result).not.toBe(hex(sharedSecret))
      }),
      { numRuns: 40 },
    )
  })

  test('on bytes that are no ciphertext of any key', () => {
    fc.assert(
      fc.property(seeds, bytes(ciphertextLength), (seed, ciphertext) => {
        const { secretKey } = reference.keygen(seed)
        expect(hex(mlKem768(seed).decapsulate(ciphertext))).toBe(hex(reference.decapsulate(ciphertext, secretKey)))
      }),
      { numRuns: 25 },
    )
  })
})

test.each([0, 1087, 1089])('a ciphertext of %i bytes is refused', (length) => {
  expect(() => mlKem768(new Uint8Array(64)).decapsulate(new Uint8Array(length))).toThrow(
    'malformed ML-KEM-768 ciphertext',
  )
})
