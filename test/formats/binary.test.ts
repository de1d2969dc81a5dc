import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binary } from '../../src/formats/binary.ts'
import type { Entry, Leaf, Tree } from '../../src/tree/tree.ts'
import { bytes, entry, leaf, map, metadata, text } from './json-support.ts'

const dataOf = (tree: Tree): Leaf => (tree.documents[0]!.items[0] as Entry).value as Leaf

/** `tree` with another payload and, if encrypted, with metadata. */
function withData({ documents: [document] }: Tree, value: Leaf['value'], ...more: Entry[]): Tree {
  const first = document!.items[0] as Entry
  return {
    documents: [
      { ...document!, items: [{ ...first, value: { ...first.value, kind: 'leaf', value } as Leaf }, ...more] },
    ],
  }
}

const token = 'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]'

describe('plain', () => {
  it('is one entry with the very bytes', () => {
    const data = Uint8Array.of(0, 255, 10)
    const { tree } = binary.parse(data)
    expect(tree.documents).toHaveLength(1)
    expect(tree.documents[0]!.items).toHaveLength(1)
    expect(tree.documents[0]!.items[0]).toMatchObject({ key: 'data' })
    expect(dataOf(tree).value).toBe(data)
    expect(binary.print(tree)).toBe(data)
    expect(binary.rewrite(binary.parse(data), tree).bytes).toBe(data)
  })

  it('takes texts, too', () => {
    expect(text(binary.print({ documents: [map(entry('x', leaf(1n)), entry('data', leaf('é\n')))] }))).toBe('é\n')
  })

  it.each<[string, Tree]>([
    ['no document', { documents: [] }],
    ['two documents', { documents: [map(entry('data', leaf('a'))), map()] }],
    ['no data', { documents: [map(entry('a', leaf('a')))] }],
    ['a list', { documents: [map(entry('data', { kind: 'list', items: [] }))] }],
    ['a number', { documents: [map(entry('data', leaf(1n)))] }],
    ['a time', { documents: [map(entry('data', leaf({ rfc3339: '2024-01-01T00:00:00Z' })))] }],
    ['a number before a text', { documents: [map(entry('data', leaf(1n)), entry('data', leaf('x')))] }],
  ])('cannot be made of %s', (_, tree) => {
    expect(() => binary.print(tree)).toThrow(
      expect.objectContaining({
        code: 'cannot-emit',
        message: expect.stringMatching(/^error emitting binary store: /),
        hints: [expect.stringContaining('--output-type')],
      }),
    )
  })

  it('has no single values', () => {
    expect(() => binary.printValue(leaf(1n))).toThrow(
      'Binary files are not structured and extracting a single value is not possible',
    )
  })
})

describe('encrypted', () => {
  it('is a JSON envelope', () => {
    const parsed = binary.parse(bytes('x'))
    const sealed = text(binary.rewrite(parsed, withData(parsed.tree, token, metadata), { encrypted: true }).bytes)
    expect(sealed.startsWith(`{\n\t"data": "${token}",\n\t"sops": {\n\t\t"age": [\n`)).toBe(true)
    expect(sealed.endsWith('\n\t}\n}\n')).toBe(true)
    expect(binary.parse(bytes(sealed), { encrypted: true }).tree.documents[0]!.items).toHaveLength(2)
    expect(text(binary.print(withData(parsed.tree, token, metadata), { encrypted: true }))).toBe(sealed)
    expect(text(binary.rewrite(parsed, withData(parsed.tree, token), { encrypted: true, indent: 2 }).bytes)).toBe(
      `{\n  "data": "${token}"\n}\n`,
    )
  })

  it('keeps the layout of an envelope', () => {
    const parsed = binary.parse(bytes(`{ "data":"${token}" , "sops": 1}`), { encrypted: true })
    const next = withData(parsed.tree, token.replace('AA', 'BB'), metadata)
    expect(text(binary.rewrite(parsed, next, { encrypted: true }).bytes)).toMatch(
      /^\{ "data":"ENC\[AES256_GCM,data:BB==,[^"]*" , "sops": \{"age"/,
    )
  })

  it('opens to the bytes of its data', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (data) => {
        const parsed = binary.parse(bytes(`{"data":"${token}","sops":{}}`), { encrypted: true })
        expect(binary.rewrite(parsed, withData(parsed.tree, data)).bytes).toEqual(data)
      }),
    )
  })

  it('refuses what is no envelope', () => {
    expect(() => binary.parse(bytes('hello\n'), { encrypted: true })).toThrow(
      expect.objectContaining({ code: 'parse', message: expect.stringMatching(/^Could not unmarshal input data: /) }),
    )
  })

  it('writes long texts as they are', () => {
    const long = `ENC[AES256_GCM,data:${'A'.repeat(300_000)},iv:AA==,tag:AA==,type:str]`
    const parsed = binary.parse(new Uint8Array(0))
    const sealed = binary.rewrite(parsed, withData(parsed.tree, long, metadata), { encrypted: true }).bytes
    expect(dataOf(binary.parse(sealed, { encrypted: true }).tree).value).toBe(long)
    const odd = `${'A'.repeat(300_000)}"<\n`
    expect(
      dataOf(
        binary.parse(binary.print({ documents: [map(entry('data', leaf(odd)))] }, { encrypted: true }), {
          encrypted: true,
        }).tree,
      ).value,
    ).toBe(odd)
  })
})
