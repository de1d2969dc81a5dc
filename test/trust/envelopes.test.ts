// Changed Shamir shares and age envelopes: the data key is refused or the very same, and a wrong one opens nothing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { combine, split } from '../../src/core/shamir.ts'
import { decrypt, encrypt, type KeyGroup, keyTypes, SopsError } from '../../src/index.ts'
import { isLong, numbersFrom, seed, timeout } from '../fuzz/budget.ts'
import { common, dataKey, orReported, recipientOne } from '../fuzz/sealed.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { fakeContext } from '../support/context.ts'

const below = numbersFrom(seed)
const otherByte = (byte: number): number => byte ^ (1 + below(255))

describe('Shamir shares', () => {
  const shares = split(dataKey, 3, 2)

  test('one changed byte of a share never gives the data key', () => {
    for (let at = 0; at < shares[0]!.length; at++) {
      const changed = Uint8Array.from(shares[0]!)
      changed[at] = otherByte(changed[at]!)
      for (const others of [[shares[1]!], [shares[1]!, shares[2]!]]) {
        try {
          expect(Buffer.from(combine([changed, ...others])).equals(dataKey)).toBe(false)
        } catch (error) {
          expect(error).toBeInstanceOf(SopsError)
        }
      }
    }
  })

  test('a share alone, twice, or of another secret gives nothing', () => {
    expect(() => combine([shares[0]!])).toThrow(SopsError)
    expect(() => combine([shares[0]!, shares[0]!])).toThrow(SopsError)
    const foreign = split(new Uint8Array(32).fill(9), 3, 2)
    expect(Buffer.from(combine([shares[0]!, foreign[1]!])).equals(dataKey)).toBe(false)
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
      for (let at = 0; at < enc!.length; at += 3) {
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

test(
  'an age envelope changed in any byte gives no data key, or the same',
  async () => {
    const age = keyTypes.age!
    const key = { type: 'age', fields: { recipient: recipientOne }, enc: '' } as const
    const env = { SOPS_AGE_KEY: readFileSync(join(keysFolder, 'one.age'), 'utf8') }
    const enc = Buffer.from(await age.wrap(key, dataKey, fakeContext({ env })))
    let opened = 0
    const tryIt = async (changed: Buffer): Promise<void> => {
      const result = await age
        .unwrap({ ...key, enc: changed.toString('latin1') }, fakeContext({ env }))
        .catch((error: unknown) => {
          expect(error).toBeInstanceOf(Error)
          expect([TypeError, RangeError]).not.toContain((error as Error).constructor)
          return undefined
        })
      if (!(result instanceof Uint8Array)) return
      opened++
      expect(Buffer.from(result).equals(dataKey)).toBe(true)
    }
    for (let at = 0; at < enc.length; at++) {
      const changed = Buffer.from(enc)
      changed[at] = isLong ? otherByte(changed[at]!) : changed[at] === 0x41 ? 0x42 : 0x41
      await tryIt(changed)
      if (at % (isLong ? 1 : 5) === 0) {
        await tryIt(enc.subarray(0, at))
        await tryIt(Buffer.concat([enc.subarray(0, at), enc.subarray(at + 1)]))
        await tryIt(Buffer.concat([enc.subarray(0, at + 1), enc.subarray(at)]))
      }
    }
    // A missing line end behind the armor is all that may be different.
    expect(opened).toBeLessThan(10)
  },
  timeout,
)
