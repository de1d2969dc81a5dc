// The versions that commits made of files: whatever their names, whatever the shape of the history.
import { execFileSync } from 'node:child_process'
import { rmSync, symlinkSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { gitIn } from '../../src/repo/git.ts'
import { type Histories, historiesOf } from '../../src/repo/history.ts'
import { fakeContext } from '../support/context.ts'
import { gitEnv, makeRepository, type Repository } from '../support/repository.ts'

const made: { remove(): void }[] = []
afterEach(() => {
  for (const one of made.splice(0)) one.remove()
})

function repositoryOf(files: Readonly<Record<string, string>> = {}): Repository {
  const repo = makeRepository(files)
  made.push(repo)
  return repo
}

function historiesIn(dir: string, ...paths: string[]): Promise<Histories> {
  const ctx = fakeContext({ env: gitEnv, cwd: dir })
  return historiesOf(gitIn(dir, ctx), ctx, paths)
}

/** `DAY CONTENT <- CONTENTS BEFORE`, newest first. */
async function shown(repo: Repository, path: string, more: readonly string[] = []): Promise<string[]> {
  const { byPath } = await historiesIn(repo.dir, path, ...more)
  const content = (id: string | undefined): string => (id === undefined ? '-' : repo.git('cat-file', 'blob', id))
  return (byPath.get(path) ?? []).map(({ date, blob, before }) =>
    [date.toISOString().slice(5, 10), content(blob), '<-', ...before.map(content)].join(' '),
  )
}

/** Writes and commits a file, once for each content, on the days from the first of January on. */
function committed(repo: Repository, path: string, ...contents: string[]): string[] {
  return contents.map((content, at) => {
    repo.write({ [path]: content, [`other ${at}`]: content })
    return repo.commit('change', `2026-01-0${at + 1}`)
  })
}

test.each(['a.yaml', 'with blank.yaml', 'a "quote".yaml', 'line\nend.yaml', 'dir/ä.yaml', ':(top)x.yaml', '*.yaml'])(
  'a file called %j',
  async (name) => {
    const repo = repositoryOf()
    committed(repo, name, '1', '2', '3')
    expect(await shown(repo, name)).toEqual(['01-03 3 <- 2', '01-02 2 <- 1', '01-01 1 <-'])
  },
)

test('ids of commits and times of the committer', async () => {
  const repo = repositoryOf()
  const ids = committed(repo, 'a', '1', '2')
  const { byPath, isCut } = await historiesIn(repo.dir, 'a')
  expect(byPath.get('a')!.map(({ commit, date }) => [commit, date.toISOString()])).toEqual([
    [ids[1], '2026-01-02T12:00:00.000Z'],
    [ids[0], '2026-01-01T12:00:00.000Z'],
  ])
  expect(isCut).toBe(false)
})

test('of so many files that Git is not told their names, each has its own', async () => {
  const repo = repositoryOf()
  committed(repo, 'a', '1', '2')
  const many = Array.from({ length: 500 }, (_, at) => `missing/${at}`)
  expect(await shown(repo, 'a', ['other 1', ...many])).toEqual(['01-02 2 <- 1', '01-01 1 <-'])
  expect(await shown(repo, 'other 1', many)).toEqual(['01-02 2 <-'])
  expect(await shown(repo, 'missing/1', many)).toEqual([])
})

test('a file that was away follows the version that it had before', async () => {
  const repo = repositoryOf()
  committed(repo, 'a', '1', '2')
  rmSync(repo.path('a'))
  repo.commit('away', '2026-01-05')
  repo.write({ a: '3' })
  repo.commit('back', '2026-01-06')
  expect(await shown(repo, 'a')).toEqual(['01-06 3 <- 2', '01-05 - <- 2', '01-02 2 <- 1', '01-01 1 <-'])
})

test('a link is no version', async () => {
  const repo = repositoryOf()
  committed(repo, 'a', '1')
  rmSync(repo.path('a'))
  symlinkSync('other 0', repo.path('a'))
  repo.commit('link', '2026-01-05')
  expect(await shown(repo, 'a')).toEqual(['01-05 - <- 1', '01-01 1 <-'])
})

function forked(repo: Repository): void {
  committed(repo, 'a', '1')
  repo.git('checkout', '-q', '-b', 'side')
  repo.write({ a: '2' })
  repo.commit('side', '2026-01-02')
  repo.git('checkout', '-q', 'main')
}

test('a branch that was merged, or whose version was not taken, is part of the history', async () => {
  const repo = repositoryOf()
  forked(repo)
  repo.write({ b: 'main' })
  repo.commit('main', '2026-01-03')
  repo.git('merge', '-q', '--no-edit', '-s', 'ours', 'side')
  expect(await shown(repo, 'a')).toEqual(['01-02 2 <- 1', '01-01 1 <-'])
})

test('a merge that made a version of its own has a version before it in each parent', async () => {
  const repo = repositoryOf()
  forked(repo)
  repo.write({ a: '3' })
  repo.commit('main', '2026-01-03')
  expect(() => repo.git('merge', '-q', 'side')).toThrow()
  repo.write({ a: '23' })
  repo.commit('merge', '2026-01-04')
  expect(await shown(repo, 'a')).toEqual(['01-04 23 <- 3 2', '01-03 3 <- 1', '01-02 2 <- 1', '01-01 1 <-'])
})

test('nothing before the first commit', async () => {
  const repo = repositoryOf({ a: '1' })
  const { byPath, isCut } = await historiesIn(repo.dir, 'a')
  expect(byPath.get('a')).toEqual([])
  expect(isCut).toBe(false)
})

test('a shallow clone says so', async () => {
  const repo = repositoryOf()
  committed(repo, 'a', '1', '2', '3')
  const clone = `${repo.dir} clone`
  execFileSync('git', ['clone', '-q', '--depth', '2', `file://${repo.dir}`, clone], { env: gitEnv })
  const { byPath, isCut } = await historiesIn(clone, 'a')
  expect(byPath.get('a')).toHaveLength(2)
  expect(isCut).toBe(true)
})

test('settings of the user change nothing', async () => {
  const repo = repositoryOf()
  const settings = ['log.follow true', 'log.showRoot false', 'log.diffMerges first-parent', 'diff.renames copies']
  for (const setting of [...settings, 'log.decorate full', 'color.ui always', 'log.showSignature true'])
    repo.git('config', ...setting.split(' '))
  committed(repo, 'a', '1', '2')
  expect(await shown(repo, 'a')).toEqual(['01-02 2 <- 1', '01-01 1 <-'])
})

test('where Git fails, its words are those of the error', async () => {
  const repo = repositoryOf()
  committed(repo, 'a', '1')
  rmSync(repo.path('.git/objects'), { recursive: true })
  await expect(historiesIn(repo.dir, 'a')).rejects.toThrow(/^git log failed: /)
})
