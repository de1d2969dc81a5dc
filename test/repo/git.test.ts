// Git as it is run here, on real repositories: where a work tree begins, what is in it, and what changed.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Blobs,
  changedFiles,
  type Git,
  gitIn,
  mergeBase,
  openBlobs,
  stagedFiles,
  topOf,
  trackedFiles,
  untrackedFiles,
} from '../../src/repo/index.ts'
import { textOf } from '../../src/system/index.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { gitEnv, makeRepository, type Repository } from '../support/repository.ts'

let repository: Repository
beforeEach(() => {
  repository = makeRepository()
})
afterEach(() => repository.remove())

const at = (cwd: string, env: Readonly<Record<string, string>> = {}): FakeContext =>
  fakeContext({ cwd, env: { ...gitEnv, ...env } })
const here = (env: Readonly<Record<string, string>> = {}): Git => gitIn(repository.dir, at(repository.dir, env))
const blobsHere = (env: Readonly<Record<string, string>> = {}): Promise<Blobs> =>
  openBlobs(repository.dir, at(repository.dir, env))
const odd = ['a b', 'a\nb', 'a"b', "a'b", 'é', 'a\tb', '-a', ':a', '*', 'a\\b', 'a\r', ' ']

describe('topOf', () => {
  test('is the same from everywhere in the work tree, through links too', async () => {
    mkdirSync(repository.path('k/l'), { recursive: true })
    const link = join(repository.dir, '../link')
    symlinkSync(repository.dir, link)
    for (const folder of [repository.dir, repository.path('k/l'), link, join(link, 'k')]) {
      expect(await topOf(folder, at(folder))).toBe(repository.dir)
      expect(await topOf(folder, at('/'))).toBe(repository.dir)
    }
  })

  test('is undefined outside of a work tree, and in a bare repository', async () => {
    const above = join(repository.dir, '..')
    execFileSync('git', ['init', '-q', '--bare', join(above, 'bare.git')], { env: gitEnv })
    for (const folder of [above, join(above, 'bare.git'), repository.path('.git')])
      expect(await topOf(folder, at(folder))).toBeUndefined()
  })

  test('without a program git a repository is a failure, and any other folder is not', async () => {
    const above = join(repository.dir, '..')
    const env = { PATH: above }
    expect(await topOf(above, at(above, env))).toBeUndefined()
    await expect(topOf(repository.dir, at(repository.dir, env))).rejects.toMatchObject({
      code: 'generic',
      message: 'git rev-parse failed: there is no program git in PATH',
    })
  })

  test('the variables that hooks get are for the repository of the current folder only', async () => {
    const other = makeRepository({ 'k/a': '1' })
    try {
      const above = join(repository.dir, '..')
      execFileSync('git', ['init', '-q', '--separate-git-dir', join(above, 'elsewhere'), repository.dir], {
        env: gitEnv,
      })
      unlinkSync(repository.path('.git'))
      mkdirSync(repository.path('k'))
      const ctx = at(repository.dir, { GIT_DIR: '../elsewhere', GIT_INDEX_FILE: '../elsewhere/index' })
      expect(await topOf(repository.dir, ctx)).toBe(repository.dir)
      expect(await topOf(repository.path('k'), ctx)).toBe(repository.dir)
      expect(await topOf(other.path('k'), ctx)).toBe(other.dir)
      expect(await untrackedFiles(gitIn(other.dir, ctx))).toEqual(['k/a'])
      const fromBelow = at(repository.path('k'), { GIT_DIR: '../../elsewhere', GIT_WORK_TREE: '..' })
      expect(await topOf(repository.path('k'), fromBelow)).toBe(repository.dir)
    } finally {
      other.remove()
    }
  })

  test('a GIT_DIR that is none is a failure', async () => {
    await expect(topOf(repository.dir, at(repository.dir, { GIT_DIR: '/nonexistent' }))).rejects.toMatchObject({
      message: "git rev-parse failed: fatal: not a git repository: '/nonexistent'",
    })
  })
})

describe('run', () => {
  test('a failure has the words of Git, and no line of them can pass for one of ours', async () => {
    await expect(here().run('cat-file', '-p', 'nothing')).rejects.toMatchObject({
      code: 'generic',
      message: 'git cat-file failed: fatal: Not a valid object name nothing',
    })
  })

  test('a folder that is gone is not taken for a program that is', async () => {
    const gone = repository.path('gone')
    await expect(gitIn(gone, at(gone)).run('status')).rejects.toThrow(`git status failed: there is no folder "${gone}"`)
  })

  test('starts nothing that the repository names', async () => {
    const program = repository.path('program')
    writeFileSync(program, `#!/bin/sh\necho ran >> '${repository.path('ran')}'\n`)
    chmodSync(program, 0o755)
    repository.write({ a: '1', '.git/hooks/post-index-change': `#!/bin/sh\n'${program}'\n` })
    chmodSync(repository.path('.git/hooks/post-index-change'), 0o755)
    repository.git('add', 'a')
    unlinkSync(repository.path('ran'))
    for (const setting of ['core.fsmonitor', 'core.pager', 'diff.external']) repository.git('config', setting, program)
    repository.write({ a: '22' })
    expect(await stagedFiles(here())).toEqual(['a'])
    expect(await trackedFiles(here())).toEqual(['a'])
    expect(await changedFiles(here())).toEqual(['a'])
    expect(await untrackedFiles(here())).toEqual(['program'])
  })
})

describe('lists', () => {
  test.each([
    ['trackedFiles', trackedFiles],
    ['stagedFiles', stagedFiles],
    ['changedFiles', changedFiles],
  ])('%s gives names as they are, before the first commit too', async (_, list) => {
    repository.write(Object.fromEntries(odd.map((name) => [`k/${name}`, '1'])))
    const latin = Buffer.concat([Buffer.from(`${repository.dir}/caf`), Buffer.of(0xe9)])
    writeFileSync(latin, '1')
    repository.git('add', '-A')
    const names = [...odd.map((name) => `k/${name}`), textOf(Buffer.from('636166e9', 'hex'))]
    expect([...(await list(here()))].sort()).toEqual(names.sort())
  })

  test('tracked files are regular ones of the work tree', async () => {
    const inner = makeRepository({ x: '1' })
    try {
      inner.commit()
      repository.write({ a: '1', b: '1', 'k/a': '1', '.gitignore': 'ignored\n', ignored: '1' })
      symlinkSync('a', repository.path('link'))
      repository.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.dir, 'module')
      repository.git('add', '-A')
      repository.git('update-index', '--skip-worktree', 'b')
      repository.write({ new: '1', 'n/new': '1' })
      expect(await trackedFiles(here())).toEqual(['.gitignore', '.gitmodules', 'a', 'k/a'])
      expect(await untrackedFiles(here())).toEqual(['n/new', 'new'])
    } finally {
      inner.remove()
    }
  })

  test('case twins are two files, and one in conflict is one', async () => {
    repository.write({ a: '1\n', A: '1\n' })
    repository.commit()
    repository.git('checkout', '-q', '-b', 'side')
    repository.write({ a: '2\n' })
    repository.commit()
    repository.git('checkout', '-q', 'main')
    repository.write({ a: '3\n' })
    repository.commit()
    expect(() => repository.git('merge', '-q', 'side')).toThrow()
    expect(await trackedFiles(here())).toEqual(['A', 'a'])
    expect(await changedFiles(here())).toEqual(['a'])
    const blobs = await blobsHere()
    const read = async (name: string): Promise<unknown> => {
      const bytes = await blobs.read(name)
      return bytes && Buffer.from(bytes).toString()
    }
    expect(await Promise.all([':0:a', ':1:a', ':2:a', ':3:a', ':A'].map(read))).toEqual([
      undefined,
      '1\n',
      '3\n',
      '2\n',
      '1\n',
    ])
    blobs.close()
  })

  test('GIT_INDEX_FILE is the index that counts', async () => {
    repository.write({ a: '1', b: '1' })
    repository.git('add', 'a')
    execFileSync('git', ['add', 'b'], { cwd: repository.dir, env: { ...gitEnv, GIT_INDEX_FILE: '.git/other' } })
    expect(await stagedFiles(here())).toEqual(['a'])
    expect(await stagedFiles(here({ GIT_INDEX_FILE: '.git/other' }))).toEqual(['b'])
    const blobs = await blobsHere({ GIT_INDEX_FILE: '.git/other' })
    expect(await blobs.read(':0:a')).toBeUndefined()
    expect(await blobs.read(':0:b')).toEqual(Buffer.from('1'))
    blobs.close()
  })
})

describe('changes', () => {
  beforeEach(() => {
    repository.write({ same: '1', edited: '1', staged: '1', both: '1', gone: '1', dropped: '1', old: '1234567890\n' })
    repository.commit()
    repository.write({ edited: '2', staged: '2', new: '1' })
    repository.git('mv', 'old', 'renamed')
    repository.git('add', 'staged', 'new')
    repository.git('rm', '-q', 'dropped')
    unlinkSync(repository.path('gone'))
    repository.write({ untracked: '1' })
  })

  test('staged ones are what the next commit has new', async () =>
    expect(await stagedFiles(here())).toEqual(['new', 'renamed', 'staged']))

  test('changed ones differ from HEAD, staged or not, and are there', async () =>
    expect(await changedFiles(here())).toEqual(['edited', 'new', 'renamed', 'staged']))

  test('neither depends on settings', async () => {
    const settings = {
      'diff.noprefix': 'true',
      'diff.relative': 'true',
      'color.ui': 'always',
      'diff.renames': 'copies',
    }
    for (const [name, value] of Object.entries(settings)) repository.git('config', name, value)
    const env = { GIT_ICASE_PATHSPECS: '1', GIT_EXTERNAL_DIFF: 'false' }
    expect(await changedFiles(here(env))).toEqual(['edited', 'new', 'renamed', 'staged'])
    expect(await stagedFiles(here(env))).toEqual(['new', 'renamed', 'staged'])
  })

  test('with a revision they count from where that and HEAD parted', async () => {
    const base = repository.git('rev-parse', 'HEAD').trim()
    repository.commit()
    repository.git('checkout', '-q', '-b', 'side', base)
    repository.write({ 'of side': '1' })
    repository.commit()
    repository.git('checkout', '-q', 'main')
    repository.write({ later: '1' })
    repository.git('add', '-A')
    expect(await mergeBase(here(), 'side')).toBe(base)
    expect(await changedFiles(here(), 'side')).toEqual(['edited', 'later', 'new', 'renamed', 'staged', 'untracked'])
    expect(await changedFiles(here(), 'HEAD')).toEqual(['later'])
  })

  test.each([
    ['nowhere', '"nowhere" is no commit of this repository'],
    ['--output=x', '"--output=x" is no commit of this repository'],
    ['main..main', '"main..main" is no commit of this repository'],
    ['main:same', '"main:same" is no commit of this repository'],
    ['a\nb', '"a\\nb" is no commit of this repository'],
    ['apart', '"apart" and HEAD have no commit in common here'],
  ])('the revision %j is refused', async (ref, message) => {
    const tree = repository.git('write-tree').trim()
    repository.git('branch', 'apart', repository.git('commit-tree', tree, '-m', 'another beginning').trim())
    await expect(changedFiles(here(), ref)).rejects.toMatchObject({ code: 'generic', message })
  })

  test('before the first commit nothing is there to compare with', async () => {
    repository.git('checkout', '-q', '--orphan', 'fresh')
    await expect(changedFiles(here(), 'main')).rejects.toThrow('HEAD has no commit yet to compare with "main"')
  })
})

describe('blobs', () => {
  test('many reads at once get each their own', async () => {
    const files = Object.fromEntries(odd.map((name, i) => [name, `${name}${'\n'.repeat(i)}`]))
    const large = Buffer.alloc(300_000, 'ab\n\0')
    repository.write({ ...files, large, empty: '', 'k/a': 'below' })
    repository.commit()
    repository.write({ 'k/a': 'staged' })
    repository.git('add', '-A')
    const blobs = await blobsHere()
    const id = repository.git('rev-parse', 'HEAD:empty').trim()
    const wanted: [string, string | Buffer | undefined][] = [
      ...Object.entries(files).flatMap(([name, text]): [string, string][] => [
        [`:0:${name}`, text],
        [`HEAD:${name}`, text],
      ]),
      [':0:large', large],
      [id, ''],
      [':0:k/a', 'staged'],
      ['HEAD:k/a', 'below'],
      [':0:nothing', undefined],
      [':0:no\nthing', undefined],
      ['HEAD:k', undefined],
      ['nowhere:k/a', undefined],
    ]
    const read = await Promise.all(wanted.map(([name]) => blobs.read(name)))
    const plain = wanted.map(([, content]) => (content === undefined ? undefined : Buffer.from(content)))
    expect(read.map((bytes) => bytes && Buffer.from(bytes))).toEqual(plain)
    expect(await blobs.read(':0:large', 299_999)).toBeUndefined()
    expect(await blobs.read(':0:large', 300_000)).toHaveLength(300_000)
    await expect(blobs.read('a\0b')).rejects.toThrow('"a\\x00b": no name in Git has null bytes')
    blobs.close()
    await expect(blobs.read(':0:k/a')).rejects.toThrow('git cat-file failed: it is closed')
  })

  test('a repository that is none fails each read', async () => {
    const above = join(repository.dir, '..')
    const blobs = await openBlobs(above, at(above))
    await expect(blobs.read('HEAD:a')).rejects.toThrow('git cat-file failed: fatal: not a git repository')
    blobs.close()
  })
})
