// Where `set`, `unset` and `--extract` do something else than their words say, and what a format or a name has no room for.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../../support/project.ts'

let project: Project
let alice: Person

beforeEach(async () => {
  project = makeProject({
    'f.yaml': 'n: 5\nl:\n  - x # c\n  - y\ns: [1, {k: v}]\n',
    'f.json': '{"n": 5}\n',
    'f.env': 'A=1\n',
    'f.ini': '[s]\nk = v\n',
    'f.txt': 'text\n',
  })
  alice = project.person('one')
  project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient}\n`)
  for (const name of ['f.yaml', 'f.json', 'f.env', 'f.ini', 'f.txt']) await alice.sops(['encrypt', '-i', name])
})
afterEach(() => project.remove())

const gone = 'was a comment, which is gone: comments count among the elements of a list, and without them it'

test.each<[readonly string[], string]>([
  [['set', 'f.yaml', '["n"]["x"]', '7'], 'warning: f.yaml: ["n"] was a value and is now a map: its value is gone\n'],
  [['set', 'f.json', '["n"][0]', '7'], 'warning: f.json: ["n"] was a value and is now a list: its value is gone\n'],
  [
    ['set', 'f.yaml', '["s"][0]["x"]', '7'],
    'warning: f.yaml: ["s"][0] was a value and is now a map: its value is gone\n',
  ],
  [['set', 'f.yaml', '["s"][9]', '7'], 'note: f.yaml: ["s"][9] is behind the end of its list: appended at ["s"][2]\n'],
  [['set', 'f.yaml', '["s"][2]', '7'], ''],
  [['set', 'f.yaml', '["s"][1]["new"]["x"]', '7'], ''],
  [['set', '--idempotent', 'f.yaml', '["s"][0]', '1'], ''],
  [['set', 'f.yaml', '["l"][0]', '7'], `warning: f.yaml: ["l"][0] ${gone} is ["l"][1]\n`],
  [['unset', 'f.yaml', '["l"][0]'], `warning: f.yaml: ["l"][0] ${gone} was ["l"][1]\n`],
  [
    ['set', 'f.yaml', '["l"][1]', '7'],
    'warning: f.yaml: the value of ["l"][1] was replaced, which is element 0 without the comments: comments count among the elements of a list (["l"][0] is one), and element 1 is ["l"][2]\n',
  ],
  [
    ['unset', 'f.yaml', '["l"][1]'],
    'warning: f.yaml: ["l"][1] was element 0 without the comments: comments count among the elements of a list, and element 1 was ["l"][2]\n',
  ],
  [
    ['decrypt', '--extract', '["l"][1]', 'f.yaml'],
    'note: f.yaml: ["l"][1] is element 0 without the comments: comments count among the elements of a list, and element 1 is ["l"][2]\n',
  ],
  [
    ['decrypt', '--extract', '["l"][0]', 'f.yaml'],
    'note: f.yaml: ["l"][0] is a comment: comments count among the elements of a list, and without them it is ["l"][1]\n',
  ],
  [['decrypt', '--extract', '["s"][1]', 'f.yaml'], ''],
])('%j', async (argv, stderr) => {
  expect(await alice.sops(argv)).toMatchObject({ code: 0, stderr })
})

test.each(['["ports"][0]', '["in"][0]'])('a comment of a list in brackets stays: %s', async (index) => {
  project.write('g.yaml', 'ports: [ 80, 443 ]   # web\nin: [1, # c\n  2]\n')
  await alice.sops(['encrypt', '-i', 'g.yaml'])
  const before = String(project.read('g.yaml'))
  for (const argv of [
    ['unset', 'g.yaml', index],
    ['set', 'g.yaml', index, '9'],
  ])
    expect(await alice.sops(argv)).toMatchObject({
      code: 1,
      stderr: `error: g.yaml: ${index} is a comment: comments count among the elements of a list\nhint: without them it is ${index.replace('0', '1')}\nhint: to change the comment: sops edit g.yaml\n`,
    })
  expect(String(project.read('g.yaml'))).toBe(before)
})

describe('a binary file', () => {
  test('stays whole: its one value cannot be removed', async () => {
    const before = String(project.read('f.txt'))
    expect(await alice.sops(['unset', 'f.txt', '["data"]'])).toMatchObject({
      code: 1,
      stderr:
        'error: f.txt: the whole file is its one value, ["data"]: without it nothing is left\nhint: to change it: sops edit f.txt\n',
    })
    expect(String(project.read('f.txt'))).toBe(before)
  })
})

describe('what a format has no room for', () => {
  const parts = (format: string): string =>
    `hint: ${format} holds one text for each key: set the parts of the value under names of their own, or one text that holds them all\n`

  test.each<[readonly string[], string]>([
    [['f.env', '["A"]', '{"x":1}'], parts('dotenv')],
    [['f.env', '["A"]["b"]', '1'], parts('dotenv')],
    [['f.ini', '["s"]["k"]["x"]', '1'], parts('ini')],
    [['f.ini', '["s"]["k"]', '[1]'], parts('ini')],
    [
      ['f.ini', '["top"]', '"x"'],
      `hint: a key outside of all sections is in the section DEFAULT: '["DEFAULT"]["top"]'\n`,
    ],
    [['f.ini', '["s"]', '"x"'], `hint: ["s"] is a section: name a key of it, as in '["s"]["key"]'\n`],
  ])('%j', async (words, hint) => {
    const before = project.read(words[0]!)
    const { code, stderr } = await alice.sops(['set', ...words])
    expect(code).toBe(4)
    expect(stderr.replace(/^error: .*\n/, '')).toBe(hint)
    expect(project.read(words[0]!)).toBe(before)
  })

  test('the way into DEFAULT works', async () => {
    await alice.sops(['set', 'f.ini', '["DEFAULT"]["top"]', '"x"'])
    expect(await alice.sops(['decrypt', 'f.ini'])).toMatchObject({ stdout: expect.stringMatching(/^top = x\n/) })
    expect(await alice.sops(['decrypt', '--extract', '["DEFAULT"]["top"]', 'f.ini'])).toMatchObject({ stdout: 'x' })
  })
})

describe('a file in place in another format than its name says', () => {
  const now = (name: string, format: string, says: string): string =>
    `warning: ${name}: the file now holds ${format}, and its name says ${says}: rename it, or name the format with each command (--input-type ${format} --output-type ${format})\n`

  test.each<[readonly string[], string]>([
    [['set', '--output-type', 'yaml', 'f.env', '["A"]', '"2"'], now('f.env', 'yaml', 'dotenv')],
    [['unset', '--output-type', 'json', 'f.env', '["A"]'], now('f.env', 'json', 'dotenv')],
    [['rotate', '-i', '--output-type', 'yaml', 'f.ini'], now('f.ini', 'yaml', 'ini')],
    [['decrypt', '-i', '--output-type', 'yaml', 'f.json'], now('f.json', 'yaml', 'json')],
    // JSON is YAML, and other names say nothing.
    [['decrypt', '-i', '--output-type', 'json', 'f.yaml'], ''],
    [['set', '--input-type', 'binary', '--output-type', 'json', 'f.txt', '["data"]', '"2"'], ''],
    [['decrypt', '--output-type', 'json', 'f.env'], ''],
    [['set', '--output-type', 'dotenv', 'f.env', '["A"]', '"2"'], ''],
  ])('%j', async (argv, warning) => {
    const { code, stderr } = await alice.sops(argv, { env: { EDITOR: 'sed -i s/5/6/' } })
    expect(code).toBe(0)
    const told = stderr.split('\n').filter((line) => line.startsWith('warning: '))
    expect(told.map((line) => `${line}\n`).join('')).toBe(warning)
  })

  test('encrypted in place', async () => {
    project.write('p.env', 'A=1\n')
    const { stderr } = await alice.sops(['encrypt', '-i', '--output-type', 'yaml', 'p.env'])
    expect(stderr).toContain(now('p.env', 'yaml', 'dotenv'))
  })
})
