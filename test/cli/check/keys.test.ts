// `sops check --verify` and `--leaks`: what only a key shows. No value is ever printed.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Checked, type FoundIn, makeChecked, short } from './support.ts'

let repo: Checked
beforeEach(() => {
  repo = makeChecked()
})
afterEach(() => repo.remove())

const canary = 'canary-7f3a9c21-value'
const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }

async function check(...argv: string[]): Promise<{ code: number; found: readonly FoundIn[] }> {
  repo.git('add', '-A')
  const { code, stdout, stderr } = await repo.alice.sops(['check', '--json', '--rule', 'git-setup=off', ...argv], {
    env,
  })
  expect(`${stdout}${stderr}`).not.toContain(canary)
  const files = JSON.parse(stdout).files as readonly { path: string; findings: FoundIn[] }[]
  return { code, found: files.flatMap(({ path, findings }) => findings.map((one) => ({ ...one, path }))) }
}

describe('--verify', () => {
  beforeEach(() => repo.seal({ 'secrets/a.yaml': `user: ${canary}\nother: x\nn_unencrypted: 1\n` }))

  test('says nothing of files that open', async () => {
    expect(await check('--verify')).toEqual({ code: 0, found: [] })
  })
  test.each<[string, RegExp, string]>([
    ['a value in clear that was changed', /n_unencrypted: 1/, 'n_unencrypted: 2'],
    ['a value that was removed', /other: ENC.*\n/, ''],
    ['a ciphertext that was changed', /(user: ENC\[AES256_GCM,data:)./, '$1/'],
  ])('finds %s', async (_, from, to) => {
    repo.write('secrets/a.yaml', repo.read('secrets/a.yaml').replace(from, to))
    expect(short((await check()).found)).toEqual([])
    const { code, found } = await check('--verify')
    expect([code, short(found)]).toEqual([1, ['mac secrets/a.yaml error']])
  })
  test('warns of files that no key opens', async () => {
    repo.git('add', '-A')
    const { stdout } = await repo.nobody.sops(['check', '--verify', '--json', '--rule', 'git-setup=off'], { env })
    expect(JSON.parse(stdout).files).toMatchObject([
      { path: 'secrets/a.yaml', findings: [{ rule: 'mac', level: 'warning' }] },
    ])
  })
  test('opens the version of the index where that is checked', async () => {
    repo.git('add', '-A')
    repo.write('secrets/a.yaml', repo.read('secrets/a.yaml').replace('n_unencrypted: 1', 'n_unencrypted: 2'))
    const { stdout } = await repo.alice.sops(['check', '--verify', '--json', '--staged'], { env })
    expect(JSON.parse(stdout).files).toEqual([])
  })
})

describe('--leaks', () => {
  beforeEach(() => repo.seal({ 'secrets/a.yaml': `user: ${canary}\nshort: abc\nword: configuration\n` }))

  test.each<[string, string]>([
    ['the value', `see ${canary}.\n`],
    ['its base64', `data: ${Buffer.from(canary).toString('base64')}\n`],
    ['its base64 within a longer one', Buffer.from(`user:${canary}:x`).toString('base64')],
    ['the same, shifted', Buffer.from(`user=:${canary}`).toString('base64')],
  ])('finds %s in another file', async (_, text) => {
    repo.write('docs/notes.txt', `\n${text}`)
    const { code, found } = await check('--leaks')
    expect([code, short(found)]).toEqual([1, ['leaked-value docs/notes.txt error']])
    expect(found).toMatchObject([{ line: 2, message: expect.stringContaining('["user"] of "secrets/a.yaml"') }])
  })
  test('finds a line of a longer text that is set in', async () => {
    const body = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC'
    await repo.seal({ 'secrets/b.yaml': `key: |\n  -----BEGIN X-----\n  ${body}\n  -----END X-----\n` })
    repo.write('copy.yaml', `key: |\n      -----BEGIN X-----\n      ${body}\n`)
    expect(short((await check('--leaks')).found)).toEqual(['leaked-value copy.yaml error'])
  })
  test('says nothing of short values, words, the file itself and files that are not tracked', async () => {
    repo.write('.gitignore', 'ignored\n')
    repo.write('ignored', canary)
    repo.write('notes.txt', 'abc configuration\n')
    expect(await check('--leaks')).toEqual({ code: 0, found: [] })
  })
  test('finds what is staged, of files that are not', async () => {
    repo.git('add', '-A')
    repo.git('commit', '-q', '-m', 'first')
    repo.write('notes.txt', canary)
    expect(short((await check('--leaks', '--staged')).found)).toEqual(['leaked-value notes.txt error'])
  })
})
