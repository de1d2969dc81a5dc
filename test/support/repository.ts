// Real repositories of Git in temporary folders, with nobody's settings.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** What Git and the program under test get. */
export const gitEnv: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? '',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Tester',
  GIT_AUTHOR_EMAIL: 'tester@example.com',
  GIT_COMMITTER_NAME: 'Tester',
  GIT_COMMITTER_EMAIL: 'tester@example.com',
}

export interface Repository {
  /** Without symbolic links. */
  readonly dir: string
  readonly path: (name: string) => string
  readonly write: (files: Readonly<Record<string, string | Uint8Array>>) => void
  /** Runs Git at the top; returns what it prints. */
  readonly git: (...args: string[]) => string
  /** Adds everything and commits it, at noon of a day as `2026-01-31` or just now; returns the id of the commit. */
  readonly commit: (message?: string, day?: string) => string
  readonly remove: () => void
}

/** A repository on the branch `main` without a commit, with these files in its work tree. */
export function makeRepository(files: Readonly<Record<string, string | Uint8Array>> = {}): Repository {
  const above = realpathSync(mkdtempSync(join(tmpdir(), 'sops-repository-')))
  const dir = join(above, 'repository')
  mkdirSync(dir)
  const gitWith = (env: Readonly<Record<string, string>>, args: readonly string[]): string =>
    execFileSync('git', args, { cwd: dir, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const git = (...args: string[]): string => gitWith(gitEnv, args)
  const write: Repository['write'] = (more) => {
    for (const [name, content] of Object.entries(more)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true })
      writeFileSync(join(dir, name), content)
    }
  }
  git('init', '-q', '-b', 'main')
  write(files)
  return {
    dir,
    path: (name) => join(dir, name),
    write,
    git,
    commit: (message = 'change', day) => {
      git('add', '-A')
      const date = day === undefined ? {} : { GIT_COMMITTER_DATE: `${day}T12:00:00Z` }
      gitWith({ ...gitEnv, ...date }, ['commit', '-q', '-m', message])
      return git('rev-parse', 'HEAD').trim()
    },
    remove: () => rmSync(above, { recursive: true, force: true }),
  }
}

/** What an encrypted YAML file looks like, without a key. */
export const sealedYaml = `a: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]
sops:
    age:
        - recipient: age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5
          enc: x
    lastmodified: "2026-01-02T03:04:05Z"
    mac: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]
    version: 3.13.2
`
