// Pipes, sockets and devices where a file is expected: nothing hangs on them, no command writes into one that it read, and what the user
// names to be read is read.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program, programLine } from '../support/build.ts'
import { runCli, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { type Outcome, runProcess, runProgram } from '../support/process.ts'

const isWindows = process.platform === 'win32'
const box = sandbox()
const identityFile = join(keysFolder, 'one.age')
const identity = readFileSync(identityFile, 'utf8')
const recipient = /age1[a-z0-9]+/.exec(identity)![0]
const keyless = { HOME: box.dir, PATH: process.env.PATH ?? '', EDITOR: 'true' }
const env = { ...keyless, SOPS_AGE_KEY: identity, SOPS_AGE_RECIPIENTS: recipient }
let server: Server

const sops = (argv: readonly string[], given: Readonly<Record<string, string>> = env): Promise<Outcome> =>
  runProgram(argv, { cwd: box.dir, env: given })

/** One line of bash, where `sops` is the program. */
const bash = (line: string, given: Readonly<Record<string, string>> = env): Promise<Outcome> =>
  runProcess('bash', ['-c', `sops() { ${programLine} "$@"; }\n${line}`], {
    cwd: box.dir,
    env: given,
  })

beforeAll(async () => {
  if (isWindows) return
  writeFileSync(box.path('plain.yaml'), 'a: 1\n')
  const { stdout } = await runCli(['encrypt', 'plain.yaml'], { cwd: box.dir, env })
  writeFileSync(box.path('sealed.yaml'), stdout)
  writeFileSync(box.path('value.json'), '"new"')
  for (const folder of ['kinds', 'config']) mkdirSync(box.path(folder))
  execFileSync('mkfifo', [box.path('kinds/pipe.yaml')])
  server = createServer().listen(box.path('kinds/socket.yaml'))
  symlinkSync('pipe.yaml', box.path('kinds/link.yaml'))
  symlinkSync('/dev/zero', box.path('kinds/zero.yaml'))
  symlinkSync('/dev/null', box.path('kinds/null.yaml'))
})
afterAll(() => {
  server?.close()
  box.remove()
})

describe.skipIf(isWindows)('nothing but a regular file is changed in place', () => {
  const commands: readonly (readonly [name: string, argv: (file: string) => readonly string[]])[] = [
    ['set', (file) => ['set', file, '["a"]', '2']],
    ['unset', (file) => ['unset', file, '["a"]']],
    ['edit', (file) => ['edit', file]],
    ['edit, flag form', (file) => [file]],
    ['encrypt -i', (file) => ['encrypt', '-i', file]],
    ['decrypt -i', (file) => ['decrypt', '-i', file]],
    ['rotate -i', (file) => ['rotate', '-i', file]],
    ['rotate -i, several', (file) => ['rotate', '-i', file, file]],
    ['set, flag form', (file) => ['--set', '["a"] 2', file]],
    ['updatekeys', (file) => ['--config', 'rules.yaml', 'updatekeys', '--yes', file]],
    ['groups add -i', (file) => ['groups', 'add', '-i', '--file', file, '--age', recipient]],
    ['groups delete -i', (file) => ['groups', 'delete', '-i', '--file', file, '0']],
  ]
  const kinds = ['kinds/pipe.yaml', 'kinds/zero.yaml', 'kinds/socket.yaml', '/dev/null']

  test.each(commands)('%s', async (_, argv) => {
    writeFileSync(box.path('rules.yaml'), `creation_rules:\n  - age: ${recipient}\n`)
    const ends = await Promise.all(kinds.map((file) => sops(argv(file))))
    for (const [i, { exit, stderr }] of ends.entries()) {
      const file = kinds[i]
      expect({ file, exit, stderr: stderr.toString() }).toEqual({
        file,
        exit: expect.toSatisfy((status) => typeof status === 'number' && status > 0),
        stderr: expect.stringMatching(
          /is a named pipe: only a regular|is a device: only a regular|is a socket: only a regular/,
        ),
      })
    }
  })
})

describe.skipIf(isWindows)('a .sops.yaml that is found is a regular file, or refused', () => {
  const config = box.path('config/.sops.yaml')
  test.each<[what: string, place: () => void, text: string]>([
    ['a pipe', () => execFileSync('mkfifo', [config]), 'could not read config file: .sops.yaml is a named pipe'],
    ['a device', () => symlinkSync('/dev/zero', config), 'could not read config file: .sops.yaml is a device'],
    ['a link to a pipe', () => symlinkSync(box.path('kinds/pipe.yaml'), config), '.sops.yaml is a named pipe'],
    ['a socket', () => symlinkSync(box.path('kinds/socket.yaml'), config), '.sops.yaml is a socket'],
    ['a folder', () => mkdirSync(config), 'could not read config file: read .sops.yaml: is a directory'],
  ])('%s', async (_, place, text) => {
    rmSync(config, { force: true, recursive: true })
    place()
    for (const argv of [
      ['decrypt', '../sealed.yaml'],
      ['encrypt', '../plain.yaml'],
      ['updatekeys', '../sealed.yaml'],
    ]) {
      const { code, stderr } = await runCli(argv, { cwd: box.path('config'), env })
      expect([code, stderr]).toEqual([1, expect.stringContaining(text)])
    }
    // The user may name what the search does not take.
    const named = await runCli(['--config', '/dev/null', 'decrypt', '../sealed.yaml'], { cwd: box.path('config'), env })
    expect(named.stdout.toString()).toBe('a: 1\n')
  })
})

describe.skipIf(isWindows)('what the user names is read, whatever it is', () => {
  const rules = `creation_rules: [{age: ${recipient}}]`
  test.each<[line: string, given?: Readonly<Record<string, string>>]>([
    ['sops decrypt --input-type yaml --output-type yaml <(cat sealed.yaml)'],
    ['cat sealed.yaml | sops decrypt --input-type yaml --output-type yaml /dev/stdin'],
    ['cat sealed.yaml | sops decrypt --input-type yaml --output-type yaml /dev/fd/0'],
    ['sops decrypt --input-type yaml --output-type yaml /dev/stdin < sealed.yaml'],
    ['sops decrypt --input-type yaml --output-type yaml /dev/fd/5 5< sealed.yaml'],
    ['(sleep 0.3; cat sealed.yaml > kinds/pipe.yaml) & sops decrypt kinds/pipe.yaml; wait'],
    ['(sleep 0.3; cat sealed.yaml) | sops decrypt --input-type yaml --output-type yaml'],
    ['sops decrypt sealed.yaml', { ...keyless, SOPS_AGE_KEY_FILE: identityFile }],
    ['SOPS_AGE_KEY_FILE=<(cat "$KEY") sops decrypt sealed.yaml', { ...keyless, KEY: identityFile }],
    [
      `sops --config <(echo '${rules}') encrypt plain.yaml > s.yaml && sops decrypt s.yaml`,
      { ...env, SOPS_AGE_RECIPIENTS: '' },
    ],
    [`SOPS_CONFIG=<(echo '${rules}') sops encrypt plain.yaml > s.yaml && sops decrypt s.yaml`],
    ['sops encrypt <(cat plain.yaml) --input-type yaml > /dev/null; echo "a: 1"'],
    ['cp sealed.yaml s.yaml; sops set --value-file s.yaml \'["a"]\' <(echo 1); sops decrypt s.yaml'],
    ['cp sealed.yaml s.yaml; echo 1 | sops set --value-file s.yaml \'["a"]\' /dev/stdin; sops decrypt s.yaml'],
    ['sops decrypt --output /dev/stdout sealed.yaml | cat'],
    ['sops decrypt --output >(cat) sealed.yaml | cat'],
    ['sops decrypt --output kinds/pipe.yaml sealed.yaml & cat kinds/pipe.yaml; wait'],
  ])('%s', async (line, given) => {
    const { exit, stdout, stderr } = await bash(line, given)
    expect({ exit, stdout: stdout.toString(), stderr: stderr.toString() }).toEqual({
      exit: 0,
      stdout: 'a: 1\n',
      stderr: '',
    })
  })

  test('stdin that is a socket, as programs in Node hand it over', async () => {
    const argv = ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml', '/dev/stdin']
    const stdin = readFileSync(box.path('sealed.yaml'))
    const { stdout } = await runProgram(argv, { cwd: box.dir, env, stdin })
    expect(stdout.toString()).toBe('a: 1\n')
  })

  test.each<[what: string, argv: readonly string[], given: Readonly<Record<string, string>>, text: string]>([
    ['a device without an end', ['decrypt', 'kinds/zero.yaml'], env, 'read {}/kinds/zero.yaml: file too large'],
    ['a configuration', ['--config', '/dev/zero', 'decrypt', 'sealed.yaml'], env, 'read /dev/zero: file too large'],
    ['a key', ['decrypt', 'sealed.yaml'], { ...keyless, SOPS_AGE_KEY_FILE: '/dev/zero' }, 'file too large'],
  ])('%s: only so much is taken', async (_, argv, given, text) => {
    const { exit, stderr } = await sops(argv, given)
    expect(exit).toBeGreaterThan(0)
    expect(stderr.toString()).toContain(text.replace('{}', box.dir))
  })

  test.each<[what: string, argv: readonly string[], given: Readonly<Record<string, string>>, text: string]>([
    ['a file', ['decrypt', 'kinds/pipe.yaml'], env, 'waiting for a program that writes to'],
    [
      'a configuration',
      ['--config', 'kinds/pipe.yaml', 'decrypt', 'sealed.yaml'],
      env,
      'waiting for the configuration',
    ],
    [
      'a key',
      ['decrypt', 'sealed.yaml'],
      { ...keyless, SOPS_AGE_KEY_FILE: 'kinds/pipe.yaml' },
      'waiting for a key from',
    ],
    [
      'a token',
      ['encrypt', '--hc-vault-transit', 'https://127.0.0.1:1/v1/transit/keys/k', 'plain.yaml'],
      { ...keyless, VAULT_ADDR: 'https://127.0.0.1:1', VAULT_TOKEN: 'x', VAULT_CACERT: 'kinds/pipe.yaml' },
      'waiting for credentials from',
    ],
    [
      'a result',
      ['decrypt', '--output', 'kinds/pipe.yaml', 'sealed.yaml'],
      env,
      'waiting for a program that reads from',
    ],
  ])(
    '%s by a pipe whose other end nobody has open is not waited for in silence, and Ctrl+C ends it',
    async (_, argv, given, text) => {
      const child = spawn(program[0], [...program.slice(1), ...argv], {
        cwd: box.dir,
        env: given,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const said = await new Promise<string>((resolve) => child.stderr.once('data', (data) => resolve(String(data))))
      expect(said).toContain(text)
      const ended = new Promise((resolve) => child.on('exit', (_status, signal) => resolve(signal)))
      child.kill('SIGINT')
      expect(await ended).toBe('SIGINT')
    },
  )
})
