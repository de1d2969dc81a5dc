// A GnuPG home holding the test keys, made at first need and shared by the tests of one file.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keysFolder } from './conformance/case.ts'

export const hasGpg: boolean = spawnSync('gpg', ['--version'], { stdio: 'ignore' }).status === 0

let home: string | undefined

export function gpgHome(): string {
  if (home !== undefined) return home
  // Short, because the agent's socket lies in there and a socket's path is limited to about 100 bytes.
  home = mkdtempSync(join(tmpdir(), 'g'))
  const keys = readdirSync(keysFolder).filter((name) => name.endsWith('.pgp.asc'))
  execFileSync(
    'gpg',
    ['--homedir', home, '--batch', '--quiet', '--import', ...keys.map((name) => join(keysFolder, name))],
    {
      stdio: 'ignore',
    },
  )
  return home
}

/** Ends the agent and removes the home; for `afterAll`. */
export function closeGpgHome(): void {
  if (home === undefined) return
  spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' })
  rmSync(home, { recursive: true, force: true })
  home = undefined
}
