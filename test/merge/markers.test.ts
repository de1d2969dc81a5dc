// Conflict markers: one pair around each conflict, both sides whole, nothing readable between them.
import { describe, expect, test } from 'vitest'
import type { FormatId } from '../../src/formats/types.ts'
import { readMarkers, withMarkers } from '../../src/merge/markers.ts'
import { edited, labels, merged, sealed } from './support.ts'

async function conflicting(format: FormatId, base: string, ours: string, theirs: string, draft = false) {
  const old = await sealed(base, format)
  const versions = { base: old, ours: await edited(old, ours, format), theirs: await edited(old, theirs, format) }
  return { ...(await merged(versions, format, { draft })), versions }
}

/** What stands between the markers, tokens shortened. */
const blocks = (text: string): string[] =>
  (text.match(/^<{7}[\s\S]*?^>{7}.*$/gm) ?? []).map((block) =>
    block.replace(/ENC\[[^\]]*\]/g, 'ENC').replaceAll('\r', '␍'),
  )

describe('each conflict has markers of its own', () => {
  const cases: readonly (readonly [string, FormatId, string, string, string, readonly string[]])[] = [
    ['a value', 'yaml', 'a: 1\nb: 1\n', 'a: 2\nb: 1\n', 'a: 3\nb: 1\n', ['a: ENC|a: ENC']],
    ['neighbours', 'yaml', 'a: 1\nb: 1\n', 'a: 2\nb: 2\n', 'a: 3\nb: 3\n', ['a: ENC|a: ENC', 'b: ENC|b: ENC']],
    [
      'a value in a map',
      'yaml',
      'm:\n    a: 1\n    b: 1\n',
      'm:\n    a: 2\n    b: 1\n',
      'm:\n    a: 3\n    b: 1\n',
      ['    a: ENC|    a: ENC'],
    ],
    ['removed by ours', 'yaml', 'a: 1\nb: 1\n', 'b: 1\n', 'a: 3\nb: 1\n', ['|a: ENC']],
    ['removed by theirs', 'yaml', 'a: 1\nb: 1\n', 'a: 2\nb: 1\n', 'b: 1\n', ['a: ENC|']],
    [
      'removed by each in turn, neighbours',
      'yaml',
      'a: 1\nb: 1\nc: 1\n',
      'b: 2\nc: 1\n',
      'a: 3\nc: 1\n',
      ['b: ENC|', '|a: ENC'],
    ],
    ['a map and a value', 'yaml', 'a: 1\nb: 1\n', 'a:\n    x: 1\nb: 1\n', 'a: 3\nb: 1\n', ['a:¶    x: ENC|a: ENC']],
    [
      'a map that both added',
      'yaml',
      'b: 1\n',
      'b: 1\nm:\n    x: 1\n    y: 1\n',
      'b: 1\nm:\n    x: 2\n    y: 1\n',
      ['    x: ENC|    x: ENC'],
    ],
    [
      'elements',
      'yaml',
      'l:\n    - a\n    - b\n',
      'l:\n    - t\n    - b\n',
      'l:\n    - u\n    - b\n',
      ['    - ENC|    - ENC'],
    ],
    [
      'appended elements',
      'yaml',
      'l:\n    - a\n',
      'l:\n    - a\n    - x\n',
      'l:\n    - a\n    - y\n    - z\n',
      ['    - ENC|    - ENC¶    - ENC'],
    ],
    [
      'a block scalar',
      'yaml',
      'a: |\n    1\n    2\nb: 1\n',
      'a: |\n    3\n    4\nb: 1\n',
      'a: |\n    5\n    6\nb: 1\n',
      ['a: |-¶    ENC|a: |-¶    ENC'],
    ],
    [
      'JSON',
      'json',
      '{\n\t"a": 1,\n\t"b": 1\n}\n',
      '{\n\t"a": 2,\n\t"b": 1\n}\n',
      '{\n\t"a": 3,\n\t"b": 1\n}\n',
      ['\t"a": "ENC",|\t"a": "ENC",'],
    ],
    ['dotenv', 'dotenv', 'a=1\nb=1\n', 'a=2\nb=2\n', 'a=3\nb=3\n', ['a=ENC|a=ENC', 'b=ENC|b=ENC']],
    ['ini', 'ini', '[p]\na = 1\nb = 1\n', '[p]\na = 2\nb = 1\n', '[p]\nb = 1\n', ['a = ENC|']],
  ]
  test.each(cases)('%s', async (_, format, base, ours, theirs, wanted) => {
    const { text, bytes, conflicts } = await conflicting(format, base, ours, theirs)
    const shown = blocks(text).map((block) => {
      const [own = '', other = ''] = block
        .split('\n')
        .slice(1, -1)
        .join('\n')
        .split(/^={7}$\n?/m)
      return `${own.trimEnd().replaceAll('\n', '¶')}|${other.trimEnd().replaceAll('\n', '¶')}`
    })
    expect(shown).toEqual(wanted)
    expect(conflicts).toHaveLength(wanted.length)
    expect(readMarkers(bytes)?.count).toBe(wanted.length)
  })

  test('JSON in one line: the line', async () => {
    const { text } = await conflicting('json', '{"a":1,"b":1}', '{"a":2,"b":1}', '{"a":3,"b":1}')
    expect(blocks(text)).toHaveLength(1)
  })

  test('bare bytes: the line of the data', async () => {
    const { text } = await conflicting('binary', 'a\n', 'b\n', 'c\n')
    expect(blocks(text)[0]).toMatch(/^<{7}.*\n\t?.*"data": "ENC",\n={7}\n.*"data": "ENC",\n>{7}/)
  })

  test('JSON without a comma behind: what is taken is whole JSON', async () => {
    const { bytes } = await conflicting(
      'json',
      '{\n\t"a": 1,\n\t"b": 1\n}\n',
      '{\n\t"a": 1\n}\n',
      '{\n\t"a": 1,\n\t"b": 2\n}\n',
    )
    const { ours, theirs } = readMarkers(bytes)!
    expect(Object.keys(JSON.parse(Buffer.from(ours).toString()))).toEqual(['a', 'sops'])
    expect(Object.keys(JSON.parse(Buffer.from(theirs).toString()))).toEqual(['a', 'b', 'sops'])
  })

  test('line ends are those of the file', async () => {
    const { text } = await conflicting('yaml', 'a: 1\r\nb: 1\r\n', 'a: 2\r\nb: 1\r\n', 'a: 3\r\nb: 1\r\n')
    expect(blocks(text)).toEqual(['<<<<<<< ours (main)␍\na: ENC␍\n=======␍\na: ENC␍\n>>>>>>> theirs (feature)'])
  })

  test('a line ends with a line feed, not with a carriage return alone', async () => {
    const text = (k: number): string => `{"x": 0,\r "y": 1,\n "k": ${k},\n "z": 1\n}\n`
    const { text: marked } = await conflicting('json', text(1), text(2), text(3))
    expect(blocks(marked)).toEqual([
      '<<<<<<< ours (main)\n "k": "ENC",\n=======\n "k": "ENC",\n>>>>>>> theirs (feature)',
    ])
  })

  test('a great many, in a time that grows with them', async () => {
    const text = (value: number): string => Array.from({ length: 3000 }, (_, i) => `k${i}=${value}\n`).join('')
    const { bytes, conflicts } = await conflicting('dotenv', text(1), text(2), text(3))
    expect(conflicts).toHaveLength(3000)
    expect(readMarkers(bytes)?.count).toBe(3000)
  }, 20_000)
})

describe('in plain text', () => {
  test('what was there before stands between the sides', async () => {
    const { text } = await conflicting('yaml', 'a: 1\nb: 1\nc: 1\n', 'a: 2\nb: 2\nc: 2\n', 'a: 3\nb: 3\nc: 1\n', true)
    const block = (key: string): string =>
      `<<<<<<< ours (main)\n${key}: 2\n||||||| base\n${key}: 1\n=======\n${key}: 3\n>>>>>>> theirs (feature)\n`
    expect(text).toBe(`${block('a')}${block('b')}c: 2\n`)
  })
})

describe('reading markers', () => {
  const text = 'x\n<<<<<<< a\n1\n||||||| b\n0\n=======\n2\n>>>>>>> c\ny\n'
  test('gives every side', () => {
    const sides = readMarkers(Buffer.from(text))!
    expect([sides.ours, sides.base, sides.theirs].map(String)).toEqual(
      ['x\n1\ny\n', 'x\n0\ny\n', 'x\n2\ny\n'].map((one) => String(Buffer.from(one))),
    )
  })
  test.each([
    ['none', 'a\nb\n'],
    ['one that does not end', '<<<<<<< a\n1\n=======\n2\n'],
    ['one in another', '<<<<<<< a\n<<<<<<< a\n=======\n>>>>>>> b\n'],
    ['an end without a beginning', '<<<<<<< a\n=======\n>>>>>>> b\n<<<<<<< a\n>>>>>>> b\n'],
  ])('refuses %s', (_, some) => {
    expect(readMarkers(Buffer.from(some))).toBeUndefined()
  })
  test('of another length', () => {
    const long = withMarkers(
      { ours: Buffer.from('a\n'), theirs: Buffer.from('b\n') },
      [],
      { ...labels, size: 12 },
      true,
    )
    expect(String(long)).toContain('<<<<<<<<<<<< ours')
    expect(String(Buffer.from(readMarkers(long)!.theirs))).toBe('b\n')
  })
})
