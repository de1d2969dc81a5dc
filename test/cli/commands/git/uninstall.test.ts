// `sops git uninstall`: everything is as it was before `sops git install`, and nothing that somebody else did is touched.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../../../support/project.ts'

let project: Project
let alice: Person

beforeEach(() => {
  project = makeProject()
  alice = project.person('one')
  git('init', '-q')
})
afterEach(() => project.remove())

const git = (...words: string[]): string => execFileSync('git', words, { cwd: project.dir, encoding: 'utf8' })
const attributes = (): string | undefined =>
  existsSync(join(project.dir, '.gitattributes')) ? project.read('.gitattributes') : undefined

async function ok(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await alice.sops(['git', ...words])
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}

test.each<[string, string | undefined]>([
  ['no file', undefined],
  ['an empty file', ''],
  ['no final line end', '*.png binary'],
  ['line ends of Windows', '*.png binary\r\n# x\r\n'],
  ['lines of an earlier release', '*.enc.yaml diff=sopsdiffer\n*.sops.yaml diff=sopsdiffer'],
])('%s: the bytes are those of before, and so are the settings', async (_, text) => {
  if (text !== undefined) project.write('.gitattributes', text)
  const config = project.read('.git/config')
  for (const words of [[], ['*.secret'], ['--filter', '--hook', '--hook=pre-push']]) await ok('install', ...words)
  await ok('uninstall')
  expect(attributes()).toBe(text)
  expect(project.read('.git/config')).toBe(config)
  expect(existsSync(join(project.dir, '.git/hooks/pre-commit'))).toBe(false)
  expect(await ok('uninstall')).toBe('nothing was installed here\n')
  expect(attributes()).toBe(text)
})

test('what somebody else wrote stays', async () => {
  git('config', 'diff.sopsdiffer.textconv', 'mine')
  project.write('.git/hooks/pre-commit', '#!/bin/sh\necho mine\n')
  chmodSync(join(project.dir, '.git/hooks/pre-commit'), 0o755)
  await ok('install', '--hook')
  git('config', 'merge.sops.driver', 'my driver')
  project.write('.gitattributes', `first\n${project.read('.gitattributes')}last`)
  await ok('uninstall')
  expect(attributes()).toBe('first\nlast')
  expect(git('config', '--list', '--local').match(/^(?:diff|merge|filter)\S*\..*$/gm)).toEqual([
    'diff.sopsdiffer.textconv=mine',
    'merge.sops.driver=my driver',
  ])
  expect(project.read('.git/hooks/pre-commit')).toBe('#!/bin/sh\necho mine\n')
})

test('lines that the repository had stay, and it says so', async () => {
  const text = '*.enc.yaml diff=sopsdiffer merge=sops\n'
  project.write('.gitattributes', text)
  expect(await ok('uninstall')).toBe('nothing was installed here\n')
  expect(attributes()).toBe(text)
})

test('of the user: attributes and settings', async () => {
  const home = `${project.dir}/home`
  const env = { HOME: home, XDG_CONFIG_HOME: `${home}/.config`, GIT_CONFIG_GLOBAL: `${project.dir}/gitconfig` }
  project.write('home/.config/git/attributes', 'x')
  project.write('gitconfig', '[user]\n\tname = a\n')
  for (const verb of ['install', 'uninstall'])
    expect(await alice.sops(['git', verb, '--global'], { env })).toMatchObject({ code: 0, stderr: '' })
  expect(project.read('home/.config/git/attributes')).toBe('x')
  expect(project.read('gitconfig')).toBe('[user]\n\tname = a\n')
  expect(git('ls-files', '-o', 'home/.config')).toBe('home/.config/git/attributes\n')
})

test('where Git refuses, the attributes stay as they are', async () => {
  await ok('install')
  const text = attributes()
  project.write('.git/config.lock', '')
  expect((await alice.sops(['git', 'uninstall'])).code).toBe(1)
  expect(attributes()).toBe(text)
  rmSync(join(project.dir, '.git/config.lock'))
  await ok('uninstall')
  expect(attributes()).toBeUndefined()
})

describe('patterns', () => {
  test('are refused: all of it goes', async () => {
    await ok('install', '*.x')
    expect(await alice.sops(['git', 'uninstall', '*.x'])).toMatchObject({ code: 1 })
  })
})
