import { expect, test } from 'vitest'
import { type Witness, witness } from '../../src/cipher/coverage.ts'
import { compileRegex } from '../../src/cipher/index.ts'

const more = (expression: string, ...others: string[]): Promise<Witness> =>
  witness(expression, others, { states: 10_000 })

test.each<[string, string[], boolean]>([
  ['a', [], true],
  ['a$b', [], false],
  ['a^', [], false],
  ['[^\\x00-\\x{10FFFF}]', [], false],
  ['\\Ba\\b', [], true],
  ['a', ['a'], false],
  ['a', ['b'], true],
  ['a', ['.'], false],
  ['a', ['.*'], false],
  ['a', ['(?:)'], false],
  ['a', ['^.*$'], true],
  ['^a$', ['^.*$'], false],
  ['prod\\.yaml$', ['\\.yaml$'], false],
  ['\\.yaml$', ['prod\\.yaml$'], true],
  ['^prod/.*\\.yaml$', ['^prod/'], false],
  ['^prod/', ['^prod/.*\\.yaml$'], true],
  ['x\\.(yaml|json)$', ['\\.yaml$'], true],
  ['x\\.(yaml|json)$', ['\\.yaml$', '\\.json$'], false],
  ['x\\.ya?ml$', ['\\.y', '\\.e'], false],
  ['(?i)X', ['x', 'X'], false],
  ['X', ['(?i)x'], false],
  ['(?i)k', ['[kK]'], true],
  ['é', ['[^a-z]'], false],
  ['\\bprod\\b', ['prod'], false],
  ['prod', ['\\bprod\\b'], true],
  ['(?m)^a$', ['a'], false],
])('%j finds more than %j: %s', async (expression, others, expected) => {
  const found = await more(expression, ...others)
  expect(found).toEqual(expected ? { text: expect.any(String) } : 'none')
  if (typeof found === 'string') return
  const [wanted, ...rest] = await Promise.all([expression, ...others].map((one) => compileRegex(one)))
  expect([wanted?.(found.text), rest.some((test) => test(found.text))]).toEqual([true, false])
})

test('work that is too much is not done', async () => {
  const budget = { states: 50 }
  expect(await witness('(a|b)*a(a|b){12}$', ['(a|b)*b(a|b){12}$', '[^ab]', '^(a|b)*$'], budget)).toBe('unknown')
  expect(await witness('a', [], budget)).toBe('unknown')
})

test('an expression that does not compile is an error', async () => {
  await expect(more('(')).rejects.toThrow()
  await expect(more('a', '*.yaml')).rejects.toThrow()
})
