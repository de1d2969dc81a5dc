// Lines and columns as editors count them: every line end counts once, every character once, a byte order mark never.
import { describe, expect, test } from 'vitest'
import { lineIn, positionIn } from '../../src/text/position.ts'

describe('the place of X', () => {
  test.each([
    ['X', 1, 1],
    ['abX', 1, 3],
    ['a\nX', 2, 1],
    ['a\r\nbX', 2, 2],
    ['a\rbX', 2, 2],
    ['a\n\r\n\rX', 4, 1],
    ['a\n\nX', 3, 1],
    // Editors show these within a line.
    ['a\u2028b\u2029c\u0085dX', 1, 8],
    ['a\u000b\fX', 1, 4],
    ['\t\tX', 1, 3],
    ['é語X', 1, 3],
    ['e\u0301X', 1, 3],
    ['😀😀X', 1, 3],
    ['a\n😀 X', 2, 3],
    // Bytes that are not UTF-8 (tree/utf8.ts): one each.
    ['\udcff\udce9X', 1, 3],
    ['\ufeffX', 1, 1],
    ['\ufeffabX', 1, 3],
    ['\ufeff\nabX', 2, 3],
    ['a\n\ufeffX', 2, 2],
  ])('%j', (text, line, column) => {
    const offset = text.indexOf('X')
    expect(positionIn(text, offset)).toEqual({ line, column })
    expect(lineIn(text, offset)).toBe(line)
  })
})

test('what is there ends before the text does', () => {
  expect(positionIn('ab\n', 3)).toEqual({ line: 2, column: 1 })
  expect(positionIn('ab', 9)).toEqual({ line: 1, column: 3 })
  expect(positionIn('\ufeffab', 0)).toEqual({ line: 1, column: 1 })
  expect(positionIn('', 0)).toEqual({ line: 1, column: 1 })
})

test('between CR and LF is still the line that they end', () => {
  expect(positionIn('ab\r\nc', 3)).toEqual({ line: 1, column: 4 })
})
