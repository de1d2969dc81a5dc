// To which server, in which way, and with what words: against stand-ins on this machine.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { insertEvents } from '../../src/audit/postgres.ts'
import { messageOf } from '../../src/errors.ts'
import { fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { type PostgresServer, startPostgresStandIn } from '../support/emulators/postgres.ts'
import { refusingPort } from '../support/ports.ts'

let tls: TestCertificate
beforeAll(() => {
  tls = makeCertificate()
})
afterAll(() => tls.remove())

const servers: PostgresServer[] = []
const start = async (...args: Parameters<typeof startPostgresStandIn>): Promise<PostgresServer> => {
  const server = await startPostgresStandIn(...args)
  servers.push(server)
  return server
}
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())))

const row = { action: 'decrypt', username: 'tester', file: '/s.yaml' }

/** Undefined when the record was made, else the reasons, without a word of a password. */
async function record(text: string, env: Record<string, string> = {}): Promise<string | undefined> {
  const said: string[] = []
  const log = ({ message }: { readonly message: string }): void => void said.push(message)
  const around = { ...fakeContext({ env }), log, user: 'tester' }
  try {
    await insertEvents([{ connectionString: text }], row, around)
    return undefined
  } catch (error) {
    expect(messageOf(error)).toMatch(/audit backends reported errors|Failed to insert/)
    return said.join('\n').replace(/^audit database 1: /, '')
  }
}

const ports = (list: readonly Pick<PostgresServer, 'port'>[]): string => list.map(({ port }) => port).join(',')
const hosts = (count: number): string => Array(count).fill('127.0.0.1').join(',')

/** Whose certificate nobody vouches for. */
const withTls = (): { tls: TestCertificate } => ({ tls })
const here = (): string => `sslrootcert=${tls.path}`

test.each<[mode: string, server: () => Parameters<typeof startPostgresStandIn>[0], ways: string, reason?: RegExp]>([
  ['sslmode=disable', withTls, 'clear'],
  ['sslmode=disable', () => ({}), 'clear'],
  ['sslmode=allow', withTls, 'clear'],
  ['sslmode=allow', () => ({}), 'clear'],
  ['sslmode=allow', () => ({ ...withTls(), refuses: 'clear' }), 'clear tls'],
  ['sslmode=allow', () => ({ refuses: 'clear' }), 'clear', /the server has no TLS/],
  ['sslmode=allow', () => ({ ...withTls(), password: 'other' }), 'clear', /password authentication failed/],
  ['sslmode=prefer', withTls, 'tls'],
  ['sslmode=prefer', () => ({}), 'clear'],
  ['sslmode=prefer', () => ({ ...withTls(), refuses: 'tls' }), 'tls clear'],
  ['sslmode=prefer', () => ({ ...withTls(), password: 'other' }), 'tls', /password authentication failed/],
  ['sslmode=prefer', () => ({ answer: 'E' }), 'clear'],
  ['', withTls, 'tls'],
  ['', () => ({}), '', /the server has no TLS/],
  ['sslmode=require', () => ({ ...withTls(), refuses: 'tls' }), 'tls', /no entry for tls/],
  ['sslmode=require', () => ({ answer: 'SX' }), '', /does not answer for TLS as PostgreSQL does/],
  ['sslmode=verify-ca', withTls, '', /self-signed certificate.*sslrootcert names the file/],
  ['sslmode=verify-full', withTls, '', /self-signed certificate.*sslrootcert names the file/],
  ['sslrootcert=system', withTls, '', /self-signed certificate/],
  ['sslnegotiation=direct', () => ({ ...withTls(), direct: true }), 'tls'],
  ['sslnegotiation=direct', () => ({}), '', /TLS/],
])('%s: %#', async (mode, options, ways, reason) => {
  const server = await start(options())
  const failed = await record(`host=127.0.0.1 port=${server.port} user=u password=topsecret ${mode}`)
  if (reason === undefined) expect(failed).toBeUndefined()
  else expect(failed).toMatch(reason)
  expect(server.starts.map(({ over }) => over).join(' ')).toBe(ways)
  expect(server.inserted).toEqual(reason === undefined ? [['decrypt', 'tester', '/s.yaml']] : [])
  expect(failed ?? '').not.toContain('topsecret')
})

test.each<[place: string, words: string, reason?: RegExp]>([
  ['host=localhost', 'sslmode=verify-full'],
  ['host=127.0.0.1', 'sslmode=verify-full'],
  ['host=localhost hostaddr=127.0.0.1', 'sslmode=verify-full'],
  ['host=db.test hostaddr=127.0.0.1', 'sslmode=verify-full', /db\.test\. is not in the cert's altnames/],
  ['host=db.test hostaddr=127.0.0.1', 'sslmode=verify-ca'],
  ['host=db.test hostaddr=127.0.0.1', 'sslmode=require'],
])('a certificate that an authority vouches for: %s %s', async (place, words, reason) => {
  const server = await start({ tls })
  const failed = await record(`${place} port=${server.port} user=u ${words} ${here()}`)
  if (reason === undefined) expect(failed).toBeUndefined()
  else expect(failed).toMatch(reason)
})

test.each<[words: string, trusted: boolean, reason?: RegExp]>([
  ['sslrootcert=system', true],
  ['sslmode=verify-full', true],
  ['sslmode=verify-full', false, /self-signed certificate/],
  ['sslmode=require', false],
])("whom the machine's certificates vouch for: %s, with the authority: %s", async (words, trusted, reason) => {
  const server = await start({ tls })
  const env: Record<string, string> = trusted ? { SSL_CERT_FILE: tls.path } : {}
  const failed = await record(`host=localhost port=${server.port} user=u ${words}`, env)
  if (reason === undefined) expect(failed).toBeUndefined()
  else expect(failed).toMatch(reason)
})

test.each([
  ['', 'db.test'],
  ['sslsni=0', false],
])('the server is told its name: %j', async (word, name) => {
  const server = await start({ tls })
  expect(await record(`host=db.test hostaddr=127.0.0.1 port=${server.port} user=u ${word}`)).toBeUndefined()
  expect(server.starts).toMatchObject([{ name }])
})

test('the first server that answers gets the record, and a later one nothing', async () => {
  const gone = { port: refusingPort, starts: [], inserted: [] }
  const list = [gone, await start({ password: 'other' }), await start(), await start()]
  const text = `host=${hosts(4)} port=${ports(list)} user=u password=topsecret sslmode=disable`
  expect(await record(text)).toBeUndefined()
  expect(list.map(({ starts }) => starts.length)).toEqual([0, 1, 1, 0])
  expect(list.map(({ inserted }) => inserted.length)).toEqual([0, 0, 1, 0])
  expect(
    await record(`postgres://u:topsecret@${list.map(({ port }) => `127.0.0.1:${port}`).join(',')}/d?sslmode=disable`),
  ).toBeUndefined()
})

test('no server: the reason of each, and no password', async () => {
  const list = [{ port: refusingPort }, await start({ password: 'other' })]
  const reasons = await record(`host=${hosts(2)} port=${ports(list)} user=u password=topsecret sslmode=disable`)
  expect(reasons).toBe(
    `none of 2 servers will do: 127.0.0.1:${list[0]!.port}: connect 127.0.0.1:${list[0]!.port}: connection refused; ` +
      `127.0.0.1:${list[1]!.port}: password authentication failed`,
  )
})

test.each([
  ['any', 0],
  ['read-write', 2],
  ['read-only', 1],
  ['primary', 1],
  ['standby', 0],
  ['prefer-standby', 0],
])('target_session_attrs=%s', async (wanted, which) => {
  const list = [await start({ standby: true, readOnly: true }), await start({ readOnly: true }), await start()]
  const inOrder = wanted === 'read-only' ? list.slice(1) : list
  const text = `host=${hosts(inOrder.length)} port=${ports(inOrder)} user=u sslmode=disable target_session_attrs=${wanted}`
  expect(await record(text)).toBeUndefined()
  expect(list.map(({ inserted }) => inserted.length).indexOf(1)).toBe(which)
})

test('target_session_attrs=prefer-standby takes another server when there is no standby', async () => {
  const list = [await start(), await start()]
  const text = `host=${hosts(2)} port=${ports(list)} user=u sslmode=disable target_session_attrs=prefer-standby`
  expect(await record(text)).toBeUndefined()
  expect(await record(text.replace('prefer-', ''))).toMatch(/none of 2 servers will do: .*the server is no standby/)
})

test('load_balance_hosts=random begins with any of them', async () => {
  const list = [await start(), await start()]
  const text = `host=${hosts(2)} port=${ports(list)} user=u sslmode=disable load_balance_hosts=random`
  for (let n = 0; n < 64 && list.some(({ starts }) => starts.length === 0); n++) await record(text)
  expect(list.every(({ starts }) => starts.length > 0)).toBe(true)
})

test('a server that says nothing is given up by name', async () => {
  const [silent, other] = [await start({ silent: true }), await start()]
  for (const mode of ['disable', 'require']) {
    const text = `host=127.0.0.1 port=${silent.port} user=u connect_timeout=1 sslmode=${mode}`
    expect(await record(text)).toBe('no answer within 1 s (connect_timeout sets the limit)')
  }
  expect(
    await record(`host=${hosts(2)} port=${ports([silent, other])} user=u connect_timeout=1 sslmode=disable`),
  ).toBeUndefined()
})

test('the server gets the run-time parameters, and no word of ours', async () => {
  const server = await start({ password: 'topsecret' })
  const words =
    "search_path=a,b statement_timeout=5s TimeZone=UTC my.own=x options='-c geqo=off' dbname=d fallback_application_name=f"
  const before = { ...process.env }
  try {
    // The package reads these by itself.
    Object.assign(process.env, { PGOPTIONS: '-c bad=1', PGSSLNEGOTIATION: 'direct', PGAPPNAME: 'x', PGPASSWORD: 'y' })
    expect(
      await record(`host=127.0.0.1 port=${server.port} user=u password=topsecret sslmode=disable ${words}`),
    ).toBeUndefined()
  } finally {
    process.env = before
  }
  expect(server.starts[0]!.words).toEqual({
    user: 'u',
    database: 'd',
    application_name: 'f',
    client_encoding: 'UTF8',
    search_path: 'a,b',
    statement_timeout: '5s',
    TimeZone: 'UTC',
    'my.own': 'x',
    options: '-c geqo=off',
  })
})

test('a password that is asked for and not there', async () => {
  const server = await start({ password: 'topsecret' })
  const text = `host=127.0.0.1 port=${server.port} user=u sslmode=disable`
  expect(await record(text)).toBe('the server asks for a password, and none is given')
  expect(await record(text, { PGPASSWORD: 'topsecret' })).toBeUndefined()
})

test('an unknown word stops before any server is asked', async () => {
  const server = await start({ tls })
  const text = `host=127.0.0.1 port=${server.port} user=u ssl_mode=verify-full`
  expect(await record(text)).toBe('unknown word ssl_mode: did you mean sslmode?')
  expect(server.starts).toEqual([])
})
