// An encrypted file is known by its content where its name says nothing, whatever is done with it.
import { afterEach, beforeEach, expect, test } from 'vitest'
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

test('filestatus', async () => {
  expect(await alice.sops(['filestatus', 'x.yaml.enc'])).toMatchObject({ code: 0, stdout: '{"encrypted":true}\n' })
})
