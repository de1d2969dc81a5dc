// git merges encrypted files through the driver: every operation that merges, clean and in conflict, with the real git.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { edited, plainOf, sealed } from '../../merge/support.ts'
import { program, programLine } from '../../support/build.ts'
import { gitEnv, makeRepository, type Repository } from '../../support/repository.ts'
import { identity } from '../exec-support.ts'

const plain = 'first: 1\nsecond: 2\nthird: 3\n'
const name = 'a b/s.enc.yaml'
let repository: Repository
let env: Record<string, string>
let base: Buffer

beforeEach(async () => {
  repository = makeRepository({ '.gitattributes': '*.enc.* merge=sops\n' })
  const bin = join(dirname(repository.dir), 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'sops'), `#!/bin/sh\nexec ${programLine} "$@"\n`)
  chmodSync(join(bin, 'sops'), 0o755)
  env = { ...gitEnv, PATH: `${bin}:${process.env.PATH}`, HOME: '/nowhere', SOPS_AGE_KEY: identity }
  repository.git('config', 'merge.sops.driver', 'sops git merge-driver %O %A %B %L %P %S %X %Y')
  repository.git('config', 'merge.sops.recursive', 'binary')
  repository.git('config', 'merge.conflictStyle', 'merge')
  base = await sealed(plain, 'yaml')
  repository.write({ [name]: base })
  repository.commit('base')
}, 60_000)
afterEach(() => repository.remove())

const file = (): Buffer => readFileSync(repository.path(name))
const git = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: repository.dir, env, encoding: 'utf8' })
  return { status, said: stdout + stderr }
}
const write = async (from: string, to: string, before: Buffer = file()): Promise<void> =>
  repository.write({ [name]: await edited(before, (await plainOf(before, 'yaml')).replace(from, to), 'yaml') })
const change = async (from: string, to: string): Promise<string> => {
  await write(from, to)
  return repository.commit(`${from.split(':')[0]} changed`)
}
const stages = (): string[] =>
  repository
    .git('ls-files', '-u')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(/\s/)[2]!)

/** Two branches with a commit each, `main` checked out. */
async function branches(ours: readonly [string, string], theirs: readonly [string, string]): Promise<void> {
  repository.git('checkout', '-q', '-b', 'feature')
  await change(...theirs)
  repository.git('checkout', '-q', 'main')
  await change(...ours)
}

/** What is done with the branches, and who is ours in it. */
const operations: readonly (readonly [string, () => ReturnType<typeof git>])[] = [
  ['merge', () => git('merge', 'feature', '-m', 'merged')],
  ['merge --no-commit', () => git('merge', '--no-commit', 'feature')],
  ['rebase', () => git('rebase', 'feature')],
  ['cherry-pick', () => git('cherry-pick', 'feature')],
  ['pull from another repository', () => git('pull', '-q', '--no-rebase', '.', 'feature')],
  ['merge --squash', () => git('merge', '--squash', 'feature')],
]

describe.each(operations)('%s', (_, run) => {
  test('of different values is clean', async () => {
    await branches(['first: 1', 'first: 9'], ['third: 3', 'third: 8'])
    const ran = run()
    expect(ran).toMatchObject({ status: 0 })
    expect(stages()).toEqual([])
    expect(await plainOf(file(), 'yaml')).toBe('first: 9\nsecond: 2\nthird: 8\n')
  })

  test('of one value is a conflict, as ciphertext', async () => {
    await branches(['second: 2', 'second: canary-ours'], ['second: 2', 'second: canary-theirs'])
    const ran = run()
    expect(ran.status).toBe(1)
    expect(ran.said).toContain('["second"] changed on both sides; run: sops merge')
    expect(stages()).toEqual(['1', '2', '3'])
    const text = file().toString()
    expect(text.match(/^<{7} .*\nsecond: ENC\[.*\n={7}\nsecond: ENC\[.*\n>{7} /m)).not.toBeNull()
    expect(text + ran.said).not.toMatch(/canary-/)
  })
})

test('revert', async () => {
  const commit = await change('first: 1', 'first: 9')
  await change('third: 3', 'third: 8')
  expect(git('revert', '--no-edit', commit)).toMatchObject({ status: 0 })
  expect(await plainOf(file(), 'yaml')).toBe('first: 1\nsecond: 2\nthird: 8\n')
  const later = await change('third: 8', 'third: 7')
  await change('third: 7', 'third: 6')
  expect(git('revert', '--no-edit', later).status).toBe(1)
  expect(stages()).toEqual(['1', '2', '3'])
})

test('a picked commit that is reverted elsewhere', async () => {
  const commit = await change('first: 1', 'first: 9')
  repository.git('checkout', '-q', '-b', 'other', 'HEAD~1')
  await change('third: 3', 'third: 8')
  expect(git('cherry-pick', commit).status).toBe(0)
  expect(git('revert', '--no-edit', 'HEAD').status).toBe(0)
  expect(git('merge', 'main', '-m', 'm').status).toBe(0)
})

test('stash pop', async () => {
  await write('first: 1', 'first: 9')
  repository.git('stash', '-q')
  await change('third: 3', 'third: 8')
  expect(git('stash', 'pop').status).toBe(0)
  expect(await plainOf(file(), 'yaml')).toBe('first: 9\nsecond: 2\nthird: 8\n')
  repository.git('stash', '-q')
  await change('first: 1', 'first: 5')
  expect(git('stash', 'pop').status).toBe(1)
  expect(stages()).toEqual(['1', '2', '3'])
  expect(repository.git('stash', 'list')).toContain('stash@{0}')
})

test('criss-cross: a common ancestor that is itself a merge in conflict', async () => {
  await branches(['second: 2', 'second: 5'], ['second: 2', 'second: 6'])
  repository.git('branch', 'other')
  const settle = async (value: string): Promise<void> => {
    repository.write({ [name]: await edited(base, plain.replace('second: 2', `second: ${value}`), 'yaml') })
    repository.commit(`settled ${value}`)
  }
  git('merge', 'feature')
  await settle('7')
  repository.git('checkout', '-q', 'feature')
  git('merge', 'other')
  await settle('7')
  await change('first: 1', 'first: 9')
  repository.git('checkout', '-q', 'main')
  await change('third: 3', 'third: 8')
  expect(git('merge', 'feature', '-m', 'm').said).not.toContain('fatal')
  expect(file().toString()).not.toMatch(/^<{7}.*\n(?:.*\n)*?<{7}/m)
})

test('more than two branches at once: git gives up, and nothing is lost', async () => {
  await branches(['first: 1', 'first: 9'], ['first: 1', 'first: 8'])
  repository.git('checkout', '-q', '-b', 'third', 'HEAD~1')
  await change('first: 1', 'first: 7')
  repository.git('checkout', '-q', 'main')
  const before = file()
  expect(git('merge', 'feature', 'third').status).not.toBe(0)
  git('merge', '--abort')
  repository.git('reset', '-q', '--hard')
  expect(file().equals(before)).toBe(true)
})

test('a file that was renamed on one side, and changed on the other', async () => {
  repository.git('checkout', '-q', '-b', 'feature')
  await change('third: 3', 'third: 8')
  repository.git('checkout', '-q', 'main')
  await change('first: 1', 'first: 9')
  repository.git('mv', name, 'moved.enc.yaml')
  repository.commit('moved')
  expect(git('merge', 'feature', '-m', 'm').status).toBe(0)
  const moved = readFileSync(repository.path('moved.enc.yaml'))
  expect(await plainOf(moved, 'yaml')).toBe('first: 9\nsecond: 2\nthird: 8\n')
})

test('labels say what people know', async () => {
  await branches(['second: 2', 'second: 8'], ['second: 2', 'second: 9'])
  git('merge', 'feature')
  expect(file().toString()).toMatch(/^<{7} ours \(main\)$/m)
  expect(file().toString()).toMatch(/^>{7} theirs \(feature\)$/m)
  git('merge', '--abort')
  git('rebase', 'feature')
  expect(file().toString()).toMatch(/^<{7} feature$/m)
  expect(file().toString()).toMatch(/^>{7} your commit [0-9a-f]{7} \(second changed\)$/m)
})

test('a side that was changed without its key is never sealed again', async () => {
  await branches(['first: 1', 'first: 9'], ['third: 3', 'third: 8'])
  repository.git('checkout', '-q', 'feature')
  repository.write({
    [name]: file()
      .toString()
      .replace(/^second: .*\n/m, ''),
  })
  repository.commit('tampered')
  repository.git('checkout', '-q', 'main')
  const ran = git('merge', 'feature')
  expect(ran.status).toBe(1)
  expect(ran.said).toContain('theirs has a MAC that does not match')
  expect(file().toString()).toContain('<<<<<<<')
  expect(stages()).toEqual(['1', '2', '3'])
})

test('without a key changes go together, and the MAC is left to whoever has it', async () => {
  await branches(['first: 1', 'first: 9'], ['third: 3', 'third: 8'])
  delete env.SOPS_AGE_KEY
  const ran = git('merge', 'feature')
  expect(ran.status).toBe(1)
  expect(ran.said).toContain('merged without a key; seal it with: sops merge')
  expect(file().toString().match(/^<{7}/gm)).toHaveLength(1)
})

test('files that nobody encrypts are merged by git itself', async () => {
  repository.write({ 'p.enc.yaml': 'a: 1\nb: 2\nc: 3\n' })
  repository.commit('plain')
  repository.git('checkout', '-q', '-b', 'feature')
  repository.write({ 'p.enc.yaml': 'a: 1\nb: 2\nc: 9\n' })
  repository.commit('theirs')
  repository.git('checkout', '-q', 'main')
  repository.write({ 'p.enc.yaml': 'a: 8\nb: 2\nc: 3\n' })
  repository.commit('ours')
  expect(git('merge', 'feature', '-m', 'm').status).toBe(0)
  expect(readFileSync(repository.path('p.enc.yaml'), 'utf8')).toBe('a: 8\nb: 2\nc: 9\n')
})

test('a file that was encrypted on one branch stays encrypted', async () => {
  repository.write({ 'p.enc.yaml': plain })
  repository.commit('plain')
  repository.git('checkout', '-q', '-b', 'feature')
  repository.write({ 'p.enc.yaml': await sealed(plain, 'yaml') })
  repository.commit('encrypted')
  repository.git('checkout', '-q', 'main')
  repository.write({ 'p.enc.yaml': plain.replace('first: 1', 'first: 9') })
  repository.commit('ours')
  expect(git('merge', 'feature', '-m', 'm')).toMatchObject({ status: 0 })
  const text = readFileSync(repository.path('p.enc.yaml'))
  expect(text.toString().match(/ENC\[/g)).toHaveLength(4)
  expect(await plainOf(text, 'yaml')).toBe(plain.replace('first: 1', 'first: 9'))
})

test('what must not be sealed leaves both sides, and no exit status that git takes for a crash', async () => {
  await branches(['third: 3', 'third: 3\nnew: canary'], ['third: 3', 'third: 8'])
  repository.git('checkout', '-q', 'feature')
  repository.write({
    [name]: file()
      .toString()
      .replace(/unencrypted_suffix: .*/, 'unencrypted_regex: ^new$'),
  })
  repository.commit('another setting, without the key')
  repository.git('checkout', '-q', 'main')
  const ran = git('merge', 'feature')
  expect(ran).toMatchObject({ status: 1, said: expect.stringContaining('["new"] would be in clear') })
  expect(file().toString()).toContain('<<<<<<<')
  expect(file().toString() + ran.said).not.toContain('canary')
  expect(stages()).toEqual(['1', '2', '3'])
})

describe('called with what git does not pass', () => {
  const driver = async (...words: readonly string[]) => {
    const [own, other] = [
      await edited(base, plain.replace('1', '9'), 'yaml'),
      await edited(base, plain.replace('1', '8'), 'yaml'),
    ]
    repository.write({ base, ours: own, theirs: other })
    const args = [...program.slice(1), 'git', 'merge-driver', ...words]
    const { status } = spawnSync(program[0], args, { cwd: repository.dir, env, encoding: 'utf8' })
    return { status, own: own.toString(), text: readFileSync(repository.path('ours'), 'utf8') }
  }

  test.each(['0', '3', 'abc', '99999999999', '%L', '-5'])('markers of %s characters: those of git', async (size) => {
    const { status, text } = await driver('--', 'base', 'ours', 'theirs', size)
    expect(status).toBe(1)
    expect(text).toMatch(/^<{7} /m)
  })

  test.each([
    ['base', 'ours', 'none'],
    ['none', 'ours', 'theirs'],
    ['base', 'ours', '.'],
  ])('%s, %s and %s: git stops, and ours is no merged file', async (...names) => {
    const { status, own, text } = await driver(...names)
    expect({ status, text }).toEqual({ status: 129, text: own })
  })
})
