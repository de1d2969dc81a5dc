import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readAuditConfig } from '../../src/audit/config.ts'
import { main } from '../../src/cli/main.ts'
import { bufferHost, type CliOptions, type CliResult, type Sandbox } from '../support/cli.ts'
import { hasPostgres, type Postgres, startPostgres } from '../support/postgres.ts'
import { encryptedBox, environmentIn, recipient } from './exec-support.ts'

let box: Sandbox
beforeAll(async () => {
  box = await encryptedBox({ 's.yaml': 'a: visible\n' })
})
afterAll(() => box.remove())

const other = 'age15t8y5p5zq5vsvz9fhkhyap3xd0lmz9kjet6s9fch7kn53dv6jy3sd7nkev'

const log = (): string => box.path('audit.log')
beforeEach(() => rmSync(log(), { force: true }))

/** One command line under an audit configuration. */
async function run(config: string, argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  writeFileSync(box.path('audit.yaml'), config)
  const base = bufferHost({ cwd: box.dir, env: environmentIn(box), now: new Date('2026-01-02T03:04:05Z'), ...options })
  const code = await main(argv, { ...base, auditConfig: box.path('audit.yaml') })
  const { stdout, stderr } = base.written
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
}

const toFile = (): string => `backends:\n  file:\n    - path: ${log()}\n`

const records = (): Record<string, unknown>[] =>
  existsSync(log())
    ? readFileSync(log(), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []

describe('a file', () => {
  test('holds who did what to which file, and no value', async () => {
    expect((await run(toFile(), ['decrypt', 's.yaml'])).stdout.toString()).toBe('a: visible\n')
    expect(records()).toEqual([
      {
        time: '2026-01-02T03:04:05.000Z',
        user: 'tester',
        command: 'decrypt',
        action: 'decrypt',
        file: box.path('s.yaml'),
        recipients: [recipient],
        success: true,
      },
    ])
    expect(readFileSync(log(), 'utf8')).not.toContain('visible')
    expect(statSync(log()).mode & 0o777).toBe(0o600)
  })

  test.each<[string, string[], string, string[]]>([
    ['encrypt', ['encrypt', '--age', recipient, '--filename-override', 'n.yaml'], 'b: 1\n', ['encrypt']],
    ['set', ['set', 's.yaml', '["b"]', '1'], '', ['decrypt', 'encrypt']],
    ['unset', ['unset', 's.yaml', '["b"]'], '', ['decrypt', 'encrypt']],
    ['rotate', ['rotate', 's.yaml'], '', ['rotate', 'decrypt', 'encrypt']],
    ['git textconv', ['git', 'textconv', 's.yaml'], '', ['decrypt']],
    ['doctor', ['doctor', 's.yaml'], '', ['decrypt']],
    ['doctor without a file', ['doctor'], '', []],
    ['legacy -d', ['-d', 's.yaml'], '', ['decrypt']],
    ['filestatus', ['filestatus', 's.yaml'], '', []],
    ['--version', ['--version', '--disable-version-check'], '', []],
  ])('events of %s', async (_, argv, stdin, actions) => {
    expect(await run(toFile(), argv, { stdin })).toMatchObject({ code: 0 })
    expect(records().map(({ action }) => action)).toEqual(actions)
    const files = argv[0] === 'encrypt' ? [box.dir] : actions.map(() => box.path('s.yaml'))
    expect(records().map(({ file }) => file)).toEqual(files)
  })

  test('events of edit', async () => {
    const env = { ...environmentIn(box), EDITOR: `sed -i s/visible/changed/` }
    expect(await run(toFile(), ['edit', 's.yaml'], { env })).toMatchObject({ code: 0 })
    expect(records().map(({ action }) => action)).toEqual(['decrypt', 'encrypt'])
  })

  describe.each<[string, (name: string) => string[]]>([
    ['updatekeys', (name) => ['updatekeys', '--yes', name]],
    ['groups add', (name) => ['groups', 'add', '-f', name, '--age', other]],
    ['groups delete', (name) => ['groups', 'delete', '-f', name, '--shamir-secret-sharing-threshold', '1', '1']],
  ])('%s', (command, argv) => {
    const name = command === 'groups delete' ? 'g.yaml' : 's.yaml'
    beforeEach(async () => {
      writeFileSync(box.path('.sops.yaml'), `creation_rules:\n  - age: [${recipient}, ${other}]\n`)
      const added = ['groups', 'add', '-f', 's.yaml', '--age', recipient]
      writeFileSync(box.path('g.yaml'), (await run('', added)).stdout)
    })
    afterEach(() => rmSync(box.path('.sops.yaml')))

    test('is an opening', async () => {
      const before = readFileSync(box.path(name))
      expect(await run(toFile(), argv(name))).toMatchObject({ code: 0 })
      const recipients = name === 'g.yaml' ? [recipient, recipient] : [recipient]
      expect(records()).toMatchObject([{ action: 'decrypt', file: box.path(name), recipients, success: true }])
      writeFileSync(box.path(name), before)
    })

    test('by somebody who cannot open it', async () => {
      const { SOPS_AGE_KEY: _, ...env } = environmentIn(box)
      expect((await run(toFile(), argv(name), { env })).code).not.toBe(0)
      expect(records()).toMatchObject([{ action: 'decrypt', file: box.path(name), recipients: [], success: false }])
    })
  })

  test.each([
    ['decrypt', 128],
    ['doctor', 1],
  ])('shows who could not open a file, by %s', async (command, code) => {
    const { SOPS_AGE_KEY: _, ...env } = environmentIn(box)
    expect(await run(toFile(), [command, 's.yaml'], { env })).toMatchObject({ code })
    expect(records()).toMatchObject([{ action: 'decrypt', recipients: [], success: false }])
  })

  test('holds of doctor what it holds of decrypt', async () => {
    await run(toFile(), ['decrypt', 's.yaml'])
    await run(toFile(), ['doctor', 's.yaml'])
    const [decrypt, doctor] = records()
    expect(doctor).toEqual({ ...decrypt, command: 'doctor' })
  })

  test('a variable does not switch it off', async () => {
    const env = { ...environmentIn(box), SOPS_AUDIT: '', SOPS_AUDIT_CONFIG: '/nonexistent', HOME: '/nonexistent' }
    await run(toFile(), ['decrypt', 's.yaml'], { env })
    expect(records()).toHaveLength(1)
  })
})

test.each<[string, () => string, RegExp]>([
  [
    'a file in a folder that is not there',
    () => 'backends: {file: [{path: /nonexistent/audit.log}]}',
    /^error: s\.yaml: Failed to insert audit record: open \/nonexistent\/audit.log: no such file or directory/,
  ],
  [
    'a full disk',
    () => 'backends: {file: [{path: /dev/full}]}',
    /^error: s\.yaml: Failed to insert audit record: write: no space left on device/,
  ],
  ['a relative path', () => 'backends: {file: [{path: audit.log}]}', /path must be absolute/],
  ['a damaged configuration', () => 'backends: {file: [', /is not valid YAML/],
  [
    'backends of another shape',
    () => 'backends: {postgres: {connection_string: x}}',
    /backends\.postgres must be a list of maps, each with a text as connection_string/,
  ],
  ['a configuration that is a list', () => 'backends: [postgres]', /backends must be a map/],
  [
    'no server',
    () => 'backends: {postgres: [{connection_string: "postgres://u:topsecret@127.0.0.1:1/x?sslmode=disable"}]}',
    /one or more audit backends reported errors, exiting/,
  ],
  [
    'a malformed connection string',
    () => 'backends: {postgres: [{connection_string: "topsecret here"}]}',
    /the connection string is malformed/,
  ],
])('%s stops a command before it reveals or changes anything', async (_, config, message) => {
  const before = readFileSync(box.path('s.yaml'))
  for (const argv of [
    ['decrypt', 's.yaml'],
    ['set', 's.yaml', '["b"]', '2'],
    ['exec-env', 's.yaml', `touch ${box.path('ran')}`],
  ]) {
    const { code, stdout, stderr } = await run(config(), argv)
    expect([code, stdout.toString()]).toEqual([1, ''])
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('topsecret')
  }
  expect(readFileSync(box.path('s.yaml'))).toEqual(before)
  expect(existsSync(box.path('ran'))).toBe(false)
})

test('a record that cannot be made is a problem for doctor, which does not say that the file is whole', async () => {
  const { code, stdout } = await run('backends: {file: [{path: /dev/full}]}', ['doctor', 's.yaml'])
  expect(code).toBe(1)
  expect(stdout.toString()).toContain('problem: Failed to insert audit record')
  expect(stdout.toString()).not.toContain('its integrity check passes')
})

test('a kind of backend that is not known is warned about', async () => {
  const { code, stderr } = await run('backends: {postgress: [{connection_string: x}]}', ['decrypt', 's.yaml'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/^warning: s\.yaml: \S+audit\.yaml: no audit backend is called postgress/)
})

test('no configuration, or an empty one, records nothing', async () => {
  expect(await run('', ['decrypt', 's.yaml'])).toMatchObject({ code: 0, stderr: '' })
})

test('a device as the configuration is not read without end', async () => {
  const log = (): void => {}
  await expect(readAuditConfig('/dev/zero', log)).rejects.toThrow('audit configuration /dev/zero cannot be read: EFBIG')
})

test('waiting for a pipe as the configuration is announced', async () => {
  const pipe = box.path('pipe')
  execFileSync('mkfifo', [pipe])
  const writer = openSync(pipe, constants.O_RDWR)
  const said: string[] = []
  const read = readAuditConfig(pipe, ({ message }) => {
    said.push(message)
    writeSync(writer, 'backends: {}\n')
    closeSync(writer)
  })
  expect(await read).toEqual({ postgres: [], file: [] })
  expect(said).toEqual([`waiting for the audit configuration from ${pipe}`])
})

if (!hasPostgres) console.log('audit records in PostgreSQL are not tested: no server is installed')

describe.skipIf(!hasPostgres)('a PostgreSQL server', () => {
  let server: Postgres
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server?.stop())
  const sql = (text: string): string => server.sql(text)

  const database = (user: string): string =>
    `backends: {postgres: [{connection_string: "host=${server.folder} user=${user} dbname=postgres"}]}`

  test('gets the rows of the reference', async () => {
    mkdirSync(box.path("it's"), { recursive: true })
    writeFileSync(box.path("it's/s.yaml"), readFileSync(box.path('s.yaml')))
    expect(await run(database('sops'), ['rotate', "it's/s.yaml"])).toMatchObject({ code: 0 })
    const file = box.path("it's/s.yaml")
    expect(sql('SELECT action, username, file FROM audit_event ORDER BY id').split('\n')).toEqual([
      `rotate|tester|${file}`,
      `decrypt|tester|${file}`,
      `encrypt|tester|${file}`,
    ])
  })

  test('a role that may not write stops the command', async () => {
    expect(await run(database('weak'), ['decrypt', 's.yaml'])).toMatchObject({
      code: 1,
      stdout: Buffer.alloc(0),
      stderr: 'error: s.yaml: Failed to insert audit record: permission denied for table audit_event\n',
    })
  })

  test('one of two servers missing: nothing is recorded in the other', async () => {
    const count = sql('SELECT count(*) FROM audit_event')
    const both = `backends:\n  postgres:\n    - connection_string: host=${server.folder} user=sops dbname=postgres\n    - connection_string: host=127.0.0.1 port=1 sslmode=disable\n`
    const { code, stderr } = await run(both, ['decrypt', 's.yaml'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: s\.yaml: audit database 2: .*connection refused/)
    expect(sql('SELECT count(*) FROM audit_event')).toBe(count)
  })
})
