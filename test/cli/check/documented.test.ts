// docs/check.md has every rule, with the level that it has.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rules } from '../../../src/check/index.ts'

const text = readFileSync(new URL('../../../docs/check.md', import.meta.url), 'utf8')
const words = { off: 'off', info: 'note', warn: 'warning', error: 'error' } as const

test('every rule is listed in the order of the table', () => {
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (\w+) \|/gm)].map(([, id, level]) => [id, level])
  expect(rows).toEqual(rules.map(({ id, level }) => [id, words[level]]))
})
