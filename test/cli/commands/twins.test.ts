// A key that a file has twice with different values: commands that would take or change one of them refuse, and change no byte.
import { afterAll, beforeAll, expect, test } from 'vitest'
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

test('other keys of such a file can be set', async () => {
  expect(await alice.sops(['set', 'f.json', '["n"]', '2'])).toMatchObject({ code: 0 })
  expect((await alice.sops(['decrypt', 'f.json'])).stdout).toBe('{"l": [{"k": 1, "k": 2}],\n"m": {"x": 1}, "n": 2}\n')
})
