import { existsSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { generateIdentity, type KeyPair } from '../../src/keys/age/keygen.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { remoteKeyServices } from '../../src/keyservice/client.ts'
import { type BufferHost, bufferHost, type CliOptions, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'

const dataKey = Buffer.from('0123456789abcdef0123456789abcdef')

let box: Sandbox
let pair: KeyPair
let key: MasterKey
beforeEach(async () => {
  box = sandbox()
  pair = await generateIdentity()
  key = { type: 'age', fields: { recipient: pair.recipient }, enc: '' }
})
afterEach(() => box.remove())

interface Running {
  readonly host: BufferHost
  readonly status: Promise<number>
  readonly stderr: () => string
  readonly stdout: () => string
}

const textOf = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString()

async function start(words: readonly string[], options: CliOptions = {}): Promise<Running> {
  const host = bufferHost({ env: { SOPS_AGE_KEY: pair.identity }, ...options })
  const status = main(['keyservice', ...words], host)
  return { host, status, stderr: () => textOf(host.written.stderr), stdout: () => textOf(host.written.stdout) }
}

/** Waits for something that happens soon; the test's own time limit ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

const clientOf = (socket: string) => remoteKeyServices([`unix://${socket}`], fakeContext())[0]!

test.each([
  [['--addr', '127.0.0.1:0'], /^listening on tcp:\/\/127\.0\.0\.1:([1-9]\d*); Ctrl\+C ends it\n$/],
  [['--network', 'tcp4', '--addr', 'localhost:'], /^listening on tcp4:\/\/localhost:([1-9]\d*); Ctrl\+C ends it\n$/],
  [['--verbose', '--addr', '127.0.0.1:00'], /\] Listening on tcp:\/\/127\.0\.0\.1:([1-9]\d*) *\n$/],
])('the port that it got is said: %j', async (words, said) => {
  const running = await start(words, { tty: ['stderr'], env: { SOPS_AGE_KEY: pair.identity, NO_COLOR: '1' } })
  await until(() => running.stderr() !== '')
  expect(running.stderr()).toMatch(said)
  const [, port] = said.exec(running.stderr())!
  const client = remoteKeyServices([`tcp://127.0.0.1:${port}`], fakeContext())[0]!
  expect((await client.wrap(key, dataKey)).length).toBeGreaterThan(0)
  running.host.signal('SIGINT')
  expect(await running.status).toBe(0)
})

describe('a unix socket', () => {
  test.each([
    [[], ['stderr'], 'listening on unix://SOCKET; Ctrl+C ends it\n'],
    [[], [], ''],
  ] as const)('%j, terminals %j: says %j', async (words, tty, said) => {
    const socket = box.path('s.sock')
    const running = await start([...words, '--net', 'unix', '--addr', socket], { tty, now: new Date(0) })
    await until(() => existsSync(socket))
    await clientOf(socket).wrap(key, dataKey)
    running.host.signal('SIGINT')
    expect(await running.status).toBe(0)
    expect(running.stderr().replace(socket, 'SOCKET')).toBe(said)
  })

  test.each([
    ['SIGINT', 'interrupt'],
    ['SIGTERM', 'terminated'],
  ] as const)('is served until %s, and then gone', async (signal, name) => {
    const socket = box.path('s.sock')
    const running = await start(['--verbose', '--net', 'unix', '--addr', socket])
    await until(() => running.stderr().includes('Listening on'))
    expect(running.stderr()).toContain(`[KEYSERVICE]\t time=`)
    expect(running.stderr()).toContain(`level=info msg="Listening on unix://${socket}"`)
    if (process.platform !== 'win32') expect(statSync(socket).mode & 0o777).toBe(0o600)
    const enc = await clientOf(socket).wrap(key, dataKey)
    expect(await clientOf(socket).unwrap({ ...key, enc })).toEqual(new Uint8Array(dataKey))
    running.host.signal(signal)
    expect(await running.status).toBe(0)
    expect(running.stderr()).toContain(`msg="Caught signal ${name}: shutting down."`)
    expect(existsSync(socket)).toBe(false)
    expect(running.stdout()).toBe('')
  })

  test('says nothing of its own accord', async () => {
    const socket = box.path('s.sock')
    const running = await start(['--network', 'unix', '--address', socket])
    await until(() => existsSync(socket))
    running.host.signal('SIGTERM')
    expect(await running.status).toBe(0)
    expect(running.stderr() + running.stdout()).toBe('')
  })
})

describe('--prompt', () => {
  test('shows operation and key, and asks until it is told', async () => {
    const socket = box.path('s.sock')
    const running = await start(['--prompt', '--net', 'unix', '--addr', socket], { stdin: 'y\nwhat\nn\n\n' })
    await until(() => existsSync(socket))
    const client = clientOf(socket)
    const enc = await client.wrap(key, dataKey)
    await expect(client.unwrap({ ...key, enc })).rejects.toThrow(
      'rpc error: code = PermissionDenied desc = Request rejected by user',
    )
    await expect(client.unwrap({ ...key, enc })).rejects.toThrow('rpc error: code = Unknown desc = unexpected newline')
    await expect(client.unwrap({ ...key, enc })).rejects.toThrow('rpc error: code = Unknown desc = EOF')
    running.host.signal('SIGTERM')
    expect(await running.status).toBe(0)
    const question = (operation: string) =>
      `\nReceived ${operation} request using age key with recipient ${pair.recipient}. Respond to request? (y/n): `
    const [encrypt, decrypt] = [question('encrypt'), question('decrypt')]
    expect(running.stdout()).toBe(encrypt + decrypt + decrypt + decrypt + decrypt)
  })
})

describe('what cannot be listened on', () => {
  const refused = (text: string) => (stderr: string) => {
    expect(stderr.split('\n').filter((line) => !line.startsWith('hint: '))).toEqual([`error: ${text}`, ''])
  }

  test.each([
    [['--net', 'foo'], 'listen foo: unknown network foo'],
    [['--addr', 'nope'], 'listen tcp: address nope: missing port in address'],
    [['--addr', '1:2:3'], 'listen tcp: address 1:2:3: too many colons in address'],
    [['--addr', '127.0.0.1:70000'], 'listen tcp: address 127.0.0.1:70000: invalid port'],
    [['--net', 'unix', '--addr', '/nonexistent/s'], 'listen unix /nonexistent/s: bind: no such file or directory'],
    [['--net', 'unix', '--addr', ''], 'listen unix: missing address'],
  ])('%j', async (words, text) => {
    const { code, stderr } = await runCli(['keyservice', ...words])
    expect(code).toBe(1)
    refused(text)(stderr)
  })

  test('a port that is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const { port } = server.address() as { port: number }
    const { code, stderr } = await runCli(['keyservice', '--addr', `127.0.0.1:${port}`])
    server.close()
    expect(code).toBe(1)
    refused(`listen tcp 127.0.0.1:${port}: bind: address already in use`)(stderr)
  })

  test('a file that is there already stays', async () => {
    const socket = box.path('s.sock')
    writeFileSync(socket, 'precious')
    const { code, stderr } = await runCli(['keyservice', '--net', 'unix', '--addr', socket])
    expect(code).toBe(1)
    refused(`listen unix ${socket}: bind: address already in use`)(stderr)
    expect(stderr).toContain(`hint: remove ${socket} if no key service is running`)
    expect(statSync(socket).size).toBe(8)
  })
})

describe('addresses others can reach', () => {
  test.each([
    [['--addr', '127.0.0.1:0'], false],
    [['--addr', '0.0.0.0:0'], true],
    [['--net', 'tcp4', '--addr', ':0'], true],
  ])('%j', async (words, isWarned) => {
    const running = await start(['--verbose', ...words])
    await until(() => running.stderr().includes('Listening on'))
    await sleep(0)
    running.host.signal('SIGTERM')
    expect(await running.status).toBe(0)
    expect(running.stderr().includes('warning: other machines can reach this key service')).toBe(isWarned)
  })
})
