import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLeafCipher, decryptLeaf } from '../../src/cipher/leaf.ts'
import { addToMac, finishMac, sameMac, startMac } from '../../src/cipher/mac.ts'

interface MacVector {
  about: string
  key_hex: string
  lastmodified: string
  only_encrypted: boolean
  values_base64: string[]
  mac_plain: string
  mac_encrypted: string
}

const vectors: MacVector[] = JSON.parse(
  readFileSync(new URL('../../fixtures/vectors/mac.json', import.meta.url), 'utf8'),
)

describe('files of the reference', () => {
  test.each(vectors)('$about', (vector) => {
    const mac = startMac(vector.only_encrypted)
    for (const value of vector.values_base64) addToMac(mac, Buffer.from(value, 'base64'))
    expect(finishMac(mac)).toBe(vector.mac_plain)
    const cipher = createLeafCipher(Buffer.from(vector.key_hex, 'hex'))
    const stored = decryptLeaf(cipher, vector.mac_encrypted, vector.lastmodified)
    expect([stored.type, Buffer.from(stored.bytes).toString()]).toEqual(['str', vector.mac_plain])
  })
})

test.each([
  [
    false,
    'text71.5TrueFalse2024-01-02T03:04:05.12+02:00x2vplain1000000000000000000000second',
    '74656B92265CFD6719346118A774FBA8FC35F5C81398A836ED70C70D728A79504DB7129D4DE0C974DA90C854A24934BE9972C508552AAEE59CE72F6B20EB7725',
  ],
  [
    true,
    'text71.5TrueFalse2024-01-02T03:04:05.12+02:00x2v1000000000000000000000second',
    'B8340A10BBC38B49062C8BF00EF5F76CB963CD7AD6F21A3340014D9EA6FB24D6319B550C0C853A75B6E7A9F0119DFA0D7F778FEE204A2735B6AF099DA68D7610',
  ],
])('seeded: %s', (onlyEncrypted, text, expected) => {
  const mac = startMac(onlyEncrypted)
  for (const char of text) addToMac(mac, char)
  expect(finishMac(mac)).toBe(expected)
})

test('batching does not change the hash', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.uint8Array(),
    fc.integer({ min: 1, max: 70_000 }).map((n) => 'é'.repeat(n)),
  )
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const mac = startMac(false)
      for (const p of pieces)
        expect(Buffer.from(addToMac(mac, p) as string).equals(Buffer.from(p as string))).toBe(true)
      const all = Buffer.concat(pieces.map((p) => Buffer.from(p as string)))
      expect(finishMac(mac)).toBe(createHash('sha512').update(all).digest('hex').toUpperCase())
    }),
    { numRuns: 40 },
  )
})

test.each([
  ['AB', 'AB', true],
  ['AB', 'AC', false],
  ['AB', 'A', false],
  ['', '', true],
])('sameMac %s %s', (a, b, same) => expect(sameMac(a, b)).toBe(same))
