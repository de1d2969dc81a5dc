import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { combine, split } from '../../src/groups/shamir.ts'

interface ShamirVector {
  threshold: number
  shares_hex: string[]
  secret_hex: string
}

const vectors: ShamirVector[] = JSON.parse(
  readFileSync(new URL('../../fixtures/vectors/shamir.json', import.meta.url), 'utf8'),
)
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

function choices<T>(items: readonly T[], size: number): T[][] {
  if (size === 0) return [[]]
  return items.flatMap((item, at) => choices(items.slice(at + 1), size - 1).map((rest) => [item, ...rest]))
}

describe('shares of the reference', () => {
  test.each(vectors)('threshold $threshold', async (vector) => {
    const shares = vector.shares_hex.map(hex)
    for (let size = vector.threshold; size <= shares.length; size++) {
      for (const some of choices(shares, size)) expect(await combine(some)).toEqual(hex(vector.secret_hex))
    }
  })

  test('two of three', async () => {
    const shares = [
      '4897b18bad500794983500fbd6ff6e4e4f02a31093e67b4c06539cc38e20dfad01',
      '90367f084daf043a33711ef0a3f2ce8dae376b1501e8cca1248d0db02367876002',
      'd8a0cc80e4fa05a9a34d14007900aeccf124da16861ba1fa3ac78b68b15a46d203',
    ].map(hex)
    const secret = Uint8Array.from({ length: 32 }, (_, i) => i)
    for (const some of choices(shares, 2)) expect(await combine(some.reverse())).toEqual(secret)
  })
})

test('any threshold of shares gives the secret back, in any order', async () => {
  const input = fc
    .tuple(fc.integer({ min: 2, max: 6 }), fc.uint8Array({ minLength: 1, maxLength: 40 }))
    .chain(([threshold, secret]) =>
      fc.tuple(fc.constant(threshold), fc.constant(secret), fc.integer({ min: threshold, max: 8 })),
    )
    .chain(([threshold, secret, parts]) =>
      fc.tuple(
        fc.constant({ threshold, secret, parts }),
        fc.shuffledSubarray([...Array(parts).keys()], { minLength: threshold }),
      ),
    )
  await fc.assert(
    fc.asyncProperty(input, async ([{ threshold, secret, parts }, chosen]) => {
      const shares = await split(secret, parts, threshold)
      expect(shares.map((share) => share[secret.length])).toEqual([...Array(parts).keys()].map((i) => i + 1))
      expect(await combine(chosen.map((at) => shares[at]!))).toEqual(secret)
    }),
  )
})

test('fewer shares give something else', async () => {
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i)
  expect(await combine((await split(secret, 5, 3)).slice(0, 2))).not.toEqual(secret)
})

test('255 parts', async () => {
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i)
  expect(await combine(await split(secret, 255, 255))).toEqual(secret)
})

test.each([
  [1, 1, 2, 'parts cannot be less than threshold'],
  [1, 256, 2, 'parts cannot exceed 255'],
  [1, 3, 1, 'threshold must be at least 2'],
  [1, 2, 0, 'threshold must be at least 2'],
  [1, 300, 256, 'parts cannot exceed 255'],
  [0, 2, 2, 'cannot split an empty secret'],
])('%i bytes, %i parts, threshold %i', async (size, parts, threshold, message) => {
  await expect(split(new Uint8Array(size), parts, threshold)).rejects.toThrow(message)
})

test.each([
  [['0102'], 'less than two parts cannot be used to reconstruct the secret'],
  [['01', '02'], 'parts must be at least two bytes'],
  [['0101', '010202'], 'all parts must be the same length'],
  [['0101', '0201'], 'duplicate part detected'],
])('%j', async (shares, message) => {
  await expect(combine(shares.map(hex))).rejects.toThrow(message)
})
