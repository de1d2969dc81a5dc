// A key that a file has twice with different values: commands that would take or change one of them refuse, and change no byte.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../../support/project.ts'

let project: Project
let alice: Person

beforeAll(async () => {
  project = makeProject({
    'f.env': 'A=1\nB=2\nA=3\n',
    'same.env': 'A=1\nB=2\nA=1\n',
    'f.json': '{"l": [{"k": 1, "k": 2}],\n"m": {"x": 1}, "n": 1}\n',
    'f.ini': '[s]\na = 1\n[s]\nb = 2\n',
  })
  alice = project.person('one')
  project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient}\n`)
  for (const name of ['f.env', 'same.env', 'f.json', 'f.ini']) await alice.sops(['encrypt', '-i', name])
})
afterAll(() => project.remove())

const refused: readonly (readonly [argv: readonly string[], code: number, message: string])[] = [
  [
    ['exec-env', 'f.env', 'true'],
    1,
    '["A"] (lines 1, 3) is there twice with different values, and the environment can',
  ],
  [['decrypt', '--extract', '["A"]', 'f.env'], 1, 'is there twice with different values, and --extract can have one'],
  [['decrypt', '--extract', '["l"][0]["k"]', 'f.json'], 1, '["l"][0]["k"] (line 1) is there twice with different'],
  [['decrypt', '--extract', '["s"]["b"]', 'f.ini'], 1, '["s"] (lines 1, 3) is there twice with different values'],
  [['decrypt', '--extract', '["l"][0]', '--output-type', 'yaml', 'f.json'], 4, '["k"] (line 1) is there twice'],
  [['decrypt', '--output-type', 'json', 'f.env'], 4, 'and the json output can have one'],
  [['exec-file', '--output-type', 'json', 'f.env', 'true'], 4, 'and the json output can have one'],
  [['set', 'f.env', '["A"]', '"4"'], 1, '["A"] (lines 1, 3) is there twice, and the change would reach one of them'],
  [['set', 'same.env', '["A"]', '"4"'], 1, '["A"] (lines 1, 3) is there twice, and the change would reach one of them'],
  [['set', 'f.json', '["l"][0]["k"]', '3'], 1, '["l"][0]["k"] (line 1) is there twice, and the change'],
  [['unset', 'f.env', '["A"]'], 1, '["A"] (lines 1, 3) is there twice, and the change would reach one of them'],
]

test.each(refused)('%j', async (argv, code, message) => {
  const name = argv.find((word) => /^\w+\.(env|json|ini)$/.test(word))!
  const before = project.read(name)
  const result = await alice.sops([...argv])
  expect(result.code).toBe(code)
  expect(result.stdout).toBe('')
  expect(result.stderr).toContain(message)
  expect(project.read(name)).toBe(before)
})

const taken: readonly (readonly [argv: readonly string[], stdout: string])[] = [
  [['decrypt', 'f.env'], 'A=1\nB=2\nA=3\n'],
  [['decrypt', '--extract', '["B"]', 'f.env'], '2'],
  [['decrypt', '--extract', '["m"]', '--output-type', 'yaml', 'f.json'], 'x: 1\n'],
  [['exec-file', 'f.env', 'grep -q A=3 {}'], ''],
  [['exec-env', 'same.env', 'test $A = 1'], ''],
  [['decrypt', '--extract', '["A"]', 'same.env'], '1'],
]

test.each(taken)('%j', async (argv, stdout) => {
  expect(await alice.sops([...argv])).toMatchObject({ code: 0, stdout })
})

test.each([
  ['e.env', 'A=1\nA=2\n', 'one key with different values: ["A"] (lines 1, 2); what reads'],
  ['e.json', '{"a": 1,\n"a": 2}\n', 'one key with different values: ["a"] (lines 1, 2); what reads'],
  ['e.yaml', 'a: 1\n---\nb: 1\nb: 2\n', 'one key with different values: ["b"] (lines 3, 4); what reads'],
  ['e.ini', '[s]\na = 1\na = 2\n', 'line 2 counts nowhere and is not authenticated: line 3 has ["s"]["a"] again'],
  ['e.ini', '[s]\na = 1\n[s]\nb = 2\n', 'section [s] stands twice (lines 1, 3): join them'],
  ['e.env', 'A=1\nA=1\n', undefined],
])('encrypting %s says what opening it will: %j', async (name, text, words) => {
  project.write(name, text)
  for (const argv of [
    ['encrypt', name],
    ['encrypt', '-i', name],
    ['decrypt', name],
  ]) {
    const { code, stderr } = await alice.sops(argv)
    expect(code).toBe(0)
    if (words === undefined) expect(stderr).toBe('')
    else expect(stderr).toContain(`warning: ${name}: ${argv[0] === 'decrypt' && name === 'e.yaml' ? '' : words}`)
  }
})

describe('a key that is repeated in the editor', () => {
  test.each([
    ['w.env', 'A=1\nB=1\n', 's/B=1/A=2/', 'one key with different values: ["A"] (lines 1, 2); what reads'],
    ['w.json', '{"a": 1,\n"b": 2}\n', 's/"b"/"a"/', 'one key with different values: ["a"] (lines 1, 2); what reads'],
    ['w.ini', '[s]\na = 1\nb = 2\n', 's/^b/a/', 'line 2 counts nowhere and is not authenticated: line 3 has'],
  ])('is named when %s is saved, once', async (name, text, change, words) => {
    project.write(name, text)
    await alice.sops(['encrypt', '-i', name])
    const { code, stderr } = await alice.sops(['edit', name], { env: { EDITOR: `sed -i ${change}` } })
    expect(code).toBe(0)
    expect(stderr.startsWith(`warning: ${name}: ${words}`)).toBe(true)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  test('was said already where the file had it', async () => {
    project.write('w.env', 'A=1\nA=2\nB=1\n')
    await alice.sops(['encrypt', '-i', 'w.env'])
    const { stderr } = await alice.sops(['edit', 'w.env'], { env: { EDITOR: 'sed -i s/B=1/B=3/' } })
    expect(stderr.match(/one key with different values/g)).toHaveLength(1)
  })
})

describe('a section in two places', () => {
  const text = '[s]\na = 1\nx = 1\n\n[t]\nb = 2\n\n[s]\nc = 3\nx = 2\n'
  beforeAll(async () => {
    project.write('both.ini', text)
    project.write('apart.ini', text.replaceAll(/x = .*\n/g, ''))
    for (const name of ['both.ini', 'apart.ini']) await alice.sops(['encrypt', '-i', name])
  })

  test('is named as one', async () => {
    const { stderr } = await alice.sops(['decrypt', 'apart.ini'])
    expect(stderr).toBe(
      'warning: apart.ini: section [s] stands twice (lines 1, 7): join them, for not every program reads all of them\n',
    )
    expect((await alice.sops(['decrypt', 'both.ini'])).stderr).toContain('one key with different values: ["s"]')
  })

  test.each<[readonly string[], string, string]>([
    [['set', '["s"]["a"]', '"9"'], 'a = 1', 'a = 9'],
    [['set', '["s"]["c"]', '"9"'], 'c = 3', 'c = 9'],
    [['set', '["s"]["new"]', '"9"'], 'x = 1\n', 'x = 1\nnew = 9\n'],
    [['set', '["t"]["b"]', '"9"'], 'b = 2', 'b = 9'],
  ])('a key that is there once is reached: %j', async ([command, ...words], from, to) => {
    for (const [name, plain] of [
      ['both.ini', text],
      ['apart.ini', text.replaceAll(/x = .*\n/g, '')],
    ] as const) {
      const before = project.read(name)
      const anchored = plain.includes(from) ? plain.replace(from, to) : plain.replace('a = 1\n', 'a = 1\nnew = 9\n')
      expect(await alice.sops([command!, name, ...words])).toMatchObject({ code: 0 })
      expect((await alice.sops(['decrypt', name])).stdout).toBe(anchored)
      project.write(name, before)
    }
  })

  test.each([
    ['both.ini', '["s"]["a"]', text.replace('a = 1\n', '')],
    ['both.ini', '["s"]["c"]', text.replace('c = 3\n', '')],
    ['apart.ini', '["s"]["a"]', '[t]\nb = 2\n\n[s]\nc = 3\n'],
    ['apart.ini', '["s"]["c"]', '[s]\na = 1\n\n[t]\nb = 2\n'],
  ])('and removed, with the second heading if nothing is left below it: %s %s', async (name, path, left) => {
    const before = project.read(name)
    expect(await alice.sops(['unset', name, path])).toMatchObject({ code: 0 })
    expect((await alice.sops(['decrypt', name])).stdout).toBe(left)
    project.write(name, before)
  })

  test.each<[readonly string[], number, string]>([
    [['set', 'both.ini', '["s"]["x"]', '"9"'], 1, '["s"]["x"] (lines 3, 10) is there twice, and the change'],
    [['unset', 'both.ini', '["s"]["x"]'], 1, '["s"]["x"] (lines 3, 10) is there twice, and the change'],
    [['unset', 'apart.ini', '["s"]'], 1, '["s"] (lines 1, 7) is there twice, and the change'],
    [['unset', 'apart.ini', '["s"]["none"]'], 1, 'Key not found: none'],
  ])('what is ambiguous or absent is refused: %j', async (argv, code, message) => {
    const before = project.read(argv[1]!)
    const result = await alice.sops([...argv])
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)])
    expect(project.read(argv[1]!)).toBe(before)
  })
})

test('other keys of such a file can be set', async () => {
  expect(await alice.sops(['set', 'f.json', '["n"]', '2'])).toMatchObject({ code: 0 })
  expect((await alice.sops(['decrypt', 'f.json'])).stdout).toBe('{"l": [{"k": 1, "k": 2}],\n"m": {"x": 1}, "n": 2}\n')
})
