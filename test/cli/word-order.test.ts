// Words in the wrong place: each command says where they belong, and never shows a value.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliResult, runCli, type Sandbox } from '../support/cli.ts'
import { allCommands } from '../support/commands.ts'
import { encryptedBox, environmentIn, recipient } from './exec-support.ts'

let box: Sandbox
beforeAll(async () => {
  box = await encryptedBox({ 'f.yaml': 'a: b\n' })
})
afterAll(() => box.remove())

const run = (words: readonly string[]): Promise<CliResult> =>
  runCli(words, { cwd: box.dir, home: box.path('home'), env: { ...environmentIn(box), EDITOR: 'false' } })

const index = '["a"]'
const setOrder = `first the file, then the index, then the value: sops set f.yaml '["a"]' VALUE`

test.each<[words: string[], hint: string]>([
  [['set', index, 'f.yaml', '"x"'], setOrder],
  [['set', index, '"x"', 'f.yaml'], setOrder],
  [['set', 'f.yaml', '"x"', index], setOrder],
  [['set', 'f.yaml', 'plain', index], setOrder],
  [['set', '--value-stdin', index, 'f.yaml'], setOrder],
  [['set', '"x"', index, 'f.yaml'], `first the file, then the index, then the value: sops set f.yaml '["a"]' VALUE`],
  [['unset', index, 'f.yaml'], `first the file, then the index: sops unset f.yaml '["a"]'`],
  [['--set', 'password new', 'f.yaml'], `it holds an index and a JSON value: sops --set '["key"] "value"' f.yaml`],
  [['--set', '["a"]"x"', 'f.yaml'], `or in three words: sops set f.yaml '["key"]' '"value"'`],
  [['groups', 'add', 'f.yaml'], 'the file stands behind a flag: sops groups add -i --file f.yaml --age RECIPIENT'],
  [['groups', 'delete', 'f.yaml', '0'], 'the first key group has the number 0: sops groups delete -i --file f.yaml 0'],
  [['groups', 'delete', '0'], 'name it with a flag: sops groups delete -i --file FILE'],
  [['groups', 'add', '--age', recipient], 'name it with a flag: sops groups add -i --file FILE'],
  [['exec-env', 'ls -l', 'f.yaml'], "the file stands first: sops exec-env f.yaml 'ls -l'"],
  [['exec-file', 'cat {}', 'f.yaml'], "the file stands first: sops exec-file f.yaml 'cat {}'"],
  [['decrypt', index, 'f.yaml'], `for one value: sops decrypt --extract '["a"]' f.yaml`],
  [['-d', index, 'f.yaml'], `for one value: sops decrypt --extract '["a"]' f.yaml`],
  [['decrypt', '--extract', 'f.yaml', index], `for one value: sops decrypt --extract '["a"]' FILE`],
  [['encrypt', recipient, 'f.yaml'], `a recipient stands behind a flag: sops encrypt --age ${recipient} f.yaml`],
  [['-e', recipient, 'f.yaml'], `a recipient stands behind a flag: sops encrypt --age ${recipient} f.yaml`],
  [
    ['encrypt', '--age', recipient],
    'name a file: sops encrypt FILE; or say what stdin is: --filename-override secrets.yaml',
  ],
  [['publish', 's3://bucket', 'f.yaml'], 'name the file alone: sops publish f.yaml'],
  [['keygen', 'id.txt'], 'to write the identity into that file: sops keygen --output id.txt'],
  [['encrypt', '--set', 'a b', 'f.yaml'], `--set is for the form without a command: sops --set '["key"] "value"' FILE`],
  [['set', '--set', 'a b', 'f.yaml'], `--set is for the form without a command: sops --set '["key"] "value"' FILE`],
  [['decrypt', '-d', 'f.yaml'], '-d is for the form without a command: sops -d FILE'],
  [['set', '-i', 'f.yaml', index, '"x"'], 'sops set always writes the file itself: leave -i out'],
  [['unset', '--in-place', 'f.yaml', index], 'sops unset always writes the file itself: leave --in-place out'],
])('%j', async (words, hint) => {
  const { code, stdout, stderr } = await run(words)
  expect([code === 0, stdout.toString()]).toEqual([false, ''])
  expect(stderr.split('\n')).toContain(`hint: ${hint}`)
})

test.each([
  [['set', 'f.yaml', 'hunter2', index]],
  [['set', 'f.yaml', '"hunter2"', index]],
  [['set', index, '"hunter2"', 'f.yaml']],
  [['set', '"hunter2"', index, 'f.yaml']],
  [['--set', 'a "hunter2"', 'f.yaml']],
])('%j does not show the value', async (words) => {
  const { code, stderr } = await run(words)
  expect(code).toBe(7)
  expect(stderr).not.toContain('hunter2')
})

describe('no hint about the order', () => {
  test.each([
    [['updatekeys', 'gone.yaml', 'f.yaml']],
    [['rotate', '-i', 'gone.yaml', 'f.yaml']],
    [['decrypt', 'gone.yaml']],
    [['exec-env', 'gone.yaml', 'true']],
  ])('%j', async (words) => {
    const { code, stderr } = await run(words)
    expect(code).not.toBe(0)
    expect(stderr).not.toMatch(/alone|stands first|stands behind/)
  })
})

test('an index behind the file is no reason to print all of it', async () => {
  const { code, stdout, stderr } = await run(['decrypt', 'f.yaml', index])
  expect([code, stdout.toString(), stderr]).toEqual([
    1,
    '',
    `error: ["a"] is an index, and no file\nhint: one value: sops decrypt --extract '["a"]' f.yaml\n`,
  ])
})

// The words of these are all used, or the command would wait for callers.
const takeMany = [
  ...[
    'check',
    'decrypt',
    'doctor',
    'encrypt',
    'filestatus',
    'lock',
    'ls',
    'merge',
    'publish',
    'rotate',
    'unlock',
    'updatekeys',
  ],
  ...['git install', 'git merge-driver', 'help', 'keyservice', 'exec-env', 'exec-file'],
]

test.each((await allCommands()).map(([path]) => path.join(' ')).filter((name) => !takeMany.includes(name)))(
  '%s says that it does not use a surplus word',
  async (name) => {
    const words = { set: ['f.yaml', index, '"x"'], unset: ['f.yaml', index], 'groups delete': ['0'] }[name] ?? [
      'f.yaml',
    ]
    const given = name === 'keygen' || name.startsWith('completion') ? [] : words
    const { stderr } = await run([...name.split(' '), ...given, 'surplus'])
    expect(stderr).toMatch(
      /More than one positional|takes no words|takes no patterns|no command to type|takes one file|precisely|index|no positional/,
    )
  },
)
