// What can be wrong with a file, a configuration or a command line: every command says what, where, and what to do next.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliResult, runCli, type Sandbox } from '../support/cli.ts'
import { encryptedBox, environmentIn, recipient, secondRecipient } from './exec-support.ts'

let box: Sandbox
const conflict = (a: string, b: string): string => `<<<<<<< HEAD\n${a}=======\n${b}>>>>>>> theirs\n`

beforeAll(async () => {
  box = await encryptedBox({
    'f.yaml': 'a: 1\nb: x\n',
    'f.json': '{\n  "a": 1\n}\n',
    'f.env': 'A=1\n',
    'f.ini': '[s]\na = 1\n',
  })
  const write = (name: string, text: string): void => writeFileSync(box.path(name), text)
  mkdirSync(box.path('dir'))
  write('plain.yaml', 'a: 1\nb: secret-1\n')
  await run(['encrypt', '--age', secondRecipient, '--output', 'other.yaml', 'plain.yaml'])
  const text = readFileSync(box.path('f.yaml'), 'utf8')
  const [, a = '', , rest = ''] = /^(a: .*\n)(b: .*\n)([\s\S]*)$/.exec(text)!
  write('mac.yaml', a + rest)
  write('clear.yaml', text.replace(/^b: .*/m, 'b: secret-1'))
  for (const suffix of ['yaml', 'json', 'env', 'ini']) {
    const sealed = readFileSync(box.path(`f.${suffix}`), 'utf8')
    const lines = sealed.split(/(?<=\n)/)
    write(`conflict.${suffix}`, lines[0]! + conflict(lines.slice(1).join(''), lines.slice(1).join('')))
    write(`plain-conflict.${suffix}`, conflict('a=secret-1\n', 'a=secret-2\n'))
  }
  write('crlf-conflict.yaml', `a: 1\r\n${conflict('b: 1\n', 'b: 2\n').replaceAll('\n', '\r\n')}`)
  write('list.yaml', '- secret-1\n')
  write('list.json', '["secret-1"]\n')
  write('comment.yaml', '# secret-1\n')
  write('text.yaml', 'secret-1\n')
  write('empty.json', '')
  write('empty.yaml', '')
})
afterAll(() => box.remove())

const run = (argv: readonly string[], stdin = ''): Promise<CliResult> =>
  runCli(argv, { cwd: box.dir, env: { ...environmentIn(box), EDITOR: 'true' }, stdin })

/** Checks the form: one error about the file, further lines only in a report, and a next step. */
async function fails(argv: readonly string[], file: string | undefined, said: string, stdin = ''): Promise<void> {
  const { code, stderr } = await run(argv, stdin)
  expect(code, stderr).not.toBe(0)
  const lines = stderr.split('\n').filter((line) => !/^(?:warning|note): |^\d{4}\//.test(line))
  expect(lines[0]).toMatch(/^error: /)
  const place = file === undefined ? '' : `${file}: `
  expect(lines[0]!.slice('error: '.length).startsWith(place), lines[0]).toBe(true)
  expect(lines[0]!.slice(`error: ${place}`.length)).not.toContain('Error: ')
  // The reference's words for a failed system call have the name, too.
  const words = lines[0]!.replace(/ (?:open|read) \S+: /, ' ')
  if (file !== undefined) expect(words).not.toMatch(new RegExp(`[ "]${file}: .*[ "]${file}\\b`))
  expect(stderr).toContain(said)
  expect(lines.filter((line) => line.startsWith('hint: ')).length, stderr).toBeGreaterThan(0)
  expect(stderr).not.toMatch(/secret-\d/)
}

const opening: Readonly<Record<string, (file: string) => readonly string[]>> = {
  decrypt: (file) => ['decrypt', file],
  'decrypt -i': (file) => ['decrypt', '-i', file],
  '-d': (file) => ['-d', file],
  extract: (file) => ['decrypt', '--extract', '["a"]', file],
  rotate: (file) => ['rotate', '-i', file],
  edit: (file) => ['edit', file],
  'edit by its name': (file) => [file],
  set: (file) => ['set', file, '["a"]', '1'],
  unset: (file) => ['unset', file, '["a"]'],
  'exec-env': (file) => ['exec-env', file, 'true'],
  'exec-file': (file) => ['exec-file', file, 'true'],
  'groups delete': (file) => ['groups', 'delete', '-i', '--file', file, '0'],
  'groups add': (file) => ['groups', 'add', '-i', '--file', file, '--age', recipient],
}

const closed: Readonly<Record<string, string>> = {
  'plain.yaml': 'sops metadata not found',
  'other.yaml': 'Failed to get the data key required to decrypt the SOPS file.',
  'conflict.yaml': 'line 2 begins a merge conflict',
  'conflict.json': 'line 2 begins a merge conflict',
  'conflict.env': 'line 2 begins a merge conflict',
  'conflict.ini': 'line 2 begins a merge conflict',
  'list.yaml': 'a list stands where a document needs keys',
  'list.json': 'SOPS only supports JSON files with a top-level object',
  'comment.yaml': 'there is no document, only comments or blank lines',
  'text.yaml': 'a single value stands where a document needs keys',
  'empty.json': 'the file is empty',
  dir: '',
  'missing.yaml': '',
}

describe.each(Object.entries(opening))('%s', (name, argvOf) => {
  test.each(Object.entries(closed))('%s: %s', async (file, said) => {
    const by = /^groups/.test(name) && file === 'other.yaml' ? 'Error getting data key: ' : said
    // `edit` makes a file that is not there.
    if (!(file === 'missing.yaml' && name.startsWith('edit'))) await fails(argvOf(file), file, by)
  })

  test.each([
    ['mac.yaml', 'MAC mismatch'],
    ['clear.yaml', "Input string does not match sops' data format"],
  ])('%s: %s', async (file, said) => {
    await fails(argvOf(file), file, said)
  })
})

describe('encrypt', () => {
  test.each(
    Object.entries({
      'plain-conflict.yaml': 'line 1 begins a merge conflict',
      'plain-conflict.json': 'line 1 begins a merge conflict',
      'plain-conflict.env': 'line 1 begins a merge conflict',
      'plain-conflict.ini': 'line 1 begins a merge conflict',
      'crlf-conflict.yaml': 'line 2 begins a merge conflict',
      'list.yaml': 'put the list below a key',
      'list.json': 'wrap the value in an object',
      'comment.yaml': 'there is no document, only comments or blank lines',
      'text.yaml': 'a single value stands where a document needs keys',
      'empty.json': 'the file is empty',
      'empty.yaml': 'File cannot be completely empty',
      'missing.yaml': 'cannot operate on non-existent file',
    }),
  )('%s: %s', async (file, said) => {
    for (const argv of [
      ['encrypt', '--age', recipient, file],
      ['encrypt', '-i', '--age', recipient, file],
    ])
      await fails(argv, file, said)
  })

  test('a text that only mentions a conflict is none', async () => {
    writeFileSync(box.path('mentions.yaml'), 'a: |\n  <<<<<<< HEAD\n  =======\nb: [\n')
    const { stderr } = await run(['encrypt', '--age', recipient, 'mentions.yaml'])
    expect(stderr).not.toContain('conflict')
  })

  test('as one text, as the hint on lists says', async () => {
    for (const file of ['list.yaml', 'list.json']) {
      const { code, stdout } = await run(['encrypt', '--age', recipient, '--input-type', 'binary', file])
      expect(code).toBe(0)
      writeFileSync(box.path(`whole-${file}`), stdout)
      const opened = await run(['decrypt', '--output-type', 'binary', `whole-${file}`])
      expect(opened).toMatchObject({ code: 0, stdout: readFileSync(box.path(file)) })
    }
  })
})

describe('configurations', () => {
  const age = `age: ${recipient}`
  test.each<[string, string, readonly string[]]>([
    [
      'no rule matches',
      `creation_rules:\n  - path_regex: ^x/\n    ${age}\n  - path_regex: y$\n    ${age}\n`,
      [
        'error loading config: no matching creation rules found in .sops.yaml',
        `path_regex was tried for "plain.yaml": '^x/' (creation_rules[0]), 'y$' (creation_rules[1])`,
      ],
    ],
    ['no rules', 'creation_rules: []\n', ['no matching creation rules found in .sops.yaml', 'creation_rules is empty']],
    ['many rules', `creation_rules:\n${'  - path_regex: x\n'.repeat(40)}`, ["'x' (creation_rules[7]) and 32 more"]],
    [
      'a glob that compiles',
      `creation_rules:\n  - path_regex: secrets/*.yaml\n    ${age}\n`,
      [String.raw`a regular expression, not a glob: write '^secrets/[^/]*\.yaml$' for 'secrets/*.yaml'`],
    ],
    [
      'a glob',
      `creation_rules:\n  - path_regex: "*.yaml"\n    ${age}\n`,
      [
        'can not compile regexp: ',
        '(path_regex of creation_rules[0] in .sops.yaml)',
        String.raw`path_regex is a regular expression, not a glob: write '\.yaml$' for '*.yaml'`,
      ],
    ],
    [
      'a glob in folders',
      `creation_rules:\n  - path_regex: x\n  - path_regex: "**/*.yaml"\n    ${age}\n`,
      ['creation_rules[1] in .sops.yaml', String.raw`write '\.yaml$' for '**/*.yaml'`],
    ],
    [
      'an expression that does not compile',
      `creation_rules:\n  - path_regex: "(?=a)"\n    ${age}\n`,
      ['(path_regex of creation_rules[0] in .sops.yaml)', 'RE2'],
    ],
    [
      'text that is no YAML',
      'creation_rules:\n  - path_regex: x\n   age: y\n',
      ['Could not unmarshal config file: yaml: line 3: ', 'the configuration is .sops.yaml'],
    ],
    [
      'rules that are no list',
      'creation_rules:\n  path_regex: x\n',
      ['line 2: a list is wanted here', 'a list has one line for each element, which begins with "- "'],
    ],
    ['a conflict', conflict('a: 1\n', 'b: 1\n'), ['line 1 begins a merge conflict', 'the configuration is .sops.yaml']],
    [
      'a key that is none',
      'creation_rules:\n  - path_regex: x\n  - age: x\n',
      ['unknown recipient type: "x", in age (creation_rules[1] in .sops.yaml)'],
    ],
    [
      'a key of another type',
      'creation_rules:\n  - age: [1]\n',
      ['invalid age key configuration', '(creation_rules[0] in'],
    ],
    [
      'a key in a group',
      'creation_rules:\n  - key_groups:\n      - age: [x]\n',
      ['unknown recipient type: "x", in age (creation_rules[0] in .sops.yaml)'],
    ],
    [
      'two settings',
      `creation_rules:\n  - ${age}\n    encrypted_regex: a\n    encrypted_suffix: b\n`,
      ['cannot use more than one of', '(creation_rules[0] in .sops.yaml)'],
    ],
  ])('%s', async (_, config, said) => {
    writeFileSync(box.path('.sops.yaml'), config)
    try {
      for (const text of said) await fails(['encrypt', 'plain.yaml'], 'plain.yaml', text)
    } finally {
      writeFileSync(box.path('.sops.yaml'), '')
    }
  })

  test('one that is not there', () =>
    fails(['--config', 'no.yaml', 'encrypt', 'plain.yaml'], 'plain.yaml', 'open no.yaml'))
  test('none', () => fails(['encrypt', 'plain.yaml'], 'plain.yaml', 'add a creation rule'))
  test('none, for a folder', () => fails(['encrypt', '-i', 'dir'], 'dir', 'no unencrypted file of a creation rule'))
  test('a folder to stdout', () => fails(['encrypt', 'dir'], 'dir', 'sops encrypt -i '))
  test('no destination', () => fails(['publish', 'f.yaml'], 'f.yaml', 'destination_rules in .sops.yaml'))
})

describe('command lines', () => {
  test.each<[readonly string[], string | undefined, string]>([
    [
      ['encrypt', '-i', '-r', 'dir'],
      undefined,
      'a folder stands for the files in it that the command is for: sops encrypt -i DIR',
    ],
    [['rotate', '--recursive', 'dir'], undefined, 'sops rotate -i DIR'],
    [
      ['-e', '-i', 'plain.yaml', 'f.yaml'],
      'plain.yaml',
      'sops encrypt takes several: sops encrypt -i … plain.yaml f.yaml',
    ],
    [['-e', 'plain.yaml', '-i'], 'plain.yaml', 'only'],
    [['encrypt', 'plain.yaml', "it's"], undefined, String.raw`sops encrypt -i … plain.yaml 'it'\''s'`],
    [['exec-env', 'f.yaml'], undefined, "name the file and the command: sops exec-env f.yaml 'COMMAND'"],
    [['exec-file', 'f.yaml'], undefined, "sops exec-file f.yaml 'COMMAND {}'"],
    [['exec-env', 'f.yaml', 'a', 'b'], undefined, 'into one quoted argument'],
    [['exec-env'], undefined, "sops exec-env FILE 'COMMAND'"],
    [['set', 'f.yaml', 'password', 'secret-1'], 'f.yaml', `a path is written as '["key"]["inner"]'`],
    [['set', 'f.yaml', '["password"]', 'secret-1'], 'f.yaml', `for the shell: '"new"'`],
    [['unset', 'f.yaml', 'password'], 'f.yaml', `a path is written as`],
    [['decrypt', '--extract', 'a', 'f.yaml'], 'f.yaml', `a path is written as`],
    [['set', 'f.yaml'], undefined, `sops set f.yaml '["key"]' '"value"'`],
    [['set', '--value-stdin', 'f.yaml'], undefined, `sops set --value-stdin f.yaml '["key"]'`],
    [['unset', 'f.yaml'], undefined, `sops unset f.yaml '["key"]'`],
    [
      ['groups', 'delete', 'f.yaml'],
      undefined,
      'failed to parse [index] argument: "f.yaml" is not the number of a key group',
    ],
    [['groups', 'delete', 'f.yaml'], undefined, 'sops groups delete -i --file f.yaml 0'],
    [['groups', 'delete', '--file', 'f.yaml'], undefined, 'sops groups delete -i --file f.yaml 0'],
    [['groups', 'delete', '--file', 'f.yaml', '7'], 'f.yaml', 'there is no key group 7'],
    [['filestatus'], undefined, 'sops filestatus FILE'],
    [['rotate'], undefined, 'sops rotate FILE'],
    [['publish'], undefined, 'sops publish FILE'],
    [['updatekeys'], undefined, 'sops updatekeys FILE'],
    [['publish', 'dir'], 'dir', 'sops publish --recursive dir'],
    [['decrypt', '--enable-local-keyservice=false', 'f.yaml'], 'f.yaml', 'no key service was asked'],
    [['decrypt', '--enable-local-keyservice=false', 'f.yaml'], 'f.yaml', 'leave out --enable-local-keyservice=false'],
  ])('%j', async (argv, file, said) => {
    if (said === 'only') expect((await run(argv)).stderr).toContain('which looks like a flag')
    else await fails(argv, file, said)
  })

  test('a value on stdin that is no JSON', () =>
    fails(['set', '--value-stdin', 'f.yaml', '["a"]'], 'f.yaml', 'jq -Rs ', 'secret-1\n'))
})

describe('a bare word that names nothing never opens an editor', () => {
  test.each([
    ['init', 'did you mean sops keygen or sops doctor?'],
    ['view', 'did you mean sops decrypt?'],
    ['status', 'did you mean sops filestatus?'],
    ['version', 'did you mean sops --version?'],
    ['exec', 'did you mean sops exec-env or sops exec-file?'],
    ['decrpt', 'did you mean sops decrypt?'],
    ['enc', 'did you mean sops encrypt?'],
    ['constructor', 'sops help shows the commands'],
    ['secrets', 'sops help shows the commands'],
    ['x', 'sops help shows the commands'],
    ['ls -l', "to make a new file of this name: sops edit 'ls -l'"],
  ])('%s: %s', async (word, said) => {
    for (const argv of [[word], [word, 'f.yaml', 'ls'], ['--age', recipient, word]]) {
      const { code, stdout, stderr } = await runCli(argv, {
        cwd: box.dir,
        env: { ...environmentIn(box), EDITOR: `touch ${box.path('opened')}` },
      })
      expect({ code, stdout: stdout.toString() }).toEqual({ code: 100, stdout: '' })
      expect(stderr).toContain(`error: ${word}: neither a command nor a file\n`)
      expect(stderr).toContain(`hint: ${said}\n`)
    }
    expect(() => readFileSync(box.path('opened'))).toThrow('ENOENT')
  })

  test('one that names a file opens it, and one with a suffix or a folder is a new file', async () => {
    writeFileSync(box.path('init'), readFileSync(box.path('f.yaml')))
    const env = { ...environmentIn(box), EDITOR: `touch` }
    for (const word of ['init', './new', 'new.yaml']) {
      const { code, stderr } = await runCli(['--age', recipient, word], { cwd: box.dir, env })
      expect({ code, stderr }, stderr).not.toMatchObject({ code: 100 })
      expect(stderr).not.toContain('neither a command')
    }
  })
})

describe('names of formats that nobody knows', () => {
  const known = 'known are yaml, json, dotenv, ini, binary'
  test.each<[readonly string[], string]>([
    [
      ['decrypt', '--input-type', 'yml', 'f.yaml'],
      `--input-type "yml" is no format and counts as not given: ${known}; did you mean yaml?`,
    ],
    [
      ['decrypt', '--output-type', 'jsn', 'f.yaml'],
      `--output-type "jsn" is no format and counts as not given: ${known}; did you mean json?`,
    ],
    [['-d', '--output-type', 'toml', 'f.yaml'], `--output-type "toml" is no format and counts as not given: ${known}`],
    [
      ['filestatus', '--input-type', 'ENV', 'f.yaml'],
      `--input-type "ENV" is no format and counts as not given: ${known}; did you mean dotenv?`,
    ],
  ])('%j', async (argv, said) => {
    const { code, stderr } = await run(argv)
    expect(code).toBe(0)
    expect(stderr).toContain(`warning: ${argv[0] === 'filestatus' ? '' : 'f.yaml: '}${said}\n`)
  })

  test.each(['yaml', 'json', 'dotenv', 'ini', 'binary'])('%s draws none', async (name) => {
    expect((await run(['decrypt', '--input-type', name, 'f.yaml'])).stderr).not.toContain('is no format')
  })
})

describe('an expression of a creation rule that does not compile is said once', () => {
  const fault = 'error parsing regexp: missing closing ]: `[a`'
  const rule = (field: string): string => `creation_rules:\n  - ${field}: '[a'\n    age: ${recipient}\n`
  const place = (field: string): string => `(${field} of creation_rules[0] in broken.yaml)`
  test.each<[string, string[], string, string]>([
    ['encrypted_regex', ['encrypt', 'plain.yaml'], 'encrypted', place('encrypted_regex')],
    ['unencrypted_regex', ['encrypt', '-i', 'plain.yaml'], 'left in clear', place('unencrypted_regex')],
    ['encrypted_comment_regex', ['edit', 'new.yaml'], 'encrypted', place('encrypted_comment_regex')],
    ['unencrypted_comment_regex', ['-e', 'plain.yaml'], 'left in clear', place('unencrypted_comment_regex')],
    ['encrypted_regex', ['encrypt', '--encrypted-regex', '[a', 'plain.yaml'], 'encrypted', '(--encrypted-regex)'],
  ])('%s: sops %j', async (field, argv, effect, where) => {
    writeFileSync(box.path('broken.yaml'), rule(field))
    const { code, stdout, stderr } = await run(['--config', 'broken.yaml', ...argv])
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 1, stdout: '' })
    const [first, ...hints] = stderr.trimEnd().split('\n')
    expect(first).toBe(`error: ${argv.at(-1)}: nothing would be ${effect}: ${fault} ${where}`)
    expect(hints).toEqual(['hint: a [ begins a set of characters, which ends with ]; \\[ is the character itself'])
  })
})
