// The cases of spec/functional-cases.md that change one value, by their numbers.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { makeSuite, read, type Suite } from './suite.ts'

let suite: Suite
beforeAll(() => {
  suite = makeSuite()
})
afterAll(() => suite.remove())

const token = expect.stringMatching(/^ENC\[/)

describe.each(['json', 'yaml'])('a %s file', (suffix) => {
  const start = (): Promise<string> =>
    suite.encrypted(`set.${suffix}`, suffix === 'json' ? '{"a": 2, "b": "ba"}' : 'a: 2\nb: ba\n')
  const data = (path: string): Record<string, unknown> =>
    suffix === 'json' ? JSON.parse(read(path)) : parse(read(path))

  test('9, 15: an object in the place of a number', async () => {
    const path = await start()
    expect(await suite.sops(['set', path, '["a"]', '{"aa": "aaa"}'])).toMatchObject({ code: 0 })
    expect(data(path)).toMatchObject({ a: { aa: token }, b: token })
  })

  test('12, 16: a new object', async () => {
    const path = await start()
    expect(await suite.sops(['set', path, '["c"]', '{"cc": "ccc"}'])).toMatchObject({ code: 0 })
    expect(data(path)).toMatchObject({ a: token, b: token, c: { cc: token } })
  })

  test('13: the value in a file', async () => {
    const path = await start()
    const value = suite.file('value', '{"cc": "ccc"}')
    expect(await suite.sops(['set', '--value-file', path, '["c"]', value])).toMatchObject({ code: 0 })
    expect(data(path)).toMatchObject({ c: { cc: token } })
  })

  test('14: the value on stdin', async () => {
    const path = await start()
    const stdin = '{"cc": "ccc"}'
    expect(await suite.sops(['set', '--value-stdin', path, '["c"]'], { stdin })).toMatchObject({ code: 0 })
    expect(data(path)).toMatchObject({ c: { cc: token } })
  })

  test('11: --idempotent does not write the same again', async () => {
    const path = await start()
    const before = read(path)
    expect(await suite.sops(['set', '--output-type', 'yaml', '--idempotent', path, '["b"]', '"ba"'])).toMatchObject({
      code: 0,
    })
    expect(read(path)).toBe(before)
  })

  test('17: a string in the place of a number', async () => {
    const path = await start()
    expect(await suite.sops(['set', path, '["a"]', '"aaa"'])).toMatchObject({ code: 0 })
    expect(await suite.sops(['decrypt', '-i', path])).toMatchObject({ code: 0 })
    expect(data(path)).toEqual({ a: 'aaa', b: 'ba' })
  })

  test('18: the same with flags only', async () => {
    const path = suite.file(`compat.${suffix}`, '{"a": 2, "b": "ba"}')
    expect(await suite.sops(['-e', '-i', path])).toMatchObject({ code: 0 })
    expect(await suite.sops(['--set', '["a"] "aaa"', '-i', path])).toMatchObject({ code: 0 })
    expect(await suite.sops(['-d', '-i', path])).toMatchObject({ code: 0 })
    expect(data(path)).toEqual({ a: 'aaa', b: 'ba' })
  })
})

test('10: without --idempotent the file is written, here in another format than its name says', async () => {
  const path = await suite.encrypted('10.json', '{"a": 2, "b": "ba"}')
  expect(await suite.sops(['set', '--output-type', 'yaml', path, '["b"]', '"ba"'])).toMatchObject({ code: 0 })
  expect(read(path)).toMatch(/^a: /)
  expect(await suite.sops(['decrypt', '--input-type', 'yaml', '--output-type', 'yaml', path])).toMatchObject({
    code: 0,
    stdout: 'a: 2\nb: ba\n',
  })
})

describe.each([
  ['20', 'json', 1],
  ['21', 'yaml', 0],
])('%s: unset in a .%s file', (_, suffix, index) => {
  let path: string
  beforeAll(async () => {
    path = await suite.encrypted(`unset.${suffix}`, '{"a": 2, "b": "ba", "c": [1, 2]}')
  })

  test('a key, then the same key with --idempotent', async () => {
    expect(await suite.sops(['unset', path, '["a"]'])).toMatchObject({ code: 0 })
    const once = read(path)
    expect(parse(once)).toEqual({ b: token, c: [token, token], sops: expect.anything() })
    expect(await suite.sops(['unset', '--idempotent', path, '["a"]'])).toMatchObject({ code: 0 })
    expect(read(path)).toBe(once)
  })

  test('an element, then a missing element with --idempotent', async () => {
    expect(await suite.sops(['unset', path, `["c"][${index}]`])).toMatchObject({ code: 0 })
    const once = read(path)
    expect(parse(once)).toMatchObject({ b: token, c: [token] })
    expect(await suite.sops(['unset', '--idempotent', path, '["c"][1]'])).toMatchObject({ code: 0 })
    expect(read(path)).toBe(once)
    expect(await suite.sops(['decrypt', '--extract', '["c"][0]', path])).toMatchObject({
      code: 0,
      stdout: suffix === 'json' ? '1' : '2\n',
    })
  })
})
