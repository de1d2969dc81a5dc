// Audit records of the executable in PostgreSQL: its configuration has a fixed place, so it runs where that place is another folder.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { quietPort } from '../support/ports.ts'
import { hasPostgres, type Postgres, startPostgres } from '../support/postgres.ts'
import { type Outcome, runProcess } from '../support/process.ts'
import { type Alone, alone, executable, saySkipped, shown } from './alone.ts'

const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0
saySkipped('audit records of the executable')
if (!hasPostgres) console.log('audit records of the executable in PostgreSQL are not tested: no server is installed')
if (!canMount)
  console.log('audit records of the executable in PostgreSQL are not tested: unshare -rm does not work here')

describe.skipIf(executable === undefined || !hasPostgres || !canMount)('a PostgreSQL server', () => {
  let sops: Alone
  let tls: TestCertificate
  let server: Postgres
  let port: number
  let age: string
  beforeAll(async () => {
    tls = makeCertificate()
    port = await quietPort()
    server = await startPostgres({ tls, port })
    age = await generateIdentity()
    sops = alone({ 'etc/sops/audit.yaml': '', 'plain.yaml': 'a: 1\n' })
    for (const name of ['passwd', 'group', 'hosts', 'nsswitch.conf', 'ld.so.cache'])
      if (existsSync(`/etc/${name}`)) copyFileSync(`/etc/${name}`, sops.box.path(`etc/${name}`))
    mkdirSync(sops.box.path('etc/ssl'))
    const sealed = await sops.run(['encrypt', '--age', await identityToRecipient(age), 'plain.yaml'])
    writeFileSync(sops.box.path('s.yaml'), sealed.stdout)
  })
  afterAll(async () => {
    await server?.stop()
    sops.remove()
    tls.remove()
  })

  const decrypt = (connection: string): Promise<Outcome> => {
    const config = { backends: { postgres: [{ connection_string: connection }] } }
    writeFileSync(sops.box.path('etc/sops/audit.yaml'), JSON.stringify(config))
    const script = 'mount --bind "$0" /etc && exec "$@"'
    const words = ['-rm', '/bin/sh', '-c', script, sops.box.path('etc'), sops.program, 'decrypt', 's.yaml']
    return runProcess('unshare', words, {
      cwd: sops.box.dir,
      env: { ...sops.env, PATH: '/usr/bin:/bin', SOPS_AGE_KEY: age },
    })
  }
  const count = (): number => Number(server.sql('SELECT count(*) FROM audit_event'))

  test.each<[string, () => string]>([
    ['over its Unix socket', () => `host=${server.folder} port=${port} user=sops dbname=postgres`],
    ['over TLS, by a password', () => `postgres://sops:pass%20word@127.0.0.1:${port}/postgres`],
    [
      'over TLS, with a certificate that is checked',
      () => `postgres://sops:pass%20word@localhost:${port}/postgres?sslmode=verify-full&sslrootcert=${tls.path}`,
    ],
  ])('%s it gets the record', async (_, connection) => {
    const before = count()
    expect(shown(await decrypt(connection()))).toEqual([0, 'a: 1\n', ''])
    expect(count()).toBe(before + 1)
    const row = server.sql('SELECT action, file FROM audit_event ORDER BY id DESC LIMIT 1')
    expect(row).toBe(`decrypt|${sops.box.path('s.yaml')}`)
  })

  test.each<[string, () => string, RegExp]>([
    [
      'a certificate that nobody vouches for',
      () => `postgres://sops:pass%20word@localhost:${port}/postgres?sslmode=verify-full`,
      /certificate/,
    ],
    [
      'a certificate for another name',
      () => `postgres://sops:pass%20word@127.0.0.2:${port}/postgres?sslmode=verify-full&sslrootcert=${tls.path}`,
      /altnames|does not match|refused/,
    ],
    [
      'a wrong password',
      () => `postgres://sops:wrong-text@127.0.0.1:${port}/postgres`,
      /password authentication failed/,
    ],
    [
      'a role that may not write',
      () => `host=${server.folder} port=${port} user=weak dbname=postgres`,
      /permission denied/,
    ],
  ])('%s stops the command', async (_, connection, cause) => {
    const before = count()
    const { exit, stdout, stderr } = await decrypt(connection())
    expect([exit, stdout.toString()]).toEqual([1, ''])
    expect(stderr.toString()).toMatch(cause)
    expect(stderr.toString()).not.toContain('wrong-text')
    expect(count()).toBe(before)
  })
})
