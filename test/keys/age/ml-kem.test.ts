import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ml_kem768 as sender } from '@noble/post-quantum/ml-kem.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ciphertextLength, type MlKemKey, mlKem768, nativeKey, packageKey } from '../../../src/keys/age/ml-kem.ts'

interface Vector {
  readonly seed: string
  readonly public_key_sha256: string
  readonly ciphertext: string
  readonly secret: string
  readonly secret_with_bit_4002_flipped: string
}

const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('../../../fixtures/vectors/ml-kem-768.json', import.meta.url), 'utf8'),
)

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const seeds = bytes(64)
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')
const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

/** Both ways to a key; older versions of Node have none of their own. */
const ways: [name: string, keyOf: (seed: Uint8Array) => Promise<MlKemKey>][] = [['the package', packageKey]]
const native = nativeKey(new Uint8Array(64))
if (native === undefined) console.info(`Node ${process.version} has no ML-KEM: only the package is tested`)
else ways.push(['Node', async (seed) => nativeKey(seed)!])

describe.each(ways)('ML-KEM-768 by %s', (_, keyOf) => {
  test.each(vectors)('gives what OpenSSL gives, seed $seed', async (vector) => {
    const key = await keyOf(fromHex(vector.seed))
    expect(createHash('sha256').update(key.publicKey).digest('hex')).toBe(vector.public_key_sha256)
    const ciphertext = fromHex(vector.ciphertext)
    expect(hex(key.decapsulate(ciphertext))).toBe(vector.secret)
    ciphertext[500]! ^= 4
    expect(hex(key.decapsulate(ciphertext))).toBe(vector.secret_with_bit_4002_flipped)
  })

  test('finds the secret in a ciphertext', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, bytes(32), async (seed, message) => {
        const key = await keyOf(seed)
        const { cipherText, sharedSecret } = sender.encapsulate(key.publicKey, message)
        expect(hex(key.decapsulate(cipherText))).toBe(hex(sharedSecret))
      }),
      { numRuns: 25 },
    )
  })

  test('makes of a changed ciphertext something else, that nobody can foresee', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.nat(ciphertextLength * 8 - 1), async (seed, bit) => {
        const key = await keyOf(seed)
        const { secretKey } = sender.keygen(seed)
        const { cipherText, sharedSecret } = sender.encapsulate(key.publicKey)
        cipherText[bit >> 3]! ^= 1 << (bit & 7)
        const result = hex(key.decapsulate(cipherText))
        expect(result).toBe(hex(sender.decapsulate(cipherText, secretKey)))
        expect(result).not.toBe(hex(sharedSecret))
      }),
      { numRuns: 40 },
    )
  })

  test('makes something of bytes that are no ciphertext of any key', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, bytes(ciphertextLength), async (seed, ciphertext) => {
        const { secretKey } = sender.keygen(seed)
        expect(hex((await keyOf(seed)).decapsulate(ciphertext))).toBe(hex(sender.decapsulate(ciphertext, secretKey)))
      }),
      { numRuns: 25 },
    )
  })

  test.each([0, 1087, 1089])('refuses a ciphertext of %i bytes', async (length) => {
    const key = await keyOf(new Uint8Array(64))
    expect(() => key.decapsulate(new Uint8Array(length))).toThrow('malformed ML-KEM-768 ciphertext')
  })
})

test('there is always a key', async () => {
  expect(hex((await mlKem768(fromHex(vectors[0]!.seed))).decapsulate(fromHex(vectors[0]!.ciphertext)))).toBe(
    vectors[0]!.secret,
  )
})
