// Sets that grow together.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeGroups } from '../../../src/check/history/groups.ts'
import { runs } from '../../fuzz/budget.ts'

test('texts that were joined, by whatever way, are of one set, and no others are', () => {
  const groups = makeGroups()
  groups.join(['a', 'b'])
  groups.join(['c', 'd', 'e'])
  groups.join(['e', 'a'])
  groups.join(['alone'])
  groups.join([])
  expect(new Set(['a', 'b', 'c', 'd', 'e'].map(groups.of)).size).toBe(1)
  expect(groups.of('alone')).toBe('alone')
  expect(['a', 'e', 'alone', 'never named'].map(groups.isAlone)).toEqual([false, false, true, true])
})

test('the same as a search over all pairs', () => {
  const text = fc.integer({ min: 0, max: 9 }).map(String)
  fc.assert(
    fc.property(fc.array(fc.array(text, { maxLength: 3 }), { maxLength: 8 }), (lists) => {
      const groups = makeGroups()
      for (const list of lists) groups.join(list)
      for (let one = 0; one < 10; one++) {
        const reached = new Set([String(one)])
        for (let size = 0; size !== reached.size; ) {
          size = reached.size
          for (const list of lists)
            if (list.some((name) => reached.has(name))) for (const name of list) reached.add(name)
        }
        for (let other = 0; other < 10; other++)
          expect(groups.of(String(one)) === groups.of(String(other))).toBe(reached.has(String(other)))
        expect(groups.isAlone(String(one))).toBe(reached.size === 1)
      }
    }),
    runs(100),
  )
})
