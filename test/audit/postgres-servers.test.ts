// The same connections against stand-ins and, started by scripts/real-servers.sh, against PostgreSQL itself.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { insertEvents } from '../../src/audit/postgres.ts'
import { fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { type PostgresServer, startPostgresStandIn } from '../support/emulators/postgres.ts'

interface Servers {
  /** Ports on 127.0.0.1: without TLS, with it, and with it but for reading only. */
  readonly clear: number
  readonly tls: number
  readonly readOnly: number
  /** That of the Unix socket of the first; stand-ins have none. */
  readonly folder?: string
  /** The file of the authority behind the certificates, which are for localhost and 127.0.0.1. */
  readonly authority: string
}

const given = process.env['SOPS_TEST_POSTGRES']
let servers: Servers
let certificate: TestCertificate | undefined
const standIns: PostgresServer[] = []
beforeAll(async () => {
  if (given !== undefined) {
    servers = JSON.parse(given) as Servers
    return
  }
  certificate = makeCertificate()
  const password = 'pass word'
  for (const options of [{}, { tls: certificate }, { tls: certificate, readOnly: true }])
    standIns.push(await startPostgresStandIn({ ...options, password }))
  const [clear, tls, readOnly] = standIns.map(({ port }) => port)
  servers = { clear: clear!, tls: tls!, readOnly: readOnly!, authority: certificate.path }
})
afterAll(async () => {
  await Promise.all(standIns.map((server) => server.close()))
  certificate?.remove()
})

const account = "user=sops password='pass word' dbname=postgres"

/** Undefined when the record was made. */
async function record(text: string): Promise<string | undefined> {
  const said: string[] = []
  const log = ({ message }: { readonly message: string }): void => void said.push(message)
  const around = { ...fakeContext(), log, user: 'tester' }
  try {
    await insertEvents([{ connectionString: text }], { action: 'decrypt', username: 'tester', file: '/s.yaml' }, around)
    return undefined
  } catch (error) {
    return said.join('\n') || String(error)
  }
}

test.each<[string, (servers: Servers) => string, RegExp?]>([
  ['disable', ({ clear }) => `host=127.0.0.1 port=${clear} ${account} sslmode=disable`],
  ['disable, with TLS there', ({ tls }) => `host=127.0.0.1 port=${tls} ${account} sslmode=disable`],
  ['allow', ({ tls }) => `host=127.0.0.1 port=${tls} ${account} sslmode=allow`],
  ['prefer', ({ tls }) => `host=127.0.0.1 port=${tls} ${account} sslmode=prefer`],
  ['prefer, without TLS', ({ clear }) => `host=127.0.0.1 port=${clear} ${account} sslmode=prefer`],
  ['the default', ({ tls }) => `host=127.0.0.1 port=${tls} ${account}`],
  ['the default, without TLS', ({ clear }) => `host=127.0.0.1 port=${clear} ${account}`, /the server has no TLS/],
  [
    'verify-full of a stranger',
    ({ tls }) => `host=127.0.0.1 port=${tls} ${account} sslmode=verify-full`,
    /certificate/,
  ],
  [
    'verify-full',
    ({ tls, authority }) =>
      `host=localhost hostaddr=127.0.0.1 port=${tls} ${account} sslmode=verify-full sslrootcert=${authority}`,
  ],
  [
    'verify-full of another name',
    ({ tls, authority }) =>
      `host=db.test hostaddr=127.0.0.1 port=${tls} ${account} sslmode=verify-full sslrootcert=${authority}`,
    /db\.test/,
  ],
  ['a URL', ({ tls }) => `postgres://sops:pass%20word@127.0.0.1:${tls}/postgres?application_name=x&TimeZone=UTC`],
  [
    'a URL of several hosts',
    ({ clear, tls }) => `postgres://sops:pass%20word@127.0.0.1:1,127.0.0.1:${clear},127.0.0.1:${tls}/postgres`,
  ],
  [
    'run-time parameters',
    ({ tls }) => `host=127.0.0.1 port=${tls} ${account} search_path=public,pg_catalog my.own=x options='-c geqo=off'`,
  ],
  [
    'a wrong password',
    ({ tls }) => `host=127.0.0.1 port=${tls} user=sops password=x`,
    /password authentication failed/,
  ],
  ['no password', ({ tls }) => `host=127.0.0.1 port=${tls} user=sops`, /asks for a password, and none is given/],
  [
    'read-write',
    ({ readOnly, tls }) =>
      `host=127.0.0.1,127.0.0.1 port=${readOnly},${tls} ${account} target_session_attrs=read-write`,
  ],
  [
    'no standby',
    ({ readOnly, tls }) => `host=127.0.0.1,127.0.0.1 port=${readOnly},${tls} ${account} target_session_attrs=standby`,
    /none of 2 servers will do: .*the server is no standby/,
  ],
  [
    'no server that is read-only',
    ({ tls }) => `host=127.0.0.1 port=${tls} ${account} target_session_attrs=read-only`,
    /the session is not read-only/,
  ],
])('%s', async (_, text, reason) => {
  const failed = await record(text(servers))
  if (reason === undefined) expect(failed).toBeUndefined()
  else expect(failed).toMatch(reason)
  expect(failed ?? '').not.toContain('pass word')
})

// A stand-in takes any word: only a real server can tell that these arrive.
test.skipIf(given === undefined)('a real server refuses a parameter with a value that it does not know', async () => {
  const text = `host=127.0.0.1 port=${servers.tls} ${account} TimeZone=Nowhere/X`
  expect(await record(text)).toMatch(/invalid value for parameter "TimeZone"/)
  expect(await record(`host=${servers.folder} port=${servers.clear} user=sops dbname=postgres`)).toBeUndefined()
})
if (given === undefined)
  console.log('PostgreSQL connections are tested against stand-ins: scripts/real-servers.sh has real ones')
