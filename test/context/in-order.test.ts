// Work on many things: in order, some at a time, and nothing left under way.
import { expect, test } from 'vitest'
import { inOrder } from '../../src/context/index.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Earlier items take longer. */
const work =
  (log: string[]) =>
  async (at: number): Promise<number> => {
    log.push(`begin ${at}`)
    for (let i = 5 - at; i > 0; i--) await turn()
    log.push(`end ${at}`)
    if (at === 3) throw new Error('three')
    return at
  }

test.each([1, 2, 16])('%i at a time: results come in order', async (atOnce) => {
  const log: string[] = []
  const results: number[] = []
  for await (const result of inOrder([0, 1, 2], atOnce, work(log))) results.push(result)
  expect(results).toEqual([0, 1, 2])
  let [now, most] = [0, 0]
  for (const line of log) {
    now += line.startsWith('begin') ? 1 : -1
    most = Math.max(most, now)
  }
  expect(most).toBe(Math.min(atOnce, 3))
})

test('a failure ends it when nothing is under way any more', async () => {
  const log: string[] = []
  const taken: number[] = []
  const run = async (): Promise<void> => {
    for await (const result of inOrder([2, 3, 0, 1, 4], 4, work(log))) taken.push(result)
  }
  await expect(run()).rejects.toThrow('three')
  expect(taken).toEqual([2])
  expect(log.filter((line) => line.startsWith('begin')).length).toBe(
    log.filter((line) => line.startsWith('end')).length,
  )
})

test('so does whoever takes no more', async () => {
  const log: string[] = []
  for await (const result of inOrder([4, 0, 1, 2], 2, work(log))) if (result === 4) break
  expect(log).toEqual(['begin 4', 'begin 0', 'end 4', 'end 0'])
})

test('results that wait for their turn hold nobody up, as far as they may', async () => {
  const log: string[] = []
  const results: number[] = []
  // The first takes longest; the others are begun and ended beside it.
  for await (const result of inOrder([0, 4, 5, 5, 5, 5], 2, work(log), { ahead: 2 })) {
    if (results.length === 0) log.push('taken')
    results.push(result)
  }
  expect(results).toEqual([0, 4, 5, 5, 5, 5])
  const before = log.slice(0, log.indexOf('taken'))
  expect(before.filter((line) => line.startsWith('begin')).length).toBe(4)
  let [now, most] = [0, 0]
  for (const line of log) {
    now += line.startsWith('begin') ? 1 : line.startsWith('end') ? -1 : 0
    most = Math.max(most, now)
  }
  expect([now, most]).toEqual([0, 2])
})

test('a failure ends that too when nothing is under way any more', async () => {
  const log: string[] = []
  const run = async (): Promise<void> => {
    for await (const _ of inOrder([3, 0, 1, 2, 4, 4], 2, work(log), { ahead: 4 }));
  }
  await expect(run()).rejects.toThrow('three')
  expect(log.filter((line) => line.startsWith('begin')).length).toBe(
    log.filter((line) => line.startsWith('end')).length,
  )
})
