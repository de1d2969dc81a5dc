// `edit --show-master-keys`: what becomes of metadata that is changed there, also in a format whose plain text has no place for it.
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../../support/project.ts'

let project: Project
let alice: Person
beforeEach(() => {
  project = makeProject()
  alice = project.person('one')
  project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient}\n`)
})
afterEach(() => project.remove())

test.each(['hello\n', 'hello', '{"hello":1}'])(
  'shows a binary file in its envelope, and saves what becomes of it: %j',
  async (plain) => {
    project.write('key.bin', plain)
    expect(await alice.sops(['encrypt', '-i', 'key.bin'])).toMatchObject({ code: 0 })
    const editor = `sed -i -e s/hello/goodbye/ -e w${join(project.dir, 'shown')}`
    const ran = await alice.sops(['edit', '--show-master-keys', 'key.bin'], { env: { EDITOR: editor } })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(Object.keys(JSON.parse(project.read('shown')))).toEqual(['data', 'sops'])
    expect((await alice.sops(['decrypt', 'key.bin'])).stdout).toBe(plain.replace('hello', 'goodbye'))
  },
)

/** Saves what `sed` makes of the text with its metadata. */
const editing = (script: string, ...flags: readonly string[]) =>
  alice.sops(['edit', '-s', ...flags, 'f.yaml'], { env: { EDITOR: `sed -i -E '${script}'` } })

describe('a setting that is changed there says what is encrypted', () => {
  const plain = 'host: h1\npassword: canary\n'
  const regex = (text: string): string => `s/(un)?encrypted_(suffix|regex): .*/encrypted_regex: ${text}/`
  beforeEach(async () => project.write('f.yaml', plain))

  test('also what was in clear', async () => {
    await alice.sops(['encrypt', '-i', '--encrypted-regex', '^password$', 'f.yaml'])
    expect(await editing(regex('.'))).toMatchObject({ code: 0, stderr: '' })
    expect(project.read('f.yaml')).toMatch(/^host: ENC.*\npassword: ENC/)
    expect(await alice.sops(['decrypt', 'f.yaml'])).toEqual({ code: 0, stdout: plain, stderr: '' })
  })

  test('not what was encrypted, unless that is allowed', async () => {
    await alice.sops(['encrypt', '-i', 'f.yaml'])
    const before = project.read('f.yaml')
    const refused = await editing(regex('^password$'))
    expect(refused.stderr).toContain(
      'would be stored in clear by encrypted_regex: "^password$" in its metadata: ["host"]',
    )
    expect(project.read('f.yaml')).toBe(before)
    expect(await editing(regex('^password$'), '--allow-cleartext')).toMatchObject({ code: 0 })
    expect(project.read('f.yaml')).toMatch(/^host: h1\npassword: ENC/)
    expect(await alice.sops(['decrypt', 'f.yaml'])).toEqual({ code: 0, stdout: plain, stderr: '' })
  })
})

test('a recipient that takes the place of another there gets the data key', async () => {
  const bob = project.person('two')
  project.write('f.yaml', 'a: 1\n')
  await alice.sops(['encrypt', '-i', 'f.yaml'])
  expect(await editing(`s/${alice.recipient}/${bob.recipient}/`)).toMatchObject({ code: 0 })
  expect(await bob.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 0, stdout: 'a: 1\n' })
  expect(await alice.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 128 })
})
