// Where an item of a new version stood before.
import { expect, test } from 'vitest'
import { findAhead } from '../../src/tree/find-ahead.ts'

const items = Array.from({ length: 3000 }, (_, i) => i)

test.each([
  ['the first that fits', 0, 7, 7],
  ['none before the start', 8, 7, -1],
  ['the start itself', 7, 7, 7],
  ['the last that is looked at', 0, 999, 999],
  ['none further away', 0, 1000, -1],
  ['the end', 2500, 2999, 2999],
])('%s', (_, from, wanted, found) => {
  expect(findAhead(items, from, (item) => item === wanted)).toBe(found)
})

test('no more is looked at than the next thousand', () => {
  let looks = 0
  findAhead(items, 100, () => {
    looks++
    return false
  })
  expect(looks).toBe(1000)
})
