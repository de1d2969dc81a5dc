// The encrypting cases of spec/functional-cases.md, by their numbers.
import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { makeSuite, read, type Suite } from './suite.ts'

let suite: Suite
beforeAll(() => {
  suite = makeSuite()
})
afterAll(() => suite.remove())

const token = expect.stringMatching(/^ENC\[/)

test('1: a JSON file', async () => {
  const { code, stdout } = await suite.sops(['encrypt', suite.file('1.json', '{"foo": 2, "bar": "baz"}')])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ foo: token, bar: token, sops: expect.anything() })
})

test('2: YAML on stdin to JSON', async () => {
  const argv = ['encrypt', '--filename-override', 'test_encrypt.yaml', '--output-type', 'json']
  const { code, stdout } = await suite.sops(argv, { stdin: 'foo: 2\nbar: baz\n' })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ foo: token, bar: token, sops: expect.anything() })
})

test('7: values of every type become text in INI', async () => {
  const path = await suite.encrypted(
    '7.yaml',
    `the_section:
  int: 123
  float: 1.23
  bool: true
  date: 2025-01-02
  timestamp: 2025-01-02 03:04:05
  utc_timestamp: 2025-01-02T03:04:05Z
  string: this is a string
`,
  )
  expect(await suite.sops(['decrypt', '--output-type', 'ini', path])).toEqual({
    code: 0,
    stdout: `[the_section]
int           = 123
float         = 1.23
bool          = true
date          = 2025-01-02T00:00:00Z
timestamp     = 2025-01-02T03:04:05Z
utc_timestamp = 2025-01-02T03:04:05Z
string        = this is a string
`,
    stderr: '',
  })
})

test('8: a YAML file', async () => {
  const { code, stdout } = await suite.sops(['encrypt', suite.file('8.yaml', 'foo: 2\nbar: baz\n')])
  expect(code).toBe(0)
  expect(parse(stdout)).toEqual({ foo: token, bar: token, sops: expect.anything() })
})

test('19, better than the reference: a plain date comes back as it was written, and so does a missing line end', async () => {
  const text = 'a: 2024-01-01\nb: 2006-01-02T15:04:05+07:06'
  const path = await suite.encrypted('19.yaml', text)
  expect(parse(read(path))).toMatchObject({ a: token, b: token })
  expect(await suite.sops(['decrypt', '-i', path])).toMatchObject({ code: 0 })
  expect(read(path)).toBe(text)
})

test.each([
  ['24: comments', '# first comment\nlorem: ipsum\n# second comment\ndolor: sit\n'],
  ['25: a comment in a list', 'lorem: ipsum\nlist:\n  - a\n  # first comment\n  - b # second comment\n'],
])('%s', async (_, text) => {
  const { code, stdout } = await suite.sops(['encrypt', suite.file('comments.yaml', text)])
  expect(code).toBe(0)
  expect(stdout).not.toMatch(/first comment|second comment/)
})

test('34: a block without a final newline is extracted without one', async () => {
  const path = await suite.encrypted('34.yaml', 'multiline: |\n  multi\n  line')
  expect(await suite.sops(['decrypt', '--extract', '["multiline"]', path])).toMatchObject({
    code: 0,
    stdout: 'multi\nline',
  })
})

test('35: a binary file', async () => {
  const text = '""{}this_is_binary_data'
  const path = await suite.encrypted('test.binary', text)
  expect(read(path)).not.toContain('this_is')
  expect(await suite.sops(['decrypt', path])).toMatchObject({ code: 0, stdout: text })
})

test('37: --output', async () => {
  const out = suite.path('37.out')
  const argv = ['encrypt', '--output', out, suite.file('37.binary', 'foo')]
  expect(await suite.sops(argv)).toMatchObject({ code: 0, stdout: '' })
  expect(existsSync(out) && readFileSync(out).length).toBeGreaterThan(0)
})
