// Two versions of an encrypted file: what the nonces say of it without a key, and what is true.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encrypt, replacePlaintext } from '../../src/file/bytes.ts'
import { loadEncrypted, openFile, sealFile } from '../../src/file/encrypted-file.ts'
import { changeRecipients } from '../../src/file/recipients.ts'
import { loadFormat } from '../../src/formats/table.ts'
import type { FormatId } from '../../src/formats/types.ts'
import { localKeyService, newDataKey, wrapDataKey } from '../../src/groups/data-key.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { type CompareFilesOptions, compareFiles, type FileComparison } from '../../src/repo/compare.ts'
import { formatPath } from '../../src/tree/path.ts'
import { identity, recipient, secondRecipient } from '../cli/exec-support.ts'
import { runs } from '../fuzz/budget.ts'
import { fakeContext } from '../support/context.ts'

const context = fakeContext({ env: { SOPS_AGE_KEY: identity } })
const services = [localKeyService(context)]
const withKeys: CompareFilesOptions = { open: { services } }

const sealed = (plain: string | Uint8Array, format: FormatId): Promise<Uint8Array> =>
  encrypt(plain, { format, recipients: { age: recipient }, context })
const edited = (before: Uint8Array, plain: string | Uint8Array, format: FormatId): Promise<Uint8Array> =>
  replacePlaintext(before, plain, { format, context })

async function rotated(bytes: Uint8Array, id: FormatId): Promise<Uint8Array> {
  const file = await openFile(await loadEncrypted(bytes, id), { services })
  const dataKey = newDataKey()
  const { groups, threshold } = await wrapDataKey(dataKey, file.metadata.keyGroups, 0, services)
  const metadata = { ...file.metadata, keyGroups: groups, shamirThreshold: threshold }
  return sealFile({ ...file, metadata, dataKey }, await loadFormat(id), new Date(), {}).bytes
}

const age = (text: string): MasterKey => ({ type: 'age', fields: { recipient: text }, enc: '' })

async function forBoth(bytes: Uint8Array, id: FormatId): Promise<Uint8Array> {
  const file = await loadEncrypted(bytes, id)
  const keys = [...file.metadata.keyGroups[0]!.keys, age(secondRecipient)]
  return (await changeRecipients(file, { groups: [{ keys }], threshold: 0, keep: true }, { services })).bytes
}

/** By place, with the number of the document where it is not the first. */
const changesIn = ({ values }: FileComparison): Record<string, string> =>
  Object.fromEntries(
    values.map(({ document, path, change }) => [`${document === 1 ? '' : document}${formatPath(path)}`, change]),
  )

interface Both {
  readonly closed: FileComparison
  readonly open: FileComparison
}

async function both(before: Uint8Array, after: Uint8Array, format: FormatId): Promise<Both> {
  const [older, newer] = [
    { bytes: before, format },
    { bytes: after, format },
  ]
  const closed = await compareFiles(older, newer)
  return { closed, open: await compareFiles(older, newer, withKeys) }
}

const formats: readonly (readonly [FormatId, string, string, Record<string, string>])[] = [
  [
    'yaml',
    'a: 1\nb: two\nc: {d: x}\ne: gone\nf_unencrypted: p\n',
    'a: 2\nb: two\nc: {d: x}\nf_unencrypted: q\ng: new\n',
    {
      '["a"]': 'changed',
      '["b"]': 'same',
      '["c"]["d"]': 'same',
      '["e"]': 'removed',
      '["f_unencrypted"]': 'changed',
      '["g"]': 'added',
    },
  ],
  [
    'json',
    '{"a": true, "b": ["x", "y"], "c": null}',
    '{"a": false, "b": ["x", "z", "w"], "c": null}',
    { '["a"]': 'changed', '["b"][0]': 'same', '["b"][1]': 'changed', '["b"][2]': 'added', '["c"]': 'same' },
  ],
  ['dotenv', 'A=1\nB=2\nC=\n', 'A=1\nB=3\nC=\n', { '["A"]': 'same', '["B"]': 'changed', '["C"]': 'same' }],
  ['ini', '[s]\na = 1\n[t]\na = 1\n', '[s]\na = 1\n[t]\na = 2\n', { '["s"]["a"]': 'same', '["t"]["a"]': 'changed' }],
  ['binary', 'one', 'two', { '["data"]': 'changed' }],
]

describe.each(formats)('%s', (format, plain, next, expected) => {
  test('an edit, with keys and without', async () => {
    const before = await sealed(plain, format)
    const { closed, open } = await both(before, await edited(before, next, format), format)
    expect(changesIn(closed)).toEqual(expected)
    expect(open).toEqual(closed)
    expect(closed).toMatchObject({ dataKey: 'same', recipients: { added: [], removed: [] } })
  })

  test('the same file', async () => {
    const before = await sealed(plain, format)
    const { closed, open } = await both(before, before, format)
    expect(open).toEqual(closed)
    expect(new Set(Object.values(changesIn(closed)))).toEqual(new Set(['same']))
  })

  test('a new data key', async () => {
    const before = await sealed(plain, format)
    const { closed, open } = await both(before, await rotated(before, format), format)
    expect(open).toEqual(closed)
    expect(closed.dataKey).toBe('rotated')
    expect(closed.values.map(({ change, isEncrypted }) => [change, isEncrypted])).toEqual(
      closed.values.map(({ isEncrypted }) => [isEncrypted ? 'reencrypted' : 'same', isEncrypted]),
    )
  })

  test('encrypted from scratch: nobody can tell without a key', async () => {
    const { closed, open } = await both(await sealed(plain, format), await sealed(plain, format), format)
    expect([closed.dataKey, open.dataKey]).toEqual(['new', 'new'])
    for (const { isEncrypted, change } of closed.values) expect(change).toBe(isEncrypted ? 'unknown' : 'same')
    for (const { isEncrypted, change } of open.values) expect(change).toBe(isEncrypted ? 'reencrypted' : 'same')
  })

  test('a recipient comes, and goes', async () => {
    const one = await sealed(plain, format)
    const two = await forBoth(one, format)
    const { closed, open } = await both(one, two, format)
    expect(open).toEqual(closed)
    expect(closed.recipients.added.map(({ fields }) => fields)).toEqual([{ recipient: secondRecipient }])
    expect(closed.recipients.removed).toEqual([])
    expect((await both(two, one, format)).closed.recipients.removed).toHaveLength(1)
    expect(new Set(Object.values(changesIn(closed)))).toEqual(new Set(['same']))
  })
})

test.each<[string, string, string, Record<string, string>]>([
  [
    'an element is put in front',
    'l: [a, b]\n',
    'l: [n, a, b]\n',
    { '["l"][0]': 'added', '["l"][1]': 'same', '["l"][2]': 'same' },
  ],
  ['elements change places', 'l: [a, b]\n', 'l: [b, a]\n', { '["l"][0]': 'same', '["l"][1]': 'same' }],
  [
    'a map of a list changes',
    'l: [{a: 1, b: 1}, {a: 2, b: 2}]\n',
    'l: [{a: 1, b: 1}, {a: 2, b: 3}]\n',
    { '["l"][0]["a"]': 'same', '["l"][0]["b"]': 'same', '["l"][1]["a"]': 'same', '["l"][1]["b"]': 'changed' },
  ],
  [
    'comments of a list are no values, and count in its indexes',
    'l:\n  # c\n  - a\n',
    'l:\n  # d\n  - b\n',
    { '["l"][1]': 'changed' },
  ],
  ['a later document changes', 'a: 1\n---\na: 1\n', 'a: 1\n---\na: 2\n', { '["a"]': 'same', '2["a"]': 'changed' }],
  ['a value becomes empty', 'a: 1\nb: x\n', 'a: ""\nb: x\n', { '["a"]': 'changed', '["b"]': 'same' }],
  ['an empty value gets a text', 'a: ""\nb: x\n', 'a: 1\nb: x\n', { '["a"]': 'changed', '["b"]': 'same' }],
  ['a number is spelled in another way', 'a: 1.50\nb: x\n', 'a: 1.5\nb: x\n', { '["a"]': 'changed', '["b"]': 'same' }],
  [
    'a text becomes a map',
    'a: x\nb: y\n',
    'a: {c: x}\nb: y\n',
    { '["a"]["c"]': 'added', '["b"]': 'same', '["a"]': 'removed' },
  ],
])('%s', async (_, plain, next, expected) => {
  const before = await sealed(plain, 'yaml')
  const { closed, open } = await both(before, await edited(before, next, 'yaml'), 'yaml')
  expect(changesIn(open)).toEqual(expected)
  expect(changesIn(closed)).toEqual(expected)
})

describe('what only a key can tell', () => {
  test.each<[string, string, string, string, string]>([
    ['NaN, which never keeps its nonce', 'a: .nan\nb: x\n', 'a: .nan\nb: y\n', '["a"]', 'reencrypted'],
    ['a time', 'a: 2026-01-02T03:04:05+05:30\nb: x\n', 'a: 2026-01-03T03:04:05+05:30\nb: x\n', '["a"]', 'changed'],
  ])('%s', async (_, plain, next, path, truth) => {
    const before = await sealed(plain, 'yaml')
    const { closed, open } = await both(before, await edited(before, next, 'yaml'), 'yaml')
    expect(changesIn(closed)[path]).toBe('unknown')
    expect(changesIn(open)[path]).toBe(truth)
  })

  test('equal values of a list that came to share a nonce', async () => {
    const shared = await edited(await sealed('l: [x]\n', 'yaml'), 'l: [x, x]\n', 'yaml')
    const { closed, open } = await both(shared, await rotated(shared, 'yaml'), 'yaml')
    expect(Object.values(changesIn(closed))).toEqual(['reencrypted', 'unknown'])
    expect(Object.values(changesIn(open))).toEqual(['reencrypted', 'reencrypted'])
  })

  test('equal values of a list, which the reference gives the nonce of the last', async () => {
    const before = Buffer.from(await sealed('l: [x, x]\nb: y\n', 'yaml'))
    const [first, last] = before.toString().match(/ENC\[[^\]]*\]/g)!
    const after = Buffer.from(before.toString().replace(first!, last!))
    const { closed, open } = await both(before, after, 'yaml')
    expect(changesIn(closed)).toEqual({ '["l"][0]': 'unknown', '["l"][1]': 'same', '["b"]': 'same' })
    expect(changesIn(open)).toEqual({ '["l"][0]': 'reencrypted', '["l"][1]': 'same', '["b"]': 'same' })
  })

  test('a value that was changed and changed back', async () => {
    const before = await sealed('a: x\nb: y\n', 'yaml')
    const between = await edited(before, 'a: z\nb: y\n', 'yaml')
    const { closed, open } = await both(before, await edited(between, 'a: x\nb: y\n', 'yaml'), 'yaml')
    expect(changesIn(closed)).toEqual({ '["a"]': 'changed', '["b"]': 'same' })
    expect(changesIn(open)).toEqual({ '["a"]': 'reencrypted', '["b"]': 'same' })
  })

  test('a value that stood in clear and is encrypted now', async () => {
    const before = await sealed('a: x\nb: y\n', 'yaml')
    const clear = Buffer.from(before)
      .toString()
      .replace(/^a: .*$/m, 'a: x')
    const versions = [
      { bytes: Buffer.from(clear), format: 'yaml' },
      { bytes: before, format: 'yaml' },
    ] as const
    expect(changesIn(await compareFiles(...versions))).toEqual({ '["a"]': 'unknown', '["b"]': 'same' })
  })
})

test('nothing that is reported holds a value', async () => {
  const before = await sealed('a: canary\nb: canary2\n', 'yaml')
  const { open } = await both(before, await edited(before, 'a: canary3\nb: canary2\n', 'yaml'), 'yaml')
  expect(JSON.stringify(open)).not.toContain('canary')
})

test('a version that is not encrypted is refused', async () => {
  const before = { bytes: await sealed('a: 1\n', 'yaml'), format: 'yaml' } as const
  await expect(compareFiles(before, { bytes: Buffer.from('a: 1\n'), format: 'yaml' })).rejects.toMatchObject({
    code: 'generic',
  })
})

const scalar = fc.oneof(
  fc.constantFrom<unknown>('x', 'y', '', null, 1, 2, 1.5, true, '2026-01-02'),
  fc.constantFrom<unknown>('1.50', 'NaN'),
)
const value = fc.oneof(
  { weight: 3, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.dictionary(fc.constantFrom('p', 'q', 'p_unencrypted'), scalar, { maxKeys: 3 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.dictionary(fc.constantFrom('p', 'q'), scalar, { maxKeys: 2 }), { maxLength: 3 }),
  },
)
const data = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd_unencrypted'), value, { minKeys: 1, maxKeys: 4 })
const flat = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd_unencrypted'), fc.constantFrom('x', 'y', '', 'z'), {
  minKeys: 1,
})
const linesOf = (entries: Readonly<Record<string, string>>): string =>
  Object.entries(entries)
    .map(([key, text]) => `${key}=${text}\n`)
    .join('')
const texts: Readonly<Record<FormatId, fc.Arbitrary<string>>> = {
  json: data.map((one) => JSON.stringify(one)),
  yaml: fc
    .array(data, { minLength: 1, maxLength: 2 })
    .map((documents) =>
      documents
        .map(
          (one) =>
            `${JSON.stringify(one).replaceAll('"NaN"', '.nan').replaceAll('"1.50"', '1.50').replaceAll('"2026-01-02"', '2026-01-02')}\n`,
        )
        .join('---\n'),
    ),
  dotenv: flat.map(linesOf),
  ini: flat.map((entries) => `[s]\n${linesOf(entries)}`),
  binary: fc.constantFrom('x', 'y', ''),
}

test.each(Object.keys(texts) as FormatId[])('%s: without keys the answer is the true one, or none', async (format) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(texts[format], { minLength: 2, maxLength: 4 }),
      fc.boolean(),
      async (versions, rotate) => {
        const steps = [await sealed(versions[0]!, format)]
        for (const text of versions.slice(1)) steps.push(await edited(steps.at(-1)!, text, format))
        if (rotate) steps.push(await rotated(steps.at(-1)!, format))
        for (const [at, after] of steps.slice(1).entries()) {
          const { closed, open } = await both(steps[at]!, after, format)
          const truth = changesIn(open)
          for (const [place, change] of Object.entries(changesIn(closed)))
            if (change !== 'unknown') expect(truth[place], place).toBe(change)
          expect(['unknown', open.dataKey]).toContain(closed.dataKey)
        }
      },
    ),
    runs(25),
  )
})
