// What users of SOPS have run into, as given, when, then. The numbers are those of its issues and pull requests.
import { describe, expect, test } from 'vitest'
import { decryptToObject, type FormatId, SopsError } from '../../src/index.ts'
import { common, orReported, reseal, seal, unseal } from '../fuzz/sealed.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

/** Files that must come back as they were. */
const kept: readonly (readonly [number: string, format: FormatId, document: string])[] = [
  ['#1068: a comment at the end of a nested map', 'yaml', 'a:\n  b: 1\n  # trailing\n'],
  [
    '#865: a comment between items of a nested list',
    'yaml',
    'a:\n  b:\n    c:\n      - one\n      # between\n      - two\n',
  ],
  ['#811: a comment behind a list in a list', 'yaml', 'l:\n  - a: [ "one" ]\n  # comment\n  - b: two\n'],
  ['#384: comments above the first key of each level', 'yaml', '# top\na:\n  # in a\n  b:\n    # in b\n    c: 1\n'],
  ['#231: a comment in a list', 'yaml', 'l:\n  # comment\n  - a\n'],
  ['#928: integers beyond 2^53', 'yaml', 'a: 9007199254740993\nb: -9223372036854775808\n'],
  ['#928: integers beyond 2^53', 'json', '{"a": 9007199254740993, "b": 9223372036854775807}\n'],
  ['#1106: less-than signs', 'json', '{"command": "a < b && c > d"}\n'],
  ['#864: flow style and trailing comments', 'yaml', 'array: [element1, element2]\nfield: value  # trailing\n'],
  ['#830: an indentation of two', 'yaml', 'a:\n  b: |\n    text\n  l:\n  - x\n  - y\n'],
  ['#635: local tags', 'yaml', 'a: !env X\nb: !unsafe "{{ x }}"\n'],
  ['#483: an empty map', 'yaml', '{}\n'],
  ['#1597: signs of comments in quotes', 'ini', '[s]\nsecret = `here#there`\n'],
  ['#766: a block of semicolons', 'ini', ';;;;;;;;\n; title\n;;;;;;;;\n[s]\nk = v\n'],
  ['#1340: several sections of one name', 'ini', '[Interface]\nA = 1\n\n[Peer]\nK = one\n\n[Peer]\nK = two\n'],
  ['#1271: quotes around a value', 'dotenv', 'ID="123#567"\nB=\'foo\'\n'],
  ['#235: nothing but digits', 'binary', '12345'],
  ['rops#298: empty text and null', 'yaml', 'a: ""\nb: null\nc:\nd: ~\n'],
  ['rops#298: empty text and null', 'json', '{"a": "", "b": null}\n'],
  ['#734: a text that looks like null', 'yaml', 'a: "null"\nb: "~"\nc: "true"\nd: "1.0"\n'],
]

test.each(kept)('%s (%s)', async (_, format, document) => {
  const sealed = await seal(document, { format })
  expect(text(await unseal(sealed, format))).toBe(document)
  expect(text(await unseal(await reseal(sealed, Buffer.from(document), format), format))).toBe(document)
})

/** Files that must be refused, by a message that helps. */
const refused: readonly (readonly [number: string, format: FormatId, document: string, message: RegExp])[] = [
  ['#653: a key that is a number', 'yaml', '1: a\n', /non-string key.*1/],
  ['#39: a list at the top', 'yaml', '- a\n', /./],
  ['#2025: null at the top', 'json', 'null', /./],
  ['#965: a value of two lines', 'dotenv', 'A="x\ny"\n', /line 2/],
  ['#1175: encrypted already', 'yaml', 'a: b\nsops: {mac: x}\n', /sops/],
  ['#483: an empty file', 'yaml', '', /at least one document/],
]

test.each(refused)('%s (%s) is refused', async (_, format, document, message) => {
  const result = await orReported(() => seal(document, { format }))
  expect(result).toBeInstanceOf(SopsError)
  expect((result as SopsError).message).toMatch(message)
})

describe('encrypted files', () => {
  test('#695: comments under encrypted_regex come back in clear', async () => {
    const document = '# top\na:\n  # in a\n  secret: x # behind\n'
    const sealed = await seal(document, { format: 'yaml', encryptedRegex: '^secret$' })
    expect(text(await unseal(sealed, 'yaml'))).toBe(document)
  })

  test('#588: a number where an encrypted value should be is refused by its path', async () => {
    const sealed = text(await seal('a:\n  b: x\n', { format: 'yaml' })).replace(/b: ENC\[.*\]/, 'b: 7')
    const result = await orReported(() => unseal(sealed, 'yaml'))
    expect(result).toMatchObject({ code: 'cannot-decrypt-tree', path: ['a', 'b'] })
  })

  test('#833: two lines exchanged are noticed', async () => {
    const sealed = text(await seal('a: one\nb: two\n', { format: 'yaml' }))
    const [first, second, ...rest] = sealed.split('\n')
    const result = await orReported(() => unseal([second, first, ...rest].join('\n'), 'yaml'))
    expect(result).toMatchObject({ code: 'mac-mismatch' })
  })

  test('#1512: a clear value may change under mac_only_encrypted, and only there', async () => {
    for (const macOnlyEncrypted of [true, false]) {
      const document = 'a: secret\nb_unencrypted: old\n'
      const sealed = text(await seal(document, { format: 'yaml', macOnlyEncrypted })).replace(': old', ': new')
      const result = await orReported(() => unseal(sealed, 'yaml'))
      if (macOnlyEncrypted) expect(text(result as Uint8Array)).toBe('a: secret\nb_unencrypted: new\n')
      else expect(result).toMatchObject({ code: 'mac-mismatch' })
    }
  })

  test('#596: data that is no text is refused as a binary file', async () => {
    const sealed = await seal('{"data": {"a": 1}}', { format: 'json' })
    const result = await orReported(() => unseal(sealed, 'json', { output: 'binary' }))
    expect(result).toMatchObject({ code: 'cannot-emit' })
    expect((result as SopsError).hints.join()).toContain('--output-type')
  })

  test('#1959: the message about a complex value does not show it', async () => {
    const sealed = await seal('a:\n  b: canary\n', { format: 'yaml' })
    const result = await orReported(() => unseal(sealed, 'yaml', { output: 'dotenv' }))
    expect(result).toBeInstanceOf(SopsError)
    expect((result as SopsError).message).toMatch(/offending key a/)
    expect((result as SopsError).message).not.toContain('canary')
  })

  test('#889: aliases under encrypted_regex lose nothing', async () => {
    const document = 'common: &default\n  secret: x\n  plain: y\nother:\n  <<: *default\n'
    const sealed = await seal(document, { format: 'yaml', encryptedRegex: '^secret$' })
    const object = await decryptToObject(sealed, { format: 'yaml', ...common })
    expect(JSON.stringify(object)).toContain('"common":{"secret":"x","plain":"y"}')
    expect(JSON.stringify(object['other'])).toContain('x')
  })
})
