// A mistyped name of a file: what is meant by it, and that no editor opens for a new file of that name.
import { existsSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { fileLike, fileMeant } from '../../src/cli/near-file.ts'
import { runCli, sandbox } from '../support/cli.ts'
import { environmentIn, recipient } from './exec-support.ts'

const names = [
  'g.yaml',
  'secrets.yaml',
  'prod-a.yaml',
  'dev1.env',
  'sub/app.enc.json',
  'key.pem',
  'notes.txt',
  'tmp/x',
  'home/x',
]
const config = `creation_rules: [{age: ${recipient}}]\ndestination_rules: [{s3_bucket: b}]\n`
const box = sandbox({ ...Object.fromEntries(names.map((name) => [name, ''])), '.sops.yaml': config })
afterAll(box.remove)

test.each<[name: string, like: string | undefined, meant: string | undefined]>([
  ['g.yam', 'g.yaml', 'g.yaml'],
  ['g.yml', 'g.yaml', 'g.yaml'],
  ['g.ymal', 'g.yaml', 'g.yaml'],
  ['g,yaml', 'g.yaml', 'g.yaml'],
  ['secrets.yam', 'secrets.yaml', 'secrets.yaml'],
  ['secerts.yaml', 'secrets.yaml', 'secrets.yaml'],
  ['secret.yaml', 'secrets.yaml', 'secrets.yaml'],
  ['sub/app.enc.jsno', 'app.enc.json', 'app.enc.json'],
  ['sub/app.enc.jso', 'app.enc.json', 'app.enc.json'],
  ['key.pme', 'key.pem', 'key.pem'],
  // New files beside others.
  ['prod-b.yaml', 'prod-a.yaml', undefined],
  ['dev2.env', 'dev1.env', undefined],
  ['dev.env', 'dev1.env', undefined],
  ['dev12.env', 'dev1.env', undefined],
  ['secrets.json', undefined, undefined],
  ['secrets', 'secrets.yaml', 'secrets.yaml'],
  ['other.yaml', undefined, undefined],
  ['notes.yaml', undefined, undefined],
  ['nowhere/g.yam', undefined, undefined],
])('%s: like %s, meant is %s', (name, like, meant) => {
  expect([fileLike(box.path(name)), fileMeant(box.path(name))]).toEqual([like, meant])
})

const run = (words: readonly string[], tty: readonly ('stdin' | 'stderr')[]): ReturnType<typeof runCli> =>
  runCli(words, {
    cwd: box.dir,
    tty,
    env: { ...environmentIn(box), EDITOR: `sh -c 'touch ${box.path('opened')}; exit 1'` },
  })

describe('sops FILE at a terminal', () => {
  test.each([
    ['g.yam', 'g.yaml'],
    ['./g.yml', 'g.yaml'],
    ['secerts.yaml', 'secrets.yaml'],
    ['sub/app.enc.jsno', 'sub/app.enc.json'],
  ])('%s', async (name, meant) => {
    const { code, stderr } = await run(['--age', recipient, name], ['stderr'])
    expect([code, stderr.replaceAll(/\x1b\[\d+m/g, '')]).toEqual([
      100,
      `error: ${name}: there is no such file\nhint: did you mean ${meant}?\nhint: to make a new file of this name: sops edit ${name}\n`,
    ])
    expect(existsSync(box.path('opened'))).toBe(false)
  })

  test.each<[words: string[], tty: ('stdin' | 'stderr')[]]>([
    [['prod-b.yaml'], ['stderr']],
    [['other.yaml'], ['stderr']],
    [['g.yam'], []],
    [['--input-type', 'yaml', 'g.yam'], ['stderr']],
  ])('%j, terminals %j: opens the editor', async (words, tty) => {
    expect((await run(['--age', recipient, ...words], tty)).code).toBe(201)
  })
})

test('sops edit makes the file, and says what lies beside it', async () => {
  const { code, stderr } = await run(['edit', '--age', recipient, 'g.yam'], ['stderr'])
  expect(code).toBe(201)
  expect(stderr.replaceAll(/\x1b\[\d+m/g, '')).toContain('note: g.yam: this is a new file; g.yaml lies beside it\n')
})

test('a bare word that begins like a file', async () => {
  const { stderr } = await run(['secrets'], [])
  expect(stderr).toContain('hint: did you mean secrets.yaml?\n')
})

describe('any command on a file that is not there', () => {
  test.each([
    [['decrypt', 'g.yam']],
    [['-d', 'g.yam']],
    [['encrypt', '--age', recipient, 'g.yam']],
    [['rotate', 'g.yam']],
    [['set', 'g.yam', '["a"]', '"x"']],
    [['unset', 'g.yam', '["a"]']],
    [['exec-env', 'g.yam', 'true']],
    [['exec-file', 'g.yam', 'true']],
    [['filestatus', 'g.yam']],
    [['groups', 'add', '--age', recipient, '-f', 'g.yam']],
    [['groups', 'delete', '-f', 'g.yam', '0']],
    [['updatekeys', 'g.yam']],
    [['publish', 'g.yam']],
  ])('%j', async (words) => {
    const { code, stderr } = await run(words, [])
    expect(code).not.toBe(0)
    expect(stderr).toContain('hint: did you mean g.yaml?\n')
  })
})
