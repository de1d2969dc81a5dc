import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quote, shellWord } from '../../src/text/quote.ts'
import { splitWords } from '../../src/text/words.ts'

const cases: readonly [string, string[] | undefined][] = [
  ['', []],
  [' \t\r\n', []],
  ['cat file', ['cat', 'file']],
  ["cat 'a  b'", ['cat', 'a  b']],
  ['cat "a  b"', ['cat', 'a  b']],
  ['a"b"\'c\'d', ['abcd']],
  ['""', ['']],
  ["x '' y", ['x', '', 'y']],
  ['a\\ b', ['a b']],
  ['"a\\"b\\n"', ['a"bn']],
  ["'a\\b'", ['a\\b']],
  ['a # b c\nd', ['a', 'd']],
  ['# all', []],
  ['a#b "#"', ['a#b', '#']],
  ['$HOME * ~', ['$HOME', '*', '~']],
  ['a "b', undefined],
  ["a 'b", undefined],
  ['a \\', undefined],
  ['"a\\', undefined],
]
test.each(cases)('words of %j', (text, words) => {
  expect(splitWords(text)).toEqual(words)
})

test('quoted words come back', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      const single = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
      expect(splitWords(single)).toEqual(words)
      const double = words.map((word) => `"${word.replace(/["\\]/g, '\\$&')}"`).join('\n')
      expect(splitWords(double)).toEqual(words)
    }),
  )
})

test.each([
  ['plain text', '"plain text"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ['\n\t\r\0\x7f', '"\\n\\t\\r\\x00\\x7f"'],
  ['ü 漢 😀', '"ü 漢 😀"'],
  ['\u00a0\u200b\u{e0001}', '"\\u00a0\\u200b\\U000e0001"'],
])('quoting %j', (text, quoted) => {
  expect(quote(text)).toBe(quoted)
})

test.each([
  ['f.yaml', 'f.yaml'],
  ['a b', "'a b'"],
  ["it's", "'it'\\''s'"],
  ['$(x)', "'$(x)'"],
  ['', "''"],
])('at a shell: %j', (text, word) => {
  expect(shellWord(text)).toBe(word)
})
