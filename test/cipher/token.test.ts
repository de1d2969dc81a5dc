import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isEncrypted, isToken, splitToken } from '../../src/cipher/token.ts'

/** Texts that are tokens, nearly tokens, and tokens with something around them. */
const piece = fc.constantFrom('ENC[AES256_GCM,data:', ',iv:', ',tag:', ',type:', 'str', ']', '\n', 'AA==', 'x', '')
const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''))
const token = fc
  .array(fc.constantFrom('AA==', 'x', ']', ',iv:', ''), { minLength: 5, maxLength: 5 })
  .map(([data, iv, tag, type, rest]) => `ENC[AES256_GCM,data:${data},iv:${iv},tag:${tag},type:${type}]${rest}`)

/** The reference's pattern (spec/format.md 2.1). */
const pattern = /^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]/

describe('the text of an encrypted value', () => {
  it('is split as the greedy pattern of the reference splits it', () => {
    fc.assert(
      fc.property(fc.oneof(text, token), (some) => {
        const [, data, iv, tag, type] = pattern.exec(some) ?? []
        expect(splitToken(some)).toEqual(data === undefined ? undefined : { data, iv, tag, type })
      }),
      { numRuns: 2000 },
    )
  })

  it('is told from other text exactly where it can be split', () => {
    fc.assert(
      fc.property(fc.oneof(text, token), (some) => {
        expect(isEncrypted(some)).toBe(splitToken(some) !== undefined)
        if (isToken(some)) expect(isEncrypted(some) && some.endsWith(']')).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})
