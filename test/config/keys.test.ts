import { describe, expect, it, vi } from 'vitest'
import { matchCreationRule } from '../../src/config/index.ts'
import { configOf, messageOfRejection, shown } from './support.ts'

vi.mock('../../src/keys/table.ts', async (original) => (await import('./recorders.ts')).recordersOf(await original()))

/** The key groups of a file's only rule, given as its fields. */
async function groupsOf(fields: string, kmsContext?: Record<string, string>): Promise<string[][]> {
  const { config, ctx } = await configOf(`creation_rules:\n  - aws_profile:\n${fields.replace(/^/gm, '    ')}\n`)
  const rule = await matchCreationRule(config, 'f.yaml', ctx, kmsContext ? { kmsContext } : {})
  return rule.keyGroups.map(({ keys }) => shown(keys))
}

describe('flat key fields', () => {
  it.each([
    ['pgp:', []],
    ['pgp: ""', []],
    ['pgp: []', []],
    ['pgp: [""]', []],
    ['pgp: " , ,"', []],
    ['pgp: a', ['pgp:a']],
    ['pgp: a,b', ['pgp:a', 'pgp:b']],
    ['pgp: " a , b ,"', ['pgp:a', 'pgp:b']],
    ['pgp: >-\n  a,\n  b,\n  c', ['pgp:a', 'pgp:b', 'pgp:c']],
    ['pgp: |\n  a,\n  b\n', ['pgp:a', 'pgp:b']],
    ['pgp: |\n  a\n  b\n', ['pgp:a\nb']],
    ['pgp: [a, b]', ['pgp:a', 'pgp:b']],
    ['pgp: ["a,b", c]', ['pgp:a', 'pgp:b', 'pgp:c']],
    ['pgp: [" a "]', ['pgp: a ']],
    ['pgp: ["", ""]', ['pgp:']],
    ['pgp: [a, a]', ['pgp:a']],
    ['hckms: [a, 1]', ['hckms:a', 'hckms:1']],
    ['hckms: [" a", null]', ['hckms: a']],
  ])('%j', async (fields, keys) => {
    expect(await groupsOf(fields)).toEqual([keys])
  })

  it('come in a fixed order, in one group', async () => {
    const fields = 'hc_vault_transit_uri: v\nazure_keyvault: z\nhckms: [h]\ngcp_kms: g\nkms: k\npgp: p\nage: a'
    const keys = ['age:a', 'pgp:p', 'kms:k', 'gcp_kms:g', 'hckms:h', 'azure_kv:z', 'hc_vault:v']
    expect(await groupsOf(fields)).toEqual([keys])
  })

  it('give their profile, and the context of the caller, to AWS KMS keys only', async () => {
    const { config, ctx } = await configOf('creation_rules: [{age: a, kms: "k,l", aws_profile: p}]')
    const rule = await matchCreationRule(config, 'f', ctx, { kmsContext: { team: 't' } })
    expect(rule.keyGroups[0]?.keys.map(({ fields }) => fields)).toEqual([
      { id: 'a' },
      { id: 'k', profile: 'p', team: 't' },
      { id: 'l', profile: 'p', team: 't' },
    ])
  })

  const both = (field: string, title = field) =>
    `invalid ${title} key configuration: invalid ${field} key configuration:`
  it.each([
    ['age: 5', `${both('age')} a text or a list of texts is wanted, not a whole number`],
    ['age: 1.5', `${both('age')} a text or a list of texts is wanted, not a number`],
    [
      'pgp: 1234567890123456789012345678901234567890',
      `${both('pgp')} a text or a list of texts is wanted, not a number`,
    ],
    ['kms: true', `${both('kms')} a text or a list of texts is wanted, not a boolean`],
    ['azure_keyvault: {a: b}', `${both('azure_keyvault')} a text or a list of texts is wanted, not a map`],
    ['gcp_kms: 5', `${both('gcp_kms', 'gcpkms')} a text or a list of texts is wanted, not a whole number`],
    [
      'hc_vault_transit_uri: 5',
      `${both('hc_vault_transit_uri', 'vault')} a text or a list of texts is wanted, not a whole number`,
    ],
    ['pgp: [a, 2]', `${both('pgp')} a text for each element is wanted, not a whole number`],
    ['pgp: [null]', `${both('pgp')} a text for each element is wanted, not null`],
    ['pgp: [[a]]', `${both('pgp')} a text for each element is wanted, not a list`],
    ['gcp_kms: [{resource_id: a}]', `${both('gcp_kms', 'gcpkms')} a text for each element is wanted, not a map`],
    ['age: 5\npgp: 6', `${both('age')} a text or a list of texts is wanted, not a whole number`],
  ])('%j is refused', async (fields, message) => {
    expect(await messageOfRejection(groupsOf(fields))).toBe(`${message} (creation_rules[0] in .sops.yaml)`)
  })
})

describe('key groups', () => {
  it.each([
    ['key_groups: []\nage: a', [['age:a']]],
    ['key_groups:\nage: a', [['age:a']]],
    ['key_groups: [{}]\nage: a', [[]]],
    ['key_groups: [{age: [b]}]\nage: a', [['age:b']]],
    ['key_groups: [{age: [b]}]\nage: 5', [['age:b']]],
    ['key_groups: [{age: [a]}, {age: [a]}]', [['age:a'], ['age:a']]],
    ['key_groups: [{age: [a, b, a]}]', [['age:a', 'age:b']]],
    ['key_groups: [{age: [a], pgp: [a]}]', [['age:a', 'pgp:a']]],
    [
      'key_groups: [{hc_vault: [v], hckms: [{key_id: h}], gcp_kms: [{resource_id: g}], pgp: [p], age: [a]}]',
      [['age:a', 'pgp:p', 'gcp_kms:{"resource_id":"g"}', 'hckms:{"key_id":"h"}', 'hc_vault:v']],
    ],
    [
      'key_groups: [{azure_keyvault: [{vaultUrl: u, key: k, version: 1}, {vaultUrl: u, key: k}]}]',
      [['azure_kv:{"vaultUrl":"u","key":"k","version":"1"}', 'azure_kv:{"vaultUrl":"u","key":"k","version":""}']],
    ],
    [
      'key_groups: [{kms: [{arn: " k+r "}, {arn: k, role: r, context: {a: 1, b: true}, aws_profile: p}, {arn: k, context: {}}]}]',
      [
        [
          'kms:{"arn":" k+r ","role":"","aws_profile":""}',
          'kms:{"arn":"k","role":"r","aws_profile":"p","context":{"a":"1","b":"true"}}',
          'kms:{"arn":"k","role":"","aws_profile":"","context":{}}',
        ],
      ],
    ],
    ['key_groups: [{age: [c], merge: [{age: [a]}, {age: [b, a]}]}]', [['age:a', 'age:b', 'age:c']]],
    [
      'key_groups: [{age: [c, b], merge: [{pgp: [p], merge: [{age: [a, a], pgp: [q]}]}, {age: [b]}]}]',
      [['age:a', 'pgp:q', 'pgp:p', 'age:b', 'age:c']],
    ],
    ['key_groups: [{merge: [null, {}]}]', [[]]],
    ['key_groups: [{key_groups: [{age: [a]}], hc_vault_transit_uri: [v]}]', [[]]],
  ])('%j', async (fields, groups) => {
    expect(await groupsOf(fields)).toEqual(groups)
  })

  it('take neither the context of the caller nor aws_profile of the rule', async () => {
    const fields = 'key_groups: [{kms: [{arn: k}]}]\naws_profile: p'
    const { config, ctx } = await configOf(`creation_rules:\n  -\n${fields.replace(/^/gm, '    ')}\n`)
    const { keyGroups } = await matchCreationRule(config, 'f', ctx, { kmsContext: { team: 't' } })
    expect(keyGroups[0]?.keys[0]?.fields).toEqual({ arn: 'k', role: '', aws_profile: '' })
  })

  it('refuse a context entry without a value, when the rule is used', async () => {
    const text = 'creation_rules: [{path_regex: ^x, key_groups: [{kms: [{arn: k, context: {a: null}}]}]}, {age: a}]'
    const { config, ctx } = await configOf(text)
    await matchCreationRule(config, 'f', ctx)
    expect(await messageOfRejection(matchCreationRule(config, 'x', ctx))).toBe(
      'error loading config: encryption context "a" has no value (creation_rules[0] in .sops.yaml)',
    )
  })
})
