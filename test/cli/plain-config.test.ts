// The configuration stays plain text, whatever is asked of it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CliResult, runCli, type Sandbox } from '../support/cli.ts'
import { encryptedBox, environmentIn, recipient } from './exec-support.ts'

const rules = `creation_rules:\n  - age: ${recipient}\n`

let box: Sandbox
beforeEach(async () => {
  box = await encryptedBox({ 'f.yaml': 'a: x\n' })
  writeFileSync(box.path('.sops.yaml'), rules)
})
afterEach(() => box.remove())

const run = (argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> =>
  runCli(argv, { cwd: box.dir, env: { ...environmentIn(box), EDITOR: 'sed -i s/a/b/', ...env } })

const refusal = 'this is the configuration of sops, which is never encrypted'

describe('is never encrypted', () => {
  test.each<readonly string[]>([
    ['encrypt', '-i', '.sops.yaml'],
    ['encrypt', '.sops.yaml'],
    ['encrypt', '--output', 'out.yaml', '.sops.yaml'],
    ['encrypt', '-i', '--filename-override', 'x.yaml', '.sops.yaml'],
    ['encrypt', '-i', '--age', recipient, 'sub/.sops.yaml'],
    ['encrypt', '-i', '--age', recipient, 'sub/.sops.yml'],
    ['encrypt', '-i', '--input-type', 'binary', '.sops.yaml'],
    ['-e', '-i', '.sops.yaml'],
    ['--config', 'rules.yaml', 'encrypt', '-i', 'rules.yaml'],
    ['edit', '--age', recipient, 'new/.sops.yaml'],
  ])('%j', async (...argv) => {
    for (const folder of ['sub', 'new']) mkdirSync(box.path(folder))
    for (const name of ['rules.yaml', 'sub/.sops.yaml', 'sub/.sops.yml']) writeFileSync(box.path(name), rules)
    const { code, stdout, stderr } = await run(argv)
    expect([code, stdout.toString()]).toEqual([1, ''])
    expect(stderr).toContain(`error: ${argv.at(-1)}: ${refusal}\n`)
    for (const name of ['.sops.yaml', 'rules.yaml', 'sub/.sops.yaml', 'sub/.sops.yml'])
      expect(readFileSync(box.path(name), 'utf8')).toBe(rules)
    for (const name of ['out.yaml', 'new/.sops.yaml']) expect(existsSync(box.path(name))).toBe(false)
  })

  test('another text by its name is a file like others', async () => {
    mkdirSync(box.path('sub'))
    writeFileSync(box.path('sub/.sops.yaml'), 'a: 1\n')
    const { code, stderr } = await run(['encrypt', '-i', '--age', recipient, 'sub/.sops.yaml'])
    expect([code, stderr]).toEqual([0, ''])
  })
})

test.each<readonly string[]>([
  ['decrypt', '.sops.yaml'],
  ['edit', '.sops.yaml'],
  ['rotate', '-i', '.sops.yaml'],
  ['set', '.sops.yaml', '["a"]', '1'],
  ['exec-env', '.sops.yaml', 'true'],
  ['updatekeys', '-y', '.sops.yaml'],
])('nobody is told to encrypt it: %j', async (...argv) => {
  const { code, stderr } = await run(argv)
  expect(code).not.toBe(0)
  expect(stderr).toContain('hint: a configuration holds no secrets')
  expect(stderr).not.toContain('sops encrypt')
})

describe('doctor', () => {
  const doctor = async (...argv: string[]): Promise<readonly [number, string]> => {
    const { code, stdout } = await run(['doctor', ...argv])
    return [code, stdout.toString()]
  }

  test('of the one in force', async () => {
    const [code, text] = await doctor('.sops.yaml')
    expect([code, text.split('\n')[0]]).toEqual([0, 'ok'])
    expect(text).toContain('\n.sops.yaml\n  this is the configuration in force, which was examined above\n')
    expect(text).not.toContain('encrypt')
  })

  test('of another one', async () => {
    mkdirSync(box.path('sub'))
    writeFileSync(box.path('sub/.sops.yaml'), `creation_rules:\n  - path_regex: '[a'\n    age: ${recipient}\n`)
    const [code, text] = await doctor('f.yaml', 'sub/.sops.yaml')
    expect(code).toBe(1)
    expect(text).toContain(
      '\nsub/.sops.yaml\n  this is a configuration of sops, in force where it is the nearest one\n',
    )
    expect(text).toMatch(/problem: line 2: .*path_regex/)
    expect(text).not.toContain('it is not encrypted')
  })

  test('of one that was encrypted', async () => {
    const sealed = readFileSync(box.path('f.yaml'), 'utf8')
    writeFileSync(box.path('.sops.yaml'), sealed)
    const [code, text] = await doctor('.sops.yaml')
    expect(code).toBe(1)
    expect(text).toContain('problem: this is a configuration of sops, and encrypted: its rules cannot be read\n')
    expect(text).toContain('hint: sops --config /dev/null decrypt -i .sops.yaml\n')
    const { code: opened } = await run(['--config', '/dev/null', 'decrypt', '-i', '.sops.yaml'])
    expect([opened, readFileSync(box.path('.sops.yaml'), 'utf8')]).toEqual([0, 'a: x\n'])
  })
})
