// Audit records in PostgreSQL: the reference's table `audit_event` (spec/keys.md 13), whose number and time the server fills in.
import type { Client } from 'pg'
import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { readConnection } from './connection.ts'
import type { Surroundings } from './postgres-files.ts'
import { openSession } from './postgres-session.ts'

interface AuditRow {
  readonly action: string
  readonly username: string
  readonly file: string
}

/**
 * Connects to every database before it inserts into any: a database that is down stops the command with no record made.
 * @throws SopsError `generic` when a database cannot be reached or refuses the record; `missing-dependency` without the package.
 */
export async function insertEvents(
  backends: readonly { readonly connectionString: string }[],
  row: AuditRow,
  around: Surroundings,
): Promise<void> {
  const results = await Promise.allSettled(
    backends.map(async ({ connectionString }) => openSession(await readConnection(connectionString, around))),
  )
  const clients = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  try {
    if (clients.length < backends.length) throw unreachable(results, around)
    for (const client of clients) await insert(client, row)
  } finally {
    await Promise.allSettled(clients.map((client) => client.end()))
  }
}

function unreachable(results: readonly PromiseSettledResult<Client>[], { log }: Pick<Context, 'log'>): SopsError {
  for (const [i, result] of results.entries()) {
    if (result.status === 'fulfilled') continue
    if (result.reason instanceof SopsError && result.reason.code === 'missing-dependency') return result.reason
    // The reference prints the connection string here, password included; we do not.
    log({ level: 'error', logger: 'AUDIT', message: `audit database ${i + 1}: ${messageOf(result.reason)}` })
  }
  return new SopsError('generic', 'one or more audit backends reported errors, exiting')
}

async function insert(client: Client, { action, username, file }: AuditRow): Promise<void> {
  try {
    await client.query('INSERT INTO audit_event (action, username, file) VALUES ($1, $2, $3)', [action, username, file])
  } catch (error) {
    throw new SopsError('generic', `Failed to insert audit record: ${messageOf(error)}`, { cause: error })
  }
}
