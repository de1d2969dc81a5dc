// The dotenv format: the reference's reading rules, its layout, and rewriting that keeps every other byte.

import { readdirSync, readFileSync } from 'node:fs'
import { parse as parseDotenv } from 'dotenv'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import { dotenv } from '../../src/formats/dotenv.ts'
import type { Comment, Entry, Leaf, Tree, Value } from '../../src/tree/tree.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8')
const str = (b: Uint8Array): string => Buffer.from(b).toString('utf8')
const items = (tree: Tree): readonly (Entry | Comment)[] => tree.documents[0]!.items
const leaf = (value: Value): Leaf => ({ kind: 'leaf', value })
const entry = (key: string, value: Value): Entry => ({ kind: 'entry', key, value: leaf(value) })
const doc = (...list: (Entry | Comment)[]): Tree => ({ documents: [{ kind: 'map', items: list }] })
const shape = (tree: Tree): unknown[] =>
  items(tree).map((i) => (i.kind === 'comment' ? `#${i.text}` : [i.key, (i.value as Leaf).value]))

const metadata = [
  entry('sops_mac', 'ENC[AES256_GCM,data:mA==,iv:AA==,tag:AA==,type:str]'),
  entry('sops_version', '3.13.2'),
]
const enc = (plain: string): string =>
  `ENC[AES256_GCM,data:${Buffer.from(plain).toString('base64')},iv:AA==,tag:AA==,type:str]`
const dec = (token: string): Value => {
  const data = Buffer.from(token.slice(20, token.indexOf(',iv:')), 'base64')
  const text = data.toString('utf8')
  return Buffer.from(text).equals(data) ? text : new Uint8Array(data)
}
const binary = (value: Value): string =>
  value instanceof Uint8Array
    ? `ENC[AES256_GCM,data:${Buffer.from(value).toString('base64')},iv:AA==,tag:AA==,type:str]`
    : enc(String(value))

/** Stands for encryption and decryption: every non-empty leaf and comment becomes a token and back. */
function mapTree(tree: Tree, value: (v: Value) => Value): Tree {
  return doc(
    ...items(tree).map((i) => {
      if (i.kind === 'comment') return i.text === '' ? i : { ...i, text: String(value(i.text)) }
      const l = i.value as Leaf
      return l.value === '' ? i : { ...i, value: { ...l, value: value(l.value) } }
    }),
  )
}
function encrypt(plain: Uint8Array): Uint8Array {
  const parsed = dotenv.parse(plain)
  const tree = mapTree(parsed.tree, binary)
  return dotenv.rewrite(parsed, doc(...items(tree), ...metadata), { encrypted: true }).bytes
}
function decrypt(encrypted: Uint8Array): Uint8Array {
  const parsed = dotenv.parse(encrypted, { encrypted: true })
  const data = items(parsed.tree).filter((i) => i.kind === 'comment' || !i.key.startsWith('sops_'))
  return dotenv.rewrite(
    parsed,
    mapTree(doc(...data), (v) => dec(v as string)),
  ).bytes
}

describe('parse', () => {
  test.each<[string, unknown[]]>([
    ['', []],
    [
      'A=1\nB=x y\n',
      [
        ['A', '1'],
        ['B', 'x y'],
      ],
    ],
    [
      'A = 1\n B=\t2 \n',
      [
        ['A ', ' 1'],
        [' B', '\t2 '],
      ],
    ],
    ['# c\n\n##d\n#\nA=b=c\n', ['# c', '##d', '#', ['A', 'b=c']]],
    [
      'A="q"\nexport B=\'x\'\n',
      [
        ['A', '"q"'],
        ['export B', "'x'"],
      ],
    ],
    [
      'A=one\\ntwo\nB=\\\\n\n',
      [
        ['A', 'one\ntwo'],
        ['B', '\\\n'],
      ],
    ],
    [
      'A=1\r\n\r\nB=2\r\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['A=a\rb\r\r\n', [['A', 'a\rb\r']]],
    ['A=1\rB=2\r', [['A', '1\rB=2']]],
    ['\uFEFFA=1', [['A', '1']]],
    ['#\uFEFF\n\uFEFFA=1', ['#\uFEFF', ['\uFEFFA', '1']]],
    [
      '=x\nA=1\nA=2',
      [
        ['', 'x'],
        ['A', '1'],
        ['A', '2'],
      ],
    ],
  ])('%j', (text, expected) => expect(shape(dotenv.parse(bytes(text)).tree)).toEqual(expected))

  test.each([
    ['A=1\nB\n', 2],
    ['A="x\ny"\n', 2],
    ['A=1\n  \nB=2\n', 2],
    ['A=1\n  # n\n', 2],
    ['\n\nsecretword\n', 3],
    ['A=1\r\n \r\nB=2\r\n', 2],
  ])('refuses %j', (text, line) => {
    let error: unknown
    try {
      dotenv.parse(bytes(text))
    } catch (e) {
      error = e
    }
    expect(error).toBeInstanceOf(SopsError)
    expect(error).toMatchObject({ code: 'parse', position: { line, column: 1 } })
    expect((error as Error).message).toMatch(/^invalid dotenv input line/)
    expect((error as Error).message).not.toContain('secretword')
  })

  test('bytes that are not UTF-8 stay bytes, and only they', () => {
    const { tree } = dotenv.parse(Buffer.from('A=\xff\nB=\xc3\xbc\n', 'latin1'))
    expect(shape(tree)).toEqual([
      ['A', new Uint8Array([255])],
      ['B', 'ü'],
    ])
  })

  test('a file converted to CRLF after encryption has no carriage returns in its values', () => {
    const { tree } = dotenv.parse(bytes('A=ENC[x]\r\n\r\nB=\r\nsops_version=3\r\n'))
    expect(shape(tree)).toEqual([
      ['A', 'ENC[x]'],
      ['B', ''],
      ['sops_version', '3'],
    ])
  })

  test('agrees with the dotenv package on unquoted values', () => {
    const key = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/)
    const value = fc.stringMatching(/^[a-z0-9:/.@%+-]{0,12}$/)
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, value), { selector: ([k]) => k }), (pairs) => {
        const text = pairs.map(([k, v]) => `${k}=${v}\n`).join('\n# note\n')
        const ours = items(dotenv.parse(bytes(text)).tree).filter((i) => i.kind === 'entry')
        expect(Object.fromEntries(ours.map((e) => [e.key, (e.value as Leaf).value]))).toEqual(parseDotenv(text))
      }),
    )
  })
})

describe('rewrite', () => {
  test('encrypts in place and appends the metadata', () => {
    const text = '# top\n\nA=1\n\n\nB=two\\nlines\nC=\n\n'
    expect(str(encrypt(bytes(text)))).toBe(
      `#${enc(' top')}\n\nA=${enc('1')}\n\n\nB=${enc('two\nlines')}\nC=\n\nsops_mac=${'ENC[AES256_GCM,data:mA==,iv:AA==,tag:AA==,type:str]'}\nsops_version=3.13.2\n`,
    )
  })

  test('a file without final newline stays one', () => {
    expect(str(encrypt(bytes('A=1')))).toMatch(/sops_version=3\.13\.2$/)
    expect(str(encrypt(bytes('')))).toMatch(/sops_version=3\.13\.2\n$/)
  })

  const line = fc.oneof(
    fc.constant(''),
    fc.string({ unit: 'grapheme', maxLength: 8 }).map((s) => `#${s.replaceAll('\n', '')}`),
    fc
      .tuple(fc.stringMatching(/^([A-Za-zü:"]( ?[A-Za-zü:"]){0,4})?$/), fc.string({ unit: 'grapheme', maxLength: 12 }))
      .map(([k, v]) => `${k}=${v.replaceAll('\n', '\\n')}`),
  )
  test('decrypting what was encrypted gives the same bytes', () => {
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('', '\n', '\r\n'), (lines, end) => {
        const plain = bytes(lines.join('\n') + end)
        fc.pre(!(end === '\r\n' && (lines.length === 0 || lines.at(-1) === '')))
        expect(str(decrypt(encrypt(plain)))).toBe(str(plain))
      }),
    )
  })
  test('bytes that are not UTF-8 survive', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.string(), (value, other) => {
        const clean = Buffer.from(value.filter((b) => b !== 10))
        const plain = Buffer.concat([Buffer.from(`A=${other.replaceAll('\n', '')}\nB=`), clean, Buffer.from('\n')])
        expect(Buffer.from(decrypt(encrypt(plain)))).toEqual(plain)
      }),
    )
  })
  test('a file converted to CRLF decrypts to its lines with CRLF', () => {
    const converted = (text: string): Uint8Array => bytes(str(encrypt(bytes(text))).replaceAll('\n', '\r\n'))
    expect(str(decrypt(converted('A=1\n\nB=\n')))).toBe('A=1\r\n\r\nB=\r\n')
    expect(str(decrypt(converted('A=1\r\nB=2\r\n')))).toBe('A=1\r\nB=2\r\n')
    expect(str(decrypt(converted('A=1\nB=2')))).toBe('A=1\r\nB=2')
  })

  const parsed = dotenv.parse(bytes('A=1\n# b\nB=2\n\n'))
  const [a, c, b] = items(parsed.tree) as [Entry, Comment, Entry]
  test.each<[string, Tree, string]>([
    ['nothing', parsed.tree, 'A=1\n# b\nB=2\n\n'],
    ['a new key', doc(a, c, b, entry('C', 'x\ny')), 'A=1\n# b\nB=2\nC=x\\ny\n\n'],
    ['a removed key', doc(c, b), '# b\nB=2\n\n'],
    ['a removed comment', doc(a, b), 'A=1\nB=2\n\n'],
    ['everything removed', doc(), '\n'],
    ['a changed value', doc({ ...a, value: leaf(2.5) }, c, b), 'A=2.5\n# b\nB=2\n\n'],
    ['an exact text', doc(a, { ...entry('N', 'x'), text: 'N = x\n' }, c, b), 'A=1\nN = x\n# b\nB=2\n\n'],
    [
      'metadata at the end',
      doc(a, c, b, ...metadata),
      `A=1\n# b\nB=2\n\nsops_mac=${'ENC[AES256_GCM,data:mA==,iv:AA==,tag:AA==,type:str]'}\nsops_version=3.13.2\n`,
    ],
    ['bytes', doc({ ...a, value: leaf(new Uint8Array([0x61, 10, 0x62])) }, c, b), 'A=a\\nb\n# b\nB=2\n\n'],
  ])('%s', (_, tree, expected) => expect(str(dotenv.rewrite(parsed, tree).bytes)).toBe(expected))

  test('a new key goes before metadata that stays', () => {
    const source = dotenv.parse(bytes('A=1\n\nsops_version=3'))
    const [x, v] = items(source.tree) as [Entry, Entry]
    expect(str(dotenv.rewrite(source, doc(x, entry('B', '2'), v)).bytes)).toBe('A=1\nB=2\n\nsops_version=3')
    expect(str(dotenv.rewrite(source, doc(x, entry('B', '2'), entry('sops_version', '4'))).bytes)).toBe(
      'A=1\nB=2\n\nsops_version=4',
    )
  })

  test('textOf gives whole lines', () => {
    const source = dotenv.parse(bytes('A=1\n B = 2'))
    expect(items(source.tree).map((i) => dotenv.textOf(source, i as Entry))).toEqual(['A=1\n', ' B = 2\n'])
  })
})

describe('print', () => {
  test.each<[Value, string]>([
    ['x\ny\r', 'x\\ny\r'],
    [42n, '42'],
    [true, 'true'],
    [1, '1.0'],
    [100000, '100000.0'],
    [1e21, '1E+21'],
    [0.00001, '1E-05'],
    [-0.5, '-0.5'],
    [2.1e7, '2.1E+07'],
    [123456.5, '123456.5'],
    [-0, '-0.0'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [{ rfc3339: '2024-01-02T03:04:05.123Z' }, '2024-01-02T03:04:05Z'],
    [null, '<nil>'],
  ])('%s', (value, expected) => expect(str(dotenv.print(doc(entry('K', value))))).toBe(`K=${expected}\n`))

  test('comments, and nothing for an empty tree', () => {
    expect(str(dotenv.print(doc({ kind: 'comment', text: ' c', inline: true }, entry('A', ''))))).toBe('# c\nA=\n')
    expect(str(dotenv.print({ documents: [] }))).toBe('')
  })

  test.each<[Entry['value']]>([[{ kind: 'map', items: [] }], [{ kind: 'list', items: [leaf('SECRET')] }]])(
    'refuses %j',
    (value) => {
      expect(() => dotenv.print(doc({ kind: 'entry', key: 'k', value }))).toThrow(
        'cannot use complex value in dotenv file; offending key k',
      )
    },
  )

  test.each(['a=b', '#a', 'a\nb'])('does not write the key %j into an encrypted file', (key) => {
    expect(() => dotenv.print(doc(entry(key, 'x')), { encrypted: true })).toThrow(SopsError)
  })

  test.each<[Value, string]>([
    [1, 'a number'],
    [1n, 'a whole number'],
    [true, 'a boolean'],
    [null, 'null'],
    [{ rfc3339: '2024-01-02T03:04:05Z' }, 'a time'],
  ])('no single values: %s', (value, type) => {
    expect(() => dotenv.printValue(leaf(value))).toThrow(`the dotenv store only supports emitting strings, got ${type}`)
  })

  test('the example reads back', () => {
    expect(items(dotenv.parse(bytes(dotenv.example)).tree).map((i) => i.kind)).toEqual([
      'comment',
      'entry',
      'entry',
      'entry',
    ])
  })
})

describe('fixtures/layout/dotenv', () => {
  const folder = new URL('../../fixtures/layout/dotenv/', import.meta.url)
  const names = readdirSync(folder).filter((name) => name.endsWith('.env'))
  test.each(names)('%s comes back byte for byte', (name) => {
    const plain = readFileSync(new URL(name, folder))
    const encrypted = encrypt(plain)
    expect(str(encrypted)).not.toContain('nvented')
    expect(str(decrypt(encrypted))).toBe(str(plain))
  })
})

describe('telling whether a text says a tree', () => {
  const token = enc('x')
  const texts = [
    '',
    'A=1\n',
    'A=1',
    'A=1\nB=2\n',
    'B=2\nA=1\n',
    'A=1\n\nB=2\n',
    'A=1\nB=2\nB=2\n',
    'A=2\n',
    'AB=1\n',
    'A=\n',
    'A=1=2\n',
    'A=a\\nb\n',
    '#A=1\n',
    '#\n',
    '# A=1\n',
    'A=1\r\nB=2\r\n',
    '\ufeffA=1\n',
    `A=${token}\n# ${token}\n`,
    `A=${token}\n#${token}\n`,
    `A=${token}\nsops_mac=${token}\n`,
    `A=${token}\nsops_mac=${token} ;crlf\n`,
    `A=${token}\r\nsops_mac=${token}\r\n`,
    `A="${token}"\nsops_mac="${token}"\n`,
    'export A=1\n',
    'A=1\nexport A=\n',
    'A\n',
  ]
  const read = (text: string, literal: boolean): unknown[] | undefined => {
    try {
      return shape(dotenv.parse(bytes(text), { encrypted: true, literal }).tree)
    } catch {
      return undefined
    }
  }

  test.each([false, true])('of every text with the tree of every other, literal: %s', (literal) => {
    for (const source of texts) {
      const wanted = read(source, literal)
      if (wanted === undefined) continue
      const { tree } = dotenv.parse(bytes(source), { encrypted: true, literal })
      for (const text of texts) {
        const says = dotenv.says!(bytes(text), tree, { encrypted: true, literal })
        const isSame = JSON.stringify(read(text, literal)) === JSON.stringify(wanted)
        expect([source, text, says]).toEqual([source, text, isSame])
      }
    }
  })

  test('never of what is no text, and of values of other types', () => {
    const tree = doc(entry('A', '1'))
    expect(dotenv.says!(bytes('A=1\n'), tree)).toBe(true)
    expect(dotenv.says!(Buffer.from('A=1\n#\xff\n', 'latin1'), tree)).toBe(false)
    for (const value of [1n, 1, null, new Uint8Array([0x31])]) {
      expect(dotenv.says!(bytes('A=1\n'), doc(entry('A', value)))).toBe(false)
    }
  })
})
