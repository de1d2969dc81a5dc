// A session with the first of several PostgreSQL servers that will do.
import type { Socket } from 'node:net'
import type { Client } from 'pg'
import { messageOf, SopsError } from '../errors.ts'
import { loadOptional } from '../net/index.ts'
import { codeOf } from '../system/index.ts'
import type { Connection, Server } from './connection.ts'
import { isLocal, openStream, TlsFailure } from './postgres-stream.ts'
import type { TlsPlan } from './postgres-tls.ts'

type Way = TlsPlan['ways'][number]

/** Milliseconds that a query may take. */
const queryTime = 30_000

/**
 * Tries the servers in turn. With target_session_attrs=prefer-standby any will do once none is a standby.
 * @throws SopsError `generic` with the reason of each; `missing-dependency` without the package.
 */
export async function openSession(connection: Connection): Promise<Client> {
  const isSecondBest = connection.wanted === 'prefer-standby'
  const rounds = isSecondBest ? ['standby', 'any'] : [connection.wanted]
  let failures: { readonly server: Server; readonly error: unknown }[] = []
  for (const wanted of rounds) {
    failures = []
    for (const server of connection.servers) {
      try {
        return await inOneWay(server, { ...connection, wanted })
      } catch (error) {
        if (error instanceof SopsError && error.code === 'missing-dependency') throw error
        failures.push({ server, error })
      }
    }
  }
  if (failures.length === 1) throw failures[0]!.error
  const reasons = failures.map(({ server, error }) => `${shownServer(server)}: ${messageOf(error)}`)
  throw new SopsError('generic', `none of ${failures.length} servers will do: ${reasons.join('; ')}`)
}

const shownServer = ({ host, port }: Server): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

/** In clear and over TLS as sslmode says: the second way only where the first one is not to be had. */
async function inOneWay(server: Server, connection: Connection): Promise<Client> {
  const ways: readonly Way[] = isLocal(server) ? ['clear'] : connection.tls.ways
  try {
    return await inWay(ways[0]!, server, connection)
  } catch (error) {
    const second = ways[1]
    if (second === undefined || !(error instanceof TlsFailure || codeOf(error) === notAdmitted)) throw error
    return inWay(second, server, connection)
  }
}

/** The server has no rule for this user, database and way to connect. */
const notAdmitted = '28000'

async function inWay(way: Way, server: Server, connection: Connection): Promise<Client> {
  const { tls, timeout, startup, wanted } = connection
  const { Client } = await loadOptional('pg', () => import('pg'))
  let stream: Socket | undefined
  let late: SopsError | undefined
  const timer = setTimeout(() => {
    late = new SopsError('generic', `no answer within ${timeout / 1000} s (connect_timeout sets the limit)`)
    stream?.destroy(late)
  }, timeout)
  try {
    const socket = await openStream(server, way === 'tls' ? tls : undefined, (opened) => {
      stream = opened
      // Without a listener a broken connection would end the process; whatever is done next fails anyway.
      opened.on('error', () => {})
    })
    const client = sessionOver(socket, server, { Client, startup })
    await client.connect()
    await check(client, wanted)
    return client
  } catch (error) {
    stream?.destroy()
    throw late ?? (isEnd(error) ? endedBy(server) : error)
  } finally {
    clearTimeout(timer)
  }
}

/** The package's words for a connection that ended in the middle. */
const isEnd = (error: unknown): boolean => error instanceof Error && /^Connection terminated/.test(error.message)

const endedBy = (server: Server): SopsError =>
  new SopsError('generic', `${shownServer(server)} closed the connection without an answer of PostgreSQL`)

/** The client is handed a stream that is connected; it reads no variable and no file of its own. */
function sessionOver(
  stream: Socket,
  { password }: Server,
  { Client, startup }: { readonly Client: new (options: object) => Client; readonly startup: object },
): Client {
  const connected = (): Socket => {
    queueMicrotask(() => stream.emit('connect'))
    return stream
  }
  const client = new Client({
    host: 'localhost',
    port: 5432,
    user: 'user',
    database: 'database',
    ssl: false,
    sslnegotiation: 'postgres',
    stream: Object.assign(stream, { connect: connected }),
    query_timeout: queryTime,
    password: async () => {
      if (password) return password
      throw new SopsError('generic', 'the server asks for a password, and none is given')
    },
  })
  if (typeof client.getStartupConf !== 'function') throw new SopsError('generic', 'this version of pg is not supported')
  client.on('error', () => {})
  return Object.assign(client, { getStartupConf: () => startup })
}

/** Of a row of the query below, by target_session_attrs: what must hold, and what is said when it does not. */
const demands: Readonly<Record<string, readonly [column: string, value: string, otherwise: string]>> = {
  'read-write': ['read_only', 'off', 'the session is read-only'],
  'read-only': ['read_only', 'on', 'the session is not read-only'],
  primary: ['standby', 'f', 'the server is a standby'],
  standby: ['standby', 't', 'the server is no standby'],
}

const states =
  "SELECT current_setting('transaction_read_only') AS read_only, left(pg_is_in_recovery()::text, 1) AS standby"

async function check(client: Client, wanted: string): Promise<void> {
  const { rows } = await client.query('SELECT 1 AS one')
  if (rows[0]?.['one'] !== 1) throw new SopsError('generic', 'the database does not answer as it should')
  const demand = demands[wanted]
  if (demand === undefined) return
  const [column, value, otherwise] = demand
  const answer = await client.query(states)
  if (answer.rows[0]?.[column] !== value) throw new SopsError('generic', otherwise)
}
