// `sops encrypt`: what it refuses before anything is written.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../../support/project.ts'

let project: Project
let alice: Person

beforeEach(() => {
  project = makeProject({ 'a.yaml': 'a: 1\n', 'notes.txt': 'text\n' })
  alice = project.person('one')
})
afterEach(() => project.remove())

describe('a binary file that is encrypted already', () => {
  const encrypt = (...words: string[]) => alice.sops(['encrypt', '--age', alice.recipient, ...words])

  test.each([
    ['by its name', []],
    ['by the flag', ['--input-type', 'binary', '--output-type', 'binary']],
  ])('is not put into a second envelope: binary %s', async (_, flags) => {
    await encrypt('-i', ...flags, 'notes.txt')
    const once = project.read('notes.txt')
    expect(await encrypt('-i', ...flags, 'notes.txt')).toMatchObject({
      code: 203,
      stderr: expect.stringMatching(/^error: notes\.txt: the file is encrypted already\nhint: /),
    })
    expect(project.read('notes.txt')).toBe(once)
  })

  test('text about sops is text', async () => {
    for (const text of ['sops:\n  - how\n', '{"data": "x", "sops": 1}', '{"data": "ENC[x]"}']) {
      project.write('notes.txt', text)
      await encrypt('-i', 'notes.txt')
      expect(await alice.sops(['decrypt', 'notes.txt'])).toMatchObject({ code: 0, stdout: text })
    }
  })
})

describe('an expression that does not compile is refused', () => {
  const kinds = ['unencrypted', 'encrypted', 'unencrypted-comment', 'encrypted-comment'] as const
  test.each(kinds.flatMap((kind) => [['flag', kind] as const, ['rule', kind] as const]))('%s %s', async (by, kind) => {
    const field = `${kind}-regex`.replaceAll('-', '_')
    const rule = by === 'rule' ? `    ${field}: "[a"\n` : ''
    project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient}\n${rule}`)
    const words = by === 'rule' ? ['encrypt', '-i', 'a.yaml'] : [`--${kind}-regex`, '[a', '-e', '-i', 'a.yaml']
    expect(await alice.sops(words)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^error: a\.yaml: nothing would be (?:encrypted|left in clear): .*missing closing \]/m,
      ),
    })
    expect(project.read('a.yaml')).toBe('a: 1\n')
  })
})
