// How far the reading of a long text is: told in all of its stages, rising, and without a change to what is read.
import { describe, expect, test } from 'vitest'
import { type FormatId, formatIds, loadFormat } from '../../src/formats/index.ts'

const lines = 30_000
const long: Readonly<Record<Exclude<FormatId, 'binary'>, readonly string[]>> = {
  yaml: [
    Array.from({ length: lines }, (_, i) => `k${i}: v\n`).join(''),
    `a:\n${'- 1\n'.repeat(lines)}`,
    `a: [${'1, '.repeat(lines)}1]\n`,
    'a: 1\n---\n'.repeat(9000),
  ],
  json: [
    `{${Array.from({ length: lines }, (_, i) => `"k${i}": 1`).join(',\n')}}`,
    `{"a": [${Array.from({ length: lines }, () => '[1]').join()}]}`,
  ],
  dotenv: [Array.from({ length: lines }, (_, i) => `K${i}=v\n`).join(''), '# c\n'.repeat(lines)],
  ini: [
    Array.from({ length: lines }, (_, i) => `k${i} = v\n`).join(''),
    Array.from({ length: lines }, (_, i) => `[s${i}]\na = 1\n`).join(''),
  ],
}

const cases = Object.entries(long).flatMap(([id, texts]) =>
  texts.map((text) => ({ id: id as FormatId, text, about: text.slice(0, 20) })),
)

describe('a long text', () => {
  test.each(cases)('$id $about', async ({ id, text }) => {
    const format = await loadFormat(id)
    const bytes = Buffer.from(text)
    const shares: number[] = []
    const { tree } = format.parse(bytes, { progress: (share) => shares.push(share) })
    expect(shares.length).toBeGreaterThan(3)
    expect(shares.length).toBeLessThan(lines / 100)
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
    expect(Math.min(...shares)).toBeGreaterThan(0)
    expect(Math.max(...shares)).toBeLessThanOrEqual(1)
    // No stage goes by without a word.
    const gaps = [0, ...shares].map((share, i) => (shares[i] ?? 1) - share)
    expect(Math.max(...gaps)).toBeLessThan(0.4)
    expect(tree).toEqual(format.parse(bytes).tree)
  })

  test('dotenv, compared with a tree', async () => {
    const format = await loadFormat('dotenv')
    const bytes = Buffer.from(long.dotenv[0]!)
    const shares: number[] = []
    const { tree } = format.parse(bytes)
    expect(format.says?.(bytes, tree, { progress: (share) => shares.push(share) })).toBe(true)
    expect(shares.length).toBeGreaterThan(3)
  })
})

test.each(formatIds)('of a short %s there is nothing to tell', async (id) => {
  const text = { yaml: 'a: 1\n', json: '{"a": 1}', dotenv: 'A=1\n', ini: '[s]\na = 1\n', binary: 'x' }[id]
  const shares: number[] = []
  ;(await loadFormat(id)).parse(Buffer.from(text), { progress: (share) => shares.push(share) })
  expect(shares).toEqual([])
})
