// Which versions of which files `sops check` looks at: the work tree, the index, what changed, and rules of a commit that is trusted.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Checked, makeChecked, rulesFor, short } from './support.ts'

let repo: Checked
beforeEach(() => {
  repo = makeChecked()
})
afterEach(() => repo.remove())

const yaml = 'user: ann\n'
const error = 'plaintext-file secrets/a.yaml error'
const errors = async (...argv: string[]): Promise<readonly string[]> =>
  short((await repo.check(...argv)).found.filter(({ level }) => level === 'error'))
const commit = (): void => {
  repo.git('add', '-A')
  repo.git('commit', '-q', '-m', 'change')
}

describe('--staged', () => {
  test('reads the index where the work tree is good', async () => {
    repo.write('secrets/a.yaml', yaml)
    repo.git('add', '-A')
    await repo.seal({ 'secrets/a.yaml': yaml })
    expect(await errors('--staged')).toEqual([error])
    expect(await errors()).toEqual([])
  })
  test('reads the index where the work tree is bad', async () => {
    await repo.seal({ 'secrets/a.yaml': yaml })
    repo.git('add', '-A')
    repo.write('secrets/a.yaml', yaml)
    expect(await errors('--staged')).toEqual([])
    expect(await errors()).toEqual([error])
  })
  test('takes the rules of the index', async () => {
    repo.git('add', '-A')
    repo.write('.sops.yaml', 'creation_rules: []\n')
    repo.write('secrets/a.yaml', yaml)
    repo.git('add', 'secrets')
    expect(await errors('--staged')).toEqual([error])
  })
  test('takes the rules of the work tree where the index has none', async () => {
    repo.write('secrets/a.yaml', yaml)
    repo.git('add', 'secrets')
    expect(await errors('--staged')).toEqual([error])
  })
  test('looks at what changes only: not at deleted files, nor at those that are committed', async () => {
    repo.write('secrets/a.yaml', yaml)
    repo.write('secrets/b.yaml', yaml)
    commit()
    repo.git('rm', '-q', 'secrets/a.yaml')
    repo.write('secrets/c.yaml', yaml)
    repo.git('add', '-A')
    expect(await errors('--staged')).toEqual(['plaintext-file secrets/c.yaml error'])
  })
  test('sees renamed and edited files by their new names, whatever these are', async () => {
    await repo.seal({ 'secrets/a.yaml': yaml })
    commit()
    repo.git('mv', 'secrets/a.yaml', 'secrets/ü "x"\n.yaml')
    repo.write('secrets/ü "x"\n.yaml', yaml)
    repo.git('add', '-A')
    expect(await errors('--staged')).toEqual(['plaintext-file secrets/ü "x"\n.yaml error'])
  })
  test('passes over what is only meant to be added, links and submodules', async () => {
    repo.write('secrets/a.yaml', yaml)
    repo.git('add', '-N', 'secrets/a.yaml')
    expect(await errors('--staged')).toEqual([])
  })
  test('finds the encrypted file that a staged one was copied from', async () => {
    await repo.seal({ 'secrets/a.yaml': yaml })
    commit()
    repo.write('secrets/b.yaml', repo.read('secrets/a.yaml'))
    repo.git('add', '-A')
    expect(short((await repo.check('--staged')).found)).toEqual(['shared-data-key secrets/b.yaml warning'])
  })
  test('finds expressions of a staged configuration that do not compile', async () => {
    commit()
    repo.write('.sops.yaml', `${repo.read('.sops.yaml')}  - path_regex: "("\n    age: ${repo.alice.recipient}\n`)
    repo.git('add', '-A')
    expect(await errors('--staged')).toEqual(['bad-regex .sops.yaml error'])
  })
  test('finds a file that was unlocked', async () => {
    await repo
      .seal({ 'notes.yaml': yaml }, '--config', '/dev/null', '--age', repo.alice.recipient)
      .catch(() => undefined)
    await repo.seal({ 'secrets/a.yaml': yaml })
    commit()
    expect(await repo.alice.sops(['unlock', 'secrets/a.yaml'])).toMatchObject({ code: 0 })
    repo.git('add', '-A')
    const { found } = await repo.check('--staged')
    expect(found.filter(({ path }) => path === 'secrets/a.yaml')).toMatchObject([
      { rule: 'plaintext-file', message: 'is unlocked: it stands in clear', fix: 'sops lock secrets/a.yaml' },
    ])
  })
})

describe('--changed', () => {
  test('looks at what differs from the common ancestor', async () => {
    repo.write('secrets/a.yaml', yaml)
    commit()
    repo.git('checkout', '-q', '-b', 'topic')
    repo.write('secrets/b.yaml', yaml)
    commit()
    expect(await errors('--changed=main')).toEqual(['plaintext-file secrets/b.yaml error'])
  })
  test('that was never pushed means everything', async () => {
    repo.write('secrets/a.yaml', yaml)
    commit()
    expect(await errors('--changed=@{push}')).toEqual([error])
  })
  test('of a commit that is not there could not be done', async () => {
    expect(await repo.check('--changed=nowhere')).toMatchObject({ code: 2, found: [] })
  })
})

describe('--config-from', () => {
  test('a branch cannot switch its own check off', async () => {
    commit()
    repo.git('checkout', '-q', '-b', 'topic')
    repo.write(
      '.sops.yaml',
      rulesFor('x-sops-ts: {check: {rules: {plaintext-file: off}}}\n').replaceAll(/ALICE|BOB/g, repo.alice.recipient),
    )
    repo.write('secrets/a.yaml', yaml)
    commit()
    expect(await errors()).toEqual([])
    expect(await errors('--config-from', 'main')).toEqual([error])
  })
  test('of a commit that is not there could not be done', async () => {
    expect(await repo.check('--config-from', 'nowhere')).toMatchObject({ code: 2, found: [] })
  })
})

test('--history outside of Git could not be done', async () => {
  rmSync(join(repo.dir, '.git'), { recursive: true })
  expect(await repo.check('--history')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--history: not inside'),
  })
})

describe('targets', () => {
  test('folders, patterns, files and kinds', async () => {
    repo.write('secrets/a.yaml', yaml)
    repo.write('secrets/b.json', '{"a": 1}')
    repo.write('secrets/c/d.env', 'A=1\n')
    repo.git('add', '-A')
    expect(await errors('secrets/c')).toEqual(['plaintext-file secrets/c/d.env error'])
    expect(await errors('secrets/*.json')).toEqual(['plaintext-file secrets/b.json error'])
    expect(await errors('secrets/a.yaml')).toEqual([error])
    expect(await errors('--type', 'json')).toEqual(['plaintext-file secrets/b.json error'])
    expect(await errors('--exclude', 'secrets/c', '--exclude', '**/*.json')).toEqual([error])
  })
  test('outside of Git the files of the folder', async () => {
    repo.write('secrets/a.yaml', yaml)
    const { code, stdout } = await repo.nobody.sops(['check', '--json'], {
      env: { GIT_DIR: '/nowhere', GIT_CEILING_DIRECTORIES: '/' },
    })
    expect([code, stdout]).toEqual([2, ''])
  })
  test('from a folder below, files are called as they are there, and the whole repository is checked', async () => {
    repo.write('secrets/a.yaml', yaml)
    repo.write('deep/x.txt', '')
    repo.git('add', '-A')
    const run = await repo.nobody.sops(['check', '--json', '../secrets/a.yaml'].slice(0, 2))
    expect(run.code).toBe(1)
  })
})
