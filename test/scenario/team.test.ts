// Two developers share a file; one more joins, one leaves.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../support/project.ts'

const secrets = '{\n  "api": {\n    "token": "fake-token",\n    "retries": 3\n  }\n}\n'

let project: Project
let alice: Person
let bob: Person
let carol: Person

const rule = (...people: readonly Person[]): string =>
  `creation_rules:\n  - path_regex: \\.json$\n    age: ${people.map(({ recipient }) => recipient).join(',')}\n`

beforeEach(() => {
  project = makeProject({ 'secrets.json': secrets })
  alice = project.person('one')
  bob = project.person('two')
  carol = project.person('three')
  project.write('.sops.yaml', rule(alice, bob))
})
afterEach(() => project.remove())

test('both recipients can read and change the file, nobody else can', async () => {
  expect(await alice.sops(['encrypt', '-i', 'secrets.json'])).toMatchObject({ code: 0 })
  for (const person of [alice, bob])
    expect(await person.sops(['decrypt', 'secrets.json'])).toMatchObject({ code: 0, stdout: secrets })
  expect(await carol.sops(['decrypt', 'secrets.json'])).toMatchObject({ code: 128, stdout: '' })

  expect(await bob.sops(['set', 'secrets.json', '["api"]["retries"]', '5'])).toMatchObject({ code: 0 })
  expect(await alice.sops(['decrypt', 'secrets.json'])).toMatchObject({ code: 0, stdout: secrets.replace('3', '5') })
})

test('somebody joins by a change of the rule, and leaves by another', async () => {
  await alice.sops(['encrypt', '-i', 'secrets.json'])
  project.write('.sops.yaml', rule(alice, bob, carol))
  expect(await alice.sops(['updatekeys', '--yes', 'secrets.json'])).toMatchObject({ code: 0 })
  expect(await carol.sops(['decrypt', 'secrets.json'])).toMatchObject({ code: 0, stdout: secrets })

  project.write('.sops.yaml', rule(alice, carol))
  expect(await alice.sops(['updatekeys', '--yes', 'secrets.json'])).toMatchObject({ code: 0 })
  const before = project.read('secrets.json')
  expect(await alice.sops(['rotate', '-i', 'secrets.json'])).toMatchObject({ code: 0 })
  expect(project.read('secrets.json')).not.toBe(before)
  expect(await bob.sops(['decrypt', 'secrets.json'])).toMatchObject({ code: 128 })
  expect(await carol.sops(['decrypt', 'secrets.json'])).toMatchObject({ code: 0, stdout: secrets })
})

test('rotate adds and removes recipients by hand', async () => {
  await alice.sops(['encrypt', '-i', 'secrets.json'])
  expect(
    await alice.sops(['rotate', '-i', '--add-age', carol.recipient, '--rm-age', bob.recipient, 'secrets.json']),
  ).toMatchObject({ code: 0 })
  expect(await carol.sops(['decrypt', 'secrets.json'])).toMatchObject({ code: 0, stdout: secrets })
  expect(await bob.sops(['decrypt', 'secrets.json'])).toMatchObject({ code: 128 })
})
