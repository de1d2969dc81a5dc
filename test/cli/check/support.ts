// A repository in which Alice and Bob keep secrets, and somebody without any key who checks it.
import { execFileSync } from 'node:child_process'
import { makeProject, type Person, type Project, type Ran } from '../../support/project.ts'
import { gitEnv } from '../../support/repository.ts'

export interface FoundIn {
  readonly path: string
  readonly rule: string
  readonly level: string
  readonly keyPath: string | null
  readonly line: number | null
  readonly message: string
  readonly fix?: string
}

export interface Checked extends Project {
  readonly alice: Person
  readonly bob: Person
  readonly nobody: Person
  readonly git: (...args: string[]) => string
  /** Writes files, and has Alice encrypt them by the rules. */
  readonly seal: (files: Readonly<Record<string, string>>, ...flags: string[]) => Promise<void>
  /** Findings of a check by nobody, errors and warnings unless `all`; JSON and text must agree on the exit status. */
  readonly check: (
    ...argv: string[]
  ) => Promise<{ readonly code: number; readonly found: readonly FoundIn[]; readonly stderr: string }>
  readonly checkText: (...argv: string[]) => Promise<Ran>
}

export function makeChecked(config?: string): Checked {
  const project = makeProject()
  const [alice, bob, nobody] = [project.person('one'), project.person('two'), project.person('nobody')]
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: project.dir, env: gitEnv, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  git('init', '-q', '-b', 'main')
  project.write(
    '.sops.yaml',
    (config ?? rulesFor()).replaceAll('ALICE', alice.recipient).replaceAll('BOB', bob.recipient),
  )
  return {
    ...project,
    alice,
    bob,
    nobody,
    git,
    seal: async (files, ...flags) => {
      for (const [name, text] of Object.entries(files)) {
        project.write(name, text)
        const ran = await alice.sops(['encrypt', '-i', ...flags, name])
        if (ran.code !== 0) throw new Error(ran.stderr)
      }
    },
    check: async (...argv) => {
      const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
      const { code, stdout, stderr } = await nobody.sops(['check', '--json', ...argv], { env })
      const files = (stdout === '' ? [] : JSON.parse(stdout).files) as readonly { path: string; findings: FoundIn[] }[]
      return { code, stderr, found: files.flatMap(({ path, findings }) => findings.map((one) => ({ ...one, path }))) }
    },
    checkText: (...argv) =>
      nobody.sops(['check', ...argv], { env: { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' } }),
  }
}

/** Two recipients for what is in `secrets`, and a rule for no file of a plain kind. */
export const rulesFor = (more = ''): string => `creation_rules:
  - path_regex: ^secrets/
    age: ALICE,BOB
${more}`

/** `rule path keyPath level` of each finding. */
export const short = (found: readonly FoundIn[]): readonly string[] =>
  found.map(({ rule, path, keyPath, level }) => [rule, path, ...(keyPath === null ? [] : [keyPath]), level].join(' '))
