// One thread as the first one sees it: what it is given, what becomes of the keys, and when it is left alone.
import { expect, test } from 'vitest'
import type { Thread } from '../../../src/cli/host.ts'
import type { Io } from '../../../src/cli/invocation.ts'
import type { Ask, FromThread, ToThread } from '../../../src/cli/many/messages.ts'
import { makeWorker } from '../../../src/cli/many/worker.ts'
import { SopsError } from '../../../src/errors.ts'
import type { KeyService } from '../../../src/groups/index.ts'
import { fakeContext } from '../../support/context.ts'

const key = { type: 'age', fields: { recipient: 'age1' }, enc: 'x' } as const
const target = { name: 'a.yaml', path: '/a.yaml', named: true }
const ways = { rehearsal: false, agreed: false }

interface Posted {
  readonly message: ToThread
  readonly moved: readonly ArrayBuffer[]
}

/** A worker with room for two files, and the other end of its thread. */
function setUp(service: Partial<KeyService> = {}) {
  const posted: Posted[] = []
  let hear: (message: unknown) => void = () => {}
  let die: () => void = () => {}
  const thread: Thread = {
    post: (message, moved = []) => {
      posted.push({ message: message as ToThread, moved })
    },
    onMessage: (take) => {
      hear = take
    },
    onEnd: (take) => {
      die = take
    },
    end: () => {},
  }
  const own = { name: 'local', wrap: async () => 'wrapped', unwrap: async () => new Uint8Array(32), ...service }
  const ctx = fakeContext()
  const io = { ctx, many: { services: async () => [own], earlier: () => own } } as unknown as Io
  const inv = { list: () => [], bool: () => true } as unknown as Parameters<typeof makeWorker>[0]
  const worker = makeWorker(inv, thread, 2)
  const say = (message: FromThread): void => hear(message)
  const ask = async (question: Partial<Ask>): Promise<Posted> => {
    const before = posted.length
    say({ ask: 7, task: 0, key, atHand: false, isEarlier: false, ...question })
    while (posted.length === before) await new Promise((resolve) => setImmediate(resolve))
    return posted.at(-1)!
  }
  return { worker, io, posted, say, ask, die: () => die() }
}

const done = (id: number): FromThread => ({ id, isChanged: true, said: [], logged: [], writes: [] })

test('takes as many files as it has room for', async () => {
  const { worker, io, say } = setUp()
  const [first, second] = [worker.work(target, io, ways), worker.work(target, io, ways)]
  expect([worker.busy(), worker.isFree()]).toEqual([2, false])
  say(done(1))
  say({ id: 0, isBack: true })
  expect([await first, await second]).toEqual([undefined, done(1)])
  expect([worker.busy(), worker.isFree()]).toEqual([0, true])
})

test('a data key that is unwrapped for it is moved, and nothing of it stays', async () => {
  const dataKey = new Uint8Array(32).fill(5)
  const { worker, io, ask } = setUp({ unwrap: async () => dataKey })
  worker.work(target, io, ways)
  const { message, moved } = await ask({})
  const { result } = message as { readonly result: Uint8Array }
  expect([...result]).toEqual(Array(32).fill(5))
  expect(moved).toEqual([result.buffer])
  expect([...dataKey]).toEqual(Array(32).fill(0))
})

test('a data key that is wrapped for it is wiped', async () => {
  const dataKey = new Uint8Array(32).fill(5)
  const { worker, io, ask } = setUp()
  worker.work(target, io, ways)
  expect((await ask({ dataKey })).message).toEqual({ ask: 7, result: 'wrapped' })
  expect([...dataKey]).toEqual(Array(32).fill(0))
})

test.each([
  [
    'of ours',
    new SopsError('no-data-key', ['a', 'b'], { hints: ['c'] }),
    { code: 'no-data-key', lines: ['a', 'b'], hints: ['c'] },
  ],
  ['of another kind, without its text', new Error('secret'), { code: 'generic', lines: ['failed'], hints: [] }],
])('tells of an error %s', async (_, error, told) => {
  const { worker, io, ask } = setUp({ unwrap: () => Promise.reject(error) })
  worker.work(target, io, ways)
  expect((await ask({})).message).toEqual({ ask: 7, error: told })
})

test('what is with it when it ends comes back, and no more is given to it', async () => {
  const { worker, io, die, posted } = setUp()
  const work = worker.work(target, io, ways)
  die()
  expect(await work).toBeUndefined()
  expect(worker.isFree()).toBe(false)
  worker.end()
  expect(posted).toHaveLength(1)
})

test('one that gives back more than it does is left alone after eight', async () => {
  const { worker, io, say } = setUp()
  for (let id = 0; id < 8; id++) {
    expect(worker.isFree()).toBe(true)
    worker.work(target, io, ways)
    say({ id, isBack: true })
  }
  expect(worker.isFree()).toBe(false)
})
