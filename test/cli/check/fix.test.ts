// `sops check --fix`: mends with the commands that people would run, in the work tree, and reports what is left.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Checked, makeChecked, rulesFor, short } from './support.ts'

let repo: Checked
beforeEach(() => {
  repo = makeChecked()
})
afterEach(() => repo.remove())

const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
const fix = (...argv: string[]): ReturnType<typeof repo.alice.sops> =>
  repo.alice.sops(['check', '--fix', ...argv], { env })
const plain = async (name: string): Promise<string> => (await repo.alice.sops(['decrypt', name])).stdout
const commit = (): void => {
  repo.git('add', '-A')
  repo.git('commit', '-q', '-m', 'change')
}
const errors = async (...argv: string[]): Promise<readonly string[]> =>
  short((await repo.check(...argv)).found.filter(({ level }) => level !== 'note'))
const inClear = (name: string, from: RegExp, to: string): void => repo.write(name, repo.read(name).replace(from, to))

test.each<[string, string, RegExp, string, string]>([
  [
    'a.yaml',
    '# note\nuser: ann\nlist:\n  - one\n  - two\n',
    / - ENC.*/,
    ' - new',
    '# note\nuser: ann\nlist:\n  - new\n  - two\n',
  ],
  ['a.json', '{"user": "ann", "n": 1}', /"ENC[^"]*type:int\]"/, '2', '{"user": "ann", "n": 2}'],
  ['a.env', 'A=1\nB=2\n', /^B=ENC.*/m, 'B=3', 'A=1\nB=3\n'],
  ['a.ini', '[s]\na = 1\nb = 2\n', /^b( += )ENC.*/m, 'b = 3', '[s]\na = 1\nb = 3\n'],
])(
  'a value in clear in %s is encrypted as it stands; the other values keep their text',
  async (file, text, from, to, wanted) => {
    const name = `secrets/${file}`
    await repo.seal({ [name]: text })
    commit()
    const before = repo.read(name)
    inClear(name, from, to)
    const { code, stderr } = await fix('--rule', 'git-setup=off')
    expect(stderr).not.toContain('MAC')
    expect(code).toBe(0)
    expect((await plain(name)).replaceAll(/\s+/g, ' ')).toBe(wanted.replaceAll(/\s+/g, ' '))
    const kept = [...before.matchAll(/ENC\[[^\]]*type:str\]/g)].filter(([token]) => repo.read(name).includes(token))
    expect(kept.length).toBeGreaterThan(0)
    expect(await errors()).toEqual([])
  },
)

describe('the MAC of a file with a value in clear', () => {
  test('fits where the value was added', async () => {
    await repo.seal({ 'secrets/a.yaml': 'user: ann\n' })
    inClear('secrets/a.yaml', /^sops:/m, 'new: bob\nsops:')
    repo.git('add', '-A')
    const { code, stderr } = await fix('--rule', 'git-setup=off')
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('MAC')])
    expect(await plain('secrets/a.yaml')).toBe('user: ann\nnew: bob\n')
  })
  test('cannot be compared where no version has the value that was replaced, which is said', async () => {
    await repo.seal({ 'secrets/a.yaml': 'user: ann\n' })
    inClear('secrets/a.yaml', /user: ENC.*/, 'user: bob')
    repo.git('add', '-A')
    const { code, stderr } = await fix('--rule', 'git-setup=off')
    expect([code, stderr]).toEqual([0, expect.stringContaining('its MAC could not be compared')])
    expect(await plain('secrets/a.yaml')).toBe('user: bob\n')
  })
  test('is not that of a file in which more was changed', async () => {
    await repo.seal({ 'secrets/a.yaml': 'user: ann\nlist:\n  - one\n  - two\n' })
    commit()
    const swapped = repo.read('secrets/a.yaml').replace(/( +- ENC.*\n)( +- ENC.*\n)/, '$2$1')
    expect(swapped).not.toBe(repo.read('secrets/a.yaml'))
    repo.write('secrets/a.yaml', swapped.replace(/user: ENC.*/, 'user: bob'))
    expect((await fix()).stderr).toContain('its MAC could not be compared')
  })
})

test('files are encrypted, recipients updated, copied data keys renewed; the index stays as it is', async () => {
  await repo.seal({ 'secrets/a.yaml': 'user: ann\n' })
  repo.write('secrets/b.yaml', repo.read('secrets/a.yaml'))
  repo.write('secrets/c d.yaml', 'user: ann\n')
  repo.write('.sops.yaml', repo.read('.sops.yaml').replace(`,${repo.bob.recipient}`, ''))
  commit()
  expect(await errors('--rule', 'single-recipient=off')).not.toEqual([])
  const { code, stdout, stderr } = await fix('--json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout).summary).toMatchObject({ errors: 0, warnings: 0 })
  expect(stderr).toContain("git add secrets/a.yaml secrets/b.yaml 'secrets/c d.yaml'")
  expect(repo.git('diff', '--cached', '--name-only')).toBe('')
  expect(await plain('secrets/c d.yaml')).toBe('user: ann\n')
  expect(await errors()).toEqual([])
})

test('--stage adds what was mended, and nothing else', async () => {
  repo.write('secrets/a.yaml', 'user: ann\n')
  repo.write('other.txt', '1\n')
  commit()
  repo.write('other.txt', '2\n')
  expect((await fix('--stage')).code).toBe(0)
  expect(repo.git('diff', '--cached', '--name-only').split('\n')).toContain('secrets/a.yaml')
  expect(repo.git('diff', '--name-only')).toBe('other.txt\n')
})

test('what is staged in clear is left until it is added', async () => {
  repo.write('secrets/a.yaml', 'user: ann\n')
  repo.git('add', '-A')
  expect((await fix('--staged')).code).toBe(1)
  repo.git('add', '-A')
  expect((await fix('--staged')).code).toBe(0)
})

describe('what is staged in clear, and mended in the work tree already', () => {
  beforeEach(async () => {
    repo.write('secrets/a.yaml', 'user: ann\n')
    repo.write('secrets/b.yaml', 'user: bob\n')
    repo.git('add', '-A')
    expect((await fix('--staged')).code).toBe(1)
  })
  test('is not mended again', async () => {
    const before = repo.read('secrets/a.yaml')
    const { code, stderr } = await fix('--staged')
    expect([code, stderr]).toEqual([
      1,
      'mended in the work tree: git add secrets/a.yaml secrets/b.yaml\n2 errors, 0 warnings, 0 notes\n',
    ])
    expect(repo.read('secrets/a.yaml')).toBe(before)
  })
  test('is added with --stage', async () => {
    expect(await fix('--staged', '--stage')).toEqual({ code: 0, stdout: '', stderr: 'nothing found\n' })
  })
  test('is left where it is gone', async () => {
    rmSync(join(repo.dir, 'secrets/a.yaml'))
    const { code, stderr } = await fix('--staged', '--stage')
    expect([code, stderr]).toEqual([1, '1 error, 0 warnings, 0 notes\n'])
  })
})

test('a file below another configuration: what is said to mend it does', async () => {
  const [top, sub] = [repo.read('.sops.yaml'), repo.read('.sops.yaml').replace('^secrets/', 'enc')]
  repo.write('sub/.sops.yaml', sub)
  repo.write('sub/enc.yaml', 'user: ann\n')
  const mend = async (): Promise<void> => {
    repo.git('add', '-A')
    const [line = ''] = (await repo.check('sub')).found.flatMap(({ fix }) => fix ?? [])
    expect(line).toContain('sub/enc.yaml')
    const [, ...words] = line.split(' ')
    expect((await repo.alice.sops([...words, ...(words.includes('updatekeys') ? ['--yes'] : [])], { env })).code).toBe(
      0,
    )
    expect(await errors('sub')).toEqual([])
  }
  await mend()
  repo.write('sub/.sops.yaml', sub.replace(`,${repo.bob.recipient}`, ''))
  await mend()
  expect(repo.read('.sops.yaml')).toBe(top)
})

test('public keys suffice to encrypt; what needs a key fails with its reason, and is left', async () => {
  repo.write('secrets/a.yaml', 'user: ann\n')
  await repo.seal({ 'secrets/b.yaml': 'user: ann\n' })
  inClear('secrets/b.yaml', /user: ENC.*/, 'user: bob')
  repo.git('add', '-A')
  const { code, stdout, stderr } = await repo.nobody.sops(['check', '--fix', '--json', '--rule', 'git-setup=off'], {
    env,
  })
  expect(code).toBe(1)
  expect(JSON.parse(stdout).files).toMatchObject([{ path: 'secrets/b.yaml', findings: [{ rule: 'plaintext-value' }] }])
  expect(stderr).toContain('secrets/b.yaml')
  expect(repo.read('secrets/b.yaml')).toContain('user: bob')
  expect(repo.read('secrets/a.yaml')).toContain('ENC[')
})

test('an unlocked file is locked', async () => {
  await repo.seal({ 'secrets/a.yaml': 'user: ann\n' })
  commit()
  const before = repo.read('secrets/a.yaml')
  await repo.alice.sops(['unlock', 'secrets/a.yaml'], { env })
  expect((await fix('--rule', 'git-setup=off')).code).toBe(0)
  expect(repo.read('secrets/a.yaml')).toBe(before)
})

test('a policy is not mended', async () => {
  repo.write(
    '.sops.yaml',
    rulesFor('x-sops-ts: {policy: [{files: secrets, min_recipients: 3}]}\n')
      .replace('ALICE', repo.alice.recipient)
      .replace('BOB', repo.bob.recipient),
  )
  await repo.seal({ 'secrets/a.yaml': 'user: ann\n' })
  commit()
  expect((await fix()).code).toBe(1)
})
