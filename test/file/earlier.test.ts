// Encrypting a plaintext over an earlier version of its file: what stays, what changes, and when there is nothing to go by.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type SelectionOptions, splitToken } from '../../src/cipher/index.ts'
import { decrypt, encrypt } from '../../src/file/bytes.ts'
import { type SealedOver, type SealOverOptions, sealOver } from '../../src/file/earlier.ts'
import { loadEncrypted, openFile } from '../../src/file/encrypted-file.ts'
import { parsePlain } from '../../src/file/plaintext.ts'
import { loadFormat } from '../../src/formats/table.ts'
import type { FormatId } from '../../src/formats/types.ts'
import { localKeyService } from '../../src/groups/data-key.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { identity, recipient, secondRecipient } from '../cli/exec-support.ts'
import { runs } from '../fuzz/budget.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { fakeContext } from '../support/context.ts'
import { layoutFiles } from '../support/layout.ts'

const context = fakeContext({ env: { SOPS_AGE_KEY: identity } })
const services = [localKeyService(context)]
const later = new Date('2027-01-02T03:04:05Z')
const secondIdentity = readFileSync(join(keysFolder, 'two.age'), 'utf8')
const age = (...texts: readonly string[]): readonly MasterKey[] =>
  texts.map((text) => ({ type: 'age', fields: { recipient: text }, enc: '' }))

const encrypted = async (
  plain: string | Uint8Array,
  format: FormatId,
  options: SelectionOptions = {},
): Promise<string> =>
  Buffer.from(await encrypt(plain, { format, recipients: { age: recipient }, context, ...options })).toString()
const plainOf = async (text: string | Uint8Array, format: FormatId): Promise<string> =>
  Buffer.from(await decrypt(text, { format, context })).toString()

async function over(
  earlier: string,
  plain: string | Uint8Array,
  format: FormatId,
  options: Partial<SealOverOptions> & { readonly as?: FormatId } = {},
): Promise<SealedOver | undefined> {
  const file = await openFile(await loadEncrypted(Buffer.from(earlier), format), { services })
  const input = await loadFormat(options.as ?? format)
  const draft = parsePlain(Buffer.from(plain), input, input)
  const settings = { selection: {}, macOnlyEncrypted: false }
  return sealOver(file, draft, { settings, now: later, layout: {}, ...options })
}

async function textOver(...args: Parameters<typeof over>): Promise<string> {
  const result = await over(...args)
  return Buffer.from(result!.bytes).toString()
}

/** Lines that are in one of the texts only, without the MAC and the date. */
function changedLines(before: string, after: string): number {
  const [old, own] = [new Set(before.split('\n')), new Set(after.split('\n'))]
  const isRenewed = (line: string): boolean => /(?:mac|lastmodified)"?\s*[:=]/.test(line)
  const missing = [...old].filter((line) => !own.has(line) && !isRenewed(line))
  return Math.max(missing.length, [...own].filter((line) => !old.has(line) && !isRenewed(line)).length)
}

const samples: readonly (readonly [FormatId, string, readonly (readonly [string, string, string, number])[]])[] = [
  [
    'yaml',
    '# head\na: "1"   # beside\nb:\n    - x\n    - y\nc: |\n    one\n    two\n',
    [
      ['a value', '"1"', '"2"', 1],
      ['an element', '- y', '- z', 1],
      ['a comment', '# head', '# other', 1],
      ['a comment beside', '# beside', '# else', 1],
      ['a new key', 'c: |', 'new: 5\nc: |', 1],
      ['a key that goes', 'a: "1"   # beside\n', '', 1],
    ],
  ],
  [
    'json',
    '{\n  "a": "1",\n  "b": ["x",   "y"],\n  "c": 1.50\n}\n',
    [
      ['a value', '"1"', '"2"', 1],
      ['a number', '1.50', '2.50', 1],
      ['a new key', '  "c"', '  "new": 5,\n  "c"', 1],
    ],
  ],
  [
    'dotenv',
    '# head\nA=1\n\nB=2\n',
    [
      ['a value', 'A=1', 'A=3', 1],
      ['a comment', '# head', '# other', 1],
      ['a new key', 'B=2', 'C=5\nB=2', 1],
    ],
  ],
  [
    'ini',
    '; head\n[s]\na   = 1\nb = 2\n',
    [
      ['a value', 'a   = 1', 'a   = 3', 1],
      ['a comment', '; head', '; other', 1],
      ['a new key', 'b = 2', 'c = 5\nb = 2', 1],
    ],
  ],
  // As after an edit, the metadata names the default setting, which a new envelope leaves out.
  ['binary', 'one\ntwo\n', [['the text', 'two', 'three', 2]]],
]

describe.each(samples)('%s', (format, plain, edits) => {
  test.each(edits)('%s changes no other line', async (_, from, to, lines) => {
    const earlier = await encrypted(plain, format)
    const next = plain.replace(from, to)
    expect(next).not.toBe(plain)
    const after = await textOver(earlier, next, format)
    expect(changedLines(earlier, after)).toBe(lines)
    expect(after).not.toBe(earlier)
    expect(await plainOf(after, format)).toBe(next)
  })

  test('the same plaintext gives the very bytes of the earlier version', async () => {
    const earlier = await encrypted(plain, format)
    const result = await over(earlier, plain, format)
    expect(Buffer.from(result!.bytes).toString()).toBe(earlier)
    expect(result!.sealed).toBeUndefined()
  })

  test('a new layout of the same values is kept, and so are their ciphertexts', async () => {
    if (format === 'binary') return
    const earlier = await encrypted(plain, format)
    const next = plain.replaceAll('\n', '\r\n')
    const after = await textOver(earlier, next, format)
    expect(await plainOf(after, format)).toBe(next)
    expect(tokensIn(after).slice(0, 2)).toEqual(tokensIn(earlier).slice(0, 2))
  })
})

const tokensIn = (text: string): string[] => text.match(/ENC\[AES256_GCM,[^\]]*\]/g) ?? []

test.each(layoutFiles.filter((_, at) => at % 3 === 0))(
  '$name: the same plaintext, the same bytes',
  async ({ format, bytes }) => {
    const earlier = await encrypted(bytes, format)
    const plain = await decrypt(earlier, { format, context })
    expect(await textOver(earlier, plain, format)).toBe(earlier)
  },
)

describe('nothing to go by', () => {
  const plain = 'a: 1\nb_x: 2\n'
  test.each<[string, Partial<SealOverOptions>]>([
    ['another suffix', { settings: { selection: { encryptedSuffix: '_x' }, macOnlyEncrypted: false } }],
    ['another expression', { settings: { selection: { encryptedRegex: '^a$' }, macOnlyEncrypted: false } }],
    ['another cover of the MAC', { settings: { selection: {}, macOnlyEncrypted: true } }],
  ])('%s', async (_, options) => {
    expect(await over(await encrypted(plain, 'yaml'), plain, 'yaml', options)).toBeUndefined()
  })

  test('another format', async () => {
    expect(await over(await encrypted(plain, 'yaml'), '{"a": 1}', 'yaml', { as: 'json' })).toBeUndefined()
  })

  test('documents with blocks of their own', async () => {
    const joined = `${await encrypted(plain, 'yaml')}---\nc: x\n`
    const file = await openFile(await loadEncrypted(Buffer.from(joined), 'yaml'), { services, ignoreMac: true }).catch(
      () => undefined,
    )
    expect(file).toBeUndefined()
    const own = await openFile(await loadEncrypted(Buffer.from(await encrypted(plain, 'yaml')), 'yaml'), { services })
    const others = [{ number: 2, block: 'different', reason: 'has the sops block of another version' }] as const
    const yaml = await loadFormat('yaml')
    const draft = parsePlain(Buffer.from(plain), yaml, yaml)
    const settings = { selection: {}, macOnlyEncrypted: false }
    expect(await sealOver({ ...own, others }, draft, { settings, now: later, layout: {} })).toBeUndefined()
  })

  test('settings that say the same in other words are the same', async () => {
    const settings = { selection: { unencryptedSuffix: '_unencrypted' }, macOnlyEncrypted: false }
    expect(await over(await encrypted(plain, 'yaml'), plain, 'yaml', { settings })).toBeDefined()
  })
})

describe('recipients', () => {
  const plain = 'a: 1\nb: 2\n'
  const wanted = (...texts: readonly string[]): Pick<SealOverOptions, 'recipients'> => ({
    recipients: { groups: [{ keys: age(...texts) }], threshold: 0, services },
  })

  test('the same ones change nothing', async () => {
    const earlier = await encrypted(plain, 'yaml')
    expect(await textOver(earlier, plain, 'yaml', wanted(recipient))).toBe(earlier)
  })

  test('a new one gets the data key: entries and values stay', async () => {
    const earlier = await encrypted(plain, 'yaml')
    const { bytes, metadata } = (await over(earlier, plain, 'yaml', wanted(recipient, secondRecipient)))!
    const after = Buffer.from(bytes).toString()
    expect(tokensIn(after).slice(0, 2)).toEqual(tokensIn(earlier).slice(0, 2))
    const [one, two] = metadata.keyGroups[0]!.keys
    expect(earlier.replaceAll(/\s/g, '')).toContain(one!.enc.replaceAll(/\s/g, ''))
    expect(two!.enc).toContain('BEGIN AGE')
    expect(await plainOf(after, 'yaml')).toBe(plain)
    const withTwo = await encryptedForTwo(plain)
    expect(after.match(/recipient:/g)).toHaveLength(withTwo.match(/recipient:/g)!.length)
  })

  test('one that goes does not know the new data key, and the values keep their nonces', async () => {
    const earlier = await encryptedForTwo(plain)
    const after = await textOver(earlier, 'a: 1\nb: 3\n', 'yaml', wanted(recipient))
    const [old, own] = [earlier, after].map((text) => tokensIn(text).map((token) => splitToken(token)!))
    expect(own![0]!.iv).toBe(old![0]!.iv)
    expect(own![0]!.data).not.toBe(old![0]!.data)
    expect(own![1]!.iv).not.toBe(old![1]!.iv)
    expect(after).not.toContain(secondRecipient)
    expect(await plainOf(after, 'yaml')).toBe('a: 1\nb: 3\n')
    const before = await openFile(await loadEncrypted(Buffer.from(earlier), 'yaml'), { services })
    const now = await openFile(await loadEncrypted(Buffer.from(after), 'yaml'), { services })
    expect(Buffer.compare(before.dataKey, now.dataKey)).not.toBe(0)
  })
})

describe('several key groups', () => {
  const plain = 'a: 1\nb: 2\n'
  const groupsOf = (...texts: readonly string[]) => texts.map((text) => ({ keys: age(text) }))
  const inGroups = async (...texts: readonly string[]): Promise<string> =>
    Buffer.from(
      await encrypt(plain, { format: 'yaml', keyGroups: groupsOf(...texts), shamirThreshold: 2, context: bothKeys }),
    ).toString()
  const bothKeys = fakeContext({ env: { SOPS_AGE_KEY: `${identity}\n${secondIdentity}` } })
  const own = [localKeyService(bothKeys)]
  const overGroups = async (earlier: string, wanted: readonly string[], threshold: number): Promise<SealedOver> => {
    const file = await openFile(await loadEncrypted(Buffer.from(earlier), 'yaml'), { services: own })
    const yaml = await loadFormat('yaml')
    const draft = parsePlain(Buffer.from('a: 1\nb: 3\n'), yaml, yaml)
    const recipients = { groups: groupsOf(...wanted), threshold, services: own }
    const settings = { selection: {}, macOnlyEncrypted: false }
    return (await sealOver(file, draft, { settings, recipients, now: later, layout: {} }))!
  }
  const encs = ({ metadata }: Pick<SealedOver, 'metadata'>): string[] =>
    metadata.keyGroups.flatMap(({ keys }) => keys.map(({ enc }) => enc))

  test('the same groups keep their shares', async () => {
    const earlier = await inGroups(recipient, secondRecipient)
    const { bytes, metadata } = await overGroups(earlier, [recipient, secondRecipient], 0)
    const kept = await loadEncrypted(Buffer.from(earlier), 'yaml')
    expect(encs({ metadata })).toEqual(encs(kept))
    expect(Buffer.from(await decrypt(bytes, { context: bothKeys })).toString()).toBe('a: 1\nb: 3\n')
  })

  test('another group gives everybody a new share', async () => {
    const earlier = await inGroups(recipient, secondRecipient)
    const result = await overGroups(earlier, [recipient, secondRecipient, recipient], 2)
    const kept = new Set(encs(await loadEncrypted(Buffer.from(earlier), 'yaml')))
    expect(encs(result).filter((enc) => kept.has(enc))).toEqual([])
    expect(tokensIn(Buffer.from(result.bytes).toString())[0]).toBe(tokensIn(earlier)[0])
    const opened = await decrypt(result.bytes, { context: bothKeys })
    expect(Buffer.from(opened).toString()).toBe('a: 1\nb: 3\n')
  })
})

test('entries of another file are not handed on when a recipient is added', async () => {
  const two = await encryptedForTwo('a: 1\n')
  const other = await encryptedForTwo('a: 1\n')
  const entry = /-----BEGIN AGE[\s\S]*?-----END AGE ENCRYPTED FILE-----/g
  const mixed = two.replace(two.match(entry)![1]!, () => other.match(entry)![1]!)
  const context = fakeContext({ env: { SOPS_AGE_KEY: `${identity}\n${secondIdentity}` } })
  const own = [localKeyService(context)]
  const file = await openFile(await loadEncrypted(Buffer.from(mixed), 'yaml'), { services: own })
  const yaml = await loadFormat('yaml')
  const third = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'
  const recipients = { groups: [{ keys: age(recipient, secondRecipient, third) }], threshold: 0, services: own }
  const draft = parsePlain(Buffer.from('a: 2\n'), yaml, yaml)
  const settings = { selection: {}, macOnlyEncrypted: false }
  await expect(sealOver(file, draft, { settings, recipients, now: later, layout: {} })).rejects.toThrow(
    'do not open to the same data key',
  )
})

const encryptedForTwo = async (plain: string): Promise<string> =>
  Buffer.from(
    await encrypt(plain, { format: 'yaml', recipients: { age: [recipient, secondRecipient] }, context }),
  ).toString()

test('an .env file is read as one made from the earlier plaintext', async () => {
  const plain = 'A="1"\nB=2\n'
  const earlier = await encrypted(plain, 'dotenv')
  const after = await textOver(earlier, 'A="1"\nB=3\n', 'dotenv')
  expect(changedLines(earlier, after)).toBe(1)
  expect(await plainOf(after, 'dotenv')).toBe('A="1"\nB=3\n')
})

test('a nonce never stands for two plaintexts of one path', async () => {
  const value = fc.constantFrom('x', 'y', 'zz', '')
  const text = fc
    .tuple(value, value, fc.array(value, { maxLength: 4 }), fc.constantFrom('', '# c\n', '# d\n'))
    .map(([a, b, list, comment]) => `${comment}a: "${a}"\nb: "${b}"\nl: ${JSON.stringify(list)}\n`)
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 2, maxLength: 5 }), async (versions) => {
      let last = await encrypted(versions[0]!, 'yaml')
      const meant = new Map<string, string>()
      for (const plain of versions) {
        last = await textOver(last, plain, 'yaml')
        expect(await plainOf(last, 'yaml')).toBe(plain)
        // Under one key, one nonce and one path the text tells the plaintext.
        for (const token of tokensIn(last.slice(0, last.indexOf('\nsops:')))) {
          const { iv, data, tag } = splitToken(token)!
          expect(meant.get(iv) ?? data + tag).toBe(data + tag)
          meant.set(iv, data + tag)
        }
      }
    }),
    runs(40),
  )
})
