import { expect, test } from 'vitest'
import { wordWrap } from '../../src/text/wrap.ts'

test.each([
  ['one two three', 7, 'one two\nthree'],
  ['one two three', 8, 'one two\nthree'],
  ['one\ntwo three', 20, 'one\ntwo three'],
  ['a verylongword b', 5, 'a verylongword\nb'],
  ['no\u00a0break here', 6, 'no\u00a0break\nhere'],
  ['', 5, ''],
  ['a\n\nb', 5, 'a\n\nb'],
])('%j wrapped at %i', (text, columns, wrapped) => expect(wordWrap(text, columns)).toBe(wrapped))
