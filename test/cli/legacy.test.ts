import { mkdirSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { isUsageError, parseWords } from '../../src/cli/argv.ts'
import { rootFlags } from '../../src/cli/flags.ts'
import { makeIo } from '../../src/cli/io.ts'
import { partsOfSet, rewrite } from '../../src/cli/legacy.ts'
import { SopsError } from '../../src/errors.ts'
import { bufferHost, sandbox } from '../support/cli.ts'

const box = sandbox({ 'f.yaml': 'a: 1\n', g: '', 'decrpt.yaml': '', encypt: '' })
mkdirSync(box.path('sub'))
afterAll(box.remove)

/** The command a flag-only line becomes, its words, and the log; or the error with its exit status. */
function rewritten(words: readonly string[]): { command?: string; log: string; error?: string; exit?: number } {
  const host = bufferHost({ cwd: box.dir })
  const parsed = parseWords(rootFlags, words, {}, 'root')
  if (isUsageError(parsed)) throw new Error(parsed.usage)
  const log = (): string => Buffer.concat(host.written.stderr).toString()
  try {
    const inv = rewrite(parsed, makeIo(host, false))
    expect(inv.legacy).toBe(true)
    return { command: [...inv.command, ...inv.positionals].join(' '), log: log() }
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    return { error: error.message, exit: error.exitCode, log: log() }
  }
}

describe('the command behind the flags', () => {
  test.each<[string[], string]>([
    [['f.yaml'], 'edit f.yaml'],
    [['-d', 'f.yaml'], 'decrypt f.yaml'],
    [['-e', 'f.yaml'], 'encrypt f.yaml'],
    [['-r', '-i', 'f.yaml'], 'rotate f.yaml'],
    [['--set', '["a"] "x"', 'f.yaml'], 'set f.yaml ["a"] "x"'],
    [['--set', '["a"]["b"] {"c": [1] }', '-i', 'f.yaml'], 'set f.yaml ["a"]["b"] {"c": [1] }'],
    [['--set=', 'f.yaml'], 'edit f.yaml'],
    [['--decrypt=false', 'f.yaml'], 'edit f.yaml'],
    [['-s', 'f.yaml'], 'edit f.yaml'],
    [['new.yaml'], 'edit new.yaml'],
    [['./decrpt'], 'edit ./decrpt'],
    [['decrpt.yaml'], 'edit decrpt.yaml'],
    [['encypt'], 'edit encypt'],
  ])('%j', (words, command) => {
    expect(rewritten(words)).toEqual({ command, log: '' })
  })

  test('its flags are the root flags', () => {
    const parsed = parseWords(rootFlags, ['-d', '--output-type', 'json', '--ignore-mac', 'f.yaml'], {}, 'root')
    if (isUsageError(parsed)) throw new Error(parsed.usage)
    const inv = rewrite(parsed, makeIo(bufferHost({ cwd: box.dir }), false))
    expect([inv.string('output-type'), inv.bool('ignore-mac'), inv.root.string('output-type')]).toEqual([
      'json',
      true,
      'json',
    ])
  })
})

describe('warnings', () => {
  test('words behind the file', () => {
    const { command, log } = rewritten(['-d', 'f.yaml', '-i', 'x'])
    expect(command).toBe('decrypt f.yaml')
    expect(log).toContain('warning: More than one positional argument provided. Only the first one will be used!')
    expect(log).toContain('is "-i", which looks like a flag.')
  })

  test('several modes: the last in the fixed order', () => {
    const { command, log } = rewritten(['-r', '-e', '-d', 'f.yaml'])
    expect(command).toBe('rotate f.yaml')
    expect(log).toContain('warning: More than one command (--encrypt, --decrypt, --rotate, --set) has been specified.')
  })
})

describe('refusals', () => {
  test.each<[string[], number, string]>([
    [[], 100, 'no file specified'],
    [['-d', '-i'], 100, 'no file specified'],
    [['-d', '-i', '--output', 'o', 'f.yaml'], 8, 'Error: cannot operate on both --output and --in-place'],
    [['-i', '--output', 'o', 'gone.yaml'], 8, 'Error: cannot operate on both --output and --in-place'],
    [['-d', 'gone.yaml'], 100, `cannot operate on non-existent file "${box.path('gone.yaml')}"`],
    [['-e', 'sub/../gone.yaml'], 100, `cannot operate on non-existent file "${box.path('gone.yaml')}"`],
    [['-d', 'decrpt'], 100, `cannot operate on non-existent file "${box.path('decrpt')}"`],
    [
      ['--add-age', 'K', 'gone.yaml'],
      49,
      `Error: cannot add or remove keys on non-existent file "${box.path('gone.yaml')}", use \`--kms\` and \`--pgp\` instead.`,
    ],
    [
      ['-d', '--rm-pgp', 'K', 'gone.yaml'],
      49,
      `Error: cannot add or remove keys on non-existent file "${box.path('gone.yaml')}", use \`--kms\` and \`--pgp\` instead.`,
    ],
    [['--set', '["a"]"x"', 'f.yaml'], 7, 'Invalid --set format'],
    [['newfile'], 100, 'neither a command nor a file'],
    [['decrpt'], 100, 'neither a command nor a file'],
    [['updatekey', '-y'], 100, 'neither a command nor a file'],
    [['-d', '-i', 'f.yaml', 'g'], 1, 'Error: --in-place takes exactly one file, got 2 words'],
  ])('%j', (words, exit, error) => {
    expect(rewritten(words)).toMatchObject({ exit, error })
  })
})

test.each([
  ['["a"] 1', ['["a"]', '1']],
  ['["a"]["b"]  "x"', ['["a"]["b"]', ' "x"']],
  ['["a"] ["b"] 1', ['["a"]', '["b"] 1']],
])('--set %s', (text, parts) => {
  expect(partsOfSet(text)).toEqual(parts)
})
