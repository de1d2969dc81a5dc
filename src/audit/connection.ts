// PostgreSQL connection strings as the reference's driver reads them: a URL or `key=value` words, then PG* variables (spec/keys.md 13).

import type { ConnectionOptions } from 'node:tls'
import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { readCredentials } from '../net/index.ts'

interface Connection {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string | undefined
  readonly ssl: ConnectionOptions | false
  /** Milliseconds. */
  readonly timeout: number
}

type Settings = Readonly<Record<string, string>>

const malformed = (): SopsError => new SopsError('generic', 'the connection string is malformed')

const isUrl = /^postgres(?:ql)?:\/\//

/** An unquoted value ends at a blank, one in single quotes may contain blanks; a backslash escapes the next character. */
const word = /\s*([A-Za-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/sy

function settingsOf(text: string): Settings {
  const settings: Record<string, string> = Object.create(null)
  if (isUrl.test(text)) {
    if (!URL.canParse(text)) throw malformed()
    const url = new URL(text)
    const plain = (part: string): string => decodeURIComponent(part)
    const parts = {
      host: plain(url.hostname).replace(/^\[|\]$/g, ''),
      port: url.port,
      user: plain(url.username),
      password: plain(url.password),
      dbname: plain(url.pathname.slice(1)),
    }
    for (const [name, value] of Object.entries(parts)) if (value !== '') settings[name] = value
    for (const [name, value] of url.searchParams) settings[name] = value
    return settings
  }
  word.lastIndex = 0
  const end = text.trimEnd().length
  while (word.lastIndex < end) {
    const found = word.exec(text)
    if (!found) throw malformed()
    settings[found[1]!] = (found[2] ?? found[3] ?? '').replace(/\\(.)/gs, '$1')
  }
  return settings
}

const variables = {
  host: 'PGHOST',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  connect_timeout: 'PGCONNECT_TIMEOUT',
} as const

/**
 * `account` is the name of the system's user: the default for the database's user and, through that, for the database.
 * @throws SopsError `generic`; the message quotes nothing from the string, which may hold a password.
 */
export async function readConnection(
  text: string,
  ctx: Pick<Context, 'env' | 'log'>,
  account: string,
): Promise<Connection> {
  const given = settingsOf(text)
  const setting = (name: keyof typeof variables): string => given[name] ?? ctx.env[variables[name]] ?? ''
  const user = setting('user') || account
  const host = setting('host') || 'localhost'
  const [port, seconds] = [Number(setting('port') || 5432), Number(setting('connect_timeout') || 0)]
  if (!Number.isInteger(port) || port < 1 || port > 65535 || Number.isNaN(seconds)) throw malformed()
  return {
    host,
    port,
    user,
    database: setting('dbname') || user,
    password: setting('password') || undefined,
    ssl: host.startsWith('/') ? false : await sslOf(setting, host, ctx),
    timeout: seconds > 0 ? seconds * 1000 : 30_000,
  }
}

/** As in the reference, the default encrypts but does not verify the server. */
async function sslOf(
  setting: (name: keyof typeof variables) => string,
  host: string,
  ctx: Pick<Context, 'log'>,
): Promise<ConnectionOptions | false> {
  const mode = setting('sslmode') || 'require'
  if (mode === 'disable') return false
  if (!['require', 'verify-ca', 'verify-full'].includes(mode)) {
    throw new SopsError('generic', 'sslmode must be "require" (the default), "verify-full", "verify-ca" or "disable"')
  }
  const [ca, cert, key] = await Promise.all(
    (['sslrootcert', 'sslcert', 'sslkey'] as const).map((name) => pemOf(setting(name), ctx)),
  )
  const checksCertificate = mode !== 'require' || ca !== undefined
  return {
    rejectUnauthorized: checksCertificate,
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(mode === 'verify-full' ? { servername: host } : { checkServerIdentity: () => undefined }),
  }
}

async function pemOf(path: string, ctx: Pick<Context, 'log'>): Promise<string | undefined> {
  if (path === '') return undefined
  try {
    return await readCredentials(path, ctx)
  } catch (error) {
    throw new SopsError('generic', `a certificate or key cannot be read: ${messageOf(error)}`, { cause: error })
  }
}
