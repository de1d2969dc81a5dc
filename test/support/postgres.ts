// A PostgreSQL server of the test's own, with the table for audit records, where this machine has the programs.
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestCertificate } from './emulators/aws-tls.ts'

export interface Postgres {
  /** That of its Unix socket. */
  readonly folder: string
  /** As an administrator; the rows that it prints. */
  sql(text: string): string
  stop(): Promise<void>
}

/** A folder with the server's programs, or undefined. */
function findPostgres(): string | undefined {
  const folders = ['/usr/local/bin', '/usr/bin', ...[17, 16, 15, 14, 13].map((n) => `/usr/lib/postgresql/${n}/bin`)]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

const programs = findPostgres()
export const hasPostgres: boolean = programs !== undefined

/**
 * The role `sops` may add records, `weak` may not. Without `tls` it listens on its Unix socket alone and trusts everybody; with it also on
 * `port` of localhost, where the roles have the password `pass word`.
 */
export async function startPostgres(tcp?: { readonly tls: TestCertificate; readonly port: number }): Promise<Postgres> {
  // The server refuses to run as root.
  const account = process.getuid?.() === 0 ? { uid: Number(execFileSync('id', ['-u', 'nobody'])), gid: 65534 } : {}
  const folder = mkdtempSync(join(tmpdir(), 'sops-pg-'))
  const sql = (text: string): string =>
    execFileSync(
      'psql',
      ['-h', folder, '-p', String(tcp?.port ?? 5432), '-U', 'admin', '-d', 'postgres', '-Atqc', text],
      {
        encoding: 'utf8',
      },
    ).trim()
  chmodSync(folder, 0o777)
  const cluster = join(folder, 'cluster')
  const options = {
    ...account,
    cwd: folder,
    stdio: 'pipe' as const,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
  }
  const ways = ['--auth-local=trust', '--auth-host=scram-sha-256']
  execFileSync(join(programs!, 'initdb'), ['-D', cluster, '-U', 'admin', ...ways, '--no-sync'], options)
  const settings = tcp === undefined ? ['listen_addresses='] : tlsSettings(cluster, tcp, options)
  const words = settings.flatMap((setting) => ['-c', setting])
  const server = spawn(join(programs!, 'postgres'), ['-D', cluster, '-k', folder, ...words], {
    ...options,
    stdio: 'ignore',
  })
  const ended = new Promise<void>((resolve) => server.on('exit', () => resolve()))
  for (let n = 0; ; n++) {
    try {
      sql('SELECT 1')
      break
    } catch (error) {
      if (n > 300 || server.exitCode !== null) throw error
      await sleep(100)
    }
  }
  sql(`CREATE TABLE audit_event (id SERIAL PRIMARY KEY, timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, action TEXT, username TEXT, file TEXT);
    CREATE ROLE sops LOGIN PASSWORD 'pass word'; CREATE ROLE weak LOGIN;
    GRANT INSERT ON audit_event TO sops; GRANT USAGE ON audit_event_id_seq TO sops`)
  return {
    folder,
    sql,
    async stop() {
      server.kill('SIGQUIT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function tlsSettings(
  cluster: string,
  { tls, port }: { readonly tls: TestCertificate; readonly port: number },
  options: { readonly uid?: number; readonly gid?: number },
): string[] {
  const [key, cert] = [join(cluster, 'server.key'), join(cluster, 'server.crt')]
  copyFileSync(join(tls.path, '../key.pem'), key)
  copyFileSync(tls.path, cert)
  chmodSync(key, 0o600)
  for (const file of [key, cert]) if (options.uid !== undefined) execFileSync('chown', [`${options.uid}`, file])
  return ['listen_addresses=127.0.0.1', `port=${port}`, 'ssl=on', `ssl_key_file=${key}`, `ssl_cert_file=${cert}`]
}
