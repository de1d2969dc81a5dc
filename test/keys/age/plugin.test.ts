import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeBech32 } from '../../../src/keys/age/bech32.ts'
import { age } from '../../../src/keys/age.ts'
import type { MasterKey } from '../../../src/keys/types.ts'
import { type FakeContext, type FakeOptions, fakeContext } from '../../support/context.ts'

const ageProgram = spawnSync('age', ['--help']).error === undefined
if (!ageProgram) console.warn('skipped: age is not installed')

const dataKey = Buffer.alloc(32, 6)
const recipient = encodeBech32('age1demo', Buffer.from('recipient'))
const identity = encodeBech32('AGE-PLUGIN-DEMO-', Buffer.from('identity')).toUpperCase()

/**
 * A plugin for tests. It "wraps" by flipping bits, and behaves as the lines of `script` say: those run before it finishes, with
 * `ask(args, body)` sending a stanza and returning the answer.
 */
const plugin = (script: string): string => `#!${process.execPath}
const fs = require('node:fs')
const b64 = (bytes) => Buffer.from(bytes).toString('base64').replaceAll('=', '')
const raw = (text) => fs.writeSync(1, text)
const send = (args, body = '') => {
  const text = b64(body)
  const lines = []
  for (let at = 0; at <= text.length; at += 64) lines.push(text.slice(at, at + 64))
  raw('-> ' + args.join(' ') + '\\n' + lines.join('\\n') + '\\n')
}
let pending = ''
const line = () => {
  while (!pending.includes('\\n')) {
    const chunk = Buffer.alloc(65536)
    let n
    try { n = fs.readSync(0, chunk) } catch (error) { if (error.code === 'EAGAIN') continue; throw error }
    if (n === 0) process.exit(0)
    pending += chunk.subarray(0, n).toString('latin1')
  }
  const at = pending.indexOf('\\n')
  const text = pending.slice(0, at)
  pending = pending.slice(at + 1)
  return text
}
const receive = () => {
  const args = line().split(' ').slice(1)
  let body = ''
  for (;;) { const part = line(); body += part; if (part.length < 64) break }
  return { args, body: Buffer.from(body, 'base64') }
}
const ask = (args, body) => { send(args, body); return receive() }
const flip = (bytes) => Buffer.from(bytes).map((byte) => byte ^ 0x5a)
const mode = process.argv[2]
const phase = []
for (;;) { const stanza = receive(); phase.push(stanza); if (stanza.args[0] === 'done') break }
const body = (type) => phase.find((stanza) => stanza.args[0] === type)
const wrap = () => ask(['recipient-stanza', '0', 'demo', 'x'], flip(body('wrap-file-key').body))
const unwrap = () => {
  const stanza = phase.find((one) => one.args[0] === 'recipient-stanza' && one.args[2] === 'demo')
  if (stanza) ask(['file-key', '0'], flip(stanza.body))
}
const finish = () => send(['done'])
${script}
`

const ordinary = `
if (mode === '--age-plugin=recipient-v1' && body('add-recipient').args[1] === '${recipient}') wrap()
if (mode === '--age-plugin=identity-v1' && body('add-identity').args[1] === '${identity}') unwrap()
finish()`

let dir: string
let made = 0
/** Wrapped for `recipient`. */
let key: MasterKey

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'age-plugin-'))
  const [parsed] = await age.parse(recipient, fakeContext())
  key = { ...parsed!, enc: await age.wrap(parsed!, dataKey, context(ordinary)) }
})
afterAll(() => rmSync(dir, { recursive: true }))

/** A folder with an executable plugin of that script. */
function folder(script: string): string {
  const path = join(dir, `bin${made++}`, 'age-plugin-demo')
  mkdirSync(dirname(path))
  writeFileSync(path, script.startsWith('#!') ? script : plugin(script))
  chmodSync(path, 0o755)
  return dirname(path)
}

const context = (script: string, options: FakeOptions = {}): FakeContext =>
  fakeContext({
    home: dir,
    cwd: dir,
    ...options,
    env: { PATH: folder(script), SOPS_AGE_KEY: identity, ...options.env },
  })

describe('the ordinary case', () => {
  test('wraps and unwraps', async () => {
    expect(await age.unwrap(key, context(ordinary))).toEqual(dataKey)
  })

  test.skipIf(!ageProgram)('the age program understands the same plugin', async () => {
    const env = { ...process.env, PATH: `${folder(ordinary)}:${process.env.PATH}` }
    const path = join(dir, 'identity')
    writeFileSync(path, `${identity}\n`)
    expect(execFileSync('age', ['-d', '-i', path], { input: key.enc, env })).toEqual(dataKey)
    const theirs = execFileSync('age', ['-a', '-r', recipient], { input: dataKey, env, encoding: 'utf8' })
    expect(await age.unwrap({ ...key, enc: theirs }, context(ordinary))).toEqual(dataKey)
  })

  test('it does not run when another identity fits', async () => {
    const log = join(dir, 'started')
    const ctx = context(`fs.writeFileSync(${JSON.stringify(log)}, ''); finish()`)
    expect(await age.unwrap(key, ctx)).toHaveProperty('unavailable')
    expect(existsSync(log)).toBe(true)
    rmSync(log)
    const native = 'AGE-SECRET-KEY-1GA6JVYWYXS8EPL4SPWUGCLSYZPMQEMCPKGAH8Y9EKRNESR0HKPUQJ4G9KP'
    const [parsed] = await age.parse('age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5', ctx)
    const wrapped = { ...parsed!, enc: await age.wrap(parsed!, dataKey, ctx) }
    const env = { ...ctx.env, SOPS_AGE_KEY: `${identity} ${native}` }
    expect(await age.unwrap(wrapped, fakeContext({ home: dir, cwd: dir, env }))).toEqual(dataKey)
    expect(existsSync(log)).toBe(false)
  })

  test('no file key is no match', async () => {
    const result = await age.unwrap(key, context('finish()'))
    expect(result).toHaveProperty('unavailable', expect.stringContaining('incorrect identity for recipient block'))
  })
})

describe('questions of the plugin', () => {
  const answered = (question: string, expected: string): string => `
const answer = ${question}
if (answer.args.join(' ') + ':' + answer.body !== ${JSON.stringify(expected)}) { ask(['error', 'internal'], 'got ' + answer.args) ; process.exit() }
unwrap()
finish()`

  test.each([
    ["ask(['request-secret'], 'PIN please')", 'ok:1234', ['1234'], 'demo plugin: PIN please '],
    ["ask(['request-public'], 'Name?')", 'ok:me', ['me'], 'demo plugin: Name? '],
    ["ask(['confirm', b64('Yes')], 'Sure?')", 'ok yes:', [''], 'demo plugin: Sure? (Enter: Yes) '],
    ["ask(['confirm', b64('Yes'), b64('No')], 'Sure?')", 'ok yes:', ['1'], 'demo plugin: Sure? (1: Yes, 2: No) '],
    ["ask(['confirm', b64('Yes'), b64('No')], 'Sure?')", 'ok no:', ['x', '2'], 'demo plugin: Sure? (1: Yes, 2: No) '],
  ])('%s', async (question, expected, prompt, text) => {
    const ctx = context(answered(question, expected), { prompt })
    expect(await age.unwrap(key, ctx)).toEqual(dataKey)
    expect(ctx.prompts[0]).toBe(text)
  })

  test.each(["ask(['request-secret'], 'PIN')", "ask(['confirm', b64('Yes')], 'Sure?')"])(
    '%s without a terminal',
    async (question) => {
      expect(await age.unwrap(key, context(answered(question, 'fail:')))).toEqual(dataKey)
    },
  )

  test('messages are logged, unknown commands are not supported', async () => {
    const ctx = context(
      `${answered("(ask(['msg'], 'touch it'), ask(['x-new', 'y'], 'z'.repeat(48)))", 'unsupported:')}`,
    )
    expect(await age.unwrap(key, ctx)).toEqual(dataKey)
    expect(ctx.lines).toEqual([{ level: 'info', logger: 'AGE', message: 'demo plugin: touch it' }])
  })
})

describe('what goes wrong', () => {
  const reader = 'failed to create reader for decrypting sops data key with age: demo plugin: '
  test.each([
    ["ask(['error', 'internal'], 'no device')", 'no device'],
    ['process.exit(3)', 'it ended too early (exit status 3)'],
    ["raw('nonsense\\n'); receive()", 'it sent a malformed stanza'],
    ["raw('-> \\n\\n'); receive()", 'it sent a malformed stanza'],
    ["raw('-> msg\\n=\\n'); receive()", 'it sent a malformed stanza'],
    ["raw('-> msg\\n' + 'A'.repeat(65) + '\\n'); receive()", 'it sent a malformed stanza'],
    ["raw('A'.repeat(2000000)); receive()", 'it sent a line that is too long'],
    ["ask(['file-key', '1'], Buffer.alloc(16)); finish()", 'malformed file-key stanza'],
    ["ask(['file-key', '0'], Buffer.alloc(15)); finish()", 'file-key stanza has a key of the wrong length'],
    [
      "ask(['file-key', '0'], Buffer.alloc(16)); ask(['file-key', '0'], Buffer.alloc(16)); finish()",
      'received duplicated file-key stanza',
    ],
  ])('unwrapping: %s', async (script, message) => {
    await expect(age.unwrap(key, context(script))).rejects.toThrow(`${reader}${message}`)
  })

  test('a wrong file key is noticed', async () => {
    const ctx = context("ask(['file-key', '0'], Buffer.alloc(16)); finish()")
    await expect(age.unwrap(key, ctx)).rejects.toThrow('bad header MAC')
  })

  const writer =
    'failed to create writer for encrypting sops data key with age: failed to wrap key for recipient #0: demo plugin: '
  test.each([
    ["ask(['error', 'recipient', '0'], 'no device')", 'no device'],
    ['finish()', 'received zero recipient stanzas'],
    ["ask(['recipient-stanza', '1', 'demo'], ''); finish()", 'malformed recipient stanza'],
    ["ask(['recipient-stanza', '0'], ''); finish()", 'malformed recipient stanza'],
    ["ask(['labels', 'a']); ask(['labels', 'a']); wrap(); finish()", 'repeated labels stanza'],
  ])('wrapping: %s', async (script, message) => {
    await expect(age.wrap(key, dataKey, context(script))).rejects.toThrow(`${writer}${message}`)
  })

  test('labels once are fine', async () => {
    expect(await age.wrap(key, dataKey, context("ask(['labels', 'a']); wrap(); finish()"))).toContain('BEGIN AGE')
  })

  test('a plugin that is not installed; the working directory is never looked in', async () => {
    const cwd = folder(ordinary)
    const missing = 'demo plugin: couldn\'t start plugin: "demo" plugin not found: '
    for (const PATH of ['', '.', `:${dir}`]) {
      const ctx = fakeContext({ home: dir, cwd, env: { PATH, SOPS_AGE_KEY: identity } })
      await expect(age.wrap(key, dataKey, ctx)).rejects.toThrow(missing)
      await expect(age.unwrap(key, ctx)).rejects.toThrow(missing)
    }
  })

  test('a plugin that does not want to end is ended', async () => {
    const log = join(dir, 'pid')
    const ctx = context(`fs.writeFileSync(${JSON.stringify(log)}, String(process.pid))
process.on('SIGINT', () => {})
unwrap()
finish()
setInterval(() => {}, 1000)`)
    expect(await age.unwrap(key, ctx)).toEqual(dataKey)
    expect(() => process.kill(Number(readFileSync(log, 'utf8')), 0)).toThrow('ESRCH')
  })

  test('a file that cannot run', async () => {
    await expect(age.unwrap(key, context('#!/nonexistent/program\n'))).rejects.toThrow(
      "demo plugin: couldn't start plugin: ",
    )
  })

  test('another identity is still tried', async () => {
    const second = encodeBech32('AGE-PLUGIN-GONE-', Buffer.from('x')).toUpperCase()
    expect(await age.unwrap(key, context(ordinary, { env: { SOPS_AGE_KEY: `${second} ${identity}` } }))).toEqual(
      dataKey,
    )
  })

  test.each(['AGE-PLUGIN-', 'AGE-PLUGIN-DEMO-1', 'AGE-PLUGIN-DEMO-1D9JX2MN5D968JAGUYQX'])(
    'identity %s',
    async (text) => {
      const result = await age.unwrap(key, context(ordinary, { env: { SOPS_AGE_KEY: text } }))
      expect(result).toHaveProperty(
        'unavailable',
        expect.stringContaining("failed to parse 'SOPS_AGE_KEY' age identities"),
      )
    },
  )
})
