// The GitHub Action, run as a runner does, with releases from a folder and the program of this checkout.
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { root } from '../support/build.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { runProcess } from '../support/process.ts'
import { encryptInto, identity, lacking, lackingText, layOutRelease, program, sha256 } from '../support/release.ts'
import { type Ran, runAction } from '../support/runner.ts'

const version: string = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version

let folder: string
let archive: Buffer
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sops-action-'))
  archive = layOutRelease(join(folder, 'releases'), version, program)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const env = (): Record<string, string> => ({ PATH: process.env['PATH']!, HOME: folder, SOPS_AGE_KEY_FILE: identity })
const act = (inputs: Record<string, string> = {}, more: Record<string, string> = {}): Promise<Ran> =>
  runAction(folder, { 'base-url': `file://${folder}/releases`, ...inputs }, { ...env(), ...more })

describe.skipIf(process.platform === 'win32' || lacking.length > 0)(`installing${lackingText}`, () => {
  const sums = (): string => join(folder, 'releases', `v${version}`, 'SHA256SUMS')

  test('the version of the action, whose folder is put into the PATH', async () => {
    const ran = await act()
    expect(ran).toMatchObject({ exit: 0, variables: {}, log: expect.stringContaining(`(sops-ts ${version})`) })
    expect(ran.paths).toHaveLength(1)
    expect(readdirSync(ran.paths[0]!)).toEqual(['sops'])
    const found = await runProcess('sops', ['--version'], {
      cwd: folder,
      env: { ...env(), PATH: `${ran.paths[0]}:${env()['PATH']}` },
    })
    expect(found.stdout.toString()).toContain(version)
  })

  test.each(['7.8.9', 'v7.8.9', '7.8.9-rc.1'])('version %s', async (wanted) => {
    layOutRelease(join(folder, 'releases'), wanted.replace('v', ''), '#!/bin/sh\necho sops of then\n')
    expect(await act({ version: wanted })).toMatchObject({ exit: 0, log: 'sops of then\n' })
  })

  test.each(['latest', '1', '../../etc', '1.2.3/..', '1.2.3\n', '$(id)', '1.2.3 4'])(
    'no version %j',
    async (wanted) => {
      expect(await act({ version: wanted })).toMatchObject({
        exit: 1,
        paths: [],
        log: expect.stringContaining('version'),
      })
    },
  )

  test('with the checksum that is named, whatever the list says', async () => {
    writeFileSync(sums(), '')
    expect(await act({ checksum: sha256(archive) })).toMatchObject({ exit: 0 })
    expect(await act({ checksum: sha256(archive).toUpperCase() })).toMatchObject({ exit: 0 })
  })

  test.each<[string, () => Record<string, string>, RegExp]>([
    ['a checksum is named and another found', () => ({ checksum: '0'.repeat(64) }), /is not what was to be installed/],
    ['the checksum is none', () => ({ checksum: 'any' }), /no single SHA-256/],
    [
      'the list does not name the archive',
      () => {
        writeFileSync(sums(), `${sha256(archive)}  other.gz\n`)
        return {}
      },
      /no single/,
    ],
    [
      'the list names it twice',
      () => {
        writeFileSync(sums(), readFileSync(sums(), 'utf8').repeat(2))
        return {}
      },
      /no single SHA-256/,
    ],
    [
      'the archive has been exchanged',
      () => {
        const list = readFileSync(sums())
        layOutRelease(join(folder, 'releases'), version, '#!/bin/sh\ntouch ran\n')
        writeFileSync(sums(), list)
        return {}
      },
      /is not what was to be installed/,
    ],
    ['there is no such release', () => ({ version: '9.9.9' }), /cannot download .*v9\.9\.9/],
    ['the mirror is not https', () => ({ 'base-url': 'http://127.0.0.1:9/releases' }), /cannot download/],
    [
      'the program does not run',
      () => {
        layOutRelease(join(folder, 'releases'), version, '#!/bin/false\n')
        return {}
      },
      /not run/,
    ],
  ])('nothing, when %s', async (_, prepare, reason) => {
    const ran = await act(prepare())
    expect(ran).toMatchObject({ exit: 1, paths: [] })
    expect(ran.log).toMatch(reason)
    expect(readdirSync(folder)).not.toContain('ran')
  })

  test('from the releases of the repository of the action, or of the one that is named', async () => {
    const where = (inputs: Record<string, string>, names: Record<string, string>): Promise<Ran> =>
      runAction(folder, inputs, { ...env(), GITHUB_SERVER_URL: 'ftp://nowhere.test' }, names)
    const names = { 'github.action_repository': 'a/sops-ts', 'github.repository': 'b/shop' }
    expect((await where({}, names)).log).toContain(`ftp://nowhere.test/a/sops-ts/releases/download/v${version}/sops-`)
    expect((await where({ repository: 'c/d' }, names)).log).toContain('ftp://nowhere.test/c/d/releases')
    expect((await where({}, { 'github.repository': 'b/shop' })).log).toContain('/b/shop/')
    expect((await where({ repository: 'c/d/../..' }, names)).log).toContain('owner/name')
  })

  test('an attestation, where one is wanted, must be that of the release workflow', async () => {
    const gh = join(folder, 'gh')
    const asked = join(folder, 'asked')
    writeFileSync(gh, `#!/bin/sh\nprintf '%s ' "$@" > ${asked}\nexit $GH_EXIT\n`, { mode: 0o755 })
    const path = { PATH: `${folder}:${env()['PATH']}` }
    const wanted = { attestation: 'true', repository: 'a/b' }
    expect(await act(wanted, { ...path, GH_EXIT: '0' })).toMatchObject({ exit: 0 })
    expect(readFileSync(asked, 'utf8')).toMatch(
      /^attestation verify \S+\/sops-\S+\.gz --repo a\/b --signer-workflow a\/b\/\.github\/workflows\/release\.yml $/,
    )
    expect(await act(wanted, { ...path, GH_EXIT: '1' })).toMatchObject({ exit: 1, paths: [] })
    for (const attestation of ['', 'false'])
      expect(await act({ attestation }, { ...path, GH_EXIT: '1' })).toMatchObject({ exit: 0 })
  })

  test.each(['True', 'yes', '1', ' true', 'ture'])(
    'no attestation %j: what is misspelt is not taken for none',
    async (attestation) => {
      expect(await act({ attestation })).toMatchObject({
        exit: 1,
        paths: [],
        log: expect.stringContaining('attestation is true or false'),
      })
    },
  )
})

describe.skipIf(process.platform === 'win32' || lacking.length > 0)(`exporting${lackingText}`, () => {
  /** Encrypts a document, and runs the action with it. */
  async function exported(
    document: string | object,
    name = 'secret.json',
    more: Record<string, string> = {},
  ): Promise<Ran> {
    await encryptInto(folder, typeof document === 'string' ? document : JSON.stringify(document), name)
    return await act({ file: name }, more)
  }
  /** What the log shows once commands are taken out of it. */
  const shown = ({ log }: Ran): string => log.replace(/^::add-mask::.*\n/gm, '')

  const pem = '-----BEGIN KEY-----\n  c2VjcmV0\r\n{\n}\nbGluZQ==\n-----END KEY-----\n'
  const values = {
    PASSWORD: 'hunter2 & "quotes" $HOME `id` \\n \'',
    PEM: pem,
    EMPTY: '',
    BLANK: ' \t ',
    PERCENT: '100% %0A %25',
    INJECTED: 'a\nPATH=/evil\nX<<EOF\nb\nEOF\n::set-output name=x::y',
    MARKS: '!§$%&',
    UNICODE: 'pässwörd 🔑',
    COMMAND: '::stop-commands::x',
    dash: '-n -e \\c',
    NUMBER: 12345678901234567890n.toString(),
    GITHUB_TOKEN: 'ghs_secret',
  }

  test('values reach the next steps as they are', async () => {
    const ran = await exported(values)
    expect([ran.exit, ran.log.match(/::error.*/)?.[0]]).toEqual([0, undefined])
    expect(ran.variables).toEqual(values)
  })

  test('each line of a value is masked before it is exported, and shown nowhere', async () => {
    const ran = await exported(values)
    const lines = Object.values(values)
      .flatMap((value) => value.split(/\r?\n/).map((line) => ({ line: line.trim(), alone: !value.includes('\n') })))
      .filter(({ line, alone }) => line !== '' && (alone || /[a-z0-9]/i.test(line)))
    expect(new Set(ran.masks)).toEqual(new Set(lines.map(({ line }) => line)))
    expect(ran.masks).not.toContain('{')
    expect(ran.masks).not.toContain('')
    for (const { line } of lines.filter((one) => one.line.length > 3)) expect(shown(ran)).not.toContain(line)
    expect(shown(ran)).toBe(
      `sops 3.13.2 (sops-ts ${version})\nsops: ${Object.keys(values).length} variables from secret.json\n`,
    )
  })

  test.each([
    ['secret.env', 'A=1\nB=two words\n', { A: '1', B: 'two words' }],
    ['secret.yaml', 'A: 1\nB: true\nC: null\nD: 1.50\n', { A: '1', B: 'true', C: '<nil>', D: '1.5' }],
    ["it's $(touch ran) here.json", '{"A":"x"}', { A: 'x' }],
    ['-dash.json', '{"A":"x"}', { A: 'x' }],
  ])('of %s', async (name, plain, wanted) => {
    if (name.startsWith('-')) {
      const ran = await exported(plain, 'to-link.json')
      symlinkSync('to-link.json', join(folder, name))
      expect(ran.exit).toBe(0)
      expect((await act({ file: name })).variables).toEqual(wanted)
    } else expect((await exported(plain, name)).variables).toEqual(wanted)
    expect(readdirSync(folder)).not.toContain('ran')
  })

  test('of a file without values nothing, though its program has the environment of the runner', async () => {
    expect(await exported({}, 'secret.json', { INHERITED: 'x' })).toMatchObject({ exit: 0, variables: {}, masks: [] })
  })

  const steering = [...readFileSync(join(root, 'src/cli/exec/steering.ts'), 'utf8').matchAll(/'([A-Z0-9_]{2,})'/g)]
    .map(([, name]) => name!)
    .concat(
      'LD_PRELOAD',
      'DYLD_INSERT_LIBRARIES',
      'BASH_FUNC_x',
      'GIT_SSH_COMMAND',
      'GIT_CONFIG_COUNT',
      'GIT_EXEC_PATH',
    )
    .concat(
      'npm_config_script_shell',
      'NPM_CONFIG_USERCONFIG',
      'COR_PROFILER',
      'CORECLR_ENABLE_PROFILING',
      'COMPLUS_PROFILER',
    )
    .concat('GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_WORKSPACE', 'RUNNER_TEMP', 'ACTIONS_RUNTIME_TOKEN', 'BUN_OPTIONS')

  test('what src/cli/exec/steering.ts knows is refused', async () => {
    expect(steering.length).toBeGreaterThan(100)
    const script = readFileSync(join(root, 'action/export.sh'), 'utf8')
    const [check] = /^is_refused\(\) \{[\s\S]*?^\}/m.exec(script)!
    const accepted = `${check}\nfor name; do is_refused "$name" || echo "$name"; done`
    const ran = await runProcess(
      'bash',
      ['-c', accepted, 'bash', ...steering, 'DATABASE_URL', 'GITHUB_TOKEN', 'GIT_TOKEN'],
      {
        cwd: folder,
        env: env(),
      },
    )
    expect(ran.stdout.toString()).toBe('DATABASE_URL\nGITHUB_TOKEN\nGIT_TOKEN\n')
  })

  test.each([
    ['PATH', '/evil', /PATH is refused/],
    ['LD_PRELOAD', '/evil.so', /LD_PRELOAD is refused/],
    ['NODE_OPTIONS', '--require /evil', /NODE_OPTIONS is refused/],
    ['PWD', 'evil-word', /is refused/],
    ['_', 'evil-word', /is refused/],
    ['a-b', 'evil-word', /a-b cannot be the name/],
    ['1st', 'evil-word', /1st cannot be the name/],
    ['a b', 'evil-word', /a b cannot be the name/],
    ['BASH_FUNC_ls%%', '() { evil; }', /cannot be the name/],
    ['ä', 'evil-word', /cannot be the name/],
  ])('a file with %j is refused whole', async (name, value, reason) => {
    const ran = await exported({ FIRST: 'first-word', [name]: value, LAST: 'last-word' })
    expect(ran).toMatchObject({ exit: 1, variables: {}, masks: [] })
    expect(ran.log).toMatch(reason)
    expect(ran.log).not.toMatch(/first-word|last-word|evil-word/)
    expect(ran.log).not.toMatch(/^::(?!error title=sops::)/m)
  })

  test.each<[string, string, RegExp]>([
    ['nested values', '{"A":{"B":"evil-word"}}', /complex value/],
    ['a name with a line feed', '{"A\\n::warning::B":"evil-word"}', /newline|line/],
    ['a value with NUL', '{"A":"evil\\u0000-word"}', /NUL/],
  ])('%s are refused', async (_, plain, reason) => {
    const ran = await exported(plain)
    expect(ran.exit).not.toBe(0)
    expect(ran).toMatchObject({ variables: {}, masks: [] })
    expect(ran.log).toMatch(reason)
    expect(ran.log).not.toMatch(/-word|^::warning/m)
  })

  test('without the key nothing is exported', async () => {
    const ran = await exported({ A: 'x' }, 'secret.json', { SOPS_AGE_KEY_FILE: join(keysFolder, 'two.age') })
    expect(ran.exit).not.toBe(0)
    expect(ran.variables).toEqual({})
  })

  test('a file that is not there', async () => {
    expect(await act({ file: 'none.json' })).toMatchObject({
      exit: 1,
      log: expect.stringContaining('none.json is no file'),
    })
  })

  test('a shell that traces what it runs is told not to', async () => {
    const ran = await exported({ A: 'traced-word' }, 'secret.json', { SHELLOPTS: 'xtrace' })
    expect(ran).toMatchObject({ exit: 0, variables: { A: 'traced-word' } })
    expect(shown(ran)).not.toContain('traced-word')
  })
})

test('docs/install.md names its inputs', () => {
  const action: { inputs: Record<string, unknown> } = parse(readFileSync(join(root, 'action.yml'), 'utf8'))
  const [table] = /\| input \| \|\n[\s\S]*?\n\n/.exec(readFileSync(join(root, 'docs/install.md'), 'utf8'))!
  const named = table
    .split('\n')
    .slice(2)
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(.*?)`/g)].map(([, name]) => name))
  expect(named.sort()).toEqual(Object.keys(action.inputs).sort())
})
