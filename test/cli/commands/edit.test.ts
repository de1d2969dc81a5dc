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
