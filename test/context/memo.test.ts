// What a context keeps: one thing for each key and part, of the key's own type.
import { expect, test } from 'vitest'
import { memoKey, memoKeys, onceEach } from '../../src/context/memo.ts'
import { processContext } from '../../src/context/process.ts'

test('one thing for each key of a run', () => {
  const [key, namesake] = [memoKey<object>('thing'), memoKey<object>('thing')]
  const [ctx, other] = [processContext(), processContext()]
  const first = ctx.once(key, () => ({}))
  expect(ctx.once(key, () => ({}))).toBe(first)
  expect(ctx.once(namesake, () => ({}))).not.toBe(first)
  expect(other.once(key, () => ({}))).not.toBe(first)
})

test('one thing for each part, whatever the texts of others are', () => {
  const [words, numbers] = [memoKeys<string>('x'), memoKeys<number>('x')]
  const ctx = processContext()
  expect(onceEach(ctx, words, 'a', () => 'first')).toBe('first')
  expect(onceEach(ctx, words, 'a', () => 'second')).toBe('first')
  expect(onceEach(ctx, words, 'b', () => 'second')).toBe('second')
  expect(onceEach(ctx, numbers, 'a', () => 1)).toBe(1)
})

test('what makes nothing is called once', () => {
  const told = memoKeys<void>('told')
  const ctx = processContext()
  const lines: string[] = []
  for (const file of ['f', 'g', 'f']) onceEach(ctx, told, file, () => void lines.push(file))
  expect(lines).toEqual(['f', 'g'])
})

test('what fails to be made is not kept', () => {
  const key = memoKey<number>('number')
  const ctx = processContext()
  const fail = (): number => {
    throw new Error('not now')
  }
  expect(() => ctx.once(key, fail)).toThrow('not now')
  expect(ctx.once(key, () => 2)).toBe(2)
})

test('something of another type does not compile', () => {
  const key = memoKey<number>('number')
  const ctx = processContext()
  // @ts-expect-error
  expect(ctx.once(key, () => 'text')).toBe('text')
  // @ts-expect-error
  const word: string = ctx.once(key, () => 2)
  expect(word).toBe('text')
})
