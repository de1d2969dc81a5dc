// Comments that a command moves into another place are sealed for that place: no file keeps one that cannot be decrypted.
import { describe, expect, test } from 'vitest'
import { withRecipients } from '../../src/file/recipients.ts'
import {
  type FormatId,
  loadEncrypted,
  loadFormat,
  type MapNode,
  type Node,
  openFile,
  type Path,
  type SelectionOptions,
  SopsError,
  sealFile,
  setAt,
  unsetAt,
} from '../../src/index.ts'
import { openService, reseal, seal, unseal } from '../fuzz/sealed.ts'

const text = async (bytes: Promise<Uint8Array>): Promise<string> => Buffer.from(await bytes).toString()

async function changed(
  bytes: Uint8Array,
  change: (root: MapNode) => MapNode,
  id: FormatId = 'yaml',
): Promise<Uint8Array> {
  const file = await openFile(await loadEncrypted(bytes, id), { services: [openService] })
  const [first, ...others] = file.plain.documents
  return sealFile({ ...file, plain: { documents: [change(first!), ...others] } }, await loadFormat(id), new Date(0), {})
    .bytes
}

const leaf: Node = { kind: 'leaf', value: 'x' }
const map: Node = { kind: 'map', items: [{ kind: 'entry', key: 'k', value: leaf }] }
const unset =
  (...path: Path) =>
  (root: MapNode): MapNode =>
    unsetAt(root, path)
const set =
  (value: Node, ...path: Path) =>
  (root: MapNode): MapNode =>
    setAt(root, path, value)

describe('encrypting gives back every byte', () => {
  test.each([
    '{\n  "a": 1,\n  "b": 2 # c\n}\n',
    '{\n  "a": 1,\n  "b": 2, # c\n}\n',
    '{\n  a: 1 # b\n  # c\n}\n# d\n',
    '{\n  a: {x: 1} # c\n}\n',
    '{\n  a: [1, # b\n  2 # c\n  ] # d\n}\n',
    '{ # b\n  # c\n}\n',
    '{\n  a: x # c\n}\n---\n{\n  b: y # d\n}\n',
    '{a: 1, b: 2} # c\n',
    '{\r\n  a: 1 # b\r\n}\r\n',
  ])('%j', async (source) => {
    const sealed = await seal(source, { format: 'yaml' })
    expect(Buffer.from(sealed).toString()).not.toMatch(/# ?[bcd]\b/)
    expect(await text(unseal(sealed, 'yaml'))).toBe(source)
  })
})

describe('a command leaves every comment readable', () => {
  test.each<[string, (root: MapNode) => MapNode, string]>([
    ['a: # c\n  b: 1\nd: 2\n', unset('a', 'b'), 'a: {} # c\nd: 2\n'],
    ['a: &x # c\n  b: 1\nd: 2\n', unset('a', 'b'), 'a: {} # c\nd: 2\n'],
    ['a: !t # c\n  b: 1\nd: 2\n', unset('a', 'b'), 'a: {} # c\nd: 2\n'],
    ['a: 1 # c\nd: 2\n', set(map, 'a'), 'a: # c\n    k: x\nd: 2\n'],
    ['a: {b: 1} # c\nd: 2\n', set(leaf, 'a'), 'a: x # c\nd: 2\n'],
    ['a: [b] # c\nd: 2\n', set(leaf, 'a'), 'a: x # c\nd: 2\n'],
    ['m:\n  l:\n    - 1\n    # c\n\n', set(leaf, 'm', 'k'), 'm:\n  l:\n    - 1\n    # c\n  k: x\n\n'],
    ['m:\n  l:\n  - 1\n  # c\n\nz: 1\n', set(leaf, 'm', 'k'), 'm:\n  l:\n  - 1\n  # c\n\n  k: x\n\nz: 1\n'],
    ['a: 1\nb: 2 # c\n', unset('b'), 'a: 1\n# c\n'],
    ['# c\na: 1\nb: 2\n', unset('a'), '# c\nb: 2\n'],
    ['{a: 1, # b\n b: 2, # c\n c: 3}\n', unset('b'), '{a: 1, # b\n # c\n c: 3}\n'],
    ['{a: 1, # b\n b: 2 # c\n}\n', unset('b'), '{a: 1 # b\n # c\n}\n'],
    ['{a: 1, # b\n b: 2 # c\n}\n', set(leaf, 'k'), '{a: 1, # b\n b: 2, # c\n k: x\n}\n'],
    ['m: {a: 1, # b\n  b: 2 # c\n  }\n', set(leaf, 'm', 'k'), 'm: {a: 1, # b\n  b: 2, # c\n  k: x\n  }\n'],
  ])('%j', async (source, change, becomes) => {
    const next = await changed(await seal(source, { format: 'yaml' }), change)
    expect(await text(unseal(next, 'yaml'))).toBe(becomes)
  })

  test('an ini key that goes leaves its comments', async () => {
    const source = '[s]\n; one\na = 1 ; two\n; three\nb = 2\n\n[t]\nc = 3\n'
    const sealed = await seal(source, { format: 'ini' })
    const without = await changed(sealed, unset('s', 'a'), 'ini')
    expect(await text(unseal(without, 'ini'))).toBe('[s]\n; one\n; two\n; three\nb = 2\n\n[t]\nc = 3\n')
    const neither = await changed(without, unset('s', 'b'), 'ini')
    expect(await text(unseal(neither, 'ini'))).toBe('[s]\n; one\n; two\n; three\n\n[t]\nc = 3\n')
  })
})

test('a comment that would come to stand in clear stays encrypted, elsewhere', async () => {
  const sealed = await seal('a: 1\nb_unencrypted: 2 # c\n', { format: 'yaml' })
  const next = await changed(sealed, set({ kind: 'map', items: [] }, 'b_unencrypted'))
  expect(Buffer.from(next).toString()).not.toContain('# c')
  expect(await text(unseal(next, 'yaml'))).toBe('a: 1\n# c\nb_unencrypted: {}\n')
})

test('a comment that comes to stand among encrypted values is encrypted', async () => {
  const selection: SelectionOptions = { encryptedRegex: '^secret$' }
  const sealed = await seal('secret: 1 # c\nz: 1\n', { format: 'yaml', ...selection })
  expect(Buffer.from(sealed).toString()).toContain('# c')
  const next = await changed(sealed, set({ kind: 'map', items: [] }, 'secret'))
  expect(Buffer.from(next).toString()).not.toContain('# c')
  expect(await text(unseal(next, 'yaml'))).toBe('secret: {} # c\nz: 1\n')
})

test('a comment whose place an edit does not change keeps its ciphertext', async () => {
  const source = '{\n  a: 1,\n  b: 2 # c\n}\n'
  const sealed = await seal(source, { format: 'yaml' })
  const comment = /#ENC\[[^\]]*\]/.exec(Buffer.from(sealed).toString())![0]
  const edited = await reseal(sealed, Buffer.from(source.replace('a: 1', 'a: 7')), 'yaml')
  expect(Buffer.from(edited).toString()).toContain(comment)
})

test('other recipients move no comment', async () => {
  const file = await loadEncrypted(await seal('a: 1\n# c\nb: 2\n', { format: 'yaml' }), 'yaml')
  const format = { ...file.format, rewrite: () => ({ bytes: Buffer.from(moved) }) }
  const good = Buffer.from(file.format.rewrite(file.parsed, file.parsed.tree, { encrypted: true }).bytes).toString()
  const moved = good.replace(/(#ENC.*\n)/, 'm: {} $1')
  const { keyGroups: groups, shamirThreshold: threshold } = file.metadata
  await expect(withRecipients({ ...file, format }, { groups, threshold }, {})).rejects.toBeInstanceOf(SopsError)
})

test('a pattern that fits ciphertext by chance stops no comment from being encrypted', async () => {
  const plain = Array.from({ length: 60 }, (_, i) => `# c${i}\nk${i}: 1\n`).join('')
  const sealed = await seal(plain, { format: 'yaml', unencryptedCommentRegex: 'Q[A-M]' })
  expect(Buffer.from(sealed).toString()).not.toMatch(/# c\d/)
  expect(await text(unseal(sealed, 'yaml'))).toBe(plain)
})

describe('a comment on the line of a list or map that another value replaces goes on saying what is encrypted', () => {
  test.each([
    ['k: [ 1 ] # sec\n', leaf, 'k: x # sec\n'],
    ['k: {a: 1} # sec\n', leaf, 'k: x # sec\n'],
    ['b: 2\nk: &a [1] # sec\nc: 3\n', leaf, 'b: 2\nk: x # sec\nc: 3\n'],
    ['k: {} # sec\n', leaf, 'k: x # sec\n'],
    ['k: [1] # sec\n', map, 'k: # sec\n    k: x\n'],
    ['k: {a: 1} # sec\n', { kind: 'list', items: [leaf] } as Node, 'k: # sec\n    - x\n'],
    ['k: [1] # sec\n', { kind: 'list', items: [] } as Node, 'k: [] # sec\n'],
    ['{k: [1] # sec\n}\n', leaf, '{k: x # sec\n}\n'],
  ])('%j', async (plain, value, expected) => {
    for (const rule of ['encryptedCommentRegex', 'unencryptedCommentRegex', 'unencryptedSuffix'] as const) {
      const bytes = await seal(plain, { format: 'yaml', [rule]: 'sec' })
      expect(await text(unseal(await changed(bytes, set(value, 'k')), 'yaml')), rule).toBe(expected)
    }
  })
})
