import { describe, expect, test } from 'vitest'
import { examineConfig } from '../../src/config/examine.ts'
import { generateIdentity } from '../../src/keys/age/keygen.ts'
import { configOf } from './support.ts'

const { recipient: age, identity } = await generateIdentity()
const ssh = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHHtMN1ZkwSgrdaR5DwJBO0KTv6EknoufzApA1hhHDL9'
const fp = 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4'
const arn = 'arn:aws:kms:eu-west-1:111111111111:key/abc'

/** The findings, each as `line kind: text`. */
async function findings(text: string): Promise<string[]> {
  const { config, ctx } = await configOf(text)
  const { findings } = await examineConfig(config, ctx)
  expect(ctx.lines).toEqual([])
  return findings.map(({ kind, line, text }) => `${line ?? '-'} ${kind}: ${text}`)
}

/** Rules, one on each line from the second, in flow style. */
const rules = (...list: string[]): string => `creation_rules:\n${list.map((rule) => `  - {${rule}}\n`).join('')}`
const rule = (fields: string): string => rules(fields)

describe('a configuration that is right', () => {
  test.each<[string, string]>([
    ['one rule', rule(`age: ${age}`)],
    [
      'all kinds of recipients',
      `creation_rules:
  - age: ["${age}", "${ssh}"]
    pgp: "${fp}"
    kms: ${arn}+arn:aws:iam::111111111111:role/sops, arn:aws-cn:kms:cn-north-1:1:alias/x
    gcp_kms: projects/p/locations/global/keyRings/r/cryptoKeys/k
    hckms: ["tr-west-1:01234567-89ab-cdef-0123-456789abcdef"]
    azure_keyvault: https://x.vault.azure.net/keys/k/v, https://x.vault.azure.net/keys/k
    hc_vault_transit_uri: https://vault.example.org:8200/v1/transit/keys/dev
`,
    ],
    [
      'groups',
      `creation_rules:
  - shamir_threshold: 2
    key_groups:
      - merge: [{pgp: ["${fp}"]}]
        kms: [{arn: "${arn}", role: "arn:aws:iam::111111111111:role/sops", context: {Env: prod}, aws_profile: p}]
      - age: ["${age}"]
        hc_vault: ["https://vault.example.org/v1/transit/keys/dev"]
        azure_keyvault: [{vaultUrl: "https://x.vault.azure.net", key: k}]
        gcp_kms: [{resource_id: projects/p/locations/global/keyRings/r/cryptoKeys/k}]
`,
    ],
    [
      'rules from narrow to wide',
      rules(`path_regex: '^prod/.*\\.yaml$', age: ${age}`, `path_regex: '\\.yaml$', age: ${age}`, `age: ${age}`),
    ],
    ['fields of other programs', `keys: [&a ${age}]\nx-more: 1\ncreation_rules: [{age: *a, x-note: 1, _b: 2}]\n`],
    ['a destination', `destination_rules: [{path_regex: '^\\./s3/', s3_bucket: b, recreation_rule: {age: ${age}}}]\n`],
    ['a recipient of a plugin', rule('age: age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t')],
  ])('%s', async (_, text) => {
    expect(await findings(text)).toEqual([])
  })
})

describe('what is wrong', () => {
  test.each<[string, string, string[]]>([
    [
      'a misspelt list',
      `creation_rule:\n  - age: ${age}\n`,
      [
        '1 problem: unknown field "creation_rule" is ignored',
        '1 problem: none of its fields is known: "creation_rule"',
      ],
    ],
    ['no field known', `recipients: [${age}]\n`, ['1 problem: none of its fields is known: "recipients"']],
    ['nothing at all', '# empty\n', ['- problem: it has no fields']],
    ['no rules', 'creation_rules: []\n', ['- problem: creation_rules has no rule, so no file can be encrypted by it']],
    [
      'settings only',
      'stores: {yaml: {indent: 2}}\n',
      ['- remark: there are no creation_rules: encrypting needs recipients as flags'],
    ],
    [
      'an unknown field of a rule',
      rule(`age: ${age}, encrypted-regex: x`),
      ['2 problem: unknown field "encrypted-regex" in creation_rules[0] is ignored'],
    ],
    [
      'one that is like no other',
      rule(`age: ${age}, description: x`),
      ['2 problem: unknown field "description" in creation_rules[0] is ignored'],
    ],
    [
      'one of a destination',
      `destination_rules:\n  - s3_bucket: b\n    s3_prefx: c\n`,
      ['3 problem: unknown field "s3_prefx" in destination_rules[0] is ignored'],
    ],
    [
      'one of the stores',
      `creation_rules: [{age: ${age}}]\nstores:\n  yaml:\n    indnt: 2\n  toml: {}\n`,
      [
        '4 problem: unknown field "indnt" in stores.yaml is ignored',
        '5 problem: unknown field "toml" in stores is ignored',
      ],
    ],
    [
      'an indent',
      `creation_rules: [{age: ${age}}]\nstores:\n  yaml: {indent: -1}\n`,
      ['3 problem: stores.yaml.indent is -1: at least 0 is wanted'],
    ],
    [
      'no recipients',
      rule('path_regex: x'),
      ['2 problem: creation_rules[0] has no recipients, so files cannot be encrypted by it'],
    ],
    [
      'empty recipients',
      rule('age: "", pgp: []'),
      ['2 problem: creation_rules[0] has no recipients, so files cannot be encrypted by it'],
    ],
    [
      'a group without',
      rule(`key_groups: [{age: ["${age}"]}, {}]`),
      ['2 problem: creation_rules[0].key_groups[1] has no recipients'],
    ],
    [
      'keys beside groups',
      rule(`key_groups: [{age: ["${age}"]}], pgp: "${fp}"`),
      ['2 problem: creation_rules[0].pgp is ignored, since the rule has key_groups'],
    ],
    [
      'a threshold',
      rule(`age: ${age}, shamir_threshold: 2`),
      ['2 problem: creation_rules[0].shamir_threshold is 2, and there is one key group'],
    ],
    [
      'a negative one',
      rule(`age: ${age}, shamir_threshold: -1`),
      ['2 problem: creation_rules[0].shamir_threshold is -1: a number of key groups is wanted'],
    ],
    [
      'a low one',
      rule(`key_groups: [{age: ["${age}"]}, {pgp: ["${fp}"]}], shamir_threshold: 1`),
      [
        '2 problem: creation_rules[0].shamir_threshold is 1, and with 2 key groups at least 2 are needed: encrypting fails',
      ],
    ],
    [
      'two selections',
      `creation_rules:\n  - age: ${age}\n    encrypted_regex: a\n    unencrypted_suffix: b\n`,
      [
        '3 problem: creation_rules[0] has unencrypted_suffix and encrypted_regex: cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex for the same rule',
      ],
    ],
    [
      'no destination',
      'destination_rules: [{path_regex: a}]\n',
      ['1 problem: destination_rules[0] has no destination'],
    ],
    [
      'two destinations',
      'destination_rules: [{s3_bucket: a, gcs_bucket: b}]\n',
      ['1 problem: destination_rules[0] has s3_bucket and gcs_bucket: one destination is wanted'],
    ],
    [
      'a recreation rule',
      `destination_rules: [{s3_bucket: a, recreation_rule: {age: age1x}}]\n`,
      [
        expect.stringMatching(
          /^1 problem: destination_rules\[0\]\.recreation_rule\.age: failed to parse input/,
        ) as unknown as string,
      ],
    ],
  ])('%s', async (_, text, expected) => {
    expect(await findings(text)).toEqual(expected)
  })
})

describe('recipients', () => {
  test.each<[string, string, RegExp]>([
    ['age', 'age: age1qqq', /\.age: failed to parse input/],
    ['age among others', `age: "${age}, age1nothing"`, /\.age: .*age1nothing/],
    ['ssh', 'age: ssh-ed25519 AAAA', /\.age: failed to parse input as age-ssh public key/],
    ['an identity', `age: ${identity}`, /\.age: .*this is an identity, which is secret/],
    ['a number', 'age: 1', /\.age: .*not a whole number/],
    ['pgp', 'pgp: ABC', /\.pgp: "ABC" is no PGP fingerprint/],
    ['a short one', 'pgp: "0x3D16CEE4A27381B4"', /\.pgp: .* is only the end of a fingerprint/],
    ['an address', 'pgp: a@example.org', /\.pgp: "a@example.org" is no PGP fingerprint/],
    ['kms', 'kms: "arn:aws:s3:::bucket"', /\.kms: no valid ARN found/],
    ['its role', `kms: "${arn}+arn:aws:iam::1:user"`, /\.kms: no ARN of a role found/],
    ['gcp_kms', 'gcp_kms: projects/p/keys/k', /\.gcp_kms: no valid resource ID found/],
    ['hckms', 'hckms: [nonsense]', /\.hckms: /],
    ['azure_keyvault', 'azure_keyvault: "https://x.vault.azure.net"', /\.azure_keyvault: could not parse/],
    ['hc_vault_transit_uri', 'hc_vault_transit_uri: "https://x/transit/keys/k"', /\.hc_vault_transit_uri: vault path/],
    ['age in a group', 'key_groups: [{age: [age1x]}]', /\.key_groups\[0\]\.age: failed/],
    ['pgp in a merged one', 'key_groups: [{merge: [{pgp: [x]}]}]', /\.key_groups\[0\]\.merge\[0\]\.pgp: "x" is no/],
    ['kms in a group', 'key_groups: [{kms: [{arn: x}]}]', /\.key_groups\[0\]\.kms: no valid ARN/],
    [
      'azure in a group',
      'key_groups: [{azure_keyvault: [{vaultUrl: x, key: k}]}]',
      /\.key_groups\[0\]\.azure_keyvault: could not/,
    ],
    ['gcp in a group', 'key_groups: [{gcp_kms: [{resource_id: x}]}]', /\.key_groups\[0\]\.gcp_kms: no valid/],
    ['vault in a group', 'key_groups: [{hc_vault: [x]}]', /\.key_groups\[0\]\.hc_vault: missing scheme/],
    ['a context', `key_groups: [{kms: [{arn: "${arn}", context: {a: null}}]}]`, /encryption context "a" has no value/],
  ])('%s', async (_, fields, expected) => {
    const [finding, ...more] = await findings(rule(fields))
    expect(finding).toMatch(/^2 problem: creation_rules\[0\]/)
    expect(finding).toMatch(expected)
    expect(finding).not.toContain('AGE-SECRET')
    expect(more).toEqual([])
  })

  test('every wrong one is named, and those that are right are listed', async () => {
    const { config, ctx } = await configOf(rules(`age: "${age},x", pgp: "y,${fp}"`, 'age: z'))
    const { findings, rules: examined } = await examineConfig(config, ctx)
    expect(findings.map(({ line }) => line)).toEqual([2, 2, 3, 3])
    expect(examined[0]?.groups.flat().map(({ type }) => type)).toEqual(['age', 'pgp'])
  })
})

describe('rules that never apply', () => {
  const a = `age: ${age}`
  test.each<[string, string[], string[]]>([
    [
      'behind a rule for all',
      ['', "path_regex: '\\.yaml$'"],
      ['3 problem: creation_rules[1] never applies: creation_rules[0] has no path_regex, so it takes every file'],
    ],
    [
      'behind a catch-all',
      ["path_regex: '.*'", 'path_regex: x'],
      ['3 problem: creation_rules[1] never applies: creation_rules[0] takes every file that it could'],
    ],
    [
      'behind another catch-all',
      ["path_regex: '^.+$'", ''],
      ['3 problem: creation_rules[1] never applies: creation_rules[0] takes every file that it could'],
    ],
    [
      'the same',
      ['path_regex: x', 'path_regex: y', 'path_regex: x'],
      ['4 problem: creation_rules[2] never applies: creation_rules[0] takes every file that it could'],
    ],
    [
      'behind a wider one',
      ["path_regex: '\\.yaml$'", "path_regex: '^prod/.*\\.yaml$'"],
      ['3 problem: creation_rules[1] never applies: creation_rules[0] takes every file that it could'],
    ],
    [
      'behind several',
      ['path_regex: a', 'path_regex: b', "path_regex: '[ab]'"],
      [
        '4 problem: creation_rules[2] never applies: creation_rules[0] and creation_rules[1] take every file that it could',
      ],
    ],
    [
      'a glob',
      ["path_regex: '*.yaml'"],
      [
        expect.stringMatching(
          /^2 problem: path_regex of creation_rules\[0\] does not compile: .*missing argument to repetition operator/,
        ) as unknown as string,
      ],
    ],
    [
      'a glob that compiles',
      ["path_regex: 'secrets/*.yaml'"],
      [`2 problem: path_regex of creation_rules[0], 'secrets/*.yaml', does not match "secrets/x.yaml"`],
    ],
    [
      'one that finds more',
      ["path_regex: 'secrets/*'"],
      ["2 remark: path_regex of creation_rules[0], 'secrets/*', reads like a glob"],
    ],
    [
      'no expression',
      ["path_regex: '(?!x)'"],
      [expect.stringMatching(/^2 problem: path_regex of creation_rules\[0\] does not compile/) as unknown as string],
    ],
    [
      'a dot in front',
      ["path_regex: '^\\./a'"],
      ["2 problem: creation_rules[0] never applies: no path matches its path_regex, '^\\./a'"],
    ],
    [
      'above',
      ["path_regex: '^\\.\\./a'"],
      ["2 problem: creation_rules[0] never applies: no path matches its path_regex, '^\\.\\./a'"],
    ],
    [
      'nothing but a dot in front',
      ["path_regex: '^\\./'"],
      ["2 problem: creation_rules[0] never applies: no path matches its path_regex, '^\\./'"],
    ],
    ...["'./x'", "'^./x'", "'\\./x'", '"./x"', '\\./x'].map((written): [string, string[], string[]] => [
      `a dot in front, ${written}`,
      [`path_regex: ${written}`],
      [
        `2 problem: path_regex of creation_rules[0], '${written.replace(/['"]/g, '')}', reads like a path with ./ in front, which no path has`,
      ],
    ]),
    ...["'\\\\.yaml'", "'^a\\\\.yaml$'", '\\\\.yaml', '"\\\\\\\\.yaml"', "'^\\\\d'"].map(
      (written): [string, string[], string[]] => [
        `a backslash too many, ${written}`,
        [`path_regex: ${written}`],
        [
          `2 problem: creation_rules[0] never applies: no path matches its path_regex, '${written.replace(/['"]/g, '').replace('\\\\\\\\', '\\\\')}'`,
        ],
      ],
    ),
    ['as many backslashes as are wanted', ['path_regex: "\\\\.yaml"'], []],
    [
      'an end in the middle',
      ["path_regex: 'a$b'"],
      ["2 problem: creation_rules[0] never applies: no path matches its path_regex, 'a$b'"],
    ],
    [
      'a slash in front',
      ["path_regex: '^/secrets'"],
      [
        "2 remark: creation_rules[0] applies only outside the folder of the configuration: its path_regex, '^/secrets', begins with a slash",
      ],
    ],
  ])('%s', async (_, list, expected) => {
    expect(
      await findings(rules(...list.map((fields) => [a, fields].filter((part) => part !== '').join(', ')))),
    ).toEqual(expected)
  })

  test.each<[string, string[]]>([
    ["'\\\\.key$'", ["2 remark: encrypted_regex of creation_rules[0], '\\\\.key$', wants a backslash in the text"]],
    ["'[^\\\\]x'", []],
    ["'\\.key$'", []],
  ])('encrypted_regex %s', async (written, expected) => {
    expect(await findings(rule(`${a}, encrypted_regex: ${written}`))).toEqual(expected)
  })

  test.each<[string, number | undefined]>([
    ['---\ncreation_rules: []\n', 5],
    ['--- # more\nx: 1\n', 5],
    ['...\n---\nx: 1\n', 5],
    ['---\n# nothing\n', undefined],
    ['---\n', undefined],
    ['...\n', undefined],
  ])('a second document %j', async (text, line) => {
    expect(await findings(`# c\n---\n${rule(a)}${text}`)).toEqual(
      line === undefined
        ? []
        : [`${line} problem: a second document begins, which is not read: only the first one counts`],
    )
  })

  test.each(['encrypted_regex', 'unencrypted_regex', 'encrypted_comment_regex', 'unencrypted_comment_regex'])(
    '%s that does not compile',
    async (field) => {
      expect(await findings(rule(`${a}, ${field}: '[a'`))).toEqual([
        expect.stringMatching(`^2 problem: ${field} of creation_rules\\[0\\] does not compile: `),
      ])
    },
  )

  test('destinations are compared as well, and take paths as they are written', async () => {
    expect(await findings(`destination_rules:\n  - s3_bucket: a\n  - path_regex: x\n    s3_bucket: b\n`)).toEqual([
      '3 problem: destination_rules[1] never applies: destination_rules[0] has no path_regex, so it takes every file',
    ])
    expect(await findings("destination_rules: [{path_regex: '*', s3_bucket: a}]\n")).toEqual([
      expect.stringContaining('path_regex of destination_rules[0] does not compile: '),
    ])
  })

  test('a hundred rules are no trouble', async () => {
    const many = Array.from({ length: 100 }, (_, i) => `${a}, path_regex: '^team${i}/.*\\.(ya?ml|json|env)$'`)
    expect(await findings(rules(...many))).toEqual([])
  })
})
