import path from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { type Config, matchCreationRule, matchDestinationRule, ruleOf, ruleSubject } from '../../src/config/index.ts'
import { fakeContext } from '../support/context.ts'
import { configOf, messageOfRejection, shown } from './support.ts'

vi.mock('../../src/keys/table.ts', async (original) => (await import('./recorders.ts')).recordersOf(await original()))

describe('the subject of path_regex', () => {
  it.each([
    ['.sops.yaml', 'f.yaml', 'f.yaml'],
    ['.sops.yaml', './a//b/../f.yaml', 'a/f.yaml'],
    ['.sops.yaml', '/w/d/a/f.yaml', 'a/f.yaml'],
    ['.sops.yaml', '../f.yaml', '/w/f.yaml'],
    ['.sops.yaml', '/w/dd/f.yaml', '/w/dd/f.yaml'],
    ['../.sops.yaml', 'f.yaml', 'd/f.yaml'],
    ['../../.sops.yaml', 'f.yaml', '/w/d/f.yaml'],
    ['c/my.yaml', 'f.yaml', '/w/d/f.yaml'],
    ['c/my.yaml', 'c/f.yaml', 'f.yaml'],
    ['/w/d/my.yaml', 'f.yaml', 'f.yaml'],
    ['/elsewhere/my.yaml', 'f.yaml', '/w/d/f.yaml'],
    ['/dev/null', '/dev/stdin', 'stdin'],
    ['.sops.yaml', 'a\\b.yaml', 'a\\b.yaml'],
  ])('%s %s', (config, file, subject) => {
    const ctx = fakeContext({ cwd: '/w/d', platform: 'linux' })
    expect(ruleSubject({ path: config, absolutePath: path.posix.resolve('/w/d', config) }, file, ctx)).toBe(subject)
  })

  it.each([
    ['.sops.yaml', 'app\\dev\\secrets.yaml', 'app/dev/secrets.yaml'],
    ['.sops.yaml', 'app/dev/secrets.yaml', 'app/dev/secrets.yaml'],
    ['..\\.sops.yaml', 'f.yaml', 'd/f.yaml'],
    ['.sops.yaml', 'D:\\x\\f.yaml', 'D:/x/f.yaml'],
  ])('on Windows: %s %s', (config, file, subject) => {
    const ctx = fakeContext({ cwd: 'C:\\w\\d', platform: 'win32' })
    expect(ruleSubject({ path: config, absolutePath: '' }, file, ctx)).toBe(subject)
  })
})

describe('creation rules', () => {
  /** The index of the rule that matches the file, or the error. */
  async function matched(expressions: readonly (string | undefined)[], file: string): Promise<number | string> {
    const rules = expressions.map((regex) => (regex === undefined ? {} : { path_regex: regex }))
    const { config, ctx } = await configOf(JSON.stringify({ creation_rules: rules }))
    const found = matchCreationRule(config, file, ctx)
    return found.then(
      ({ index }) => index,
      () => messageOfRejection(found),
    )
  }
  const none = 'error loading config: no matching creation rules found in .sops.yaml'

  it.each<[string, (string | undefined)[], string, number | string]>([
    ['the first that matches', ['\\.prod\\.yaml$', '^dev/', undefined], 'dev/x.prod.yaml', 0],
    ['a later one', ['\\.prod\\.yaml$', '^dev/', undefined], 'dev/y.yaml', 1],
    ['the one without an expression', ['\\.prod\\.yaml$', '^dev/', undefined], 'sub/dev/z.yaml', 2],
    ['an empty expression', ['', '^f'], 'f.yaml', 0],
    ['nothing after a rule without an expression', [undefined, '^f'], 'f.yaml', 0],
    ['none', ['\\.json$'], 'f.yaml', none],
    ['no rules', [], 'f.yaml', none],
    ['unanchored', ['pro'], 'my-prod.yaml', 0],
    ['flags', ['(?i)PROD'], 'my-prod.yaml', 0],
    ['POSIX classes', ['^[[:alpha:]]+-\\d{2}\\.(ya?ml|json)$'], 'abc-42.yml', 0],
    ['text anchors', ['\\Astrict\\.yaml\\z'], 'strict.yaml', 0],
    ['quoted text', ['\\Qa.b\\E'], 'a.b', 0],
    ['an expression that could run for ever', ['^(a+)+$'], `${'a'.repeat(5000)}b`, none],
    ['an invalid one that is not reached', ['^ok', '(['], 'ok.yaml', 0],
    [
      'an invalid one',
      ['^ok', '(['],
      'f.yaml',
      'can not compile regexp: error parsing regexp: missing closing ]: `[` (path_regex of creation_rules[1] in .sops.yaml)',
    ],
    [
      'a look-ahead',
      ['(?=a)'],
      'f',
      'can not compile regexp: error parsing regexp: invalid or unsupported Perl syntax: `(?=` (path_regex of creation_rules[0] in .sops.yaml)',
    ],
    [
      'a back-reference',
      ['(a)\\1'],
      'f',
      'can not compile regexp: error parsing regexp: invalid escape sequence: `\\1` (path_regex of creation_rules[0] in .sops.yaml)',
    ],
  ])('%s', async (_, expressions, file, expected) => {
    expect(await matched(expressions, file)).toBe(expected)
  })

  it('say what they say', async () => {
    const text =
      'creation_rules: [{path_regex: f, age: a, shamir_threshold: 2, encrypted_regex: ^b$, mac_only_encrypted: true}]'
    const { config, ctx } = await configOf(text)
    const { keyGroups, ...rest } = await matchCreationRule(config, 'f.yaml', ctx)
    expect(rest).toEqual({
      index: 0,
      pathRegex: 'f',
      shamirThreshold: 2,
      selection: { encryptedRegex: '^b$' },
      macOnlyEncrypted: true,
    })
    expect(keyGroups.map(({ keys }) => shown(keys))).toEqual([['age:a']])
  })

  it('have defaults', async () => {
    const { config, ctx } = await configOf('creation_rules: [{encrypted_regex: "", unencrypted_suffix: }]')
    expect(await matchCreationRule(config, 'f.yaml', ctx)).toEqual({
      index: 0,
      keyGroups: [{ keys: [] }],
      shamirThreshold: 0,
      selection: {},
      macOnlyEncrypted: false,
    })
  })

  it.each([
    ['unencrypted_suffix', { unencryptedSuffix: 'v' }],
    ['encrypted_suffix', { encryptedSuffix: 'v' }],
    ['unencrypted_regex', { unencryptedRegex: 'v' }],
    ['encrypted_regex', { encryptedRegex: 'v' }],
    ['unencrypted_comment_regex', { unencryptedCommentRegex: 'v' }],
    ['encrypted_comment_regex', { encryptedCommentRegex: 'v' }],
  ])('select with %s', async (field, selection) => {
    const { config, ctx } = await configOf(`creation_rules: [{${field}: v}]`)
    expect((await matchCreationRule(config, 'f', ctx)).selection).toEqual(selection)
  })

  it('have one of the six settings only, which is checked before the keys', async () => {
    const { config, ctx } = await configOf('creation_rules: [{age: 5, encrypted_suffix: x, unencrypted_regex: y}]')
    expect(await messageOfRejection(matchCreationRule(config, 'f', ctx))).toBe(
      'error loading config: cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, ' +
        'unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex for the same rule (creation_rules[0] in .sops.yaml)',
    )
  })
})

describe('destination rules', () => {
  const load = async (rules: string): Promise<{ config: Config; ctx: ReturnType<typeof fakeContext> }> =>
    configOf(`destination_rules: ${rules}\n`)

  it.each([
    ['s3/f.yaml', 0],
    ['./s3/f.yaml', 1],
    ['/x/s3/f.yaml', 1],
  ])('see %s as it is given', async (file, index) => {
    const { config, ctx } = await load('[{path_regex: ^s3/, s3_bucket: b}, {gcs_bucket: c}]')
    expect((await matchDestinationRule(config, file, ctx)).index).toBe(index)
  })

  it.each([
    ['{s3_bucket: b, s3_prefix: p}', { kind: 's3', bucket: 'b', prefix: 'p' }],
    ['{s3_bucket: b, gcs_prefix: p}', { kind: 's3', bucket: 'b', prefix: '' }],
    ['{gcs_bucket: b, gcs_prefix: p/}', { kind: 'gcs', bucket: 'b', prefix: 'p/' }],
    ['{vault_path: p}', { kind: 'vault', address: 'https://127.0.0.1:8200', path: 'p/', mount: 'secret/', version: 2 }],
    [
      '{vault_path: p/, vault_address: http://v, vault_kv_mount_name: kv, vault_kv_version: 1}',
      { kind: 'vault', address: 'http://v', path: 'p/', mount: 'kv/', version: 1 },
    ],
    [
      '{vault_path: p, vault_kv_version: 3, vault_kv_mount_name: m/}',
      { kind: 'vault', address: 'https://127.0.0.1:8200', path: 'p/', mount: 'm/', version: 2 },
    ],
    ['{omit_extensions: true}', undefined],
    ['{s3_bucket: "", gcs_bucket: }', undefined],
  ])('%s', async (rule, destination) => {
    const { config, ctx } = await load(`[${rule}]`)
    expect((await matchDestinationRule(config, 'f', ctx)).destination).toEqual(destination)
  })

  it('take the address of Vault from the environment', async () => {
    const { config, ctx } = await load('[{vault_path: p}]')
    const found = await matchDestinationRule(config, 'f', { ...ctx, env: { VAULT_ADDR: 'http://e' } })
    expect(found.destination).toMatchObject({ address: 'http://e' })
  })

  it('carry a recreation rule, whose path_regex means nothing', async () => {
    const { config, ctx } = await load(
      '[{s3_bucket: b, omit_extensions: true, recreation_rule: {path_regex: "(", age: a, shamir_threshold: 3, encrypted_suffix: x}}]',
    )
    const { recreation, omitExtensions } = await matchDestinationRule(config, 'f', ctx)
    expect(omitExtensions).toBe(true)
    expect(shown(recreation.keyGroups[0]!.keys)).toEqual(['age:a'])
    expect(recreation).toMatchObject({ shamirThreshold: 3, selection: { encryptedSuffix: 'x' } })
  })

  it('have an empty recreation rule when there is none', async () => {
    const { config, ctx } = await load('[{s3_bucket: b}]')
    expect((await matchDestinationRule(config, 'f', ctx)).recreation).toEqual({
      keyGroups: [{ keys: [] }],
      shamirThreshold: 0,
      selection: {},
      macOnlyEncrypted: false,
    })
  })

  const none = 'error loading config: no matching destination found in config'
  it.each([
    ['[{path_regex: ^x, s3_bucket: b}]', none],
    [
      '[{path_regex: "(", s3_bucket: b}]',
      'can not compile regexp: error parsing regexp: missing closing ): `(` (path_regex of destination_rules[0] in .sops.yaml)',
    ],
    ['[]', none],
    ['', none],
    [
      '[{s3_bucket: b, gcs_bucket: c}]',
      'error loading config: more than one destinations were found in a single destination rule, you can only use one per rule',
    ],
    [
      '[{vault_path: p, recreation_rule: {pgp: 5}}]',
      'invalid pgp key configuration: invalid pgp key configuration: a text or a list of texts is wanted, not a whole number',
    ],
  ])('%s is refused', async (rules, message) => {
    const { config, ctx } = await load(rules)
    expect(await messageOfRejection(matchDestinationRule(config, 'f', ctx))).toBe(message)
  })
})

describe('the rule for a file that exists', () => {
  const found = async (rules: readonly object[]): Promise<Awaited<ReturnType<typeof ruleOf>>> => {
    const { config, ctx } = await configOf(JSON.stringify({ creation_rules: rules }))
    return ruleOf(config, 'f.yaml', ctx)
  }

  it('says what a new file would be encrypted by', async () => {
    const rules = [
      { path_regex: 'other' },
      { encrypted_regex: '^data$', shamir_threshold: 2, mac_only_encrypted: true },
    ]
    const { keyGroups, ...rule } = (await found(rules))!
    const name = 'creation_rules[1] of .sops.yaml'
    const selection = { encryptedRegex: '^data$' }
    expect(rule).toEqual({ index: 1, name, selection, shamirThreshold: 2, macOnlyEncrypted: true })
    expect(await keyGroups()).toHaveLength(1)
  })

  it('looks at no key before it is asked', async () => {
    expect(await found([{ age: { a: 'map' } }])).toMatchObject({ selection: {}, shamirThreshold: 0 })
  })

  it.each([
    ['none', []],
    ['none that fits', [{ path_regex: 'other' }]],
    ['one whose expression does not compile', [{ path_regex: '(' }]],
    ['one with two settings', [{ encrypted_regex: 'a', encrypted_suffix: 'b' }]],
  ])('%s is no rule', async (_, rules) => {
    expect(await found(rules)).toBeUndefined()
  })
})
