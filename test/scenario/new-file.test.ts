// A new secret file, written in the editor from the template.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../support/project.ts'

let project: Project
let dev: Person

beforeEach(() => {
  project = makeProject()
  dev = project.person('one')
  project.write('.sops.yaml', `creation_rules:\n  - age: ${dev.recipient}\n    encrypted_regex: ^(password|token)$\n`)
})
afterEach(() => project.remove())

test('what was typed is what is stored, encrypted by the rule', async () => {
  const text = 'user: shop\npassword: not-a-password # changes monthly\n'
  expect(await dev.sops(['edit', 'new.yaml'], { env: { EDITOR: project.editorWriting(text) } })).toMatchObject({
    code: 0,
  })
  const stored = project.read('new.yaml')
  expect(stored).toMatch(/^user: shop\npassword: ENC\[/)
  expect(await dev.sops(['decrypt', 'new.yaml'])).toMatchObject({ code: 0, stdout: text })
})

test.each(['yaml', 'json', 'env', 'ini', 'txt'])(
  'the template of a .%s file can be saved after a change',
  async (suffix) => {
    const name = `new.${suffix}`
    const EDITOR = 'sed -i s/Welcome/Hello/'
    expect(await dev.sops(['edit', name], { env: { EDITOR } })).toMatchObject({ code: 0 })
    const { code, stdout } = await dev.sops(['decrypt', name])
    expect(code).toBe(0)
    expect(stdout).toContain('Hello')
  },
)

test('leaving the template as it is creates nothing', async () => {
  expect(await dev.sops(['edit', 'new.yaml'], { env: { EDITOR: 'true' } })).toMatchObject({ code: 200 })
  expect(existsSync(join(project.dir, 'new.yaml'))).toBe(false)
})

test('an editor that fails creates nothing and leaves no text behind', async () => {
  expect(await dev.sops(['edit', 'new.yaml'], { env: { EDITOR: 'false' } })).toMatchObject({ code: 201 })
  expect(readdirSync(project.dir)).toEqual(['.sops.yaml'])
})
