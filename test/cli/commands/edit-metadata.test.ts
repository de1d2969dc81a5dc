// `edit --show-master-keys` in a format whose plain text has no place for metadata.
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
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
