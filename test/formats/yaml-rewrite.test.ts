import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { yaml } from '../../src/formats/yaml.ts'
import type { Entry, ListNode, MapNode, Node, Tree } from '../../src/tree/tree.ts'
import {
  bytes,
  decryptText,
  differences,
  enc,
  encryptText,
  entry,
  isMetadata,
  leaf,
  list,
  map,
  metadata,
  open,
  parseShown,
  returned,
  seal,
  settled,
  shownTree,
  text,
  yamlTexts,
} from './yaml-support.ts'

/** The text without its metadata lines. */
const data = (source: string): string => source.replace(/^sops:\n(?: .*\n?)+/gm, '')
const short = (source: string): string =>
  data(source).replace(/ENC\[AES256_GCM,data:[^,]*,iv:[^,]*,tag:AAAA,type:/g, 'ENC[')

function changed(source: string, change: (root: MapNode) => MapNode, encrypted = false): string {
  const parsed = yaml.parse(bytes(source))
  const [first, ...rest] = parsed.tree.documents as [MapNode, ...MapNode[]]
  return text(yaml.rewrite(parsed, { documents: [change(first), ...rest] }, { encrypted }).bytes)
}
const append =
  (...added: Entry[]) =>
  (root: MapNode): MapNode => ({ ...root, items: [...root.items, ...added] })
const without =
  (key: string) =>
  (root: MapNode): MapNode => ({
    ...root,
    items: root.items.filter((item) => item.kind !== 'entry' || item.key !== key),
  })
const within =
  (key: string, change: (value: Node) => Node) =>
  (root: MapNode): MapNode => ({
    ...root,
    items: root.items.map((item) =>
      item.kind === 'entry' && item.key === key ? { ...item, value: change(item.value) } : item,
    ),
  })
const inMap =
  (change: (root: MapNode) => MapNode) =>
  (value: Node): Node =>
    change(value as MapNode)
const inList =
  (change: (items: readonly Node[]) => Node[]) =>
  (value: Node): Node =>
    ({ ...value, items: change((value as unknown as { items: Node[] }).items) }) as Node

describe('encrypting', () => {
  it.each([
    ['a: x\n', 'a: ENC[str]\n'],
    ['a: "x"\n', 'a: "ENC[str]"\n'],
    ["a: 'x'\n", "a: 'ENC[str]'\n"],
    ['a: yes\n', 'a: "ENC[str]"\n'],
    ['a: "yes"\nb: \'no\'\n', "a: ENC[str]\nb: 'ENC[str]'\n"],
    ['a: 12:30:45 # c\n', 'a: "ENC[str]" #ENC[comment]\n'],
    ['a: 😀\nb: "😀"\nc: "\\U0001F600"\n', 'a: "ENC[str]"\nb: \'ENC[str]\'\nc: ENC[str]\n'],
    ['a: true\nb: True\nc: TRUE\n', 'a: ENC[bool]\nb: "ENC[bool]"\nc: ENC[bool]\n'],
    ['a: 1.50\nb: 100000.0\nc: 0.00001\n', 'a: ENC[float]\nb: ENC[float]\nc: "ENC[float]"\n'],
    ['a: 2024-01-02\n', 'a: "ENC[time]"\n'],
    ['a: |\n  x\n  y\nb: 1\n', 'a: |-\n  ENC[str]\nb: ENC[int]\n'],
    ['a: |2 # c\n    x\n', 'a: |2- #ENC[comment]\n  ENC[str]\n'],
    ['a: |+\n  x\n\nb: 1\n', 'a: |-\n  ENC[str]\n\nb: ENC[int]\n'],
    ['a: >-\n  x\n', 'a: >-\n  ENC[str]\n'],
    ['a: [x, "w", yes, "no", 1]\n', `a: ['ENC[str]', "ENC[str]", "ENC[str]", 'ENC[str]', 'ENC[int]']\n`],
    ['a: [\'a, b\', "a, b", True]\n', `a: ['ENC[str]', "ENC[str]", "ENC[bool]"]\n`],
    ['{"a":"x","b":1}\n', `{"a":"ENC[str]","b":'ENC[int]',\n`],
    ['a: &x !env s\nb: !!str 5\nc: !!int "5"\n', 'a: &x !env ENC[str]\nb: !!str ENC[str]\nc: ENC[int]\n'],
    ['a: null\nb: ""\nc: {}\nd:\n', 'a: null\nb: ""\nc: {}\nd:\n'],
    ['- # c\n'.replace('- ', 'l:\n- a '), 'l:\n- ENC[str] #ENC[comment]\n'],
    ['a:\r\n  b: x\r\n', 'a:\r\n  b: ENC[str]\r\n'],
  ])('%j', (source, encrypted) => {
    const full = encryptText(source)
    expect(short(full.replaceAll('\r\n', '\n'))).toBe(encrypted.replaceAll('\r\n', '\n'))
    expect(full.includes('\r\n')).toBe(source.includes('\r\n'))
  })

  it('puts the metadata of a flow map below a line of its own', () => {
    expect(encryptText('{"a":""}\n')).toBe(
      `{"a":"",\nsops:\n  {age: [{enc: "---\\n<x>\\n"}], lastmodified: "2024-05-06T07:08:09Z"}}\n`,
    )
  })

  it('appends the metadata in the layout asked for', () => {
    expect(encryptText('a:\n  b: null\n')).toBe(
      'a:\n  b: null\nsops:\n    age:\n        - enc: |\n            ---\n            <x>\n    lastmodified: "2024-05-06T07:08:09Z"\n',
    )
    expect(encryptText('a: null\n', 2)).toContain('\nsops:\n  age:\n    - enc: |\n        ---\n')
  })

  it('writes the metadata into every document, before its end', () => {
    const encrypted = encryptText('a: 1\n# end\n---\nb: 1\n...\n')
    expect(short(encrypted)).toBe('a: ENC[int]\n#ENC[comment]\n---\nb: ENC[int]\n...\n')
    expect(parseShown(encrypted).map((root) => JSON.stringify(root).includes('{"sops":'))).toEqual([true, true])
  })

  it('uses a token of an earlier version that says the same', () => {
    const parsed = yaml.parse(bytes(`a: "${enc('x', 'str', 'iv.61')}"\n`))
    const item = parsed.tree.documents[0]?.items[0] as Entry
    const token = yaml.token?.(parsed, item.value as never)
    expect(token?.text).toBe(`"${enc('x', 'str', 'iv.61')}"`)
    const plain = yaml.parse(bytes('a: "x"\n'))
    const root = seal(plain.tree.documents[0] as MapNode)
    const value = { ...(root.items[0] as Entry).value, token }
    const next = { documents: [{ ...root, items: [{ ...root.items[0], value }] }] } as Tree
    expect(text(yaml.rewrite(plain, next, { encrypted: true }).bytes)).toBe(`a: "${enc('x', 'str', 'iv.61')}"\n`)
  })

  it('keeps quotes and style of an encrypted value that is encrypted anew', () => {
    const source = `a: "${enc('x', 'str')}"\nb: |-\n  ${enc('y', 'str')}\n`
    const next = source.replaceAll('iv:AAAA', 'iv:BBBB')
    const again = changed(
      source,
      (root) => {
        const [a, b] = root.items as [Entry, Entry]
        const renew = (item: Entry): Entry => ({
          ...item,
          value: {
            ...item.value,
            value: String((item.value as { value: string }).value).replace('iv:AAAA', 'iv:BBBB'),
          } as Node,
        })
        return { ...root, items: [renew(a), renew(b)] }
      },
      true,
    )
    expect(again).toBe(next)
  })
})

/** What comes back with the same value but another text. */
const losses: readonly (readonly [string, string])[] = [
  ['a: 0x1F\n', 'a: 31\n'],
  ['a: 1_000\n', 'a: 1000\n'],
  ['a: 0777\n', 'a: 511\n'],
  ['a: +.Inf\n', 'a: .inf\n'],
  ['a: 2024-1-2\n', 'a: 2024-01-02T00:00:00Z\n'],
  ['a: 2024-01-02 03:04:05\n', 'a: 2024-01-02T03:04:05Z\n'],
  ['a: !!int "5"\n', 'a: 5\n'],
  ['a: ! w\n', 'a: w\n'],
  ["a: ['w', 'yes', '=', '2024-01-02T03:04:05']\n", 'a: [w, "yes", "=", "2024-01-02T03:04:05"]\n'],
  ['a: ["\\U0001F600"]\n', 'a: ["😀"]\n'],
  ["a: '😀'\n", 'a: "😀"\n'],
  ['a: |\n  x', 'a: |-\n  x'],
  ['a: |+\n  x\n', 'a: |\n  x\n'],
  ['a: "yes"#c\n', 'a: "yes" #c\n'],
  ['a: "\\u00e9"\n', 'a: "é"\n'],
  ['a: "x\n  y"\n', 'a: "x y"\n'],
  ['a: x\n  y\n', 'a: x y\n'],
  ["a: 'x\n\n  y'\n", 'a: "x\\ny"\n'],
  ['a: >\n  x\n  y\n\n  z\n', 'a: >\n  x y\n\n  z\n'],
  ['a: !!float -0\n', 'a: 0.0\n'],
  ['a: !!float 0x1F\n', 'a: 31.0\n'],
  ['a: &x !!float 1\nb: *x\n', 'a: &x !!float 1\nb: 1.0\n'],
  ['a: &x "\\n"\nb: *x', 'a: &x "\\n"\nb: |4+\n\n'],
  ['a: &x "x\\n\\n"\nb: *x', 'a: &x "x\\n\\n"\nb: |+\n    x\n\n'],
  ['a: x\n\n  y\n       \n', 'a: "x\\ny"\n       \n'],
  ['a:\n  b: x\n\n   y\n    # c\n', 'a:\n  b: "x\\ny"\n    # c\n'],
  ['a: 1\n---\n#b\n #c\n\n', 'a: 1\n---\n#b\n #c\n\n'],
  ['a: &x 1\nb: *x\n', 'a: &x 1\nb: 1\n'],
  ['{}\n', '{}\n'],
  ['~\n', '~\n'],
  ['---\n', '---\n'],
]

describe('decrypting', () => {
  it.each(losses)('%j becomes %j', (source, again) => {
    expect(decryptText(encryptText(source))).toBe(again)
  })

  it.each(
    [
      'a: |+\n  x\n\n\n',
      'a: |+\n  x\n\n ',
      'a: |+\n ',
      'a: 1\n   ',
      'a: |-2\n    x\n',
      'a: |+2\n   x\n\nb: 1\n',
      'a: |2\n    x\n',
      'a: |+\n\nb: 1\n',
      'a: >+\n\n\n\n',
      'a:\n- |+\n\n- b\n',
      'a: |1+\n\n\nb: 1\n',
      'a: !!float 1\nb: &x !!float 0\nc: [!!float 7]\n',
      'a: -0.0\n',
      'a: !!binary gIE=\n',
      'a: |-\n  x',
      'a: >\n  x\n',
      'a: "x',
      'a: [ ]',
      'a: 1\nb: [1,\n2,\n  ]',
      'k:\n- a\n# c',
      'a: 1\n\n\n',
      'a: 1 # c',
      '# top\n\na: 1\n# end\n',
      'a: { b: "c" , d: e } # f\n',
      'a: "\\U0001F600"\n',
      'a: |\n\n  x\n',
      'a: |2\n\n    x\n  y\n',
      '? a\n: b\n',
      'a: !!str 5\nb: !x |\n  y\n',
      '--- # c\na: 1\n--- \nb: 2\n...\n',
      "a: 'it''s'\nb: 'yes'\n",
      'a:   x   # c  \n',
      '"a" : x\n\'b\':\ty\n',
      'a: ["x",y,[1],{b: c}]\n',
      'a: &x {b: null}\nc: *x\n',
      '%YAML 1.1\n---\na: 1\n',
      'a:\r\n- "x"\r\n- |\r\n  y\r\n',
      '{"a": "x", "b": [1, 2.5, true, null], "c": {"d": "e"}}\n',
    ].map((source) => [source.replace(/^a: "x$/, 'a: "x"')]),
  )('%j comes back byte for byte', (source) => {
    expect(decryptText(encryptText(source))).toBe(source)
  })

  it('prints what the reference wrote as the reference would', () => {
    const of = (plain: string, type = 'str'): string => `${enc(plain, type)}`
    const source = `a: ${of('x')}\nb: ${of('yes')}\nc: ${of('- x')}\nd: ${of('l\nm\n')}\ne: ${of('😀')}\nf: ${of('100000', 'float')}\ng: ${of('True', 'bool')}\nl:\n    - ${of('l\nm')}\n    - ${of(' note', 'comment')}\n    - ${of('1000000', 'float')} #${of(' c', 'comment')}\n`
    expect(decryptText(source)).toBe(
      'a: x\nb: "yes"\nc: \'- x\'\nd: |\n    l\n    m\ne: "\\U0001F600"\nf: 100000\ng: true\nl:\n    - |-\n      l\n      m\n    # note\n    - 1e+06 # c\n',
    )
  })

  it('drops a string tag before a value that is no string', () => {
    expect(decryptText(`a: !!str ${enc('5', 'int')}\nb: !!str ${enc('5', 'str')}\n`)).toBe('a: 5\nb: !!str 5\n')
  })

  it('turns a list of nothing but encrypted comments into an empty list', () => {
    expect(parseShown(decryptText(`l:\n    - ${enc(' a', 'comment')}\n    - ${enc(' b', 'comment')}\nz: 1\n`))).toEqual(
      [{ map: [{ l: ['# a', '# b'] }, { z: 'int 1' }] }],
    )
  })
})

describe('a flow collection inside another that is laid out anew', () => {
  /** Without the first element of the list within the list `a`. */
  const shortened = (source: string): string =>
    changed(source, (root) =>
      within('a', (value) => {
        const outer = value as ListNode
        const shorter = (list: Node): Node => {
          const { items } = list as ListNode
          const first = items.findIndex((item) => item.kind !== 'comment')
          return { ...list, items: items.toSpliced(first, 1) } as Node
        }
        const at = outer.items.findIndex((item) => item.kind === 'list')
        return { ...outer, items: outer.items.with(at, shorter(outer.items[at] as Node)) }
      })(root),
    )

  it.each([
    ['a: [[x, # c\n  w], z]\n', 'a: [[\n       # c\n       w\n     ], z]\n'],
    ['a: [[x, w], z]\n', 'a: [[w], z]\n'],
    ['a: [[x,\n  # c\n  y, # d\n  {k: v, # e\n  l: w}], z]\n', undefined],
    ['a: [[ # b\n  x,\n  # c\n  [y, # d\n  z], 1\n  # e\n], z]\n', undefined],
  ])('%j keeps its comments', (source, becomes) => {
    const again = shortened(source)
    if (becomes !== undefined) expect(again).toBe(becomes)
    // A comment beside an element becomes one above it.
    const said = (text: string): string => JSON.stringify(parseShown(text)).replaceAll('"~ ', '"# ')
    expect(said(again)).toBe(said(source.replace(/x, ?/, '')))
  })
})

describe('aliases', () => {
  const source = 'a: &x\n  b: s # c\n  e: null\nc: *x\nd:\n- *x # e\n- [*x]\n<<: *x\n'
  it('are replaced by copies where a value in them changes', () => {
    const encrypted = encryptText(source)
    expect(short(encrypted)).toBe(
      'a: &x\n  b: ENC[str] #ENC[comment]\n  e: null\nc:\n  b: ENC[str] #ENC[comment]\n  e: null\nd:\n' +
        "- {b: 'ENC[str]', e: null} #ENC[comment]\n- [{b: 'ENC[str]', e: null}]\n<<:\n  b: ENC[str] #ENC[comment]\n  e: null\n",
    )
    const parsed = yaml.parse(bytes(source))
    const next = { documents: parsed.tree.documents.map((root) => seal(root)) }
    expect(yaml.rewrite(parsed, next, { encrypted: true }).losses?.aliases).toBe(4)
  })

  it('stay where nothing changes in them', () => {
    const unused = 'a: &x\n  b: null\nc: *x\nd: &y k\n*y : z\n'
    const parsed = yaml.parse(bytes(unused))
    expect(yaml.rewrite(parsed, parsed.tree, { encrypted: true }).losses).toEqual({
      aliases: 0,
      respelt: [],
      documents: [],
    })
    expect(changed(unused, append(entry('new', 1n)))).toBe(`${unused}new: 1\n`)
  })

  it('are replaced when their anchor goes or says something else', () => {
    expect(changed('a: &x 1\nb: *x\n', without('a'))).toBe('b: 1\n')
    expect(
      changed(
        'a: &x 1\nb: *x\n*x : c\n',
        within('a', (old) => ({ ...old, value: 'w' }) as Node),
      ),
    ).toBe('a: &x w\nb: 1\n1 : c\n')
    expect(short(encryptText('a: &x k\n*x : v\n'))).toBe('a: &x ENC[str]\nk : ENC[str]\n')
  })
})

describe('structure', () => {
  it.each<[string, (root: MapNode) => MapNode, string]>([
    ['a: 1\n', append(entry('b', 'x')), 'a: 1\nb: x\n'],
    ['a: 1', append(entry('b', 'x')), 'a: 1\nb: x'],
    ['a: 1\n\n\n', append(entry('b', 'x')), 'a: 1\nb: x\n\n\n'],
    ['a: |\n  x', append(entry('b', 'x')), 'a: |-\n  x\nb: x'],
    ['a: 1\r\n', append(entry('b', 'l\nm\n')), 'a: 1\r\nb: |\r\n    l\r\n    m\r\n'],
    [
      'm:\n  a: 1\n\nz: 1\n',
      within('m', inMap(append(entry('b', map(entry('c', list(leaf('d'), leaf('e')))))))),
      'm:\n  a: 1\n  b:\n    c:\n      - d\n      - e\n\nz: 1\n',
    ],
    [
      'm:\n- a: 1\n  l:\n  - x\n',
      within(
        'm',
        inList(([first]) => [inMap(append(entry('new', list(leaf('w')))))(first as Node)]),
      ),
      'm:\n- a: 1\n  l:\n  - x\n  new:\n  - w\n',
    ],
    ['m: {a: 1}\n', within('m', inMap(append(entry('b', 'x, y')))), "m: {a: 1, b: 'x, y'}\n"],
    ['m: {}\n', within('m', inMap(append(entry('b', 'x')))), 'm: {b: x}\n'],
    [
      'l: [a, b]\n',
      within(
        'l',
        inList((items) => [...items, leaf('c')]),
      ),
      'l: [a, b, c]\n',
    ],
    [
      'l: [a, b]\n',
      within(
        'l',
        inList((items) => [leaf('c'), ...items]),
      ),
      'l: [c, a, b]\n',
    ],
    [
      'l: [a, b, c]\n',
      within(
        'l',
        inList(([a, , c]) => [a as Node, c as Node]),
      ),
      'l: [a, c]\n',
    ],
    [
      'l: [a, b,]\n',
      within(
        'l',
        inList(([a]) => [a as Node]),
      ),
      'l: [a,]\n',
    ],
    [
      'l: [a]\n',
      within(
        'l',
        inList(() => []),
      ),
      'l: []\n',
    ],
    [
      'l:\n  - a\n  - b\n',
      within(
        'l',
        inList((items) => [...items, leaf('c')]),
      ),
      'l:\n  - a\n  - b\n  - c\n',
    ],
    [
      'l:\n  - a\n  - b\n',
      within(
        'l',
        inList(([, b]) => [b as Node]),
      ),
      'l:\n  - b\n',
    ],
    [
      'l:\n  - a\n',
      within(
        'l',
        inList(() => []),
      ),
      'l: []\n',
    ],
    ['a: 1\nb: 2 # c\nd: 3\n', without('b'), 'a: 1\n# c\nd: 3\n'],
    ['a: 1\nb: |\n  x\n\nd: 3\n', without('b'), 'a: 1\n\nd: 3\n'],
    ['a: 1\nb: 2', without('b'), 'a: 1'],
    ['m:\n  a: 1\n', within('m', inMap(without('a'))), 'm: {}\n'],
    ['m: # c\n  a: 1\n\nz: 1\n', within('m', inMap(without('a'))), 'm: {} # c\n\nz: 1\n'],
    [
      'l:\n- a: 1\n  b: 2\n',
      within(
        'l',
        inList(([first]) => [inMap(without('a'))(first as Node)]),
      ),
      'l:\n- b: 2\n',
    ],
    ['a: 1\n', without('a'), '{}\n'],
    ['a: 1 # c\n', within('a', () => map(entry('b', 'x'))), 'a: # c\n    b: x\n'],
    ['a:\n  b: 1\nz: 1\n', within('a', () => leaf('x')), 'a: x\nz: 1\n'],
    ['a: &x !!map # c\n  b: 1\nz: 1\n', within('a', () => leaf('x')), 'a: x # c\nz: 1\n'],
    ['a: |\n  x\nz: 1\n', within('a', () => list(leaf(1n))), 'a:\n    - 1\nz: 1\n'],
    ['a: [1]\n', within('a', () => map()), 'a: {}\n'],
    [
      'a: "x"\nb: \'x\'\nc: |\n  x\n',
      (root) => ({
        ...root,
        items: root.items.map((item) => ({ ...item, value: { ...(item as Entry).value, value: 'it is' } }) as Entry),
      }),
      'a: "it is"\nb: \'it is\'\nc: |-\n  it is\n',
    ],
    ['a: x\n', within('a', (old) => ({ ...old, value: 5n }) as Node), 'a: 5\n'],
    ['a:\n', within('a', (old) => ({ ...old, value: 'x' }) as Node), 'a: x\n'],
    ['a: x\n', append({ ...entry('sops', 1n), text: 'sops: # kept\n  b:   1\n' }), 'a: x\nsops: # kept\n  b:   1\n'],
  ])('%j', (source, change, result) => {
    expect(changed(source, change)).toBe(result)
  })

  it('gives the text of a top-level entry in whole lines', () => {
    const parsed = yaml.parse(bytes('a: 1\nsops:\n  b: |\n    x\n  # c\n\nz: 1\n'))
    const found = parsed.tree.documents[0]?.items.find((item) => item.kind === 'entry' && item.key === 'sops') as Entry
    expect(yaml.textOf(parsed, found)).toBe('sops:\n  b: |\n    x\n  # c\n')
  })

  it('puts new metadata at the end', () => {
    const source = 'sops:\n    a: 1\nx: 1\n'
    expect(changed(source, (root) => append(entry('sops', map(entry('a', 2n))))(without('sops')(root)))).toBe(
      'x: 1\nsops:\n    a: 2\n',
    )
  })
})

describe('laws', () => {
  const roundTrip = (source: string): { sealed: Tree; encrypted: string } | undefined => {
    let documents: readonly MapNode[]
    try {
      documents = yaml.parse(bytes(source)).tree.documents
    } catch {
      return undefined
    }
    const sealed = documents.map((root) => ({ ...seal(root), items: [...seal(root).items, metadata] }))
    return { sealed: { documents: sealed }, encrypted: encryptText(source) }
  }

  it('an encrypted text reads back as the sealed tree, every comment in its container', () => {
    fc.assert(
      fc.property(yamlTexts(true), (source) => {
        const made = roundTrip(source)
        if (!made) return
        const read = yaml.parse(bytes(made.encrypted)).tree
        expect(read.documents.map(settled)).toEqual(made.sealed.documents.map(settled))
      }),
      { numRuns: 300 },
    )
  })

  it('decrypting an encrypted text gives the source byte for byte, but for the losses that are named', () => {
    let exact = 0
    fc.assert(
      fc.property(fc.boolean().chain(yamlTexts), (source) => {
        if (!roundTrip(source)) return
        const { again, named } = returned(source)
        if (named.size === 0) exact++
        expect(differences(source, again, named)).toEqual([])
        expect(decryptText(encryptText(again))).toBe(again)
      }),
      { numRuns: 400 },
    )
    expect(exact).toBeGreaterThan(20)
  })

  it('and never changes a value', () => {
    fc.assert(
      fc.property(yamlTexts(true), (source) => {
        const made = roundTrip(source)
        if (!made) return
        const values = (source: string): unknown => yaml.parse(bytes(source)).tree.documents.map(settled)
        expect(values(decryptText(made.encrypted))).toEqual(values(source))
      }),
      { numRuns: 300 },
    )
  })

  it('any text of a string leaf comes back', () => {
    const strings = fc.string({
      unit: fc.constantFrom(...'ab :#-\'"\\\n\t[]{},&*!|>%@`?=~0.é😀\u2028\u00a0\x07', ' ', '\n'),
    })
    const frames: readonly ((value: string) => Tree)[] = [
      (value) => ({ documents: [map(entry('a', value), entry('z', 1n))] }),
      (value) => ({ documents: [map(entry('l', list(leaf(value), map(entry('k', value)))), entry('z', 1n))] }),
    ]
    fc.assert(
      fc.property(strings, fc.constantFrom(...frames), (value, frame) => {
        // Values of nothing but line breaks lose their block style.
        fc.pre(!/^\n+$/.test(value))
        const tree = frame(value)
        expect(shownTree(yaml.parse(yaml.print(tree)).tree)).toEqual(shownTree(tree))
        const again = decryptText(encryptText(text(yaml.print(tree))))
        expect(again).toBe(text(yaml.print(tree)))
      }),
      { numRuns: 2000 },
    )
  })

  it('a value set anywhere reads back, whatever stood there', () => {
    const sources = [
      'x',
      '"x"',
      "'x'",
      '|\n  x',
      '|+\n  x\n',
      '>\n  x\n\n',
      '[1, 2]',
      '{k: v}',
      '\n  - a\n  - b',
      '\n  k: v # c',
      '',
      '&a x',
      '!t x',
    ]
    const values = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'ab :#-\n\t"') }).map(leaf),
      fc.constantFrom<Node>(
        leaf(5n),
        leaf(null),
        map(),
        list(),
        map(entry('n', 'x\ny')),
        list(list(leaf('x')), leaf('y\n')),
      ),
    )
    fc.assert(
      fc.property(fc.constantFrom(...sources), values, fc.boolean(), (source, value, inherits) => {
        const before = `a: ${source}\nl:\n- ${source.replaceAll('\n', '\n  ')}\nf: [x, "y"]\nz: 1\n`
        const place = (old: Node): Node =>
          inherits && old.kind === 'leaf' && value.kind === 'leaf' && old.origin
            ? { ...value, origin: old.origin }
            : value
        for (const key of ['a', 'l', 'f']) {
          const parsed = yaml.parse(bytes(before))
          const change =
            key === 'a'
              ? within(key, place)
              : within(
                  key,
                  inList(([first, ...rest]) => [place(first as Node), ...rest]),
                )
          const next = { documents: [change(parsed.tree.documents[0] as MapNode)] }
          expect(
            yaml.parse(yaml.rewrite(parsed, next).bytes).tree.documents.map((root) => withoutComments(settled(root))),
          ).toEqual(next.documents.map((root) => withoutComments(settled(root))))
        }
      }),
      { numRuns: 1000 },
    )
  })
})

const withoutComments = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner) => (key === 'comments' ? undefined : inner)))

describe('opening', () => {
  it('removes the metadata of every document', () => {
    const parsed = yaml.parse(bytes(encryptText('a: 1\n---\nb: 2\n')))
    expect(parsed.tree.documents.every((root) => root.items.some(isMetadata))).toBe(true)
    expect(parsed.tree.documents.map(open).length).toBe(2)
  })
})
