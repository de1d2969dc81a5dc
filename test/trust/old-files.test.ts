// Files as older versions wrote them (spec/format.md 13): each opens, and the values are what was put in.
import { describe, expect, test } from 'vitest'
import { type FormatId, loadEncrypted } from '../../src/index.ts'
import { seal, unseal } from '../fuzz/sealed.ts'

const plain = {
  yaml: 'a: one\nn: 7\n',
  json: '{"a": "one", "n": 7}\n',
  dotenv: 'A=one\nB=two\n',
  ini: '[s]\na = one\n',
} as const

type Written = readonly [shape: string, format: keyof typeof plain, change: (text: string) => string]

const shapes: readonly Written[] = [
  ['1.x: the version is a number', 'yaml', (text) => text.replace(/version: \S+/, 'version: 1.16')],
  ['1.x: the version is a number', 'json', (text) => text.replace(/"version": "[^"]+"/, '"version": 1.16')],
  [
    'before 3.10: empty lists of keys',
    'yaml',
    (text) =>
      text.replace('sops:\n', 'sops:\n    kms: []\n    gcp_kms: []\n    azure_kv: []\n    hc_vault: []\n    pgp: []\n'),
  ],
  [
    'before 3.10: null for lists of keys',
    'json',
    (text) =>
      text.replace(
        '"age": [',
        '"kms": null,\n"gcp_kms": null,\n"azure_kv": null,\n"hc_vault": null,\n"pgp": null,\n"age": [',
      ),
  ],
  [
    'before 3.13: another order of metadata fields',
    'yaml',
    (text) =>
      text.replace(
        /^sops:\n([\s\S]*)$/m,
        (_, block: string) =>
          `sops:\n${block
            .split(/^(?= {4}\w)/m)
            .reverse()
            .join('')}`,
      ),
  ],
  [
    'before 3.13: metadata keys in any order',
    'ini',
    (text) =>
      text.replace(
        /\[sops\]\n([\s\S]*)$/,
        (_, lines: string) => `[sops]\n${lines.trim().split('\n').reverse().join('\n')}\n`,
      ),
  ],
  ['before 3.10: no line end behind JSON', 'json', (text) => text.trimEnd()],
  ['before 3.13: times without quotes', 'yaml', (text) => text.replace(/lastmodified: "([^"]+)"/, 'lastmodified: $1')],
  [
    'before 3.7: times in single quotes',
    'yaml',
    (text) => text.replace(/lastmodified: "([^"]+)"/, "lastmodified: '$1'"),
  ],
  [
    'before 3.7: wide dashes',
    'yaml',
    (text) => text.replace('        - enc:', '    -   enc:').replace('          recipient:', '        recipient:'),
  ],
  [
    'before 3.8: metadata lines in any order',
    'dotenv',
    (text) => text.replace(/(sops_[\s\S]*)$/, (lines) => lines.trimEnd().split('\n').reverse().join('\n')),
  ],
  ['metadata in front of the data', 'yaml', (text) => text.replace(/^([\s\S]*?)(sops:[\s\S]*)$/, '$2$1')],
  [
    'metadata in front of the data',
    'json',
    (text) => text.replace(/^\{\s*([\s\S]*?),\s*("sops": \{[\s\S]*\})\s*\}\s*$/, '{$2,\n$1}'),
  ],
  [
    '3.9 and 3.10: a threshold with six decimals',
    'ini',
    (text) => text.replace('[sops]', '[sops]\nshamir_threshold = 2.000000'),
  ],
  ['3.9 and 3.10: a threshold with six decimals', 'dotenv', (text) => `${text}sops_shamir_threshold=2.000000\n`],
  [
    'a time with an offset that means the same',
    'json',
    (text) => text.replace(/("lastmodified": "[^"]+)Z"/, '$1+00:00"'),
  ],
  ['unknown fields in the metadata', 'json', (text) => text.replace('"sops": {', '"sops": {"later": {"x": [1]},')],
  ['no selection setting at all', 'yaml', (text) => text.replace(/ +unencrypted_suffix: .*\n/, '')],
  ['written on Windows', 'ini', (text) => text.replaceAll('\n', '\r\n')],
  ['written on Windows', 'dotenv', (text) => text.replaceAll('\n', '\r\n')],
  ['an encrypted value lengthened behind its end', 'json', (text) => text.replace(/(,type:str\])"/, '$1 more"')],
]

test.each(shapes)('%s (%s)', async (_, format, change) => {
  const sealed = Buffer.from(await seal(plain[format], { format })).toString()
  const old = change(sealed)
  expect(old).not.toBe(sealed)
  const opened = Buffer.from(await unseal(old, format)).toString()
  for (const line of plain[format].replace(/[{}]/g, '').trim().split(/\n|, /))
    expect(opened.replaceAll('\r', '')).toContain(line)
})

test('before 3.0: comments are in clear beside encrypted values', async () => {
  const sealed = Buffer.from(await seal('a: one\nb: two\n', { format: 'yaml' })).toString()
  const old = `# from the beginning\n${sealed.replace('b:', '# about b\nb:')}`
  expect(Buffer.from(await unseal(old, 'yaml')).toString()).toBe('# from the beginning\na: one\n# about b\nb: two\n')
})

test('before 3.13: an encrypted comment from the end of a line stands above it', async () => {
  const sealed = Buffer.from(await seal('# remark\na: one\n', { format: 'yaml' })).toString()
  expect(sealed).toMatch(/^#ENC\[.*type:comment\]\na: ENC/)
  expect(Buffer.from(await unseal(sealed, 'yaml')).toString()).toBe('# remark\na: one\n')
})

test('before 3.13.2: integers of JSON are of type float', async () => {
  const sealed = Buffer.from(await seal('{"a": 7.5, "b": 8}\n', { format: 'json' })).toString()
  const old = sealed.replace('type:int', 'type:float')
  expect(old).not.toBe(sealed)
  expect(Buffer.from(await unseal(old, 'json')).toString()).toBe('{"a": 7.5, "b": 8}\n')
})

test.each([
  ['yaml', 'version: 3.13.2', 'version: 3.2.0'],
  ['json', '"version": "3.13.2"', '"version": "2.0.10"'],
] as const)('the version changes nothing else (%s)', async (format, now, then) => {
  const old = Buffer.from(await seal(plain[format], { format })).toString()
  expect(old).toContain(now)
  expect(Buffer.from(await unseal(old.replace(now, then), format)).toString()).toBe(plain[format])
})

describe('line ends in metadata of INI files', () => {
  const armor = '-----BEGIN X-----\nAAAA\n-----END X-----\n'

  test.each([
    ['two characters, as by 3.12 and 3.13.2', armor.replaceAll('\n', '\\n')],
    ['a value of several lines, as by 3.13.0', `"""${armor}"""`],
  ])('%s', async (_, written) => {
    const sealed = Buffer.from(await seal(plain.ini, { format: 'ini' })).toString()
    const old = sealed.replace(/(age__list_0__map_enc\s*=).*/, (_line, name) => `${name} ${written}`)
    const { metadata } = await loadEncrypted(Buffer.from(old), 'ini')
    expect(metadata.keyGroups[0]?.keys[0]?.enc).toBe(armor)
  })
})

test('metadata of nothing but AWS KMS keys, as in the beginning', async () => {
  const text = `a: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]
sops:
    mac: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]
    version: 1.9
    lastmodified: '2016-03-16T23:34:46Z'
    attention: This section contains key material that should only be modified with extra care
    unencrypted_suffix: _unencrypted
    kms:
    -   arn: arn:aws:kms:us-east-1:656532927350:key/920aff2e-c5f1-4040-943a-047fa387b27e
        created_at: 2016-03-16T23:34:46Z
        enc: CiC=
    pgp:
    -   created_at: '2016-03-16T23:34:46Z'
        enc: "-----BEGIN PGP MESSAGE-----\\n"
        fp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21
`
  const { metadata } = await loadEncrypted(Buffer.from(text), 'yaml' satisfies FormatId)
  expect(metadata.version).toBe('1.9')
  expect(metadata.keyGroups.map((group) => group.keys.map((key) => key.type))).toEqual([['kms', 'pgp']])
})

test('an encrypted comment in a list, stored as an element and counted in no MAC (3.12 and before, 3.13.3)', async () => {
  const text = 'l:\n    - one\n    # remark\n    - two\n'
  const sealed = Buffer.from(await seal(text, { format: 'yaml' })).toString()
  const old = sealed.replace(/#\s*(ENC\[[^\]]*type:comment\])/, '- $1')
  expect(old).toMatch(/^ {4}- ENC\[[^\]]*type:comment\]/m)
  expect(Buffer.from(await unseal(old, 'yaml')).toString()).toBe(text)
})
