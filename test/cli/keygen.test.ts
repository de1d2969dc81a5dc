import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { age } from '../../src/keys/age.ts'
import { type CliResult, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'

const dataKey = Buffer.from('0123456789abcdef0123456789abcdef')
const isWindows = process.platform === 'win32'

let box: Sandbox
beforeEach(() => {
  box = sandbox()
})
afterEach(() => box.remove())

const keygen = (words: readonly string[] = [], env: Record<string, string> = {}): Promise<CliResult> =>
  runCli(['keygen', ...words], { home: box.dir, cwd: box.dir, env: { XDG_CONFIG_HOME: box.path('config'), ...env } })

/** True when the identity in the file opens what is wrapped for the recipient. */
async function fits(recipient: string, env: Record<string, string>): Promise<boolean> {
  const ctx = fakeContext({ env, home: box.dir, cwd: box.dir })
  const [key] = await age.parse(recipient, ctx)
  const result = await age.unwrap({ ...key!, enc: await age.wrap(key!, dataKey, ctx) }, ctx)
  return result instanceof Uint8Array && dataKey.equals(result)
}

/** What to write into .sops.yaml. */
const ruleFor = (recipient: Buffer): string =>
  `hint: sops encrypts for it with these lines in .sops.yaml:\ncreation_rules:\n  - age: ${recipient}`

test('the lines for .sops.yaml are a rule that encrypts for it', async () => {
  const { stderr } = await keygen(['--output', 'id.txt'])
  writeFileSync(box.path('.sops.yaml'), stderr.slice(stderr.indexOf('creation_rules:')))
  writeFileSync(box.path('f.yaml'), 'a: b\n')
  const options = { home: box.dir, cwd: box.dir, env: { SOPS_AGE_KEY_FILE: 'id.txt' } }
  expect((await runCli(['encrypt', '-i', 'f.yaml'], options)).code).toBe(0)
  expect((await runCli(['decrypt', 'f.yaml'], options)).stdout.toString()).toBe('a: b\n')
})

test.each(['', '-'])('--output %j is no file', async (output) => {
  const { code, stdout, stderr } = await keygen(['--output', output])
  expect([code, stdout.toString()]).toEqual([1, ''])
  expect(stderr).toMatch(/^error: .*\nhint: name a file with --output/)
  expect(readdirSync(box.dir)).toEqual([])
})

test('makes the identity that sops finds by itself', async () => {
  const path = box.path('config/sops/age/keys.txt')
  const { code, stdout, stderr } = await keygen()
  expect([code, stderr]).toEqual([0, `identity written to ${path}; keep a copy in a safe place\n${ruleFor(stdout)}`])
  expect(stdout.toString()).toMatch(/^age1[a-z0-9]{58}\n$/)
  const recipient = stdout.toString().trim()
  const text = readFileSync(path, 'utf8')
  expect(text).toMatch(/^# created: .*Z\n# public key: age1.*\nAGE-SECRET-KEY-1[A-Z0-9]{58}\n$/)
  expect(text).toContain(`# public key: ${recipient}\n`)
  if (!isWindows) {
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(box.path('config/sops/age')).mode & 0o777).toBe(0o700)
  }
  expect(await fits(recipient, { XDG_CONFIG_HOME: box.path('config') })).toBe(true)
})

test.skipIf(isWindows || process.platform === 'darwin')('without XDG_CONFIG_HOME it lies below the home', async () => {
  const { code } = await keygen([], { XDG_CONFIG_HOME: '' })
  expect(code).toBe(0)
  expect(statSync(box.path('.config/sops/age/keys.txt')).isFile()).toBe(true)
})

test('never touches what is there', async () => {
  await keygen()
  const path = box.path('config/sops/age/keys.txt')
  const before = readFileSync(path)
  const { code, stdout, stderr } = await keygen()
  expect([code, stdout.toString()]).toEqual([3, ''])
  expect(stderr).toContain(`${path} exists already; it was left as it is\nhint: name another file with --output\n`)
  expect(readFileSync(path).equals(before)).toBe(true)
})

test.skipIf(isWindows)('does not write through a link', async () => {
  symlinkSync(box.path('elsewhere'), box.path('id.txt'))
  const { code } = await keygen(['--output', 'id.txt'])
  expect(code).toBe(3)
  expect(() => statSync(box.path('elsewhere'))).toThrow()
})

test('--output names the file', async () => {
  const { code, stdout, stderr } = await keygen(['--output', 'sub/id.txt'])
  expect([code, stderr]).toEqual([
    0,
    `identity written to ${box.path('sub/id.txt')}; keep a copy in a safe place\n` +
      `hint: sops finds it with SOPS_AGE_KEY_FILE=${box.path('sub/id.txt')}\n${ruleFor(stdout)}`,
  ])
  expect(await fits(stdout.toString().trim(), { SOPS_AGE_KEY_FILE: box.path('sub/id.txt') })).toBe(true)
})

test('--pq makes a post-quantum identity', async () => {
  const { code, stdout } = await keygen(['--pq', '--output', 'pq.txt'])
  expect(code).toBe(0)
  expect(stdout.toString()).toMatch(/^age1pq1[a-z0-9]+\n$/)
  expect(readFileSync(box.path('pq.txt'), 'utf8')).toMatch(/\nAGE-SECRET-KEY-PQ-1[A-Z0-9]+\n$/)
  expect(await fits(stdout.toString().trim(), { SOPS_AGE_KEY_FILE: box.path('pq.txt') })).toBe(true)
})

test('the secret is never shown', async () => {
  const { stdout, stderr } = await keygen()
  expect(stdout.toString() + stderr).not.toContain('AGE-SECRET-KEY')
})

test('a folder that cannot be made', async () => {
  writeFileSync(box.path('config'), 'a file')
  const { code, stdout, stderr } = await keygen()
  expect([code, stdout.toString()]).toEqual([3, ''])
  expect(stderr).toContain('could not write the identity: ')
})

// Of every name in such a file system it is said that something above is missing; making folders recursively does not end there.
test.runIf(process.platform === 'linux')('procfs has no room', async () => {
  for (const [words, env] of [
    [['--output', '/proc/none/keys.txt'], {}],
    [['--output', '/proc/self/a/b/keys.txt'], {}],
    [[], { XDG_CONFIG_HOME: '/proc/self/none' }],
  ] as const) {
    const { code, stdout, stderr } = await keygen(words, env)
    expect([code, stdout.toString()]).toEqual([3, ''])
    expect(stderr).toMatch(/could not write the identity: mkdir \/proc\/\S+: no such file or directory/)
  }
})

test('nowhere to put it', async () => {
  const { code, stderr } = await keygen([], { XDG_CONFIG_HOME: 'relative' })
  expect(code).toBe(1)
  expect(stderr).toContain('user config directory could not be determined')
  expect(stderr).toContain('hint: name a file with --output')
})
