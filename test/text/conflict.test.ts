import { expect, test } from 'vitest'
import { conflictLine } from '../../src/text/conflict.ts'

test.each<[string, number | undefined]>([
  ['<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n', 1],
  ['a\nb\n<<<<<<< HEAD\na\n||||||| base\nc\n=======\nb\n>>>>>>> x\n', 3],
  ['a\r\n<<<<<<< HEAD\r\na\r\n=======\r\nb\r\n>>>>>>> x\r\n', 2],
  ['<<<<<<<\n=======\n>>>>>>>', 1],
  ['<<<<<<< HEAD\na\n>>>>>>> x\n', 1],
  ['<<<<<<< HEAD\na\n', undefined],
  ['=======\na\n<<<<<<< HEAD\n', undefined],
  ['<<<<<<<< HEAD\n=======\n', undefined],
  [' <<<<<<< HEAD\n=======\n', undefined],
  ['<<<<<<<HEAD\n=======\n', undefined],
  ['', undefined],
])('%j: line %s', (text, line) => {
  expect(conflictLine(Buffer.from(text, 'latin1'))).toBe(line)
})
