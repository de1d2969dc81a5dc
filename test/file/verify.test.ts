// A sealed text that would not open again is refused before anything is written.
import { describe, expect, test } from 'vitest'
import { withRecipients } from '../../src/file/recipients.ts'
import { checkReadsBack, type Expected, readBack, readsAs } from '../../src/file/verify.ts'
import {
  compileSelection,
  createFile,
  type FormatId,
  loadEncrypted,
  loadFormat,
  parsePlain,
  SopsError,
  sealNew,
} from '../../src/index.ts'
import type { Tree } from '../../src/tree/tree.ts'
import { ageGroup, openService, seal } from '../fuzz/sealed.ts'

const plain: Readonly<Record<string, string>> = {
  yaml: 'a: one\nl:\n  # remark\n  - two\nc_unencrypted: clear\nn: null\n',
  json: '{"a": "one", "l": ["two", 3], "c_unencrypted": 1.50, "n": null}',
  dotenv: 'A=one\nB=two\nc_unencrypted=clear\n',
  ini: '[s]\na = one\nb = two\nc_unencrypted = clear\n',
}

/** Changes the first character of what is wrapped for a recipient. */
const otherKey = (text: string): string =>
  text.replace(/(enc"?\s*[:=]\s*"?)(\S)/, (_, name, first) => name + (first === 'A' ? 'B' : 'A'))

async function sealedOf(format: FormatId): Promise<{ bytes: Buffer; sealed: Expected; check: (text: string) => void }> {
  const bytes = Buffer.from(await seal(plain[format]!, { format }))
  const { tree, metadata, format: own } = await loadEncrypted(bytes, format)
  const selection = await compileSelection(metadata.selection)
  const sealed = { tree, metadata, selection, encrypted: format === 'json' ? 3 : 2 }
  return { bytes, sealed, check: (text) => checkReadsBack(readBack(Buffer.from(text), own), sealed) }
}

/** The tree with its first value in clear. */
const inClear = ({ documents }: Tree): Tree => ({
  documents: documents.map((document) => ({
    ...document,
    items: document.items.map((item, i) =>
      i === 0 && item.kind === 'entry' ? { ...item, value: { kind: 'leaf', value: 'one' } } : item,
    ),
  })),
})

describe.each(Object.keys(plain) as FormatId[])('%s', (format) => {
  test('what was sealed is accepted', async () => {
    const { bytes, check } = await sealedOf(format)
    expect(() => check(bytes.toString())).not.toThrow()
  })

  test.each<[string, (text: string) => string]>([
    ['a key renamed', (text) => text.replace(/\ba\b|\bA\b/, 'z')],
    ['a clear value changed', (text) => text.replace(/clear\b|1\.50/, '7')],
    ['an encrypted value in clear', (text) => text.replace(/ENC\[[^\]]*\]/, 'one')],
    ['an encrypted value under a clear name', (text) => text.replace(/\ba\b|\bA\b/, 'a_unencrypted')],
    ['another encrypted value', (text) => text.replace('data:', 'data:AAAA')],
    ['another MAC', (text) => text.replace(/(mac"?\s*[=:]\s*"?ENC\[AES256_GCM,data:)/, '$1AAAA')],
    ['another recipient', (text) => text.replace(/age1\w{6}/, 'age1qqqqqq')],
    ['another wrapped data key', otherKey],
    ['another setting', (text) => text.replace('unencrypted_suffix', 'encrypted_suffix')],
    ['another version', (text) => text.replace(/(version"?\s*[:=]\s*"?)3\.\d+/, '$13.9')],
    ['a syntax error', (text) => `{"\n${text}`],
    ['the end cut off', (text) => text.slice(0, text.length / 3)],
  ])('%s is refused', async (_, change) => {
    const { bytes, check } = await sealedOf(format)
    const text = change(bytes.toString())
    expect(text).not.toBe(bytes.toString())
    expect(() => check(text)).toThrow(SopsError)
    const { parsed, format: own } = await loadEncrypted(bytes, format)
    expect(readsAs(parsed.tree, Buffer.from(text), own)).toBeUndefined()
  })

  test('it is taken for the tree that was meant only if it says that, and is checked like any other then', async () => {
    const { bytes, sealed } = await sealedOf(format)
    const { parsed, format: own } = await loadEncrypted(bytes, format)
    const read = readsAs(parsed.tree, bytes, own)
    expect(read !== undefined).toBe(format === 'dotenv')
    if (!read) return
    expect(read.metadata).toEqual(readBack(bytes, own).metadata)
    expect(() => checkReadsBack(read, { ...sealed, tree: read.tree })).not.toThrow()
    for (const encrypted of [1, 3]) {
      expect(() => checkReadsBack(read, { ...sealed, tree: read.tree, encrypted })).toThrow('taken for clear')
    }
    const clear = inClear(read.tree)
    expect(() => checkReadsBack({ ...read, tree: clear }, { ...sealed, tree: clear })).toThrow('would be in clear')
  })

  test('no message repeats a value', async () => {
    const { bytes, check } = await sealedOf(format)
    for (const at of Array.from({ length: 40 }, (_, i) => Math.floor((bytes.length * i) / 40))) {
      const text = bytes.toString('latin1')
      try {
        check(`${text.slice(0, at)}\u0001${text.slice(at + 1)}`)
      } catch (error) {
        expect(String(error)).not.toMatch(/clear(?!_)\b|1\.5/)
      }
    }
  })
})

describe('a file that gets other recipients', () => {
  const odd: Readonly<Record<string, string>> = {
    'a value in clear under an encrypted name': 'a: clear',
    'an encrypted value under a clear name': 'a_unencrypted: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]',
  }
  test.each(Object.keys(odd))('keeps %s', async (name) => {
    const sealed = Buffer.from(await seal('b: two\n', { format: 'yaml' })).toString()
    const text = `${odd[name]}\n${sealed}`
    const file = await loadEncrypted(Buffer.from(text), 'yaml')
    const { keyGroups: groups, shamirThreshold: threshold } = file.metadata
    expect(Buffer.from((await withRecipients(file, { groups, threshold }, {})).bytes).toString()).toBe(text)
  })

  test.each<FormatId>(['yaml', 'binary'])('is read again (%s)', async (id) => {
    const text = Buffer.from(await seal(id === 'yaml' ? 'a: one\n' : 'one', { format: id })).toString()
    const file = await loadEncrypted(Buffer.from(text), id)
    const { keyGroups: groups, shamirThreshold: threshold } = file.metadata
    for (const changed of [text.replace('data:', 'data:AAAA'), otherKey(text)]) {
      const format = { ...file.format, rewrite: () => ({ bytes: Buffer.from(changed) }) }
      await expect(withRecipients({ ...file, format }, { groups, threshold }, {})).rejects.toMatchObject({
        code: 'cannot-emit',
        hints: ['nothing was written', expect.any(String)],
      })
    }
  })
})

test('a payload of bytes is not read again', async () => {
  const binary = await loadFormat('binary')
  const parse = (): never => {
    throw new Error('read')
  }
  const draft = parsePlain(Buffer.from('x'), binary, binary)
  const settings = { keyGroups: [ageGroup], shamirThreshold: 0, selection: {}, macOnlyEncrypted: false }
  const file = await createFile(settings, [openService])
  expect(() => sealNew(file, draft, { ...binary, parse }, new Date(0), {})).not.toThrow()
})
