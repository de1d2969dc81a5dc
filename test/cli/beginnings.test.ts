// Errors begin with the words of SOPS 3.13.2, which scripts may match; what helps more comes behind them.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../support/project.ts'

let project: Project
let alice: Person
beforeEach(() => {
  project = makeProject()
  alice = project.person('one')
})
afterEach(() => project.remove())

const unmarshal = 'Could not unmarshal input data: '
test.each<[string, string, string]>([
  ['x.json', '{"a": }\n', `${unmarshal}invalid character '}' looking for beginning of value`],
  ['x.json', '[1]\n', `${unmarshal}SOPS only supports JSON files with a top-level object`],
  ['x.json', '', `${unmarshal}EOF`],
  ['x.ini', '[s\n', `${unmarshal}unclosed section`],
  ['x.ini', '[s]\nword\n', `${unmarshal}key-value delimiter not found`],
])('%s %j, encrypted and decrypted', async (name, text, words) => {
  project.write(name, text)
  const encrypted = await alice.sops(['encrypt', '--age', alice.recipient, name])
  expect(encrypted).toMatchObject({ code: 2 })
  expect(encrypted.stderr.startsWith(`error: ${name}: Error unmarshalling file: ${words}`)).toBe(true)
  const decrypted = await alice.sops(['decrypt', name])
  expect(decrypted).toMatchObject({ code: 1 })
  expect(decrypted.stderr.startsWith(`error: ${name}: ${words}`)).toBe(true)
})

test.each<[RegExp, string, number, string]>([
  [
    /^b: /m,
    'bb: ',
    25,
    'Error decrypting tree: Error walking tree: Could not decrypt value: Could not decrypt with AES_GCM: cipher: message authentication failed',
  ],
  [/lastmodified: .*/, 'lastmodified: x', 1, 'parsing time "x" as "2006-01-02T15:04:05Z07:00": '],
  [
    /version: /,
    'encrypted_suffix: x\n    version: ',
    1,
    'Cannot use more than one of encrypted_suffix, unencrypted_suffix, ',
  ],
  [/age:\n(?: {8}.*\n)+/, 'age: x\n', 1, 'age[0] in the metadata must be a map, not '],
])('an encrypted file with %s changed', async (from, to, code, words) => {
  project.write('x.yaml', 'a: 1\nb: x\n')
  await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'x.yaml'])
  project.write('x.yaml', String(project.read('x.yaml')).replace(from, to))
  const result = await alice.sops(['decrypt', 'x.yaml'])
  expect(result).toMatchObject({ code })
  expect(result.stderr.startsWith(`error: x.yaml: ${words}`)).toBe(true)
})

test('encrypting an encrypted file', async () => {
  project.write('x.yaml', 'sops: 1\n')
  const { code, stderr } = await alice.sops(['encrypt', '--age', alice.recipient, 'x.yaml'])
  expect(code).toBe(203)
  expect(stderr).toMatch(
    /^error: x\.yaml: The file you have provided contains a top-level entry called 'sops', or for\nflat file formats/,
  )
})

test.each([
  ['x.yaml', 'a: x\n'],
  ['x.json', '{"a": "x"}\n'],
  ['x.env', 'A=x\n'],
  ['x.ini', '[a]\nb = x\n'],
  ['x.bin', 'x\n'],
])('encrypting the text of an encrypted %s under another name', async (name, text) => {
  project.write(name, text)
  await alice.sops(['encrypt', '-i', '--age', alice.recipient, name])
  const sealed = String(project.read(name))
  project.write('y.txt', sealed)
  const { code, stderr } = await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'y.txt'])
  expect(code).toBe(203)
  expect(stderr).toMatch(/^error: y\.txt: the file is encrypted already\nhint: /)
  expect(String(project.read('y.txt'))).toBe(sealed)
})

test.each(['sops: the tool\n', '[sops]\n', 'Write\n\nsops:\n  age: x\n  mac: ENC[…]\n'])(
  'a text that speaks of sops is encrypted as any other: %j',
  async (text) => {
    project.write('y.txt', text)
    expect(await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'y.txt'])).toMatchObject({ code: 0 })
  },
)
