// A repository whose commits have dates, and what a check finds in it one day.
import { expect } from 'vitest'
import { identity, recipient, secondRecipient } from '../../cli/exec-support.ts'
import { runCli } from '../../support/cli.ts'
import { gitEnv, makeRepository, type Repository } from '../../support/repository.ts'

export const today = '2026-06-30'

/** As `--json` has it. */
export interface FoundFinding {
  readonly path: string
  readonly rule: string
  readonly level: string
  readonly keyPath: string | null
  readonly line: number | null
  readonly message: string
  readonly state?: string
  readonly fix?: string
}

export interface Story extends Repository {
  /** Runs a command that works. */
  readonly sops: (...argv: string[]) => Promise<void>
  /** Runs a command, whatever becomes of it. */
  readonly run: (...argv: string[]) => Promise<{ readonly stdout: string; readonly stderr: string }>
  /** Findings of the rules that look into the history. */
  readonly found: (...flags: string[]) => Promise<FoundFinding[]>
  /** The same as `LEVEL RULE KEY PATH`. */
  readonly listed: (...flags: string[]) => Promise<string[]>
  /** What the last check wrote to stderr. */
  readonly said: () => string
}

const rules = /^(?:plaintext-history|data-key-age|value-age|exposed-value)$/

/** @param own the lines below `x-sops-ts:`. @param dir of a clone; it is not made. */
export function story(own = '', files: Readonly<Record<string, string>> = {}): Story {
  const repo = makeRepository({ '.sops.yaml': configOf(own), ...files })
  return { ...repo, ...checking(repo.dir) }
}

export const forBoth: string = `${recipient},${secondRecipient}`

export const configOf = (own: string, age: string = recipient): string =>
  `creation_rules:\n  - age: ${age}\n${own === '' ? '' : `x-sops-ts:\n${own.replace(/^/gm, '  ')}\n`}`

export function checking(dir: string): Pick<Story, 'sops' | 'run' | 'found' | 'listed' | 'said'> {
  let said = ''
  const options = { cwd: dir, env: { ...gitEnv, SOPS_AGE_KEY: identity }, now: new Date(`${today}T12:00:00Z`) }
  const found: Story['found'] = async (...flags) => {
    const { stdout, stderr } = await runCli(['check', '--json', ...flags], options)
    said = stderr
    expect(stdout.toString(), stderr).not.toBe('')
    const { files } = JSON.parse(stdout.toString()) as {
      files: { path: string; findings: Omit<FoundFinding, 'path'>[] }[]
    }
    return files
      .flatMap(({ path, findings }) => findings.map((finding) => ({ path, ...finding })))
      .filter(({ rule }) => rules.test(rule))
  }
  return {
    run: async (...argv) => {
      const { stdout, stderr } = await runCli(argv, options)
      return { stdout: stdout.toString(), stderr }
    },
    found,
    said: () => said,
    listed: async (...flags) =>
      (await found(...flags)).map(({ level, rule, keyPath }) => [level, rule, keyPath].filter(Boolean).join(' ')),
    sops: async (...argv) => {
      const { code, stderr } = await runCli(argv, options)
      expect(code, stderr).toBe(0)
    },
  }
}
