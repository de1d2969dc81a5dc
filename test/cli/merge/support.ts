// Repositories in which two branches have changed an encrypted file, and Git has stopped at it.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CliOptions, type CliResult, runCli } from '../../support/cli.ts'
import { gitEnv, makeRepository, type Repository } from '../../support/repository.ts'
import { identity, recipient } from '../exec-support.ts'

export { identity, recipient }

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Plaintexts by version; undefined where a version has no such file. */
export interface Versions {
  readonly base?: string | undefined
  readonly ours?: string | undefined
  readonly theirs?: string | undefined
}

export interface Conflict extends Repository {
  readonly sops: (argv: readonly string[], options?: CliOptions) => Promise<Ran>
  readonly read: (name: string) => string
  readonly exists: (name: string) => boolean
  /** The plaintext of a file of the work tree, or of what Git calls so. */
  readonly plain: (name: string, from?: string) => Promise<string>
  /** What the index has of a file: the stages. */
  readonly stages: (name: string) => readonly string[]
  /** Runs Git whatever its exit status. */
  readonly tries: (args: readonly string[], env?: Readonly<Record<string, string>>) => Ran
  /** Puts a plaintext into an encrypted file, whose unchanged values stay as they are; makes it if need be. */
  readonly put: (name: string, text: string) => Promise<void>
  /** A program that edits the file it gets: the body of a function from its text to another. */
  readonly editor: (body: string) => string
}

const told = ({ code, stdout, stderr }: CliResult): Ran => ({ code, stdout: stdout.toString(), stderr })

export const toolEnv: Readonly<Record<string, string>> = {
  ...gitEnv,
  SOPS_AGE_KEY: identity,
  SOPS_DISABLE_VERSION_CHECK: '1',
}

/** An empty repository for encrypted files. */
export function workplace(): Conflict {
  const repository = makeRepository({
    '.sops.yaml': `creation_rules:\n  - age: ${recipient}\n`,
  })
  const { path } = repository
  const sops: Conflict['sops'] = async (argv, options = {}) =>
    told(await runCli(argv, { cwd: repository.dir, ...options, env: { ...toolEnv, ...options.env } }))
  const must = async (argv: readonly string[], options: CliOptions = {}): Promise<string> => {
    const { code, stdout, stderr } = await sops(argv, options)
    if (code !== 0) throw new Error(`${argv.join(' ')}: ${code}\n${stderr}`)
    return stdout
  }
  let count = 0
  return {
    ...repository,
    sops,
    read: (name) => readFileSync(path(name), 'utf8'),
    exists: (name) => existsSync(path(name)),
    plain: async (name, from) => {
      if (from === undefined) return must(['decrypt', name])
      const stdin = execFileSync('git', ['show', from], { cwd: repository.dir, env: gitEnv })
      return must(['decrypt', '--filename-override', name], { stdin })
    },
    stages: (name) =>
      repository
        .git('ls-files', '-u', '--', name)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split(/\s/)[2]!),
    tries: (args, env = {}) => {
      const ran = spawnSync('git', args, { cwd: repository.dir, env: { ...gitEnv, ...env }, encoding: 'utf8' })
      return { code: ran.status ?? -1, stdout: ran.stdout, stderr: ran.stderr }
    },
    put: async (name, text) => {
      const source = join(repository.dir, '..', `text-${count++}`)
      writeFileSync(source, text)
      if (existsSync(path(name))) {
        const { code, stderr } = await sops(['edit', name], { env: { EDITOR: `cp ${source}` } })
        if (code !== 0 && code !== 200) throw new Error(stderr)
      } else {
        writeFileSync(path(name), text)
        await must(['encrypt', '-i', name])
      }
    },
    editor: (body) => {
      const file = join(repository.dir, '..', `editor-${count++}.cjs`)
      const program = `const fs = require('node:fs'), file = process.argv.at(-1)
const edit = (text) => { ${body} }
fs.writeFileSync(file, edit(fs.readFileSync(file, 'utf8')))
`
      writeFileSync(file, program)
      chmodSync(file, 0o755)
      return `${process.execPath} ${file}`
    },
  }
}

async function branches(work: Conflict, files: Readonly<Record<string, Versions>>): Promise<void> {
  const putAll = async (version: keyof Versions): Promise<void> => {
    for (const [name, versions] of Object.entries(files)) {
      const text = versions[version]
      if (text !== undefined) await work.put(name, text)
      else if (work.exists(name)) work.git('rm', '-q', '--', name)
    }
    work.git('add', '-A')
    work.git('commit', '-q', '--allow-empty', '-m', version)
  }
  await putAll('base')
  work.git('checkout', '-q', '-b', 'topic')
  await putAll('theirs')
  work.git('checkout', '-q', 'main')
  await putAll('ours')
}

/** What stops at the conflict. */
export type How = 'merge' | 'rebase' | 'cherry-pick' | 'nothing'

/** `main` has ours, `topic` has theirs, and Git without a driver has stopped at merging them. */
export async function inConflict(files: Readonly<Record<string, Versions>>, how: How = 'merge'): Promise<Conflict> {
  const work = workplace()
  work.write({ keep: '' })
  work.commit('first')
  await branches(work, files)
  if (how === 'rebase') work.git('checkout', '-q', 'topic')
  if (how !== 'nothing') work.tries([how, how === 'rebase' ? 'main' : 'topic'])
  return work
}
