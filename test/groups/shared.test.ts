// Services that a run over many files shares: what was opened once is not asked for again, and no key is asked too much at a time.
import { expect, test } from 'vitest'
import { type KeyService, recoverDataKey, wrapDataKey } from '../../src/groups/data-key.ts'
import { sharedServices, withSharedServices } from '../../src/groups/shared.ts'
import type { KeyGroup, KeyTypeId, MasterKey } from '../../src/keys/types.ts'

const arn = (name: string): string => `arn:aws:kms:eu-west-1:1:key/${name}`
/** `enc` is what the entry opens to, by its first letter; `-` cannot be opened here, `!` is broken. */
const key = (type: KeyTypeId, id: string, enc: string, fields: MasterKey['fields'] = {}): MasterKey => ({
  type,
  fields: type === 'age' ? { recipient: id } : { arn: arn(id), ...fields },
  enc,
})
const group = (...keys: readonly MasterKey[]): KeyGroup => ({ keys })

interface Counting extends KeyService {
  readonly asked: string[]
  readonly given: Uint8Array[]
  /** The most calls that were under way at once, by type. */
  readonly most: Record<string, number>
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function counting({ remote = false, opensAtHand = true } = {}): Counting {
  const [asked, given, most, now]: [string[], Uint8Array[], Record<string, number>, Record<string, number>] = [
    [],
    [],
    {},
    {},
  ]
  const counted = async <T>(name: string, answer: () => T): Promise<T> => {
    now[name] = (now[name] ?? 0) + 1
    most[name] = Math.max(most[name] ?? 0, now[name])
    await soon()
    now[name]--
    return answer()
  }
  return {
    name: 's',
    remote,
    asked,
    given,
    most,
    wrap: ({ type }) => counted(`wrap ${type}`, () => 'wrapped'),
    unwrap: async ({ type, enc }, { atHand = false } = {}) => {
      asked.push(atHand ? `${enc} at hand` : enc)
      return counted(type, () => {
        if (enc.startsWith('!')) throw new Error('broken')
        if (enc.startsWith('-') || (atHand && !opensAtHand)) return { unavailable: 'no identity' }
        const part = new Uint8Array(32).fill(enc.charCodeAt(0))
        given.push(part)
        return part
      })
    },
  }
}

const bytes = (letter: string): Uint8Array => new Uint8Array(32).fill(letter.charCodeAt(0))

test('300 files with three wrapped keys among them make three calls', async () => {
  const service = counting()
  await withSharedServices([service], async (services) => {
    const opened = await Promise.all(
      Array.from({ length: 300 }, (_, at) => {
        const enc = 'ABC'[at % 3]!
        return recoverDataKey([group(key('kms', 'k', enc))], 0, services)
      }),
    )
    expect(opened.every((dataKey, at) => dataKey[0] === 'ABC'.charCodeAt(at % 3))).toBe(true)
  })
  expect(service.asked.sort()).toEqual(['A', 'B', 'C'])
})

test.each(['-', '!'])('a wrapped key that does not open (%s) is asked for once', async (enc) => {
  const service = counting()
  const { services } = sharedServices([service])
  const files = Array.from({ length: 300 }, () => recoverDataKey([group(key('kms', 'k', enc))], 0, services))
  const errors = await Promise.all(files.map((file) => file.catch((error: unknown) => error)))
  expect(errors.every((error) => error instanceof Error && 'code' in error && error.code === 'no-data-key')).toBe(true)
  expect(service.asked).toEqual([enc])
})

test.each<[string, MasterKey, MasterKey]>([
  ['another share', key('kms', 'k', 'A'), key('kms', 'k', 'B')],
  ['another recipient', key('kms', 'k', 'A'), key('kms', 'l', 'A')],
  ['another type', key('kms', 'k', 'A'), key('age', 'k', 'A')],
  [
    'another encryption context',
    key('kms', 'k', 'A', { context: { a: 'b' } }),
    key('kms', 'k', 'A', { context: { a: 'c' } }),
  ],
  ['another role', key('kms', 'k', 'A', { role: 'r' }), key('kms', 'k', 'A')],
])('%s is asked for by itself', async (_, one, other) => {
  const service = counting()
  const { services } = sharedServices([service])
  for (const each of [one, other, one, other]) await services[0]!.unwrap(each)
  expect(service.asked).toEqual([one.enc, other.enc])
})

test('the order of an encryption context and the date of an entry make no difference', async () => {
  const service = counting()
  const { services } = sharedServices([service])
  await services[0]!.unwrap(key('kms', 'k', 'A', { context: { a: '1', b: '2' } }))
  await services[0]!.unwrap({ ...key('kms', 'k', 'A', { context: { b: '2', a: '1' } }), createdAt: '2026-01-02' })
  expect(service.asked).toEqual(['A'])
})

test('each service is asked by itself: what one cannot open another may', async () => {
  const [closed, open] = [counting(), counting()]
  const closedFor: KeyService = { ...closed, unwrap: async () => ({ unavailable: 'not here' }) }
  const { services } = sharedServices([closedFor, open])
  await Promise.all([1, 2].map(() => recoverDataKey([group(key('kms', 'k', 'A'))], 0, services)))
  expect(open.asked).toEqual(['A'])
})

test('each asker has bytes of its own; those that are kept are wiped at the end', async () => {
  const service = counting()
  const { services, wipe } = sharedServices([service])
  const [one, other] = await Promise.all([1, 2].map(() => services[0]!.unwrap(key('kms', 'k', 'A'))))
  ;(one as Uint8Array).fill(0)
  expect(other).toEqual(bytes('A'))
  expect(await services[0]!.unwrap(key('kms', 'k', 'A'))).toEqual(bytes('A'))
  wipe()
  expect(service.given).toEqual([new Uint8Array(32)])
  expect(other).toEqual(bytes('A'))
})

test('after the end nothing is opened, and what is under way does not come to nothing but zeros', async () => {
  const service = counting()
  const { services, wipe } = sharedServices([service])
  await services[0]!.unwrap(key('kms', 'k', 'A'))
  const [known, fresh, waiting] = ['A', 'B', 'C'].map((enc) => services[0]!.unwrap(key('age', 'k', enc)))
  wipe()
  for (const call of [known, fresh, waiting, services[0]!.unwrap(key('kms', 'k', 'A'))])
    await expect(call).rejects.toThrow('is over')
  expect(service.given.every((part) => part.every((byte) => byte === 0))).toBe(true)
})

test('a run that fails is wiped too', async () => {
  const service = counting()
  const failed = withSharedServices([service], async ([own]) => {
    await own!.unwrap(key('kms', 'k', 'A'))
    throw new Error('elsewhere')
  })
  await expect(failed).rejects.toThrow('elsewhere')
  expect(service.given).toEqual([new Uint8Array(32)])
})

test('at most 8 calls go to one network key at a time, and identities of this machine are tried one by one', async () => {
  const service = counting()
  const { services } = sharedServices([service])
  const asked = (type: KeyTypeId, id: string): readonly Promise<unknown>[] =>
    Array.from({ length: 30 }, (_, at) => services[0]!.unwrap(key(type, id, `A${at}`)))
  await Promise.all([...asked('kms', 'k'), ...asked('age', 'a')])
  expect(service.most).toEqual({ kms: 8, age: 1 })
  await Promise.all([...asked('kms', 'l'), ...asked('kms', 'm')])
  expect(service.most).toMatchObject({ kms: 16 })
})

test('wrapping for one recipient waits for its turn too', async () => {
  const service = counting()
  const { services } = sharedServices([service])
  const wrap = (): Promise<unknown> => wrapDataKey(bytes('A'), [group(key('kms', 'k', ''))], 0, services)
  await Promise.all(Array.from({ length: 30 }, wrap))
  expect(service.most).toEqual({ 'wrap kms': 8 })
})

test('a key service elsewhere is asked for several age keys at a time: it may have nobody to ask', async () => {
  const service = counting({ remote: true })
  const { services } = sharedServices([service])
  await Promise.all(Array.from({ length: 30 }, (_, at) => services[0]!.unwrap(key('age', 'a', `A${at}`))))
  expect(service.most).toEqual({ age: 8 })
})

test('what was opened without a question is known to who may ask; what was not is asked for', async () => {
  const open = counting()
  const [own] = sharedServices([open]).services
  await own!.unwrap(key('age', 'a', 'A'), { atHand: true })
  await own!.unwrap(key('age', 'a', 'A'))
  expect(open.asked).toEqual(['A at hand'])

  const closed = counting({ opensAtHand: false })
  const [other] = sharedServices([closed]).services
  expect(await other!.unwrap(key('age', 'a', 'A'), { atHand: true })).toMatchObject({ unavailable: 'no identity' })
  expect(await other!.unwrap(key('age', 'a', 'A'))).toEqual(bytes('A'))
  expect(await other!.unwrap(key('age', 'a', 'A'), { atHand: true })).toEqual(bytes('A'))
  expect(closed.asked).toEqual(['A at hand', 'A'])
})
