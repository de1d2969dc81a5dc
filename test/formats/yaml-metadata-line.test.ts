// The line `sops:` by which scripts tell an encrypted YAML file from JSON: in every document, alone at the beginning of a line.
import { describe, expect, test } from 'vitest'
import { yaml } from '../../src/formats/yaml.ts'
import type { Entry, MapNode, Tree } from '../../src/tree/tree.ts'
import { bytes, entry, leaf, list, map, metadata, open, seal, text } from './yaml-support.ts'

const lines = (source: string): number => source.match(/^sops:[ \t]*\r?$/gm)?.length ?? 0
const isMetadata = (item: MapNode['items'][number]): boolean => item.kind === 'entry' && item.key === 'sops'

function rewritten(source: string, change: (document: MapNode) => MapNode, encrypted: boolean): string {
  const parsed = yaml.parse(bytes(source))
  return text(yaml.rewrite(parsed, { documents: parsed.tree.documents.map(change) }, { encrypted }).bytes)
}
const encryptText = (source: string): string =>
  rewritten(source, (document) => ({ ...document, items: [...seal(document).items, metadata] }), true)
const decryptText = (source: string): string =>
  rewritten(source, (document) => ({ ...document, items: open(document).items.filter((i) => !isMetadata(i)) }), false)
const valuesOf = (source: string): Tree => yaml.parse(bytes(source)).tree

const flow = [
  '{"a": "b"}\n',
  '{"a": "b"}',
  '{\n\t"a": "b",\n\t"c": [1, 2]\n}\n',
  '{"a": "b"}\r\n',
  '{\r\n\t"a": "b"\r\n}\r\n',
  '--- {a: b}\n',
  '--- # c\n{a: b}\n',
  '%YAML 1.1\n--- {a: b}\n...\n',
  '  {a: b,\n  c: d}\n',
  '!t {a: b}\n',
  '&x {a: b}\n',
  '{}\n',
  '{ }\n',
  '{\n}\n',
  '--- {}\n',
  '{ # c\n}\n',
  '{a: b,}\n',
  '{\n  a: b,\n}\n',
  '{a: b # c\n}\n',
  '{a: b, # c\n}\n',
  '{\n  # c\n  a: b\n  # d\n}\n',
  '{a: b} # c\n# d\n',
  '{a}\n',
  '{a: }\n',
  '{? a : b}\n',
]
const indented = [
  '  a: 1\n  b:\n    c: 2\n',
  ' a: 1',
  '---\n  a: 1\n',
  '--- !t\n  a: 1\n',
  '&x\n  a: 1\n',
  '  ? a\n  : b\n',
  '  a: 1\r\n  b: 2\r\n',
  '# head\n\n  a: 1\n  # c\n  b: x # d\n\n  # foot\n\n',
  '  a: |\n    x\n\n      y\n  b: >-\n    z\n',
  '  a: |\n    x\n       \n    y\n',
  '  l:\n  - 1\n  - x: 1\n    y: 2\n',
]
const others = ['? a\n: b\n', '!t\na: 1\n', '&x\na: 1\n', '&x a: 1\n', 'a: 1\n---\nb: 2\n']
const several = [
  '{a: 1}\n---\n{b: 2}\n',
  '--- {a: 1}\n--- {b: 2}\n',
  '  a: 1\n---\nb: 2\n---\n    c: 3\n...\n---\n{d: 4}\n',
]

describe('an encrypted text has the line, and decrypting gives the bytes back', () => {
  test.each([...flow, ...indented, ...others, ...several])('%j', (source) => {
    const encrypted = encryptText(source)
    expect(lines(encrypted)).toBe(valuesOf(source).documents.length)
    expect(decryptText(encrypted)).toBe(source)
  })
})

describe('documents without values have it too', () => {
  test.each(['---\n', '---\n---\na: 1\n', '---\n# c\n', '# c\n---\n# d\n', 'null\n', '--- ~\n', '  ~\n'])(
    '%j',
    (source) => {
      expect(lines(encryptText(source))).toBe(valuesOf(source).documents.length)
    },
  )
})

describe('metadata that stands elsewhere gets the line when the file is written again', () => {
  const changed = (document: MapNode): MapNode => ({
    ...document,
    items: document.items.map((item) => {
      if (!isMetadata(item)) return item
      const { value } = item as Entry
      return {
        ...(item as Entry),
        value: { ...(value as MapNode), items: [...(value as MapNode).items, entry('x', leaf('y'))] },
      }
    }),
  })
  test.each([
    ['{"a": "b", "sops": {"mac": "m"}}\n', '{"a": "b",\nsops:\n  {mac: m, x: "y"}}\n', '{"a": "b"}\n'],
    ['{a: b, sops: {mac: m}, c: d}\n', undefined, undefined],
    ['{\n\t"sops": {\n\t\t"mac": "m"\n\t},\n\t"a": "b"\n}\n', undefined, undefined],
    ['{"sops":{"mac":"m"}}\n', '{\nsops:\n  {mac: m, x: "y"}}\n', '{}\n'],
    ['{a: b, ? sops : {mac: m}}\n', undefined, '{a: b}\n'],
    ['  a: b\n  sops:\n    mac: m\n', 'a: b\nsops:  \n  mac: m\n  x: "y"\n', '  a: b\n'],
    ['a: b\n"sops":\n  mac: m\n', 'a: b\nsops:\n    mac: m\n    x: "y"\n', 'a: b\n'],
    ['a: b\nsops: {mac: m}\n', 'a: b\nsops:\n    mac: m\n    x: "y"\n', 'a: b\n'],
    ['? sops\n: mac: m\na: b\n', undefined, 'a: b\n'],
  ])('%j', (source, becomes, plain) => {
    const next = rewritten(source, changed, true)
    if (becomes !== undefined) expect(next).toBe(becomes)
    expect(lines(next)).toBe(1)
    if (plain !== undefined) expect(decryptText(next)).toBe(plain)
    // A second time changes no more than it has to.
    expect(rewritten(next, (document) => document, true)).toBe(next)
  })
})

describe('what comes and goes before it leaves it alone', () => {
  const added = entry('n', leaf('v'))
  const add = (document: MapNode): MapNode => {
    const at = document.items.findIndex(isMetadata)
    return { ...document, items: [...document.items.slice(0, at), added, ...document.items.slice(at)] }
  }
  const without = (document: MapNode): MapNode => ({
    ...document,
    items: document.items.filter((item) => item.kind !== 'entry' || item.key !== 'a'),
  })
  test.each([
    ['{a: b}\n', '{a: b, "n": v}\n', '{}\n'],
    ['{}\n', '"n": v\n', '{}\n'],
    ['{a: b,}\n', '{a: b, "n": v,}\n', '{}\n'],
    ['{x: 1, a: b}\n', '{x: 1, a: b, "n": v}\n', '{x: 1}\n'],
    ['{\r\n  a: b\r\n}\r\n', '{\r\n  a: b, "n": v\r\n}\r\n', '{\r\n}\r\n'],
    ['{\n  x: 1, # c\n  a: b # d\n}\n', '{\n  x: 1, # c\n  a: b, # d\n  "n": v\n}\n', undefined],
    ['  x: 1\n  a: b\n', '  x: 1\n  a: b\n  "n": v\n', '  x: 1\n'],
  ])('%j', (source, grown, shrunk) => {
    const encrypted = encryptText(source)
    const more = rewritten(encrypted, add, true)
    expect(lines(more)).toBe(1)
    expect(decryptText(more)).toBe(grown)
    if (shrunk === undefined) return
    const less = rewritten(encrypted, without, true)
    expect(lines(less)).toBe(1)
    expect(decryptText(less)).toBe(shrunk)
  })
})

describe('an edited text brings its metadata at its own column', () => {
  const texts = { ...metadata, text: 'sops:  \n  mac: m\n\n  l:\n  - x\n' }
  const withText = (document: MapNode): MapNode => ({ ...document, items: [...document.items, texts] })
  test.each([
    ['a: 1\n', 'a: 1\nsops:\n  mac: m\n\n  l:\n  - x\n'],
    ['    a: 1\n', 'a: 1\nsops:    \n  mac: m\n\n  l:\n  - x\n'],
  ])('%j', (source, becomes) => {
    expect(rewritten(source, (document) => withText(map(...document.items)), true)).not.toBe('')
    const parsed = yaml.parse(bytes(source))
    const value = map(entry('mac', 'm'), entry('l', list(leaf('x'))))
    const documents = parsed.tree.documents.map((d) => ({ ...d, items: [...d.items, { ...texts, value }] }))
    expect(text(yaml.rewrite(parsed, { documents }, { encrypted: true }).bytes)).toBe(becomes)
  })
})

test('a comment further left than an indented document is the one thing that moves', () => {
  const source = '  a: 1\n# c\n  b: 2\n'
  expect(decryptText(encryptText(source))).toBe('  a: 1\n  # c\n  b: 2\n')
})
