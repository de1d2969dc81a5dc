// Which plain files must be encrypted: the rule, the name and the content have to say so.
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Config, findConfig, loadConfig } from '../../src/config/index.ts'
import { isSelective, mustBeEncrypted, type Need } from '../../src/repo/index.ts'
import { type Sandbox, sandbox } from '../support/cli.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { sealedYaml } from '../support/repository.ts'

test.each<[string | undefined, boolean]>([
  [undefined, false],
  ['', false],
  ['.*', false],
  ['.', false],
  ['\\.json$', false],
  ['^src/', false],
  ['\\.ya?ml$', false],
  ['\\.enc\\.yaml$', true],
  ['^k8s/', true],
  ['secret', true],
  ['\\.env$', true],
])('a rule for %j is selective: %j', async (pathRegex, wanted) =>
  expect(await isSelective(pathRegex === undefined ? {} : { pathRegex })).toBe(wanted),
)

const age = 'age: age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5'
const rules = `creation_rules:
  - path_regex: ^open/
    encrypted_regex: ^(data|stringData)$
    ${age}
  - path_regex: secrets/
    ${age}
  - path_regex: ^suffix/
    encrypted_suffix: _secret
    ${age}
  - ${age}
`

let folder: Sandbox
let ctx: FakeContext
const load = async (text: string): Promise<Config> => {
  writeFileSync(folder.path('.sops.yaml'), text)
  ctx = fakeContext({ cwd: folder.dir })
  return loadConfig((await findConfig(ctx))!, ctx)
}
beforeAll(() => {
  folder = sandbox({ '.sops.yaml': rules })
})
afterAll(() => folder.remove())

describe('mustBeEncrypted', () => {
  const object = (kind: string): string => `apiVersion: v1\nkind: ${kind}\ndata:\n  a: eA==\n`
  test.each<[string, name: string, text: string, Need]>([
    ['a value under a selective rule', 'secrets/a.yaml', 'a: 1\n', true],
    ['one deep in it', 'secrets/a.yaml', 'a: [{b: [x]}]\n', true],
    ['one in JSON', 'secrets/a.json', '{"a": false}', true],
    ['one in .env', 'secrets/.env', 'A=1\n', true],
    ['one in INI', 'secrets/a.ini', '[a]\nb = 1\n', true],
    ['bytes', 'secrets/a.key', 'x', true],
    ['a value in a later document', 'secrets/a.yaml', 'a:\n---\na: 1\n', true],
    ['a path without a rule of its own', 'a.yaml', 'a: 1\n', false],
    ['no values', 'secrets/a.yaml', '# nothing\n', false],
    ['no JSON', 'secrets/a.json', ' \n', false],
    ['a comment in JSON', 'secrets/a.json', '# password\n', 'unreadable'],
    ['empty values', 'secrets/a.yaml', 'a: ""\nb:\nc: []\nd: {}\n', false],
    ['no bytes', 'secrets/a.key', '', false],
    ['values that are left in clear by their names', 'secrets/a.yaml', 'a_unencrypted: 1\n', false],
    ['values that the rule selects', 'open/a.yaml', 'data: {a: x}\n', true],
    ['values that it does not', 'open/a.yaml', 'password: x\n', false],
    ['the rule that matches first', 'open/secrets/a.yaml', 'password: x\n', false],
    ['a suffix', 'suffix/a.yaml', 'a_secret: x\n', true],
    ['no suffix', 'suffix/a.yaml', 'a: x\n', false],
    ['a Secret', 'secrets/a.yaml', object('Secret'), true],
    ['another object', 'secrets/a.yaml', object('ConfigMap'), false],
    ['a Secret behind another object', 'secrets/a.yaml', `${object('ConfigMap')}---\n${object('Secret')}`, true],
    ['values that are of some kind', 'secrets/a.yaml', 'kind: x\na: 1\n', true],
    ['a text that is broken', 'secrets/a.yaml', 'a: [1\n', 'unreadable'],
    ['JSON that is broken', 'secrets/a.json', '{', 'unreadable'],
    ['an encrypted file', 'secrets/a.yaml', sealedYaml, false],
    ['README.md', 'secrets/README.md', '# x\n', false],
    ['an example', 'secrets/a.yaml.example', 'a: 1\n', false],
    ['a template', 'secrets/a.yaml.j2', 'a: 1\n', false],
    ['a public key', 'secrets/id.pub', 'x', false],
    ['.gitkeep', 'secrets/.gitkeep', 'x', false],
    ['kustomization.yaml', 'secrets/kustomization.yaml', 'a: 1\n', false],
    ['.sops.yaml', 'secrets/.sops.yaml', 'a: 1\n', false],
  ])('%s', async (_, name, text, wanted) => {
    const config = await load(rules)
    expect(await mustBeEncrypted(Buffer.from(text), folder.path(name), config, ctx)).toBe(wanted)
  })

  test('nothing must be without rules', async () =>
    expect(await mustBeEncrypted(Buffer.from('a: 1\n'), folder.path('secrets/a.yaml'), undefined, ctx)).toBe(false))

  test.each([
    ['path_regex: (', 'can not compile regexp'],
    ['path_regex: secrets/\n    encrypted_regex: (', 'creation_rules[0] of .sops.yaml: its expression is not valid'],
    ['path_regex: secrets/\n    encrypted_regex: a\n    encrypted_suffix: b', 'cannot use more than one of'],
  ])('rules that say nothing are refused: %j', async (rule, message) => {
    const config = await load(`creation_rules:\n  - ${rule}\n    ${age}\n`)
    await expect(mustBeEncrypted(Buffer.from('a: 1\n'), folder.path('secrets/a.yaml'), config, ctx)).rejects.toThrow(
      message,
    )
  })
})
