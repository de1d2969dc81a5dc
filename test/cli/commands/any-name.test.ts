// An encrypted file is known by its content where its name says nothing, whatever is done with it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keysFolder } from '../../support/conformance/case.ts'
import { makeProject, type Person, type Project } from '../../support/project.ts'

let project: Project
let alice: Person
beforeEach(async () => {
  project = makeProject()
  alice = project.person('one')
  const argv = ['encrypt', '--age', alice.recipient, '--filename-override', 'x.yaml', '--output', 'x.yaml.enc']
  await alice.sops(argv, { stdin: 'a: 1\nb: 2\n' })
})
afterEach(() => project.remove())

test.each<[readonly string[], string]>([
  [['set', 'x.yaml.enc', '["a"]', '"3"'], 'a: "3"\nb: 2\n'],
  [['unset', 'x.yaml.enc', '["a"]'], 'b: 2\n'],
  [['rotate', '-i', 'x.yaml.enc'], 'a: 1\nb: 2\n'],
])('%s', async (argv, plain) => {
  expect(await alice.sops(argv)).toMatchObject({ code: 0, stderr: '' })
  expect(await alice.sops(['decrypt', 'x.yaml.enc'])).toMatchObject({ code: 0, stdout: plain })
})

test('groups add and delete', async () => {
  const bob = project.person('two')
  const identities = ['one', 'two'].map((name) => readFileSync(join(keysFolder, `${name}.age`), 'utf8'))
  const options = { env: { SOPS_AGE_KEY: identities.join('\n') } }
  const add = ['groups', 'add', '-i', '--file', 'x.yaml.enc', '--age', bob.recipient]
  expect(await alice.sops(add)).toMatchObject({ code: 0, stderr: '' })
  expect(project.read('x.yaml.enc')).toContain('key_groups:')
  expect(await alice.sops(['decrypt', 'x.yaml.enc'], options)).toMatchObject({ code: 0, stdout: 'a: 1\nb: 2\n' })
  const threshold = ['--shamir-secret-sharing-threshold', '1']
  const remove = ['groups', 'delete', '-i', ...threshold, '--file', 'x.yaml.enc', '0']
  expect(await alice.sops(remove, options)).toMatchObject({ code: 0, stderr: '' })
  expect(await bob.sops(['decrypt', 'x.yaml.enc'])).toMatchObject({ code: 0, stdout: 'a: 1\nb: 2\n' })
})

test('updatekeys', async () => {
  const bob = project.person('two')
  project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient},${bob.recipient}\n`)
  expect(await alice.sops(['updatekeys', '--yes', 'x.yaml.enc'])).toMatchObject({ code: 0 })
  expect(await bob.sops(['decrypt', 'x.yaml.enc'])).toMatchObject({ code: 0, stdout: 'a: 1\nb: 2\n' })
})

test('filestatus', async () => {
  expect(await alice.sops(['filestatus', 'x.yaml.enc'])).toMatchObject({ code: 0, stdout: '{"encrypted":true}\n' })
})
