// The text of JSON documents: whatever is in names and values, strict parsers take it, and a terminal is not steered by it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonText } from '../../../src/cli/many/report.ts'
import { textOf } from '../../../src/system/index.ts'

test.each([
  ['a byte that is not UTF-8', textOf(Buffer.from([0x61, 0xe9, 0x62])), 'a\\xe9b'],
  ['a byte that is lost', 'a\udc00', 'a\ufffd'],
  ['half a character', 'a\ud83d', 'a\ufffd'],
  ['a whole one', '😀', '😀'],
  ['what reads like an escape', '\\udce9 \\\\udce9', '\\udce9 \\\\udce9'],
  ['what commands the runner of a job', '##[add-mask]x ##vso[x] ###', '##[add-mask]x ##vso[x] ###'],
  ['what steers terminals', '\x1b[2J\u202e\u{e0001}', '\x1b[2J\u202e\u{e0001}'],
])('%s', (_, text, read) => {
  const json = jsonText({ [text]: text })
  expect(JSON.parse(json)).toEqual({ [read]: read })
  expect(json).not.toMatch(/[\x1b\u202e]|##/)
})

test('law: any text but for halves of characters is read as it was, and there is never a half', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), fc.string({ unit: 'binary' }), (texts, key) => {
      const data = { [`k${key}`]: texts }
      expect(JSON.parse(jsonText(data, 2))).toEqual(data)
    }),
  )
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0xd700, max: 0xe0ff })), (units) => {
      expect((JSON.parse(jsonText([String.fromCharCode(...units)])) as string[])[0]!.isWellFormed()).toBe(true)
    }),
  )
})
