// What holds for every merge, whatever the files are.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitToken } from '../../src/cipher/index.ts'
import { loadFormat } from '../../src/formats/table.ts'
import type { FormatId } from '../../src/formats/types.ts'
import type { Entry, MapNode, Node } from '../../src/tree/tree.ts'
import { runs } from '../fuzz/budget.ts'
import { edited, merged, plainOf, sealed } from './support.ts'

/** Data of maps, lists and texts. */
type Data = string | number | readonly Data[] | { readonly [key: string]: Data }
type Document = { readonly [key: string]: Data }

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g')
const text = fc.oneof(
  fc.constantFrom('x', 'y', '', 'two words', '1', 'true', 'long\ntext\n', ' edge '),
  fc.string({ maxLength: 6, unit: 'grapheme-ascii' }),
)
const { value } = fc.letrec<{ value: Data }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    text,
    fc.integer({ min: -5, max: 99 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
}))
const documents: fc.Arbitrary<Document> = fc.dictionary(key, value, { minKeys: 3, maxKeys: 7 })
const flatDocuments: fc.Arbitrary<Document> = fc.dictionary(
  key,
  fc.string({ maxLength: 6, unit: fc.constantFrom('x', 'Y', '1', '_') }),
  { minKeys: 3, maxKeys: 7 },
)

/** Sets or removes a top-level key, or one of a map below it. */
interface Edit {
  readonly key: string
  readonly inner: string
  readonly to: Data | undefined
}

const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({ key, inner: key, to: fc.option(text, { nil: undefined, freq: 3 }) }),
  { maxLength: 4 },
)

const isMap = (data: Data | undefined): data is Document => typeof data === 'object' && !Array.isArray(data)

/** One edit after the other. Inside of a map its keys are edited, anything else is replaced. */
function applied(document: Document, script: readonly Edit[]): Document {
  let result = document
  for (const { key: name, inner, to } of script) {
    const old = result[name]
    result = isMap(old) ? put(result, name, put(old, inner, to)) : put(result, name, to)
  }
  return result
}

function put(map: Document, name: string, to: Data | undefined): Document {
  if (to !== undefined) return { ...map, [name]: to }
  const { [name]: _, ...rest } = map
  return rest
}

const nodeOf = (data: Data): Node => {
  if (typeof data === 'string') return { kind: 'leaf', value: data }
  if (typeof data === 'number') return { kind: 'leaf', value: BigInt(data) }
  if (Array.isArray(data)) return { kind: 'list', items: data.map(nodeOf) }
  return mapOf(data as Document)
}
const mapOf = (document: Document): MapNode => ({
  kind: 'map',
  items: Object.entries(document).map(([name, data]): Entry => ({ kind: 'entry', key: name, value: nodeOf(data) })),
})

async function printed(document: Document, format: FormatId): Promise<string> {
  const root = format === 'ini' ? mapOf({ part: document }) : mapOf(document)
  return Buffer.from((await loadFormat(format)).print({ documents: [root] })).toString()
}

const dataOf = async (bytes: Uint8Array, format: FormatId): Promise<unknown> => {
  const { tree } = (await loadFormat(format)).parse(Buffer.from(await plainOf(bytes, format)))
  return JSON.parse(
    JSON.stringify(tree.documents.map(plain), (_, data) => (typeof data === 'bigint' ? `${data}n` : data)),
  )
}
const plain = (node: Node): unknown => {
  if (node.kind === 'leaf') return node.value
  if (node.kind === 'list') return node.items.flatMap((item) => (item.kind === 'comment' ? [] : [plain(item)]))
  return Object.fromEntries(
    node.items.flatMap((item) => (item.kind === 'entry' ? [[item.key, plain(item.value)]] : [])),
  )
}

const formats: readonly (readonly [FormatId, fc.Arbitrary<Document>])[] = [
  ['yaml', documents],
  ['json', documents],
  ['dotenv', flatDocuments],
  ['ini', flatDocuments],
]

/** The places that an edit may touch. */
const touched = (script: readonly Edit[]): ReadonlySet<string> => new Set(script.map(({ key: name }) => name))

async function versionsOf(format: FormatId, base: Document, own: Document, other: Document) {
  const old = await sealed(await printed(base, format), format)
  const ours = await edited(old, await printed(own, format), format)
  const theirs = await edited(old, await printed(other, format), format)
  return { base: old, ours, theirs }
}

describe.each(formats)('%s', (format, all) => {
  test('edits of different keys go together', async () => {
    await fc.assert(
      fc.asyncProperty(all, edits, edits, async (base, first, rest) => {
        const second = rest.filter(({ key: name }) => !touched(first).has(name))
        const both = applied(applied(base, first), second)
        fc.pre(
          Object.keys(both).length > 0 &&
            Object.keys(applied(base, first)).length > 0 &&
            Object.keys(applied(base, second)).length > 0,
        )
        const versions = await versionsOf(format, base, applied(base, first), applied(base, second))
        const result = await merged(versions, format)
        expect(result.conflicts).toEqual([])
        const wanted = await sealed(await printed(both, format), format)
        expect(await dataOf(result.bytes, format)).toEqual(await dataOf(wanted, format))
        await keepsLines(versions, result.text)
      }),
      runs(8),
    )
  })

  test('either side may be ours: the data is the same, and so are the places of conflicts', async () => {
    await fc.assert(
      fc.asyncProperty(all, edits, edits, async (base, first, second) => {
        const [own, other] = [applied(base, first), applied(base, second)]
        fc.pre(Object.keys(own).length > 0 && Object.keys(other).length > 0)
        const { base: old, ours, theirs } = await versionsOf(format, base, own, other)
        const one = await merged({ base: old, ours, theirs }, format)
        const two = await merged({ base: old, ours: theirs, theirs: ours }, format)
        const places = ({ conflicts }: typeof one): string[] => conflicts.map(({ keyPath }) => keyPath).sort()
        expect(places(two)).toEqual(places(one))
        if (one.conflicts.length > 0) return
        expect(await dataOf(two.bytes, format)).toEqual(await dataOf(one.bytes, format))
      }),
      runs(8),
    )
  })

  test('where one side changed nothing the other one is the result, to the byte', async () => {
    await fc.assert(
      fc.asyncProperty(all, edits, async (base, script) => {
        const other = applied(base, script)
        fc.pre(Object.keys(other).length > 0)
        const { base: old, theirs } = await versionsOf(format, base, base, other)
        for (const versions of [
          { base: old, ours: theirs, theirs: old },
          { base: old, ours: old, theirs },
          { base: old, ours: theirs, theirs },
        ])
          expect((await merged(versions, format)).text).toBe(theirs.toString())
      }),
      runs(4),
    )
  })

  test('a conflict can be decided for either side, and its markers give both back', async () => {
    await fc.assert(
      fc.asyncProperty(all, edits, edits, async (base, first, second) => {
        const [own, other] = [applied(base, first), applied(base, second)]
        fc.pre(Object.keys(own).length > 0 && Object.keys(other).length > 0)
        const versions = await versionsOf(format, base, own, other)
        const open = await merged(versions, format)
        fc.pre(open.conflicts.length > 0)
        for (const side of ['ours', 'theirs'] as const) {
          const chosen = await merged(versions, format, { choose: () => side })
          const taken = Buffer.from(withoutOther(open.text, side))
          const swapped = taken.toString().replaceAll(/.*(?:sops_mac=|mac.*[:=] *"?)ENC.*/g, '')
          expect(tokensOf(swapped)).toEqual(tokensOf(chosen.text.replaceAll(/.*(?:sops_mac=|mac.*[:=] *"?)ENC.*/g, '')))
        }
      }),
      runs(8),
    )
  })
})

/** A text with markers, with one side of each conflict. */
function withoutOther(marked: string, side: 'ours' | 'theirs'): string {
  const [drop, keep] = side === 'ours' ? ['theirs', 'ours'] : ['ours', 'theirs']
  let state = 'all'
  return marked
    .split('\n')
    .filter((line) => {
      if (/^<{7} /.test(line)) state = 'ours'
      else if (/^={7}$/.test(line)) state = 'theirs'
      else if (/^>{7} /.test(line)) state = 'all'
      else return state !== drop || state === keep
      return false
    })
    .join('\n')
}

const tokensOf = (text: string): number => text.match(/ENC\[[^\]]*\]/g)?.length ?? 0

/** Lines of the result are those of a side; only what is new to both is the MAC. Every value keeps the ciphertext of a side. */
async function keepsLines(
  { base, ours, theirs }: Record<'base' | 'ours' | 'theirs', Buffer>,
  text: string,
): Promise<void> {
  // JSON notes in the escapes of a token how the plaintext was escaped.
  const unescaped = (some: string): string =>
    some.replace(/\\u00([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  const tokens = (some: string): string[] => unescaped(some).match(/ENC\[[^\]]*\]/g) ?? []
  const known = new Set([base, ours, theirs].flatMap((one) => tokens(one.toString())))
  const fresh = tokens(text).filter((token) => !known.has(token))
  expect(fresh.length).toBeLessThanOrEqual(1)
  for (const token of fresh) expect(splitToken(token)?.type).toBe('str')
}
