// Where a PostgreSQL connection string leads: its words, those of its service, PG* variables and files, in that order (spec/keys.md 13).
import { randomInt } from 'node:crypto'
import { isIP } from 'node:net'
import { SopsError } from '../errors.ts'
import { parseConnectionString } from './connection-string.ts'
import { readPasswords, readService, type Surroundings } from './postgres-files.ts'
import { planTls, type Setting, type TlsPlan } from './postgres-tls.ts'
import { checkWords, settingOf } from './words.ts'

export interface Server {
  /** A name, an address, or the folder of a Unix socket; its certificate must be for it. */
  readonly host: string
  /** Where to connect, if not to what the name stands for. */
  readonly address: string | undefined
  readonly port: number
  readonly password: string | undefined
}

export interface Connection {
  /** In the order they are tried. */
  readonly servers: readonly Server[]
  /** Which of them will do (target_session_attrs). */
  readonly wanted: string
  /** What the server is told at the start: user, database and run-time parameters. */
  readonly startup: Readonly<Record<string, string>>
  readonly tls: TlsPlan
  /** Milliseconds, for each server. */
  readonly timeout: number
}

/** For a server that says nothing, unless connect_timeout sets another limit. */
const patience = 30_000

/**
 * The system's user is the default for the database's user and, through that, for the database.
 * @throws SopsError `generic`; the message quotes no value that may be a password.
 */
export async function readConnection(text: string, around: Surroundings): Promise<Connection> {
  const { words, parameters } = parseConnectionString(text)
  const { env } = around
  const service = settingOf('service', words, env)
  const file = settingOf('servicefile', words, env)
  const given: ReadonlyMap<string, string> = service
    ? new Map([...(await readService(service, file, around)), ...words])
    : words
  checkWords(given, env)
  const setting: Setting = (name) => settingOf(name, given, env) ?? ''
  const user = setting('user') || around.user
  const database = setting('dbname') || user
  return {
    servers: await serversOf(setting, { user, database }, around),
    wanted: setting('target_session_attrs') || 'any',
    startup: {
      user,
      database,
      application_name: setting('application_name') || setting('fallback_application_name') || 'sops',
      ...(setting('options') === '' ? {} : { options: setting('options') }),
      ...parameters,
    },
    tls: await planTls(setting, around),
    timeout: timeoutOf(setting('connect_timeout')),
  }
}

function timeoutOf(text: string): number {
  if (!/^\s*(?:[+-]?\d{1,9})?\s*$/.test(text)) throw new SopsError('generic', 'connect_timeout must be whole seconds')
  return Number(text) > 0 ? Number(text) * 1000 : patience
}

/** Folders of Unix sockets that a password file calls localhost. */
const ownFolders = ['/tmp', '/run/postgresql', '/var/run/postgresql']

async function serversOf(
  setting: Setting,
  of: { readonly user: string; readonly database: string },
  around: Surroundings,
): Promise<readonly Server[]> {
  const list = (name: string): string[] =>
    setting(name)
      .split(',')
      .map((item) => item.trim())
  const [hosts, addresses, ports] = [list('host'), list('hostaddr'), list('port')]
  const hasAddresses = setting('hostaddr') !== ''
  if (hasAddresses && setting('host') !== '' && hosts.length !== addresses.length)
    throw new SopsError('generic', `${hosts.length} in host do not go with ${addresses.length} in hostaddr`)
  const count = hasAddresses ? addresses.length : hosts.length
  if (ports.length !== 1 && ports.length !== count)
    throw new SopsError(
      'generic',
      `${ports.length} in port do not go with ${count} in ${hasAddresses ? 'hostaddr' : 'host'}`,
    )
  if (addresses.some((address) => address !== '' && isIP(address) === 0))
    throw new SopsError('generic', 'hostaddr must be an address, or several')
  const password = setting('password')
  const lookUp = password === '' ? await readPasswords(setting('passfile'), around) : undefined
  const servers = Array.from({ length: count }, (_, i): Server => {
    const address = addresses[i] || undefined
    const host = hosts[i] || address || 'localhost'
    const port = portOf(ports.length === 1 ? ports[0]! : ports[i]!)
    const asked = { host: ownFolders.includes(host) ? 'localhost' : host, port, ...of }
    return { host, address, port, password: lookUp === undefined ? password : lookUp(asked) }
  })
  return setting('load_balance_hosts') === 'random' ? shuffled(servers) : servers
}

function portOf(text: string): number {
  const port = text === '' ? 5432 : /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65535) throw new SopsError('generic', 'port must be a number from 1 to 65535')
  return port
}

function shuffled<T>(list: readonly T[]): readonly T[] {
  const left = [...list]
  return list.map(() => left.splice(randomInt(left.length), 1)[0]!)
}
