import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exactJson, jsonText } from '../../src/vault/json.ts'

test('text with integers of any size, and with the sign of zero', () => {
  expect(jsonText({ a: [1, -0, 9007199254740993n, 'x"', null, true], b: {} })).toBe(
    '{"a":[1,-0,9007199254740993,"x\\"",null,true],"b":{}}',
  )
})

test.each([
  ['1', '1.0'],
  ['1', '10e-1'],
  ['100', '1E+2'],
  ['0', '0.00e7'],
  ['-0', '-0.0'],
  ['9007199254740993', '9007199254740993.0'],
  ['1e400', '1000e397'],
])('%s and %s are the same number', (a, b) => {
  expect(exactJson(`[${a}]`)).toEqual(exactJson(`[${b}]`))
})

test.each([
  ['9007199254740992', '9007199254740993'],
  ['0', '-0'],
  ['0.1', '0.10000000000000000001'],
  ['1e400', '1e401'],
  ['1', '"1"'],
  ['1', '"\\u00011e0"'],
  ['"\\u00011e0"', '"\\u0001\\u00011e0"'],
  ['1', 'true'],
])('%s and %s are not', (a, b) => {
  expect(exactJson(`[${a}]`)).not.toEqual(exactJson(`[${b}]`))
})

test('what is no number stays what it is, as long as it does not begin with the mark', () => {
  fc.assert(
    fc.property(
      fc.jsonValue().filter((value) => !/\d|\\u0001/.test(JSON.stringify(value).replace(/"(?:[^"\\]|\\.)*"/g, ''))),
      (value) => {
        expect(exactJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))
      },
    ),
  )
})

test('values are equal if their texts are', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const isSame = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
      expect(JSON.stringify(sorted(exactJson(jsonText(a)))) === JSON.stringify(sorted(exactJson(jsonText(b))))).toBe(
        isSame,
      )
    }),
  )
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, one]) => [name, sorted(one)])
}

test.each(['{"a":', '{"a":"', '[1,]', '-', '"\\'])('%s is refused', (text) => {
  expect(() => exactJson(text)).toThrow(SyntaxError)
})

test('a long text takes time in proportion to its length', () => {
  const text = `["${'a\\"'.repeat(500_000)}",1${'0'.repeat(500_000)}1]`
  expect(exactJson(text)).toHaveLength(2)
})
