import { describe, expect, test } from 'vitest'
import { runCli } from '../support/cli.ts'

describe('usage errors', () => {
  test.each<[string[], string, string]>([
    [['--nonsense'], 'Incorrect Usage. flag provided but not defined: -nonsense\n\nNAME:', '-nonsense'],
    [['-di', 'f'], 'Incorrect Usage. flag provided but not defined: -di\n\nNAME:', 'write -d -i'],
    [['groups', '--nonsense'], 'Incorrect Usage. flag provided but not defined: -nonsense\n\nNAME:', '-nonsense'],
    [
      ['decrypt', '--in-plase', 'f'],
      'Incorrect Usage: flag provided but not defined: -in-plase\n\nNAME:',
      'did you mean --in-place?',
    ],
    [
      ['decrypt', '--config', 'c'],
      'Incorrect Usage: flag provided but not defined: -config\n\nNAME:',
      '--config stands before the command',
    ],
    [
      ['groups', 'add', '--fil', 'x'],
      'Incorrect Usage: flag provided but not defined: -fil\n\nNAME:',
      'did you mean --file?',
    ],
    [['-d', '--decrypt', 'f'], 'Cannot use two forms of the same flag: d decrypt\nNAME:', 'two forms'],
    [
      ['decrypt', '-i', '--in-place', 'f'],
      'Incorrect Usage: Cannot use two forms of the same flag: i in-place\n\nNAME:',
      'two forms',
    ],
  ])('%j', async (words, stdout, stderr) => {
    const result = await runCli(words)
    expect(result.code).toBe(1)
    expect(result.stdout.toString().startsWith(stdout)).toBe(true)
    expect(result.stderr).toMatch(
      /^error: (?:flag provided but not defined|Cannot use two forms of the same flag): .*\n/,
    )
    expect(result.stderr).toContain(stderr)
  })

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
    expect(await runCli([])).toEqual({
      code: 100,
      stdout: Buffer.alloc(0),
      stderr:
        'error: no file specified\nhint: sops edit FILE opens or makes an encrypted file; sops help shows all commands\n',
    })
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

describe('words a command does not expect', () => {
  test('flags before a command that do not reach it', async () => {
    const { code, stderr } = await runCli(['--age', 'K', '--config', 'c', 'completion', 'bash'])
    expect(code).toBe(0)
    expect(stderr).toContain('warning: --age before "bash" has no effect')
    expect(stderr).not.toContain('--config')
  })

  test('more than one file with --in-place', async () => {
    const { code, stderr } = await runCli(['decrypt', 'x1', '-i', 'x2'], { cwd: '/nonexistent' })
    expect(code).toBe(1)
    expect(stderr).toContain('--in-place takes exactly one file')
  })
})
