// What becomes of a value in three versions: every case of a leaf, a map, a list and a comment, in every format that has them.
import { describe, expect, test } from 'vitest'
import type { FormatId } from '../../src/formats/types.ts'
import { edited, merged, mergedPlain, plainOf, sealed } from './support.ts'

/** The part of a file that differs between the versions; `undefined` = the key is not there. */
type Versions = readonly [base: string | undefined, ours: string | undefined, theirs: string | undefined]

/** What is there afterwards; `conflict` where nothing decides. */
type Case = readonly [name: string, versions: Versions, result: string | undefined]
const conflict = 'conflict'

/** A file with the entry `key` between two others that nobody touches. */
interface Written {
  readonly format: FormatId
  readonly path: string
  readonly text: (value: string | undefined) => string
}

const files: readonly Written[] = [
  {
    format: 'yaml',
    path: '["key"]',
    text: (value) => `first: 1\n${value === undefined ? '' : `key: ${value}\n`}last: 2\n`,
  },
  {
    format: 'yaml',
    path: '["deep"]["key"]',
    text: (value) => `deep:\n    first: 1\n${value === undefined ? '' : `    key: ${value}\n`}    last: 2\n`,
  },
  {
    format: 'json',
    path: '["key"]',
    text: (value) => `{\n\t"first": 1,\n${value === undefined ? '' : `\t"key": ${value},\n`}\t"last": 2\n}\n`,
  },
  {
    format: 'json',
    path: '["key"]',
    text: (value) => `{"first": 1${value === undefined ? '' : `, "key": ${value}`}, "last": 2}`,
  },
]
const flat: readonly Written[] = [
  {
    format: 'dotenv',
    path: '["key"]',
    text: (value) => `first=1\n${value === undefined ? '' : `key=${value}\n`}last=2\n`,
  },
  {
    format: 'ini',
    path: '["part"]["key"]',
    text: (value) => `[part]\nfirst = 1\n${value === undefined ? '' : `key = ${value}\n`}last = 2\n`,
  },
]

/** Of any values: `a`, `b` and `c` differ. */
const general = (a: string, b: string, c: string): readonly Case[] => [
  ['nobody changes it', [a, a, a], a],
  ['ours changes it', [a, b, a], b],
  ['theirs changes it', [a, a, b], b],
  ['both change it alike', [a, b, b], b],
  ['both change it, each in its own way', [a, b, c], conflict],
  ['ours adds it', [undefined, a, undefined], a],
  ['theirs adds it', [undefined, undefined, a], a],
  ['both add it alike', [undefined, a, a], a],
  ['both add it, each its own', [undefined, a, b], conflict],
  ['ours removes it', [a, undefined, a], undefined],
  ['theirs removes it', [a, a, undefined], undefined],
  ['both remove it', [a, undefined, undefined], undefined],
  ['ours removes it, theirs changes it', [a, undefined, b], conflict],
  ['ours changes it, theirs removes it', [a, b, undefined], conflict],
]

const leaves: readonly Case[] = [
  ...general('"a"', '"b"', '"c"'),
  ['a text is no number', ['1', '"1"', '2'], conflict],
  ['null is not absent', ['"a"', 'null', '"a"'], 'null'],
  ['an empty text is a value', ['"a"', '"a"', '""'], '""'],
  ['ours makes it null, theirs removes it', ['"a"', 'null', undefined], conflict],
]
const maps: readonly Case[] = [
  ['ours makes it a map', ['"a"', '{"x": 1}', '"a"'], '{"x": 1}'],
  ['theirs makes it a map', ['"a"', '"a"', '{"x": 1}'], '{"x": 1}'],
  ['each changes another key', ['{"x": 1, "y": 1}', '{"x": 2, "y": 1}', '{"x": 1, "y": 2}'], '{"x": 2, "y": 2}'],
  ['each adds a key', ['{"x": 1}', '{"x": 1, "y": 2}', '{"x": 1, "z": 3}'], '{"x": 1, "z": 3, "y": 2}'],
  ['each adds a map there', [undefined, '{"x": 1}', '{"y": 2}'], '{"y": 2, "x": 1}'],
  [
    'one removes a key, the other adds one',
    ['{"x": 1, "y": 1}', '{"y": 1}', '{"x": 1, "y": 1, "z": 1}'],
    '{"y": 1, "z": 1}',
  ],
  ['ours removes the map, theirs changes a key in it', ['{"x": 1}', undefined, '{"x": 2}'], conflict],
  ['a map and a list', ['"a"', '{"x": 1}', '["x"]'], conflict],
  [
    'theirs has only another order',
    ['{"x": 1, "y": 2}', '{"x": 1, "y": 2, "z": 3}', '{"y": 2, "x": 1}'],
    '{"x": 1, "y": 2, "z": 3}',
  ],
]
const lists: readonly Case[] = [
  ...general('["a"]', '["b"]', '["c"]'),
  ['each changes another element', ['["a", "b", "c"]', '["x", "b", "c"]', '["a", "b", "y"]'], '["x", "b", "y"]'],
  ['each changes one of two neighbours', ['["a", "b"]', '["x", "b"]', '["a", "y"]'], '["x", "y"]'],
  ['each appends its own', ['["a"]', '["a", "b"]', '["a", "c"]'], conflict],
  ['one puts in front, one appends', ['["a"]', '["x", "a"]', '["a", "y"]'], '["x", "a", "y"]'],
  ['both append the same', ['["a"]', '["a", "b"]', '["a", "b"]'], '["a", "b"]'],
  [
    'one removes, the other appends elsewhere',
    ['["a", "b", "c"]', '["b", "c"]', '["a", "b", "c", "d"]'],
    '["b", "c", "d"]',
  ],
  [
    'elements with names, each changes another',
    [
      '[{"name": "x", "v": 1}, {"name": "y", "v": 1}]',
      '[{"name": "x", "v": 2}, {"name": "y", "v": 1}]',
      '[{"name": "x", "v": 1}, {"name": "y", "v": 2}]',
    ],
    '[{"name": "x", "v": 2}, {"name": "y", "v": 2}]',
  ],
  [
    'elements with names, each adds one',
    ['[{"id": "x"}]', '[{"id": "x"}, {"id": "o"}]', '[{"id": "x"}, {"id": "t"}]'],
    '[{"id": "x"}, {"id": "t"}, {"id": "o"}]',
  ],
  [
    'elements with names, one side removes what the other changes',
    ['[{"name": "x", "v": 1}, {"name": "y"}]', '[{"name": "y"}]', '[{"name": "x", "v": 2}, {"name": "y"}]'],
    conflict,
  ],
  [
    'elements with names, theirs puts them into another order',
    [
      '[{"name": "x", "v": 1}, {"name": "y"}, {"name": "z"}]',
      '[{"name": "x", "v": 2}, {"name": "y"}, {"name": "z"}, {"name": "o"}]',
      '[{"name": "z"}, {"name": "x", "v": 1}, {"name": "t"}, {"name": "y"}]',
    ],
    '[{"name": "z"}, {"name": "o"}, {"name": "x", "v": 2}, {"name": "t"}, {"name": "y"}]',
  ],
  [
    'elements with names, each side puts them into another order',
    [
      '[{"id": "x"}, {"id": "y"}, {"id": "z"}]',
      '[{"id": "z"}, {"id": "x"}, {"id": "y"}]',
      '[{"id": "y"}, {"id": "x"}, {"id": "z"}]',
    ],
    conflict,
  ],
  ['a list and a text', ['["a"]', '"b"', '["c"]'], conflict],
]

const inConflict = (name: string): RegExp => new RegExp(name.replace(/[[\]]/g, '\\$&'))

describe.each(files)('$format at $path', ({ format, path, text }) => {
  test.each([...leaves, ...maps, ...lists])('%s', async (_, [base, ours, theirs], result) => {
    const outcome = await mergedPlain(format, text(base), text(ours), text(theirs))
    // In one line quotes may change, but never what it says, or the order of it.
    const said = (some: string): string => some.replace(/"|\s/g, '')
    if (result !== conflict) expect(said(outcome as string)).toBe(said(text(result)))
    else expect(outcome).toEqual([expect.stringMatching(inConflict(path))])
  })
})

describe.each(flat)('$format at $path', ({ format, path, text }) => {
  test.each(general('a', 'b', 'c'))('%s', async (_, [base, ours, theirs], result) => {
    const outcome = await mergedPlain(format, text(base), text(ours), text(theirs))
    expect(outcome).toEqual(result === conflict ? [path] : text(result))
  })
})

describe('bare bytes', () => {
  const cases: readonly Case[] = [
    ['one side changes a line', ['a\nb\nc\n', 'x\nb\nc\n', 'a\nb\nc\n'], 'x\nb\nc\n'],
    ['each changes another line', ['a\nb\nc\n', 'x\nb\nc\n', 'a\nb\ny\n'], 'x\nb\ny\n'],
    ['both change one line', ['a\nb\n', 'x\nb\n', 'y\nb\n'], conflict],
  ]
  test.each(cases)('%s', async (_, [base = '', ours = '', theirs = ''], result) => {
    expect(await mergedPlain('binary', base, ours, theirs)).toEqual(result === conflict ? ['["data"]'] : result)
  })

  test('what is no text is one value', async () => {
    const base = await sealed(Buffer.from([0, 1, 10, 2, 10]), 'binary')
    const ours = await edited(base, Buffer.from([0, 9, 10, 2, 10]), 'binary')
    const theirs = await edited(base, Buffer.from([0, 1, 10, 8, 10]), 'binary')
    const { conflicts } = await merged({ base, ours, theirs }, 'binary')
    expect(conflicts).toHaveLength(1)
  })
})

describe('versions in several formats', () => {
  const yaml = 'a: 1\nb: x\n'
  const json = '{"a": 1, "b": "x"}'

  const said = (text: string): string => text.replaceAll('"', '')

  test.each<[string, FormatId, string, string]>([
    ['ours', 'json', json, yaml],
    ['theirs', 'yaml', yaml, json],
  ])('%s was written anew in another one, under another data key', async (side, format, before, after) => {
    const old = await sealed(before, format)
    const changed = await edited(old, before.replace('x', 'y'), format)
    const converted = await sealed(after, format === 'yaml' ? 'json' : 'yaml')
    const [ours, theirs] = side === 'ours' ? [converted, changed] : [changed, converted]
    const own = side === 'ours' ? 'yaml' : format
    const { bytes, conflicts } = await merged({ base: old, ours, theirs }, own)
    expect(conflicts).toEqual([])
    expect(said(await plainOf(bytes, own))).toBe(said((side === 'ours' ? after : before).replace('x', 'y')))
  })

  test.each([
    [json, yaml],
    [yaml, json],
  ])('the result is in that of ours: %j', async (own, other) => {
    const [format, rest]: FormatId[] = own === yaml ? ['yaml', 'json'] : ['json', 'yaml']
    const base = await sealed(own, format!)
    const ours = await sealed(own, format!)
    const theirs = await sealed(other.replace('x', 'y'), rest!)
    const { bytes } = await merged({ base, ours, theirs }, format!)
    expect(said(await plainOf(bytes, format!))).toBe(said(own.replace('x', 'y')))
  })
})

describe('documents', () => {
  const named = (name: string, value: number): string =>
    `apiVersion: v1\nkind: Secret\nmetadata:\n    name: ${name}\nvalue: ${value}\n`
  const bare = (name: string, value: number): string => `${name}: ${value}\nvalue: ${value}\n`
  const text = (...documents: readonly string[]): string => documents.join('---\n')
  const cases: readonly (readonly [string, readonly [string, string, string], string | undefined])[] = [
    [
      'a change goes to the document of its name, wherever that stands',
      [text(named('a', 1), named('b', 1)), text(named('a', 2), named('b', 1)), text(named('b', 1), named('a', 1))],
      text(named('a', 2), named('b', 1)),
    ],
    [
      'as many come as go',
      [text(named('a', 1), named('b', 1)), text(named('a', 1), named('b', 2)), text(named('b', 1), named('c', 1))],
      text(named('b', 2), named('c', 1)),
    ],
    [
      'one goes that the other side changed',
      [text(named('a', 1), named('b', 1)), text(named('a', 2), named('b', 1)), text(named('b', 1), named('c', 1))],
      undefined,
    ],
    [
      'without names one that stands elsewhere is not taken for another',
      [text(bare('a', 1), bare('b', 1)), text(bare('a', 2), bare('b', 1)), text(bare('b', 1), bare('c', 1))],
      undefined,
    ],
    [
      'without names those in one place belong together',
      [text(bare('a', 1), bare('b', 1)), text(bare('a', 2), bare('b', 1)), text(bare('a', 1), bare('b', 3))],
      text(bare('a', 2), bare('b', 3)),
    ],
  ]
  test.each(cases)('%s', async (_, [base, ours, theirs], result) => {
    const old = await sealed(base, 'yaml')
    const versions = { base: old, ours: await edited(old, ours, 'yaml'), theirs: await edited(old, theirs, 'yaml') }
    const { kind, bytes } = await merged(versions, 'yaml')
    if (result === undefined) expect(kind).toBe('apart')
    else expect(await plainOf(bytes, 'yaml')).toBe(result)
  })
})

describe('comments', () => {
  const cases: readonly (readonly [string, readonly [string, string, string], string])[] = [
    ['ours changes it', ['# a\nk: 1\n', '# b\nk: 1\n', '# a\nk: 2\n'], '# b\nk: 2\n'],
    ['theirs changes it', ['# a\nk: 1\n', '# a\nk: 2\n', '# b\nk: 1\n'], '# b\nk: 2\n'],
    ['theirs adds one', ['k: 1\n', 'k: 2\n', '# b\nk: 1\n'], '# b\nk: 2\n'],
    ['theirs removes it', ['# a\nk: 1\n', '# a\nk: 2\n', 'k: 1\n'], 'k: 2\n'],
    ['both change it: ours, then theirs', ['# a\nk: 1\n', '# b\nk: 1\n', '# c\nk: 1\n'], '# b\n# c\nk: 1\n'],
    ['beside a value', ['k: 1 # a\nl: 1\n', 'k: 2 # a\nl: 1\n', 'k: 1 # b\nl: 1\n'], 'k: 2 # b\nl: 1\n'],
    [
      'at the end',
      ['m:\n    k: 1\n    # a\n', 'm:\n    k: 2\n    # a\n', 'm:\n    k: 1\n    # b\n'],
      'm:\n    k: 2\n    # b\n',
    ],
    [
      'a new entry brings its own',
      ['k: 1\n', 'k: 2\n', 'k: 1\n# why\nl: 1 # beside\n'],
      'k: 2\n# why\nl: 1 # beside\n',
    ],
    [
      'the head of the file, over another first entry',
      ['# head\n\na: 1\nb: 1\n', '# head\n\na: 1\nb: 2\n', '# head\n\nb: 1\n'],
      '# head\n\nb: 2\n',
    ],
    [
      'in a list',
      ['l:\n    # a\n    - x\n    - y\n', 'l:\n    # a\n    - x\n    - z\n', 'l:\n    # b\n    - x\n    - y\n'],
      'l:\n    # b\n    - x\n    - z\n',
    ],
  ]
  test.each(cases)('%s', async (_, [base, ours, theirs], result) => {
    expect(await mergedPlain('yaml', base, ours, theirs)).toBe(result)
  })

  const ini: typeof cases = [
    [
      'stay with their keys',
      ['[s]\nx = 1\n; c\ny = 1\n', '[s]\nx = 2\n; c\ny = 1\n', '[s]\nx = 1\n; new\nn = 5\n; c\ny = 1\n'],
      '[s]\nx = 2\n; new\nn = 5\n; c\ny = 1\n',
    ],
    [
      'go with their keys',
      ['[s]\nx = 1\n; c\ny = 1\n; d\nz = 1\n', '[s]\nx = 2\n; c\ny = 1\n; d\nz = 1\n', '[s]\nx = 1\n; d\nz = 1\n'],
      '[s]\nx = 2\n; d\nz = 1\n',
    ],
    [
      'come to keys that are there',
      ['[s]\nx = 1\ny = 1\n', '[s]\nx = 2\ny = 1\n', '[s]\nx = 1\n; why\ny = 1\n'],
      '[s]\nx = 2\n; why\ny = 1\n',
    ],
    [
      'of both sides are one',
      ['[s]\nx = 1\n; c\ny = 1\n', '[s]\nx = 1\n; ours\ny = 1\n', '[s]\nx = 1\n; theirs\ny = 1\n'],
      '[s]\nx = 1\n; ours\n; theirs\ny = 1\n',
    ],
    [
      'of sections',
      [
        '[s]\nx = 1\n\n[t]\ny = 1\n',
        '[s]\nx = 2\n\n[t]\ny = 1\n',
        '; top\n[s]\nx = 1\n\n; second\n[t]\n; f\nf = 0\ny = 1\n',
      ],
      '; top\n[s]\nx = 2\n\n; second\n[t]\n; f\nf = 0\ny = 1\n',
    ],
  ]
  test.each(ini)('of INI %s', async (_, [base, ours, theirs], result) => {
    expect(await mergedPlain('ini', base, ours, theirs)).toBe(result)
  })

  const selecting = { encryptedCommentRegex: '^ secret' }
  test('that say what is encrypted are values', async () => {
    const [base, ours, theirs] = ['k: 1\nl: 1\n', '# secret\nk: 1\nl: 1\n', '# secret too\nk: 1\nl: 1\n']
    expect(await mergedPlain('yaml', base, ours, theirs, selecting)).toEqual(['["k"]'])
  })
})

describe('what a file looks like afterwards', () => {
  const base = 'a: 1\nb:\n    c: "x"   # beside\n\n    d: |\n        long\n        text\nz: 3\n'

  test('lines that nobody changed are those of ours, to the byte', async () => {
    const old = await sealed(base, 'yaml')
    const ours = await edited(old, base.replace('z: 3', 'z: 4'), 'yaml')
    const theirs = await edited(
      old,
      base.replace('"x"', '"y"').replace('z: 3', "n:\n  e: 'q'\n\n  f: 5 # five\nz: 3"),
      'yaml',
    )
    const { text, kind } = await merged({ base: old, ours, theirs }, 'yaml')
    expect(kind).toBe('open')
    expect(await plainOf(Buffer.from(text), 'yaml')).toBe(
      'a: 1\nb:\n    c: "y"   # beside\n\n    d: |\n        long\n        text\n'.concat(
        "n:\n  e: 'q'\n\n  f: 5 # five\nz: 4\n",
      ),
    )
    const isKnown = new Set([...ours.toString().split('\n'), ...theirs.toString().split('\n')])
    const fresh = text.split('\n').filter((line) => !isKnown.has(line))
    expect(fresh.map((line) => line.trim().split(':')[0])).toEqual(['mac'])
  })

  test.each<[FormatId, string, string]>([
    ['yaml', 'a: 1\n', 'a: 1\nb:\n    c: |\n        x\n        y\n    d: 1\n'],
    ['json', '{\n\t"a": 1\n}\n', '{\n\t"a": 1,\n\t"b": {\n\t\t"c": 1\n\t}\n}\n'],
  ])('inserted lines end as those of the file do: %s', async (format, text, added) => {
    const crlf = (some: string): string => some.replaceAll('\n', '\r\n')
    const as = (some: string): string => some.replace(/("?)a\1: 1/, '$1a$1: 2')
    const old = await sealed(text, format)
    const theirs = await edited(old, crlf(added), format)
    const ours = await edited(old, as(text), format)
    const { text: lines } = await merged({ base: old, ours, theirs }, format)
    expect(lines).not.toContain('\r')
    const windows = await edited(old, crlf(as(text)), format)
    const { text: other } = await merged({ base: old, ours: windows, theirs: await edited(old, added, format) }, format)
    expect(other.replace(/\s+"?sops"?:[\s\S]*/, '')).not.toMatch(/[^\r]\n/)
  })

  test('inserted lines keep their own look in a deeper place', async () => {
    const old = await sealed('m:\n    a: 1\n', 'yaml')
    const ours = await edited(old, 'm:\n    a: 2\n', 'yaml')
    const theirs = await edited(old, "m:\n    a: 1\n    n:\n          odd: 'x'   # far\n", 'yaml')
    const { bytes } = await merged({ base: old, ours, theirs }, 'yaml')
    expect(await plainOf(bytes, 'yaml')).toBe("m:\n    a: 2\n    n:\n          odd: 'x'   # far\n")
  })
})
