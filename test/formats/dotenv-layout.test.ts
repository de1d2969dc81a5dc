// Line ends and byte order marks of .env files are layout: no value and no name holds them, and the bytes come back.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dotenv } from '../../src/formats/dotenv.ts'
import type { Parsed } from '../../src/formats/types.ts'
import type { Comment, Entry, Leaf, Tree } from '../../src/tree/tree.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8')
const str = (b: Uint8Array): string => Buffer.from(b).toString('utf8')
const items = (tree: Tree): readonly (Entry | Comment)[] => tree.documents[0]!.items
const doc = (list: readonly (Entry | Comment)[]): Tree => ({ documents: [{ kind: 'map', items: list }] })
const leaf = (value: string): Leaf => ({ kind: 'leaf', value })
const entry = (key: string, value: string): Entry => ({ kind: 'entry', key, value: leaf(value) })
const textOf = (item: Entry): string => (item.value as Leaf).value as string
const shape = ({ tree }: Parsed): unknown[] =>
  items(tree).map((i) => (i.kind === 'comment' ? `#${i.text}` : [i.key, textOf(i)]))

const mac = 'ENC[AES256_GCM,data:mA==,iv:AA==,tag:AA==,type:str]'
const metadata = [entry('sops_mac', mac), entry('sops_version', '3.13.2')]
const token = (plain: string): string =>
  `ENC[AES256_GCM,data:${Buffer.from(plain).toString('base64')},iv:AA==,tag:AA==,type:str]`
const plainOf = (text: string): string =>
  text.startsWith('ENC[') ? Buffer.from(text.slice(20, text.indexOf(',iv:')), 'base64').toString() : text

/** Stands for encryption and decryption; names that end in `_clear`, and comments that begin with `!`, stay in clear. */
const mapped = (tree: Tree, change: (text: string) => string): Tree =>
  doc(
    items(tree).map((i) => {
      if (i.kind === 'comment') return i.text === '' || i.text.startsWith('!') ? i : { ...i, text: change(i.text) }
      if (i.key.endsWith('_clear') || textOf(i) === '' || i.key.startsWith('sops_')) return i
      return { ...i, value: { ...(i.value as Leaf), value: change(textOf(i)) } }
    }),
  )
function encrypt(plain: string): string {
  const parsed = dotenv.parse(bytes(plain))
  return str(
    dotenv.rewrite(parsed, doc([...items(mapped(parsed.tree, token)), ...metadata]), { encrypted: true }).bytes,
  )
}
const opened = (encrypted: string): { parsed: Parsed; tree: Tree } => {
  const parsed = dotenv.parse(bytes(encrypted), { encrypted: true })
  const data = items(parsed.tree).filter((i) => i.kind === 'comment' || !i.key.startsWith('sops_'))
  return { parsed, tree: mapped(doc(data), plainOf) }
}
const decrypt = (encrypted: string): string => {
  const { parsed, tree } = opened(encrypted)
  return str(dotenv.rewrite(parsed, tree).bytes)
}

describe('an encrypted file shows nothing that SOPS takes for data', () => {
  test.each<[string, string]>([
    ['A=1\r\nB=2\r\n', ' ;crlf'],
    ['A=1\r\nB=2', ' ;crlf'],
    ['A=1\r\nB=2\r', ' ;crlf=1-2'],
    ['\r\nA_clear=1\r\nB=\r\n#!c\r\n', ' ;crlf'],
    ['A=1\r\nB=2\n\r\n\nC=\r\n', ' ;crlf=1,3,5'],
    ['\uFEFFA=1\n', ' ;bom'],
    ['\uFEFF# c\r\nA=1\r\n', ' ;bom crlf'],
    ['A=1\n', ''],
    ['A=a\rb\n', ''],
    ['', ''],
  ])('%j', (plain, mark) => {
    const encrypted = encrypt(plain)
    expect(encrypted).not.toMatch(/\r$|\uFEFF/m)
    expect(/^sops_mac=.*$/m.exec(encrypted)![0]).toBe(`sops_mac=${mac}${mark}`)
    expect(decrypt(encrypted)).toBe(plain)
    expect(shape(opened(encrypted).parsed)).toContainEqual(['sops_mac', mac])
  })
})

const line = fc.oneof(
  fc.constantFrom('', 'E=', '#', 'X_clear=v', '#!clear', 'A=a\rb', 'B=x\r', 'C_clear=y\r', '# c\r'),
  fc.tuple(fc.stringMatching(/^[A-Z]{1,3}$/), fc.string({ unit: 'grapheme', maxLength: 6 })).map((p) => p.join('=')),
)
const lines = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 8 })
const texts = fc
  .tuple(fc.constantFrom('', '\uFEFF'), lines, fc.constantFrom('', 'Z=end', 'Z=end\r', '#!end'))
  .map(([mark, all, last]) => mark + all.map(([text, end]) => text.replaceAll('\n', ' ') + end).join('') + last)

test('whatever the line ends, the bytes come back', () => {
  fc.assert(
    fc.property(texts, (plain) => {
      expect(decrypt(encrypt(plain))).toBe(plain)
    }),
  )
})

test('no value ends in the carriage return of its line, in any form of the file', () => {
  fc.assert(
    fc.property(texts, fc.boolean(), (plain, converted) => {
      const encrypted = encrypt(plain)
      const again = opened(converted ? encrypted.replaceAll('\n', '\r\n') : encrypted)
      const wanted = dotenv.parse(bytes(plain)).tree
      const values = (tree: Tree): unknown[] =>
        items(tree).map((i) => (i.kind === 'comment' ? i.text : [i.key, textOf(i)]))
      expect(values(again.tree)).toEqual(values(wanted))
    }),
  )
})

test('adding a line and changing one keep the ends of the others', () => {
  const encrypted = encrypt('A=1\r\n\r\nB=2\r\n')
  const { parsed, tree } = opened(encrypted)
  const [a, b] = items(tree) as [Entry, Entry]
  const changed = doc([{ ...a, value: { ...a.value, value: '' } as Leaf }, b, entry('C', '3')])
  expect(str(dotenv.rewrite(parsed, changed).bytes)).toBe('A=\r\n\r\nB=2\r\nC=3\r\n')
  const stored = items(parsed.tree).map((item) =>
    item.kind === 'entry' && item.key === 'sops_mac' ? { ...item, value: leaf(`${mac.slice(0, -1)}x]`) } : item,
  )
  const sealed = str(dotenv.rewrite(parsed, doc([...stored, entry('C', token('3'))]), { encrypted: true }).bytes)
  expect(sealed).toMatch(/\nsops_mac=.*x\] ;crlf\n/)
  expect(decrypt(sealed)).toBe('A=1\r\n\r\nB=2\r\nC=3\r\n')
})

describe('files that other tools changed', () => {
  const encrypted = encrypt('A=1\n\nE=\nX_clear=v\n# c\n')
  test('as a whole to CR LF', () => {
    expect(decrypt(encrypted.replaceAll('\n', '\r\n'))).toBe('A=1\r\n\r\nE=\r\nX_clear=v\r\n# c\r\n')
  })
  test('a byte order mark in front', () => {
    const parsed = dotenv.parse(bytes(`\uFEFF${encrypted}`), { encrypted: true })
    expect(shape(parsed)[0]).toEqual(['A', token('1')])
    expect(dotenv.reading?.(parsed)).toBe('layout')
    expect(decrypt(`\uFEFF${encrypted}`)).toBe('\uFEFFA=1\n\nE=\nX_clear=v\n# c\n')
  })
  test('some lines to CR LF', () => {
    expect(decrypt(`A=${token('1')}\r\n\r\nB=${token('2')}\nsops_version=3\n`)).toBe('A=1\r\n\r\nB=2\n')
  })
  test('quotes around all values, and blanks before encrypted comments (SOPS 3.6.0)', () => {
    const quoted = `# ${token(' c')}\nA='${token('1')}'\nE=''\nX_clear='v'\nsops_lastmodified='t'\nsops_mac='${mac}'\n`
    const { parsed, tree } = opened(quoted)
    expect(shape(parsed).slice(-2)).toEqual([
      ['sops_lastmodified', 't'],
      ['sops_mac', mac],
    ])
    expect(str(dotenv.rewrite(parsed, tree).bytes)).toBe('# c\nA=1\nE=\nX_clear=v\n')
    const [c, a, ...rest] = items(parsed.tree) as [Comment, Entry, ...Entry[]]
    const changed = doc([c, { ...a, value: { ...a.value, value: token('2') } as Leaf }, ...rest])
    expect(str(dotenv.rewrite(parsed, changed, { encrypted: true }).bytes)).toBe(quoted.replace(token('1'), token('2')))
  })
})

describe('values of SOPS that end in a carriage return', () => {
  const encrypted = `\uFEFFA=${token('1\r')}\nB=${token('2')}\nX_clear=v\r\nsops_mac=${mac}\n`
  const parsed = dotenv.parse(bytes(encrypted), { encrypted: true, literal: true })
  const earlier = mapped(doc(items(parsed.tree).slice(0, -1)), plainOf)
  test('open with it', () => {
    expect(shape({ ...parsed, tree: earlier })).toEqual([
      ['\uFEFFA', '1\r'],
      ['B', '2'],
      ['X_clear', 'v\r'],
    ])
    expect(str(dotenv.rewrite(parsed, earlier).bytes)).toBe('\uFEFFA=1\r\nB=2\nX_clear=v\r\n')
  })
  test('keep it where the text was edited elsewhere', () => {
    const edited = dotenv.parse(bytes('\uFEFFA=1\r\nB=3\r\nX_clear=v\r\nN=4\r\n'), { earlier })
    expect(shape(edited)).toEqual([
      ['\uFEFFA', '1\r'],
      ['B', '3'],
      ['X_clear', 'v\r'],
      ['N', '4'],
    ])
  })
})

test.each<[string, RegExp[]]>([
  ['A=1\n', []],
  ['A=1\r\n', [/^lines end in CR LF/]],
  ['A=1\r\nB=2\n', [/^1 of 2 lines end in CR LF/]],
  ['\uFEFFA=1\n', [/^a byte order mark/]],
  ['A=1\rB=2\rC=3', [/no line feed/]],
])('what is said of %j', (text, expected) => {
  const said = dotenv.notices!(dotenv.parse(bytes(text)))
  expect(said).toHaveLength(expected.length)
  for (const [i, pattern] of expected.entries()) expect(said[i]).toMatch(pattern)
})
