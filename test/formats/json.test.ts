import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SopsError } from '../../src/errors.ts'
import { json, parseValue } from '../../src/formats/json.ts'
import type { Entry, Leaf, MapNode, Node, Tree, Value } from '../../src/tree/tree.ts'
import { bytes, entry, leaf, map, text } from './json-support.ts'

const parse = (source: string): MapNode => json.parse(bytes(source)).tree.documents[0]!
const leafOf = (source: string): Leaf => (parse(`{"a":${source}}`).items[0] as Entry).value as Leaf
const tree = (...items: Entry[]): Tree => ({ documents: [map(...items)] })

/** What JSON.parse would give; numbers lose their exactness there, and zeros their sign here. */
function plain(node: Node): unknown {
  if (node.kind === 'leaf') {
    const value = typeof node.value === 'bigint' ? Number(node.value) : node.value
    return value === 0 ? 0 : value
  }
  if (node.kind === 'list') return node.items.map((item) => plain(item as Node))
  const object: Record<string, unknown> = {}
  for (const item of node.items as Entry[]) {
    Object.defineProperty(object, item.key, {
      value: plain(item.value),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return object
}

function failure(source: string | Uint8Array, options?: { encrypted: boolean }): SopsError {
  try {
    json.parse(typeof source === 'string' ? bytes(source) : source, options)
  } catch (error) {
    return error as SopsError
  }
  throw new Error('accepted')
}

describe('numbers', () => {
  it.each<[string, Value, string | undefined]>([
    ['0', 0n, undefined],
    ['-0', 0n, '-0'],
    ['-7', -7n, undefined],
    ['9007199254740993', 9007199254740993n, undefined],
    ['9223372036854775807', 2n ** 63n - 1n, undefined],
    ['-9223372036854775808', -(2n ** 63n), undefined],
    ['9223372036854775808', 2 ** 63, '9223372036854775808'],
    ['100000000000000000000000', 1e23, '100000000000000000000000'],
    ['1.0', 1, '1.0'],
    ['1.50', 1.5, '1.50'],
    ['1E2', 100, '1E2'],
    ['1e+21', 1e21, undefined],
    ['1e-7', 1e-7, undefined],
    ['0.0000001', 1e-7, '0.0000001'],
    ['-0.0', -0, '-0.0'],
    ['-0e0', -0, '-0e0'],
    ['1e-400', 0, '1e-400'],
  ])('%s', (source, value, spelling) => {
    const node = leafOf(source)
    expect(Object.is(node.value, value)).toBe(true)
    expect(node.spelling).toBe(spelling)
  })
})

describe('strings', () => {
  it.each<[string, string]>([
    ['"\\u00e9\\/\\"\\\\\\b\\f\\n\\r\\t"', 'é/"\\\b\f\n\r\t'],
    ['"\\ud83d\\ude00"', '😀'],
    ['"\u2028\u007f漢"', '\u2028\u007f漢'],
    [JSON.stringify(`${'x'.repeat(500)}\n${'y'.repeat(500)}"`), `${'x'.repeat(500)}\n${'y'.repeat(500)}"`],
    [`"${'a'.repeat(127)}\\n"`, `${'a'.repeat(127)}\n`],
    [`"${'a'.repeat(126)}\\n"`, `${'a'.repeat(126)}\n`],
  ])('%s', (source, value) => {
    expect(leafOf(source).value).toBe(value)
  })

  it.each<[string, string]>([
    ['"\\ud83d"', 'the string holds half of a surrogate pair'],
    ['"\\ud83dx\\ude00"', 'the string holds half of a surrogate pair'],
    ['["é", "\\ud83d\\ud83d\\ude00"]', 'the string [1] holds half of a surrogate pair'],
    ['{"a": [{"b": "\\ud83d\\u0041"}]}', 'the string ["a"][0]["b"] holds half of a surrogate pair'],
    ['{"a": {"\\udc00": 1}}', 'the key ["a"]["\ufffd"] holds half of a surrogate pair'],
  ])('refuses %s, which is no text', (source, message) => {
    expect(() => parseValue(bytes(source))).toThrow(expect.objectContaining({ code: 'parse', message }))
  })

  it.each<[string, string]>([
    ['{"a": "x\xe2\x82A"}', 'the string ["a"] holds bytes that are not UTF-8'],
    ['{"a": "\\n\xff"}', 'the string ["a"] holds bytes that are not UTF-8'],
    ['{"b\xff": 1}', 'the key ["b\ufffd"] holds bytes that are not UTF-8'],
  ])('refuses the bytes of %j', (source, message) => {
    for (const encrypted of [false, true]) {
      expect(() => json.parse(Buffer.from(source, 'latin1'), { encrypted })).toThrow(message)
    }
  })

  it('refuses to print bytes, by their path', () => {
    const root = tree(entry('a', { kind: 'list', items: [leaf('x'), leaf(Uint8Array.of(0xff))] }))
    const problem = expect.objectContaining({
      code: 'cannot-emit',
      message: 'the value ["a"][1] holds bytes that are not UTF-8, which JSON cannot hold',
    })
    expect(() => json.print(root)).toThrow(problem)
    const parsed = json.parse(bytes('{"a": 1}'))
    expect(() => json.rewrite(parsed, root).bytes).toThrow(problem)
  })
})

describe('structure', () => {
  it('keeps order, duplicates and keys that mean something in JavaScript', () => {
    const root = parse('{"b":1,"a":2,"b":3,"__proto__":{"x":1},"constructor":null,"1":[],"":{}}')
    expect((root.items as Entry[]).map(({ key }) => key)).toEqual(['b', 'a', 'b', '__proto__', 'constructor', '1', ''])
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  it('reads and writes ten thousand levels', () => {
    const source = `${'{"a":['.repeat(5000)}1${']}'.repeat(5000)}`
    const parsed = json.parse(bytes(source))
    expect(text(json.rewrite(parsed, { documents: [{ ...parsed.tree.documents[0]! }] }).bytes)).toBe(source)
    expect(json.print(parsed.tree, { indent: 0 }).length).toBeGreaterThan(source.length)
    expect(failure(`{"x":${source}}`).message).toBe('exceeded max depth')
  })

  it('agrees with JSON.parse', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
        fc.constantFrom(0, 1, '\t'),
        (object, indent) => {
          const source = JSON.stringify(object, null, indent)
          expect(plain(parse(source))).toEqual(JSON.parse(source, (_, value) => (value === 0 ? 0 : value)))
        },
      ),
    )
  })

  it('accepts and refuses what JSON.parse accepts and refuses', () => {
    const bits = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '1',
      '-',
      '0',
      '.5',
      'e1',
      'true',
      'null',
      ' ',
      '\n',
      '\\',
      '\u0001',
    )
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 8 }), (parts) => {
        const source = `{"k":${parts.join('')}}`
        let expected: unknown
        try {
          expected = JSON.parse(source, (_, value) => (value === 0 ? 0 : value))
        } catch {
          expect(failure(source).code).toBe('parse')
          return
        }
        // JSON.parse makes Infinity of a number that no float holds.
        if (Math.abs((expected as { k: unknown }).k as number) === Number.POSITIVE_INFINITY)
          expect(failure(source).code).toBe('parse')
        else expect(plain(parse(source))).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads single values', () => {
    expect(plain(parseValue(bytes(' [1, {"a": "x"}]\n')))).toEqual([1, { a: 'x' }])
  })
})

describe('errors', () => {
  it.each<[string, string, [number, number]]>([
    ['', 'EOF: the file is empty', [1, 1]],
    [' \n\n', 'EOF: the file is empty', [3, 1]],
    ['[1, 2]', 'SOPS only supports JSON files with a top-level object', [1, 1]],
    ['\n "text"', 'SOPS only supports JSON files with a top-level object', [2, 2]],
    ['42', 'SOPS only supports JSON files with a top-level object', [1, 1]],
    ['null', 'SOPS only supports JSON files with a top-level object', [1, 1]],
    ['a: 1\n', "invalid character 'a' looking for beginning of value", [1, 1]],
    [
      '\ufeff{"a": 1}',
      "invalid character '\ufeff' looking for beginning of value: the text begins with a byte order mark",
      [1, 1],
    ],
    ['{"a": 1,}', "invalid character '}' looking for beginning of object key string", [1, 9]],
    ['{"a": [1,]}', "invalid character ']' looking for beginning of value", [1, 10]],
    ['{"a": 1 "b": 2}', `invalid character '"' after object key:value pair`, [1, 9]],
    ['{"a" 1}', "invalid character '1' after object key", [1, 6]],
    ["{'a': 1}", "invalid character '\\'' looking for beginning of object key string", [1, 2]],
    ['{"a":\n 01}', "invalid character '1' after object key:value pair", [2, 3]],
    ['{"a": .5}', "invalid character '.' looking for beginning of value", [1, 7]],
    ['{"a": -x}', "invalid character 'x' in numeric literal", [1, 8]],
    ['{"a": 1e400}', 'number out of the range of a float', [1, 7]],
    ['{"a": trUe}', "invalid character 'U' in literal true (expecting 'u')", [1, 9]],
    ['{"a": "x\ny"}', "invalid character '\\n' in string literal", [1, 9]],
    ['{"a": "\\x41"}', "invalid character 'x' in string escape code", [1, 9]],
    ['{"a": "\\n\\u12"}', `invalid character '"' in string escape code`, [1, 14]],
    ['{"a": "x', 'unexpected EOF', [1, 9]],
    [`{"a": "${'x'.repeat(300)}`, 'unexpected EOF', [1, 308]],
    [`{"a": "${'x'.repeat(300)}\n"}`, "invalid character '\\n' in string literal", [1, 308]],
    ['{"a": {"b": 1}', 'unexpected EOF', [1, 15]],
    ['{"a"', 'unexpected EOF', [1, 5]],
    ['{"a": 1, "b":[', 'unexpected EOF', [1, 15]],
    ['{"a": 1}\n{"b": 2}\n', "invalid character '{' after top-level value", [2, 1]],
  ])('%j', (source, message, [line, column]) => {
    const error = failure(source)
    expect(error).toMatchObject({ code: 'parse', message, position: { line, column } })
  })

  it('says what to do about a byte order mark and about text after the object', () => {
    expect(failure('\ufeff{}').hints).toEqual([expect.stringMatching(/^save it as UTF-8 without one/)])
    expect(failure('{}{}').hints).toEqual([
      'a JSON file holds one value: what follows it would be lost',
      'if two files were joined, save each as a file of its own',
    ])
    expect(failure('[]').hints).toHaveLength(2)
    expect(failure('').hints).toHaveLength(1)
  })

  it('says more of encrypted input', () => {
    expect(failure('hello', { encrypted: true }).message).toMatch(
      /^Could not unmarshal input data: invalid character 'h'/,
    )
  })

  it('finds its way through any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (data) => {
        try {
          json.parse(data)
        } catch (error) {
          expect((error as SopsError).code).toBe('parse')
        }
      }),
    )
  })
})

describe('print', () => {
  const sample = tree(
    entry('s', leaf('<a>&\u2028 é/"\\\n\u0001\u007f')),
    entry('k<', {
      kind: 'list',
      items: [leaf(1n), { kind: 'comment', text: 'c', inline: false }, leaf(null), leaf(true)],
    }),
    entry('e', map()),
    entry('l', { kind: 'list', items: [] }),
    entry('t', leaf({ rfc3339: '2024-01-02T03:04:05.12+02:00' })),
  )
  const expected = (tab: string): string =>
    [
      '{',
      `${tab}"s": "\\u003ca\\u003e\\u0026\\u2028 é/\\"\\\\\\n\\u0001\u007f",`,
      `${tab}"k\\u003c": [`,
      `${tab}${tab}1,`,
      `${tab}${tab}null,`,
      `${tab}${tab}true`,
      `${tab}],`,
      `${tab}"e": {},`,
      `${tab}"l": [],`,
      `${tab}"t": "2024-01-02T03:04:05.12+02:00"`,
      '}\n',
    ].join('\n')

  it.each<[number | undefined, string]>([
    [undefined, '\t'],
    [-1, '\t'],
    [0, ''],
    [2, '  '],
  ])('indents by %s', (indent, tab) => {
    expect(text(json.print(sample, indent === undefined ? {} : { indent }))).toBe(expected(tab))
  })

  it.each<[Value, string]>([
    [1e21, '1e+21'],
    [1e-7, '1e-7'],
    [1e20, '100000000000000000000'],
    [0.000001, '0.000001'],
    [-0, '-0'],
    [1, '1'],
    [5e-324, '5e-324'],
    [bytes('é\n'), '"é\\n"'],
    ['', '""'],
    [`${'<x'.repeat(9000)}`, `"${'\\u003cx'.repeat(9000)}"`],
    [null, 'null'],
  ])('a single %s', (value, expected) => {
    expect(text(json.printValue(leaf(value)))).toBe(expected)
  })

  it('does not use spellings, nor end single values with a newline', () => {
    const list: Node = { kind: 'list', items: [{ kind: 'leaf', value: 1.5, spelling: '1.50' }] }
    expect(text(json.printValue(list))).toBe('[\n\t1.5\n]')
  })

  it.each([Number.NaN, Infinity, -Infinity])('refuses %s', (value) => {
    expect(() => json.print(tree(entry('a', leaf(value))))).toThrow(expect.objectContaining({ code: 'cannot-emit' }))
  })

  it('refuses odd indentations, odd keys, and several documents where they would be lost', () => {
    expect(() => json.print(sample, { indent: -2 })).toThrow(
      'JSON Indentation parameter smaller than -1 is not accepted',
    )
    expect(() => json.print(tree({ ...entry('1', leaf(1n)), keyType: 'int' }))).toThrow(
      /JSON keys are strings, and 1 is int/,
    )
    const documents = [map(entry('a', leaf(1n))), map()]
    expect(text(json.print({ documents }))).toBe('{\n\t"a": 1\n}\n')
    expect(() => json.print({ documents }, { encrypted: true })).toThrow(
      expect.objectContaining({ code: 'cannot-emit' }),
    )
  })

  it('is read back as the same tree', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (object) => {
        const source = JSON.stringify(object)
        expect(plain(parse(text(json.print(json.parse(bytes(source)).tree))))).toEqual(
          JSON.parse(source, (_, value) => (value === 0 ? 0 : value)),
        )
      }),
    )
  })

  it('offers an example that is a document', () => {
    expect(text(json.print(json.parse(bytes(json.example)).tree))).toBe(json.example)
  })
})
