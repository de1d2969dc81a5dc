// Changed Shamir shares: the data key is refused or the very same, and a wrong one opens nothing.
import { describe, expect, test } from 'vitest'
import { combine, split } from '../../src/groups/shamir.ts'
import { decrypt, encrypt, type KeyGroup, SopsError } from '../../src/index.ts'
import { isLong, numbersFrom, seed } from '../fuzz/budget.ts'
import { common, dataKey, orReported, recipientOne } from '../fuzz/sealed.ts'

const below = numbersFrom(seed)
const otherByte = (byte: number): number => byte ^ (1 + below(255))

describe('Shamir shares', async () => {
  const shares = await split(dataKey, 3, 2)

  test('one changed byte of a share never gives the data key', async () => {
    const values = (byte: number): number[] =>
      isLong ? Array.from({ length: 255 }, (_, i) => byte ^ (i + 1)) : [otherByte(byte)]
    const changes = [...shares[0]!].flatMap((byte, at) => values(byte).map((value) => shares[0]!.with(at, value)))
    for (const changed of changes) {
      for (const others of [[shares[1]!], [shares[1]!, shares[2]!]]) {
        try {
          expect(Buffer.from(await combine([changed, ...others])).equals(dataKey)).toBe(false)
        } catch (error) {
          expect(error).toBeInstanceOf(SopsError)
        }
      }
    }
  })

  test('a share alone, twice, or of another secret gives nothing', async () => {
    await expect(combine([shares[0]!])).rejects.toThrow(SopsError)
    await expect(combine([shares[0]!, shares[0]!])).rejects.toThrow(SopsError)
    const foreign = await split(new Uint8Array(32).fill(9), 3, 2)
    expect(Buffer.from(await combine([shares[0]!, foreign[1]!])).equals(dataKey)).toBe(false)
  })

  test('every piece of a share deleted, doubled, moved', async () => {
    const [one, two] = [Buffer.from(shares[0]!), shares[1]!]
    for (let at = 0; at <= one.length; at++) {
      for (const changed of [
        one.subarray(0, at),
        Buffer.concat([one.subarray(0, at), one.subarray(at + 1)]),
        Buffer.concat([one.subarray(0, at), one.subarray(Math.max(0, at - 1))]),
        Buffer.concat([one.subarray(at), one.subarray(0, at)]),
      ]) {
        if (changed.equals(one)) continue
        try {
          expect(Buffer.from(await combine([changed, two])).equals(dataKey)).toBe(false)
        } catch (error) {
          expect(error).toBeInstanceOf(SopsError)
        }
      }
    }
  })

  test('a file whose shares were changed does not open', async () => {
    const group = (): KeyGroup => ({ keys: [{ type: 'age', fields: { recipient: recipientOne }, enc: '' }] })
    const sealed = await encrypt('{"a": "text"}', {
      format: 'json',
      keyGroups: [group(), group()],
      shamirThreshold: 2,
      ...common,
    })
    const text = Buffer.from(sealed).toString()
    const encs = [...text.matchAll(/"enc": "([^"]*)"/g)]
    expect(encs.length).toBe(2)
    for (const [, enc] of encs) {
      for (let at = 0; at < enc!.length; at += isLong ? 1 : 3) {
        const letter = enc![at] === 'A' ? 'B' : 'A'
        const changed = text.replace(enc!, enc!.slice(0, at) + letter + enc!.slice(at + 1))
        expect(await orReported(() => decrypt(changed, { format: 'json', ...common }))).toBeInstanceOf(SopsError)
      }
    }
    for (const changed of [
      text.replace(encs[0]![1]!, encs[1]![1]!),
      text.replace('"shamir_threshold": 2', '"shamir_threshold": 3'),
    ])
      expect(await orReported(() => decrypt(changed, { format: 'json', ...common }))).toBeInstanceOf(SopsError)
  })
})
