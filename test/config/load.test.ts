import { describe, expect, it } from 'vitest'
import { findConfig, loadConfig } from '../../src/config/index.ts'
import { fakeContext } from '../support/context.ts'
import { configOf, folderWith, messageOfRejection } from './support.ts'

/** The value of a field in the only creation rule. */
async function fieldOf(name: string, yaml: string): Promise<unknown> {
  const { config } = await configOf(`creation_rules:\n  - ${name}: ${yaml}\n`)
  return (config.creationRules as readonly Record<string, unknown>[])[0]?.[name]
}

describe('files without rules', () => {
  it.each([
    ['empty', ''],
    ['blank', '\n  \n'],
    ['comments', '# nothing\n   # at all\n'],
    ['byte order mark and comment', '\ufeff# nothing\n'],
    ['comments and the end of a document', '# nothing\n---\n'],
    ['comments, and a second document', '# nothing\n...\n---\ncreation_rules: [\n'],
    ['null', 'null\n'],
    ['empty map', '{}\n'],
    ['null rules', 'creation_rules:\n'],
    ['other fields', 'future: {a: 1}\n'],
  ])('%s', async (_, text) => {
    const { config } = await configOf(text)
    expect(config.creationRules).toBeUndefined()
    expect(config.destinationRules).toBeUndefined()
    expect(config.stores).toEqual({})
  })

  it('is not the same as an empty list', async () => {
    expect((await configOf('creation_rules: []')).config.creationRules).toEqual([])
  })

  it('reads /dev/null', async () => {
    const ctx = fakeContext({ cwd: '/' })
    const file = await findConfig(ctx, '/dev/null')
    expect((await loadConfig(file!, ctx)).creationRules).toBeUndefined()
  })

  it('reads a file once per run', async () => {
    const cwd = folderWith({ '.sops.yaml': '' })
    const ctx = fakeContext({ cwd })
    const file = await findConfig(ctx)
    expect(await loadConfig(file!, ctx)).toBe(await loadConfig(file!, ctx))
  })
})

describe('scalars', () => {
  it.each([
    ['path_regex', 'abc', 'abc'],
    ['path_regex', '"a b"', 'a b'],
    ['path_regex', "'it''s'", "it's"],
    ['path_regex', '12', '12'],
    ['path_regex', '0x1F', '0x1F'],
    ['path_regex', '1_000', '1_000'],
    ['path_regex', '+7', '+7'],
    ['path_regex', '1.50', '1.50'],
    ['path_regex', '1e3', '1e3'],
    ['path_regex', '1.5', '1.5'],
    ['path_regex', 'true', 'true'],
    ['path_regex', 'yes', 'yes'],
    ['path_regex', '2024-01-02', '2024-01-02'],
    ['path_regex', '>-\n      a,\n      b', 'a, b'],
    ['path_regex', 'null', undefined],
    ['path_regex', '~', undefined],
    ['path_regex', '', undefined],
    ['path_regex', '"null"', 'null'],
    ['shamir_threshold', '2', 2],
    ['shamir_threshold', '0x10', 16],
    ['shamir_threshold', '0o17', 15],
    ['shamir_threshold', '0b11', 3],
    ['shamir_threshold', '-1', -1],
    ['shamir_threshold', '2.7', 2],
    ['shamir_threshold', '-2.7', -2],
    ['shamir_threshold', 'null', undefined],
    ['mac_only_encrypted', 'true', true],
    ['mac_only_encrypted', 'False', false],
    ['mac_only_encrypted', 'yes', true],
    ['mac_only_encrypted', 'No', false],
    ['mac_only_encrypted', 'on', true],
    ['mac_only_encrypted', 'OFF', false],
    ['mac_only_encrypted', 'y', true],
    ['mac_only_encrypted', 'N', false],
    ['mac_only_encrypted', 'null', undefined],
    ['hckms', '[a, 1, null, true]', ['a', '1', 'true']],
    ['hckms', '[]', []],
    ['key_groups', '[null, {}]', [{}]],
  ])('%s: %s', async (name, yaml, expected) => {
    expect(await fieldOf(name, yaml)).toEqual(expected)
  })
})

describe('type errors', () => {
  const head = 'error loading config: Could not unmarshal config file: yaml:'
  it.each([
    ['shamir_threshold: "2"', 'a whole number of 64 bits is wanted here, not a text (2)'],
    ['shamir_threshold: abc', 'a whole number of 64 bits is wanted here, not a text (abc)'],
    ['shamir_threshold: true', 'a whole number of 64 bits is wanted here, not a boolean (true)'],
    [
      'shamir_threshold: 9223372036854775808',
      'a whole number of 64 bits is wanted here, not a whole number (9223372...)',
    ],
    ['mac_only_encrypted: "true"', 'true or false is wanted here, not a text (true)'],
    ['mac_only_encrypted: 1', 'true or false is wanted here, not a whole number (1)'],
    ['mac_only_encrypted: ok', 'true or false is wanted here, not a text (ok)'],
    ['path_regex: [a]', 'a text is wanted here, not a list'],
    ['path_regex: {a: b}', 'a text is wanted here, not a map'],
    ['hckms: abc', 'a list is wanted here, not a text (abc)'],
    ['hckms: a-long-plain-string', 'a list is wanted here, not a text (a-long-...)'],
    ['hckms: [[a]]', 'a text is wanted here, not a list'],
    ['key_groups: {}', 'a list is wanted here, not a map'],
    ['key_groups: [abc]', 'a map is wanted here, not a text (abc)'],
    ['key_groups: [{age: abc}]', 'a list is wanted here, not a text (abc)'],
    ['key_groups: [{kms: [abc]}]', 'a map is wanted here, not a text (abc)'],
    ['key_groups: [{kms: [{context: abc}]}]', 'a map is wanted here, not a text (abc)'],
    ['key_groups: [{merge: [{gcp_kms: [1.5]}]}]', 'a map is wanted here, not a number (1.5)'],
    ['key_groups: [{azure_keyvault: abc}]', 'a list is wanted here, not a text (abc)'],
  ])('%s', async (field, error) => {
    const message = await messageOfRejection(configOf(`creation_rules:\n  - aws_profile: x\n    ${field}\n`))
    expect(message).toBe(`${head} line 3: ${error}`)
  })

  it.each([
    ['creation_rules: abc', 'a list is wanted here, not a text (abc)'],
    ['creation_rules: {a: b}', 'a list is wanted here, not a map'],
    ['creation_rules: [abc]', 'a map is wanted here, not a text (abc)'],
    ['destination_rules: [{omit_extensions: 2}]', 'true or false is wanted here, not a whole number (2)'],
    ['destination_rules: [{recreation_rule: [a]}]', 'a map is wanted here, not a list'],
    ['stores: abc', 'a map is wanted here, not a text (abc)'],
    ['stores: {yaml: 2}', 'a map is wanted here, not a whole number (2)'],
    ['stores: {json: {indent: x}}', 'a whole number of 64 bits is wanted here, not a text (x)'],
    ['stores: {ini: [1]}', 'a map is wanted here, not a list'],
  ])('%s', async (text, error) => {
    expect(await messageOfRejection(configOf(`${text}\n`))).toBe(`${head} line 1: ${error}`)
  })

  it('lists all of them', async () => {
    const text = 'creation_rules:\n  - shamir_threshold: x\n    hckms: y\nstores:\n  yaml:\n    indent: z\n'
    expect(await messageOfRejection(configOf(text))).toBe(
      [
        `${head} line 2: a whole number of 64 bits is wanted here, not a text (x)`,
        '  line 3: a list is wanted here, not a text (y)',
        '  line 6: a whole number of 64 bits is wanted here, not a text (z)',
      ].join('\n'),
    )
  })

  it.each([
    ['a list at the top', '- a\n', 'a map is wanted here, not a list'],
    [
      'a duplicate field',
      'creation_rules:\n  - age: a\n    age: b\n',
      'line 3: mapping key "age" already defined at line 2',
    ],
    [
      'a syntax error',
      'creation_rules:\n  - age: [\n',
      'error loading config: Could not unmarshal config file: yaml: ',
    ],
  ])('%s', async (_, text, part) => {
    const message = await messageOfRejection(configOf(text))
    expect(message).toContain('error loading config: Could not unmarshal config file: yaml: ')
    expect(message).toContain(part)
  })
})

describe('YAML', () => {
  it.each([
    ['a byte order mark', '\ufeffcreation_rules: [{path_regex: x}]\n'],
    ['CRLF', 'creation_rules:\r\n- path_regex: x\r\n'],
    ['JSON', '{"creation_rules": [{"path_regex": "\\u0078"}]}'],
    ['a directive and a document start', '%YAML 1.1\n# c\n---\ncreation_rules: [{path_regex: x}]\n'],
    ['content on the line of the document start', '--- {creation_rules: [{path_regex: x}]}\n'],
    ['a later document that does not parse', 'creation_rules: [{path_regex: x}]\n---\n[ {\n'],
    ['text after the end of the document', 'creation_rules: [{path_regex: x}]\n...\n[ {\n'],
    ['dashes in a value', 'creation_rules:\n  - path_regex: x\n    note: |\n      ---\n      [\n'],
    ['dashes at the start of a key', '---x: 1\ncreation_rules: [{path_regex: x}]\n'],
    ['anchors and aliases', 'a: &a x\ncreation_rules: [{path_regex: *a}]\n'],
    ['aliased rules', 'a: &a [{path_regex: x}]\ncreation_rules: *a\n'],
    ['a merge key', 'a: &a {path_regex: x}\ncreation_rules: [{<<: *a}]\n'],
    ['own fields before merged ones', 'a: &a {path_regex: z}\ncreation_rules: [{<<: *a, path_regex: x}]\n'],
    [
      'the first of several merged maps',
      'a: &a {path_regex: x}\nb: &b {path_regex: y}\ncreation_rules: [{<<: [*a, *b]}]\n',
    ],
    ['merged maps that merge', 'a: &a {path_regex: x}\nb: &b {<<: *a}\ncreation_rules: [{<<: *b}]\n'],
    ['a merge key at the top', 'a: &a {creation_rules: [{path_regex: x}]}\n<<: *a\n'],
  ])('%s', async (_, text) => {
    const { config } = await configOf(text)
    expect(config.creationRules).toEqual([{ path_regex: 'x' }])
  })

  it('merges contexts of KMS keys', async () => {
    const text =
      'a: &a {one: 1, two: x}\ncreation_rules: [{key_groups: [{kms: [{arn: k, context: {<<: *a, two: 2}}]}]}]\n'
    const { config } = await configOf(text)
    expect(config.creationRules?.[0]?.key_groups?.[0]?.kms).toEqual([{ arn: 'k', context: { two: '2', one: '1' } }])
  })

  it.each([
    ['a map with a list as a key', 'x: {? [a, b] : c}'],
    ['a map with numbers as keys', 'x: {1: a, 2.5: b, true: c}'],
    ['a map with a field twice', 'x: {a: 1, a: 2}'],
    ['a merge key that merges nothing', 'x: {<<: 5}'],
  ])('does not look into unknown fields: %s', async (_, text) => {
    const { config } = await configOf(`${text}\ncreation_rules: [{path_regex: x}]\n`)
    expect(config.creationRules).toEqual([{ path_regex: 'x' }])
  })
})

describe('stores', () => {
  it.each([
    ['yaml: {indent: 2}', { yaml: { indent: 2 } }],
    ['json: {indent: -1}', { json: { indent: -1 } }],
    ['{json_binary: {indent: 0}, ini: {}, dotenv: {}}', { json_binary: { indent: 0 }, ini: {}, dotenv: {} }],
    ['yaml: null', {}],
    ['yaml: {indent: null}', { yaml: {} }],
    ['yaml: {indent: 2.9}', { yaml: { indent: 2 } }],
  ])('%s', async (text, stores) => {
    const inner = text.startsWith('{') ? text : `{${text}}`
    expect((await configOf(`stores: ${inner}\n`)).config.stores).toEqual(stores)
  })
})

describe('documents made to explode', () => {
  const refusal = 'error loading config: Could not unmarshal config file: yaml: '
  const bomb = (levels: number): string => {
    const groups = Array.from({ length: levels }, (_, i) => `  - &g${i + 1} {merge: [${`*g${i}, `.repeat(9)}*g${i}]}`)
    return `x:\n  - &g0 {age: [a]}\n${groups.join('\n')}\ncreation_rules: [{key_groups: [*g${levels}]}]\n`
  }
  it('are refused', async () => {
    expect(await messageOfRejection(configOf(bomb(9)))).toBe(`${refusal}document contains excessive aliasing`)
  })
  it('are read where they stay small', async () => {
    expect((await configOf(bomb(2))).config.creationRules).toHaveLength(1)
  })
  it('do no harm in fields that nobody reads', async () => {
    expect((await configOf(bomb(9).replace('creation_rules', 'other'))).config.creationRules).toBeUndefined()
  })
  it('cannot contain themselves', async () => {
    const text = 'creation_rules: [{key_groups: [&a {merge: [*a]}]}]\n'
    expect(await messageOfRejection(configOf(text))).toBe(`${refusal}anchor 'a' value contains itself`)
  })
  it('may have many rules', async () => {
    const rules = Array.from({ length: 2_000 }, (_, i) => `- {path_regex: ^${i}/, age: a}`)
    expect((await configOf(`creation_rules:\n${rules.join('\n')}\n`)).config.creationRules).toHaveLength(2_000)
  })
})
