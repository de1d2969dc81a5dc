// Odd but legal YAML through the whole program: what encrypting adds must open again and go without a trace.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../support/project.ts'

let project: Project
let alice: Person

beforeEach(() => {
  project = makeProject()
  alice = project.person('one')
})
afterEach(() => project.remove())

test.each([
  ['an indented root map', '  a: 1\n  b:\n    c: x\n'],
  ['an indented root map behind a marker', '---\n  a: 1\n  b: 2\n'],
  ['an indented root map behind a comment', '# top\n  a: 1\n'],
  ['a long flow list on one line', `a: [${Array.from({ length: 3000 }, (_, i) => `x${i}`).join(', ')}]\n`],
  ['many documents', Array.from({ length: 600 }, (_, i) => `a: x${i}\n`).join('---\n')],
  ['a block scalar that keeps its lines, then a document', 'a: |+\n  x\n\n---\nb: 1\n'],
])('%s', async (_, text) => {
  project.write('f.yaml', text)
  expect(await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])).toMatchObject({ code: 0 })
  expect(project.read('f.yaml')).not.toBe(text)
  expect(await alice.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 0, stdout: text })
})

test('a key << with a plain value, coming from JSON, is written so that it can be read', async () => {
  project.write('f.json', '{"<<": 1}\n')
  const args = ['--age', alice.recipient, '--output-type', 'yaml', '--output', 'f.yaml', 'f.json']
  expect(await alice.sops(['encrypt', ...args])).toMatchObject({ code: 0 })
  expect(await alice.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 0, stdout: '"<<": 1\n' })
})
