// How loud `sops check` is, what it passes over, and how it ends.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Checked, makeChecked, rulesFor, short } from './support.ts'

let repo: Checked
beforeEach(() => {
  repo = makeChecked()
})
afterEach(() => repo.remove())

const own = (check: string): void =>
  repo.write(
    '.sops.yaml',
    rulesFor(`x-sops-ts:\n  check: ${check}\n`)
      .replace('ALICE', repo.alice.recipient)
      .replace('BOB', repo.bob.recipient),
  )
const levels = async (...argv: string[]): Promise<readonly string[]> => {
  repo.git('add', '-A')
  return short((await repo.check('--rule', 'git-setup=off', ...argv)).found)
}

describe('levels', () => {
  beforeEach(() => repo.write('secrets/a.yaml', 'user: ann\n'))

  test.each<[string, string, readonly string[], readonly string[]]>([
    ['that of the rule', '{}', [], ['plaintext-file secrets/a.yaml error']],
    ['that of the configuration', '{rules: {plaintext-file: info}}', [], ['plaintext-file secrets/a.yaml note']],
    ['off', '{rules: {plaintext-file: off}}', [], []],
    [
      'the command line wins',
      '{rules: {plaintext-file: off}}',
      ['--rule', 'plaintext-file=warn'],
      ['plaintext-file secrets/a.yaml warning'],
    ],
  ])('%s', async (_, check, argv, found) => {
    own(check)
    expect(await levels(...argv)).toEqual(found)
  })

  test.each<[string, readonly string[], number]>([
    ['an error', [], 1],
    ['a warning', ['--rule', 'plaintext-file=warn'], 0],
    ['more warnings than there may be', ['--rule', 'plaintext-file=warn', '--max-warnings', '0'], 1],
    ['as many as there may be', ['--rule', 'plaintext-file=warn', '--max-warnings', '1'], 0],
    ['a rule that is none', ['--rule', 'plaintext=off'], 2],
    ['a level that is none', ['--rule', 'mac=loud'], 2],
    ['a form that is none', ['--format', 'xml'], 2],
    ['a file that is not there', ['nowhere.yaml'], 2],
    ['a flag that is none', ['--nothing'], 2],
  ])('exit status for %s', async (_, argv, code) => {
    repo.git('add', '-A')
    expect((await repo.checkText(...argv)).code).toBe(code)
  })

  test('a rule that is none in the configuration is a mistake', async () => {
    own('{rules: {plaintext-fil: off}}')
    expect(await repo.check()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean plaintext-file?'),
    })
  })
  test('so is a field of x-sops-ts that is none', async () => {
    own('{rule: {}}')
    expect(await repo.check()).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean rules?') })
  })
})

describe('ignore', () => {
  beforeEach(() => repo.write('secrets/a.yaml', 'user: ann\n'))

  test.each<[string, string, boolean]>([
    ['the rule everywhere', '{rule: plaintext-file}', true],
    ['another rule', '{rule: mac}', false],
    ['a folder', '{rule: plaintext-file, files: secrets}', true],
    ['a pattern', '{rule: plaintext-file, files: ["*.json", "secrets/*.yaml"]}', true],
    ['another pattern', '{rule: plaintext-file, files: "*.yaml"}', false],
    ['until a day to come', '{rule: plaintext-file, until: 9999-01-01}', true],
    ['until a day that is over', '{rule: plaintext-file, until: 2020-01-01}', false],
    ['keys, of which a file has none', '{rule: plaintext-file, keys: "*"}', false],
  ])('%s', async (_, entry, isIgnored) => {
    own(`{ignore: [${entry}]}`)
    expect(await levels()).toEqual(isIgnored ? [] : ['plaintext-file secrets/a.yaml error'])
  })

  test.each<[string, readonly string[]]>([
    [`'["user"]'`, ['plaintext-value secrets/b.yaml ["deep"]["token"] error']],
    ['tok*', ['plaintext-value secrets/b.yaml ["user"] error']],
    [
      `'["token"]'`,
      ['plaintext-value secrets/b.yaml ["user"] error', 'plaintext-value secrets/b.yaml ["deep"]["token"] error'],
    ],
  ])('keys %s', async (keys, found) => {
    own(`{ignore: [{rule: plaintext-file}, {rule: plaintext-value, keys: [${keys}]}]}`)
    await repo.seal({ 'secrets/b.yaml': 'user: ann\ndeep:\n  token: x\n' })
    repo.write('secrets/b.yaml', repo.read('secrets/b.yaml').replace(/^( *(?:user|token)): ENC.*/gm, '$1: clear'))
    expect(await levels()).toEqual(found)
  })
})

describe('--baseline', () => {
  test('passes over what was there, wherever it stands now, and not over what is new', async () => {
    await repo.seal({ 'secrets/a.yaml': 'user: ann\nother: x\n' })
    repo.write('secrets/a.yaml', repo.read('secrets/a.yaml').replace(/user: ENC.*/, 'user: ann'))
    repo.git('add', '-A')
    expect(await repo.checkText('--write-baseline', 'known.json')).toMatchObject({ code: 0, stdout: '' })
    expect(JSON.parse(repo.read('known.json')).findings).toMatchObject(
      [
        { rule: 'plaintext-value', path: 'secrets/a.yaml', keyPath: '["user"]', fingerprint: /^[0-9a-f]{64}$/ },
        { rule: 'git-setup' },
      ].map((entry) => ({
        ...entry,
        ...(entry.fingerprint ? { fingerprint: expect.stringMatching(entry.fingerprint) } : {}),
      })),
    )
    expect(repo.read('known.json')).not.toContain('ann')
    repo.write('secrets/a.yaml', `\n${repo.read('secrets/a.yaml')}`)
    expect(await levels('--baseline', 'known.json')).toEqual([])
    repo.write('secrets/a.yaml', repo.read('secrets/a.yaml').replace(/other: ENC.*/, 'other: x'))
    expect(await levels('--baseline', 'known.json')).toEqual(['plaintext-value secrets/a.yaml ["other"] error'])
  })
  test.each([
    ['nowhere.json', undefined],
    ['bad.json', '{'],
    ['other.json', '{"version": 2}'],
  ])('%s is none', async (name, text) => {
    if (text !== undefined) repo.write(name, text)
    expect(await repo.check('--baseline', name)).toMatchObject({ code: 2, found: [] })
  })
})

describe('what must be encrypted', () => {
  const everything = (check: string): void =>
    repo.write('.sops.yaml', `creation_rules:\n  - age: ${repo.alice.recipient}\nx-sops-ts:\n  check: ${check}\n`)
  test('a rule for every file asks for nothing, unless files are required', async () => {
    everything('{}')
    repo.write('prod/a.yaml', 'user: ann\n')
    repo.write('docs/a.yaml', 'user: ann\n')
    expect(await levels()).toEqual([])
    everything('{require: prod/**}')
    expect(await levels()).toEqual(['plaintext-file prod/a.yaml error'])
  })
  test('files that are excluded, and kinds that count', async () => {
    const map = 'apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n'
    repo.write('secrets/map.yaml', map)
    repo.write('secrets/own.yaml', map.replace('ConfigMap', 'Hidden'))
    repo.write('secrets/old/a.yaml', 'user: ann\n')
    repo.write('secrets/new/deep/a.yaml', 'user: ann\n')
    own('{exclude: [secrets/old/*, secrets/new], kinds: Hidden}')
    expect(await levels()).toEqual(['plaintext-file secrets/own.yaml error'])
  })
  test('a text that nobody can read is a warning', async () => {
    repo.write('secrets/a.yaml', 'a: {{ .Values.x }}\nb: [\n')
    expect(await levels()).toEqual(['plaintext-file secrets/a.yaml warning'])
  })
})

test('the text has one line for each finding, and the summary is not among them', async () => {
  await repo.seal({ 'secrets/a.yaml': 'user: ann\ndeep:\n  token: x\n' })
  repo.write('secrets/a.yaml', repo.read('secrets/a.yaml').replace(/token: ENC.*/, 'token: x'))
  repo.git('add', '-A')
  expect(await repo.checkText('--rule', 'git-setup=off')).toEqual({
    code: 1,
    stdout:
      'secrets/a.yaml:3:3 error plaintext-value ["deep"]["token"] is not encrypted; fix: sops check --fix secrets/a.yaml\n',
    stderr: '1 error, 0 warnings, 0 notes\n',
  })
  expect(await repo.checkText('--quiet')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('plaintext-value'),
    stderr: '',
  })
})
