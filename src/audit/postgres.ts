// Audit records in PostgreSQL: the reference's table `audit_event` (spec/keys.md 13), whose number and time the server fills in.
import type { Client } from 'pg'
import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { loadOptional } from '../net/index.ts'
import { readConnection } from './connection.ts'

interface AuditRow {
  readonly action: string
  readonly username: string
  readonly file: string
}

interface DatabaseOptions {
  readonly env: Context['env']
  readonly user: string
  readonly log: Context['log']
}

/**
 * Connects to every database before it inserts into any: a database that is down stops the command with no record made.
 * @throws SopsError `generic` when a database cannot be reached or refuses the record; `missing-dependency` without the package.
 */
export async function insertEvents(
  backends: readonly { readonly connectionString: string }[],
  row: AuditRow,
  options: DatabaseOptions,
): Promise<void> {
  const results = await Promise.allSettled(backends.map(({ connectionString }) => connect(connectionString, options)))
  const clients = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  try {
    if (clients.length < backends.length) throw unreachable(results, options)
    for (const client of clients) await insert(client, row)
  } finally {
    await Promise.allSettled(clients.map((client) => client.end()))
  }
}

function unreachable(results: readonly PromiseSettledResult<Client>[], { log }: DatabaseOptions): SopsError {
  for (const [i, result] of results.entries()) {
    if (result.status === 'fulfilled') continue
    if (result.reason instanceof SopsError && result.reason.code === 'missing-dependency') return result.reason
    // The reference prints the connection string here, password included; we do not.
    log({ level: 'error', logger: 'AUDIT', message: `audit database ${i + 1}: ${reasonOf(result.reason)}` })
  }
  return new SopsError('generic', 'one or more audit backends reported errors, exiting')
}

/** When every address of a host fails, Node throws an AggregateError without a message. */
const reasonOf = (error: unknown): string =>
  error instanceof AggregateError && error.errors.length > 0 ? messageOf(error.errors[0]) : messageOf(error)

async function connect(text: string, options: DatabaseOptions): Promise<Client> {
  const { timeout, ...connection } = await readConnection(text, options, options.user)
  const { Client } = await loadOptional('pg', () => import('pg'), 'for audit records')
  const client = new Client({
    ...connection,
    connectionTimeoutMillis: timeout,
    query_timeout: timeout,
    application_name: 'sops',
  })
  // Without a listener a broken connection would end the process; the next call fails anyway.
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query('SELECT 1 AS one')
    if (rows[0]?.['one'] !== 1) throw new SopsError('generic', 'the database does not answer as it should')
    return client
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
}

async function insert(client: Client, { action, username, file }: AuditRow): Promise<void> {
  try {
    await client.query('INSERT INTO audit_event (action, username, file) VALUES ($1, $2, $3)', [action, username, file])
  } catch (error) {
    throw new SopsError('generic', `Failed to insert audit record: ${messageOf(error)}`, { cause: error })
  }
}
