import { beforeAll, describe, expect, test } from 'vitest'
import type { AuditEvent } from '../../src/context/context.ts'
import { decrypt, decryptToObject, type EncryptOptions, encrypt, replacePlaintext } from '../../src/file/bytes.ts'
import { keyTypes } from '../../src/keys/key-types.ts'
import { identity, recipient, secondRecipient } from '../cli/exec-support.ts'
import { fakeContext } from '../support/context.ts'

const context = fakeContext({ env: { SOPS_AGE_KEY: identity } })
const recipients = { age: recipient }
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const seal = (plain: string | Uint8Array, options: Partial<EncryptOptions> = {}): Promise<Uint8Array> =>
  encrypt(plain, { format: 'yaml', recipients, context, ...options })

describe('encrypt and decrypt', () => {
  test.each([
    ['yaml', '# note\na: 1   # one\nlist: [x, "y"]\n\nb: >-\n  folded\n'],
    ['json', '{ "a": 1.50,\n  "b": {"c": [true, null]} }'],
    ['dotenv', '# note\n\nA=1\nB="two words"\n'],
    ['ini', '; note\n[s]\na   = 1\n'],
    ['binary', 'any\0bytes\n'],
  ] as const)('%s comes back byte for byte, its format told by the content', async (format, plain) => {
    const sealed = await seal(plain, { format })
    expect(text(sealed)).not.toMatch(/folded|two words|any\0bytes/)
    expect(text(await decrypt(sealed, { context }))).toBe(plain)
    expect(text(await decrypt(text(sealed), { context, format }))).toBe(plain)
  })

  test('bytes that are no text stay what they are', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    expect(Buffer.from(await decrypt(await seal(bytes, { format: 'binary' }), { context }))).toEqual(Buffer.from(bytes))
  })

  test('from one format to another, on both ways', async () => {
    const sealed = await seal('a: 1\nb: two\n', { output: 'json' })
    expect(JSON.parse(text(sealed))).toMatchObject({ a: expect.stringMatching(/^ENC\[/), sops: expect.anything() })
    expect(text(await decrypt(sealed, { context, output: 'dotenv' }))).toBe('a=1\nb=two\n')
    expect(text(await decrypt(sealed, { context, output: 'json', layout: { indent: 1, fresh: true } }))).toBe(
      '{\n "a": 1,\n "b": "two"\n}\n',
    )
  })

  test('several recipients of several types stand in the order of the types', async () => {
    const sealed = text(await seal('a: 1\n', { recipients: { age: [secondRecipient, recipient] } }))
    expect(sealed.indexOf(secondRecipient)).toBeLessThan(sealed.indexOf(recipient))
    expect(text(await decrypt(sealed, { context }))).toBe('a: 1\n')
  })

  test('key groups and a threshold', async () => {
    const [one, two] = await Promise.all([recipient, secondRecipient].map((each) => keyTypes.age!.parse(each, context)))
    const keyGroups = [{ keys: one! }, { keys: two! }]
    await expect(decrypt(await seal('a: 1\n', { keyGroups }), { context })).rejects.toMatchObject({
      code: 'no-data-key',
    })
    await expect(seal('a: 1\n', { keyGroups, shamirThreshold: 3 })).rejects.toMatchObject({ code: 'generic' })
  })

  test('a selection', async () => {
    const sealed = text(await seal('open: 1\nsecret: 2\n', { encryptedRegex: '^secret$', macOnlyEncrypted: true }))
    expect(sealed).toMatch(/^open: 1\nsecret: ENC\[/)
    expect(sealed).toContain('mac_only_encrypted: true')
    expect(text(await decrypt(sealed.replace('open: 1', 'open: 9'), { context }))).toBe('open: 9\nsecret: 2\n')
  })

  test('uses are on record before anything is revealed', async () => {
    const events: AuditEvent[] = []
    const audited = { ...context, audit: async (event: AuditEvent) => void events.push(event) }
    const sealed = await seal('a: 1\n', { context: audited })
    await decrypt(sealed, { context: audited })
    await replacePlaintext(sealed, 'a: 2\n', { context: audited })
    expect(events.map(({ action }) => action)).toEqual(['encrypt', 'decrypt', 'decrypt', 'encrypt'])
    const refusing = { ...context, audit: () => Promise.reject(new Error('no record')) }
    await expect(decrypt(sealed, { context: refusing })).rejects.toThrow('no record')
    await expect(seal('a: 1\n', { context: refusing })).rejects.toThrow('no record')
  })
})

describe('what is refused', () => {
  let sealed: string
  beforeAll(async () => {
    sealed = text(await seal('a: canary\nb: 2\nc_unencrypted: 3\n'))
  })

  test.each([
    ['a plain file', () => decrypt('a: canary\n', { context }), 'generic'],
    ['a plain file with a format', () => decrypt('a: canary\n', { context, format: 'yaml' }), 'generic'],
    ['nothing', () => decrypt('', { context }), 'generic'],
    ['no identity', () => decrypt(sealed, { context: fakeContext() }), 'no-data-key'],
    ['a value in clear that changed', () => decrypt(sealed.replace('d: 3', 'd: 4'), { context }), 'mac-mismatch'],
    ['a value under another key', () => decrypt(sealed.replace('\nb:', '\nz:'), { context }), 'cannot-decrypt-tree'],
    [
      'a format that cannot hold it',
      async () => decrypt(await seal('a: [1]\n'), { context, output: 'dotenv' }),
      'cannot-emit',
    ],
    ['text that is not of the format', () => seal('a: [canary', {}), 'bad-input'],
    ['no document', () => seal('', {}), 'no-document'],
    ['an encrypted file', () => seal(sealed), 'already-encrypted'],
    ['no recipient', () => seal('a: canary\n', { recipients: {} }), 'generic'],
    ['a recipient that is none', () => seal('a: canary\n', { recipients: { age: 'age1xyz' } }), 'generic'],
    [
      'two selections',
      () => seal('a: canary\n', { encryptedRegex: 'a', encryptedSuffix: 'b' }),
      'conflicting-parameters',
    ],
    ['a selection that can match nothing', () => seal('a: canary\n', { encryptedRegex: '(' }), 'generic'],
    ['several documents in JSON', () => seal('a: 1\n---\nb: canary\n', { output: 'json' }), 'cannot-emit'],
    ['a new text that is not of the format', () => replacePlaintext(sealed, 'a: [canary', { context }), 'bad-input'],
    ['a new text that is encrypted', () => replacePlaintext(sealed, sealed, { context }), 'already-encrypted'],
  ])('%s', async (_, act, code) => {
    const error: unknown = await Promise.resolve()
      .then(act)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'SopsError', code })
    expect(String(error)).not.toContain('canary')
  })

  test('unless the caller does not mind the MAC', async () => {
    const changed = sealed.replace('d: 3', 'd: 4')
    expect(text(await decrypt(changed, { context, ignoreMac: true }))).toBe('a: canary\nb: 2\nc_unencrypted: 4\n')
  })
})

describe('decryptToObject', () => {
  const objectOf = async (plain: string, format: EncryptOptions['format'] = 'yaml'): Promise<unknown> =>
    decryptToObject(await seal(plain, { format }), { context })

  test('values have the types of JavaScript', async () => {
    expect(
      await objectOf('s: "1"\ni: 7\nf: 1.5\nb: true\nn: null\nt: 2026-01-02T03:04:05Z\nl: [1, {k: v}]\nm: {}\n# c\n'),
    ).toEqual({
      s: '1',
      i: 7,
      f: 1.5,
      b: true,
      n: null,
      t: new Date('2026-01-02T03:04:05Z'),
      l: [1, { k: 'v' }],
      m: {},
    })
  })

  test('integers that a number cannot hold are bigints', async () => {
    expect(await objectOf('max: 9007199254740991\nbig: 9007199254740993\nlow: -9223372036854775808\n')).toEqual({
      max: 9007199254740991,
      big: 9007199254740993n,
      low: -9223372036854775808n,
    })
  })

  test('keys with a meaning in JavaScript are keys like others', async () => {
    const object = (await objectOf('{"__proto__": {"polluted": 1}, "constructor": 2, "toString": 3}', 'json')) as object
    expect(Object.keys(object)).toEqual(['__proto__', 'constructor', 'toString'])
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('the other formats', async () => {
    expect(await objectOf('A=1\nB=two\n', 'dotenv')).toEqual({ A: '1', B: 'two' })
    expect(await objectOf('top = 0\n[s]\na = 1\n', 'ini')).toEqual({ DEFAULT: { top: '0' }, s: { a: '1' } })
    expect(await objectOf('bytes', 'binary')).toEqual({ data: new Uint8Array(Buffer.from('bytes')) })
  })

  test('of several documents the first', async () => {
    expect(await objectOf('a: 1\n---\nb: 2\n')).toEqual({ a: 1 })
  })
})

describe('replacePlaintext', () => {
  const plain = '# note\na: same\nb: old\nlist: [x, y]\n'
  /** Lines of the new file that the old one does not have, but for date and MAC. */
  const news = (before: Uint8Array, after: Uint8Array): string[] => {
    const old = new Set(text(before).split('\n'))
    return text(after)
      .split('\n')
      .filter((line) => !old.has(line) && !/^ +(mac|lastmodified):/.test(line))
  }

  test('only what changed has new ciphertext', async () => {
    const before = await seal(plain)
    const after = await replacePlaintext(before, plain.replace('old', 'new'), { context })
    expect(news(before, after)).toEqual([expect.stringMatching(/^b: ENC\[/)])
    expect(text(await decrypt(after, { context }))).toBe(plain.replace('old', 'new'))
  })

  test('the same text changes nothing but the date and the MAC', async () => {
    const before = await seal(plain)
    expect(news(before, await replacePlaintext(before, plain, { context }))).toEqual([])
  })

  test.each([
    ['a line more', `${plain}c: 3\n`],
    ['a line less', '# note\nb: old\nlist: [x, y]\n'],
    ['another order and layout', 'list:\n  - x\n  - y\nb:   "old"\n\n# note\na: same\n'],
    ['another document', `${plain}---\nz: 1\n`],
  ])('%s', async (_, changed) => {
    const after = await replacePlaintext(await seal(plain), changed, { context })
    expect(text(await decrypt(after, { context }))).toBe(changed)
  })

  test('recipients, selection and indentation stay as they are', async () => {
    const before = text(await seal(plain, { encryptedRegex: '^b$', recipients: { age: [recipient, secondRecipient] } }))
    const indented = before.replace(
      /^sops:\n(.*)$/ms,
      (_all, block: string) => `sops:\n${block.replaceAll(/^ {4}/gm, '  ')}`,
    )
    const after = text(await replacePlaintext(indented, plain.replace('old', 'new'), { context }))
    expect(news(Buffer.from(indented), Buffer.from(after))).toEqual([expect.stringMatching(/^b: ENC\[/)])
    expect(after).toContain('a: same\n')
  })
})
