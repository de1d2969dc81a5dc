// Bytes that are not UTF-8 as text, and what is refused of it.
import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MapNode } from '../../src/tree/tree.ts'
import { bytesOfText, refuseBytes, textOfBytes } from '../../src/tree/utf8.ts'

test('any bytes come back, and only UTF-8 is well-formed text', () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const bytes = Buffer.concat(parts)
      const text = textOfBytes(bytes)
      expect(Buffer.compare(bytesOfText(text), bytes)).toBe(0)
      expect(text.isWellFormed()).toBe(isUtf8(bytes))
    }),
  )
})

test.each(['\ud800', 'a\udfff', '\udc00'])('%j stands for no bytes', (text) => {
  expect(() => bytesOfText(text)).toThrow('a lone surrogate is no text')
})

describe('what a format of text alone refuses', () => {
  const bad = textOfBytes(Uint8Array.of(0x61, 0xff))
  const bytes = { kind: 'leaf', value: Uint8Array.of(0xff) } as const
  const map = (...items: MapNode['items']): MapNode => ({ kind: 'map', items })
  const none = { bytes: false, comments: false }
  test.each([
    [map({ kind: 'entry', key: 'k', value: bytes }), none, 'the value ["k"]'],
    [map({ kind: 'entry', key: 'k', value: { kind: 'list', items: [bytes] } }), none, 'the value ["k"][0]'],
    [
      map({ kind: 'entry', key: 'k', value: map({ kind: 'entry', key: bad, value: map() }) }),
      none,
      'the key ["k"]["a\ufffd"]',
    ],
    [map({ kind: 'comment', text: bad, inline: false }), { ...none, comments: true }, 'a comment'],
  ])('%j', (root, holds, named) => {
    expect(() => refuseBytes(root, 'X', holds)).toThrow(`${named} holds bytes that are not UTF-8, which X cannot hold`)
  })

  test('values where it has bytes, and comments where it has none, pass', () => {
    refuseBytes(map({ kind: 'comment', text: bad, inline: false }, { kind: 'entry', key: 'k', value: bytes }), 'X', {
      bytes: true,
      comments: false,
    })
  })
})
