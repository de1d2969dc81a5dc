import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Diagnosis } from '../../src/cli/doctor/diagnosis.ts'
import { generateIdentity, type KeyPair } from '../../src/keys/age/keygen.ts'
import { type CliResult, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { closeGpgHome, gpgHome, hasGpg } from '../support/gpg.ts'
import { type Schema, violations } from '../support/json-schema.ts'

const isWindows = process.platform === 'win32'

let mine: KeyPair
let other: KeyPair
let pq: KeyPair
let box: Sandbox
beforeAll(async () => {
  mine = await generateIdentity()
  other = await generateIdentity()
  pq = await generateIdentity({ pq: true })
})
beforeEach(() => {
  box = sandbox()
})
afterEach(() => box.remove())
afterAll(closeGpgHome)

const sops = (words: readonly string[], env: Record<string, string> = {}): Promise<CliResult> =>
  runCli(words, { home: box.dir, cwd: box.dir, env: { XDG_CONFIG_HOME: box.path('config'), ...env } })

/** What doctor prints, without secrets in any case. */
async function doctor(
  words: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<{ readonly code: number; readonly text: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await sops(['doctor', ...words], env)
  const text = stdout.toString()
  expect(text + stderr).not.toContain('SECRET-KEY')
  expect(text + stderr).not.toContain('plaintext')
  return { code, text, stderr }
}

async function encrypted(name: string, ...words: string[]): Promise<string> {
  writeFileSync(box.path(name), 'a: plaintext\nb: 1\n')
  const { code, stderr } = await sops(['encrypt', '-i', ...words, name])
  expect([code, stderr]).toEqual([0, ''])
  return box.path(name)
}

const mineEnv = (): Record<string, string> => ({ SOPS_AGE_KEY: mine.identity })

describe('this machine', () => {
  test('with nothing on it', async () => {
    const { code, text, stderr } = await doctor()
    expect([code, stderr]).toEqual([0, ''])
    for (const place of ['SOPS_AGE_KEY', 'SOPS_AGE_KEY_FILE', 'SOPS_AGE_KEY_CMD', box.path('.ssh/id_ed25519')]) {
      expect(text).toContain(`  ${place}: none\n`)
    }
    expect(text).toContain('  kms: none\n')
    expect(text).toContain('  there is nothing here that could open a file; sops keygen makes an age identity\n')
    expect(text).toContain(`configuration\n  no .sops.yaml in ${box.dir} or above it\n`)
    // Looking must not leave anything behind, such as a new home of gpg.
    expect(readdirSync(box.dir)).toEqual([])
  })

  test('identities are shown by their recipients, place by place', async () => {
    writeFileSync(box.path('file.txt'), `# comment\n${pq.identity}\n`, { mode: 0o600 })
    const { code, text } = await doctor([], { ...mineEnv(), SOPS_AGE_KEY_FILE: 'file.txt', SOPS_AGE_KEY_CMD: 'false' })
    expect(code).toBe(0)
    expect(text).toContain(`  SOPS_AGE_KEY:\n    ${mine.recipient}\n`)
    expect(text).toContain(`  SOPS_AGE_KEY_FILE (file.txt):\n    ${pq.recipient}\n`)
    expect(text).toContain('  SOPS_AGE_KEY_CMD:\n    a command, run when a file is opened\n')
    expect(text).not.toContain('there is nothing here')
  })

  test('commands are not run', async () => {
    await doctor([], { SOPS_AGE_KEY_CMD: `touch ${box.path('ran')}`, PATH: process.env.PATH ?? '' })
    expect(existsSync(box.path('ran'))).toBe(false)
  })

  test.skipIf(!hasGpg)('secret keys that gpg has', async () => {
    const { text } = await doctor([], { GNUPGHOME: gpgHome(), PATH: process.env.PATH ?? '' })
    expect(text).toContain('    84A7186F9832D9E67FAF2010DEF64C926113B527\n')
  })

  test('credentials are named, not shown', async () => {
    const { text } = await doctor([], { VAULT_TOKEN: 'hvs.plaintext', AWS_PROFILE: 'plaintext' })
    expect(text).toContain('  hc_vault: VAULT_TOKEN\n')
    expect(text).toContain('  kms: AWS_PROFILE\n')
  })

  test.each([
    [{ SOPS_AGE_KEY: 'nonsense' }, "failed to parse 'SOPS_AGE_KEY' age identities"],
    [{ SOPS_AGE_KEY_FILE: 'none.txt' }, 'no such file or directory'],
    [{ SOPS_AGE_KEY_CMD: '' }, 'the command is empty'],
  ])('%j is a problem', async (env, problem) => {
    const { code, text } = await doctor([], env)
    expect(code).toBe(1)
    expect(text).toMatch(/^ {4}problem: /m)
    expect(text).toContain(problem)
  })

  test.skipIf(isWindows)('a key file that others can read is a problem', async () => {
    writeFileSync(box.path('file.txt'), `${mine.identity}\n`)
    chmodSync(box.path('file.txt'), 0o640)
    const { code, text } = await doctor([], { SOPS_AGE_KEY_FILE: 'file.txt' })
    expect(code).toBe(1)
    expect(text).toContain(`problem: private key file is readable by other users file=${box.path('file.txt')}`)
  })

  test.each([
    'SOPS_AGE_KEY_FILE',
    'SOPS_AGE_SSH_PRIVATE_KEY_FILE',
    'SOPS_PGP_KEY_FILE',
    'SOPS_GPG_EXEC',
    'SOPS_CONFIG',
  ])('%s that is the key itself is not shown', async (name) => {
    const { text, stderr } = await doctor([], { [name]: mine.identity })
    expect(text + stderr).not.toContain(mine.identity.slice(20, 40))
    expect(text).toContain('(a secret, not shown)')
  })

  test('names cannot steer the terminal', async () => {
    const { text } = await doctor([], { SOPS_AGE_KEY_FILE: '\x1b[2Jx' })
    expect(text).not.toContain('\x1b')
    expect(text).toContain('\\x1b[2Jx')
  })
})

describe('configuration', () => {
  test('one that is right', async () => {
    writeFileSync(box.path('.sops.yaml'), `creation_rules:\n  - age: ${mine.recipient}\n`)
    const { code, text } = await doctor()
    expect(code).toBe(0)
    expect(text).toContain(`  ok: ${box.path('.sops.yaml')}: 1 creation rule\n`)
  })

  test('one that cannot be read', async () => {
    writeFileSync(box.path('.sops.yaml'), 'creation_rules: [1, 2\n')
    const { code, text } = await doctor()
    expect(code).toBe(1)
    expect(text).toMatch(/^1 problem\n/)
    expect(text).toMatch(/configuration\n {2}problem: /)
  })

  test('one with faults: the verdict comes first, each fault has its line and what to do', async () => {
    writeFileSync(
      box.path('.sops.yaml'),
      `creation_rules:\n  - path_regex: '*.yaml'\n    age: age1x\n  - keygroups: []\n  - age: ${mine.recipient}\nstore: {}\n`,
    )
    const { code, text, stderr } = await doctor()
    expect([code, stderr]).toEqual([1, ''])
    expect(text).toMatch(/^6 problems\n\nconfiguration\n/)
    for (const part of [
      `  ${box.path('.sops.yaml')}: 3 creation rules\n`,
      '  problem: line 2: path_regex of creation_rules[0] does not compile: ',
      "    hint: path_regex is a regular expression, not a glob: write '\\.yaml$' for '*.yaml'\n",
      '  problem: line 3: creation_rules[0].age: failed to parse input',
      '  problem: line 4: unknown field "keygroups" in creation_rules[1] is ignored\n    hint: did you mean "key_groups"?\n',
      '  problem: line 4: creation_rules[1] has no recipients',
      '  problem: line 5: creation_rules[2] never applies: creation_rules[1] has no path_regex, so it takes every file\n',
      '  problem: line 6: unknown field "store" is ignored\n    hint: did you mean "stores"?\n',
      `  creation_rules[2], line 5 (no path_regex, so it fits every file)\n    age ${mine.recipient}\n`,
    ])
      expect(text).toContain(part)
  })

  test('keys that are not here are no fault, and those that are here are told', async () => {
    writeFileSync(
      box.path('.sops.yaml'),
      `creation_rules:\n  - key_groups:\n      - age: [${mine.recipient}]\n      - age: [${other.recipient}]\n`,
    )
    const { code, text } = await doctor([], mineEnv())
    expect([code, text.split('\n')[0]]).toEqual([0, 'ok'])
    expect(text).toContain(`    key group 0:\n      age ${mine.recipient}: its identity is here\n`)
    expect(text).toContain(`    key group 1:\n      age ${other.recipient}\n`)
  })

  test('an identity among the recipients is not shown', async () => {
    writeFileSync(box.path('.sops.yaml'), `creation_rules:\n  - age: ${mine.identity}\n  - pgp: ${mine.identity}\n`)
    for (const words of [[], ['--json']]) expect((await doctor(words)).code).toBe(1)
  })

  test('nothing is looked up', async () => {
    writeFileSync(box.path('.sops.yaml'), 'creation_rules:\n  - azure_keyvault: https://127.0.0.1:1/keys/k\n')
    const { code, text } = await doctor(['--network-keys'])
    expect([code, text.split('\n')[0]]).toEqual([0, 'ok'])
    expect(text).toContain('    azure_kv https://127.0.0.1:1/keys/k/\n')
  })

  test('others further up are told', async () => {
    mkdirSync(box.path('below'))
    const rule = `creation_rules:\n  - age: ${mine.recipient}\n`
    writeFileSync(box.path('.sops.yaml'), rule)
    writeFileSync(box.path('below/.sops.yaml'), rule)
    const { code, stdout } = await runCli(['doctor'], { home: box.dir, cwd: box.path('below') })
    expect([code, stdout.toString().split('\n')[0]]).toEqual([0, 'ok, 1 remark'])
    expect(stdout.toString()).toContain(
      `  remark: ${box.path('.sops.yaml')} is not read: the nearest configuration is the only one\n`,
    )
  })

  test('one called .sops.yml is a problem', async () => {
    writeFileSync(box.path('.sops.yml'), `creation_rules:\n  - age: ${mine.recipient}\n`)
    const { code, text } = await doctor()
    expect(code).toBe(1)
    expect(text).toContain('problem: ignoring ".sops.yml"')
  })
})

describe('a file', () => {
  test('that can be opened', async () => {
    const path = await encrypted('f.yaml', '--age', `${other.recipient},${mine.recipient}`)
    const before = statSync(path).mtimeMs
    const { code, text, stderr } = await doctor(['f.yaml'], mineEnv())
    expect([code, stderr]).toEqual([0, ''])
    expect(text).toContain(`\nf.yaml\n  format: yaml\n  written by version 3.13.2, last changed 20`)
    expect(text).toContain(`    ok: age ${mine.recipient}: can be opened here\n`)
    expect(text).toContain(`    age ${other.recipient}: cannot be opened here\n      failed to create reader`)
    expect(text).toContain('  ok: it can be opened here, and its integrity check passes\n')
    expect(statSync(path).mtimeMs).toBe(before)
  })

  test('that cannot be opened', async () => {
    await encrypted('f.yaml', '--age', other.recipient)
    const { code, text } = await doctor(['f.yaml'], mineEnv())
    expect(code).toBe(1)
    expect(text).toContain(`    age ${other.recipient}: cannot be opened here\n`)
    expect(text).toContain('  problem: it cannot be opened here\n')
  })

  test('whose version cannot be compared is not opened', async () => {
    const path = await encrypted('f.yaml', '--age', mine.recipient)
    writeFileSync(path, readFileSync(path, 'utf8').replace(/version: .*/, 'version: x'))
    const { code, text } = await doctor(['f.yaml'], mineEnv())
    expect(code).toBe(1)
    expect(text).toMatch(/ {2}problem: .*version/i)
    expect(text).not.toContain('can be opened here')
  })

  test('that was changed by hand', async () => {
    const path = await encrypted('f.yaml', '--age', mine.recipient)
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^b: .*\n/m, ''))
    const { code, text } = await doctor(['f.yaml'], mineEnv())
    expect(code).toBe(1)
    expect(text).toContain('  problem: MAC mismatch')
  })

  test('with key groups', async () => {
    writeFileSync(
      box.path('.sops.yaml'),
      `creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [${mine.recipient}]\n      - age: [${other.recipient}]\n      - age: [${pq.recipient}]\n`,
    )
    await encrypted('f.yaml')
    const enough = await doctor(['f.yaml'], { SOPS_AGE_KEY: `${mine.identity} ${pq.identity}` })
    expect(enough.code).toBe(0)
    expect(enough.text).toContain(`  key group 0:\n    ok: age ${mine.recipient}: can be opened here\n`)
    expect(enough.text).toContain(`  key group 1:\n    age ${other.recipient}: cannot be opened here\n`)
    expect(enough.text).toContain('  key groups needed: 2 of 3\n')
    expect(enough.text).toContain('  creation rule: creation_rules[0] (no path_regex, so it fits every file)\n')
    const tooFew = await doctor(['f.yaml'], mineEnv())
    expect(tooFew.code).toBe(1)
    expect(tooFew.text).toContain('  problem: it cannot be opened here\n')
  })

  test('whose keys are not those of its rule', async () => {
    await encrypted('f.yaml', '--age', mine.recipient)
    writeFileSync(
      box.path('.sops.yaml'),
      `creation_rules:\n  - path_regex: x\n    age: a\n  - path_regex: f\\.yaml\n    age: ${other.recipient}\n`,
    )
    const { code, text } = await doctor(['f.yaml'], mineEnv())
    expect(code).toBe(1)
    expect(text).toContain('  creation rule: creation_rules[1] (path_regex f\\.yaml)\n')
    expect(text).toContain(`    ${other.recipient} is missing in the file\n    ${mine.recipient} is only in the file\n`)
    expect(text).toContain('hint: sops updatekeys ')
  })

  test.each([
    ['plain.yaml', 'a: plaintext\n', 'problem: it is not encrypted'],
    ['broken.json', '{"a": "plaintext"', 'problem: '],
    ['empty.yaml', '', 'problem: '],
  ])('%s', async (name, content, problem) => {
    writeFileSync(box.path(name), content)
    const { code, text } = await doctor([name])
    expect(code).toBe(1)
    expect(text).toContain(problem)
  })

  test('that is not there, beside one that is fine', async () => {
    await encrypted('f.yaml', '--age', mine.recipient)
    const { code, text } = await doctor(['none.yaml', 'f.yaml'], mineEnv())
    expect(code).toBe(1)
    expect(text).toContain('  problem: Error reading file: open ')
    expect(text).toContain('  ok: it can be opened here')
  })

  test('without any key service', async () => {
    await encrypted('f.yaml', '--age', mine.recipient)
    const { code, text } = await doctor(['--enable-local-keyservice=false', 'f.yaml'], mineEnv())
    expect(code).toBe(1)
    expect(text).toContain(`    age ${mine.recipient}: cannot be opened here\n  problem: it cannot be opened here\n`)
  })

  test('with a key service that is down', async () => {
    await encrypted('f.yaml', '--age', other.recipient)
    const uri = `unix://${box.path('none.sock')}`
    const { code, text, stderr } = await doctor(['--network-keys', '--keyservice', uri, 'f.yaml'], mineEnv())
    expect([code, stderr]).toEqual([1, ''])
    expect(text).toContain(`      ${uri}: rpc error: code = Unavailable desc = `)
    expect(text).toContain(`warnings\n  problem: Key service is not available address=${uri}\n`)
  })
})

describe('several files', () => {
  test('are summed up', async () => {
    await encrypted('a.yaml', '--age', mine.recipient)
    await encrypted('b.yaml', '--age', other.recipient)
    writeFileSync(box.path('c.yaml'), 'a: plaintext\n')
    const { code, text } = await doctor(['a.yaml', 'b.yaml', 'c.yaml'], mineEnv())
    expect(code).toBe(1)
    expect(text).toMatch(
      /^2 problems\n1 of 3 files can be opened here; these cannot:\n {2}b\.yaml: it cannot be opened here\n {2}c\.yaml: it is not encrypted\n\n/,
    )
    await encrypted('d.yaml', '--age', mine.recipient)
    expect((await doctor(['a.yaml', 'd.yaml', 'a.yaml'], mineEnv())).text).toMatch(
      /^ok\n2 of 2 files can be opened here\n\n/,
    )
  })
})

describe('files that are found', () => {
  test('in a folder, each with the rule of its nearest configuration', async () => {
    mkdirSync(box.path('sub/deep'), { recursive: true })
    await encrypted('sub/a.yaml', '--age', mine.recipient)
    await encrypted('sub/deep/b.yaml', '--age', mine.recipient)
    writeFileSync(box.path('sub/plain.yaml'), 'a: 1\n')
    writeFileSync(box.path('.sops.yaml'), `creation_rules: [{age: ${mine.recipient}}]\n`)
    writeFileSync(box.path('sub/deep/.sops.yaml'), `creation_rules: [{age: ${other.recipient}}]\n`)
    for (const argv of [['sub'], ['sub/**/*.yaml'], ['--all']]) {
      const { code, text } = await doctor(argv, mineEnv())
      expect(code).toBe(1)
      expect(text).toMatch(/^1 problem\n2 of 2 files can be opened here\n/)
      expect(text).toContain(`${other.recipient} is missing in the file`)
      expect(text).not.toContain('plain.yaml')
    }
  })

  test('a configuration there that cannot be used is a problem', async () => {
    mkdirSync(box.path('sub'))
    await encrypted('sub/a.yaml', '--age', mine.recipient)
    writeFileSync(box.path('sub/.sops.yaml'), 'creation_rules: 5\n')
    const { code, text } = await doctor(['sub'], mineEnv())
    expect(code).toBe(1)
    expect(text).toContain('problem: error loading config: Could not unmarshal config file')
  })

  test('none', async () => {
    mkdirSync(box.path('sub'))
    expect(await doctor(['sub'])).toMatchObject({ code: 1, text: '' })
  })
})

describe('as JSON', () => {
  const schema = JSON.parse(readFileSync(new URL('../../schema/doctor.json', import.meta.url), 'utf8')) as Schema

  /** The same schema, but with no field beyond those that it describes. */
  const closed = (at: unknown): unknown => {
    if (typeof at !== 'object' || at === null) return at
    if (Array.isArray(at)) return at.map(closed)
    const inner = Object.fromEntries(Object.entries(at).map(([name, one]) => [name, closed(one)]))
    return 'properties' in at ? { ...inner, additionalProperties: false } : inner
  }

  async function diagnosis(words: readonly string[], env?: Record<string, string>): Promise<Diagnosis> {
    const { code, text, stderr } = await doctor(['--json', ...words], env)
    const data = JSON.parse(text) as Diagnosis
    expect([code, stderr, violations(data, closed(schema) as Schema)]).toEqual([data.ok ? 0 : 1, '', []])
    return data
  }

  test('a machine with nothing on it', async () => {
    const data = await diagnosis([])
    expect(data).toMatchObject({ ok: true, problems: 0, remarks: 0, findings: [], config: null, rules: [], files: [] })
    expect(data.identities).toContainEqual({ type: 'age', place: 'SOPS_AGE_KEY', found: [] })
    expect(data.credentials).toContainEqual({ type: 'kms', found: [] })
  })

  test('rules, keys and files', async () => {
    const config = box.path('.sops.yaml')
    await encrypted('a.yaml', '--age', `${mine.recipient},${other.recipient}`)
    writeFileSync(config, `creation_rules:\n  - path_regex: a\n    age: ${mine.recipient}\n    foo: 1\n`)
    const data = await diagnosis(['a.yaml', 'none.yaml'], mineEnv())
    expect(data.config).toBe(config)
    expect(data.rules).toEqual([
      {
        list: 'creation_rules',
        index: 0,
        line: 2,
        path_regex: 'a',
        key_groups: [[{ type: 'age', name: mine.recipient, here: true }]],
      },
    ])
    expect(data.files).toMatchObject([
      {
        file: 'a.yaml',
        format: 'yaml',
        opens: true,
        reason: null,
        rule: 0,
        keys: [
          { group: 0, type: 'age', name: mine.recipient, opens: true, tried: true, reasons: [] },
          { group: 0, type: 'age', name: other.recipient, opens: false, tried: true },
        ],
      },
      { file: 'none.yaml', format: null, opens: false, rule: null, keys: [] },
    ])
    expect(data.findings.map(({ kind, file, line }) => [kind, file, line])).toEqual([
      ['problem', config, 4],
      ['problem', 'a.yaml', null],
      ['problem', 'none.yaml', null],
    ])
    expect(data.problems).toBe(3)
  })

  test('names cannot steer the terminal', async () => {
    const { text } = await doctor(['--json', 'a\u009b2J\u202e'])
    expect(text).not.toMatch(/[\u009b\u202e]/)
    expect((JSON.parse(text) as Diagnosis).files[0]?.file).toBe('a\u009b2J\u202e')
  })
})
