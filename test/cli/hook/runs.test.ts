// Hooks as Git runs them: with a program `sops` that only notes how it is called, and ends as it is told.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { blockOf } from '../../../src/cli/hook/block.ts'
import { findProgram } from '../../../src/system/index.ts'
import { runCli } from '../../support/cli.ts'
import { gitEnv, makeRepository, type Repository } from '../../support/repository.ts'

let one: Repository
beforeEach(() => {
  one = makeRepository({ 'a.txt': '1\n' })
  one.write({
    '../bin/sops': '#!/bin/sh\ncat >/dev/null\necho "$*" >>"$NOTES"\nexit "$ENDS"\n',
    '../notes': '',
  })
  chmodSync(one.path('../bin/sops'), 0o755)
})
afterEach(() => one.remove())

interface Ran {
  readonly status: number | null
  readonly stderr: string
}

const started = (program: string, args: readonly string[], env: Readonly<Record<string, string>>, cwd = one.dir): Ran =>
  spawnSync(program, args, {
    cwd,
    env: { ...gitEnv, NOTES: one.path('../notes'), ...env },
    encoding: 'utf8',
    input: '',
  })

/** Git, while the check ends with this status. */
const git = (ends: number, ...args: string[]): Ran =>
  started('git', args, { PATH: `${one.path('../bin')}${delimiter}${gitEnv['PATH']}`, ENDS: String(ends) })

const notes = (): string[] => readFileSync(one.path('../notes'), 'utf8').split('\n').slice(0, -1)
const commits = (): number =>
  git(0, 'rev-parse', '--quiet', '--verify', 'HEAD').status === 0 ? Number(one.git('rev-list', '--count', 'HEAD')) : 0

async function install(...words: string[]): Promise<void> {
  const { code, stderr } = await runCli(['git', 'install', ...words], { cwd: one.dir, env: gitEnv })
  expect([code, stderr]).toEqual([0, ''])
}

function put(name: string, text: string): void {
  one.write({ [name]: text })
  chmodSync(one.path(name), 0o755)
}

describe('a commit', () => {
  test.each([
    [0, 1],
    [1, 0],
    [2, 0],
    [127, 0],
  ])('of which the check ends with %i makes %i', async (ends, made) => {
    await install('--hook')
    one.git('add', '-A')
    expect(git(ends, 'commit', '-q', '-m', 'x').status).toBe(made === 1 ? 0 : 1)
    expect(notes()).toEqual(['check --staged'])
    expect(commits()).toBe(made)
  })

  test.each([
    ['by a hook that stops at faults and unset variables', '#!/bin/sh\nset -eu\n', 0],
    ['by a shell that does so', '#!/bin/sh -eu\n', 0],
    ['by bash', '#!/usr/bin/env bash\nset -euo pipefail\n', 0],
    ['whose hook refuses it for reasons of its own', '#!/bin/sh\nexit 1\n', 1],
  ])('%s goes on below the block', async (_, start, status) => {
    put('.git/hooks/pre-commit', `${start}echo below >>"$NOTES"\n`)
    await install('--hook')
    one.git('add', '-A')
    const below = status === 0 ? ['below'] : []
    expect(git(0, 'commit', '-q', '-m', 'x').status).toBe(status)
    expect(notes()).toEqual(['check --staged', ...below])
    expect(git(1, 'commit', '-q', '--allow-empty', '-m', 'y').status).toBe(1)
    expect(notes()).toEqual(['check --staged', ...below, 'check --staged'])
  })

  test('from a folder below, and of one file only', async () => {
    await install('--hook')
    one.write({ 'sub/b.txt': '2\n' })
    one.git('add', '-A')
    expect(git(0, '-C', 'sub', 'commit', '-q', '-m', 'x', 'b.txt').status).toBe(0)
    expect(notes()).toEqual(['check --staged'])
  })

  test('in a folder whose name has blanks, quotes and a line end', async () => {
    const odd = one.path(`../a "b' $x\nc`)
    one.git('init', '-q', odd)
    expect((await runCli(['git', 'install', '--hook'], { cwd: odd, env: gitEnv })).code).toBe(0)
    expect(git(1, '-C', odd, 'commit', '-q', '--allow-empty', '-m', 'x').status).toBe(1)
    expect(git(0, '-C', odd, 'commit', '-q', '--allow-empty', '-m', 'x').status).toBe(0)
    expect(notes()).toEqual(['check --staged', 'check --staged'])
  })

  test('in a worktree', async () => {
    one.commit()
    await install('--hook')
    one.git('worktree', 'add', '-q', '../tree')
    expect(git(1, '-C', '../tree', 'commit', '-q', '--allow-empty', '-m', 'x').status).toBe(1)
    expect(git(0, '-C', '../tree', 'commit', '-q', '--allow-empty', '-m', 'x').status).toBe(0)
  })

  test('without the program is refused, and how to go on is said', async () => {
    await install('--hook')
    // Git and a shell alone.
    mkdirSync(one.path('../none'))
    for (const name of ['git', 'sh']) symlinkSync(findProgram([name], gitEnv['PATH'])!, one.path(`../none/${name}`))
    const bare = (...words: string[]): Ran =>
      started('git', ['commit', '-q', '--allow-empty', '-m', 'x', ...words], { PATH: one.path('../none') })
    expect(bare()).toMatchObject({
      status: 1,
      stderr:
        'nothing is committed, since there is no program sops in PATH to check it: add its folder to PATH, or skip hooks with git commit --no-verify\n',
    })
    expect(bare('--no-verify')).toMatchObject({ status: 0, stderr: '' })
  })
})

describe('a push', () => {
  beforeEach(async () => {
    put('.git/hooks/pre-push', '#!/bin/sh\ncat >>"$NOTES"\n')
    await install('--hook=pre-push')
    one.git('init', '-q', '--bare', '../remote')
    one.git('remote', 'add', 'origin', '../remote')
    one.git('commit', '-q', '--allow-empty', '-m', 'x')
  })

  test('of a new branch checks everything, of another one what it adds; what Git says stays for the lines below', () => {
    expect(git(0, 'push', '-q', '-u', 'origin', 'main').status).toBe(0)
    expect(notes()).toEqual(['check', expect.stringMatching(/^refs\/heads\/main \w{40} refs\/heads\/main 0{40}$/)])
    one.git('commit', '-q', '--allow-empty', '-m', 'y')
    expect(git(0, 'push', '-q').status).toBe(0)
    expect(notes().slice(2)).toEqual(['check --changed=@{push}', expect.stringMatching(/^refs\/heads\/main /)])
    expect(git(0, 'push', '-q', 'origin', ':main').status).toBe(0)
    expect(notes().slice(4)).toEqual(['check --changed=@{push}', expect.stringMatching(/^\(delete\) /)])
  })

  test.each([1, 2])('is refused where the check ends with %i', (ends) => {
    expect(git(ends, 'push', '-q', '-u', 'origin', 'main').status).toBe(1)
    expect(notes()).toEqual(['check'])
    expect(git(0, 'push', '-q', '-u', 'origin', 'main').status).toBe(0)
    one.git('commit', '-q', '--allow-empty', '-m', 'y')
    expect(git(ends, 'push', '-q').status).toBe(1)
    expect(notes().at(-1)).toBe('check --changed=@{push}')
  })

  test('without a branch checks everything', () => {
    one.git('checkout', '-q', '--detach')
    expect(git(0, 'push', '-q', 'origin', 'HEAD:refs/heads/x').status).toBe(0)
    expect(notes()[0]).toBe('check')
  })
})

const shells = ['sh', 'dash', 'bash', 'zsh', 'ksh', 'mksh', 'busybox'].filter((name) =>
  findProgram([name], gitEnv['PATH']),
)

describe.each(shells)('the block in %s', (name) => {
  const run = (hook: 'pre-commit' | 'pre-push', ends: number, ...flags: string[]): Ran => {
    writeFileSync(one.path('../hook'), `#!/bin/sh\n${blockOf(hook)}echo below >>"$NOTES"\n`)
    const words = [...(name === 'busybox' ? ['sh'] : []), ...flags, one.path('../hook')]
    return started(name, words, { PATH: `${one.path('../bin')}${delimiter}${gitEnv['PATH']}`, ENDS: String(ends) })
  }

  test.each<[readonly string[]]>([[[]], [['-e']], [['-eu']]])('with %j', (flags) => {
    for (const hook of ['pre-commit', 'pre-push'] as const) {
      expect(run(hook, 0, ...flags)).toMatchObject({ status: 0, stderr: '' })
      expect(run(hook, 2, ...flags)).toMatchObject({ status: 1, stderr: '' })
    }
    expect(notes()).toEqual(['check --staged', 'below', 'check --staged', 'check', 'below', 'check'])
  })
})
