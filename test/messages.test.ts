// docs/messages.md has every message with its kind: what it lists and what the sources say are the same.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './support/build.ts'
import { messages, writes } from './support/messages.ts'

const docs = readFileSync(join(root, 'docs/messages.md'), 'utf8')

/** The cells of the rows below a heading, without the table's own head. */
function rowsBelow(heading: string): string[][] {
  const [, rest = ''] = docs.split(`\n## ${heading}\n`)
  const lines = rest
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('| '))
  return lines.slice(2).map((line) =>
    line
      .slice(2, -1)
      .split(' | ')
      .map((cell) => cell.trim()),
  )
}

/** Which levels a kind may have. */
const levelsOf: Readonly<Record<string, RegExp>> = {
  error: /^(error|fatal)$/,
  danger: /^warning$/,
  SOPS: /^warning$/,
  advice: /^advice$/,
  'danger or advice': /^advice\/warning$/,
  detail: /^(info|debug)$/,
}

const listed = rowsBelow('Messages').map(([kind, level, logger, message, why]) => ({
  kind,
  level,
  logger,
  message,
  why,
}))
const flat = (text: string): string => text.replace(/\s+/g, ' ').trim()
const name = (level: string | undefined, logger: string | undefined, text: string | undefined): string =>
  `${level} ${logger} ${flat(text ?? '')}`

test('every message of the sources is listed, and no other', () => {
  const said = messages().map(({ levels, logger, text }) => name(levels.join('/'), logger, text))
  expect(said.length).toBeGreaterThan(40)
  expect([...new Set(listed.map(({ level, logger, message }) => name(level, logger, message)))].sort()).toEqual(
    [...new Set(said)].sort(),
  )
})

test.each(listed)('$kind: $message', ({ kind, level, why }) => {
  expect(level).toMatch(levelsOf[kind!]!)
  if (/danger|advice/.test(kind!)) expect(why, 'why it is one').not.toBe('')
})

test('every place that writes past the log is listed', () => {
  expect([...new Set(writes().map(({ file }) => file))].sort()).toEqual(
    rowsBelow('Past the log')
      .map(([file]) => file)
      .sort(),
  )
})
