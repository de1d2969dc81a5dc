import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { generateIdentity, type KeyPair } from '../../src/keys/age/keygen.ts'
import { type CliResult, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { closeGpgHome, gpgHome, hasGpg } from '../support/gpg.ts'

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

  test('one that is wrong', async () => {
    writeFileSync(box.path('.sops.yaml'), 'creation_rules: [1, 2\n')
    const { code, text } = await doctor()
    expect(code).toBe(1)
    expect(text).toMatch(/configuration\n {2}problem: /)
  })
})

describe('a file', () => {
  test('that can be opened', async () => {
    const path = await encrypted('f.yaml', '--age', `${other.recipient},${mine.recipient}`)
    const before = statSync(path).mtimeMs
    const { code, text, stderr } = await doctor(['f.yaml'], mineEnv())
    expect([code, stderr]).toEqual([0, ''])
    expect(text).toContain(`\n${path}\n  format: yaml\n  written by version 3.13.2, last changed 20`)
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
    expect(enough.text).toContain('  creation rule: number 1 (no path_regex, so it fits every file)\n')
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
    expect(text).toContain('  creation rule: number 2 (path_regex f\\.yaml)\n')
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
