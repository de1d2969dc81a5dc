// `sops edit`: what is told before the editor opens.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeProject } from '../../support/project.ts'

test.each([
  [
    'a folder that is not there',
    'nosuchdir/x.yaml',
    3,
    /nosuchdir: no such file or directory\nhint: make the folder first: mkdir -p /,
  ],
  ['a file in the place of a folder', 'a.yaml/x.yaml', 2, /not a directory/],
])('%s is named before anything is typed', async (_, name, code, text) => {
  const project = makeProject({ 'a.yaml': 'a: 1\n' })
  try {
    const alice = project.person('one')
    project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient}\n`)
    const opened = join(project.dir, 'opened')
    const result = await alice.sops(['edit', name], { env: { EDITOR: `touch ${opened} #` } })
    expect(result).toMatchObject({ code, stderr: expect.stringMatching(text) })
    expect(result.stderr).toMatch(new RegExp(`^error: ${name}: `))
    expect(existsSync(opened)).toBe(false)
  } finally {
    project.remove()
  }
})

test('a text that stays as it is leaves a MAC that does not match, and says what makes a new one', async () => {
  const project = makeProject({ 'a.yaml': 'a: x\nb: y\n' })
  try {
    const alice = project.person('one')
    project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient}\n`)
    await alice.sops(['encrypt', '-i', 'a.yaml'])
    project.write('a.yaml', String(project.read('a.yaml')).replace(/^b: .*\n/m, ''))
    const fresh = '--rotate --in-place --ignore-mac a.yaml'
    expect((await alice.sops(['decrypt', 'a.yaml'])).stderr).toContain(`a new MAC comes with sops ${fresh}\n`)
    expect(await alice.sops(['edit', '--ignore-mac', 'a.yaml'], { env: { EDITOR: 'true' } })).toMatchObject({
      code: 200,
      stderr: `error: a.yaml: File has not changed, exiting.\nhint: nothing was saved; where the MAC does not match, a new one comes with sops ${fresh}\n`,
    })
    expect(await alice.sops(fresh.split(' '))).toMatchObject({ code: 0, stderr: '' })
    expect(await alice.sops(['decrypt', 'a.yaml'])).toMatchObject({ code: 0, stdout: 'a: x\n' })
  } finally {
    project.remove()
  }
})
