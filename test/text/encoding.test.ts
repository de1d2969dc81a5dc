// UTF-16 is told from everything else.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf16Of, utf16Problem } from '../../src/text/encoding.ts'

const encoded = (text: string, kind: 'le' | 'be', mark: boolean): Buffer => {
  const bytes = Buffer.from((mark ? '\ufeff' : '') + text, 'utf16le')
  return kind === 'le' ? bytes : bytes.swap16()
}

const texts = ['A=1\n', '{"a": "é"}', 'a: 1\r\n', '[s]\nk = v\n', 'AGE-SECRET-KEY-1QQQ', 'KEY=日本語\r\n']

describe.each(texts)('%j', (text) => {
  test.each([true, false])('with a byte order mark: %s', (mark) => {
    expect(utf16Of(encoded(text, 'le', mark))).toBe('UTF-16LE')
    expect(utf16Of(encoded(text, 'be', mark))).toBe('UTF-16BE')
    expect(utf16Of(Buffer.from(mark ? `\ufeff${text}` : text))).toBeUndefined()
  })
})

test('a byte order mark makes text of other scripts known, too', () => {
  expect(utf16Of(encoded(`# ${'日本語'.repeat(200)}\nA=${'語'.repeat(20)}\n`.repeat(3), 'le', true))).toBeUndefined()
  expect(utf16Of(encoded('# 日本語の設定\nKEY=語\n', 'le', true))).toBe('UTF-16LE')
})

test('UTF-8 never is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      fc.pre(!text.includes('\0'))
      expect(utf16Of(Buffer.from(text))).toBeUndefined()
    }),
  )
})

test('an encrypted file whose first name holds a mark of two bytes is none', () => {
  const file = Buffer.from(`A\0=ENC[AES256_GCM,data:${'x'.repeat(200)}]\nsops_version=3\n`, 'latin1')
  expect(utf16Of(Buffer.concat([Buffer.from([0xff, 0xfe]), file]))).toBeUndefined()
})

test('the problem says what to do', () => {
  expect(utf16Problem(encoded('A=1\n', 'be', false))).toMatch(/UTF-16BE.*save it as UTF-8.*BigEndianUnicode/)
})
