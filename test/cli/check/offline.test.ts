// `sops check` as a machine runs it that has nothing but the repository: no home, no key, no network.
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { program, root, skipsExecutable } from '../../support/build.ts'
import { runProcess } from '../../support/process.ts'
import { type Checked, makeChecked } from './support.ts'

let repo: Checked
afterEach(() => repo?.remove())

const canary = 'canary-5b21-of-the-offline-check'
/** Recipients of every kind whose keys are elsewhere: none of them is asked. */
const rules = `creation_rules:
  - path_regex: ^secrets/
    age: ALICE
  - path_regex: ^clouds/
    kms: arn:aws:kms:eu-central-1:111122223333:key/0123
    gcp_kms: projects/p/locations/global/keyRings/r/cryptoKeys/k
    azure_keyvault: https://v.vault.azure.net/keys/k/1
    hc_vault_transit_uri: https://vault.invalid/v1/transit/keys/k
    pgp: 84A7186F9832D9E67FAF2010DEF64C926113B527
`

const forms = ['text', 'json', 'sarif', 'github', 'gitlab', 'junit']

test
  .skipIf(skipsExecutable('a program without a network'))
  .each([
    ...forms.map((form) => ['--format', form]),
    ['--staged'],
    ['--changed'],
    ['--config-from', 'HEAD'],
    ['--history'],
    ['--all', '--json'],
  ])('check %s %s', async (...flags) => {
  repo = makeChecked(rules)
  await repo.seal({ 'secrets/a.yaml': `a: ${canary}\n`, 'secrets/b.env': `A=${canary}\n` })
  repo.write('clouds/a.yaml', `password: ${canary}\n`)
  repo.write('clouds/b.json', repo.read('secrets/a.yaml').replace(/^(\s+)age:[\s\S]*?-----END.*\n/m, '$1kms: []\n'))
  repo.git('add', '-A')
  repo.git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'first')
  repo.write('secrets/c.yaml', `password: ${canary}\n`)
  repo.git('add', '-A')
  const [node, ...words] = program
  const argv = ['--import', join(root, 'test/support/offline.mjs'), ...words, 'check', ...flags.filter(Boolean)]
  const run = await runProcess(node, argv, { cwd: repo.dir, env: { PATH: process.env.PATH ?? '' } })
  const [stdout, stderr] = [run.stdout.toString(), run.stderr.toString()]
  expect([run.exit, stderr]).toEqual([1, expect.not.stringContaining('offline')])
  expect(stdout).toContain('secrets/c.yaml')
  expect(stdout + stderr).not.toContain(canary)
})
