// `sops git textconv`: readable diffs that never stop git.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../../../support/project.ts'

let project: Project
let alice: Person
let mallory: Person

beforeEach(async () => {
  project = makeProject({ 'a.enc.yaml': '# note\na: 1\n', 'plain.yaml': 'a: 1\n' })
  alice = project.person('one')
  mallory = project.person('two')
  project.write('.sops.yaml', `creation_rules:\n  - path_regex: \\.enc\\.yaml$\n    age: ${alice.recipient}\n`)
  await alice.sops(['encrypt', '-i', 'a.enc.yaml'])
})
afterEach(() => project.remove())

test('textconv decrypts a temporary file without suffix or rule', async () => {
  project.write('x3Fq_a', project.read('a.enc.yaml'))
  expect(await alice.sops(['git', 'textconv', 'x3Fq_a'])).toMatchObject({
    code: 0,
    stdout: '# note\na: 1\n',
    stderr: '',
  })
})

test('textconv shows what is not encrypted as it is', async () => {
  expect(await alice.sops(['git', 'textconv', 'plain.yaml'])).toMatchObject({ code: 0, stdout: 'a: 1\n' })
})

test('textconv takes the format that it is told', async () => {
  project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient}\n`)
  project.write('a.json', '{"data": "x"}')
  await alice.sops(['encrypt', '-i', 'a.json'])
  const textconv = (...words: string[]): Promise<unknown> => alice.sops(['git', 'textconv', ...words])
  expect(await textconv('a.json')).toMatchObject({ code: 0, stdout: 'x' })
  expect(await textconv('--input-type', 'json', 'a.json')).toMatchObject({ code: 0, stdout: '{"data": "x"}' })
  expect(await textconv('--input-type', 'yaml', 'plain.yaml')).toMatchObject({ code: 0, stdout: 'a: 1\n' })
})

test.each([
  ['a flow text that looks like JSON', '{"a": "1", b: x}\n'],
  ['a flow text', '{a: 1, b: [x]}\n'],
  ['an indented root', '  a: 1\n  b: x\n'],
])('textconv decrypts %s, by whatever name', async (_, text) => {
  project.write('f.enc.yaml', text)
  await alice.sops(['encrypt', '-i', 'f.enc.yaml'])
  expect(await alice.sops(['git', 'textconv', 'f.enc.yaml'])).toMatchObject({ code: 0, stdout: text, stderr: '' })
  expect(await alice.sops(['git', 'textconv', '--input-type', 'yaml', 'f.enc.yaml'])).toMatchObject({ stdout: text })
})

test('a flow text is told by its content too', async () => {
  project.write('f.enc.yaml', '{a: 1, b: [x]}\n')
  await alice.sops(['encrypt', '-i', 'f.enc.yaml'])
  project.write('x3Fq_f', project.read('f.enc.yaml'))
  expect(await alice.sops(['git', 'textconv', 'x3Fq_f'])).toMatchObject({ stdout: '{a: 1, b: [x]}\n' })
})

test.each([
  ['text that no parser takes', 'plain.json', '{"a": \n<<<<<<< HEAD\n'],
  ['text that speaks of sops', 'notes.txt', '{sops: yes}\n'],
])('textconv shows %s as it is', async (_, name, text) => {
  project.write(name, text)
  expect(await alice.sops(['git', 'textconv', name])).toMatchObject({ code: 0, stdout: text, stderr: '' })
})

test('textconv fails not even for a file that is gone', async () => {
  const { code, stdout, stderr } = await alice.sops(['git', 'textconv', 'gone.yaml'])
  expect([code, stdout]).toEqual([0, ''])
  expect(stderr).toMatch(/^error: gone\.yaml: .*no such file or directory\n$/)
})

test('without a key textconv shows the file behind a line that says why', async () => {
  const encrypted = project.read('a.enc.yaml')
  const { code, stdout } = await mallory.sops(['git', 'textconv', 'a.enc.yaml'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^# sops: shown encrypted: Failed to get the data key/)
  expect(stdout.endsWith(encrypted)).toBe(true)
})

test('after a merge by hand textconv shows the values and says that the MAC is wrong', async () => {
  project.write('a.enc.yaml', project.read('a.enc.yaml').replace('sops:', 'b_unencrypted: 2\nsops:'))
  const { code, stdout } = await alice.sops(['git', 'textconv', 'a.enc.yaml'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^# sops: the MAC does not match/)
  expect(stdout).toContain('a: 1\nb_unencrypted: 2\n')
})
