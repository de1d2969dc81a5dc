import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import { compileRegex } from '../../src/cipher/expression.ts'

describe('dialect', () => {
  test.each([
    '(?=a)',
    '(?!a)',
    '(?<=a)',
    '(?<!a)',
    '(a)\\1',
    '(?#x)',
    '(?x)a',
    'a++',
    'a**',
    '\\Z',
    '\\h',
    '\\e',
    '\\K',
    '\\N',
    '\\R',
    '\\X',
    '\\cA',
    '\\u0041',
    '[a-\\d]',
    'a{1001}',
    '(',
    ')',
    '[',
    '\\',
    '*a',
  ])('%s is invalid', async (text) => {
    await expect(compileRegex(text)).rejects.toThrow()
  })

  test.each<[string, string, boolean]>([
    ['(?i)k', '\u212a', true],
    ['(?i)s', '\u017f', true],
    ['(?s)a.b', 'a\nb', true],
    ['a.b', 'a\nb', false],
    ['a.b', 'a\rb', true],
    ['a.b', 'a\u2028b', true],
    ['(?m)^b$', 'a\nb\nc', true],
    ['a$', 'a\n', false],
    ['\\Aa\\z', 'a', true],
    ['\\Q.*\\E', '.*', true],
    ['\\Q.*\\E', 'ab', false],
    ['^[[:alpha:]]+$', 'ab', true],
    ['^\\pL$', 'é', true],
    ['^\\x{1F600}$', '😀', true],
    ['^.$', '😀', true],
    ['^\\012$', '\n', true],
    ['^[]a]$', ']', true],
    ['^[^]a]$', ']', false],
    ['^a{2$', 'a{2', true],
    ['^a{,3}$', 'a{,3}', true],
    ['^}]$', '}]', true],
    ['^\\_\\-\\/$', '_-/', true],
    ['^\\d$', '٣', false],
    ['^\\s$', '\u00a0', false],
    ['^\\s$', '\v', false],
    ['^\\s$', '\f', true],
    ['^(?P<n>a)(?<m>b)$', 'ab', true],
    ['(?U)a+', 'aa', true],
    ['\\bé', 'aé', true],
  ])('%s on %j', async (text, input, expected) => expect((await compileRegex(text))(input)).toBe(expected))

  test('expressions of words alone mean what the engine says', async () => {
    const piece = fc.constantFrom('^', '$', '(', ')', '|', 'a', 'b', 'ab', '-', '_1')
    const word = fc.array(fc.constantFrom('a', 'b', 'ab', '-', '_1', '\n'), { maxLength: 3 }).map((p) => p.join(''))
    const whole = fc
      .tuple(
        fc.constantFrom('', '^'),
        fc.array(fc.constantFrom('a', 'b', 'ab', '-'), { minLength: 1, maxLength: 3 }),
        fc.constantFrom('', '$'),
      )
      .map(([start, words, end]) => `${start}(${words.join('|')})${end}`)
    const expression = fc.oneof(
      whole,
      fc.array(piece, { maxLength: 6 }).map((p) => p.join('')),
    )
    await fc.assert(
      fc.asyncProperty(expression, word, async (text, input) => {
        let expected: boolean | undefined
        try {
          expected = RE2JS.compile(text).test(input)
        } catch {}
        const found = await compileRegex(text).then(
          (matches) => matches(input),
          () => undefined,
        )
        expect(found).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })

  test('no backtracking', async () => {
    expect((await compileRegex('^(a+)+$'))(`${'a'.repeat(5000)}b`)).toBe(false)
  })
})

describe('expressions that would cost too much are refused', () => {
  const large = 'repeats too much: it would have more than 10000 instructions'
  test.each([
    ['longer than 4 KiB', 'a'.repeat(4097), 'has 4097 bytes, and at most 4096 are taken'],
    ['longer in bytes', 'é'.repeat(2049), 'has 4098 bytes, and at most 4096 are taken'],
    ['many repetitions', 'a{1000}'.repeat(11), large],
    ['at least so many', 'a{1000,}'.repeat(11), large],
    ['up to so many', '(?:a{0,1000}){0}'.repeat(11), large],
    ['a long item', `(?:${'a'.repeat(50)}){999}`, large],
    ['repetitions in repetitions', '(?:(?:a{99}){99}){99}', large],
    ['of a class', '[[:alpha:]_(]{1000}'.repeat(11), large],
    ['of an escape', '\\.{1000}'.repeat(11), large],
    ['behind a group that never ends', `(${'a{1000}'.repeat(11)}`, large],
  ])('%s', async (_, text, problem) => {
    await expect(compileRegex(text, 'the encrypted_regex')).rejects.toThrow(`the encrypted_regex ${problem}`)
  })

  test.each([
    ['4 KiB', 'a'.repeat(4096)],
    ['many words', `^(${Array.from({ length: 500 }, (_, i) => `key${i}.`).join('|')})$`],
    ['a thousand', '^.{1,1000}$'],
    ['two bounds', '^[a-z]{2,63}(\\.[a-z]{2,63}){1,8}$'],
    ['braces that are text', '^{2000}{3000}$'.replaceAll('{', '\\{')],
  ])('but not %s', async (_, text) => {
    expect(typeof (await compileRegex(text))).toBe('function')
  })

  test('never more instructions than were estimated', async () => {
    const piece = fc.constantFrom(
      'a',
      '.',
      '(',
      '(?:',
      ')',
      '{9}',
      '{2,30}',
      '{0,9}',
      '{3,}',
      '*',
      '|',
      '[a]',
      '[]b]',
      '\\.',
      '?',
      '^',
    )
    const text = fc.array(piece, { maxLength: 14 }).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(text, async (text) => {
        const isTaken = await compileRegex(text).then(
          () => true,
          () => false,
        )
        // An instruction may need some more for its alternatives.
        if (isTaken) expect(RE2JS.compile(text).programSize()).toBeLessThan(5 * 10_000)
      }),
      { numRuns: 500 },
    )
  })

  test('texts that are too many for the expression', async () => {
    const search = await compileRegex('^(?:.{0,9}x){9}$', 'the encrypted_regex')
    expect(() => {
      for (let i = 0; i < 150; i++) search('-'.repeat(100_000))
    }).toThrow('the encrypted_regex is too costly for the texts of this file')
  })

  test('the same key again costs nothing', async () => {
    const search = await compileRegex('^(?:.{0,30}x){30}$')
    for (let i = 0; i < 100_000; i++) expect(search('abcdefghijklmnopqrst')).toBe(false)
  })
})
