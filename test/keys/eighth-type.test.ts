// A key type that the program has never heard of, in one file and one line of the table, does all that the others do.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { main } from '../../src/cli/main.ts'
import * as library from '../../src/index.ts'
import { generateIdentity, type KeyPair } from '../../src/keys/age/keygen.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { describeKey } from '../../src/keyservice/describe.ts'
import { readRequest, writeRequest } from '../../src/keyservice/messages.ts'
import { environmentFor } from '../../src/system/environment.ts'
import { bufferHost, type CliResult, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'

vi.mock('../../src/keys/table.ts', async (original) => ({
  ...(await original<object>()),
  paper: (await import('../support/eighth-type.ts')).paper,
}))

const slip = { PAPER_SLIP: 'not to be seen' }

let pair: KeyPair
let box: Sandbox
beforeAll(async () => {
  pair = await generateIdentity()
})
beforeEach(() => {
  box = sandbox()
})
afterEach(() => box.remove())

const sops = (words: readonly string[], env: Record<string, string> = slip): Promise<CliResult> =>
  runCli(words, { home: box.dir, cwd: box.dir, env: { XDG_CONFIG_HOME: box.path('config'), ...env } })

/** Runs a command that has nothing to complain about; the result is what it prints. */
async function done(words: readonly string[], env: Record<string, string> = slip): Promise<string> {
  const { code, stdout, stderr } = await sops(words, env)
  expect([code, stderr]).toEqual([0, ''])
  return stdout.toString()
}

const read = (name: string): string => readFileSync(box.path(name), 'utf8')

async function encrypted(name: string, text: string, words: readonly string[] = ['--paper', 'Top']): Promise<void> {
  writeFileSync(box.path(name), text)
  await done(['encrypt', '-i', ...words, name])
}

/** The type and label of every key of a file's groups. */
async function keysOf(name: string): Promise<string[][]> {
  const file = await library.loadEncrypted(readFileSync(box.path(name)), 'yaml')
  return file.metadata.keyGroups.map(({ keys }) => keys.map((key) => `${key.type} ${library.labelOf(key)}`))
}

describe('metadata', () => {
  test.each([
    ['yaml', 'a: secret\n', /\n {4}paper:\n/],
    ['json', '{"a": "secret"}\n', /"paper":/],
    ['env', 'A=secret\n', /sops_paper__list_0__map_drawer=Top\n/],
    ['ini', '[a]\nb = secret\n', /paper__list_0__map_drawer *= Top\n/],
    ['bin', 'secret', /"paper":/],
  ])('goes to a .%s file and back', async (suffix, text, stored) => {
    const name = `file.${suffix}`
    await encrypted(name, text, ['--paper', 'Top,Second'])
    expect(read(name)).toMatch(stored)
    expect(read(name)).not.toContain('secret')
    expect(await done(['decrypt', name])).toBe(text)
    await done(['rotate', '-i', name])
    expect(await done(['decrypt', name])).toBe(text)
    const { code, stderr } = await sops(['decrypt', name], {})
    expect([code, stderr]).toEqual([128, expect.stringContaining('there is no slip')])
  })

  test('has every field, maps too', async () => {
    writeFileSync(box.path('.sops.yaml'), 'creation_rules: [{key_groups: [{paper: [{drawer: d, marks: {x: y}}]}]}]\n')
    await encrypted('file.yaml', 'a: secret\n', [])
    expect(read('file.yaml')).toMatch(
      / {4}paper:\n {8}- created_at: "2026-01-02T03:04:05Z"\n {10}drawer: d\n {10}enc: \S+\n {10}marks:\n {12}x: "y"\n/,
    )
    expect(await done(['decrypt', 'file.yaml'])).toBe('a: secret\n')
  })
})

describe('encrypting', () => {
  test('for its variable', async () => {
    writeFileSync(box.path('file.yaml'), 'a: secret\n')
    await done(['encrypt', '-i', 'file.yaml'], { ...slip, SOPS_PAPER_DRAWERS: 'one, two' })
    expect(await keysOf('file.yaml')).toEqual([['paper drawer one', 'paper drawer two']])
  })

  test('for its flag among others, each at its place', async () => {
    writeFileSync(box.path('file.yaml'), 'a: secret\n')
    const keys = ['--age', pair.recipient, '--paper', 'one']
    const { stderr } = await sops(['--verbose', 'encrypt', '-i', ...keys, 'file.yaml'])
    expect(stderr).toContain(`Master keys available:  [drawer one ${pair.recipient}]`)
    expect(await keysOf('file.yaml')).toEqual([[`age ${pair.recipient}`, 'paper drawer one']])
    expect(await done(['decrypt', 'file.yaml'])).toBe('a: secret\n')
    expect(await done(['decrypt', 'file.yaml'], { SOPS_AGE_KEY: pair.identity })).toBe('a: secret\n')
  })

  test.each([
    ['paper_drawers: "one, two"'],
    ['paper_drawers: [one, two]'],
    ['key_groups: [{paper: [{drawer: one}, {drawer: two}]}]'],
    ['key_groups: [{paper: [{drawer: one}, {drawer: ONE}, {drawer: two}]}]'],
  ])('for the rule %s', async (fields) => {
    writeFileSync(box.path('.sops.yaml'), `creation_rules: [{${fields}}]\n`)
    await encrypted('file.yaml', 'a: secret\n', [])
    expect(await keysOf('file.yaml')).toEqual([['paper drawer one', 'paper drawer two']])
  })

  test.each([
    [
      'paper_drawers: 5',
      'invalid slip key configuration: invalid paper_drawers key configuration: a text or a list of texts is wanted,',
    ],
    ['key_groups: [{paper: [one]}]', 'a map is wanted here, not a text (one)'],
    ['cardboard: one', 'did you mean "paper_drawers"?'],
    ['key_groups: [{cardboard: [{drawer: one}]}]', 'did you mean "paper"?'],
    ['key_groups: [{paper: [{name: one}]}]', 'did you mean "drawer"?'],
  ])('for the rule %s says what is wrong with it', async (fields, said) => {
    writeFileSync(box.path('.sops.yaml'), `creation_rules: [{${fields}}]\n`)
    writeFileSync(box.path('file.yaml'), 'a: secret\n')
    const host = { home: box.dir, cwd: box.dir, env: slip, tty: ['stderr'] } as const
    expect((await runCli(['encrypt', 'file.yaml'], host)).stderr).toContain(said)
  })

  test('from the library', async () => {
    const context = fakeContext({ env: slip })
    const recipients = { paper: ['one', 'two'] } as library.EncryptOptions['recipients'] & object
    const bytes = await library.encrypt('a: secret\n', { format: 'yaml', recipients, context })
    expect(Buffer.from(await library.decrypt(bytes, { context })).toString()).toBe('a: secret\n')
  })
})

describe('changing recipients', () => {
  test('rotate adds and removes it, whatever its spelling', async () => {
    await encrypted('file.yaml', 'a: secret\n', ['--age', pair.recipient])
    const env = { ...slip, SOPS_AGE_KEY: pair.identity }
    await done(['rotate', '-i', '--add-paper', 'one,two', 'file.yaml'], env)
    expect(await keysOf('file.yaml')).toEqual([[`age ${pair.recipient}`, 'paper drawer one', 'paper drawer two']])
    await done(['rotate', '-i', '--rm-paper', 'ONE', 'file.yaml'], env)
    expect(await keysOf('file.yaml')).toEqual([[`age ${pair.recipient}`, 'paper drawer two']])
    const empty = await sops(['rotate', '-i', '--rm-paper', '', 'file.yaml'], env)
    expect(empty.stderr).toContain('--rm-paper names no recipient')
    const absent = await sops(['rotate', '-i', '--rm-paper', 'tow', 'file.yaml'], env)
    expect(absent.stderr).toContain('did you mean drawer two?')
  })

  test('updatekeys gives a file those of its rule', async () => {
    await encrypted('file.yaml', 'a: secret\n', ['--paper', 'one'])
    writeFileSync(box.path('.sops.yaml'), 'creation_rules: [{paper_drawers: two}]\n')
    const { code, stdout } = await sops(['updatekeys', '--yes', 'file.yaml'])
    expect([code, stdout.toString()]).toEqual([0, expect.stringMatching(/\+\+\+ drawer two\n--- drawer one\n/)])
    expect(await keysOf('file.yaml')).toEqual([['paper drawer two']])
  })

  test('groups add makes a group with it', async () => {
    await encrypted('file.yaml', 'a: secret\n')
    const words = ['--age', pair.recipient, '--paper', 'one', '--paper', 'two']
    await done(['groups', 'add', '-i', '-f', 'file.yaml', ...words])
    expect(await keysOf('file.yaml')).toEqual([
      ['paper drawer Top'],
      [`age ${pair.recipient}`, 'paper drawer one', 'paper drawer two'],
    ])
    expect(await done(['decrypt', 'file.yaml'])).toBe('a: secret\n')
  })
})

describe('the key service', () => {
  const key = { type: 'paper', fields: { drawer: 'd', marks: { x: 'y' } }, enc: '' } as unknown as MasterKey

  test('has messages and a question for it', () => {
    const bytes = writeRequest(key, Buffer.from('A'))
    expect(bytes.toString('hex')).toBe('0a0d' + '420b' + '0a0164' + '1206' + '0a0178' + '120179' + '120141')
    expect(readRequest(bytes)).toEqual({ key, data: Buffer.from('A') })
    expect(describeKey(key)).toBe('slip in drawer d (marks {x: y})')
  })

  test('wraps and unwraps for those who have no slip', async () => {
    const socket = box.path('s.sock')
    const host = bufferHost({ env: slip, cwd: box.dir })
    const status = main(['keyservice', '--net', 'unix', '--addr', socket], host)
    while (!existsSync(socket)) await sleep(5)
    const remote = ['--enable-local-keyservice=false', '--keyservice', `unix://${socket}`]
    writeFileSync(box.path('file.yaml'), 'a: secret\n')
    await done(['encrypt', '-i', '--paper', 'one', ...remote, 'file.yaml'], {})
    expect(await done(['decrypt', ...remote, 'file.yaml'], {})).toBe('a: secret\n')
    expect(await done(['decrypt', 'file.yaml'])).toBe('a: secret\n')
    host.signal('SIGTERM')
    expect(await status).toBe(0)
  })
})

test('opening tries it in the order that is asked for, and tells of it', async () => {
  await encrypted('file.yaml', 'a: secret\n', ['--age', pair.recipient, '--paper', 'one'])
  const env = { ...slip, SOPS_AGE_KEY: pair.identity }
  const openers = async (...words: string[]): Promise<string[]> => {
    const { stderr } = await sops(['--verbose', 'decrypt', ...words, 'file.yaml'], env)
    return stderr.split('\n').flatMap((line) => /^\[(\w+)\].*Decryption succeeded/.exec(line)?.[1] ?? [])
  }
  expect(await openers()).toEqual(['PAPER'])
  expect(await openers('--decryption-order', 'age,paper')).toEqual(['AGE'])
  expect(await openers('--decryption-order', 'paper')).toEqual(['PAPER'])
})

test('its secret is neither shown nor handed on', async () => {
  const { stderr } = await sops(['decrypt', slip.PAPER_SLIP])
  expect(stderr).toContain('(a secret, not shown)')
  expect(stderr).not.toContain(slip.PAPER_SLIP)
  expect(environmentFor({ PATH: '/bin', ...slip })).toEqual({ PATH: '/bin' })
})

describe('doctor and help', () => {
  test('show its identities, its credentials and what it opens', async () => {
    await encrypted('file.yaml', 'a: secret\n')
    writeFileSync(box.path('.paper'), '')
    const text = await done(['doctor', 'file.yaml'])
    expect(text).toContain('paper identities\n  PAPER_SLIP:\n    a slip\n')
    expect(text).toContain('  paper: PAPER_SLIP, ~/.paper\n')
    expect(text).toContain('paper drawer Top: can be opened here')
    expect(text).not.toContain(slip.PAPER_SLIP)
    expect((await sops(['doctor', 'file.yaml'], {})).stdout.toString()).toContain('drawer Top: cannot be opened here')
  })

  test('list its flags', async () => {
    expect(await done(['help', 'encrypt'])).toMatch(/--paper.*comma separated list of drawers/)
    expect(await done(['help', 'encrypt'])).toContain('SOPS_PAPER_DRAWERS')
    expect(await done(['help', 'decrypt'])).toContain('default: paper,age,pgp')
    expect(await done(['help', 'rotate'])).toMatch(/--add-paper[\s\S]*--rm-paper/)
  })
})
