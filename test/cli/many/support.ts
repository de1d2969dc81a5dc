// A repository with encrypted files in it, and commands that are run at its top.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../../src/cli/host.ts'
import { encrypt, formatOfPath } from '../../../src/index.ts'
import { runCli } from '../../support/cli.ts'
import { fakeContext } from '../../support/context.ts'
import type { Ran } from '../../support/project.ts'
import { gitEnv, makeRepository, type Repository } from '../../support/repository.ts'
import { identity, recipient, secondRecipient } from '../exec-support.ts'

export { identity, recipient, secondRecipient }

export interface RunOptions {
  /** The folder, below the top. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Answers for the terminal, which is not there without them. */
  readonly prompt?: (text: string) => string | undefined
  readonly threads?: Host['threads']
}

export interface Work extends Repository {
  /** With the key of `recipient`, unless `env` says otherwise. */
  readonly sops: (argv: readonly string[], options?: RunOptions) => Promise<Ran>
  /** Whether the command succeeds, and what it prints. */
  readonly prints: (...argv: string[]) => Promise<string>
  readonly read: (name: string) => string
  readonly exists: (name: string) => boolean
  /** Every file of the work tree, what is hidden and temporary included, as Latin-1. */
  readonly contents: () => Readonly<Record<string, string>>
}

export const rule = (...recipients: readonly string[]): string =>
  `creation_rules:\n  - path_regex: \\.enc\\.\n    age: ${recipients.join(',')}\n`

/** What a repository of these tests is for: values that are encrypted for `to`, by the format that the name says. */
export async function sealed(
  plain: Readonly<Record<string, string>>,
  to: string = recipient,
): Promise<Readonly<Record<string, Buffer>>> {
  const context = fakeContext()
  const one = async (name: string): Promise<[string, Buffer]> => [
    name,
    Buffer.from(await encrypt(plain[name]!, { format: formatOfPath(name), recipients: { age: to }, context })),
  ]
  return Object.fromEntries(await Promise.all(Object.keys(plain).map(one)))
}

/** A committed repository with `plain` encrypted, `more` as it is, and a rule for `recipient`. */
export async function makeWork(
  plain: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<Work> {
  const repository = makeRepository({ '.sops.yaml': rule(recipient), ...(await sealed(plain)), ...more })
  repository.commit()
  const sops: Work['sops'] = async (argv, { cwd = '', env = {}, stdin, prompt, threads } = {}) => {
    const { code, stdout, stderr } = await runCli(argv, {
      cwd: join(repository.dir, cwd),
      env: { ...gitEnv, SOPS_AGE_KEY: identity, SOPS_DISABLE_VERSION_CHECK: '1', SOPS_ADVICE: '1', ...env },
      ...(stdin === undefined ? {} : { stdin }),
      ...(prompt ? { prompt } : {}),
      ...(threads ? { threads } : {}),
    })
    return { code, stdout: stdout.toString(), stderr }
  }
  return {
    ...repository,
    sops,
    prints: async (...argv) => {
      const { code, stdout, stderr } = await sops(argv)
      if (code !== 0) throw new Error(`${argv.join(' ')}: ${code}\n${stderr}`)
      return stdout
    },
    read: (name) => readFileSync(repository.path(name), 'utf8'),
    exists: (name) => existsSync(repository.path(name)),
    contents: () => contentsOf(repository.dir),
  }
}

/** What every file below a folder holds, but for what Git keeps. */
export function contentsOf(dir: string): Readonly<Record<string, string>> {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .filter((name) => !/^\.git(?:\/|$)/.test(name))
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(dir, name), 'latin1')]))
}

/** The names whose content differs. */
export const changedNames = (
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name]).sort()

/** The lines of a text that are not in another. */
export const newLines = (before: string, after: string): readonly string[] => {
  const known = new Set(before.split('\n'))
  return after.split('\n').filter((line) => !known.has(line))
}
