import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { bytes, parseShown, text, yamlTexts } from './yaml-support.ts'

const parse = (source: string) => yaml.parse(bytes(source))

function problem(source: string | Uint8Array): string {
  try {
    yaml.parse(typeof source === 'string' ? bytes(source) : source)
  } catch (error) {
    if (error instanceof SopsError && error.code === 'parse') return error.message
    throw error
  }
  return 'no error'
}

describe('plain scalars', () => {
  const values: Record<string, unknown> = {
    '': null,
    '~': null,
    null: null,
    Null: null,
    NULL: null,
    nUll: 'nUll',
    true: true,
    True: true,
    TRUE: true,
    false: false,
    False: false,
    FALSE: false,
    tRue: 'tRue',
    yes: 'yes',
    on: 'on',
    y: 'y',
    '0': 'int 0',
    '-0': 'int 0',
    '+5': 'int 5',
    '-7': 'int -7',
    '1_000': 'int 1000',
    '1__0': 'int 10',
    '007': 'int 7',
    '0777': 'int 511',
    '0o17': 'int 15',
    '0x1F': 'int 31',
    '-0x1f': 'int -31',
    '0b101': 'int 5',
    '0x_1F': 'int 31',
    '0_7': 'int 7',
    '9223372036854775807': 'int 9223372036854775807',
    '-9223372036854775808': 'int -9223372036854775808',
    '18446744073709551615': 'int 18446744073709551615',
    '18446744073709551616': 'float 18446744073709552000',
    '0xFFFFFFFFFFFFFFFFFF': '0xFFFFFFFFFFFFFFFFFF',
    '0b2': '0b2',
    '0x': '0x',
    _1: '_1',
    '1,000': '1,000',
    '1.5': 'float 1.5',
    '1.': 'float 1',
    '.5': 'float 0.5',
    '-.5': 'float -0.5',
    '+.5': 'float 0.5',
    '08': 'float 8',
    '09.5': 'float 9.5',
    '1e3': 'float 1000',
    '12e03': 'float 12000',
    '1_0.5': 'float 10.5',
    '1e5_0': 'float 1e+50',
    '.1_2': 'float 0.12',
    '-0.0': 'float -0',
    '1e-999': 'float 0',
    '1e400': '1e400',
    '.5_': '.5_',
    '._1': '._1',
    '.e3': '.e3',
    '.': '.',
    '0x1p4': '0x1p4',
    '1e': '1e',
    '1:20': '1:20',
    '.inf': 'float Infinity',
    '-.INF': 'float -Infinity',
    '+.Inf': 'float Infinity',
    '.nan': 'float NaN',
    '-.nan': '-.nan',
    '2024-05-06': 'time 2024-05-06T00:00:00Z',
    '2001-1-2T3:4:5Z': 'time 2001-01-02T03:04:05Z',
    '2024-05-06 07:08:09.5': 'time 2024-05-06T07:08:09.5Z',
    '2024-05-06t07:08:09+02:00': 'time 2024-05-06T07:08:09+02:00',
    '2001-01-01T00:00:00+07:60': 'time 2001-01-01T00:00:00+08:00',
    '2001-02-29': '2001-02-29',
    '2001-01-01 00:00:00Z': '2001-01-01 00:00:00Z',
    '2001-01-01T00:00:00': '2001-01-01T00:00:00',
    '2001-01-01T00:00Z': '2001-01-01T00:00Z',
    '12:30:45': '12:30:45',
    '=': '=',
    '+': '+',
  }
  it.each(Object.entries(values))('%s', (source, value) => {
    expect(parseShown(`a: ${source}\n`)).toEqual([{ map: [{ a: value }] }])
  })

  it.each([
    ['!!str 123', '123'],
    ['!!str', ''],
    ['!!int "5"', 'int 5'],
    ['!!float 3', 'float 3'],
    ['!!binary aGk=', 'hi'],
    ['!!binary /w==', 'bytes ff'],
    ['!env 5', '5'],
    ['! 5', 'int 5'],
    ['!<tag:yaml.org,2002:str> 5', '5'],
    ['"5"', '5'],
    ["'it''s'", "it's"],
    ['"\\x41\\u00e9\\U0001F600\\t\\/\\e"', 'Aé😀\t/\x1b'],
    ['"a\n  b\n\n  c"', 'a b\nc'],
    ['"a\\\n  b"', 'ab'],
    ['a\n  b', 'a b'],
    ['"a\nb"', 'a b'],
    ['|+\n  x\n', 'x\n\n'],
    ['|2-\n    x\n', '  x'],
    ['>\n  a\n  b\n\n  c\n    d\n  e\n', 'a b\nc\n  d\ne\n'],
  ])('%s', (source, value) => {
    expect(parseShown(`a: ${source}\n`)).toEqual([{ map: [{ a: value }] }])
  })

  it('keep their spelling only where it differs from the printed one and other readers see the same', () => {
    const spelling = (source: string) => {
      const item = parse(`a: ${source}\n`).tree.documents[0]?.items[0]
      return item?.kind === 'entry' && item.value.kind === 'leaf' ? item.value.spelling : 'none'
    }
    expect(['1.50', 'True', '2024-01-02', '007'].map(spelling)).toEqual(['1.50', 'True', '2024-01-02', '007'])
    expect(['1.5', 'true', '7', '1e+06', 'text', '1_000', '"1.50"'].map(spelling)).toEqual(Array(7).fill(undefined))
  })
})

describe('structure', () => {
  it.each([
    ['a: [1, {b: x}, "c":d]\n', [{ map: [{ a: ['int 1', { map: [{ b: 'x' }] }, { map: [{ c: 'd' }] }] }] }]],
    ['a: {b:c, "d":e, f}\n', [{ map: [{ a: { map: [{ 'b:c': null }, { d: 'e' }, { f: null }] } }] }]],
    ['a: [\n1,\n2\n]\n', [{ map: [{ a: ['int 1', 'int 2'] }] }]],
    ['a: {"u": http://x/?q=1}\n', [{ map: [{ a: { map: [{ u: 'http://x/?q=1' }] } }] }]],
    ['a:\n- b\n- - c\n  - d\n', [{ map: [{ a: ['b', ['c', 'd']] }] }]],
    ['? a\n: b\n? c\n', [{ map: [{ a: 'b' }, { c: null }] }]],
    [
      'a: &x {b: 1}\nc: *x\n<<: *x\n',
      [
        {
          map: [
            { a: { map: [{ b: 'int 1' }] } },
            { c: { map: [{ b: 'int 1' }] } },
            { '<<': { map: [{ b: 'int 1' }] } },
          ],
        },
      ],
    ],
    ['a: &x b\n*x : c\n', [{ map: [{ a: 'b' }, { b: 'c' }] }]],
    [
      '5: a\ntrue: b\n~: c\n1.5: d\n2024-01-02: e\n',
      [
        {
          map: [
            { '(a whole number)5': 'a' },
            { '(a boolean)true': 'b' },
            { '(null)~': 'c' },
            { '(a number)1.5': 'd' },
            { '(a time)2024-01-02': 'e' },
          ],
        },
      ],
    ],
    [
      '%YAML 1.1\n---\na: 1\n...\n---\n---\nb: 2\n',
      [{ map: [{ a: 'int 1' }] }, { map: [] }, { map: [{ b: 'int 2' }] }],
    ],
    ['', []],
    ['---\n', [{ map: [] }]],
    ['~\n', [{ map: [] }]],
    ['{}\n', [{ map: [] }]],
    ['a: 1\r\nb: |\r\n  x\r\n  y\r\n', [{ map: [{ a: 'int 1' }, { b: 'x\ny\n' }] }]],
    ['a: 1\rb: 2\r', [{ map: [{ a: 'int 1' }, { b: 'int 2' }] }]],
  ])('%j', (source, tree) => {
    expect(parseShown(source)).toEqual(tree)
  })

  it('has the keys of JavaScript objects as ordinary keys', () => {
    const items = parse('__proto__: 1\nconstructor: 2\n').tree.documents[0]?.items
    expect(items?.map((item) => item.kind === 'entry' && item.key)).toEqual(['__proto__', 'constructor'])
  })

  it.each(['utf16le', 'utf16be'])('is read from %s', (encoding) => {
    const units = Buffer.from('\ufeffa: é😀\n', 'utf16le')
    const data = encoding === 'utf16be' ? Buffer.from(units).swap16() : units
    const parsed = yaml.parse(data)
    expect(text(yaml.rewrite(parsed, parsed.tree).bytes)).toBe('a: é😀\n')
  })
})

describe('errors', () => {
  it.each([
    ['a: b: c\n', 'yaml: line 1: mapping values are not allowed in this context'],
    ['a:\n\tb: 1\n', 'yaml: line 2: found character that cannot start any token'],
    ['a: "x\nb: y\n', 'yaml: line 1: found unexpected end of stream'],
    ['a: [1\nb: 2\n', "yaml: line 2: did not find expected ',' or ']'"],
    ['a:\n    b: 1\n  c: 2\n', 'yaml: line 3: did not find expected key'],
    ['a: 1\nb\n', "yaml: line 2: could not find expected ':'"],
    ['a: *x\n', "yaml: line 1: unknown anchor 'x' referenced"],
    ['a: &a\n  b: *a\n', "yaml: line 2: anchor 'a' value contains itself"],
    ['a: 1\n---\nb: &b [*b]\n', "yaml: line 3: anchor 'b' value contains itself"],
    ['a: x\x01y\n', 'yaml: control characters are not allowed'],
    ['a: 1\nb: 2\na: 3\n', 'yaml: line 3: mapping key "a" already defined at line 1'],
    ['m:\n  a: 1\n  "a": 2\n', 'yaml: line 3: mapping key "a" already defined at line 2'],
    ['- a\n', 'yaml: line 1: a list stands where a document needs keys'],
    ['text\n', 'yaml: line 1: a single value stands where a document needs keys'],
    ['a: 1\n---\n- b\n', 'yaml: line 3: YAML documents that are sequences are not supported'],
    ['a: !!int abc\n', 'yaml: line 1: cannot decode a !!str value as a !!int'],
    ['a: 1\n---\nb: !!int abc\n', 'yaml: line 3: cannot decode a !!str value as a !!int'],
    ['a: !!binary "%%"\n', 'yaml: line 1: !!binary value contains invalid base64 data'],
    ['? [a]\n: 1\n', 'yaml: line 1: invalid map key'],
    ['<<: x\n', 'yaml: line 1: map merge requires map or sequence of maps as the value'],
    ['%YAML 2.0\n---\na: 1\n', 'yaml: line 1: found incompatible YAML document'],
    ['a: !h!x y\n', 'yaml: line 1: found undefined tag handle'],
    ['a: "\\q"\n', 'yaml: line 1: found unknown escape character'],
    ['a: 1\n...\nb: 2\n', 'yaml: line 3: did not find expected <document start>'],
    ['# only\n\n', 'EOF: there is no document, only comments or blank lines'],
    ['\n', 'EOF: there is no document, only comments or blank lines'],
  ])('%j', (source, message) => {
    expect(problem(source)).toBe(message)
  })

  it('names bytes that are no UTF-8', () => {
    expect(problem(Buffer.from([0x61, 0x3a, 0x20, 0xff, 0x0a]))).toBe('yaml: invalid UTF-8')
  })

  it('limits implicit keys to 1024 characters, not bytes', () => {
    expect(problem(`${'é'.repeat(1024)}: 1\n`)).toBe('no error')
    expect(problem(`${'😀'.repeat(1024)}: 1\n`)).toBe('no error')
    expect(problem(`${'a'.repeat(1025)}: 1\n`)).not.toBe('no error')
    expect(problem(`? ${'a'.repeat(5000)}\n: 1\n`)).toBe('no error')
  })

  it('accepts duplicate keys in later documents', () => {
    expect(parseShown('a: 1\n---\nb: 1\nb: 2\n')[1]).toEqual({ map: [{ b: 'int 1' }, { b: 'int 2' }] })
  })

  it('never shows a value', () => {
    for (const source of [
      'a: !!int hunter2\n',
      'hunter2\n',
      'a: "hunter2\n',
      'a: [hunter2\n',
      'a: hunter2: b\n',
      '- hunter2\n',
    ]) {
      expect(problem(source)).not.toContain('hunter2')
    }
  })

  it('stops alias bombs', () => {
    const lines = ['a: &a [x,x,x,x,x,x,x,x,x]']
    for (let i = 1; i < 12; i++) {
      const [name, before] = ['abcdefghijklm'[i], 'abcdefghijklm'[i - 1]]
      lines.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(',')}]`)
    }
    expect(problem(`${lines.join('\n')}\n`)).toContain('excessive aliasing')
    expect(problem(`z: 1\n---\n${lines.join('\n')}\n`)).toContain('excessive aliasing')
  })

  const deep = (n: number): Record<string, string> => ({
    'block maps': `${Array.from({ length: n }, (_, i) => `${' '.repeat(i)}k:`).join('\n')} x\n`,
    'lists on a line': `a:\n  ${'- '.repeat(n)}x\n`,
    'flow lists': `a: ${'['.repeat(n)}x${']'.repeat(n)}\n`,
    'flow maps': `a: ${'{a: '.repeat(n)}x${'}'.repeat(n)}\n`,
  })
  it.each(Object.entries(deep(3000)))('reads, keeps and prints deep %s', (_, source) => {
    const parsed = parse(source)
    expect(text(yaml.rewrite(parsed, parsed.tree).bytes)).toBe(source)
    expect(yaml.print(parsed.tree).length).toBeGreaterThan(3000)
  })
  it.each(Object.entries(deep(10_002)).slice(1))('refuses %s beyond 10 000 levels', (_, source) => {
    expect(problem(source)).toContain('exceeded max depth of 10000')
  })
})

describe('comments', () => {
  it.each([
    ['a: 1\n# foot a\n\n# head b\nb: 2\n', [{ map: [{ a: 'int 1' }, '# foot a', '# head b', { b: 'int 2' }] }]],
    ['# one\n\n# two\na: 1\n', [{ map: ['# one', '# two', { a: 'int 1' }] }]],
    ['m:\n  a: 1\n  # in m\nb: 1\n', [{ map: [{ m: { map: [{ a: 'int 1' }, '# in m'] } }, { b: 'int 1' }] }]],
    ['l:\n  - a\n  # end\nb: 1\n', [{ map: [{ l: ['a', '# end'] }, { b: 'int 1' }] }]],
    ['m:\n  a: 1\n# root\nb: 1\n', [{ map: [{ m: { map: [{ a: 'int 1' }] } }, '# root', { b: 'int 1' }] }]],
    ['a:\n  # only\nb: 1\n', [{ map: [{ a: null }, '# only', { b: 'int 1' }] }]],
    ['l:\n- # c\n  x: 1\n', [{ map: [{ l: [{ map: ['# c', { x: 'int 1' }] }] }] }]],
    ['--- # c\na: 1\n', [{ map: ['# c', { a: 'int 1' }] }]],
    ['a: 1\n---\n# up\n\n# down\nb: 1\n', [{ map: [{ a: 'int 1' }, '# up'] }, { map: ['# down', { b: 'int 1' }] }]],
    ['a: 1\n...\n# c\n', [{ map: [{ a: 'int 1' }, '# c'] }]],
    ['a: 1 # x\n   # y\nb: 1\n', [{ map: ['~ x', { a: 'int 1' }, '# y', { b: 'int 1' }] }]],
    ['k: [1, # one\n 2] # two\n', [{ map: [{ k: ['# two', '~ one', 'int 1', 'int 2'] }] }]],
    ['a: &x # c\n  b: 1\n', [{ map: [{ a: { map: ['# c', { b: 'int 1' }] } }] }]],
    ['a: &x # c\n  - v\n', [{ map: [{ a: ['~ c', 'v'] }] }]],
    ['a: &x # c\n  v # d\n', [{ map: ['~ c', '~ d', { a: 'v' }] }]],
    ["a: 'x\n\n  y' # c\n", [{ map: ['~ c', { a: 'x\ny' }] }]],
    ['a: |- # c\n  x\n', [{ map: ['~ c', { a: 'x' }] }]],
    ['# 1\n? a # 2\n# 3\n: b # 4\n# 5\n', [{ map: ['# 1', '# 2', '# 3', '~ 4', { a: 'b' }, '# 5'] }]],
    ['##\n#\na: x#y\n', [{ map: ['##', '#', { a: 'x#y' }] }]],
    ['k: # c\n  a: 1\n', [{ map: ['# c', { k: { map: [{ a: 'int 1' }] } }] }]],
    ['l:\n  #\n  - a\n', [{ map: [{ l: ['a'] }] }]],
    [
      'a: { # c\n  b: 1,\n  # d\n  e: 2 }\n',
      [{ map: [{ a: { map: ['# c', { b: 'int 1' }, '# d', { e: 'int 2' }] } }] }],
    ],
    ['a: [ # c\n  ]\nb: 1\n', [{ map: [{ a: ['# c'] }, { b: 'int 1' }] }]],
    [
      'a: &x\n  # in\n  b: 1 # on\nc: *x # d\ne: 1\n',
      [
        {
          map: [
            { a: { map: ['# in', '~ on', { b: 'int 1' }] } },
            '~ d',
            { c: { map: ['# in', '~ on', { b: 'int 1' }] } },
            { e: 'int 1' },
          ],
        },
      ],
    ],
  ])('%j', (source, tree) => {
    expect(parseShown(source)).toEqual(tree)
  })

  it('stand where they will stand in the encrypted file, where a key follows', () => {
    const plain = parseShown('k:\n- a\n# c\n')
    const followed = parseShown('k:\n- a\n# c\nsops: 1\n')
    expect([...(plain[0] as { map: unknown[] }).map, { sops: 'int 1' }]).toEqual(
      (followed[0] as { map: unknown[] }).map,
    )
  })
})

describe('laws', () => {
  it('keeps every byte when nothing changed', () => {
    fc.assert(
      fc.property(yamlTexts(true), fc.boolean(), (source, mark) => {
        const data = bytes(mark ? `\ufeff${source}` : source)
        if (problem(data) !== 'no error') return
        const parsed = yaml.parse(data)
        expect(text(yaml.rewrite(parsed, parsed.tree).bytes)).toBe(text(data))
      }),
    )
  })

  it('refuses or reads any text, and never fails otherwise', () => {
    const pieces = fc.constantFrom(
      'a',
      ': ',
      ':',
      '- ',
      '-',
      '? ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '\n',
      '\n  ',
      '\n    ',
      '"',
      "'",
      '#',
      ' # c',
      '&x ',
      '*x',
      '!!int ',
      '! ',
      '|',
      '>',
      '|2',
      '\t',
      '---\n',
      '...\n',
      '%YAML 1.1\n',
      'é',
      '1',
      '\\',
      '<<',
      '~',
      '\r\n',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        const source = parts.join('')
        if (problem(source) !== 'no error') return
        const parsed = parse(source)
        expect(text(yaml.rewrite(parsed, parsed.tree).bytes)).toBe(source)
      }),
      { numRuns: 3000 },
    )
  })
})
