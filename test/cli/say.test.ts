import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Control, type Line, lineText, say, sayPart, withoutSecretLines } from '../../src/cli/say.ts'
import { bufferHost } from '../support/cli.ts'

test.each([
  ['a line end', 'a\n+++ age1good', 'a\\n+++ age1good'],
  ['a carriage return', 'a\rb', 'a\\rb'],
  ['a tab', 'a\tb', 'a\\tb'],
  ['an escape', '\x1b[2J', '\\x1b[2J'],
  ['an escape in one character', '\x9b2J', '\\u009b2J'],
  ['a line end of Unicode', 'a\u2028b\u2029c\x85d', 'a\\u2028b\\u2029c\\u0085d'],
  ['another direction', 'a\u202eb\u2066c\u200fd', 'a\\u202eb\\u2066c\\u200fd'],
  ['what has no width', 'a\u200bb\u200dc\ufeffd\u00ade', 'a\\u200bb\\u200dc\\ufeffd\\u00ade'],
  ['what is not seen', 'a\u3164b\u115fc\u{e0041}d', 'a\\u3164b\\u115fc\\U000e0041d'],
  ['half a character', 'a\ud83db', 'a\\ufffdb'],
  ['a byte that is no UTF-8', 'a\udce9b', 'a\\xe9b'],
  ['letters of all kinds', 'é ß 日本語 עברית 🔑 "q" \\n', 'é ß 日本語 עברית 🔑 "q" \\n'],
])('%s', (_, text, shown) => {
  expect(lineText(text)).toBe(shown)
})

test('colours are our own, and text within them is not', () => {
  const line: Line = [new Control('\x1b[31m'), ['a\x1b[0m', '\n'], new Control('\x1b[0m'), 'b']
  expect(lineText(line)).toBe('\x1b[31ma\\x1b[0m\\n\x1b[0mb')
})

test('as many lines come out as were said, of characters that are seen', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), async (lines) => {
      const host = bufferHost()
      await say(host.stdout, ...lines)
      await sayPart(host.stdout, 'end')
      const text = Buffer.concat(host.written.stdout).toString()
      expect(text.split('\n')).toHaveLength(lines.length + 1)
      expect(text).not.toMatch(/(?!\n)[\p{C}\p{DI}\p{Zl}\p{Zp}]/u)
    }),
  )
})

test('a secret of several lines is no secret in one of them', () => {
  const lines = ['x', '-----BEGIN PRIVATE KEY-----', 'AAAA', '-----END PRIVATE KEY-----', 'y']
  expect(withoutSecretLines(lines, {}).join('\n')).toBe('x\n(a secret, not shown)\ny')
  expect(withoutSecretLines(['a two\nlines-token b'], { VAULT_TOKEN: 'two\nlines-token' })).toEqual([
    'a (a secret, not shown) b',
  ])
})
