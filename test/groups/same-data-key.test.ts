// Entries of a group are compared with what is at hand: nobody is asked, and no more is called than has to be.
import { describe, expect, test } from 'vitest'
import type { KeyService } from '../../src/groups/data-key.ts'
import { refuseMixedKeys } from '../../src/groups/same-data-key.ts'
import type { KeyGroup, KeyTypeId, MasterKey } from '../../src/keys/types.ts'

/** `enc` is what the entry opens to; `-` cannot be opened here, `!` is broken. */
const key = (type: KeyTypeId, id: string, enc: string): MasterKey => ({
  type,
  fields: type === 'age' ? { recipient: id } : { fp: id, arn: id },
  enc,
})
const group = (...keys: readonly MasterKey[]): KeyGroup => ({ keys })

function counting(remote = false): KeyService & { readonly asked: string[]; readonly given: Uint8Array[] } {
  const asked: string[] = []
  const given: Uint8Array[] = []
  return {
    name: 's',
    remote,
    asked,
    given,
    wrap: () => Promise.reject(new Error('nothing is wrapped')),
    unwrap: async ({ enc, fields }, options) => {
      asked.push(String(fields['recipient'] ?? fields['fp']) + (options?.atHand ? '' : ' (may ask)'))
      if (enc === '!') throw new Error('broken')
      if (enc === '-') return { unavailable: 'no identity' }
      const part = new Uint8Array(enc.length === 33 ? 33 : 32).fill(enc.charCodeAt(0))
      given.push(part)
      return part
    },
  }
}

const dataKey = new Uint8Array(32).fill('A'.charCodeAt(0))

describe('a single group', () => {
  test.each<[string, readonly MasterKey[], RegExp | undefined]>([
    ['all the same', [key('age', 'a', 'A'), key('pgp', 'b', 'A')], undefined],
    ['one that cannot be opened, and one that is broken', [key('age', 'a', '-'), key('pgp', 'b', '!')], undefined],
    ['another key behind', [key('age', 'a', 'A'), key('age', 'b', 'B')], /"a", "b" do not open/],
    ['another key in front', [key('pgp', 'b', 'B'), key('age', 'a', 'A')], /"a", "b" do not open/],
    ['a share instead of a key', [key('age', 'a', 'A'), key('age', 'b', 'A'.repeat(33))], /"a", "b" do not open/],
    ['a name that would steer a terminal', [key('age', 'a', 'A'), key('age', '\u001b[2J\n', 'B')], /"\\x1b\[2J\\n"/],
  ])('%s', async (_, keys, refused) => {
    const service = counting()
    const compared = refuseMixedKeys([group(...keys)], [service], { dataKey })
    if (refused) await expect(compared).rejects.toThrow(refused)
    else await compared
    expect(service.given.every((part) => part.every((byte) => byte === 0))).toBe(true)
  })

  test('without the entry that opened it at hand the one that did is named', async () => {
    const opener = key('kms', 'arn', 'A')
    const compared = refuseMixedKeys([group(opener, key('age', 'b', 'B'))], [counting()], {
      dataKey,
      openedBy: [opener],
    })
    await expect(compared).rejects.toThrow('"arn", "b" do not open')
  })
})

test('shares are compared within their group alone', async () => {
  const shares = (...texts: string[]): KeyGroup =>
    group(...texts.map((text, i) => key('age', `${text}${i}`, text.repeat(33))))
  await refuseMixedKeys([shares('A', 'A'), shares('B', 'B')], [counting()], { dataKey })
  const mixed = refuseMixedKeys([shares('A', 'A'), shares('B', 'A')], [counting()], { dataKey })
  await expect(mixed).rejects.toThrow('"B0", "A1" do not open')
})

describe('who is asked', () => {
  const keys = [
    key('age', 'a', 'A'),
    key('kms', 'n', 'A'),
    key('kms', 'kept', 'A'),
    { ...key('age', 'bare', ''), isBare: true as const },
  ]

  test('no network key, unless its entry is kept and it did not open the file itself', async () => {
    const kept = keys[2]!
    for (const [network, openedBy, asked] of [
      [undefined, [], ['a']],
      [(one: MasterKey) => one === kept, [], ['a', 'kept']],
      [(one: MasterKey) => one === kept, [kept], ['a']],
    ] as const) {
      const service = counting()
      await refuseMixedKeys([group(...keys)], [service], { dataKey, openedBy, ...(network ? { network } : {}) })
      expect(service.asked).toEqual(asked)
    }
  })

  test('no key service elsewhere: somebody may be asked there', async () => {
    const service = counting(true)
    await refuseMixedKeys([group(...keys)], [service], { dataKey })
    expect(service.asked).toEqual([])
  })
})
