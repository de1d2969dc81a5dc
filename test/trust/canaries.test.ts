// Planted values, a data key that is known, identities and a passphrase: searched for in all that every command shows, writes, records and
// hands to other programs.
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { armor, Encrypter } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { encodeBech32 } from '../../src/keys/age/bech32.ts'
import { root } from '../support/build.ts'
import { type CliResult, memoryFolder, runCli, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { closeGpgHome, gpgHome, hasGpg } from '../support/gpg.ts'
import { canary, cwdOf, envOf, layOut, leftInTmp, prepareBox, writers } from './writers.ts'

const { dataKey, started } = vi.hoisted(() => ({
  dataKey: Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256),
  started: [] as { readonly words: string; readonly env: string }[],
}))
vi.mock('../../src/groups/data-key.ts', async (original) => ({
  ...(await original<typeof import('../../src/groups/data-key.ts')>()),
  newDataKey: () => Uint8Array.from(dataKey),
}))
vi.mock('node:child_process', async (original) => {
  const real = await original<typeof import('node:child_process')>()
  const { promisify } = await import('node:util')
  const recorded = <T extends (...args: never[]) => unknown>(start: T): T => {
    const wrapped = (...args: Parameters<T>): unknown => {
      const options = (args as unknown[]).find((arg) => typeof arg === 'object' && arg !== null && !Array.isArray(arg))
      const words = (args as unknown[]).filter((arg) => typeof arg === 'string' || Array.isArray(arg))
      started.push({ words: JSON.stringify(words), env: JSON.stringify((options as { env?: unknown })?.env ?? null) })
      return start(...args)
    }
    if (promisify.custom in start)
      Object.assign(wrapped, {
        [promisify.custom]: recorded((start as unknown as Record<symbol, T>)[promisify.custom]!),
      })
    return wrapped as unknown as T
  }
  const { spawn, spawnSync, execFile, execFileSync, exec, execSync } = real
  return {
    ...real,
    spawn: recorded(spawn),
    spawnSync: recorded(spawnSync),
    execFile: recorded(execFile),
    execFileSync: recorded(execFileSync),
    exec: recorded(exec),
    execSync: recorded(execSync),
  }
})

const box = sandbox({}, memoryFolder)
const passphrase = 'correct horse canary-pass'
const pluginIdentity = encodeBech32('age-plugin-canary-', Buffer.from('what only the plugin may know')).toUpperCase()
const identityText = (name: string): string => readFileSync(join(keysFolder, `${name}.age`), 'utf8')
const identityOf = (name: string): string => /AGE-SECRET-KEY-\S+/.exec(identityText(name))![0]

/** Everything that must not be seen, by what it is. Part of an identity is enough. */
const secrets: Readonly<Record<string, Buffer>> = {
  'a value': Buffer.from(canary),
  'the data key in hex': Buffer.from(Buffer.from(dataKey).toString('hex')),
  'the data key in HEX': Buffer.from(Buffer.from(dataKey).toString('hex').toUpperCase()),
  'the data key in base64': Buffer.from(Buffer.from(dataKey).toString('base64').slice(0, 40)),
  'the data key in base64url': Buffer.from(Buffer.from(dataKey).toString('base64url').slice(0, 40)),
  'the data key': Buffer.from(dataKey),
  'the data key as a list': Buffer.from(dataKey.slice(0, 8).join(',')),
  'the first identity': Buffer.from(identityOf('one').slice(20, 50)),
  'the second identity': Buffer.from(identityOf('two').slice(20, 50)),
  "the plugin's identity": Buffer.from(pluginIdentity.slice(20, 50)),
  'the passphrase': Buffer.from('canary-pass'),
}
const keysOnly = Object.keys(secrets).filter((name) => name !== 'a value')

const found = (bytes: Buffer | string, names: readonly string[] = Object.keys(secrets)): string[] =>
  names.filter((name) => Buffer.from(bytes).includes(secrets[name]!))

/** Files that hold secrets because a test put them there. */
const planted = /^(plain\.yaml|home\/(flat\.env|keys\.txt|bad\.txt|editor\.sh))$/

const auditFile = box.path('audit.jsonl')

beforeAll(async () => {
  await prepareBox(box)
  writeFileSync(box.path('audit.yaml'), `backends:\n  file:\n    - path: ${auditFile}\n`)
  writeFileSync(auditFile, '')
})
afterAll(() => {
  closeGpgHome()
  box.remove()
})

async function run(
  argv: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string | undefined>>; stdin?: string; prompt?: string[] } = {},
): Promise<CliResult> {
  started.length = 0
  const env = { ...envOf(box), SOPS_DEBUG: '1', ...options.env }
  const { cwd = box.dir, stdin, prompt } = options
  return runCli(argv, {
    cwd,
    env,
    auditConfig: box.path('audit.yaml'),
    ...(stdin === undefined ? {} : { stdin }),
    ...(prompt ? { prompt } : {}),
  })
}

/** Where secrets turn up that should not. `shows`: standard output is plaintext. `passes`: the environment of the child is. */
function leaks(ran: CliResult, { shows = false, passes = false, writes = /^$/ } = {}): string[] {
  const problems = [
    ...found(ran.stderr).map((name) => `stderr shows ${name}: ${ran.stderr.slice(0, 200)}`),
    ...found(ran.stdout, shows ? keysOnly : undefined).map((name) => `stdout shows ${name}`),
    ...found(readFileSync(auditFile)).map((name) => `the audit record holds ${name}`),
  ]
  for (const { words, env } of started) {
    problems.push(...found(words).map((name) => `an argument is ${name}: ${words.slice(0, 200)}`))
    const known = ['a value', ...keysOnly.filter((name) => name.startsWith('the data key'))]
    if (!passes) problems.push(...found(env, known).map((name) => `the environment of ${words} holds ${name}`))
  }
  for (const name of readdirSync(box.dir, { recursive: true, encoding: 'utf8' })) {
    const path = join(box.dir, name)
    if (planted.test(name) || writes.test(name) || !lstatSync(path).isFile()) continue
    problems.push(...found(readFileSync(path)).map((secret) => `${name} holds ${secret}`))
  }
  problems.push(...leftInTmp(box).map((left) => `${left} was left`))
  return problems
}

describe('commands that write', () => {
  test.each(Object.entries(writers))('%s', async (name, writer) => {
    layOut(box, writer)
    const ran = await run(name === 'git install' ? writer.argv : ['--verbose', ...writer.argv], {
      cwd: cwdOf(box, name),
      ...(writer.env ? { env: { ...writer.env, EDITOR: editorOf(writer.env['EDITOR']) } } : {}),
    })
    expect({ code: ran.code, stderr: ran.stderr.slice(0, 300) }).toMatchObject({ code: 0 })
    const before = Object.values(writer.files).some((file) => file.before === 'plain')
    expect(leaks(ran, { writes: writer.secret || (before && ran.code !== 0) ? /^d\/.*/ : /^$/ })).toEqual([])
  })

  test.each(Object.entries(writers))('%s, without a key', async (name, writer) => {
    layOut(box, writer)
    const ran = await run(writer.argv, {
      cwd: cwdOf(box, name),
      env: {
        SOPS_AGE_KEY: undefined,
        SOPS_AGE_RECIPIENTS: undefined,
        SOPS_AGE_KEY_FILE: box.path('none'),
        EDITOR: 'true',
      },
    })
    const isPlain = Object.values(writer.files).some((file) => file.before === 'plain')
    expect(leaks(ran, { writes: writer.secret || isPlain ? /^d\/.*/ : /^$/ })).toEqual([])
  })
})

/** An editor whose script is a file, since its command line would hold the canary. */
function editorOf(command: string | undefined): string {
  const path = box.path('home/editor.sh')
  writeFileSync(path, `#!/bin/sh\n${command} "$1"\n`)
  chmodSync(path, 0o755)
  return path
}

describe('commands that show', () => {
  const cases: readonly (readonly [argv: readonly string[], expected: { shows?: boolean; passes?: boolean }])[] = [
    [['decrypt', 'sealed.yaml'], { shows: true }],
    [['decrypt', '--extract', '["a"]', 'sealed.yaml'], { shows: true }],
    [['git', 'textconv', 'sealed.yaml'], { shows: true }],
    [['exec-env', 'flat.env', 'test -n "$A"'], { passes: true }],
    [['exec-env', 'flat.env', 'exit 3'], { passes: true }],
    [['exec-file', '--filename', 'x', 'flat.env', 'cat {} > /dev/null'], {}],
    [['encrypt', 'plain.yaml'], {}],
    [['rotate', 'sealed.yaml'], {}],
    [['groups', 'add', '--file', 'sealed.yaml', '--age', 'nonsense'], {}],
    [['filestatus', 'sealed.yaml'], {}],
    [['ls', '--keys', 'sealed.yaml', 'plain.yaml', 'damaged.yaml'], {}],
    [['ls', '--json', '--keys', 'sealed.yaml', 'plain.yaml', 'damaged.yaml'], {}],
    [['doctor', 'sealed.yaml', 'plain.yaml'], {}],
    [['decrypt', '--extract', '["b"]', 'sealed.yaml'], {}],
    [['decrypt', '--output-type', 'dotenv', 'sealed.yaml'], {}],
    [['decrypt', 'damaged.yaml'], {}],
    [['set', 'damaged.yaml', '["a"]', '1'], {}],
    [['edit', 'damaged.yaml'], {}],
    [['exec-env', 'damaged.yaml', 'true'], {}],
    [['publish', '--yes', 'sealed.yaml'], {}],
    [['updatekeys', '--yes', 'sealed.yaml'], {}],
    [['decrypt', '--output', '/nonexistent/x', 'sealed.yaml'], {}],
    [['completion', 'bash'], {}],
    [['nonsense', 'sealed.yaml'], {}],
  ]

  beforeAll(async () => {
    layOut(box, writers['set']!)
    writeFileSync(box.path('home/flat.env'), `A=${canary}-a\n`)
    const { stdout } = await run(['encrypt', '--filename-override', 'flat.env', 'home/flat.env'])
    writeFileSync(box.path('flat.env'), stdout)
    const text = readFileSync(box.path('sealed.yaml'), 'utf8')
    writeFileSync(box.path('damaged.yaml'), text.replace(/^a: .*$/m, 'b_unencrypted: 1'))
  })

  test.each(cases)('%j', async (argv, expected) => {
    expect(leaks(await run(['--verbose', ...argv]), expected)).toEqual([])
  })

  test('a value from standard input', async () => {
    layOut(box, writers['set']!)
    const ran = await run(['set', '--value-stdin', 'd/file.yaml', '["a"]'], { stdin: `"${canary}-new"` })
    expect(ran.code).toBe(0)
    expect(leaks(ran)).toEqual([])
  })

  test('a value that is no JSON', async () => {
    const ran = await run(['--verbose', 'set', '--value-stdin', 'sealed.yaml', '["a"]'], { stdin: `{"${canary}` })
    expect(ran.code).not.toBe(0)
    expect(leaks(ran)).toEqual([])
  })
})

describe('where keys come from', () => {
  test('a command that prints the identities', async () => {
    writeFileSync(box.path('home/keys.txt'), identityText('one'))
    const env = { SOPS_AGE_KEY: undefined, SOPS_AGE_KEY_CMD: `cat ${box.path('home/keys.txt')}` }
    const ran = await run(['--verbose', 'decrypt', 'sealed.yaml'], { env })
    expect(ran.code).toBe(0)
    expect(started.some(({ words }) => words.includes('keys.txt'))).toBe(true)
    expect(leaks(ran, { shows: true })).toEqual([])
  })

  test('a command that prints the identities and fails', async () => {
    const env = { SOPS_AGE_KEY: undefined, SOPS_AGE_KEY_CMD: `sh -c "cat ${box.path('home/keys.txt')} >&2; exit 4"` }
    const ran = await run(['--verbose', 'decrypt', 'sealed.yaml'], { env })
    expect(ran.code).not.toBe(0)
    expect(leaks(ran)).toEqual([])
  })

  test('an identity file behind a passphrase', async () => {
    const encrypter = new Encrypter()
    encrypter.setScryptWorkFactor(2)
    encrypter.setPassphrase(passphrase)
    writeFileSync(box.path('locked.txt'), armor.encode(await encrypter.encrypt(identityText('one'))))
    const env = { SOPS_AGE_KEY: undefined, SOPS_AGE_KEY_FILE: box.path('locked.txt') }
    const right = await run(['--verbose', 'decrypt', 'sealed.yaml'], { env, prompt: [passphrase] })
    expect({ code: right.code, stderr: right.code ? right.stderr : '' }).toEqual({ code: 0, stderr: '' })
    expect(leaks(right, { shows: true })).toEqual([])
    const wrong = await run(['--verbose', 'decrypt', 'sealed.yaml'], { env, prompt: [`${passphrase}x`] })
    expect(wrong.code).not.toBe(0)
    expect(leaks(wrong)).toEqual([])
  })

  test.each([
    ['cut short', (text: string) => text.slice(0, -3)],
    ['with a letter more', (text: string) => `${text}q`],
    ['in the middle of a line', (text: string) => `x${text} y`],
  ])('an identity %s', async (_, change) => {
    for (const name of ['SOPS_AGE_KEY', 'SOPS_AGE_KEY_FILE']) {
      const text = change(identityOf('one'))
      writeFileSync(box.path('home/bad.txt'), text)
      const env = { SOPS_AGE_KEY: undefined, [name]: name === 'SOPS_AGE_KEY' ? text : box.path('home/bad.txt') }
      expect(leaks(await run(['--verbose', 'decrypt', 'sealed.yaml'], { env }))).toEqual([])
    }
  })

  test('a plugin', async () => {
    const program = box.path('home/age-plugin-canary')
    writeFileSync(program, '#!/bin/sh\nread -r _\necho failed >&2\nexit 1\n')
    chmodSync(program, 0o755)
    const env = { SOPS_AGE_KEY: pluginIdentity, PATH: `${box.path('home')}:${process.env.PATH}` }
    const ran = await run(['--verbose', 'decrypt', 'sealed.yaml'], { env })
    expect(ran.code).not.toBe(0)
    expect(started.map(({ words }) => words)).toEqual([JSON.stringify([program, ['--age-plugin=identity-v1']])])
    expect(leaks(ran)).toEqual([])
  })

  if (hasGpg)
    test('gpg', async () => {
      const home = gpgHome()
      const { spawnSync } = await vi.importActual<typeof import('node:child_process')>('node:child_process')
      const list = spawnSync('gpg', ['--homedir', home, '--list-secret-keys', '--with-colons']).stdout.toString()
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(list)![1]!
      const env = { GNUPGHOME: home, SOPS_AGE_KEY: undefined, SOPS_AGE_RECIPIENTS: undefined }
      const sealed = await run(['--verbose', 'encrypt', '--pgp', fingerprint, 'plain.yaml'], { env })
      expect({ code: sealed.code, stderr: sealed.code ? sealed.stderr : '' }).toEqual({ code: 0, stderr: '' })
      expect(started.some(({ words }) => words.includes('gpg'))).toBe(true)
      expect(leaks(sealed)).toEqual([])
      writeFileSync(box.path('pgp.yaml'), sealed.stdout)
      const opened = await run(['--verbose', 'decrypt', 'pgp.yaml'], { env })
      expect(opened.code).toBe(0)
      expect(leaks(opened, { shows: true })).toEqual([])
      const damaged = sealed.stdout.toString().replace(/^( +)hQ\w{6}/m, '$1hQAAAAAA')
      writeFileSync(box.path('pgp.yaml'), damaged)
      expect(leaks(await run(['--verbose', 'decrypt', 'pgp.yaml'], { env }))).toEqual([])
    })
})

/** What each hands over as arguments was looked at: an editor's file, a user's own command line, or fixed words. */
const starters = [
  'cli/editor.ts',
  'cli/exec/account.ts',
  'cli/exec/child.ts',
  'cli/exec/pipe.ts',
  'cli/git.ts',
  'cli/local-only.ts',
  'cli/merge/plain.ts',
  'disk/lock.ts',
  'cli/temp-dir.ts',
  'keys/age/plugin/process.ts',
  'keys/age/sources/command.ts',
  'keys/azure-kv/direct.ts',
  'keys/pgp/program.ts',
  'repo/git.ts',
  'system/start.ts',
  'system/starts.ts',
]

test('other programs are started from places that are known, and from no other', () => {
  const src = join(root, 'src')
  const starting =
    /node:child_process|^import \{[^}]*\b(?:run|start|startApart|startKeeping|loadStart)\b[^}]*\} from '(?:\.\/start|[./]+\/system\/index)\.ts'/m
  const places = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && starting.test(readFileSync(join(src, name), 'utf8')),
  )
  expect(places.map((name) => name.replaceAll('\\', '/')).sort()).toEqual([...starters].sort())
})

test('the search finds what is planted', () => {
  const hex = Buffer.from(dataKey).toString('hex')
  const shown = leaks({ code: 0, stdout: Buffer.from(hex), stderr: `${canary} ${passphrase}` })
  expect(shown).toHaveLength(3)
  mkdirSync(box.path('leak'))
  writeFileSync(box.path('leak/file'), Buffer.concat([Buffer.from('x'), dataKey]))
  expect(leaks({ code: 0, stdout: Buffer.alloc(0), stderr: '' })).toEqual(['leak/file holds the data key'])
})
