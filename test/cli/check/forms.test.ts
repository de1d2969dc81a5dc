// What `sops check` writes for other programs: whole documents that their readers take, with every finding in its place, whatever is in the
// names of files and keys.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Ajv from 'ajv-draft-04'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fingerprintOf, type Level } from '../../../src/check/index.ts'
import { type RuleId, rules } from '../../../src/check/rules.ts'
import type { Form, ShownFinding } from '../../../src/cli/check/form.ts'
import { githubForm } from '../../../src/cli/check/github.ts'
import { gitlabForm } from '../../../src/cli/check/gitlab.ts'
import { junitForm } from '../../../src/cli/check/junit.ts'
import { sarifForm } from '../../../src/cli/check/sarif.ts'
import { textOf } from '../../../src/system/index.ts'
import { root } from '../../support/build.ts'
import { workflowCommands } from '../../support/workflow-command.ts'
import { parseXml } from '../../support/xml.ts'
import { makeWork, recipient, rule, sealed, type Work } from '../many/support.ts'

// biome-ignore lint/suspicious/noExplicitAny: documents of others
type Data = any

const schema = JSON.parse(readFileSync(join(root, 'fixtures/schemas/sarif-2.1.0-rtm.5.json'), 'utf8'))
schema.definitions.region.anyOf = ['startLine', 'charOffset', 'byteOffset'].map((name) => ({ required: [name] }))
const isUri = (base?: string) => (text: string) => /^[!-~]*$/.test(text) && URL.canParse(text, base)
const ajv = new Ajv.default({ strict: false, allErrors: true, unicodeRegExp: false })
ajv.addFormat('uri', isUri())
ajv.addFormat('uri-reference', isUri('file:///top/'))
ajv.addFormat('date-time', true)
const validate = ajv.compile(schema)

/** The one run of a document that is valid. */
function runOf(text: string): Data {
  const data = JSON.parse(text)
  expect(validate(data) ? [] : validate.errors).toEqual([])
  expect(data.runs).toHaveLength(1)
  return data.runs[0]
}

const canary = 'canary7f3acanary7f3a'
let work: Work
beforeAll(async () => {
  const { 'db.enc.yaml': whole = '' } = await sealed({
    'db.enc.yaml': `db:\n  user: u\n  password: p\n  token_unencrypted: ${canary}\n`,
  })
  work = await makeWork(
    {},
    {
      '.sops.yaml': rule(recipient),
      'prod/db.enc.yaml': String(whole).replace(/password: ENC.*/, `password: ${canary}`),
      'notes.txt': `-----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----\n`,
      'plain.enc.yaml': `a: ${canary}\n`,
    },
  )
})
afterAll(() => work.remove())

const written = async (form: string, ...argv: string[]): Promise<string> => {
  const { code, stdout, stderr } = await work.sops(['check', '--rule', 'git-setup=off', '--format', form, ...argv])
  expect([code, stderr]).toEqual([1, ''])
  expect(stdout).not.toContain(canary)
  expect(stdout).toMatch(/\n$/)
  return stdout
}

describe('SARIF', () => {
  test('the rules are those of the table', async () => {
    const { tool, columnKind } = runOf(await written('sarif'))
    const { homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(tool.driver).toMatchObject({ name: 'sops-ts', version: '0.0.0', informationUri: homepage })
    const sarifLevel = { off: 'none', info: 'note', warn: 'warning', error: 'error' }
    expect(
      tool.driver.rules.map((one: Data) => [one.id, one.shortDescription.text, one.defaultConfiguration.level]),
    ).toEqual(rules.map(({ id, summary, level }) => [id, summary, sarifLevel[level]]))
    expect(columnKind).toBe('unicodeCodePoints')
  })

  test.each(['', 'prod'])('paths are relative to the top of the work tree, in folder "%s" too', async (cwd) => {
    const { stdout } = await work.sops(['check', '--rule', 'git-setup=off', '--format', 'sarif', '--all'], { cwd })
    const { results, tool, originalUriBaseIds } = runOf(stdout)
    const shown = results.map(({ ruleId, ruleIndex, level, message, locations, partialFingerprints }: Data) => {
      const { artifactLocation, region } = locations[0].physicalLocation
      expect(tool.driver.rules[ruleIndex].id).toBe(ruleId)
      expect(originalUriBaseIds).toHaveProperty([artifactLocation.uriBaseId])
      expect(partialFingerprints['sopsCheck/v1']).toMatch(/^[\da-f]{64}$/)
      return `${artifactLocation.uri}:${region.startLine}:${region.startColumn} ${level} ${ruleId} ${message.text}`
    })
    expect(shown).toEqual([
      'notes.txt:1:1 error private-key holds a PEM private key in clear',
      expect.stringMatching(
        /^plain\.enc\.yaml:1:undefined error plaintext-file is not encrypted, and .*; fix: sops encrypt -i \S*plain/,
      ),
      expect.stringMatching(
        /^prod\/db\.enc\.yaml:3:3 error plaintext-value \["db"\]\["password"\] is not encrypted; fix: sops check --fix /,
      ),
      'prod/db.enc.yaml:4:3 warning clear-secret ["db"]["token_unencrypted"] has the name of a secret, and is in clear',
      expect.stringMatching(/^prod\/db\.enc\.yaml:1:undefined note single-recipient /),
    ])
  })
})

test('GitHub: a line for each finding, at the level of its own', async () => {
  const lines = (await written('github')).split('\n').slice(0, -1)
  expect(lines).toEqual([
    '::error file=notes.txt,line=1,col=1,title=private-key::holds a PEM private key in clear',
    expect.stringMatching(/^::error file=plain\.enc\.yaml,title=plaintext-file::is not encrypted, and /),
    '::error file=prod/db.enc.yaml,line=3,col=3,title=plaintext-value::["db"]["password"] is not encrypted; fix: sops check --fix prod/db.enc.yaml',
    '::warning file=prod/db.enc.yaml,line=4,col=3,title=clear-secret::["db"]["token_unencrypted"] has the name of a secret, and is in clear',
    expect.stringMatching(/^::notice file=prod\/db\.enc\.yaml,title=single-recipient::/),
  ])
})

test('GitLab: fields, severities and lines', async () => {
  const issues: Data[] = JSON.parse(await written('gitlab'))
  expect(issues.map(({ check_name, severity, location }) => [check_name, severity, location])).toEqual([
    ['private-key', 'blocker', { path: 'notes.txt', lines: { begin: 1 } }],
    ['plaintext-file', 'blocker', { path: 'plain.enc.yaml', lines: { begin: 1 } }],
    ['plaintext-value', 'blocker', { path: 'prod/db.enc.yaml', lines: { begin: 3 } }],
    ['clear-secret', 'minor', { path: 'prod/db.enc.yaml', lines: { begin: 4 } }],
    ['single-recipient', 'info', { path: 'prod/db.enc.yaml', lines: { begin: 1 } }],
  ])
  expect(issues[2]!.description).toBe('["db"]["password"] is not encrypted; fix: sops check --fix prod/db.enc.yaml')
  expect(Object.keys(issues[0]!).sort()).toEqual(['check_name', 'description', 'fingerprint', 'location', 'severity'])
})

test('JUnit: errors fail, and what is less shows as skipped', async () => {
  const { name, attributes, children } = parseXml(await written('junit'))
  expect([name, children.map((suite) => suite.name)]).toEqual(['testsuites', ['testsuite']])
  const counts = { name: 'sops check', tests: '5', failures: '3', errors: '0', skipped: '2' }
  expect(attributes).toMatchObject(counts)
  expect(children[0]!.attributes).toMatchObject(counts)
  expect(
    children[0]!.children.map(({ attributes: at, children: inner }) => [at.classname, at.name, inner[0]?.name]),
  ).toEqual([
    ['notes.txt', 'private-key', 'failure'],
    ['plain.enc.yaml', 'plaintext-file', 'failure'],
    ['prod/db.enc.yaml', 'plaintext-value ["db"]["password"]', 'failure'],
    ['prod/db.enc.yaml', 'clear-secret ["db"]["token_unencrypted"]', 'skipped'],
    ['prod/db.enc.yaml', 'single-recipient', 'skipped'],
  ])
  const [failure] = children[0]!.children[2]!.children
  expect(failure!.attributes).toMatchObject({ type: 'plaintext-value', message: '["db"]["password"] is not encrypted' })
  expect(failure!.text).toBe(
    'prod/db.enc.yaml:3:3 error plaintext-value ["db"]["password"] is not encrypted; fix: sops check --fix prod/db.enc.yaml',
  )
})

test('where nothing is found each form is a whole document', async () => {
  const clean = await makeWork({}, { '.sops.yaml': rule(recipient), 'README.md': 'x\n' })
  const of = async (form: string): Promise<string> => {
    // A rule that is for nothing is a finding itself.
    const { code, stdout } = await clean.sops([
      'check',
      '--rule',
      'git-setup=off',
      '--format',
      form,
      '--rule',
      'unused-rule=off',
    ])
    expect(code).toBe(0)
    return stdout
  }
  expect(runOf(await of('sarif')).results).toEqual([])
  expect(await of('github')).toBe('')
  expect(await of('gitlab')).toBe('[]\n')
  const { attributes, children } = parseXml(await of('junit'))
  expect(attributes).toMatchObject({ tests: '1', failures: '0', skipped: '0' })
  expect(children[0]!.children).toMatchObject([{ attributes: { name: 'nothing to report' }, children: [] }])
  clean.remove()
})

// Other systems refuse such names, or do not tell what they are.
describe.skipIf(process.platform !== 'linux')('names', () => {
  const bytes = textOf(Buffer.from('caf\xe9.enc.yaml', 'latin1'))
  const names: readonly (readonly [what: string, name: string, uri: string, file?: string, shown?: string])[] = [
    ['blanks', ' a b.enc.yaml', '%20a%20b.enc.yaml'],
    ['signs of addresses', 'a#b?c%41&d=e+f;g@h.enc.yaml', 'a%23b%3Fc%2541%26d%3De%2Bf%3Bg%40h.enc.yaml'],
    ['a scheme', 'https:.enc.yaml', 'https%3A.enc.yaml'],
    [
      'letters of others',
      'p\u00e4th/\u65e5\u672c\ud83d\ude00.enc.yaml',
      'p%C3%A4th/%E6%97%A5%E6%9C%AC%F0%9F%98%80.enc.yaml',
    ],
    ['signs of GitHub', 'a,line=9:1%0A%25.enc.yaml', 'a%2Cline%3D9%3A1%250A%2525.enc.yaml'],
    ['a command of GitHub', '::add-mask::x.enc.yaml', '%3A%3Aadd-mask%3A%3Ax.enc.yaml'],
    ['an old command of GitHub', '##[add-mask]x.enc.yaml', '%23%23%5Badd-mask%5Dx.enc.yaml'],
    [
      'a line end',
      'a\n::error::x.enc.yaml',
      'a%0A%3A%3Aerror%3A%3Ax.enc.yaml',
      'a\n::error::x.enc.yaml',
      'a\n::error::x.enc.yaml',
    ],
    ['markup', `]]>"<&'.enc.yaml`, `%5D%5D%3E%22%3C%26'.enc.yaml`],
    [
      'what steers terminals',
      '\x1b[2J\u202e.enc.yaml',
      '%1B%5B2J%E2%80%AE.enc.yaml',
      '\\x1b[2J\\u202e.enc.yaml',
      '\ufffd[2J\u202e.enc.yaml',
    ],
    ['a byte that is no UTF-8', bytes, 'caf%E9.enc.yaml', 'caf\\xe9.enc.yaml', 'caf\\xe9.enc.yaml'],
  ]
  let box: Work
  const said: Record<string, string> = {}
  beforeAll(async () => {
    box = await makeWork({}, { '.sops.yaml': rule(recipient), 'p\u00e4th/x': '' })
    for (const [, name] of names)
      writeFileSync(
        Buffer.concat([
          Buffer.from(`${box.dir}/`),
          name === bytes ? Buffer.from('caf\xe9.enc.yaml', 'latin1') : Buffer.from(name),
        ]),
        'a: b\n',
      )
    box.git('add', '-A')
    for (const form of ['sarif', 'github', 'gitlab', 'junit', 'text'])
      said[form] = (
        await box.sops(['check', '--rule', 'git-setup=off', '--format', form], {
          env: form === 'text' ? { GITHUB_ACTIONS: 'true' } : {},
        })
      ).stdout
  })
  afterAll(() => box.remove())

  test.each(names)('%s', (_, name, uri, file = name, shown = file) => {
    const uris = runOf(said.sarif!).results.map((one: Data) => one.locations[0].physicalLocation.artifactLocation.uri)
    expect(uris).toContain(uri)
    expect(workflowCommands(said.github!).map(({ properties }) => properties.file)).toContain(file)
    // JSON carries any character; a byte that is none is shown.
    const paths = (JSON.parse(said.gitlab!) as Data[]).map(({ location }) => location.path)
    expect(paths).toContain(name === bytes ? shown : name)
    const cases = parseXml(said.junit!).children[0]!.children
    expect(cases.map(({ attributes }) => attributes.classname)).toContain(shown)
  })

  test('only findings are annotations', () => {
    for (const output of [said.github!, said.text!]) {
      const commands = workflowCommands(output)
      expect(commands.map(({ command }) => command)).toEqual(names.map(() => 'error'))
      expect(new Set(commands.map(({ properties }) => properties.title))).toEqual(new Set(['plaintext-file']))
    }
    for (const output of [said.sarif!, said.gitlab!, said.junit!]) expect(workflowCommands(output)).toEqual([])
  })

  test('nothing steers a terminal', () => {
    for (const output of Object.values(said)) expect(output).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u)
  })
})

const facts = { version: '1.2.3', now: new Date('2031-02-03T04:05:06.789Z') }
const finding = (more: Partial<ShownFinding>): ShownFinding => ({
  rule: 'plaintext-value',
  level: 'error',
  path: '/top/a.yaml',
  place: 'a.yaml',
  name: 'a.yaml',
  message: 'is not encrypted',
  ...more,
})

test('findings that differ in their place only are told apart, the same in every run', () => {
  const twin = { rule: 'private-key', message: 'holds a private key in clear' } as const
  const found = [
    finding({ ...twin, position: { line: 1, column: 1 } }),
    finding({ ...twin, position: { line: 9, column: 1 } }),
    finding({ ...twin, place: 'b.yaml' }),
  ]
  const [one, other, third] = (JSON.parse(gitlabForm(found, facts)) as Data[]).map(({ fingerprint }) => fingerprint)
  expect([one, other, third]).toEqual([
    fingerprintOf(found[0]!),
    `${fingerprintOf(found[0]!)}-2`,
    fingerprintOf(found[2]!),
  ])
  const cases = parseXml(junitForm(found, facts)).children[0]!.children
  expect(cases.map(({ attributes }) => attributes.name)).toEqual(['private-key', 'private-key (2)', 'private-key'])
})

test('SARIF: a key path makes neither a link nor a placeholder', () => {
  const text = sarifForm([finding({ keyPath: '["](https://example.com) {0}"]' })], facts)
  expect(runOf(text).results[0].message.text).toBe('["] (https://example.com) {{0}}"] is not encrypted')
})

test.each([
  ['above the top', '/other/a b.yaml', '../other/a b.yaml'],
  ['elsewhere', '/other/a b.yaml', '/other/a b.yaml'],
])('SARIF: a file %s has its whole address', (_, path, place) => {
  const [result] = runOf(sarifForm([finding({ path, place })], facts)).results
  expect(result.locations[0].physicalLocation.artifactLocation).toEqual({ uri: 'file:///other/a%20b.yaml' })
})

test('law: whatever is in a finding, each form has as many as there are, and nothing else', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.integer({ min: 0xd700, max: 0xe0ff })).map((units) => String.fromCharCode(...units)),
    fc
      .array(
        fc.constantFrom('::', '\n', '\r', ']]>', '"', '##[error]', '%', '&#0;', '<!--', 'a', ',', '\u0085', '\ufffe'),
      )
      .map((parts) => parts.join('')),
  )
  const any = fc.record({
    rule: fc.constantFrom(...rules.map(({ id }): RuleId => id)),
    level: fc.constantFrom<Level>('error', 'warning', 'note'),
    place: text.map((name) => `f${name.replaceAll('/', '')}`),
    keyPath: text.map((key) => `["${key}"]`),
    fix: text,
    line: fc.integer({ min: 1, max: 9 }),
  })
  const read: readonly (readonly [Form, (document: string) => number])[] = [
    [sarifForm, (document) => runOf(document).results.length],
    [githubForm, (document) => document.split('\n').length - 1],
    [gitlabForm, (document) => new Set((JSON.parse(document) as Data[]).map((one) => one.fingerprint)).size],
    [
      junitForm,
      (document) =>
        new Set(
          parseXml(document).children[0]!.children.map(
            ({ attributes }) => `${attributes.classname}\n${attributes.name}`,
          ),
        ).size,
    ],
  ]
  fc.assert(
    fc.property(fc.array(any, { minLength: 1 }), (list) => {
      const found = list.map(({ line, place, ...more }) =>
        finding({ ...more, place, name: place, path: `/top/${place}`, position: { line, column: 1 } }),
      )
      for (const [form, count] of read) {
        const document = form(found, facts)
        expect(count(document)).toBe(found.length)
        expect(document).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u)
        expect(workflowCommands(document)).toHaveLength(form === githubForm ? found.length : 0)
      }
    }),
  )
})
