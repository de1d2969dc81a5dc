// `sops check` on PGP recipients: what gpg knows of their keys, asked once, and only where there are any.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { closeGpgHome, gpgHome, hasGpg } from '../../support/gpg.ts'
import { type Checked, makeChecked, rulesFor } from './support.ts'

const [first, second] = ['84A7186F9832D9E67FAF2010DEF64C926113B527', 'B150E820A993550824C71EA9E771A61DC7E8EE9D']
const [old, soon] = [1609459200, 4102444800]

let repo: Checked
beforeEach(() => {
  repo = makeChecked(rulesFor().replace('age: ALICE,BOB', `pgp: ${first},${second}`))
})
afterEach(() => repo.remove())
afterAll(closeGpgHome)

/** An encrypted file as others may have made it: nobody needs its keys. */
const sealed = (...fingerprints: readonly string[]): string => `user: ENC[AES256_GCM,data:${token}]
sops:
    lastmodified: "2026-01-01T00:00:00Z"
    mac: ENC[AES256_GCM,data:${token}]
    pgp:
${fingerprints.map((fp, i) => `        - created_at: "2026-01-01T00:00:00Z"\n          enc: wrapped${i}\n          fp: ${fp}\n`).join('')}    unencrypted_suffix: _unencrypted
    version: 3.9.0
`
const token = `AAAA,iv:${Buffer.alloc(32).toString('base64')},tag:${Buffer.alloc(16).toString('base64')},type:str`

/** Checks with a gpg that answers so; the arguments of each of its calls. */
async function check(listing: string, hasHome = true): Promise<{ found: readonly string[]; calls: readonly string[] }> {
  const [program, home, log] = ['gpg-of-test', 'home-of-gpg', 'calls'].map((name) => join(repo.dir, '..', name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(program, `#!/bin/sh\necho "$*" >> '${log}'\ncat '${log}.listing'\n`)
  writeFileSync(`${log}.listing`, listing)
  chmodSync(program, 0o755)
  if (hasHome) mkdirSync(home)
  if (hasHome) writeFileSync(join(home, 'pubring.kbx'), '')
  const env = { GNUPGHOME: home, SOPS_GPG_EXEC: program, GIT_CONFIG_GLOBAL: '/dev/null' }
  repo.git('add', '-A')
  const { stdout } = await repo.nobody.sops(['check', '--json', '--rule', 'git-setup=off'], { env })
  const files = JSON.parse(stdout).files as { findings: { rule: string; level: string; message: string }[] }[]
  expect(existsSync(home)).toBe(hasHome)
  return {
    found: files.flatMap(({ findings }) => findings.map((one) => `${one.level} ${one.rule}: ${one.message}`)),
    calls: existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [],
  }
}

const key = (fp: string, bits: number, algorithm: number, expires: number | string = ''): string =>
  `pub:-:${bits}:${algorithm}:${fp.slice(-16)}:1577836800:${expires}::-:::scESC::::::23::0:\nfpr:::::::::${fp}:\nuid:-::::1::H::a <a@b>::::::::::0:\n`
const subkey = (bits: number, algorithm: number, expires: number | string = '', validity = '-'): string =>
  `sub:${validity}:${bits}:${algorithm}:8BCC71BE2E57159F:1577836800:${expires}:::::e::::::23:\nfpr:::::::::FE799F849684D525E69A44EE8BCC71BE2E57159F:\n`

const weak = `warning weak-recipient: its recipient ${first} is an RSA key of 1024 bits`
const over = `error recipient-expired: its recipient ${first} expired on 2021-01-01, as gpg has it`

describe.skipIf(process.platform === 'win32')('a PGP key', () => {
  test.each<[string, string, readonly string[]]>([
    ['that is good', key(first, 3072, 1, soon) + subkey(3072, 1), []],
    ['of RSA that is short', key(first, 1024, 1), [weak]],
    ['of RSA with a short subkey', key(first, 4096, 1) + subkey(1024, 2), [weak]],
    ['of RSA with a short subkey that is revoked', key(first, 4096, 1) + subkey(1024, 1, '', 'r'), []],
    ['of RSA with a short subkey that has expired', key(first, 4096, 1) + subkey(1024, 1, old) + subkey(4096, 1), []],
    ['of a curve', key(first, 255, 22) + subkey(255, 18), []],
    ['that has expired', key(first, 4096, 1, old), [over]],
    ['that has expired, by a date in words', key(first, 4096, 1, '20210101T000000'), [over]],
    ['whose subkeys have all expired', key(first, 4096, 1) + subkey(4096, 1, old), [over]],
    ['that expires later', key(first, 4096, 1, soon) + subkey(4096, 1, soon), []],
    ['that gpg does not have', '', []],
    ['of which nobody can make anything', 'pub:::\nsub\nfpr:\n\0', []],
  ])('%s', async (_, listing, wanted) => {
    repo.write('secrets/a.yaml', sealed(first, second))
    expect(await check(listing)).toEqual({ found: wanted, calls: [expect.stringMatching(`-- ${first} ${second}$`)] })
  })

  test('gpg is asked once for all files, and never for what is no fingerprint', async () => {
    repo.write('.sops.yaml', 'creation_rules: []\n')
    for (const name of ['a', 'b', 'c'])
      repo.write(`secrets/${name}.yaml`, sealed(first, `0x${second}`, '--version', 'a@b'))
    const { calls } = await check('')
    expect(calls).toEqual([
      expect.stringMatching(`^--batch --no-tty .* --with-colons --list-keys -- ${first} ${second}$`),
    ])
  })
  test('without one gpg is not asked', async () => {
    await repo.seal({ 'secrets/a.yaml': 'a: 1\n' }, '--age', repo.alice.recipient, '--pgp', '')
    expect((await check(key(first, 1024, 1))).calls).toEqual([])
  })
  test('without its home gpg is not asked, and none is made', async () => {
    repo.write('secrets/a.yaml', sealed(first, second))
    expect(await check(key(first, 1024, 1), false)).toEqual({ found: [], calls: [] })
  })
})

test.skipIf(!hasGpg)('gpg itself finds nothing wrong with good keys', async () => {
  repo.write('secrets/a.yaml', sealed(first, second))
  repo.git('add', '-A')
  const { code, stdout } = await repo.nobody.sops(['check', '--json', '--rule', 'git-setup=off'], {
    env: { GNUPGHOME: gpgHome(), GIT_CONFIG_GLOBAL: '/dev/null' },
  })
  expect([code, JSON.parse(stdout).files]).toEqual([0, []])
})
