// `git install` in a repository that somebody else has prepared, and where half of it fails.
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../support/project.ts'

let project: Project
let alice: Person
let outside: string
let config: string

beforeEach(() => {
  project = makeProject()
  alice = project.person('one')
  git(project.dir, 'init', '-q')
  outside = join(project.dir, '..', 'outside')
  writeFileSync(outside, 'precious\n')
  config = join(project.dir, '.git/config')
})
afterEach(() => project.remove())

const git = (cwd: string, ...words: string[]): void => {
  const author = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'protocol.file.allow=always']
  execFileSync('git', [...author, ...words], { cwd, stdio: 'pipe' })
}

const attributes = (): string => join(project.dir, '.gitattributes')

describe.skipIf(process.platform === 'win32')('a symbolic link', () => {
  test.each<[string, () => void]>([
    ['of the attributes to a file outside', () => symlinkSync('../outside', attributes())],
    ['of the attributes to no file', () => symlinkSync('../new', attributes())],
    [
      'of the attributes to a file inside, such as a hook',
      () => {
        writeFileSync(join(project.dir, '.git/hooks/pre-commit'), '#!/bin/sh\n')
        symlinkSync('.git/hooks/pre-commit', attributes())
      },
    ],
    [
      'of the settings',
      () => {
        renameSync(config, outside)
        symlinkSync(outside, config)
      },
    ],
    [
      'of the settings of a worktree',
      () => {
        git(project.dir, 'commit', '-q', '--allow-empty', '-m', 'x')
        renameSync(config, outside)
        symlinkSync(outside, config)
        git(project.dir, 'worktree', 'add', '-q', '../tree')
      },
    ],
    [
      'of the whole repository',
      () => {
        renameSync(join(project.dir, '.git'), join(project.dir, '../elsewhere'))
        symlinkSync('../elsewhere', join(project.dir, '.git'))
      },
    ],
  ])('%s is refused, and nothing is written', async (name, prepare) => {
    prepare()
    const at = name.includes('worktree') ? join(project.dir, '../tree') : project.dir
    const state = (): unknown[] => [
      readFileSync(outside, 'utf8'),
      readFileSync(config, 'utf8'),
      existsSync(join(project.dir, '../new')),
      existsSync(join(at, '.gitattributes')),
    ]
    const before = state()
    const { code, stderr } = await alice.sops(['git', 'install'], { env: { GIT_WORK_TREE: at, ...gitDir(at) } })
    expect(code).toBe(1)
    expect(stderr).toContain('is a symbolic link: nothing is written through it')
    expect(state()).toEqual(before)
  })

  test('that is the user’s own is followed with --global', async () => {
    symlinkSync(outside, join(project.dir, '../attributes'))
    const env = { GIT_CONFIG_GLOBAL: join(project.dir, '../gitconfig') }
    git(
      project.dir,
      'config',
      '--file',
      env.GIT_CONFIG_GLOBAL,
      'core.attributesFile',
      join(project.dir, '../attributes'),
    )
    expect(await alice.sops(['git', 'install', '--global'], { env })).toMatchObject({ code: 0 })
    expect(readFileSync(outside, 'utf8')).toContain('precious\n*.enc.yaml diff=sopsdiffer merge=sops\n')
  })
})

/** Runs as in that worktree: the program itself stays where the project is. */
const gitDir = (at: string): Record<string, string> =>
  at === project.dir ? {} : { GIT_DIR: join(project.dir, '.git/worktrees/tree') }

test('a worktree and a submodule, whose .git is a file, are served', async () => {
  git(project.dir, 'commit', '-q', '--allow-empty', '-m', 'x')
  const tree = join(project.dir, '../tree')
  git(project.dir, 'worktree', 'add', '-q', tree)
  const env = { GIT_WORK_TREE: tree, ...gitDir(tree) }
  expect(await alice.sops(['git', 'install'], { env })).toMatchObject({ code: 0 })
  expect(readFileSync(join(tree, '.gitattributes'), 'utf8')).toContain('*.enc.yaml diff=sopsdiffer merge=sops\n')
  expect(readFileSync(config, 'utf8')).toContain('sops git textconv')
})

describe('where git does not take the settings', () => {
  const fails: readonly (readonly [string, () => void])[] = [
    ['they are locked', () => writeFileSync(`${config}.lock`, '')],
    [
      'the name has several values',
      () => {
        for (const value of ['a', 'b']) git(project.dir, 'config', '--add', 'diff.sopsdiffer.textconv', value)
      },
    ],
  ]
  test.each(fails)('as %s, a new attributes file is gone again', async (_, prepare) => {
    prepare()
    const before = readFileSync(config, 'utf8')
    const { code, stderr } = await alice.sops(['git', 'install'])
    expect(code).toBe(1)
    expect(stderr).toContain('git config --local diff.sopsdiffer.textconv')
    expect(existsSync(attributes())).toBe(false)
    expect(readFileSync(config, 'utf8')).toBe(before)
  })

  test.each(fails)('as %s, an old one is as it was', async (_, prepare) => {
    prepare()
    writeFileSync(attributes(), '*.png binary', { mode: 0o640 })
    expect((await alice.sops(['git', 'install'])).code).toBe(1)
    expect(readFileSync(attributes(), 'utf8')).toBe('*.png binary')
    expect(lstatSync(attributes()).mode & 0o777).toBe(0o640)
  })

  test('of the user, the user’s attributes are as they were', async () => {
    const env = { GIT_CONFIG_GLOBAL: join(project.dir, '../gitconfig'), XDG_CONFIG_HOME: join(project.dir, '../xdg') }
    mkdirSync(join(env.XDG_CONFIG_HOME, 'git'), { recursive: true })
    writeFileSync(`${env.GIT_CONFIG_GLOBAL}.lock`, '')
    expect((await alice.sops(['git', 'install', '--global'], { env })).code).toBe(1)
    expect(existsSync(join(env.XDG_CONFIG_HOME, 'git/attributes'))).toBe(false)
    rmSync(`${env.GIT_CONFIG_GLOBAL}.lock`)
    expect((await alice.sops(['git', 'install', '--global'], { env })).code).toBe(0)
  })
})

describe('where the attributes cannot be written', () => {
  test.each<[string, () => void]>([
    ['a folder is in their place', () => mkdirSync(attributes())],
    ['a pipe is in their place', () => execFileSync('mkfifo', [attributes()])],
  ])('as %s, the settings are as they were', async (_, prepare) => {
    prepare()
    const before = readFileSync(config, 'utf8')
    expect((await alice.sops(['git', 'install'])).code).not.toBe(0)
    expect(readFileSync(config, 'utf8')).toBe(before)
  })

  test('of the user, the user’s settings are as they were', async () => {
    const env = { GIT_CONFIG_GLOBAL: join(project.dir, '../gitconfig'), XDG_CONFIG_HOME: join(project.dir, '../none') }
    writeFileSync(env.XDG_CONFIG_HOME, 'a file')
    expect((await alice.sops(['git', 'install', '--global'], { env })).code).not.toBe(0)
    expect(existsSync(env.GIT_CONFIG_GLOBAL)).toBe(false)
  })
})
