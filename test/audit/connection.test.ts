// What PostgreSQL connection strings, services, variables and files say. The expectations were seen with SOPS 3.13.2 and psql.
import { chmodSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Connection, readConnection } from '../../src/audit/connection.ts'
import type { Surroundings } from '../../src/audit/postgres-files.ts'
import { messageOf } from '../../src/errors.ts'
import { type Sandbox, sandbox } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'

let tls: TestCertificate
let box: Sandbox
beforeAll(() => {
  tls = makeCertificate()
  box = sandbox({
    'home/.pgpass': 'db:5432:*:u:of file\n',
    'home/.pg_service.conf':
      '# ours\n[other]\nhost=other\n\n[s]\n host = svc\nport=1\nuser=of-service\nuser=again\npassword=topsecret\n[s]\nhost=late\n',
    passwords:
      '# h:*:*:*:comment\n\nbroken\nh:1:d\\:b:u:p\\:w\\\\x:y\nh:*:d:u:any port\n*:5432:*:other:x\nlocalhost:*:*:*:by socket\n/run/pg:*:*:*:by folder\n',
    'services.conf':
      '[bad]\nhost=h\ntopsecret\n[unknown]\npasswort=topsecret\n[nested]\nservice=s\n[wrong]\nsslmode=topsecret\n[port]\nport=topsecret\n[parameter]\nsearch_path=topsecret\n',
    'system/pg_service.conf': '[of-system]\nhost=sys\n[s]\nhost=not-this\n',
    'bare/x': '',
  })
  for (const name of ['home/.pgpass', 'passwords']) chmodSync(box.path(name), 0o600)
  chmodSync(tls.path.replace('cert.pem', 'key.pem'), 0o600)
})
afterAll(() => {
  tls.remove()
  box.remove()
})

const around = (env: Surroundings['env'] = {}, more: Partial<Surroundings> = {}): Surroundings => ({
  ...fakeContext({ env, platform: 'linux' }),
  user: 'me',
  ...more,
})

interface Read {
  readonly servers: string
  readonly user: string
  readonly password: string | undefined
  readonly startup: object
  readonly ways: string
  readonly checks: string
  readonly wanted: string
  readonly timeout: number
}

/** In the shape of the tables below. */
const summary = ({ servers, startup, tls, wanted, timeout }: Connection): Read => ({
  servers: servers
    .map(({ host, address, port }) => `${host}${address === undefined ? '' : `(${address})`} ${port}`)
    .join(', '),
  user: `${startup['user']}@${startup['database']}`,
  password: servers[0]!.password,
  startup: Object.fromEntries(Object.entries(startup).filter(([name]) => !['user', 'database'].includes(name))),
  ways: tls.ways.join(' '),
  checks: tls.checks,
  wanted,
  timeout,
})

const read = async (text: string, ...where: Parameters<typeof around>): Promise<Read> =>
  summary(await readConnection(text, around(...where)))

const none = { application_name: 'sops' }

test.each<[string, Partial<Read>, env?: Record<string, string>]>([
  ['', { servers: 'localhost 5432', user: 'me@me', ways: 'tls', checks: 'nothing', wanted: 'any', timeout: 30_000 }],
  // Words.
  ["host=h user=u password='two words\\'s' dbname=x", { servers: 'h 5432', user: 'u@x', password: "two words's" }],
  ["password='a b\\'c\\\\d'", { password: "a b'c\\d" }],
  ['password=a\\ b', { password: 'a b' }],
  ["password=it's", { password: "it's" }],
  ["password='a'dbname=x", { password: 'a', user: 'me@x' }],
  ["password='a\nb'", { password: 'a\nb' }],
  ['  host = h \n\t port=1  ', { servers: 'h 1' }],
  ['port= user=x', { servers: expect.anything() }, { PGPORT: '1' }],
  ['user=first user=second', { user: 'second@second' }],
  ["host='' port='' user='' dbname=''", { servers: 'localhost 5432', user: 'me@me' }, { PGHOST: 'env', PGUSER: 'env' }],
  ['host=h,i', { servers: 'h 5432, i 5432' }],
  ['host=h,i port=1', { servers: 'h 1, i 1' }],
  ['host=h,i port=1,2', { servers: 'h 1, i 2' }],
  ['host=h,i port=1,', { servers: 'h 1, i 5432' }],
  ['host=,i', { servers: 'localhost 5432, i 5432' }],
  ['hostaddr=10.0.0.1', { servers: '10.0.0.1(10.0.0.1) 5432' }],
  ['host=h,i hostaddr=10.0.0.1,::1', { servers: 'h(10.0.0.1) 5432, i(::1) 5432' }],
  ['host=::1 port=1', { servers: '::1 1' }],
  ['host=/run/pg', { servers: '/run/pg 5432' }],
  // URLs.
  [
    'postgres://u:p%40ss@db:6000/x?sslmode=disable',
    { servers: 'db 6000', user: 'u@x', password: 'p@ss', ways: 'clear' },
  ],
  ['postgresql://u@[::1]/x', { servers: '::1 5432', user: 'u@x' }],
  ['postgres://', { servers: 'localhost 5432', user: 'me@me' }],
  ['postgres:///x?host=h&port=1', { servers: 'h 1', user: 'me@x' }],
  ['postgres://h?user=u&password=q+r%20s', { user: 'u@u', password: 'q r s' }],
  ['postgres://h/?user=me@azure', { user: 'me@azure@me@azure' }],
  ['postgres://h:1,i:2,[::1]/x', { servers: 'h 1, i 2, ::1 5432' }],
  ['postgres://%2Frun%2Fpg:1/x', { servers: '/run/pg 1' }],
  ['postgres://u:p@w@h/d%2Fb/c', { servers: 'h 5432', user: 'u@d/b/c', password: 'p@w' }],
  ["postgres://u:a'b%5Cc@h", { password: "a'b\\c" }],
  ['postgres://h:1/x?host=i&port=2&dbname=y', { servers: 'h 1', user: 'me@x' }],
  ['postgres://h?sslmode=disable&sslmode=require', { ways: 'clear' }],
  ['postgres://h?ssl=true&&options=-c%20geqo%3Doff', { ways: 'tls', startup: { ...none, options: '-c geqo=off' } }],
  // TLS.
  ['sslmode=allow', { ways: 'clear tls', checks: 'nothing' }],
  ['sslmode=prefer', { ways: 'tls clear', checks: 'nothing' }],
  ['sslmode=require', { ways: 'tls', checks: 'nothing' }],
  ['sslmode=verify-ca', { ways: 'tls', checks: 'certificate' }],
  ['sslmode=verify-full', { ways: 'tls', checks: 'name' }],
  ['sslrootcert=system', { ways: 'tls', checks: 'name' }],
  ['', { ways: 'clear' }, { PGSSLMODE: 'disable' }],
  ['sslmode=require', { ways: 'tls' }, { PGSSLMODE: 'disable' }],
  // For the server.
  [
    'search_path=a,b TimeZone=UTC my.own=x',
    { startup: { ...none, search_path: 'a,b', TimeZone: 'UTC', 'my.own': 'x' } },
  ],
  ["options='-c geqo=off' application_name=a", { startup: { application_name: 'a', options: '-c geqo=off' } }],
  ['fallback_application_name=f', { startup: { application_name: 'f' } }],
  ['', { startup: { application_name: 'e', options: '-c x' } }, { PGAPPNAME: 'e', PGOPTIONS: '-c x', PGTZ: 'UTC' }],
  ['client_encoding=utf-8 gssencmode=disable keepalives=1 channel_binding=prefer krbsrvname=x', { startup: none }],
  // Variables fill in.
  [
    'user=u',
    { servers: 'env 7', user: 'u@d', password: 'p' },
    { PGHOST: 'env', PGPORT: '7', PGUSER: 'x', PGDATABASE: 'd', PGPASSWORD: 'p' },
  ],
  ['host=h', { servers: 'h(127.0.0.9) 5432' }, { PGHOSTADDR: '127.0.0.9' }],
  ['', { wanted: 'primary', timeout: 3000 }, { PGTARGETSESSIONATTRS: 'primary', PGCONNECT_TIMEOUT: '3' }],
  ['connect_timeout=3', { timeout: 3000 }, { PGCONNECT_TIMEOUT: '9' }],
  ['connect_timeout=0', { timeout: 30_000 }],
  ['connect_timeout=-1', { timeout: 30_000 }],
])('%j', async (text, expected, env = {}) => {
  if (text === 'port= user=x') return expect(read(text, env)).rejects.toThrow('port must be a number')
  expect(await read(text, env)).toMatchObject(expected)
})

describe('is refused, and no password is shown:', () => {
  test.each<[string, string | RegExp, env?: Record<string, string>]>([
    ['host', 'malformed'],
    ['host=h password=topsecret words', 'malformed'],
    ["password='topsecret", 'malformed'],
    ["password='top'secret", 'malformed'],
    ['postgres://[', 'malformed'],
    ['postgres://u:topsecret%zz@h', 'malformed'],
    ['postgres://u:top/secret@h/x', 'are percent-encoded'],
    ['postgres://u:12/topsecret@h/x', 'are percent-encoded'],
    ['postgres://u:12?topsecret=x@h/x', /not shown since it may be part of a password/],
    ['postgres://u:top#secret@h/x', 'are percent-encoded'],
    ['postgres://h:topsecret/x', 'malformed'],
    ['postgres://h/x?topsecret', 'malformed'],
    ['POSTGRES://u:topsecret@h/x?sslmode=disable', /unknown word, not shown/],
    ['password=correct topsecret=staple', /unknown word, not shown/],
    ['nonsense=1', /^unknown word nonsense: neither a word of libpq nor a known parameter/],
    ['password=x ssl_mode=verify-full', 'unknown word ssl_mode: did you mean sslmode?'],
    ['sslMode=verify-full', 'unknown word sslMode: did you mean sslmode?'],
    ['ssl-mode=verify-full', 'did you mean sslmode?'],
    ['sslmod=verify-full', 'did you mean sslmode?'],
    ['tls=true', 'unknown word tls: did you mean sslmode?'],
    ['ssl=true', 'unknown word ssl: did you mean sslmode?'],
    ['postgres://h?ssl_root_cert=x', 'did you mean sslrootcert?'],
    ['hots=h', 'did you mean host?'],
    ['database=x', 'did you mean dbname?'],
    ['searchpath=x', 'did you mean search_path?'],
    ['constructor=x __proto__=y', /^unknown word constructor: neither/],
    ['__proto__=y', /^unknown word __proto__: neither/],
    ['sslmode=topsecret', 'sslmode must be disable, allow, prefer, require, verify-ca or verify-full'],
    ['sslmode=', 'sslmode must be'],
    ['', 'PGSSLMODE must be', { PGSSLMODE: 'x' }],
    ['sslrootcert=system sslmode=require', 'sslmode=require is too weak for sslrootcert=system: use verify-full'],
    ['sslrootcert=system', 'too weak', { PGSSLMODE: 'prefer' }],
    ['sslnegotiation=direct sslmode=prefer', 'sslmode=prefer is too weak for sslnegotiation=direct'],
    ['sslrootcert=/nonexistent sslmode=require', 'sslrootcert cannot be read: open /nonexistent: no such file'],
    ['sslrootcert=/dev/null', 'sslrootcert holds no certificate in PEM'],
    ['sslcert=/nonexistent', 'sslcert cannot be read: open /nonexistent: no such file'],
    ['target_session_attrs=x', 'target_session_attrs must be any, read-write'],
    ['load_balance_hosts=x', 'load_balance_hosts must be disable or random'],
    ['connect_timeout=1.5', 'connect_timeout must be whole seconds'],
    ['port=x', 'port must be a number'],
    ['port=0', 'port must be a number'],
    ['port=65536', 'port must be a number'],
    ['host=h port=1,2', '2 in port do not go with 1 in host'],
    ['host=h,i,j port=1,2', '2 in port do not go with 3 in host'],
    ['host=h,i hostaddr=10.0.0.1', '2 in host do not go with 1 in hostaddr'],
    ['hostaddr=name', 'hostaddr must be an address'],
    ['client_encoding=latin1', 'this value of client_encoding is not supported here'],
    ['channel_binding=require', 'channel_binding must be disable or prefer'],
    ['require_auth=none', 'this value of require_auth is not supported here'],
    ['sslcrl=x', 'this value of sslcrl is not supported here'],
    ['', 'this value of PGREQUIREPEER is not supported here', { PGREQUIREPEER: 'x' }],
    ['service=none', 'service none not found in any file'],
  ])('%s', async (text, message, env = {}) => {
    const error = await readConnection(text, around(env)).catch((reason: unknown) => messageOf(reason))
    if (typeof message === 'string') expect(error).toContain(message)
    else expect(error).toMatch(message)
    expect(error).not.toMatch(/topsecret|secret@|staple/)
  })
})

describe('a service', () => {
  const home = (): { home: string } => ({ home: box.path('home') })
  test.each<[string, Partial<Read>, env?: Record<string, string>]>([
    ['service=s', { servers: 'svc 1', user: 'of-service@of-service', password: 'topsecret' }],
    ['service=s user=u host=h', { servers: 'h 1', user: 'u@u' }],
    ['postgres://h/d?service=s', { servers: 'h 1', user: 'of-service@d' }],
    ['', { servers: 'svc 1' }, { PGSERVICE: 's', PGUSER: 'env' }],
    ['user=u', { servers: 'svc 1', user: 'u@u' }, { PGSERVICE: 's' }],
  ])('%j fills in what the string lacks, before variables', async (text, expected, env = {}) => {
    expect(await read(text, env, home())).toMatchObject(expected)
  })

  test('of the system, when the user has none of that name', async () => {
    const env = { PGSYSCONFDIR: box.path('system') }
    expect(await read('service=of-system', env, home())).toMatchObject({ servers: 'sys 5432' })
    expect(await read('service=s', env, home())).toMatchObject({ servers: 'svc 1' })
  })

  test.each([
    ['bad', /services\.conf, line 3: no "="$/],
    ['unknown', /line 5: unknown word passwort: did you mean password\?$/],
    ['nested', /line 7: a service cannot name a service$/],
    ['wrong', /^sslmode must be/],
    ['port', /^port must be/],
    ['parameter', /line 13: search_path is no word of libpq; for the server it goes into options/],
    ['none', /^service none not found in .*services\.conf$/],
  ])('%s is refused, and no value is shown', async (name, message) => {
    for (const [text, env] of [
      [`service=${name} servicefile=${box.path('services.conf')}`, {}],
      [`service=${name}`, { PGSERVICEFILE: box.path('services.conf') }],
    ] as const) {
      const error = await readConnection(text, around(env)).catch((reason: unknown) => messageOf(reason))
      expect(error).toMatch(message)
      expect(error).not.toContain('topsecret')
    }
  })

  test('a file that is named and not there', async () => {
    await expect(read('service=s servicefile=/nonexistent')).rejects.toThrow('service file /nonexistent not found')
  })
})

describe('a password file', () => {
  test.each([
    ['host=h port=1 user=u dbname=d:b', 'p:w\\x:y'],
    ['host=h port=9 user=u dbname=d', 'any port'],
    ['host=x user=other', 'x'],
    ['host=x user=u', undefined],
    ['host=/var/run/postgresql user=u', 'by socket'],
    ['host=/run/pg user=u', 'by folder'],
    ['host=h port=9 user=u dbname=d password=own', 'own'],
    ["host=h port=9 user=u dbname=d password=''", 'any port'],
  ])('%s', async (text, password) => {
    expect((await read(`${text} passfile=${box.path('passwords')}`)).password).toBe(password)
    expect((await read(text, { PGPASSFILE: box.path('passwords') })).password).toBe(password)
  })

  test('is the one in the home folder by default, and each server has its own password', async () => {
    const { servers } = await readConnection('host=db,x user=u', around({}, { home: box.path('home') }))
    expect(servers.map(({ password }) => password)).toEqual(['of file', undefined])
    expect((await read('host=db user=u', {}, { home: box.path('bare') })).password).toBeUndefined()
    expect(
      (await read('host=db user=u passfile=/nonexistent', {}, { home: box.path('home') })).password,
    ).toBeUndefined()
  })

  test('that others may read is not used, which is said', async () => {
    chmodSync(box.path('passwords'), 0o640)
    const said: string[] = []
    const log = ({ message }: { readonly message: string }): void => void said.push(message)
    const file = box.path('passwords')
    expect((await read(`host=h port=9 user=u dbname=d passfile=${file}`, {}, { log })).password).toBeUndefined()
    expect(said).toEqual([`${file} is not used: others may read the passwords in it (chmod 600)`])
    chmodSync(box.path('passwords'), 0o600)
  })
})

describe('certificates and keys', () => {
  const key = (): string => tls.path.replace('cert.pem', 'key.pem')
  const optionsOf = async (text: string, ...where: Parameters<typeof around>): Promise<Connection['tls']> =>
    (await readConnection(text, around(...where))).tls

  test('of files, or in the string itself', async () => {
    const pair = { cert: tls.cert, key: tls.key }
    const files = `sslcert=${tls.path} sslkey=${key()}`
    expect(await optionsOf(files)).toMatchObject({ options: pair })
    expect(await optionsOf(`sslinline=true sslcert='${tls.cert}' sslkey='${tls.key}'`)).toMatchObject({ options: pair })
    expect(await optionsOf(`${files} sslpassword=x`)).toMatchObject({ options: { ...pair, passphrase: 'x' } })
    expect((await optionsOf(`${files} sslcertmode=disable`)).options).toEqual({})
    expect((await optionsOf(`${files} sslmode=disable`)).options).toEqual({})
  })

  test('an authority raises require to a check of the certificate, and gives prefer none', async () => {
    const root = `sslrootcert=${tls.path}`
    expect(await optionsOf(`${root} sslmode=require`)).toMatchObject({
      checks: 'certificate',
      options: { ca: tls.cert },
    })
    expect(await optionsOf(`${root} sslmode=verify-full`)).toMatchObject({ checks: 'name', options: { ca: tls.cert } })
    expect(await optionsOf(`${root} sslmode=prefer`)).toMatchObject({ checks: 'nothing', options: {} })
  })

  test("the user's own are used where nothing else is named", async () => {
    const own = sandbox({
      '.postgresql/root.crt': tls.cert,
      '.postgresql/postgresql.crt': tls.cert,
      '.postgresql/postgresql.key': tls.key,
    })
    chmodSync(own.path('.postgresql/postgresql.key'), 0o600)
    const all = { ca: tls.cert, cert: tls.cert, key: tls.key }
    expect(await optionsOf('', {}, { home: own.dir })).toMatchObject({ checks: 'certificate', options: all })
    expect((await optionsOf('sslrootcert=system', {}, { home: own.dir })).options['ca']).toBeUndefined()
    own.remove()
  })

  test('a key that others may read is not used', async () => {
    chmodSync(key(), 0o644)
    await expect(optionsOf(`sslcert=${tls.path} sslkey=${key()}`)).rejects.toThrow('others may read this key')
    chmodSync(key(), 0o600)
    await expect(optionsOf(`sslcert=${tls.path}`)).rejects.toThrow('sslcert needs a key')
  })

  test('versions', async () => {
    const text = 'ssl_min_protocol_version=TLSv1.2 ssl_max_protocol_version=TLSv1.3'
    expect((await optionsOf(text)).options).toEqual({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' })
  })

  test.each(['sslrootcert', 'sslcert'])('a device as %s is not read without end', async (name) => {
    await expect(optionsOf(`host=db ${name}=/dev/zero`)).rejects.toThrow(
      `${name} cannot be read: read /dev/zero: file too large`,
    )
  })
})
