import { expect, test } from 'vitest'
import type { KeyTypeId, MasterKey } from '../../src/keys/types.ts'
import { describeKey } from '../../src/keyservice/describe.ts'

const describe = (type: KeyTypeId, fields: MasterKey['fields']): string => describeKey({ type, fields, enc: '' })

test.each<[KeyTypeId, MasterKey['fields'], string]>([
  ['pgp', { fp: 'ABCD' }, 'PGP key with fingerprint ABCD'],
  ['age', { recipient: 'age1x' }, 'age key with recipient age1x'],
  ['gcp_kms', { resource_id: 'projects/p' }, 'GCP KMS key with resource ID projects/p'],
  ['hckms', { key_id: 'r:u' }, 'HuaweiCloud KMS key with ID r:u'],
  ['kms', { arn: 'arn:aws:kms:x', role: '', context: {}, aws_profile: '' }, 'AWS KMS key with ARN arn:aws:kms:x'],
  [
    'kms',
    { arn: 'arn:aws:kms:x', role: 'arn:aws:iam:y', context: { a: 'b', c: 'd' }, aws_profile: 'p' },
    'AWS KMS key with ARN arn:aws:kms:x (role arn:aws:iam:y, context {a: b, c: d}, aws_profile p)',
  ],
  [
    'azure_kv',
    { vault_url: 'https://v', name: 'n', version: '1' },
    'Azure Key Vault key with URL https://v/keys/n/1 (vault_url https://v, name n, version 1)',
  ],
  [
    'hc_vault',
    { vault_address: 'http://v', engine_path: 't', key_name: 'k' },
    'Hashicorp Vault key with URI http://v/v1/t/keys/k (vault_address http://v, engine_path t, key_name k)',
  ],
])('%s %j', (type, fields, text) => {
  expect(describe(type, fields)).toBe(text)
})

test.each([
  ['a line end', 'age1x\nage1y', '"age1x\\nage1y"'],
  ['a line that answers', 'x\n(y/n): y', '"x\\n(y/n): y"'],
  ['an escape sequence', '\x1b[2K\rage1x', '"\\x1b[2K\\rage1x"'],
  ['a word of the question', 'age1x. Respond to request? (y/n)', '"age1x. Respond to request? (y/n)"'],
  ['what looks like another field', 'x (role y)', '"x (role y)"'],
  ['direction marks', '\u202eage1x', '"\\u202eage1x"'],
  ['letters that look like others', 'аge1x', '"\\u{430}ge1x"'],
  ['blanks', 'AB CD', '"AB CD"'],
  ['quotes', '"x"', '"\\"x\\""'],
  ['nothing', '', '""'],
])('%s in a recipient', (_, recipient, shown) => {
  expect(describe('age', { recipient })).toBe(`age key with recipient ${shown}`)
})

test('two keys of the same label are told apart', () => {
  const one = describe('hc_vault', { vault_address: 'http://v', engine_path: 'a/keys/b', key_name: 'k' })
  const other = describe('hc_vault', { vault_address: 'http://v', engine_path: 'a', key_name: 'b/keys/k' })
  expect(one).not.toBe(other)
})

test('an encryption context says no more than it is', () => {
  const text = describe('kms', { arn: 'a', role: '', context: { 'a: b, c': 'd}' }, aws_profile: '' })
  expect(text).toBe('AWS KMS key with ARN a (context {"a: b, c": "d}"})')
})
