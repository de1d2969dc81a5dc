import { describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands/index.ts'
import type { Output } from '../../src/cli/host.ts'
import { main } from '../../src/cli/main.ts'
import { bufferHost, runCli, sandbox } from '../support/cli.ts'

describe('usage errors', () => {
  test.each<[string[], string, string, string]>([
    [
      ['--nonsense'],
      'flag provided but not defined: -nonsense',
      '',
      '[global options] COMMAND [command options] [ARGUMENTS]',
    ],
    [
      ['-di', 'f'],
      'flag provided but not defined: -di',
      'hint: short flags cannot be combined; write -d -i\n',
      '[global options] COMMAND [command options] [ARGUMENTS]',
    ],
    [
      ['groups', '--nonsense'],
      'flag provided but not defined: -nonsense',
      '',
      'groups COMMAND [command options] [ARGUMENTS]',
    ],
    [
      ['decrypt', '--in-plase', 'f'],
      'flag provided but not defined: -in-plase',
      'hint: did you mean --in-place?\n',
      'decrypt [command options] [FILE...]',
    ],
    [
      ['decrypt', '--config', 'c'],
      'flag provided but not defined: -config',
      'hint: --config stands before the command: sops --config … decrypt\n',
      'decrypt [command options] [FILE...]',
    ],
    [
      ['groups', 'add', '--fil', 'x'],
      'flag provided but not defined: -fil',
      'hint: did you mean --file?\n',
      'groups add [command options]',
    ],
    [
      ['-d', '--decrypt', 'f'],
      'Cannot use two forms of the same flag: d decrypt',
      '',
      '[global options] COMMAND [command options] [ARGUMENTS]',
    ],
    [
      ['decrypt', '-i', '--in-place', 'f'],
      'Cannot use two forms of the same flag: i in-place',
      '',
      'decrypt [command options] [FILE...]',
    ],
    [['decrypt', '--extract'], 'flag needs an argument: -extract', '', 'decrypt [command options] [FILE...]'],
    [
      ['groups', 'add', '--shamir-secret-sharing-threshold', 'x'],
      'invalid value "x" for flag -shamir-secret-sharing-threshold: parse error',
      '',
      'groups add [command options]',
    ],
  ])(
    '%j is told in a line, with what was probably meant and how the command is called',
    async (words, error, hint, usage) => {
      expect(await runCli(words)).toEqual({
        code: 1,
        stdout: Buffer.alloc(0),
        stderr: `error: ${error}\n${hint}usage: sops ${usage}\n`,
      })
    },
  )

  test('a bad boolean in the environment stops every command, without help', async () => {
    for (const words of [['decrypt', 'f'], ['--version'], ['--help'], []]) {
      const { code, stdout, stderr } = await runCli(words, { env: { SOPS_ENABLE_LOCAL_KEYSERVICE: 'perhaps' } })
      expect([code, stdout.toString()]).toEqual([1, ''])
      expect(stderr).toContain('could not parse perhaps as bool value for flag enable-local-keyservice')
    }
  })
})

describe('nothing to do', () => {
  test('no words', async () => {
    const { code, stdout, stderr } = await runCli([])
    expect([code, stdout.length]).toEqual([100, 0])
    expect(stderr).toMatch(
      /^error: no file specified\n\nTO BEGIN:\n {3}sops keygen .+\n {3}creation_rules: .+ \.sops\.yaml.*\n {3}sops edit .+\n\nEVERYDAY COMMANDS:\n/,
    )
    for (const { name, summary } of commands) expect(stderr.replace(/\s+/g, ' ')).toContain(` ${name} ${summary} `)
    expect(stderr).toMatch(/\nhint: sops help shows all options\nhint: sops help COMMAND .*\n$/)
    expect((await runCli(['--verbose'])).stderr).toMatch(/^error: no file specified\n/)
  })

  test('a word that is almost a command', async () => {
    expect(await runCli(['decrpt', 'x.yaml'])).toEqual({
      code: 100,
      stdout: Buffer.alloc(0),
      stderr:
        'error: decrpt: neither a command nor a file\nhint: did you mean sops decrypt?\nhint: to make a new file of this name: sops edit decrpt\n',
    })
  })
})

describe('version', () => {
  test.each<[string[], Record<string, string>, string]>([
    [['--version'], {}, 'sops 3.13.2 (sops-ts 0.0.0)\n'],
    [['-v', 'decrypt', 'f'], {}, 'sops 3.13.2 (sops-ts 0.0.0)\n'],
    [['--version', '--disable-version-check'], {}, 'sops 3.13.2\n'],
    [['--version'], { SOPS_DISABLE_VERSION_CHECK: '1' }, 'sops 3.13.2\n'],
  ])('%j %j', async (words, env, text) => {
    expect(await runCli(words, { env })).toEqual({ code: 0, stdout: Buffer.from(text), stderr: '' })
  })
})

test('the check for updates keeps the own version', async () => {
  const env = { HTTPS_PROXY: 'http://127.0.0.1:1' }
  const { code, stdout } = await runCli(['--version', '--check-for-updates'], { env })
  expect(code).toBe(0)
  expect(stdout.toString()).toMatch(/^sops 3\.13\.2 \(sops-ts 0\.0\.0\)\n\[warning\] failed to retrieve/)
})

test('the own version comes before the network is asked', async () => {
  const written: string[] = []
  const host = bufferHost({ env: { HTTPS_PROXY: 'http://127.0.0.1:1' } })
  let asked = false
  const stdout: Output = {
    ...host.stdout,
    write: async (data) => {
      written.push(`${asked ? 'behind: ' : ''}${Buffer.from(data).toString()}`)
    },
  }
  const env = new Proxy(host.env, {
    get: (of, name: string) => {
      asked ||= name === 'HTTPS_PROXY'
      return of[name]
    },
  })
  await main(['--version', '--check-for-updates'], { ...host, env, stdout })
  expect(written[0]).toBe('sops 3.13.2 (sops-ts 0.0.0)')
  expect(written.at(-1)).toMatch(/^behind: \n\[warning\]/)
})

test.each(['ls', 'lock', 'unlock'])('%s wins over a file of that name, and says how to edit it', async (name) => {
  const box = sandbox({ [name]: 'a: 1\n' })
  try {
    const { stderr } = await runCli([name], { cwd: box.dir, env: { NO_COLOR: '1' }, tty: ['stderr'] })
    expect(stderr).toContain(`note: to edit the file: sops edit ./${name}\n`)
    const { stderr: silent } = await runCli(['help', name], { cwd: box.dir, tty: ['stderr'] })
    expect(silent).toBe('')
  } finally {
    box.remove()
  }
})

describe('words a command does not expect', () => {
  test('flags before a command that do not reach it', async () => {
    const { code, stderr } = await runCli(['--age', 'K', '--config', 'c', 'completion', 'bash'])
    expect(code).toBe(0)
    expect(stderr).toContain('warning: --age before "bash" has no effect')
    expect(stderr).not.toContain('--config')
  })

  test('more than one file with --in-place, in the form without a command', async () => {
    const { code, stderr } = await runCli(['-d', '-i', 'x1', 'x2'], { cwd: '/nonexistent' })
    expect(code).toBe(1)
    expect(stderr).toContain('--in-place takes exactly one file')
  })
})
