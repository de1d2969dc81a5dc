// A developer commits an encrypted file, edits it, and CI decrypts it with a key from its environment.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keysFolder } from '../support/conformance/case.ts'
import { makeProject, type Project } from '../support/project.ts'

const values = `# deployment settings, owned by the platform team
image:
  tag: "1.10"   # bump together with the chart
database:
  password: not-a-password
  replicas: [db-0, db-1]
`
let project: Project

beforeEach(() => {
  project = makeProject({ 'values.yaml': values })
})
afterEach(() => project.remove())

test('encrypt, edit, decrypt in CI', async () => {
  const dev = project.person('one')
  project.write('.sops.yaml', `creation_rules:\n  - path_regex: values\\.yaml$\n    age: ${dev.recipient}\n`)

  expect(await dev.sops(['encrypt', '--in-place', 'values.yaml'])).toEqual({ code: 0, stdout: '', stderr: '' })
  const committed = project.read('values.yaml')
  expect(committed).not.toContain('not-a-password')
  expect(committed).toMatch(/^ {2}password: ENC\[/m)
  expect(await dev.sops(['encrypt', '--in-place', 'values.yaml'])).toMatchObject({ code: 203 })
  expect(project.read('values.yaml')).toBe(committed)

  const edited = values.replace('not-a-password', 'another-fake')
  const EDITOR = project.editorWriting(edited)
  expect(await dev.sops(['edit', 'values.yaml'], { env: { EDITOR } })).toMatchObject({ code: 0 })
  const recommitted = project.read('values.yaml')
  const changed = recommitted.split('\n').filter((line, at) => line !== committed.split('\n')[at])
  expect(changed.map((line) => line.trim().split(':')[0])).toEqual(expect.arrayContaining(['password', 'mac']))
  expect(changed.length).toBeLessThanOrEqual(3)

  const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
  const ci = project.person('nobody')
  const env = { SOPS_AGE_KEY: identity }
  expect(await ci.sops(['decrypt', 'values.yaml'], { env })).toEqual({ code: 0, stdout: edited, stderr: '' })
  expect(await ci.sops(['decrypt', '--extract', '["database"]["password"]', 'values.yaml'], { env })).toMatchObject({
    code: 0,
    stdout: 'another-fake',
  })
  expect(
    await ci.sops(['decrypt', '--output-type', 'json', '--extract', '["database"]["replicas"][1]', 'values.yaml'], {
      env,
    }),
  ).toMatchObject({
    stdout: 'db-1',
  })
})

test('an editor that changes nothing leaves the file alone', async () => {
  const dev = project.person('one')
  await dev.sops(['encrypt', '-i', '--age', dev.recipient, 'values.yaml'])
  const before = project.read('values.yaml')
  expect(await dev.sops(['edit', 'values.yaml'], { env: { EDITOR: 'true' } })).toMatchObject({ code: 200 })
  expect(project.read('values.yaml')).toBe(before)
})

test('CI without a key is told so, and gets nothing', async () => {
  const dev = project.person('one')
  await dev.sops(['encrypt', '-i', '--age', dev.recipient, 'values.yaml'])
  const { code, stdout, stderr } = await project.person('two').sops(['decrypt', 'values.yaml'])
  expect({ code, stdout }).toEqual({ code: 128, stdout: '' })
  expect(stderr).toContain('Failed to get the data key required to decrypt the SOPS file.')
  expect(stderr).toContain(dev.recipient)
})

test('a changed value in the repository is refused', async () => {
  const dev = project.person('one')
  await dev.sops(['encrypt', '-i', '--age', dev.recipient, '--unencrypted-regex', '^tag$', 'values.yaml'])
  project.write('values.yaml', project.read('values.yaml').replace('"1.10"', '"1.11"'))
  expect(await dev.sops(['decrypt', 'values.yaml'])).toMatchObject({ code: 51, stdout: '' })
  expect(await dev.sops(['decrypt', '--ignore-mac', 'values.yaml'])).toMatchObject({
    code: 0,
    stdout: values.replace('1.10', '1.11'),
  })
})
