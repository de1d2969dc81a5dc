// JSON text is YAML, but readers of YAML refuse its tabs: asked for YAML by name, the program prints block YAML.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../../support/project.ts'

const json = '{\n\t"a": "b",\n\t"c": [1, {"d": null}]\n}\n'
const block = 'a: b\nc:\n    - 1\n    - d: null\n'
const types = ['--input-type', 'yaml', '--output-type', 'yaml']

let project: Project
let alice: Person
beforeEach(async () => {
  project = makeProject()
  alice = project.person('one')
  for (const name of ['x.json', 'x.yaml']) {
    project.write(name, json)
    await alice.sops(['encrypt', '-i', '--age', alice.recipient, name])
  }
})
afterEach(() => project.remove())

test.each(['x.json', 'x.yaml'])('%s', async (name) => {
  expect(await alice.sops(['decrypt', ...types, name])).toMatchObject({ code: 0, stdout: block })
  expect(await alice.sops(['decrypt', ...types, '--extract', '["c"][1]', name])).toMatchObject({ stdout: 'd: null\n' })
  expect(await alice.sops(['decrypt', name])).toMatchObject({ code: 0, stdout: json })
  expect(await alice.sops(['decrypt', '--input-type', 'json', '--output-type', 'json', 'x.json'])).toMatchObject({
    stdout: json,
  })
})

test('encrypting by name lays the file out as SOPS does; without the name the layout stays', async () => {
  project.write('y.yaml', json)
  const { stdout } = await alice.sops(['encrypt', ...types, '--age', alice.recipient, 'y.yaml'])
  expect(String(stdout)).toMatch(/^a: ENC\[.*\nc:\n {4}- ENC\[/)
  project.write('y.yaml', String(stdout))
  expect(await alice.sops(['decrypt', 'y.yaml'])).toMatchObject({ stdout: block })
})

test('JSON whose texts need escapes that only YAML has', async () => {
  project.write('e.yaml', '{"a": "\\u2028\\u007f\\u0001", "b": "{", "c": "\\\\\\""}\n')
  await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'e.yaml'])
  expect(await alice.sops(['decrypt', ...types, 'e.yaml'])).toMatchObject({
    stdout: 'a: "\\L\\x7F\\x01"\nb: \'{\'\nc: \\"\n',
  })
})

test('JSON that got a key of YAML has no tabs either', async () => {
  await alice.sops(['set', 'x.yaml', '["e"]', '{"f": "g"}'])
  expect(await alice.sops(['decrypt', ...types, 'x.yaml'])).toMatchObject({
    stdout: `${block}e:\n    f: g\n`,
  })
})

test('flow style that is not JSON keeps its layout', async () => {
  project.write('z.yaml', '{a: b, # c\n c: 1}\n')
  await alice.sops(['encrypt', '-i', ...types, '--age', alice.recipient, 'z.yaml'])
  expect(await alice.sops(['decrypt', ...types, 'z.yaml'])).toMatchObject({ stdout: '{a: b, # c\n c: 1}\n' })
})
