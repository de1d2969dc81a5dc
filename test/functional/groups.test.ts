// The cases of spec/functional-cases.md about key groups, by their numbers; with PGP keys where there is gpg, with age keys everywhere.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keysFolder } from '../support/conformance/case.ts'
import { closeGpgHome, gpgHome, hasGpg } from '../support/gpg.ts'
import { makeSuite, read, type Suite } from './suite.ts'

if (!hasGpg) process.stderr.write('functional cases with PGP keys are skipped: there is no program gpg\n')

const identity = (name: string): string => readFileSync(join(keysFolder, `${name}.age`), 'utf8')
const recipient = (name: string): string => /age1[a-z0-9]+/.exec(identity(name))![0]

interface Keys {
  readonly field: 'age' | 'pgp'
  /** Two keys that can be opened, and one whose secret half is nowhere. */
  readonly a: string
  readonly b: string
  readonly c: string
  readonly env: () => Record<string, string>
}

const age: Keys = {
  field: 'age',
  a: recipient('one'),
  b: recipient('two'),
  c: recipient('three'),
  env: () => ({ SOPS_AGE_KEY: identity('two') }),
}
const pgp: Keys = {
  field: 'pgp',
  a: '84A7186F9832D9E67FAF2010DEF64C926113B527',
  b: 'B150E820A993550824C71EA9E771A61DC7E8EE9D',
  c: '789092AA7D8990E4E3BB9C476822C6BFC36D94D8',
  env: () => ({ GNUPGHOME: partHome() }),
}

let home: string | undefined
/** A GnuPG home with the secret keys of `a` and `b` and the public key of `c`. */
function partHome(): string {
  if (home !== undefined) return home
  home = mkdtempSync(join(tmpdir(), 'g'))
  const gpg = (dir: string, ...args: string[]): Buffer =>
    execFileSync('gpg', ['--homedir', dir, '--batch', '--quiet', ...args], { stdio: ['pipe', 'pipe', 'ignore'] })
  const c = join(home, 'c.asc')
  gpg(gpgHome(), '--armor', '--output', c, '--export', pgp.c)
  gpg(home, '--import', c, join(keysFolder, 'alice.pgp.asc'), join(keysFolder, 'bob.pgp.asc'))
  return home
}
afterAll(() => {
  closeGpgHome()
  if (home === undefined) return
  spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' })
  rmSync(home, { recursive: true, force: true })
})

describe.each([
  ['age keys', age, true],
  ['PGP keys', pgp, hasGpg],
] as const)('with %s', (_, keys, possible) => {
  let suite: Suite
  beforeAll(() => {
    const twoGroups = (name: string, other: string): string =>
      `  - path_regex: ${name}\n    key_groups:\n      - ${keys.field}: [${keys.a}]\n      - ${keys.field}: [${other}]\n`
    suite = makeSuite(
      twoGroups('test_roundtrip_keygroups\\.yaml', keys.b) +
        twoGroups('test_roundtrip_keygroups_missing_decryption_key\\.yaml', keys.c) +
        `  - path_regex: multiple_keys\n    ${keys.field}: ${keys.a},${keys.b}\n`,
    )
  })
  afterAll(() => suite.remove())

  test.skipIf(!possible)('28: two groups', async () => {
    const path = suite.file('test_roundtrip_keygroups.yaml', 'a: secret\n')
    expect(await suite.sops(['encrypt', '-i', path], { env: keys.env() })).toMatchObject({ code: 0 })
    expect(await suite.sops(['decrypt', path], { env: keys.env() })).toMatchObject({ code: 0, stdout: 'a: secret\n' })
  })

  test.skipIf(!possible)('29: a group that nobody here can open', async () => {
    const path = suite.file('test_roundtrip_keygroups_missing_decryption_key.yaml', 'a: secret\n')
    expect(await suite.sops(['encrypt', '-i', path], { env: keys.env() })).toMatchObject({ code: 0 })
    expect(await suite.sops(['decrypt', path], { env: keys.env() })).toMatchObject({ code: 128, stdout: '' })
  })

  test.skipIf(!possible)('30: a file for two keys', async () => {
    const path = suite.file('multiple_keys.yaml', 'a: secret\n')
    expect(await suite.sops(['encrypt', '-i', path], { env: keys.env() })).toMatchObject({ code: 0 })
    expect(await suite.sops(['decrypt', path], { env: keys.env() })).toMatchObject({ code: 0, stdout: 'a: secret\n' })
  })
})

describe('no keys at all', () => {
  test.each([
    ['31: a rule with nothing but a path', ''],
    ['32: an empty list of groups', '    key_groups: []\n'],
    ['33: an empty group', '    key_groups:\n      - {}\n'],
  ])('%s', async (_, keys) => {
    const suite = makeSuite(`  - path_regex: no_keys\n${keys}`)
    try {
      const path = suite.file('no_keys.yaml', 'a: secret\n')
      expect(await suite.sops(['encrypt', '-i', path])).toEqual({
        code: 1,
        stdout: '',
        stderr: 'Could not generate data key: [empty key group provided]\n',
      })
      expect(read(path)).toBe('a: secret\n')
    } finally {
      suite.remove()
    }
  })
})
