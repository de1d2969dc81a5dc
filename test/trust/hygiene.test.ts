// No plaintext and no key outside of where it belongs: messages, temporary files, drafts and arguments, searched for planted canaries.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliResult, runCli, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'

const canary = 'canary-7d2e'
const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
const secretKey = /AGE-SECRET-KEY-\S+/.exec(identity)![0]
const recipient = /age1[a-z0-9]+/.exec(identity)![0]
const box = sandbox({
  'plain.yaml': `a: ${canary}-a\nn: 31415926535\nl:\n  - ${canary}-l # ${canary}-remark\n`,
  'plain.json': `{"a": "${canary}-a", "l": ["${canary}-l"]}`,
  'plain.env': `A=${canary}-a\n`,
  'plain.ini': `[s]\na = ${canary}-a\n`,
  'plain.bin': `${canary}-a`,
  // Broken in ways that parsers like to quote.
  'broken.yaml': `a: ${canary}-a\n b: "${canary}-b\n`,
  'tabs.yaml': `a:\n\t- ${canary}-a\n`,
  'twice.yaml': `a: ${canary}-a\na: ${canary}-b\n`,
  'list.yaml': `- ${canary}-a\n`,
  'anchor.yaml': `a: *${canary}\n`,
  'tag.yaml': `a: !!int ${canary}-a\n`,
  'broken.json': `{"a": "${canary}-a", "b": ${canary}-b}`,
  'number.json': `{"a": 31415926535e999}`,
  'broken.env': `A=${canary}-a\n${canary}-b\n`,
  'broken.ini': `[s]\n${canary}-a\n`,
  'quotes.ini': `[s]\na = """${canary}-a\n`,
  'sops.yaml': `a: ${canary}-a\nsops: ${canary}-b\n`,
})
const temporary = join(box.dir, 'tmp')
const env = {
  PATH: process.env.PATH ?? '',
  HOME: box.dir,
  SOPS_AGE_KEY: identity,
  SOPS_AGE_RECIPIENTS: recipient,
  SOPS_DISABLE_VERSION_CHECK: '1',
  TMPDIR: temporary,
}
const sops = (argv: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<CliResult> =>
  runCli(argv, { cwd: box.dir, env: { ...env, ...more } })

const formats = ['yaml', 'json', 'env', 'ini', 'bin'] as const

beforeAll(async () => {
  mkdirSync(temporary)
  for (const format of formats) {
    const { code, stdout } = await sops(['encrypt', `plain.${format}`])
    expect(code).toBe(0)
    expect(stdout.includes(canary)).toBe(false)
    writeFileSync(join(box.dir, `sealed.${format}`), stdout)
  }
})
afterAll(() => box.remove())

const secrets = [canary, secretKey, secretKey.slice(20, 40), '31415926535']

function expectClean(text: string, what: string): void {
  for (const secret of secrets)
    expect(text.includes(secret) ? `${what} shows ${secret}: ${text.slice(0, 300)}` : '').toBe('')
}

describe('messages', () => {
  const broken = [
    'broken.yaml',
    'tabs.yaml',
    'twice.yaml',
    'list.yaml',
    'tag.yaml',
    'broken.json',
    'number.json',
    'broken.env',
    'broken.ini',
    'quotes.ini',
    'sops.yaml',
  ]

  test.each(broken)('encrypt %s', async (name) => {
    const { code, stdout, stderr } = await sops(['--verbose', 'encrypt', name])
    expect(code).not.toBe(0)
    expect(stdout.length).toBe(0)
    expectClean(stderr, name)
  })

  test.each(formats)('what goes wrong with an encrypted %s file', async (format) => {
    const file = `sealed.${format}`
    const text = readFileSync(join(box.dir, file), 'utf8')
    const damaged: Readonly<Record<string, string>> = {
      'a token': text.replace(/data:../, 'data:AA'),
      'the type': text.replace('type:str', 'type:int'),
      'the MAC': text.replace(/(mac"?\s*[=:]\s*"?ENC\[AES256_GCM,data:)../, '$1AA'),
      'a value in clear': text.replace(/ENC\[[^\]]*\]/, 'clear'),
      'the time': text.replace(/20\d\d-\d\d-\d\dT/, '2001-01-01T'),
      'the recipient': text.replace(/age1\w{6}/, 'age1qqqqqq'),
    }
    for (const [what, changed] of Object.entries(damaged)) {
      writeFileSync(join(box.dir, `damaged.${format}`), changed)
      for (const argv of [['decrypt'], ['--verbose', 'decrypt'], ['rotate', '-i'], ['set'], ['exec-env']]) {
        const more = argv[0] === 'set' ? ['["a"]', '"x"'] : argv[0] === 'exec-env' ? ['true'] : []
        const { code, stderr, stdout } = await sops([...argv, `damaged.${format}`, ...more], { SOPS_DEBUG: '1' })
        if (code !== 0) expectClean(stderr + stdout.toString(), `${argv.join(' ')} with ${what} changed`)
      }
    }
  })

  test.each([
    ['decrypt', '--extract', '["nothing"]', 'sealed.yaml'],
    ['decrypt', '--extract', '["a"]["b"]', 'sealed.yaml'],
    ['decrypt', '--extract', '["l"]["b"]', 'sealed.yaml'],
    ['decrypt', '--output-type', 'dotenv', 'sealed.yaml'],
    ['decrypt', '--output-type', 'ini', 'sealed.json'],
    ['decrypt', '--output-type', 'binary', 'sealed.yaml'],
    ['decrypt', '--input-type', 'json', 'plain.yaml'],
    ['decrypt', '--output', '/nonexistent/x', 'sealed.yaml'],
    ['set', 'sealed.yaml', '["a"]', `${canary} no json`],
    ['set', 'sealed.yaml', '["l"]["x"]', `"${canary}"`],
    ['unset', 'sealed.yaml', '["a"]["x"]'],
    ['exec-env', 'sealed.yaml', 'true'],
    ['exec-env', 'sealed.env', 'exit 3'],
    ['updatekeys', '-y', 'sealed.yaml'],
    ['filestatus', 'sealed.yaml'],
  ])('%s %s %s', async (...argv) => {
    const { stderr, stdout } = await sops(['--verbose', ...argv])
    expectClean(stderr + stdout.toString(), argv.join(' '))
  })

  test('an identity that cannot be read', async () => {
    const bad = [
      secretKey.slice(0, -1),
      `${secretKey}x`,
      secretKey.toLowerCase(),
      `x ${secretKey}`,
      `${secretKey} ${secretKey}x`,
    ]
    for (const text of bad) {
      const { code, stderr } = await sops(['--verbose', 'decrypt', 'sealed.yaml'], { SOPS_AGE_KEY: text })
      if (code !== 0)
        expectClean(stderr.toUpperCase().includes(secretKey.slice(20, 40)) ? secretKey : stderr, 'a bad identity')
    }
  })
})

describe('files', () => {
  const leftovers = (): string[] => readdirSync(temporary, { recursive: true, encoding: 'utf8' })

  test('the editor sees a private file, which is gone afterwards', async () => {
    const seen = join(box.dir, 'seen')
    const editor = join(box.dir, 'editor.sh')
    writeFileSync(editor, `#!/bin/sh\nstat -c '%a %n' "$1" "$(dirname "$1")" > ${seen}\nsed -i 's/-a/-b/' "$1"\n`)
    chmodSync(editor, 0o755)
    expect((await sops(['edit', 'sealed.yaml'], { EDITOR: editor })).code).toBe(0)
    const [file, folder] = readFileSync(seen, 'utf8').trim().split('\n')
    expect(file).toMatch(/^600 /)
    expect(folder).toMatch(/^700 /)
    expect(leftovers()).toEqual([])
  })

  test.runIf(existsSync('/dev/shm'))('without TMPDIR it lies in memory', async () => {
    const seen = join(box.dir, 'seen')
    const { code } = await runCli(['edit', 'sealed.json'], {
      cwd: box.dir,
      env: { ...env, TMPDIR: undefined, EDITOR: `sh -c 'printf %s "$1" > ${seen}' --` },
    })
    expect(code).toBe(200)
    const path = readFileSync(seen, 'utf8')
    expect(path).toMatch(/^\/dev\/shm\//)
    expect(existsSync(dirname(path))).toBe(false)
  })

  test('of two edits at once the second to finish is refused, and told where its draft is', async () => {
    writeFileSync(join(box.dir, 'both.yaml'), readFileSync(join(box.dir, 'sealed.yaml')))
    const outer = join(box.dir, 'outer.sh')
    // While the first editor is open, somebody else saves the file.
    writeFileSync(
      outer,
      `#!/bin/sh\ncp ${join(box.dir, 'sealed.json')} ${join(box.dir, 'both.yaml')}\nsed -i 's/-l/-mine/' "$1"\n`,
    )
    chmodSync(outer, 0o755)
    const { code, stderr } = await sops(['edit', 'both.yaml'], { EDITOR: outer })
    expect(code).toBe(3)
    expect(stderr).toContain('was changed by another program')
    expectClean(stderr, 'the refusal')
    expect(readFileSync(join(box.dir, 'both.yaml'))).toEqual(readFileSync(join(box.dir, 'sealed.json')))
    const draft = /kept in (\S+)/.exec(stderr)![1]!
    expect(readFileSync(draft, 'utf8')).toContain(`${canary}-mine`)
    expect(statSync(draft).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(draft)).mode & 0o777).toBe(0o700)
  })

  test('nothing that was written holds a plaintext, except the drafts and what was asked for', () => {
    const known = /^(plain|broken|tabs|twice|list|anchor|tag|number|quotes|sops)\.|^tmp\/|\.sh$/
    for (const name of readdirSync(box.dir, { recursive: true, encoding: 'utf8' })) {
      const path = join(box.dir, name)
      if (known.test(name) || !statSync(path).isFile()) continue
      expect(readFileSync(path).includes(canary) ? name : '').toBe('')
    }
  })
})

test('this process writes no report when it crashes', () => {
  const report = process.report as unknown as Readonly<Record<string, unknown>> | undefined
  expect([report?.['reportOnFatalError'], report?.['reportOnUncaughtException'], report?.['reportOnSignal']]).toEqual([
    false,
    false,
    false,
  ])
})
