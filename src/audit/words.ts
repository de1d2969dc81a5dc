// The words of libpq's connection strings: which are read here, which change nothing, and which are refused (spec/keys.md 13).
import { SopsError } from '../errors.ts'
import { nearest } from '../text/suggest.ts'
import { isParameter, parameterNames } from './parameters.ts'

interface Word {
  /** The environment variable that stands in for it. */
  readonly variable?: string
  /** Values that can be kept; others ask for something that is not done here. Absent: any. */
  readonly only?: RegExp
}

const nothing = /^$/
const off = /^(?:0|no|off|false|)$/i

const words: Readonly<Record<string, Word>> = {
  host: { variable: 'PGHOST' },
  hostaddr: { variable: 'PGHOSTADDR' },
  port: { variable: 'PGPORT' },
  dbname: { variable: 'PGDATABASE' },
  user: { variable: 'PGUSER' },
  password: { variable: 'PGPASSWORD' },
  passfile: { variable: 'PGPASSFILE' },
  service: { variable: 'PGSERVICE' },
  servicefile: { variable: 'PGSERVICEFILE' },
  connect_timeout: { variable: 'PGCONNECT_TIMEOUT' },
  options: { variable: 'PGOPTIONS' },
  application_name: { variable: 'PGAPPNAME' },
  fallback_application_name: {},
  client_encoding: { only: /^(?:auto|utf-?_?8|unicode|)$/i },
  target_session_attrs: {
    variable: 'PGTARGETSESSIONATTRS',
    only: /^(?:any|read-write|read-only|primary|standby|prefer-standby)$/,
  },
  load_balance_hosts: { variable: 'PGLOADBALANCEHOSTS', only: /^(?:disable|random)$/ },
  sslmode: { variable: 'PGSSLMODE', only: /^(?:disable|allow|prefer|require|verify-ca|verify-full)$/ },
  sslnegotiation: { variable: 'PGSSLNEGOTIATION', only: /^(?:postgres|direct)$/ },
  sslrootcert: { variable: 'PGSSLROOTCERT' },
  sslcert: { variable: 'PGSSLCERT' },
  sslkey: { variable: 'PGSSLKEY' },
  sslpassword: {},
  sslinline: { only: /^(?:true|false|yes|no|on|off|1|0|t|f|)$/i },
  sslsni: { variable: 'PGSSLSNI', only: /^[01]$/ },
  ssl_min_protocol_version: { variable: 'PGSSLMINPROTOCOLVERSION', only: /^(?:TLSv1(?:\.[0123])?|)$/ },
  ssl_max_protocol_version: { variable: 'PGSSLMAXPROTOCOLVERSION', only: /^(?:TLSv1(?:\.[0123])?|)$/ },
  sslcertmode: { variable: 'PGSSLCERTMODE', only: /^(?:disable|allow)$/ },
  // What these ask for is what is done.
  gssencmode: { variable: 'PGGSSENCMODE', only: /^(?:disable|prefer)$/ },
  channel_binding: { variable: 'PGCHANNELBINDING', only: /^(?:disable|prefer)$/ },
  min_protocol_version: { variable: 'PGMINPROTOCOLVERSION', only: /^(?:3\.0|)$/ },
  max_protocol_version: { variable: 'PGMAXPROTOCOLVERSION', only: /^(?:3\.0|3\.2|latest|)$/ },
  replication: { only: off },
  // For connections that last, for Kerberos, and for answers that are not read here.
  keepalives: {},
  keepalives_idle: {},
  keepalives_interval: {},
  keepalives_count: {},
  tcp_user_timeout: {},
  krbsrvname: {},
  krbspn: {},
  gsslib: {},
  gssdelegation: {},
  sslcompression: {},
  binary_parameters: {},
  disable_prepared_binary_result: {},
  // What a server must be or show, and is not asked for here: to pass over them would be to trust it without.
  sslcrl: { variable: 'PGSSLCRL', only: nothing },
  sslcrldir: { variable: 'PGSSLCRLDIR', only: nothing },
  requirepeer: { variable: 'PGREQUIREPEER', only: nothing },
  require_auth: { variable: 'PGREQUIREAUTH', only: nothing },
  requiressl: { only: off },
  scram_client_key: { only: nothing },
  scram_server_key: { only: nothing },
  sslkeylogfile: { only: nothing },
  oauth_issuer: { only: nothing },
  oauth_client_id: { only: nothing },
  oauth_client_secret: { only: nothing },
  oauth_scope: { only: nothing },
}

/** What other clients call it. */
const elsewhere: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ca: 'sslrootcert',
    cafile: 'sslrootcert',
    cert: 'sslcert',
    currentschema: 'search_path',
    database: 'dbname',
    db: 'dbname',
    hostname: 'host',
    key: 'sslkey',
    pass: 'password',
    passwd: 'password',
    pwd: 'password',
    schema: 'search_path',
    server: 'host',
    ssl: 'sslmode',
    sslca: 'sslrootcert',
    timeout: 'connect_timeout',
    tls: 'sslmode',
    tlsmode: 'sslmode',
    username: 'user',
    usessl: 'sslmode',
  }),
)

/** The known word that is meant, as far as that can be told. */
function meant(name: string): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  const known = [...Object.keys(words), ...parameterNames]
  const same = known.find((one) => plain(one) === plain(name))
  return same ?? elsewhere.get(plain(name)) ?? nearest(name.toLowerCase(), known)
}

/**
 * True for a word of libpq, false for a run-time parameter of the server.
 * @param mayQuote False where the word may be a piece of a password: it is then named only if it is near to a known one.
 * @throws SopsError `generic` for any other: a server that somebody put there would take it, and what it was to ask for would not be.
 */
export function isWord(name: string, mayQuote: boolean): boolean {
  if (Object.hasOwn(words, name)) return true
  if (isParameter(name)) return false
  const near = meant(name)
  if (near !== undefined) throw new SopsError('generic', `unknown word ${name}: did you mean ${near}?`)
  throw new SopsError(
    'generic',
    mayQuote && /^\w{1,63}$/.test(name)
      ? `unknown word ${name}: neither a word of libpq nor a known parameter of the server (others go into options='-c name=value')`
      : 'an unknown word, not shown since it may be part of a password: blanks in a value need single quotes around it, and @ / ? # in a URL are percent-encoded',
  )
}

/**
 * The value of a word: from the string or its service, else of the word's variable; undefined without any.
 * @throws SopsError `generic` for one that cannot be kept; it quotes only values that are no secrets.
 */
export function settingOf(
  name: string,
  given: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const { variable, only } = words[name]!
  const fromVariable = variable === undefined ? undefined : env[variable] || undefined
  const value = given.get(name) ?? fromVariable
  if (value === undefined || only === undefined || only.test(value)) return value
  const place = given.has(name) ? name : variable
  const choices = /^\^\(\?:([a-z|-]+)\)\$$/.exec(only.source)?.[1]?.split('|')
  throw new SopsError(
    'generic',
    choices === undefined
      ? `this value of ${place} is not supported here`
      : `${place} must be ${choices.join(', ').replace(/, ([^,]*)$/, ' or $1')}`,
  )
}

/** Checks the words that nobody reads. @throws SopsError `generic` for one that asks for what is not done. */
export function checkWords(
  given: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
): void {
  for (const name of Object.keys(words)) settingOf(name, given, env)
}
