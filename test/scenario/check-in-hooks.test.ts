// A team that keeps secrets in Git has the check in its hook: real Git refuses what must not be committed.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { programLine } from '../support/build.ts'
import { makeProject, type Person, type Project } from '../support/project.ts'
import { gitEnv } from '../support/repository.ts'

let project: Project
let alice: Person
let env: Record<string, string>

beforeEach(async () => {
  project = makeProject()
  alice = project.person('one')
  const bin = join(project.dir, '..', 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'sops'), `#!/bin/sh\nexec ${programLine} "$@"\n`)
  chmodSync(join(bin, 'sops'), 0o755)
  env = { ...gitEnv, PATH: `${bin}:${process.env.PATH}`, HOME: '/nowhere' }
  git('init', '-q', '-b', 'main')
  project.write('.sops.yaml', `creation_rules:\n  - path_regex: ^secrets/\n    age: ${alice.recipient}\n`)
  expect(git('add', '-A')).toBe('')
  git('commit', '-q', '-m', 'rules')
  execFileSync('sops', ['git', 'install', '--hook'], { cwd: project.dir, env, stdio: 'pipe' })
}, 60_000)
afterEach(() => project.remove())

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: project.dir, env, encoding: 'utf8', stdio: 'pipe' })
const commit = (): { status: number | null; said: string } => {
  git('add', '-A')
  const { status, stdout, stderr } = spawnSync('git', ['commit', '-q', '-m', 'change'], {
    cwd: project.dir,
    env,
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr }
}

test('a plaintext is refused, its encrypted form is not', async () => {
  project.write('secrets/my "first".yaml', 'user: canary\n')
  const refused = commit()
  expect(refused.status).toBe(1)
  expect(refused.said).toContain('plaintext-file')
  expect(refused.said).not.toContain('canary')
  await alice.sops(['encrypt', '-i', 'secrets/my "first".yaml'])
  expect(commit().status).toBe(0)
  expect(git('show', 'HEAD:secrets/my "first".yaml')).toContain('ENC[')
}, 60_000)

test('a file that was unlocked is refused until it is locked', async () => {
  project.write('secrets/a.yaml', 'user: ann\n')
  await alice.sops(['encrypt', '-i', 'secrets/a.yaml'])
  expect(commit().status).toBe(0)
  await alice.sops(['unlock', 'secrets/a.yaml'])
  expect(commit()).toMatchObject({ status: 1, said: expect.stringContaining('sops lock secrets/a.yaml') })
  await alice.sops(['lock'])
  project.write('other.txt', '')
  expect(commit().status).toBe(0)
}, 60_000)

test('what is staged counts, not what stands in the work tree', async () => {
  project.write('secrets/a.yaml', 'user: ann\n')
  git('add', '-A')
  await alice.sops(['encrypt', '-i', 'secrets/a.yaml'])
  expect(spawnSync('git', ['commit', '-q', '-m', 'x'], { cwd: project.dir, env }).status).toBe(1)
}, 60_000)
