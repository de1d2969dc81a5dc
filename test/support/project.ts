// A project folder with people in it: each with a home and keys of their own, running the program as they would.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runCli } from './cli.ts'
import { keysFolder } from './conformance/case.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Person {
  /** The person's age recipient. */
  readonly recipient: string
  readonly sops: (
    argv: readonly string[],
    options?: { readonly stdin?: string; readonly env?: Readonly<Record<string, string>> },
  ) => Promise<Ran>
}

export interface Project {
  readonly dir: string
  /** Somebody who holds the test identity `one`, `two` or `three`; `nobody` has no key at all. */
  readonly person: (key: 'one' | 'two' | 'three' | 'nobody') => Person
  readonly read: (name: string) => string
  readonly write: (name: string, text: string | Uint8Array) => void
  /** An EDITOR that puts this text into the file it is given. */
  readonly editorWriting: (text: string) => string
  readonly remove: () => void
}

export function makeProject(files: Readonly<Record<string, string>> = {}): Project {
  const top = mkdtempSync(join(tmpdir(), 'sops-project-'))
  const dir = join(top, 'project')
  mkdirSync(dir)
  const write = (name: string, text: string | Uint8Array): void => {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  for (const [name, text] of Object.entries(files)) write(name, text)
  let editors = 0
  return {
    dir,
    write,
    read: (name) => readFileSync(join(dir, name), 'utf8'),
    person: (key) => makePerson(dir, join(top, key), key),
    editorWriting: (text) => {
      const wanted = join(top, `wanted-${editors++}`)
      writeFileSync(wanted, text)
      return `cp ${wanted}`
    },
    remove: () => rmSync(top, { recursive: true, force: true }),
  }
}

function makePerson(dir: string, home: string, key: string): Person {
  mkdirSync(home, { recursive: true })
  let recipient = ''
  if (key !== 'nobody') {
    const identity = readFileSync(join(keysFolder, `${key}.age`), 'utf8')
    recipient = /age1[a-z0-9]+/.exec(identity)?.[0] ?? ''
    const file = join(home, '.config/sops/age/keys.txt')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, identity, { mode: 0o600 })
  }
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    TMPDIR: home,
    SOPS_DISABLE_VERSION_CHECK: '1',
    SOPS_ADVICE: '1',
  }
  return {
    recipient,
    sops: async (argv, options = {}) => {
      const { code, stdout, stderr } = await runCli(argv, {
        cwd: dir,
        env: { ...env, ...options.env },
        ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
      })
      return { code, stdout: stdout.toString(), stderr }
    },
  }
}
