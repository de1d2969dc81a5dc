// Text from files and from others reaches terminals and logs escaped: it neither steers a terminal nor begins a line of its own.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { root } from '../support/build.ts'
import { type CliOptions, type CliResult, runCli, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'

const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
const recipient = /age1[a-z0-9]+/.exec(identity)![0]
/** Erases the screen, begins a line, writes backwards, and hides. */
const evil = 'x\x1b[2J\r\n+++ forged\u202e\u200b\x9b1m'
const raw = /\x1b\[2J|\x9b|\r|\u202e|\u200b|^(?:\+\+\+ ?|--- ?|hint: )?forged/m

/** As YAML in ASCII. */
const spelt = (text: string): string =>
  JSON.stringify(text).replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

const box = sandbox({ 'plain.yaml': 'a: 1\n' })
const env = { PATH: process.env.PATH ?? '', HOME: box.dir, SOPS_AGE_KEY: identity, SOPS_AGE_RECIPIENTS: recipient }
const sops = (argv: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
  runCli(argv, { cwd: box.dir, env, ...options })
const files = new Map<string, string>()
const write = (name: string, text: string): unknown => files.set(name, text)

beforeAll(async () => {
  const { code, stdout } = await sops(['encrypt', 'plain.yaml'])
  expect(code).toBe(0)
  const sealed = stdout.toString()
  write('good.yaml', sealed)
  // An entry of a key type whose name is free text, and that of an age recipient.
  const entry = `    pgp:\n        - fp: ${spelt(evil)}\n          created_at: "2026-01-01T00:00:00Z"\n          enc: x\n`
  write(
    'evil.yaml',
    sealed.replace(/^sops:\n/m, (line) => line + entry),
  )
  write('only.yaml', sealed.replace(/recipient: age1\w+/, `recipient: ${spelt(`age1${evil}`)}`))
  write('key.yaml', sealed.replace(/^a: ENC/m, `${spelt(evil)}: ENC`))
  write('version.yaml', sealed.replace(/version: .*/, `version: ${spelt(evil)}`))
  write('date.yaml', sealed.replace(/lastmodified: .*/, `lastmodified: ${spelt(evil)}`))
  write('.sops.yaml', `creation_rules:\n  - age: ${recipient}\n${spelt(evil)}: 1\n`)
})
// Some of the commands write.
beforeEach(() => {
  for (const [name, text] of files) writeFileSync(box.path(name), text)
})
afterAll(() => box.remove())

const ways: readonly (readonly string[])[] = [
  ['decrypt', 'evil.yaml'],
  ['--verbose', 'decrypt', 'evil.yaml'],
  ['decrypt', 'only.yaml'],
  ['decrypt', 'key.yaml'],
  ['decrypt', 'version.yaml'],
  ['decrypt', 'date.yaml'],
  ['decrypt', '--extract', `["${evil}"]`, 'good.yaml'],
  ['decrypt', evil],
  ['updatekeys', '--yes', 'evil.yaml'],
  ['updatekeys', 'evil.yaml'],
  ['updatekeys', '--yes', 'evil.yaml', 'only.yaml', evil],
  ['rotate', 'evil.yaml'],
  ['groups', 'add', '--file', 'evil.yaml', '--age', evil],
  ['groups', 'delete', '--file', 'evil.yaml', evil],
  ['doctor', 'evil.yaml', 'only.yaml', 'key.yaml', 'version.yaml', 'date.yaml', evil],
  ['publish', '--yes', evil],
  ['set', 'good.yaml', `["${evil}"]["b"]`, '1'],
  ['unset', 'good.yaml', `["${evil}"]`],
  ['exec-env', 'key.yaml', 'true'],
  ['exec-env', '--user', evil, 'good.yaml', 'true'],
  ['filestatus', evil],
  ['filestatus', 'good.yaml', evil],
  ['ls', '--keys', 'good.yaml', 'evil.yaml', 'only.yaml', 'key.yaml', evil],
  ['ls', '--json', '--keys', 'evil.yaml', 'key.yaml', evil],
  ['edit', 'evil.yaml'],
  ['encrypt', '--age', evil, 'plain.yaml'],
  ['encrypt', '--pgp', evil, 'plain.yaml'],
  ['keygen', '--output', `plain.yaml/${evil}`],
  ['git', 'textconv', 'only.yaml'],
  ['help', evil],
  ['groups', evil],
  [`--${evil}`],
  ['decrypt', `--${evil}`, 'good.yaml'],
  ['--config', evil, 'encrypt', 'plain.yaml'],
]

describe.each([[[]], [['stderr']], [['stdout', 'stderr']]] as const)('with terminals %j', (tty) => {
  test.each(ways)('%j %j %j %j %j', async (...argv) => {
    const options = { tty, env: { ...env, EDITOR: 'true', TERM: 'xterm' }, stdin: 'n\n' }
    const { stdout, stderr } = await sops(
      argv.filter((word) => word !== undefined),
      options,
    )
    // Behind the line that says why, `git textconv` shows the file itself.
    const shown = argv[1] === 'textconv' ? stdout.toString().split('\n')[0]! : stdout.toString()
    expect(stderr).not.toMatch(raw)
    expect(shown).not.toMatch(raw)
    expect(stderr + shown).not.toBe('')
  })
})

test('the difference that updatekeys asks about has one line for a recipient, whatever it is called', async () => {
  const { stdout } = await sops(['updatekeys', 'evil.yaml'], { stdin: 'n\n' })
  const lines = stdout.toString().split('\n')
  expect(lines.filter((line) => line.startsWith('+++ '))).toEqual([])
  expect(lines.filter((line) => line.startsWith('--- '))).toEqual([
    '--- x\\x1b[2J\\r\\n+++ forged\\u202e\\u200b\\u009b1m',
  ])
})

describe('no other way out', () => {
  const src = join(root, 'src')
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replaceAll('\\', '/'))
  const calls = files.flatMap((file) => {
    const source = ts.createSourceFile(file, readFileSync(join(src, file), 'utf8'), ts.ScriptTarget.ESNext, true)
    const found: { readonly file: string; readonly call: string; readonly args: readonly ts.Expression[] }[] = []
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) || ts.isNewExpression(node))
        found.push({ file, call: node.expression.getText(), args: node.arguments ?? [] })
      ts.forEachChild(node, visit)
    }
    visit(source)
    return found
  })
  const callers = (pattern: RegExp): string[] =>
    [...new Set(calls.filter(({ call }) => pattern.test(call)).map(({ file }) => file))].sort()

  test('streams of this process are written to by one module, and data by the one function for it', () => {
    expect(callers(/\b(?:stdout|stderr)(?:\(\))?\.write$|^to\.write$|^console\./)).toEqual([
      'cli/io.ts',
      // A text of the build's own.
      'cli/licences.ts',
      // Passes on what say.ts has made, behind its own line.
      'cli/progress.ts',
      'cli/say.ts',
    ])
    expect(
      calls.filter(({ file, call }) => file === 'cli/io.ts' && /\.write$/.test(call)).map(({ call }) => call),
    ).toEqual(['host.stdout.write'])
  })

  test('the terminal is written to by what asks on it', () => {
    expect(callers(/^writeSync$/)).toEqual(['cli/dumps.ts', 'cli/process-host.ts', 'cli/terminal.ts'])
    const texts = calls
      .filter(({ file, call }) => file === 'cli/terminal.ts' && call === 'writeSync')
      .map(({ args }) => args[1]!.getText())
    expect(texts.every((text) => text.startsWith('lineText(') || text === "'\\n'")).toBe(true)
  })

  test('data is what commands make of files, never a text that is put together', () => {
    const texts = calls.filter(({ call, args }) => call === 'io.out' && /`|^'/.test(args[0]?.getText() ?? ''))
    expect(texts.map(({ file }) => file)).toEqual([])
  })

  test('control characters of our own are written in the source', () => {
    const given = calls.filter(({ call }) => call === 'Control').map(({ file, args }) => [file, args[0]!] as const)
    expect(given.length).toBeGreaterThan(0)
    const variable = given
      .filter(([, arg]) => !ts.isStringLiteral(arg))
      .map(([file, arg]) => `${file} ${arg.getText()}`)
    // The number of a colour.
    expect(variable).toEqual([expect.stringMatching(/^cli\/style\.ts `\\x1b\[\$\{code\}m`$/)])
  })
})
