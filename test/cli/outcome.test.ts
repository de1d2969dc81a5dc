// The quiet line about what was done: what it says, and that only somebody at a terminal who sees no result gets it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { recipientsText } from '../../src/cli/outcome.ts'
import type { KeyGroup } from '../../src/keys/index.ts'
import { type CliOptions, type CliResult, runCli, type Sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { encryptedBox, environmentIn, identity, recipient, secondRecipient } from './exec-support.ts'

const secondIdentity = readFileSync(join(keysFolder, 'two.age'), 'utf8')

let box: Sandbox
beforeEach(async () => {
  box = await encryptedBox({ 'f.yaml': 'a: 1\nb:\n  c: two # note\n', 'f.bin': 'text' })
})
afterEach(() => box.remove())

const run = (argv: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
  runCli(argv, { cwd: box.dir, tty: ['stderr'], ...options, env: { ...environmentIn(box), ...options.env } })

/** Runs a command after the files were written. */
async function runWith(
  files: Readonly<Record<string, string>>,
  argv: readonly string[],
  options?: CliOptions,
): Promise<CliResult> {
  for (const [name, text] of Object.entries(files)) writeFileSync(box.path(name), text)
  return run(argv, options)
}

const plain = { 'p.yaml': 'a: one\nb: 2\nc_unencrypted: 3\nd: ""\n', 'p.env': 'A=1\n', 'p.txt': 'some text' }
const both = `${recipient},${secondRecipient}`

test.each([
  [['encrypt', '-i', '--age', recipient, 'p.env'], 'encrypted p.env: 1 value for 1 recipient'],
  [['encrypt', '-i', '--age', both, 'p.yaml'], 'encrypted p.yaml: 2 of 3 values for 2 recipients'],
  [['encrypt', '--age', both, '--output', 'o.yaml', 'p.yaml'], 'encrypted p.yaml: 2 of 3 values for 2 recipients'],
  [['encrypt', '--age', both, 'p.env'], 'encrypted p.env: 1 value for 2 recipients'],
  [['encrypt', '-i', '--age', recipient, 'p.txt'], 'encrypted p.txt: the whole file for 1 recipient'],
  [['-e', '-i', '--age', recipient, 'p.env'], 'encrypted p.env: 1 value for 1 recipient'],
  [['decrypt', '-i', 'f.yaml'], 'decrypted f.yaml: 2 values'],
  [['decrypt', 'f.yaml'], 'decrypted f.yaml: 2 values'],
  [['decrypt', '--output', 'o.yaml', 'f.yaml'], 'decrypted f.yaml: 2 values'],
  [['decrypt', '--extract', '["b"]["c"]', 'f.yaml'], 'decrypted f.yaml: ["b"]["c"]'],
  [['decrypt', '-i', 'f.bin'], 'decrypted f.bin: the whole file'],
  [['rotate', '-i', '--add-age', secondRecipient, 'f.yaml'], 'rotated f.yaml: new data key for 2 recipients'],
  [['rotate', '-i', 'f.yaml', 'f.bin'], 'rotated 2, unchanged 0'],
  [['set', 'f.yaml', '["a"]', '2'], 'set ["a"] in f.yaml'],
  [['set', '--idempotent', 'f.yaml', '["a"]', '1'], 'left f.yaml as it was: nothing to change at ["a"]'],
  [['unset', 'f.yaml', '["b"]["c"]'], 'removed ["b"]["c"] from f.yaml'],
  [
    ['groups', 'add', '-i', '-f', 'f.yaml', '--age', secondRecipient],
    'added a group to f.yaml: now 2 recipients in 2 groups, all of which open it',
  ],
] as const)('%j', async (argv, line) => {
  const { code, stderr } = await runWith(plain, argv)
  expect([
    code,
    stderr
      .split('\n')
      .filter((one) => !/^(?:\x1b\[\d+m)?note/.test(one))
      .join('\n'),
  ]).toEqual([0, `${line}\n`])
})

test('a group that is removed', async () => {
  await run(['groups', 'add', '-i', '-f', 'f.yaml', '--age', secondRecipient])
  const argv = ['groups', 'delete', '-i', '-f', 'f.yaml', '--shamir-secret-sharing-threshold', '1', '1']
  const { stderr } = await run(argv, { env: { SOPS_AGE_KEY: `${identity}\n${secondIdentity}` } })
  expect(stderr).toContain('removed group 1 from f.yaml: now 1 recipient\n')
})

test('stdin has a name', async () => {
  const argv = ['encrypt', '--age', recipient, '--filename-override', 'x.yaml']
  const { stderr } = await run(argv, { stdin: 'a: b\n' })
  expect(stderr).toBe('encrypted stdin: 1 value for 1 recipient\n')
})

test('edit', async () => {
  const env = { EDITOR: `sh -c 'echo "d: 4" >> "$0"'` }
  const { stderr, code } = await run(['edit', 'f.yaml'], { env })
  expect([code, stderr]).toEqual([0, 'saved f.yaml: 3 values for 1 recipient\n'])
  const made = await runWith({ '.sops.yaml': `creation_rules:\n  - age: ${recipient}\n` }, ['edit', 'new.yaml'], {
    env,
  })
  expect(made.stderr).toMatch(/^saved new\.yaml: \d+ values for 1 recipient\n$/)
})

test('several files of which one fails are counted in the error', async () => {
  const { code, stderr } = await runWith(plain, ['rotate', '-i', 'f.yaml', 'p.yaml'], { env: { NO_COLOR: '1' } })
  expect(code).toBe(1)
  expect(stderr).toContain('rotated 0, unchanged 1, failed 1: nothing was written')
})

test('updatekeys of several files', async () => {
  const config = { '.sops.yaml': `creation_rules:\n  - age: ${both}\n` }
  const { stderr } = await runWith(config, ['updatekeys', '--yes', 'f.yaml', 'f.bin'])
  expect(stderr).toMatch(/\nupdated 2 of 2 files\n$/)
  expect((await run(['updatekeys', '--yes', 'f.yaml', 'f.bin'])).stderr).toMatch(/\nupdated 0 of 2 files\n$/)
  expect((await run(['updatekeys', '--yes', 'f.yaml'])).stderr).not.toContain('updated')
})

describe('nothing is said', () => {
  const inPlace = ['decrypt', '-i', 'f.yaml']
  const toStdout = ['decrypt', 'f.yaml']
  test.each([
    ['where stderr is no terminal', inPlace, { tty: [] }],
    ['whatever SOPS_ADVICE says there', inPlace, { tty: [], env: { SOPS_ADVICE: '1' } }],
    ['with SOPS_ADVICE=0', inPlace, { env: { SOPS_ADVICE: '0' } }],
    ['where the result is on the terminal', toStdout, { tty: ['stdout', 'stderr'] }],
    ['where another program gets the result', toStdout, { pipes: ['stdout'] }],
    ['where a device gets it', ['decrypt', '--output', '/dev/null', 'f.bin'], {}],
  ] as const)('%s', async (_, argv, options) => {
    const { code, stderr } = await run(argv, {
      ...options,
      env: { NO_COLOR: '1', ...('env' in options ? options.env : {}) },
    })
    expect(code).toBe(0)
    expect(stderr).not.toContain('decrypted')
  })
})

test('the result in stdout is the same with and without the line', async () => {
  const said = await run(['decrypt', 'f.yaml'])
  const silent = await run(['decrypt', 'f.yaml'], { tty: [] })
  expect(said.stdout.equals(silent.stdout)).toBe(true)
  expect(readFileSync(box.path('f.yaml'), 'utf8')).toContain('ENC[')
})

test.each([
  [[1], 0, '1 recipient'],
  [[3], 0, '3 recipients'],
  [[1, 2], 2, '3 recipients in 2 groups, all of which open it'],
  [[1, 1, 1], 2, '3 recipients in 3 groups, 2 of which open it'],
] as const)('%j recipients, threshold %i: %s', (sizes, shamirThreshold, text) => {
  const keyGroups = sizes.map((size): KeyGroup => ({ keys: Array.from({ length: size }, () => ({}) as never) }))
  expect(recipientsText({ keyGroups, shamirThreshold })).toBe(text)
})
