// Every rule of `sops check` that needs neither key nor history: a file that it is for, and a twin that it lets pass.
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { type Checked, makeChecked, rulesFor, short } from './support.ts'

let repo: Checked
afterEach(() => repo.remove())

/** What is found, at whatever level, in a repository that this makes. */
async function found(make: () => Promise<void>, ...argv: string[]): Promise<readonly string[]> {
  await make()
  repo.git('add', '-A')
  return short((await repo.check('--rule', 'git-setup=off', ...argv)).found)
}

interface Twin {
  readonly config?: string
  readonly flags?: readonly string[]
  /** Encrypted by the rules. */
  readonly seal?: Readonly<Record<string, string>>
  /** Changes the files afterwards. */
  readonly change?: () => void | Promise<void>
}

const yaml = 'user: ann\nlist:\n  - one\n  - two\n'
const json = '{"user": "ann", "list": ["one", "two"]}'
const replace = (name: string, from: RegExp | string, to: string) => (): void =>
  repo.write(name, repo.read(name).replace(from, to))
const pem = (): string =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey
const ageIdentity = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`
const partly = rulesFor('').replace('age:', 'encrypted_regex: ^user$\n    age:')

const cases: readonly (readonly [rule: string, bad: Twin, found: readonly string[], good: Twin])[] = [
  [
    'plaintext-file',
    { change: () => repo.write('secrets/a.yaml', yaml) },
    ['plaintext-file secrets/a.yaml error'],
    { seal: { 'secrets/a.yaml': yaml } },
  ],
  [
    'plaintext-value',
    { seal: { 'secrets/a.yaml': yaml }, change: replace('secrets/a.yaml', /user: ENC.*/, 'user: ann') },
    ['plaintext-value secrets/a.yaml ["user"] error'],
    { seal: { 'secrets/a.yaml': 'user: ann\nempty: ""\nnone: null\nn_unencrypted: 1\n' } },
  ],
  [
    'broken-metadata: no mac',
    { seal: { 'secrets/a.yaml': yaml }, change: replace('secrets/a.yaml', /^ +mac: .*\n/m, '') },
    ['broken-metadata secrets/a.yaml error'],
    { seal: { 'secrets/a.yaml': yaml } },
  ],
  [
    'broken-metadata: a date that is none',
    {
      seal: { 'secrets/a.json': json },
      change: replace('secrets/a.json', /"lastmodified": "[^"]*"/, '"lastmodified": "now"'),
    },
    ['broken-metadata secrets/a.json error'],
    { seal: { 'secrets/a.json': json } },
  ],
  [
    'broken-metadata: no date',
    { seal: { 'secrets/a.env': 'A=1\n' }, change: replace('secrets/a.env', /^sops_lastmodified=.*\n/m, '') },
    ['broken-metadata secrets/a.env error'],
    { seal: { 'secrets/a.env': 'A=1\n' } },
  ],
  [
    'broken-metadata: a recipient without enc',
    { seal: { 'secrets/a.env': 'A=1\n' }, change: replace('secrets/a.env', /^sops_age__list_1__map_enc=.*\n/m, '') },
    ['broken-metadata secrets/a.env error'],
    { seal: { 'secrets/a.env': 'A=1\n' } },
  ],
  [
    'broken-metadata: two selectors',
    {
      seal: { 'secrets/a.yaml': yaml },
      change: replace('secrets/a.yaml', /^( +)version:/m, '$1encrypted_regex: a\n$1version:'),
    },
    ['broken-metadata secrets/a.yaml error'],
    { seal: { 'secrets/a.yaml': yaml } },
  ],
  [
    'broken-metadata: documents with different blocks',
    {
      seal: { 'secrets/a.yaml': yaml, 'secrets/b.yaml': yaml },
      change: () => repo.write('secrets/a.yaml', `${repo.read('secrets/a.yaml')}---\n${repo.read('secrets/b.yaml')}`),
    },
    ['broken-metadata secrets/a.yaml error'],
    { seal: { 'secrets/a.yaml': `${yaml}---\n${yaml}` } },
  ],
  [
    'broken-metadata: values without a block',
    { seal: { 'secrets/a.yaml': yaml }, change: replace('secrets/a.yaml', /^sops:[\s\S]*/m, '') },
    ['broken-metadata secrets/a.yaml error'],
    { change: () => repo.write('docs.yaml', 'sops:\n  enabled: true\n  age: none\n') },
  ],
  [
    'malformed-value: cut off',
    { seal: { 'secrets/a.yaml': yaml }, change: replace('secrets/a.yaml', /(user: ENC.*),type:str\]/, '$1') },
    ['malformed-value secrets/a.yaml ["user"] error'],
    { seal: { 'secrets/a.yaml': yaml } },
  ],
  [
    'malformed-value: another type',
    {
      seal: { 'secrets/a.ini': '[s]\na = 1\n' },
      change: replace('secrets/a.ini', /(a += ENC.*)type:str\]/, '$1type:text]'),
    },
    ['malformed-value secrets/a.ini ["s"]["a"] error'],
    { seal: { 'secrets/a.ini': '[s]\na = 1\n' } },
  ],
  [
    'malformed-value: a short tag',
    {
      seal: { 'secrets/a.json': json },
      change: replace('secrets/a.json', /("user": "ENC[^"]*),tag:[^,]*,/, '$1,tag:AAAA,'),
    },
    ['malformed-value secrets/a.json ["user"] error'],
    { seal: { 'secrets/a.json': json } },
  ],
  [
    'malformed-value: a short IV is a warning',
    {
      seal: { 'secrets/a.json': json },
      change: replace('secrets/a.json', /("user": "ENC[^"]*),iv:[^,]*,/, '$1,iv:AAAAAAAAAAAAAAAA,'),
    },
    ['malformed-value secrets/a.json ["user"] warning'],
    { seal: { 'secrets/a.json': json } },
  ],
  [
    'conflict-markers',
    {
      seal: { 'secrets/a.yaml': yaml },
      change: replace('secrets/a.yaml', /^( +mac: .*)$/m, '<<<<<<< HEAD\n$1\n=======\n    mac: x\n>>>>>>> other'),
    },
    ['conflict-markers secrets/a.yaml error'],
    { change: () => repo.write('notes.md', 'as in\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> other\n') },
  ],
  [
    'duplicate-key',
    {
      seal: { 'secrets/a.json': json },
      change: replace('secrets/a.json', /"user": ("ENC[^"]*"),/, '"user": $1, "user": $1,'),
    },
    ['duplicate-key secrets/a.json ["user"] error'],
    { seal: { 'secrets/wg.ini': '[Peer]\na = 1\n\n[Peer]\na = 2\n' } },
  ],
  [
    'duplicate-key: of the first document',
    { seal: { 'secrets/a.yaml': yaml }, change: replace('secrets/a.yaml', /(user: ENC.*\n)/, '$1$1') },
    ['duplicate-key secrets/a.yaml error'],
    { seal: { 'secrets/a.yaml': yaml } },
  ],
  [
    'duplicate-key: flat metadata',
    { seal: { 'secrets/a.env': 'A=1\n' }, change: replace('secrets/a.env', /^(sops_version=.*\n)/m, '$1$1') },
    ['duplicate-key secrets/a.env error'],
    { seal: { 'secrets/a.env': 'A=1\n' } },
  ],
  [
    'recipients',
    {
      seal: { 'secrets/a.yaml': yaml },
      change: () => repo.write('.sops.yaml', repo.read('.sops.yaml').replace(`,${repo.bob.recipient}`, '')),
    },
    ['recipients secrets/a.yaml error'],
    { seal: { 'secrets/a.yaml': yaml } },
  ],
  [
    'recipients: another order is a warning',
    {
      seal: { 'secrets/a.yaml': yaml },
      change: () =>
        repo.write(
          '.sops.yaml',
          repo.read('.sops.yaml').replace(/age: .*/, `age: ${repo.bob.recipient},${repo.alice.recipient}`),
        ),
    },
    ['recipients secrets/a.yaml warning'],
    { seal: { 'secrets/a.yaml': yaml } },
  ],
  [
    'recipients: the policy requires another one',
    {
      config: rulesFor(
        'x-sops-ts:\n  recipients: {carol: age1mg5v280fnkyk53ucszfkzte7nulcutspl4rqkyv9qg0dulevps6sed8ku0, bob: BOB}\n  policy: [{files: secrets, required_recipients: [bob, carol]}]\n',
      ).replace('BOB}', 'BOB}'),
      seal: { 'secrets/a.yaml': yaml },
    },
    ['recipients secrets/a.yaml error'],
    {
      config: rulesFor(
        'x-sops-ts:\n  recipients: {bob: BOB}\n  policy: [{files: secrets, required_recipients: [bob]}]\n',
      ),
      seal: { 'secrets/a.yaml': yaml },
    },
  ],
  [
    'shared-data-key',
    { seal: { 'secrets/a.yaml': yaml }, change: () => repo.write('secrets/b.yaml', repo.read('secrets/a.yaml')) },
    ['shared-data-key secrets/a.yaml warning', 'shared-data-key secrets/b.yaml warning'],
    { seal: { 'secrets/a.yaml': yaml, 'secrets/b.yaml': yaml } },
  ],
  [
    'shared-data-key: files for different people',
    {
      config: `creation_rules:\n  - {path_regex: ^prod/, age: 'ALICE,BOB'}\n  - {path_regex: ^dev/, age: BOB}\n`,
      flags: ['--rule', 'recipients=off', '--rule', 'single-recipient=off'],
      seal: { 'prod/a.yaml': yaml },
      change: () => repo.write('dev/b.yaml', repo.read('prod/a.yaml')),
    },
    ['shared-data-key dev/b.yaml error', 'shared-data-key prod/a.yaml error'],
    { seal: { 'secrets/a.yaml': yaml } },
  ],
  [
    'nothing-encrypted',
    { config: rulesFor('').replace('age:', 'encrypted_regex: ^none$\n    age:'), seal: { 'secrets/a.yaml': yaml } },
    ['nothing-encrypted secrets/a.yaml error'],
    {
      config: rulesFor('').replace('age:', 'encrypted_regex: ^none$\n    age:'),
      seal: { 'secrets/a.yaml': 'a: ""\nb: null\n' },
    },
  ],
  [
    'unused-rule',
    { config: rulesFor('  - {path_regex: ^more/, age: ALICE}\n'), seal: { 'secrets/a.yaml': yaml } },
    ['unused-rule .sops.yaml warning'],
    {
      config: rulesFor('  - {path_regex: ^more/, age: ALICE}\n'),
      seal: { 'secrets/a.yaml': yaml },
      change: () => repo.write('more/README.md', ''),
    },
  ],
  [
    'bad-regex',
    { config: rulesFor('  - {path_regex: "a(?=b)", age: ALICE}\n'), seal: { 'secrets/a.yaml': yaml } },
    ['bad-regex .sops.yaml error'],
    { seal: { 'secrets/a.yaml': yaml } },
  ],
  [
    'bad-regex: of a file',
    {
      seal: { 'secrets/a.yaml': yaml },
      change: replace('secrets/a.yaml', /unencrypted_suffix: .*/, 'encrypted_regex: "("'),
    },
    ['bad-regex secrets/a.yaml error'],
    { seal: { 'secrets/a.yaml': yaml } },
  ],
  [
    'unmatched-file',
    {
      seal: { 'secrets/a.yaml': yaml },
      change: () => {
        repo.write('other/a.yaml', repo.read('secrets/a.yaml'))
        repo.write('secrets/a.yaml', '')
      },
    },
    ['unmatched-file other/a.yaml warning'],
    { seal: { 'secrets/a.yaml': yaml } },
  ],
  [
    'clear-secret: by its name',
    { config: partly, seal: { 'secrets/a.yaml': 'user: ann\npassWord: abc\n' } },
    ['clear-secret secrets/a.yaml ["passWord"] warning'],
    { config: partly, seal: { 'secrets/a.yaml': 'user: ann\nsecretName: abc\nname: bob\n' } },
  ],
  [
    'clear-secret: by its value',
    { config: partly, seal: { 'secrets/a.yaml': 'user: ann\nx: 8fJ2kd9Qm4Zp7Lw1Xv6Tb3Rn5Ys0\n' } },
    ['clear-secret secrets/a.yaml ["x"] warning'],
    { config: partly, seal: { 'secrets/a.yaml': 'user: ann\nx: docker.io/library/postgres:16\n' } },
  ],
  [
    'private-key: an age identity',
    { change: () => repo.write('notes.txt', `key: ${ageIdentity}\n`) },
    ['private-key notes.txt error'],
    { change: () => repo.write('notes.txt', 'a key begins with AGE-SECRET-KEY-1…\n') },
  ],
  [
    'private-key: PEM, also in one line',
    { change: () => repo.write('sa.json', JSON.stringify({ private_key: pem() })) },
    ['private-key sa.json error'],
    { change: () => repo.write('sa.md', 'as in\n-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n') },
  ],
  [
    'private-key: in clear in an encrypted file',
    { config: partly, seal: { 'secrets/a.yaml': `user: ann\nkey: ${ageIdentity}\n` } },
    ['private-key secrets/a.yaml ["key"] error'],
    { seal: { 'secrets/a.yaml': `user: ann\nkey: ${ageIdentity}\n` } },
  ],
  [
    'private-key: in a comment of an encrypted file',
    {
      seal: { 'secrets/a.yaml': yaml },
      change: () => repo.write('secrets/a.yaml', `# ${ageIdentity}\n${repo.read('secrets/a.yaml')}`),
    },
    ['private-key secrets/a.yaml error'],
    { seal: { 'secrets/a.yaml': `# ${ageIdentity}\nuser: ann\n` } },
  ],
  [
    'private-key: PEM in comments of an encrypted file',
    {
      seal: { 'secrets/a.env': 'A=1\n' },
      change: () => repo.write('secrets/a.env', `${pem().trim().replace(/^/gm, '# ')}\n${repo.read('secrets/a.env')}`),
    },
    ['private-key secrets/a.env error'],
    { seal: { 'secrets/a.env': `${'# -----BEGIN PRIVATE KEY-----\n# …'}\nA=1\n` } },
  ],
  [
    'single-recipient',
    { config: rulesFor('').replace(',BOB', ''), seal: { 'secrets/a.yaml': yaml } },
    ['single-recipient secrets/a.yaml note'],
    { seal: { 'secrets/a.yaml': yaml } },
  ],
  [
    'single-recipient: fewer than the policy asks for',
    {
      config: rulesFor('x-sops-ts: {policy: [{files: secrets, min_recipients: 3}]}\n'),
      seal: { 'secrets/a.yaml': yaml },
    },
    ['single-recipient secrets/a.yaml error'],
    {
      config: rulesFor(
        'x-sops-ts: {policy: [{files: secrets, min_recipients: 3}, {files: secrets/a*, min_recipients: 2}]}\n',
      ),
      seal: { 'secrets/a.yaml': yaml },
    },
  ],
  [
    'recipient-expired',
    {
      config: rulesFor('x-sops-ts: {recipients: {bob: {key: BOB, expires: 2020-01-31}}}\n'),
      seal: { 'secrets/a.yaml': yaml },
    },
    ['recipient-expired secrets/a.yaml error'],
    {
      config: rulesFor('x-sops-ts: {recipients: {bob: {key: BOB, expires: 9999-01-31}}}\n'),
      seal: { 'secrets/a.yaml': yaml },
    },
  ],
  [
    'key-drift',
    {
      config: rulesFor('x-sops-ts: {groups: {env: [secrets/*]}, check: {rules: {key-drift: warn}}}\n'),
      seal: { 'secrets/a.yaml': 'a: 1\nb: {c: 2}\n', 'secrets/b.yaml': 'a: 1\n' },
    },
    ['key-drift secrets/b.yaml warning'],
    {
      config: rulesFor('x-sops-ts: {groups: {env: [secrets/*]}, check: {rules: {key-drift: warn}}}\n'),
      seal: { 'secrets/a.yaml': 'a: [1, 2]\n', 'secrets/b.yaml': 'a: [1]\n' },
    },
  ],
]

describe.each(cases)('%s', (_, bad, wanted, good) => {
  const make = async ({ config, seal = {}, change }: Twin): Promise<void> => {
    repo = makeChecked(config)
    await repo.seal(seal)
    await change?.()
  }
  test('is found', async () => {
    expect(await found(() => make(bad), ...(bad.flags ?? []), ...quiet)).toEqual(wanted)
  })
  test('is not found in its twin', async () => {
    expect(await found(() => make(good), ...(good.flags ?? []), ...quiet)).toEqual([])
  })
  const quiet = wanted.some((line) => line.startsWith('unused-rule')) ? [] : ['--rule', 'unused-rule=off']
})
