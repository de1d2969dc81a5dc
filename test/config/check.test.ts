import { describe, expect, it, vi } from 'vitest'
import { suggestField } from '../../src/config/check.ts'
import { checkConfig, matchCreationRule } from '../../src/config/index.ts'
import { configShape, type StructShape } from '../../src/config/shape.ts'
import { configOf } from './support.ts'

vi.mock('../../src/keys/table.ts', async (original) => (await import('./recorders.ts')).recordersOf(await original()))

/** The struct at a path of field names, list elements left out. */
function shapeAt(...names: string[]): StructShape {
  let shape: StructShape = configShape
  for (const name of names) {
    const field = shape.fields[name]
    const inner = field?.kind === 'list' ? field.of : field
    if (inner?.kind !== 'struct') throw new Error(name)
    shape = inner
  }
  return shape
}

describe('suggestField', () => {
  const rule = shapeAt('creation_rules')
  const group = shapeAt('creation_rules', 'key_groups')
  it.each<[StructShape, string, string | undefined]>([
    [rule, 'keygroups', 'key_groups'],
    [rule, 'keyGroups', 'key_groups'],
    [rule, 'key-groups', 'key_groups'],
    [rule, 'key_group', 'key_groups'],
    [rule, 'encrypted-regex', 'encrypted_regex'],
    [rule, 'encryptedRegex', 'encrypted_regex'],
    [rule, 'encrypted_regexp', 'encrypted_regex'],
    [rule, 'encrpyted_regex', 'encrypted_regex'],
    [rule, 'unencrypted_sufix', 'unencrypted_suffix'],
    [rule, 'path_regexp', 'path_regex'],
    [rule, 'path', 'path_regex'],
    [rule, 'filename_regex', 'path_regex'],
    [rule, 'hc_vault_uris', 'hc_vault_transit_uri'],
    [rule, 'hc_vault', 'hc_vault_transit_uri'],
    [rule, 'azure_kv', 'azure_keyvault'],
    [rule, 'azure_key_vault', 'azure_keyvault'],
    [rule, 'gcpkms', 'gcp_kms'],
    [rule, 'KMS', 'kms'],
    [rule, 'gpg', 'pgp'],
    [rule, 'ages', 'age'],
    [rule, 'shamir_treshold', 'shamir_threshold'],
    [rule, 'name', undefined],
    [rule, 'note', undefined],
    [rule, 'description', undefined],
    [rule, 'input_type', undefined],
    [group, 'hc_vault_transit_uri', 'hc_vault'],
    [group, 'azure_kv', 'azure_keyvault'],
    [shapeAt('creation_rules', 'key_groups', 'azure_keyvault'), 'vault_url', 'vaultUrl'],
    [shapeAt('creation_rules', 'key_groups', 'kms'), 'profile', 'aws_profile'],
    [shapeAt('destination_rules'), 'reencryption_rule', 'recreation_rule'],
    [shapeAt('stores'), 'yml', 'yaml'],
    [shapeAt('stores'), 'toml', undefined],
    [shapeAt('stores', 'yaml'), 'ident', 'indent'],
    [configShape, 'creation-rules', 'creation_rules'],
    [configShape, 'creation_rule', 'creation_rules'],
    [configShape, 'constructor', undefined],
    [configShape, 'keys', undefined],
  ])('$type: %s', (shape, name, expected) => {
    expect(suggestField(name, shape)).toBe(expected)
  })
})

describe('checkConfig', () => {
  it('names the line and the place of every unknown field, and what was probably meant', async () => {
    const { config } = await configOf(
      [
        'creation_rules:',
        '  - keygroups: []',
        '    note: x',
        '  - key_groups:',
        '      - age: [a]',
        '        hc_vault_uris: [v]',
        '        kms:',
        '          - {arn: k, region: r}',
        'destination_rules:',
        '  - recreation_rule: {keygroups: []}',
        'stores:',
        '  yaml: {ident: 2}',
        'creation-rules: []',
        '',
      ].join('\n'),
    )
    expect(checkConfig(config).map(({ message }) => message)).toEqual([
      '.sops.yaml, line 2: unknown field "keygroups" in creation_rules[0] is ignored; did you mean "key_groups"?',
      '.sops.yaml, line 3: unknown field "note" in creation_rules[0] is ignored',
      '.sops.yaml, line 6: unknown field "hc_vault_uris" in creation_rules[1].key_groups[0] is ignored; did you mean "hc_vault"?',
      '.sops.yaml, line 8: unknown field "region" in creation_rules[1].key_groups[0].kms[0] is ignored',
      '.sops.yaml, line 10: unknown field "keygroups" in destination_rules[0].recreation_rule is ignored; did you mean "key_groups"?',
      '.sops.yaml, line 12: unknown field "ident" in stores.yaml is ignored; did you mean "indent"?',
      '.sops.yaml, line 13: unknown field "creation-rules" is ignored; did you mean "creation_rules"?',
    ])
  })

  it.each([
    ['anchors at the top', 'keys: [&a age1]\n_defs: {}\nfuture: 1\ncreation_rules: [{age: *a}]'],
    ['fields that are marked as foreign', 'creation_rules: [{x-owner: me, _note: x, age: a}]'],
    ['nothing', ''],
  ])('is silent about %s', async (_, text) => {
    expect(checkConfig((await configOf(text)).config)).toEqual([])
  })
})

describe('warnings of a run', () => {
  it('come once, with the first rule that is asked for', async () => {
    const { config, ctx } = await configOf('creation_rules: [{age: a, keygroup: 1}]')
    expect(ctx.lines).toEqual([])
    await matchCreationRule(config, 'f', ctx)
    await matchCreationRule(config, 'g', ctx)
    expect(ctx.lines).toEqual([
      {
        level: 'advice',
        logger: 'CONFIG',
        message:
          '.sops.yaml, line 1: unknown field "keygroup" in creation_rules[0] is ignored; did you mean "key_groups"?',
        once: true,
      },
    ])
  })

  it('name the expression of the selected rule that does not compile', async () => {
    const { config, ctx } = await configOf(
      'creation_rules: [{path_regex: ^x, unencrypted_regex: "("}, {encrypted_regex: "a("}]',
    )
    await matchCreationRule(config, 'f', ctx)
    await matchCreationRule(config, 'g', ctx)
    expect(ctx.lines.map(({ message }) => message)).toEqual([
      '.sops.yaml: encrypted_regex of creation_rules[1] does not compile and never matches: error parsing regexp: missing closing ): `a(`',
    ])
  })
})
