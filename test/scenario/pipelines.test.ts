// Secrets that only ever pass through pipes.
import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../support/project.ts'

let project: Project
let dev: Person

beforeEach(() => {
  project = makeProject()
  dev = project.person('one')
})
afterEach(() => project.remove())

test.each([
  ['yaml', 'a: 1\nb: two   # note\n'],
  ['json', '{"a":1,"b":"two"}'],
  ['dotenv', '# note\nA=1\nB=two\n'],
  ['ini', '; note\n[s]\na = 1\n'],
  ['binary', 'any bytes\n\0\n'],
])('%s through stdin and stdout', async (format, text) => {
  const types = ['--input-type', format, '--output-type', format]
  const encrypted = await dev.sops(['encrypt', '--age', dev.recipient, '--filename-override', 'x', ...types], {
    stdin: text,
  })
  expect(encrypted).toMatchObject({ code: 0, stderr: '' })
  // Base64 may hold any short word, but none with a blank or a quote before it.
  expect(encrypted.stdout).not.toMatch(/[ "=]two\b/)
  expect(await dev.sops(['decrypt', ...types], { stdin: encrypted.stdout })).toEqual({
    code: 0,
    stdout: text,
    stderr: '',
  })
  expect(readdirSync(project.dir)).toEqual([])
})

test('the name given for stdin chooses the format and the rule', async () => {
  project.write('.sops.yaml', `creation_rules:\n  - path_regex: ^prod/.*\\.env$\n    age: ${dev.recipient}\n`)
  const { code, stdout } = await dev.sops(['encrypt', '--filename-override', 'prod/app.env'], { stdin: 'TOKEN=fake\n' })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^TOKEN=ENC\[.*\nsops_/)
  expect(await dev.sops(['encrypt', '--filename-override', 'dev/app.env'], { stdin: 'TOKEN=fake\n' })).toMatchObject({
    code: 1,
    stdout: '',
  })
  expect(await dev.sops(['encrypt', '--age', dev.recipient], { stdin: 'TOKEN=fake\n' })).toMatchObject({
    code: 8,
    stdout: '',
  })
})

test('conversion in a pipeline', async () => {
  const yaml = 'db:\n  user: shop\n  port: 5432\n'
  const { stdout } = await dev.sops(['encrypt', '--age', dev.recipient, '--filename-override', 'x.yaml'], {
    stdin: yaml,
  })
  const asJson = await dev.sops(['decrypt', '--input-type', 'yaml', '--output-type', 'json'], { stdin: stdout })
  expect(JSON.parse(asJson.stdout)).toEqual({ db: { user: 'shop', port: 5432 } })
})
