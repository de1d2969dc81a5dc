import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { json } from '../../src/formats/json.ts'
import type { Layout } from '../../src/formats/types.ts'
import type { Comment, Entry, Leaf, ListNode, MapNode, Node } from '../../src/tree/tree.ts'
import { bytes, entry, leaf, map, mapLeaves, metadata, open, seal, text } from './json-support.ts'

const parse = (source: string) => json.parse(bytes(source))
const root = (source: string): MapNode => parse(source).tree.documents[0]!

/** The source with a change made to its tree. */
function changed(source: string, change: (root: MapNode) => MapNode, layout?: Layout): string {
  const parsed = parse(source)
  return text(json.rewrite(parsed, { documents: [change(parsed.tree.documents[0]!)] }, layout).bytes)
}
const encrypt = (source: string, layout?: Layout): string =>
  text(json.rewrite(parse(source), seal(root(source)), { ...layout, encrypted: true }).bytes)
const decrypt = (source: string): string => text(json.rewrite(parse(source), open(root(source))).bytes)

const append =
  (...added: Entry[]) =>
  (map: MapNode): MapNode => ({ ...map, items: [...map.items, ...added] })
const without =
  (...keys: string[]) =>
  (map: MapNode): MapNode => ({
    ...map,
    items: map.items.filter((item) => item.kind !== 'entry' || !keys.includes(item.key)),
  })
/** A change to the value of a member. */
const within =
  (key: string, change: (value: Node) => Node) =>
  (map: MapNode): MapNode => ({
    ...map,
    items: map.items.map((item) =>
      item.kind === 'entry' && item.key === key ? { ...item, value: change(item.value) } : item,
    ),
  })
const inMap = (change: (map: MapNode) => MapNode) => (value: Node) => change(value as MapNode)
const inList =
  (change: (items: ListNode['items']) => ListNode['items']) =>
  (value: Node): Node =>
    ({ ...value, items: change((value as ListNode).items) }) as ListNode

const block = (indent: string, eol = '\n'): string =>
  [
    '"sops": {',
    '\t"age": [',
    '\t\t{',
    '\t\t\t"enc": "-----\\n<x>\\n"',
    '\t\t}',
    '\t],',
    '\t"mac": "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]"',
    '}',
  ]
    .map((line, i) => (i === 0 ? line : line.replace(/^\t*/, (tabs) => indent.repeat(tabs.length + 1))))
    .join(eol)
const flat = (comma: string): string =>
  `"sops": {"age": [{"enc": "-----\\n<x>\\n"}]${comma}"mac": "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]"}`

describe('metadata', () => {
  it.each<[string, string, Layout?]>([
    ['{\n\t"a": null\n}\n', `{\n\t"a": null,\n\t${block('\t')}\n}\n`],
    ['{\n  "a": null\n}', `{\n  "a": null,\n  ${block('  ')}\n}`],
    ['{\n  "a": null\n}', `{\n  "a": null,\n  ${block('  ')}\n}`, { indent: 4 }],
    ['{\r\n    "a": null\r\n}\r\n', `{\r\n    "a": null,\r\n    ${block('    ', '\r\n')}\r\n}\r\n`],
    ['{\n"a":null}', `{\n"a":null,\n${block('')}}`],
    ['{"a":null}', `{"a":null,${flat(',')}}`],
    ['{"a":null, "b":null }\n', `{"a":null, "b":null, ${flat(',')} }\n`],
    ['{"a": null}', `{"a": null, ${flat(', ')}}`],
    ['{"a":null}', `{"a":null,${block('  ')}}`, { indent: 2 }],
    ['{}', `{\n\t${block('\t')}\n}`],
    ['{}\n', `{\n  ${block('  ')}\n}\n`, { indent: 2 }],
    ['{ }', `{${block('\t')} }`],
    ['{\n}\n', `{${block('\t')}\n}\n`],
    ['{"a": [\n  null\n]}', `{"a": [\n  null\n], ${flat(', ')}}`],
  ])('%j', (source, expected, layout) => {
    expect(encrypt(source, layout)).toBe(expected)
    expect(decrypt(expected)).toBe(source)
  })

  it('replaces the old block where it stands', () => {
    const renew = (map: MapNode): MapNode => ({
      ...map,
      items: map.items.map((item) => (item.kind === 'entry' && item.key === 'sops' ? metadata : item)),
    })
    expect(changed('{\n  "sops": {\n   "x":1},\n  "a" : 1 \n}', renew)).toBe(`{\n  ${block('  ')},\n  "a" : 1 \n}`)
    expect(changed('{ "a" : 1 , "sops" :{}}', renew)).toBe(`{ "a" : 1 , ${flat(', ')}}`)
  })

  it('leaves what the reference lays out when it is all there is', () => {
    expect(decrypt(`{\n\t${block('\t')}\n}\n`)).toBe('{}\n')
  })

  it('refuses an indentation below -1', () => {
    expect(() => encrypt('{}', { indent: -2 })).toThrow('JSON Indentation parameter smaller than -1 is not accepted')
  })
})

describe('values', () => {
  it.each([
    [
      '1.50',
      '-0',
      '1E2',
      '18446744073709551616',
      '1e+21',
      '1000000000000000000000',
      '0.0000001',
      '1e-7',
      '0.10',
      '-0.0',
    ],
    ['"é <b>&amp;</b> / \u2028"', '"\\n\\t\\"\\\\\\u0001"', '""', 'null', 'true', 'false'],
    [
      '"\\u003cb\\u003e \\u0026 é\\n"',
      '"http:\\/\\/x\\/"',
      '"\\u00e9\\ud83d\\ude00"',
      '"\\u00e9\\/"',
      '"\\u0022\\u003C\\u0027\\u00E9"',
      '"\\u00E9"',
    ],
  ])('come back as they were spelled', (...spellings) => {
    const source = `{"a": [${spellings.join(' ,')}]}`
    const sealed = encrypt(source)
    expect(sealed).not.toBe(source)
    expect(decrypt(sealed)).toBe(source)
  })

  it('spell what cannot be kept with the fewest escapes', () => {
    expect(decrypt(encrypt('{"a":"\\u0041\\u003cé\\/"}'))).toBe('{"a":"A<é/"}')
  })

  it('mark an encrypted token so that every reader sees the same value', () => {
    const sealed = encrypt('{"a":"\\u00e9","b":0.0000001,"c":"x"}')
    const object = JSON.parse(sealed)
    expect(object.a).toMatch(/^ENC\[AES256_GCM,data:w6k=,.*,type:str\]$/)
    expect(object.b).toMatch(/,type:float\]$/)
    expect(sealed.match(/\\u/g)).toHaveLength(2)
    const rotated = changed(
      sealed,
      within('a', (value) => ({ ...(value as object), value: object.a.replace('w6k=', 'w6g=') }) as Node),
      { encrypted: true },
    )
    expect(decrypt(rotated)).toBe('{"a":"\\u00e8","b":0.0000001,"c":"x"}')
  })

  it('take the token of an earlier version, if it says the same and remembers the same', () => {
    const parsed = parse('{"a": "\\u0045NC[x]", "b": "ENC[x]"}')
    const [a, b] = (parsed.tree.documents[0]!.items as Entry[]).map((item) => item.value as Leaf)
    expect(json.token!(parsed, b!)).toBeUndefined()
    const token = json.token!(parsed, a!)!
    expect(token).toEqual({ value: 'ENC[x]', text: '"\\u0045NC[x]"' })
    const take = (value: string) => within('a', (node) => ({ ...node, kind: 'leaf', value, token }) as Node)
    expect(changed('{"a": 1}', take('ENC[x]'))).toBe(`{"a": ${token.text}}`)
    expect(changed('{"a": 1}', take('ENC[y]'))).toBe('{"a": "ENC[y]"}')
    const value = 'ENC[AES256_GCM,data:w6k=,iv:AA==,tag:AA==,type:str]'
    const old = { value, text: `"${value.replace('e:str', '\\u0065:str')}"` }
    const seal = (source: string) =>
      changed(
        source,
        within('a', (node) => ({ ...node, value, token: old }) as Node),
        { encrypted: true },
      )
    expect(seal('{"a": "\\u00E9"}')).toBe(`{"a": ${old.text}}`)
    expect(seal('{"a": "\\u00e9"}')).toBe(`{"a": ${old.text.replace('typ\\u0065', 't\\u0079pe')}}`)
    expect(seal('{"a": "é"}')).toBe(`{"a": "${value}"}`)
  })

  it('of comments stay only as the texts of encrypted lists', () => {
    const source = '{"a": ["ENC[AES256_GCM,data:x,iv:AA==,tag:AA==,type:comment]", 1]}'
    const comment = (text: string) =>
      within(
        'a',
        inList(([first, ...rest]) => [
          { kind: 'comment', text, inline: false, origin: first!.origin! } satisfies Comment,
          ...rest,
        ]),
      )
    expect(changed(source, comment('hello'))).toBe('{"a": [1]}')
    expect(changed(source, comment('ENC[AES256_GCM,data:x,iv:AA==,tag:AA==,type:comment]'))).toBe(source)
    expect(changed(source, comment('ENC[AES256_GCM,data:y,iv:AA==,tag:AA==,type:comment]'), { encrypted: true })).toBe(
      source.replace(':x,', ':y,'),
    )
  })
})

describe('items', () => {
  const deep = '{\n  "a": {\n    "b": 1,\n    "c": [1, 2]\n  },\n  "d": {},\n  "e": []\n}\n'
  const object = map(entry('x', leaf(1n)), entry('y', { kind: 'list', items: [leaf('<')] }))

  it.each<[string, string, (root: MapNode) => MapNode, string]>([
    ['first removed', deep, without('a'), '{\n  "d": {},\n  "e": []\n}\n'],
    ['middle removed', deep, without('d'), deep.replace('  "d": {},\n', '')],
    ['last removed', deep, without('e'), deep.replace(',\n  "e": []', '')],
    ['all removed', deep, without('a', 'd', 'e'), '{}\n'],
    ['appended', deep, append(entry('f', leaf('x'))), deep.replace('[]\n}', '[],\n  "f": "x"\n}')],
    [
      'appended below',
      deep,
      within('a', inMap(append(entry('f', leaf(null))))),
      deep.replace('2]', '2],\n    "f": null'),
    ],
    [
      'an object appended',
      deep,
      append(entry('f', object)),
      deep.replace('[]\n}', '[],\n  "f": {\n    "x": 1,\n    "y": [\n      "<"\n    ]\n  }\n}'),
    ],
    [
      'into an empty object',
      deep,
      within('d', inMap(append(entry('x', leaf(1n)), entry('y', leaf(2n))))),
      deep.replace('{}', '{\n    "x": 1,\n    "y": 2\n  }'),
    ],
    [
      'into an empty list',
      deep,
      within(
        'e',
        inList(() => [leaf(1n)]),
      ),
      deep.replace('[]', '[\n    1\n  ]'),
    ],
    [
      'list item appended',
      deep,
      within(
        'a',
        inMap(
          within(
            'c',
            inList((items) => [...items, leaf(3n)]),
          ),
        ),
      ),
      deep.replace('2]', '2, 3]'),
    ],
    [
      'list item removed',
      deep,
      within(
        'a',
        inMap(
          within(
            'c',
            inList((items) => items.slice(1)),
          ),
        ),
      ),
      deep.replace('1, 2]', '2]'),
    ],
    [
      'list emptied',
      deep,
      within(
        'a',
        inMap(
          within(
            'c',
            inList(() => []),
          ),
        ),
      ),
      deep.replace('[1, 2]', '[]'),
    ],
    [
      'value replaced by an object',
      deep,
      within('e', () => object),
      deep.replace('[]', '{\n    "x": 1,\n    "y": [\n      "<"\n    ]\n  }'),
    ],
    ['value replaced by a leaf', deep, within('a', () => leaf(5n)), '{\n  "a": 5,\n  "d": {},\n  "e": []\n}\n'],
    [
      'object in a list on one line',
      '{"a":[1]}',
      within(
        'a',
        inList((items) => [...items, object]),
      ),
      '{"a":[1,{"x":1,"y":["<"]}]}',
    ],
    [
      'a new list on one line',
      '{"a": 1}',
      append(entry('b', { kind: 'list', items: [leaf(1n), leaf(2n)] })),
      '{"a": 1, "b": [1, 2]}',
    ],
    [
      'renamed',
      '{ "a" : 1 }',
      (root) => ({ ...root, items: root.items.map((item) => ({ ...item, key: 'b' }) as Entry) }),
      '{ "b" : 1 }',
    ],
    [
      'with the text of another version',
      '{\n "a": 1\n}',
      append({ ...entry('b', leaf(1n)), text: '"b" :  1' }),
      '{\n "a": 1,\n "b" :  1\n}',
    ],
    [
      'replaced as a whole',
      '{"a": 1,  "b":2,\n"c":3}',
      (root) => ({ ...root, items: root.items.with(1, entry('b', leaf(9n))) }),
      '{"a": 1,  "b": 9,\n"c":3}',
    ],
    ['moved', '{"a":1,"b":2,"c":3}', (root) => ({ ...root, items: root.items.toReversed() }), '{"c":3,"b":2,"a":1}'],
    [
      'a document rebuilt without its origin',
      '{ "a" : 1 }',
      ({ items }) => map(...(items as Entry[]), entry('b', leaf(2n))),
      '{ "a" : 1, "b" : 2 }',
    ],
  ])('%s', (_, source, change, expected) => {
    const result = changed(source, change)
    expect(JSON.parse(result)).toEqual(JSON.parse(expected))
    expect(result).toBe(expected)
  })

  it('gives the text of a member', () => {
    const parsed = parse(deep)
    const [a, d] = parsed.tree.documents[0]!.items as Entry[]
    expect(json.textOf(parsed, a!)).toBe('"a": {\n    "b": 1,\n    "c": [1, 2]\n  }')
    expect(json.textOf(parsed, d!)).toBe('"d": {}')
  })
})

describe('files as people write them', () => {
  const folder = new URL('../../fixtures/layout/json/', import.meta.url)
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))

  it('are there', () => {
    expect(names.length).toBeGreaterThan(20)
  })

  it.each(names)('%s', (name) => {
    const source = readFileSync(new URL(name, folder), 'utf8')
    expect(changed(source, (root) => mapLeaves(root, (leaf) => leaf) as MapNode)).toBe(source)
    const sealed = encrypt(source)
    expect(() => JSON.parse(sealed)).not.toThrow()
    expect(decrypt(sealed)).toBe(source)
  })
})

describe('any layout', () => {
  const blank = fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    fc.constantFrom(' ', '\n', '\n  ', '\t', '\r\n\t', '  ', '\n\n    '),
  )
  const habits = [
    JSON.stringify,
    (value: string) => JSON.stringify(value).replaceAll('/', '\\/'),
    (value: string) =>
      JSON.stringify(value).replace(
        /[<>&\u2028\u2029]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
    (value: string) =>
      JSON.stringify(value).replace(
        /[\u007f-\uffff]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
  ]
  const wellFormed = fc.string({
    unit: fc.oneof(
      fc.constantFrom('/', '<', '&', 'é', '漢', '\u2028', '"', '\n'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
  })
  const string = fc.tuple(wellFormed, fc.constantFrom(...habits)).map(([value, quote]) => quote(value))
  const number = fc.oneof(
    fc.bigInt(-(2n ** 65n), 2n ** 65n).map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    fc.tuple(fc.integer(), fc.nat(), fc.integer({ min: -300, max: 290 })).map(([a, b, c]) => `${a}.${b}e${c}`),
    fc.constantFrom('-0', '0.0', '1.50', '1E2', '0.0000001', '100000000000000000000000'),
  )
  const { object } = fc.letrec<{ value: string; object: string; list: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      string,
      number,
      fc.constantFrom('true', 'false', 'null', '""'),
      tie('object'),
      tie('list'),
    ),
    object: fc
      .tuple(
        fc.array(
          fc
            .tuple(
              blank,
              string.filter((key) => key !== '"sops"'),
              blank,
              blank,
              tie('value'),
              blank,
            )
            .map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`),
          { maxLength: 4 },
        ),
        blank,
      )
      .map(([members, empty]) => `{${members.join(',') || empty}}`),
    list: fc
      .tuple(
        fc.array(
          fc.tuple(blank, tie('value'), blank).map((parts) => parts.join('')),
          { maxLength: 4 },
        ),
        blank,
      )
      .map(([items, empty]) => `[${items.join(',') || empty}]`),
  }))
  const document = fc.tuple(blank, object, blank).map((parts) => parts.join(''))

  it('is kept when nothing changes', () => {
    fc.assert(
      fc.property(document, (source) => {
        expect(changed(source, (root) => mapLeaves(root, (leaf) => leaf) as MapNode)).toBe(source)
      }),
    )
  })

  it('is the same again after encrypting and decrypting', () => {
    fc.assert(
      fc.property(document, fc.option(fc.integer({ min: -1, max: 8 }), { nil: undefined }), (source, indent) => {
        const sealed = encrypt(source, indent === undefined ? {} : { indent })
        JSON.parse(sealed)
        expect(sealed).toContain('"mac": "ENC[')
        expect(decrypt(sealed)).toBe(source)
      }),
      { numRuns: 1000 },
    )
  })

  it('stays valid when items come and go', () => {
    const edits = fc.array(fc.tuple(fc.nat(5), fc.boolean()), { maxLength: 6 })
    fc.assert(
      fc.property(document, edits, (source, steps) => {
        const parsed = parse(source)
        let { items } = parsed.tree.documents[0]!
        for (const [at, add] of steps) {
          items = add ? items.toSpliced(at, 0, entry(`n${at}`, map(entry('x', leaf(1n))))) : items.toSpliced(at, 1)
        }
        const keys = (items as Entry[]).map(({ key }) => key)
        const result = text(json.rewrite(parsed, { documents: [{ ...parsed.tree.documents[0]!, items }] }).bytes)
        expect((root(result).items as Entry[]).map(({ key }) => key)).toEqual(keys)
      }),
      { numRuns: 500 },
    )
  })
})
