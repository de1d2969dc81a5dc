// Which of what sops has to say is on stderr, and when (docs/messages.md).
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { programLine } from '../support/build.ts'
import { bufferHost, type CliOptions, type CliResult, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { runProcess } from '../support/process.ts'
import { encryptedBox, environmentIn, identity, recipient } from './exec-support.ts'

let box: Sandbox
afterEach(() => box.remove())

const run = (argv: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
  runCli(argv, { cwd: box.dir, ...options, env: { ...environmentIn(box), ...options.env } })

/** A text encrypted by the program itself, as another name for what to run next. */
async function encrypted(name: string, text: string): Promise<void> {
  writeFileSync(box.path(name), text)
  const { code, stderr } = await run(['encrypt', '-i', '--age', recipient, name])
  expect([code, stderr]).toEqual([0, ''])
}

interface Advised {
  readonly about: string
  readonly make: () => Promise<void>
  readonly argv: readonly string[]
  readonly env?: CliOptions['env']
  /** Undefined for what is another text with each run. */
  readonly stdout?: string
  readonly advice: RegExp
}

const advised: readonly Advised[] = [
  {
    about: 'a key file that others may read',
    make: async () => {
      await encrypted('f.yaml', 'a: hidden\n')
      writeFileSync(box.path('keys.txt'), identity)
      chmodSync(box.path('keys.txt'), 0o644)
    },
    argv: ['decrypt', '--extract', '["a"]', 'f.yaml'],
    env: { SOPS_AGE_KEY: undefined, SOPS_AGE_KEY_FILE: 'keys.txt' },
    stdout: 'hidden',
    advice: /private key file is readable by other users/,
  },
  {
    about: 'fields of the configuration that are not known',
    make: async () => {
      writeFileSync(box.path('.sops.yaml'), `creation_rules:\n  - age: ${recipient}\n    keygroup: 1\nstore: {}\n`)
      writeFileSync(box.path('f.yaml'), 'a: hidden\n')
    },
    argv: ['encrypt', 'f.yaml'],
    advice: /unknown field/,
  },
  {
    about: 'a .env with CR LF',
    make: () => encrypted('f.env', 'A=hidden\r\n'),
    argv: ['decrypt', 'f.env'],
    stdout: 'A=hidden\r\n',
    advice: /carriage returns/,
  },
  {
    about: 'documents that are not looked at',
    make: () => encrypted('f.yaml', 'a: hidden\n---\nb: 1\n'),
    argv: ['decrypt', '--extract', '["a"]', 'f.yaml'],
    stdout: 'hidden',
    advice: /only document 1 was read/,
  },
  {
    about: 'a spelling that is lost',
    make: async () => writeFileSync(box.path('f.yaml'), 'a: 0x1F\nb: &x [1]\nc: *x\n'),
    argv: ['encrypt', '--age', recipient, 'f.yaml'],
    advice: /the spelling of .* cannot be kept[\s\S]*alias was replaced/,
  },
  {
    about: 'a flag in front of the command that changes nothing of weight',
    make: () => encrypted('f.yaml', 'a: hidden\n'),
    argv: ['--input-type', 'yaml', 'decrypt', 'f.yaml'],
    stdout: 'a: hidden\n',
    advice: /--input-type before "decrypt" has no effect/,
  },
]

describe('advice is for terminals', () => {
  test.each(advised)('$about', async ({ make, argv, env, stdout, advice }) => {
    box = sandbox({ 'tmp/x': '', 'home/x': '' })
    await make()
    const show = (more: CliOptions): Promise<CliResult> => run(argv, { ...more, env: { ...env, ...more.env } })
    const quiet = await show({})
    expect([quiet.code, quiet.stderr]).toEqual([0, ''])
    if (stdout !== undefined) expect(quiet.stdout.toString()).toBe(stdout)
    expect((await show({ tty: ['stderr'] })).stderr).toMatch(advice)
    for (const SOPS_ADVICE of ['1', 'true', 'yes']) {
      expect((await show({ env: { SOPS_ADVICE } })).stderr).toMatch(/^note: /)
    }
    for (const SOPS_ADVICE of ['0', 'false']) {
      expect((await show({ tty: ['stderr'], env: { SOPS_ADVICE } })).stderr).toBe('')
    }
    expect((await show({ env: { SOPS_ADVICE: '' } })).stderr).toBe('')
  })

  test('what a shell takes for the value is the value', async () => {
    box = await encryptedBox({ 'f.yaml': 'a: hidden\n---\na: 2\n' })
    writeFileSync(box.path('keys.txt'), identity)
    chmodSync(box.path('keys.txt'), 0o644)
    const line = `printf '<%s>' "$(${programLine} decrypt --extract '["a"]' f.yaml 2>&1)"`
    const { SOPS_AGE_KEY: _, ...rest } = environmentIn(box)
    const env = { ...rest, SOPS_AGE_KEY_FILE: box.path('keys.txt') }
    const { stdout } = await runProcess('/bin/sh', ['-c', line], { cwd: box.dir, env })
    expect(stdout.toString()).toBe('<hidden>')
  })
})

interface Endangered {
  readonly about: string
  readonly text: string
  readonly argv: readonly string[]
  readonly danger: RegExp
}

const endangered: readonly Endangered[] = [
  {
    about: 'nothing is encrypted',
    text: 'a: 1\n',
    argv: ['encrypt', '--age', recipient, '--encrypted-regex', '^none$', 'f.yaml'],
    danger: /no value was encrypted/,
  },
  {
    about: 'a recipient that is lost',
    text: 'a: 1\n',
    argv: ['--age', recipient, 'encrypt', '--age', recipient, 'f.yaml'],
    danger: /--age before .*encrypt.* has no effect/,
  },
]

describe('a danger is shown anywhere', () => {
  test.each(endangered)('$about', async ({ text, argv, danger }) => {
    box = sandbox({ 'f.yaml': text })
    for (const env of [{}, { SOPS_ADVICE: '0' }]) {
      const { code, stderr } = await run(argv, { env })
      expect(code).toBe(0)
      expect(stderr).toMatch(/^warning: /)
      expect(stderr).toMatch(danger)
    }
  })

  test('documents that the result leaves out', async () => {
    box = sandbox({ 'tmp/x': '' })
    await encrypted('f.yaml', 'a: 1\n---\nb: 2\n')
    const { stderr } = await run(['decrypt', '--output-type', 'json', 'f.yaml'])
    expect(stderr).toMatch(/^warning: f\.yaml: only document 1 is in the json output/)
  })

  test('a value that is removed from a later document', async () => {
    box = sandbox({ 'tmp/x': '' })
    await encrypted('f.yaml', 'a: 1\n---\nb: 2\nc: 3\n')
    expect((await run(['unset', 'f.yaml', '["b"]'])).stderr).toMatch(
      /^warning: f\.yaml: of 2 documents only document 2/,
    )
    expect((await run(['set', 'f.yaml', '["a"]', '3'])).stderr).toBe('')
  })
})

describe('an editor is left alone', () => {
  /** The status, and for each text that came to stderr whether the file was saved by then. */
  async function edit(
    argv: readonly string[],
    script: string,
    more: { readonly env?: CliOptions['env']; readonly tty?: CliOptions['tty'] } = {},
  ): Promise<{ code: number; said: { text: string; saved: boolean }[] }> {
    writeFileSync(box.path('editor.sh'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    const content = (): string => {
      try {
        return readFileSync(box.path('f.yaml'), 'utf8')
      } catch {
        return ''
      }
    }
    const before = content()
    const said: { text: string; saved: boolean }[] = []
    const env = { ...environmentIn(box), EDITOR: box.path('editor.sh'), ...more.env }
    const host = bufferHost({ cwd: box.dir, env, tty: more.tty ?? ['stderr'] })
    Object.assign(host, {
      stderr: {
        ...host.stderr,
        write: async (data: Uint8Array) => {
          said.push({ text: Buffer.from(data).toString(), saved: content() !== before })
        },
      },
    })
    return { code: await main(argv, host), said }
  }

  const everything = async (): Promise<void> => {
    box = sandbox({
      'tmp/x': '',
      'keys.txt': identity,
      'conf/.sops.yaml': `creation_rules:\n  - age: ${recipient}\n    keygroup: 1\n    encrypted_regex: ^none$\n`,
    })
    chmodSync(box.path('keys.txt'), 0o644)
    await encrypted('f.yaml', 'a: 1\n#c\nb: 2\n')
    writeFileSync(box.path('f.yaml'), readFileSync(box.path('f.yaml'), 'utf8').replace(/^#ENC.*/m, '#c'))
    writeFileSync(box.path('.sops.yml'), '')
  }
  const env = { SOPS_AGE_KEY: undefined, SOPS_AGE_KEY_FILE: 'keys.txt' }

  test.each([
    ['sub-command', ['edit', 'f.yaml', 'second']],
    ['flags only', ['f.yaml', 'second']],
    ['flags before it', ['--age', recipient, 'edit', 'f.yaml', 'second']],
  ])('until the file is saved: %s', async (_, argv) => {
    await everything()
    const { code, said } = await edit(argv, 'echo "d: 0x1F" >> "$1"', { env })
    expect(code).toBe(0)
    const all = said.map(({ text }) => text).join('')
    for (const part of [/More than one positional/, /readable by other users/, /unencrypted comment/, /\.sops\.yml/])
      expect(all).toMatch(part)
    expect(said.filter(({ saved }) => !saved)).toEqual([])
  })

  test('until a new file is saved', async () => {
    await everything()
    rmSync(box.path('f.yaml'))
    const argv = ['--config', 'conf/.sops.yaml', 'edit', 'f.yaml']
    const { code, said } = await edit(argv, 'echo "d: 1" > "$1"', { env })
    expect(code).toBe(0)
    expect(said.map(({ text }) => text).join('')).toMatch(/unknown field[\s\S]*no value was encrypted/)
    expect(said.filter(({ saved }) => !saved)).toEqual([])
  })

  test('what waits comes behind the error when there is one', async () => {
    await everything()
    const { code, said } = await edit(['edit', 'f.yaml'], 'true', { env })
    expect(code).toBe(200)
    expect(said[0]!.text).toBe('\x1b[31merror:\x1b[0m f.yaml: File has not changed, exiting.\n')
    expect(
      said
        .slice(1)
        .map(({ text }) => text)
        .join(''),
    ).toMatch(/readable by other users/)
  })

  test('a text that cannot be read is an error at once', async () => {
    await everything()
    const { code, said } = await edit(['edit', 'f.yaml'], 'echo "{" > "$1"', { env, tty: [] })
    expect(code).not.toBe(0)
    expect(said[0]!.text).toMatch(/^error: f\.yaml: Could not load tree, probably due to invalid syntax: /)
  })

  test('with nothing to say there is not a byte', async () => {
    box = sandbox({ 'tmp/x': '' })
    await encrypted('f.yaml', 'a: 1\n')
    expect(await edit(['edit', 'f.yaml'], 'echo "b: 1" >> "$1"', { tty: [] })).toEqual({ code: 0, said: [] })
  })
})

describe('doctor shows all of it anywhere', () => {
  test('advice on keys, configuration and files', async () => {
    box = sandbox({ 'tmp/x': '', 'keys.txt': identity })
    chmodSync(box.path('keys.txt'), 0o644)
    await encrypted('f.env', 'A=1\r\n')
    writeFileSync(box.path('.sops.yaml'), `creation_rules:\n  - age: ${recipient}\n    keygroup: 1\n`)
    const env = { SOPS_AGE_KEY: undefined, SOPS_AGE_KEY_FILE: 'keys.txt', SOPS_ADVICE: '0' }
    const { stdout, stderr } = await run(['doctor', 'f.env'], { env })
    expect(stderr).toBe('')
    for (const part of ['readable by other users', 'unknown field', 'carriage returns'])
      expect(stdout.toString()).toContain(part)
  })
})
