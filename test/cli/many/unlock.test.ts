// Files that stand decrypted for a while: they come back byte for byte, or with one line changed, and nothing is lost on the way.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { gitEnv } from '../../support/repository.ts'
import { changedNames, makeWork, newLines, rule, sealed, secondRecipient, type Work } from './support.ts'

const plain = {
  'a.enc.yaml': '# the first\na: 1\nb: two   # beside\n',
  'k/b.enc.json': '{\n\t"a": 2,\n\t"b": "two"\n}\n',
  'k/c.enc.env': 'A=3\nB=two\n',
  'w.bin': 'any\0bytes',
} as const
const names = Object.keys(plain) as (keyof typeof plain)[]

let work: Work
let before: Readonly<Record<string, string>>
beforeEach(async () => {
  work = await makeWork(plain)
  before = work.contents()
})
afterEach(() => work.remove())

const gitVariables = { PATH: process.env['PATH'], ...gitEnv }

const kept = (): readonly string[] => {
  try {
    return readdirSync(work.path('.git/sops-ts/locked'))
  } catch {
    return []
  }
}
const edit = (name: string): void => work.write({ [name]: work.read(name).replace('two', 'three') })

test('what did not change comes back byte for byte, and without a key for anything new', async () => {
  await work.prints('unlock', '--all')
  for (const name of names) expect(work.read(name)).toBe(plain[name])
  expect(kept()).toHaveLength(4)
  await work.prints('lock')
  expect(work.contents()).toEqual(before)
  expect(kept()).toEqual([])
  expect(work.git('status', '--porcelain')).toBe('')
})

test.each(names.slice(0, 3))('%s: a value that changed is one line of the diff, beside the MAC', async (name) => {
  await work.prints('unlock', name)
  edit(name)
  await work.prints('lock')
  const lines = newLines(before[name]!, work.read(name)).filter((line) => !/mac|lastmodified/.test(line))
  expect(lines).toHaveLength(1)
  expect(changedNames(before, work.contents())).toEqual([name])
  expect(await work.prints('decrypt', name)).toBe(plain[name].replace('two', 'three'))
})

test('a part is locked, the rest stays', async () => {
  await work.prints('unlock', '--all')
  await work.prints('lock', 'k')
  expect(changedNames(before, work.contents())).toEqual(['a.enc.yaml', 'w.bin'])
  await work.prints('lock', '*.yaml')
  expect(changedNames(before, work.contents())).toEqual(['w.bin'])
  expect((await work.sops(['lock'], { cwd: 'k' })).code).toBe(0)
  expect(work.contents()).toEqual(before)
})

test.each([
  ['lock with nothing to do', ['lock']],
  ['unlock --all', ['unlock', '--all']],
])('%s, twice: exit 0 and no change', async (_, argv) => {
  await work.prints(...argv)
  const once = work.contents()
  // What is unlocked is no encrypted file any more.
  await work.prints(...argv)
  expect(work.contents()).toEqual(once)
  await work.prints('lock')
  expect(work.contents()).toEqual(before)
})

test('unlock of a file that is unlocked leaves it, changed or not', async () => {
  await work.prints('unlock', 'a.enc.yaml')
  edit('a.enc.yaml')
  await work.prints('unlock', 'a.enc.yaml')
  expect(work.read('a.enc.yaml')).toBe(plain['a.enc.yaml'].replace('two', 'three'))
})

test('keeps the mode', async () => {
  chmodSync(work.path('a.enc.yaml'), 0o640)
  await work.prints('unlock', 'a.enc.yaml')
  await work.prints('lock')
  expect(statSync(work.path('a.enc.yaml')).mode & 0o777).toBe(0o640)
})

describe('failures', () => {
  test('unlock: one that no key opens, and none is unlocked; what is kept is forgotten', async () => {
    work.write(await sealed({ 'k/b.enc.json': '{"a": 2}\n' }, secondRecipient))
    const spoilt = work.contents()
    expect((await work.sops(['unlock', '--all'])).code).toBe(128)
    expect(work.contents()).toEqual(spoilt)
    expect((await work.sops(['lock'])).code).toBe(0)
    expect(work.contents()).toEqual(spoilt)
    expect(kept()).toEqual([])
  })

  test('unlock --keep-going: the others', async () => {
    work.write(await sealed({ 'k/b.enc.json': '{"a": 2}\n' }, secondRecipient))
    expect((await work.sops(['unlock', '--all', '--keep-going'])).code).toBe(128)
    expect(kept()).toHaveLength(3)
    await work.prints('lock')
    expect(changedNames(before, work.contents())).toEqual(['k/b.enc.json'])
  })

  test('lock: one that cannot be parsed, and all stay unlocked', async () => {
    await work.prints('unlock', '--all')
    work.write({ 'a.enc.yaml': 'a: [\n' })
    const unlocked = work.contents()
    expect((await work.sops(['lock'])).code).not.toBe(0)
    expect(work.contents()).toEqual(unlocked)
    expect(kept()).toHaveLength(4)
  })

  test('lock: without a key', async () => {
    await work.prints('unlock', '--all')
    const unlocked = work.contents()
    expect((await work.sops(['lock'], { env: { SOPS_AGE_KEY: '' } })).code).toBe(128)
    expect(work.contents()).toEqual(unlocked)
  })

  const moves: Readonly<Record<string, (from: string, to: string) => unknown>> = {
    'by Git': (from, to) => work.git('mv', from, to),
    'without Git': (from, to) => renameSync(work.path(from), work.path(to)),
  }

  test.each(Object.entries(moves))('lock: one that was moved %s comes back as the hint says', async (how, move) => {
    await work.prints('unlock', 'a.enc.yaml')
    edit('a.enc.yaml')
    mkdirSync(work.path('new'))
    move('a.enc.yaml', 'new/a b.enc.yaml')
    const { code, stderr } = await work.sops(['lock'])
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining('"a.enc.yaml" is not there any more')])
    const [, back] = /^hint: .*move it back: (.*mv .*); sops lock$/m.exec(stderr) ?? []
    expect(back).toBe(how === 'by Git' ? "git mv 'new/a b.enc.yaml' a.enc.yaml" : 'mv NEW a.enc.yaml')
    execFileSync('sh', ['-c', back!.replace('NEW', "'new/a b.enc.yaml'")], { cwd: work.dir, env: gitVariables })
    await work.prints('lock')
    expect(changedNames(before, work.contents())).toEqual(['a.enc.yaml'])
    expect(await work.prints('decrypt', 'a.enc.yaml')).toBe(plain['a.enc.yaml'].replace('two', 'three'))
    expect(kept()).toEqual([])
  })

  test.each([
    ['removed', () => unlinkSync(work.path('a.enc.yaml')), 'git checkout -- a.enc.yaml'],
    ['removed by Git', () => work.git('rm', '-qf', 'a.enc.yaml'), 'git checkout HEAD -- a.enc.yaml'],
  ])('lock: one that was %s comes back as the hint says', async (_, remove, command) => {
    await work.prints('unlock', 'a.enc.yaml')
    remove()
    const { stderr } = await work.sops(['lock'])
    expect(stderr).toContain(`hint: ${command} brings its ciphertext back; sops lock then forgets what is kept of it\n`)
    execFileSync('sh', ['-c', command], { cwd: work.dir, env: gitVariables, stdio: 'ignore' })
    await work.prints('lock')
    expect([work.contents(), kept()]).toEqual([before, []])
  })

  test('lock: one that is not there any more is named', async () => {
    await work.prints('unlock', 'a.enc.yaml', 'w.bin')
    unlinkSync(work.path('a.enc.yaml'))
    const { code, stderr } = await work.sops(['lock'])
    expect(code).not.toBe(0)
    expect(stderr).toContain('is not there any more')
    work.git('checkout', '--', 'a.enc.yaml')
    await work.prints('lock')
    expect(work.contents()).toEqual(before)
    expect(kept()).toEqual([])
  })

  test.each([
    [['unlock', '.sops.yaml'], 1],
    [['unlock'], 100],
    [['lock', 'a.enc.yaml'], 1],
    [['lock', 'none.yaml'], 1],
  ])('%j', async (argv, code) => {
    expect((await work.sops(argv)).code).toBe(code)
    expect(work.contents()).toEqual(before)
  })

  test('outside of a repository there is no place to keep anything', async () => {
    rmSync(work.path('.git'), { recursive: true })
    for (const argv of [['unlock', 'a.enc.yaml'], ['lock']]) {
      const { code, stderr } = await work.sops(argv)
      expect(code).toBe(1)
      expect(stderr).toContain('not inside a Git repository')
    }
    expect(work.contents()).toEqual(before)
  })
})

describe('a crash', () => {
  test('after the ciphertext was kept: unlock and lock go on from there', async () => {
    await work.prints('unlock', 'a.enc.yaml')
    work.write({ 'a.enc.yaml': before['a.enc.yaml']! })
    await work.prints('unlock', 'a.enc.yaml')
    expect(work.read('a.enc.yaml')).toBe(plain['a.enc.yaml'])
    await work.prints('lock')
    expect(work.contents()).toEqual(before)
  })

  test('after the ciphertext was written back: lock forgets what is kept', async () => {
    await work.prints('unlock', 'a.enc.yaml')
    work.write({ 'a.enc.yaml': before['a.enc.yaml']! })
    await work.prints('lock')
    expect(kept()).toEqual([])
    expect(work.contents()).toEqual(before)
  })

  test('a file that another branch brought, encrypted, is what counts', async () => {
    await work.prints('unlock', 'a.enc.yaml')
    const other = (await sealed({ 'a.enc.yaml': 'a: other\n' }))['a.enc.yaml']!
    work.write({ 'a.enc.yaml': other })
    await work.prints('unlock', 'a.enc.yaml')
    expect(work.read('a.enc.yaml')).toBe('a: other\n')
    await work.prints('lock')
    expect(work.read('a.enc.yaml')).toBe(other.toString())
  })

  test('what is kept but damaged is told of, and the others are locked', async () => {
    await work.prints('unlock', 'a.enc.yaml', 'w.bin')
    const [one] = kept()
    work.write({ [`.git/sops-ts/locked/${one}`]: 'damaged' })
    const { stderr } = await work.sops(['lock'])
    expect(stderr).toContain('is damaged')
    expect(changedNames(before, work.contents())).toHaveLength(1)
  })
})

test('--dry-run and --check of both write nothing', async () => {
  expect((await work.sops(['unlock', '--all', '--check'])).code).toBe(1)
  expect(work.contents()).toEqual(before)
  expect(kept()).toEqual([])
  await work.prints('unlock', '--all')
  const unlocked = work.contents()
  expect((await work.sops(['lock', '--check'])).code).toBe(1)
  expect((await work.sops(['lock', '--dry-run'])).stdout).toContain('would lock a.enc.yaml\n')
  expect(work.contents()).toEqual(unlocked)
})

test('linked work trees keep what is theirs', async () => {
  const linked = join(work.dir, '../linked')
  work.git('worktree', 'add', '-q', linked, '-b', 'other')
  const inLinked = (argv: readonly string[]) => work.sops(argv, { cwd: '../linked' })
  expect((await inLinked(['unlock', 'a.enc.yaml'])).code).toBe(0)
  expect(kept()).toEqual([])
  await work.prints('lock')
  await work.prints('unlock', 'a.enc.yaml')
  work.write({ '../linked/a.enc.yaml': 'a: linked\n' })
  await work.prints('lock')
  expect(work.contents()).toEqual(before)
  expect(work.read('../linked/a.enc.yaml')).toBe('a: linked\n')
  expect((await inLinked(['lock'])).code).toBe(0)
  expect(work.read('../linked/a.enc.yaml')).toContain('ENC[')
})

test('in a folder below the top, and with a rule that the file does not have', async () => {
  mkdirSync(work.path('deep'), { recursive: true })
  expect((await work.sops(['unlock', '../k'], { cwd: 'deep' })).code).toBe(0)
  work.write({ '.sops.yaml': rule(secondRecipient) })
  edit('k/c.enc.env')
  expect((await work.sops(['lock'], { cwd: 'deep' })).code).toBe(0)
  expect(work.read('k/b.enc.json')).toBe(before['k/b.enc.json'])
  expect(work.read('k/c.enc.env')).not.toContain(secondRecipient)
})

describe('what is kept is not lost', () => {
  test('when another file fails, with --keep-going', async () => {
    await work.prints('unlock', 'a.enc.yaml', 'k/b.enc.json')
    edit('a.enc.yaml')
    edit('k/b.enc.json')
    work.write({ 'a.enc.yaml': 'a: [\n' })
    expect((await work.sops(['lock', '--keep-going'])).code).not.toBe(0)
    expect(kept()).toHaveLength(1)
    work.write({ 'a.enc.yaml': plain['a.enc.yaml'] })
    await work.prints('lock')
    expect(work.read('a.enc.yaml')).toBe(before['a.enc.yaml'])
    expect(kept()).toEqual([])
  })

  test('when an unlock fails that another one counts on', async () => {
    await work.prints('unlock', 'a.enc.yaml')
    work.write({ 'bad.yaml': 'x: 1\n' })
    const fails = await work.sops(['unlock', 'a.enc.yaml', 'k/b.enc.json', 'bad.yaml'])
    expect(fails.code).not.toBe(0)
    await work.prints('lock')
    expect(work.read('a.enc.yaml')).toBe(before['a.enc.yaml'])
    expect(kept()).toEqual([])
  })

  test('and where it is gone, lock names what stands in clear', async () => {
    await work.prints('unlock', 'a.enc.yaml')
    const clear = work.read('a.enc.yaml')
    work.git('checkout', '--', 'a.enc.yaml')
    await work.prints('lock')
    work.write({ 'a.enc.yaml': clear })
    const { code, stderr } = await work.sops(['lock'])
    expect([code, stderr]).toEqual([
      0,
      'warning: in clear, though HEAD has them encrypted: a.enc.yaml; sops encrypt -i encrypts them\n',
    ])
  })

  test('a file that was removed for good is forgotten', async () => {
    await work.prints('unlock', 'a.enc.yaml', 'k/b.enc.json')
    work.git('rm', '-qf', 'a.enc.yaml')
    expect((await work.sops(['lock'])).code).toBe(100)
    work.git('-c', 'user.name=n', '-c', 'user.email=e', 'commit', '-qm', 'removed')
    await work.prints('lock')
    expect(work.read('k/b.enc.json')).toBe(before['k/b.enc.json'])
    expect(kept()).toEqual([])
  })
})

test('what a killed run leaves beside a file is nothing that Git adds', async () => {
  await work.prints('unlock', 'a.enc.yaml')
  work.write({ '.a.enc.yaml.sops-0123456789abcdef': 'a: 1\n' })
  expect(work.git('status', '--porcelain', '--untracked-files=all')).not.toContain('sops-0123')
  await work.prints('unlock', 'k/b.enc.json')
  expect(work.read('.git/info/exclude').match(/^\.\*\.sops-\*$/gm)).toHaveLength(1)
})

test('files of another repository below are unlocked there', async () => {
  mkdirSync(work.path('other'))
  work.git('init', '-q', 'other')
  work.write({ 'other/a.enc.yaml': before['a.enc.yaml']! })
  const { code, stderr } = await work.sops(['unlock', 'other/a.enc.yaml'])
  expect(code).toBe(1)
  expect(stderr).toContain('other/a.enc.yaml belongs to another repository than the current folder')
})
