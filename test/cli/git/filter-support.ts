// Clones of a repository with the filter installed, as Git itself runs it: each has a home, settings of Git and a program `sops` in PATH.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { expect } from 'vitest'
import { programLine } from '../../support/build.ts'
import { keysFolder } from '../../support/conformance/case.ts'

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Desk {
  readonly dir: string
  readonly home: string
  readonly env: Record<string, string>
  readonly path: (name: string) => string
  readonly read: (name: string) => string
  readonly write: (name: string, text: string | Uint8Array) => void
  /** Fails where Git fails. */
  readonly git: (...args: string[]) => string
  readonly tryGit: (...args: string[]) => Ran
  readonly sops: (...args: string[]) => Ran
  /** What the repository has of a file. */
  readonly blob: (name: string) => string
  readonly status: () => string
}

export interface Office {
  readonly top: string
  readonly recipient: string
  /** A folder of somebody who holds this identity, or none. */
  readonly desk: (name: string, key?: 'one' | 'two' | 'nobody') => Desk
  readonly remove: () => void
}

export function makeOffice(): Office {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'sops-filter-')))
  const bin = join(top, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'sops'), `#!/bin/sh\nexec ${programLine} "$@"\n`)
  chmodSync(join(bin, 'sops'), 0o755)
  const identityOf = (key: string): string => readFileSync(join(keysFolder, `${key}.age`), 'utf8')
  return {
    top,
    recipient: /age1[a-z0-9]+/.exec(identityOf('one'))![0],
    desk: (name, key = 'one') => makeDesk(top, name, key === 'nobody' ? '' : identityOf(key)),
    remove: () => rmSync(top, { recursive: true, force: true }),
  }
}

const textsOf = ({ status, stdout, stderr }: SpawnSyncReturns<string>): Ran => ({ code: status, stdout, stderr })

function makeDesk(top: string, name: string, identity: string): Desk {
  const [dir, home] = [join(top, name), join(top, `${name}-home`)]
  mkdirSync(dir, { recursive: true })
  mkdirSync(join(home, '.config/sops/age'), { recursive: true })
  if (identity !== '') writeFileSync(join(home, '.config/sops/age/keys.txt'), identity, { mode: 0o600 })
  const settings =
    '[user]\n name = a\n email = a@example.com\n[init]\n defaultBranch = main\n[advice]\n detachedHead = false\n'
  writeFileSync(join(home, '.gitconfig'), `${settings}[protocol "file"]\n allow = always\n`)
  const env = {
    PATH: `${join(top, 'bin')}${delimiter}${process.env['PATH']}`,
    HOME: home,
    TMPDIR: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_EDITOR: 'true',
    GIT_PAGER: 'cat',
    SOPS_DISABLE_VERSION_CHECK: '1',
  }
  const run = (program: string, args: readonly string[]): Ran =>
    textsOf(spawnSync(program, args, { cwd: dir, env, encoding: 'utf8', input: '', maxBuffer: 2 ** 28 }))
  const git = (...args: string[]): string => {
    const { code, stdout, stderr } = run('git', args)
    expect([args, code, code === 0 ? '' : stderr]).toEqual([args, 0, ''])
    return stdout
  }
  return {
    dir,
    home,
    env,
    path: (file) => join(dir, file),
    read: (file) => readFileSync(join(dir, file), 'utf8'),
    write: (file, text) => {
      mkdirSync(dirname(join(dir, file)), { recursive: true })
      writeFileSync(join(dir, file), text)
    },
    git,
    tryGit: (...args) => run('git', args),
    sops: (...args) => run('sops', args),
    blob: (file) => git('cat-file', 'blob', file.includes(':') ? file : `:${file}`),
    status: () => git('status', '--porcelain'),
  }
}

/** A repository with the filter and one commit: `a.enc.yaml` and `plain.txt`. */
export function makeFiltered(office: Office, name = 'work'): Desk {
  const desk = office.desk(name)
  desk.git('init', '-q')
  desk.write(
    '.sops.yaml',
    `creation_rules:\n  - path_regex: \\.enc\\.(yaml|json|env|ini|bin)$\n    age: ${office.recipient}\n`,
  )
  const { code, stderr } = desk.sops('git', 'install', '--filter')
  expect([code, stderr]).toEqual([0, ''])
  desk.write('a.enc.yaml', 'a: one\nb: two\n')
  desk.write('plain.txt', '1\n')
  desk.git('add', '-A')
  desk.git('commit', '-qm', 'first')
  return desk
}
