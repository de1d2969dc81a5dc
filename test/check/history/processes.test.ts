// What a look at the history costs: one `git log` and one `git cat-file` for all files, and nothing where nobody asks for it.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encrypt } from '../../../src/file/bytes.ts'
import { recipient } from '../../cli/exec-support.ts'
import { runCli } from '../../support/cli.ts'
import { gitEnv, makeRepository, type Repository } from '../../support/repository.ts'
import { configOf } from './story.ts'

const count = 80
let repo: Repository
let bin: string

beforeAll(async () => {
  repo = makeRepository()
  const bytes = await encrypt('a: one\n', { format: 'yaml', recipients: { age: recipient } })
  for (let version = 0; version < 3; version++) {
    for (let at = 0; at < count; at++) repo.write({ [`f${at}.yaml`]: `${Buffer.from(bytes)}# ${version}\n` })
    repo.commit('change', `2026-01-0${version + 1}`)
  }
  bin = join(repo.dir, '..', 'bin')
  mkdirSync(bin)
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  writeFileSync(join(bin, 'git'), `#!/bin/sh\necho "$@" >> '${bin}/calls'\nexec '${real}' "$@"\n`)
  chmodSync(join(bin, 'git'), 0o755)
})

afterAll(() => repo.remove())

/** The calls of Git that read the history. */
async function callsFor(own: string, ...flags: string[]): Promise<string[]> {
  repo.write({ '.sops.yaml': configOf(own) })
  rmSync(join(bin, 'calls'), { force: true })
  const env = { ...gitEnv, PATH: `${bin}${delimiter}${gitEnv.PATH}` }
  const { stdout, stderr } = await runCli(['check', '--json', ...flags], {
    cwd: repo.dir,
    env,
    now: new Date('2026-12-31T12:00:00Z'),
  })
  expect(stdout.toString(), stderr).toContain('"summary"')
  const words = readFileSync(join(bin, 'calls'), 'utf8').match(/(?<= )(?:log|cat-file|rev-list|show)(?= )/g)
  return [...(words ?? [])]
}

test.skipIf(process.platform === 'win32').each<[string, string, string[], string[]]>([
  ['nothing asks', 'revoke_grace: 9d', [], []],
  ['a policy that is about recipients', 'policy: [{files: ["*"], min_recipients: 1}]', [], []],
  ['a policy for no file of these', 'policy: [{files: ["other/*"], value_max_age: 9d}]', [], []],
  ['nobody is revoked yet', `revoked: [{who: ${recipient}, at: 2027-01-01}]`, [], []],
  ['a policy for some', 'policy: [{files: ["f1*"], value_max_age: 9d}]', [], ['log', 'cat-file']],
  ['a policy for all', 'policy: [{files: ["*"], data_key_max_age: 9d}]', [], ['log', 'cat-file']],
  ['somebody is revoked', `revoked: [{who: ${recipient}, at: 2026-01-01}]`, [], ['log', 'cat-file']],
  ['--history', '', ['--history'], ['log', 'cat-file']],
])('%s', async (_, own, flags, expected) => {
  expect(await callsFor(own, ...flags)).toEqual(expected)
})

test.skipIf(process.platform === 'win32')(
  'what is staged is compared by the process that reads the index',
  async () => {
    repo.write({ 'f0.yaml': `${readFileSync(repo.path('f0.yaml'))}# more\n` })
    repo.git('add', 'f0.yaml')
    const usual = await callsFor('', '--staged')
    expect((await callsFor('', '--staged', '--history')).toSorted()).toEqual([...usual, 'log'].toSorted())
  },
)
