// Generated documents: what is encrypted comes back with its values, types, order and comments, and with its bytes.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Comment, type Entry, loadFormat, type Node, SopsError, type Tree } from '../../src/index.ts'
import { runs, timeout } from './budget.ts'
import { trees } from './documents.ts'
import { orReported, reseal, sameTrees, seal, unseal } from './sealed.ts'

const formats = ['yaml', 'json', 'dotenv', 'ini'] as const

const short = { yaml: 100, json: 200, dotenv: 200, ini: 200 } as const

describe.each(formats)('%s', (format) => {
  test(
    'a printed document is read as what it was',
    async () => {
      const { parse, print } = await loadFormat(format)
      fc.assert(
        fc.property(trees[format], (tree) => {
          const printed = printedOrRefused(() => print(tree, { encrypted: true }))
          if (printed === undefined || !keepsTypes[format](tree)) return
          // What ends in a carriage return, or begins with a byte order mark, is told by the tree that it was printed from.
          const read = withoutEmptyFirst(parse(printed, { earlier: tree }).tree, format)
          expect(sameTrees(read, tree) || read).toBe(true)
        }),
        runs(short[format]),
      )
    },
    timeout,
  )

  test(
    'an encrypted document opens as what it was, byte for byte, and an edit without a change keeps it',
    async () => {
      const { print, parse } = await loadFormat(format)
      await fc.assert(
        fc.asyncProperty(trees[format], async (tree) => {
          const plain = printedOrRefused(() => print(tree, { encrypted: true }))
          if (plain === undefined) return
          const sealed = await orReported(() => seal(plain, { format }))
          if (sealed instanceof SopsError) {
            // A number that JSON cannot hold, and the like, are refused; defects are not excused by that.
            expect(sealed.message).not.toContain('could not be opened again')
            return
          }
          const opened = await unseal(sealed, format)
          expect(sameTrees(parse(opened).tree, parse(plain).tree)).toBe(true)
          const text = Buffer.from(plain).toString()
          // A block of nothing but line ends comes back in double quotes.
          if (!/[|>]\d?\+\n *\n/.test(text)) expect(Buffer.from(opened).toString()).toBe(text)
          expect(await unseal(await reseal(sealed, opened, format), format)).toEqual(opened)
        }),
        runs(short[format] / 2),
      )
    },
    timeout,
  )
})

function printedOrRefused(print: () => Uint8Array): Uint8Array | undefined {
  try {
    return print()
  } catch (error) {
    if (error instanceof SopsError) return undefined
    throw error
  }
}

const numbersIn = (node: Node): number[] => {
  if (node.kind === 'leaf') return typeof node.value === 'number' ? [node.value] : []
  const children: readonly (Node | Entry | Comment)[] = node.items
  return children.flatMap((item) =>
    item.kind === 'comment' ? [] : numbersIn(item.kind === 'entry' ? item.value : item),
  )
}

const numbersOf = (tree: Tree): number[] => tree.documents.flatMap(numbersIn)

/** Floats that the reference prints as what it reads as integers (spec/format.md 7.10, 8.3). */
const keepsTypes = {
  yaml: (tree: Tree) => !numbersOf(tree).some((value) => Number.isInteger(value)),
  json: (tree: Tree) => !numbersOf(tree).some((value) => Number.isInteger(value)),
  dotenv: () => true,
  ini: () => true,
} as const

/** INI always has a first section DEFAULT, here without keys. */
const withoutEmptyFirst = (tree: Tree, format: string): Tree =>
  format === 'ini' ? { documents: tree.documents.map((map) => ({ ...map, items: map.items.slice(1) })) } : tree

test('binary files come back byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const sealed = await seal(bytes, { format: 'binary' })
      expect(Buffer.from(await unseal(sealed, 'binary'))).toEqual(Buffer.from(bytes))
    }),
    runs(100),
  )
})

test.each(['yaml', 'json', 'dotenv', 'ini', 'binary'] as const)('%s: a text of 1 MB', async (format) => {
  const long = 'a long text, "quoted" \\ and # so on; '.repeat(30_000)
  const documents = {
    yaml: `a: ${JSON.stringify(long)}\n`,
    json: `{"a": ${JSON.stringify(long)}}`,
    dotenv: `A=${long}\n`,
    ini: `[s]\na = """${long}"""\n`,
    binary: long,
  }
  const sealed = await seal(documents[format], { format })
  expect(Buffer.from(await unseal(sealed, format)).toString() === documents[format]).toBe(true)
})
