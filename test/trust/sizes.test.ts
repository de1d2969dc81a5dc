// Attack: a small text that is made to cost much, before or behind the key. Work and memory follow from its size, or it is refused by name.
import { describe, expect, test } from 'vitest'
import { loadConfig, matchCreationRule, matchDestinationRule } from '../../src/config/index.ts'
import { messageOf } from '../../src/errors.ts'
import { type FormatId, loadEncrypted, loadFormat } from '../../src/index.ts'
import { refuseTooLong } from '../../src/text/encoding.ts'
import { recipientOne, reseal, seal, unseal } from '../fuzz/sealed.ts'
import { sandbox } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'

const many = 20_000
const lines = (line: (i: number) => string, count = many): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('')

/** Everything that a value leads to, each thing once. */
function thingsIn(root: unknown): number {
  const seen = new Set<unknown>([root])
  for (const thing of seen) {
    if (typeof thing !== 'object' || thing === null || ArrayBuffer.isView(thing)) continue
    for (const inner of thing instanceof Map ? [...thing].flat() : Object.values(thing))
      if (typeof inner === 'object' && inner !== null) seen.add(inner)
  }
  let count = 0
  for (const thing of seen) count += Array.isArray(thing) ? thing.length : 1
  return count
}

/** Memory that grows with the square of the size gives sixteen times as much for four times the lines. */
describe('what a reader keeps of a text grows with the text', () => {
  test.each<[FormatId, string, (i: number) => string, head?: string]>([
    ['ini', 'one key', () => 'k = v\n', '[s]\n'],
    ['ini', 'one key with other values', (i) => `k = ${i}\n`, '[s]\n'],
    ['ini', 'one key under comments', () => '; c\nk = v ; d\n', '[s]\n'],
    ['ini', 'two keys in turns', (i) => `k${i % 2} = v\n`, '[s]\n'],
    ['ini', 'keys without a name', () => '- = v\n', '[s]\n'],
    ['ini', 'one section', () => '[s]\nk = v\n'],
    ['ini', 'one key of the metadata', () => 'mac = x\n', '[sops]\n'],
    ['dotenv', 'one key', () => 'K=v\n'],
    ['dotenv', 'unknown metadata', (i) => `sops_zz${i}=x\n`],
    ['json', 'one key', () => '"k":1,', '{"x":[{'],
    ['yaml', 'markers', () => '---\n', 'a: 1\n'],
    ['yaml', 'values of one tag handle', () => '- !t!x 1\n', `%TAG !t! tag:${'x'.repeat(1000)}:\n---\na:\n`],
    ['yaml', 'aliases', () => '- *a\n- 1\n', `k: &a ${'x'.repeat(2000)}\nl:\n`],
    ['yaml', 'comments', () => '# c\n', 'a: 1\n'],
  ])('%s: %s', async (format, _, line, head = '') => {
    const { parse } = await loadFormat(format)
    const tail = format === 'json' ? '"z":0}]}' : ''
    const size = (count: number): number => thingsIn(parse(Buffer.from(head + lines(line, count) + tail)))
    expect(size(800)).toBeLessThan(size(200) * 6)
  })
})

describe('metadata of many entries is read and written again in one pass', () => {
  test.each<[FormatId, string, (sealed: string) => string]>([
    ['dotenv', 'unknown names', (text) => text + lines((i) => `sops_zz${i}=x\n`)],
    ['dotenv', 'unknown names before the data', (text) => lines((i) => `sops_zz${i}=x\n`) + text],
    ['ini', 'unknown names', (text) => text + lines((i) => `zz${i}=x\n`)],
    ['yaml', 'unknown names', (text) => text + lines((i) => `    zz${i}: x\n`)],
    ['yaml', 'names of another case', (text) => text + lines((i) => `    MAC${i}: x\n`)],
    ['json', 'unknown names', (text) => text.replace('"sops": {', `"sops": {${lines((i) => `"zz${i}":1,`)}`)],
  ])('%s: %s', async (format, _, change) => {
    const plain = { dotenv: 'A=1\n', ini: '[s]\na = 1\n', yaml: 'a: 1\n', json: '{"a": 1}\n', binary: '' }[format]
    const text = Buffer.from(change(Buffer.from(await seal(plain, { format })).toString()))
    const again = await reseal(text, Buffer.from(plain), format)
    expect(Buffer.from(await unseal(again, format)).toString()).toBe(plain)
  })
})

describe('YAML that is refused by name', () => {
  test.each([
    ['documents', '---\n'.repeat(10_001), 'more than 10000 documents in one text'],
    ['documents with ends', 'a: 1\n...\n---\n'.repeat(10_001), 'more than 10000 documents in one text'],
    ['a prefix of tags', `%TAG !t! tag:${'x'.repeat(1100)}\n---\na: 1\n`, 'the prefix has more than 1024 characters'],
    [
      'a long value behind many aliases',
      `k: &a ${'x'.repeat(100_000)}\nl:\n${'- *a\n- 1\n'.repeat(2000)}`,
      'aliases stand for more than 128 MiB of text',
    ],
    [
      'a long key behind many aliases',
      `k: &a ${'x'.repeat(100_000)}\nl:\n${'- *a : 1\n- 1\n'.repeat(2000)}`,
      'aliases stand for more than 128 MiB of text',
    ],
  ])('%s', async (_, text, problem) => {
    const { parse } = await loadFormat('yaml')
    expect(() => parse(Buffer.from(text))).toThrow(problem)
  })
})

describe('a regular expression that is too large is refused, and never taken for one that matches nothing', () => {
  const long = 'a'.repeat(5000)
  const repeating = 'a{1000}'.repeat(500)

  test.each([
    ['encryptedRegex', long, 'the encrypted_regex has 5000 bytes, and at most 4096 are taken'],
    ['unencryptedRegex', long, 'the unencrypted_regex has 5000 bytes'],
    ['encryptedCommentRegex', repeating, 'the encrypted_comment_regex repeats too much'],
    ['unencryptedCommentRegex', repeating, 'the unencrypted_comment_regex repeats too much'],
  ])('%s when a file is encrypted', async (setting, expression, problem) => {
    await expect(seal('a: 1\n', { format: 'yaml', [setting]: expression })).rejects.toThrow(problem)
  })

  test('in the metadata, before a key is used', async () => {
    const text = Buffer.from(await seal('a: 1\n', { format: 'yaml', unencryptedRegex: '^x$' })).toString()
    const changed = Buffer.from(text.replace('^x$', long))
    await expect(loadEncrypted(changed, 'yaml')).rejects.toThrow('the unencrypted_regex of the file has 5000 bytes')
  })

  test.each([
    ['creation_rules', matchCreationRule, (rule: string) => `{${rule}, age: ${recipientOne}}`],
    ['destination_rules', matchDestinationRule, (rule: string) => `{${rule}, s3_bucket: b}`],
  ] as const)('path_regex of %s', async (name, match, rule) => {
    const folder = sandbox({ '.sops.yaml': `${name}: [${rule(`path_regex: ${long}`)}, ${rule('path_regex: x')}]\n` })
    try {
      const ctx = fakeContext({ cwd: folder.dir })
      const path = folder.path('.sops.yaml')
      const config = await loadConfig({ path, absolutePath: path }, ctx)
      await expect(match(config, folder.path('x'), ctx)).rejects.toThrow(`path_regex of ${name}[0] has 5000 bytes`)
    } finally {
      folder.remove()
    }
  })
})

test('more bytes than a text can hold', () => {
  expect(() => refuseTooLong(new Uint8Array(11), 10)).toThrow(
    'the text has 11 bytes, and at most 10 can be worked on as one text',
  )
  expect(refuseTooLong(new Uint8Array(10), 10)).toBeUndefined()
})

test('a result that no text can hold is named', () => {
  const tooLong = (): string => 'x'.repeat(2 ** 29).concat('x'.repeat(2 ** 29))
  let message = ''
  try {
    tooLong()
  } catch (error) {
    message = messageOf(error)
  }
  expect(message).toMatch(/^the result would be a text of more than \d+ characters, which cannot be worked on/)
})
