// Work that waits for its turn: never more at once than allowed, in its order, whatever fails.
import { expect, test } from 'vitest'
import { turns } from '../../src/context/turns.ts'

test.each([1, 3])('at most %i at a time, begun in the order it was given', async (atOnce) => {
  const inTurn = turns(atOnce)
  const begun: number[] = []
  let [now, most] = [0, 0]
  const work = (at: number) => async (): Promise<number> => {
    begun.push(at)
    most = Math.max(most, ++now)
    await new Promise((resolve) => setImmediate(resolve))
    now--
    if (at % 3 === 0) throw new Error(`work ${at}`)
    return at
  }
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, at) => inTurn(work(at))))
  expect(results.map(({ status }) => status)).toEqual(results.map((_, at) => (at % 3 === 0 ? 'rejected' : 'fulfilled')))
  expect(begun).toEqual(results.map((_, at) => at))
  expect(most).toBe(atOnce)
})
