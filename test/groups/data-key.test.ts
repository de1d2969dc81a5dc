import { randomBytes } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import type { Context } from '../../src/context/context.ts'
import type { SopsError } from '../../src/errors.ts'
import {
  type KeyService,
  localKeyService,
  newDataKey,
  parseDecryptionOrder,
  recoverDataKey,
  shortRecoveryText,
  wrapDataKey,
  wrapErrors,
} from '../../src/groups/data-key.ts'
import { split } from '../../src/groups/shamir.ts'
import type { KeyRecord } from '../../src/keys/key-type.ts'
import type { KeyGroup, KeyTypeId, MasterKey } from '../../src/keys/types.ts'

vi.mock('../../src/keys/table.ts', async (original) => {
  const table = await original<typeof import('../../src/keys/table.ts')>()
  const label = (key: KeyRecord): string => String(key.fields.id)
  const networked = ['kms', 'hc_vault']
  const fakes = Object.entries(table).map(([name, row]): [string, object] => [
    name,
    {
      ...row,
      label,
      identity: label,
      network: networked.includes(row.id),
      wrap: async (key: KeyRecord, dataKey: Uint8Array) => `${label(key)}:${Buffer.from(dataKey).toString('hex')}`,
      unwrap: async (key: KeyRecord) => Uint8Array.from(Buffer.from(key.enc.split(':')[1]!, 'hex')),
    },
  ])
  return Object.fromEntries(fakes)
})

const key = (type: KeyTypeId, id: string, enc = ''): MasterKey => ({ type, fields: { id }, enc })
const group = (...keys: MasterKey[]): KeyGroup => ({ keys })
const local = localKeyService({} as Context)
const dataKey = Uint8Array.from({ length: 32 }, (_, i) => i)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Fails for keys whose id starts with `bad`, cannot open those starting with `no`. */
const service = (name: string, seen: string[] = []): KeyService => ({
  name,
  async wrap(k, bytes) {
    seen.push(String(k.fields.id))
    if (String(k.fields.id).startsWith('bad')) throw new Error(`${name} is broken`)
    return `${name}:${hex(bytes)}`
  },
  async unwrap(k) {
    seen.push(String(k.fields.id))
    if (String(k.fields.id).startsWith('bad')) throw new Error(`${name} is broken`)
    if (String(k.fields.id).startsWith('no')) return { unavailable: `${name} has no identity` }
    return Uint8Array.from(Buffer.from(k.enc.split(':')[1]!, 'hex'))
  },
})

async function failure(action: Promise<unknown>): Promise<SopsError> {
  return action.then(
    () => {
      throw new Error('no failure')
    },
    (error: SopsError) => error,
  )
}

test('a new data key', () => {
  expect(newDataKey()).toHaveLength(32)
  expect(newDataKey()).not.toEqual(newDataKey())
})

describe('wrapping', () => {
  const bare: MasterKey = { ...key('age', 'bare'), isBare: true }

  test('refuses a key that a file named without its enc, unless it is kept in a single group', async () => {
    const seen: string[] = []
    const groups = [group(key('age', 'a'), bare)]
    expect(await failure(wrapDataKey(dataKey, groups, 0, [service('s', seen)]))).toMatchObject({ code: 'generic' })
    const shares = [...groups, group(key('age', 'b'))]
    expect(
      (await failure(wrapDataKey(dataKey, shares, 0, [service('s', seen)], { keep: () => true }))).message,
    ).toContain('"bare"')
    expect(seen).toEqual([])
    const kept = await wrapDataKey(dataKey, groups, 0, [service('s', seen)], { keep: () => true })
    expect(kept.groups[0]!.keys[1]).toEqual(bare)
    expect(seen).toEqual(['a'])
  })

  test('one group: every recipient gets the whole key, the threshold stays', async () => {
    const wrapped = await wrapDataKey(dataKey, [group(key('age', 'a'), key('pgp', 'b'))], 7, [local])
    expect(wrapped).toEqual({
      threshold: 7,
      groups: [group(key('age', 'a', `a:${hex(dataKey)}`), key('pgp', 'b', `b:${hex(dataKey)}`))],
    })
    expect(dataKey[31]).toBe(31)
  })

  test('kept recipients are not asked for', async () => {
    const seen: string[] = []
    const groups = [group(key('age', 'a', 'old'), key('age', 'b', 'old'), key('age', 'c'))]
    const wrapped = await wrapDataKey(dataKey, groups, 0, [service('s', seen)], { keep: (k) => k.fields.id !== 'b' })
    expect(seen).toEqual(['b', 'c'])
    expect(wrapped.groups[0]!.keys[0]!.enc).toBe('old')
  })

  test('several groups: a share each, all needed by default, nothing is kept', async () => {
    const groups = [group(key('age', 'a', 'old'), key('age', 'b')), group(key('age', 'c')), group(key('age', 'd'))]
    const wrapped = await wrapDataKey(dataKey, groups, 0, [local], { keep: () => true })
    expect(wrapped.threshold).toBe(3)
    const [first, second] = wrapped.groups[0]!.keys
    expect(first!.enc.slice(2)).toBe(second!.enc.slice(2))
    expect(first!.enc.slice(2)).toHaveLength(66)
    expect(await recoverDataKey(wrapped.groups, 3, [local])).toEqual(dataKey)
  })

  test('the first service that can', async () => {
    const wrapped = await wrapDataKey(dataKey, [group(key('age', 'a'))], 0, [
      { ...service('x'), wrap: () => Promise.reject(new Error('down')) },
      service('y'),
    ])
    expect(wrapped.groups[0]!.keys[0]!.enc).toMatch(/^y:/)
  })

  const ok = group(key('age', 'a'))
  test.each<[string, KeyGroup[], number, KeyService[], string]>([
    ['no services', [ok], 0, [], 'no key services provided, cannot update master keys'],
    ['no groups', [], 0, [local], 'no key groups provided'],
    ['an empty group', [ok, group()], 0, [local], 'empty key group provided'],
    ['one empty group', [group()], 0, [local], 'empty key group provided'],
    [
      'threshold too high',
      [ok, ok],
      3,
      [local],
      'could not split data key into parts for Shamir: parts cannot be less than threshold',
    ],
    [
      'threshold too low',
      [ok, ok],
      1,
      [local],
      'could not split data key into parts for Shamir: threshold must be at least 2',
    ],
    [
      'too many groups',
      Array(256).fill(ok),
      2,
      [local],
      'could not split data key into parts for Shamir: parts cannot exceed 255',
    ],
    [
      'failing recipients',
      [group(key('age', 'bad"1'), key('age', 'a'), key('pgp', 'bad2'))],
      0,
      [service('s'), service('t')],
      [
        'failed to encrypt new data key with master key "bad\\"1": s is broken',
        'failed to encrypt new data key with master key "bad\\"1": t is broken',
        'failed to encrypt new data key with master key "bad2": s is broken',
        'failed to encrypt new data key with master key "bad2": t is broken',
      ].join(' '),
    ],
  ])('%s', async (_, groups, threshold, services, text) => {
    const error = await failure(wrapDataKey(dataKey, groups, threshold, services))
    expect([error.exitCode, error.message]).toEqual([1, `Could not generate data key: [${text}]`])
    expect(wrapErrors(error)!.join(' ')).toBe(text)
  })

  test('other errors have no list', () => expect(wrapErrors(new Error('x'))).toBeUndefined())
})

describe('order', () => {
  test.each([
    ['', ['age', 'pgp']],
    ['kms,age', ['kms', 'age']],
    [' kms,nonsense', [' kms', 'nonsense']],
    [',x', ['', 'x']],
  ])('%j', (text, order) => expect(parseDecryptionOrder(text)).toEqual(order))

  test.each([
    ['age,pgp,age', 'age'],
    [',', ''],
  ])('%j has a duplicate', (text, name) => {
    expect(() => parseDecryptionOrder(text)).toThrow(`Duplicate decryption key type: ${name}`)
  })

  const keys = [
    key('kms', 'no1'),
    key('gcp_kms', 'no2'),
    key('hc_vault', 'no3'),
    key('pgp', 'no4'),
    key('age', 'no5'),
    key('pgp', 'no6'),
  ]
  test.each<[string[] | undefined, string]>([
    [undefined, 'no5 no4 no6 no2 no1 no3'],
    [[], 'no1 no2 no3 no4 no5 no6'],
    [['hc_vault', 'x', 'age'], 'no3 no5 no1 no2 no4 no6'],
  ])('%j', async (order, expected) => {
    const seen: string[] = []
    await failure(recoverDataKey([group(...keys)], 0, [service('s', seen)], order === undefined ? {} : { order }))
    expect(seen.join(' ')).toBe(expected)
  })
})

describe('recovering', async () => {
  const shares = (await split(dataKey, 3, 2)).map((share) => `x:${hex(share)}`)

  test('the first recipient and service that can', async () => {
    const seen: string[] = []
    const one = [group(key('age', 'bad'), key('age', 'no'), key('age', 'a', `x:${hex(dataKey)}`), key('age', 'b'))]
    expect(await recoverDataKey(one, 0, [service('s', seen)])).toEqual(dataKey)
    expect(seen).toEqual(['bad', 'no', 'a'])
  })

  test('all groups are tried and all parts used', async () => {
    const seen: string[] = []
    const groups = shares.map((enc, i) => group(key('age', String(i), enc)))
    expect(await recoverDataKey(groups, 2, [service('s', seen)])).toEqual(dataKey)
    expect(seen).toEqual(['0', '1', '2'])
    expect(await recoverDataKey([groups[2]!, group(key('age', 'no')), groups[0]!], 2, [service('s')])).toEqual(dataKey)
  })

  test('what needs the network goes side by side, eight at a time, after all that needs none', async () => {
    const parts = (await split(dataKey, 20, 20)).map((share) => `x:${hex(share)}`)
    const groups = parts.map((enc, i) => group(key('kms', `no${i}`), key('age', `no${i}`), key('kms', `k${i}`, enc)))
    const [seen, told]: string[][] = [[], []]
    let [under, most] = [0, 0]
    const slow = {
      ...service('s', seen),
      async unwrap(k: MasterKey) {
        most = Math.max(most, ++under)
        // Later ones end first.
        await new Promise((resolve) => setTimeout(resolve, 8 - (Number(/\d+/.exec(String(k.fields.id))?.[0]) % 8)))
        under--
        return service('s', seen).unwrap(k)
      },
    }
    const unwrapped = (k: MasterKey): unknown => told!.push(String(k.fields.id))
    expect(await recoverDataKey(groups, 20, [slow], { unwrapped: unwrapped as never })).toEqual(dataKey)
    expect(most).toBe(8)
    // age comes first in every group, and before the network in all of them.
    expect(seen!.slice(0, 20)).toEqual(parts.map((_, i) => `no${i}`))
    expect(told).toEqual(parts.map((_, i) => `k${i}`))
  })

  test('an order that asks the network first is kept', async () => {
    const seen: string[] = []
    const groups = shares.map((enc, i) => group(key('age', `a${i}`, enc), key('kms', `no${i}`)))
    await recoverDataKey(groups, 3, [service('s', seen)], { order: ['kms', 'age'] })
    expect(seen).toEqual(['no0', 'a0', 'no1', 'a1', 'no2', 'a2'])
  })

  test('the report names the keys of a group in their order', async () => {
    const groups = [group(key('kms', 'no-net'), key('age', 'no-age')), group(key('hc_vault', 'bad-vault'))]
    const { message } = await failure(recoverDataKey(groups, 2, [service('s')]))
    expect(message.match(/Group \d|\S+: FAILED/g)).toEqual(
      ['Group 0', 'FAILED', 'no-age: FAILED', 'no-net: FAILED', 'Group 1', 'FAILED', 'bad-vault: FAILED'].filter(
        (one) => one !== 'FAILED',
      ),
    )
  })

  test('shares are wiped', async () => {
    const part = Uint8Array.from(Buffer.from(shares[0]!.slice(2), 'hex'))
    const failing = {
      ...service('s'),
      unwrap: async (k: MasterKey) => (k.fields.id === 'a' ? part : { unavailable: 'no' }),
    }
    await failure(recoverDataKey([group(key('age', 'a')), group(key('age', 'b'))], 2, [failing]))
    expect([...part].every((byte) => byte === 0)).toBe(true)
  })

  test('the report', async () => {
    const groups = [
      group(key('age', 'no-1'), key('pgp', 'bad-2')),
      group(key('age', 'c', shares[1]!)),
      group(key('age', 'no-3')),
    ]
    const long = {
      ...service('s'),
      unwrap: async (k: MasterKey) =>
        k.fields.id === 'no-3' ? { unavailable: `${'word '.repeat(14)}end` } : service('s').unwrap(k),
    }
    const error = await failure(recoverDataKey(groups, 2, [long, service('t')]))
    expect([error.code, error.exitCode]).toEqual(['no-data-key', 128])
    const [head, rest] = [error.message.split('\n\n')[0], error.message.slice(error.message.indexOf('Group 0'))]
    expect(head).toBe('Failed to get the data key required to decrypt the SOPS file.')
    expect(rest.slice(0, rest.lastIndexOf('\n\n'))).toBe(
      [
        'Group 0: FAILED',
        '  no-1: FAILED',
        '    - | s has no identity',
        '    ',
        '    - | t has no identity',
        '  ',
        '  bad-2: FAILED',
        '    - | s is broken',
        '    ',
        '    - | t is broken',
        '',
        'Group 1: SUCCESS',
        '',
        'Group 2: FAILED',
        '  no-3: FAILED',
        '    - | word word word word word word word word word word word word',
        '      | word word end',
        '    ',
        '    - | t has no identity',
      ].join('\n'),
    )
    expect(error.message).toMatch(/2 parts.*1 could/s)
    expect(shortRecoveryText(error)).toBe('Error getting data key: 2 successful groups required, got 1')
  })

  test('one group', async () => {
    const error = await failure(recoverDataKey([group(key('age', 'no'))], 0, [service('s')]))
    expect(error.message).toContain('Group 0: FAILED\n  no: FAILED\n    - | s has no identity')
    expect(shortRecoveryText(error)).toBe('Error getting data key: 0 successful groups required, got 0')
    for (const line of error.message.split('\n')) expect(line.length).toBeLessThanOrEqual(75)
  })

  test('no services', async () => {
    const error = await failure(recoverDataKey([group(key('age', 'a'))], 0, []))
    expect(error.message).toContain('  a: FAILED\n')
  })

  test.each<[string, string[], number, string]>([
    ['one part and no threshold', [shares[0]!, ''], 0, 'could not get data key from shamir parts: less than two parts'],
    ['the same part twice', [shares[0]!, shares[0]!], 2, 'could not get data key from shamir parts: duplicate part'],
    [
      'parts of different length',
      [shares[0]!, shares[1]!.slice(0, -2)],
      2,
      'could not get data key from shamir parts: all parts',
    ],
    ['a secret that is no data key', [shares[0]!.slice(0, -4)], 0, 'opens to 31 bytes'],
    ['no part and no threshold', ['', ''], 0, 'Failed to get the data key'],
  ])('%s', async (_, encs, threshold, message) => {
    const groups = encs.map((enc, i) => group(key('age', enc === '' ? `no${i}` : `k${i}`, enc)))
    const error = await failure(recoverDataKey(groups, threshold, [service('s')]))
    expect(error.code).toBe('no-data-key')
    expect(error.message).toContain(message)
  })
})

test('the local service asks the table of key types', async () => {
  const bytes = randomBytes(32)
  const enc = await local.wrap(key('age', 'a'), bytes)
  expect(await local.unwrap(key('age', 'a', enc))).toEqual(Uint8Array.from(bytes))
})
