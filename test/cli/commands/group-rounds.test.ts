// Groups that come, go and come again.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../../support/build.ts'
import { makeProject, type Project } from '../../support/project.ts'

let project: Project
beforeEach(() => {
  project = makeProject()
})
afterEach(() => project.remove())

test.each(['groups', 'updatekeys'])(
  'a file that went back to one group takes a second one again, by %s',
  async (by) => {
    const [alice, bob] = [project.person('one'), project.person('two')]
    const one = `creation_rules:\n  - age: ${alice.recipient}\n`
    const two = `creation_rules:\n  - key_groups:\n      - age: [${alice.recipient}]\n      - age: [${bob.recipient}]\n`
    const add = (): Promise<unknown> => alice.sops(['groups', 'add', '-i', '--file', 'f.yaml', '--age', bob.recipient])
    project.write('f.yaml', 'a: 1\n')
    project.write('.sops.yaml', one)
    expect(await alice.sops(['encrypt', '-i', 'f.yaml'])).toMatchObject({ code: 0 })
    expect(await add()).toMatchObject({ code: 0 })
    const keys = ['one', 'two'].map((name) => readFileSync(join(root, `fixtures/conformance/keys/${name}.age`), 'utf8'))
    const env = { SOPS_AGE_KEY: keys.join('\n') }
    expect(await alice.sops(['updatekeys', '-y', 'f.yaml'], { env })).toMatchObject({ code: 0 })
    if (by === 'groups') expect(await add()).toMatchObject({ code: 0 })
    else {
      project.write('.sops.yaml', two)
      expect(await alice.sops(['updatekeys', '-y', 'f.yaml'], { env })).toMatchObject({ code: 0 })
    }
    expect(project.read('f.yaml')).toContain('shamir_threshold: 2')
    expect(await alice.sops(['decrypt', 'f.yaml'], { env })).toMatchObject({ code: 0, stdout: 'a: 1\n' })
  },
)
