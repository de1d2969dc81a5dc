// What is said of input that is nearly right: a file that is nearly of its format, a recipient that is nearly one, a word in a flag's place.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli, type Sandbox } from '../support/cli.ts'
import { encryptedBox, environmentIn, recipient } from './exec-support.ts'

let box: Sandbox
beforeEach(async () => {
  box = await encryptedBox({ 'f.yaml': 'a: x\n', 'nested.yaml': 'a:\n  b: x\n' })
  writeFileSync(box.path('plain.yaml'), 'a: x\n')
})
afterEach(() => box.remove())

async function hintsOf(argv: readonly string[], cwd = box.dir): Promise<string[]> {
  const { stderr } = await runCli(argv, { cwd, env: { ...environmentIn(box), NO_COLOR: '1' } })
  return stderr.split('\n').flatMap((line) => (line.startsWith('hint: ') ? [line.slice('hint: '.length)] : []))
}

const whole = 'to encrypt the text as a whole, name this with every command: --input-type binary --output-type binary'
const template = (line: number): string =>
  `line ${line} looks like one of a template: encrypt what is made of it, or the values it takes`

describe('a plain text that does not parse', () => {
  const files: readonly [string, string, readonly string[]][] = [
    ['t.yaml', 'a: 1\nb: {{ .Values.b }}\nc: [\n', [template(2), whole]],
    ['t.json', '{"a": {{ a }}}\n', [template(1), whole]],
    ['t.yaml', 'a:\n\tb: 1\n', ['a tab indents line 2: YAML takes blanks alone']],
    ['c.json', '// c\n{}\n', ['JSON has no comments: take them out, or keep the file as YAML, which has them']],
    [
      'c.json',
      '{"a": 1, # c\n"b": 2}\n',
      ['JSON has no comments: take them out, or keep the file as YAML, which has them'],
    ],
    ['c.json', '{"a": [1,\n]}\n', ['in JSON no comma stands behind the last entry']],
    ['c.json', "{'a': 1}\n", ['JSON texts stand in double quotes']],
    ['c.json', '{"a": 1e400}\n', ['put it in double quotes to store it as text']],
    [
      'm.env',
      'A="-----BEGIN\nb\n-----END"\n',
      ['a value is one line here, and that of line 1 goes on: write its line breaks as \\n, without the quotes', whole],
    ],
    ['m.env', 'A: 1\n', ['KEY: value is YAML: write KEY=value']],
  ]

  test.each(files)('encrypt %s %j', async (name, text, hints) => {
    writeFileSync(box.path(name), text)
    expect(await hintsOf(['encrypt', '--age', recipient, name])).toEqual(hints)
  })

  test.each(files.filter(([, text]) => !text.includes('1e400')))('decrypt %s %j', async (name, text, hints) => {
    writeFileSync(box.path(name), text)
    expect(await hintsOf(['decrypt', name])).toEqual([
      'the file is not encrypted: there is neither an encrypted value nor metadata in it',
      ...hints,
      `to encrypt it, mend its text first, then: sops encrypt -i ${name}`,
    ])
  })

  test('without a hint where nothing is known', async () => {
    writeFileSync(box.path('x.json'), '{"a" 1}\n')
    expect(await hintsOf(['encrypt', '--age', recipient, 'x.json'])).toEqual([])
  })
})

describe('a recipient', () => {
  const commas = 'commas stand between recipients: age1…,age1…'
  test.each<[string, string]>([
    [`${recipient} ${recipient}`, commas],
    [`${recipient}; ${recipient}`, commas],
    [`${recipient},`, 'a comma stands at an end of the list, or two beside one another'],
    [`# public key: ${recipient}`, `give the recipient alone: ${recipient}`],
    [`'${recipient}'`, `give the recipient alone: ${recipient}`],
    [recipient.toUpperCase(), `recipients are in lower case: ${recipient}`],
    [recipient.slice(0, 40), 'it has 40 characters, and an age recipient has 62: a part of it is missing'],
    [`${recipient}x`, 'it has 63 characters, and an age recipient has 62: there is more than one in it'],
    [recipient.replace(/..$/, 'qq'), 'a character of it is another one: copy it again'],
    ['foo', 'recipients begin with age1, and SSH keys that are recipients with ssh-ed25519 or ssh-rsa'],
    [
      '84A7186F9832D9E67FAF2010DEF64C926113B527',
      'it looks like the fingerprint of a PGP key: --pgp, or pgp in .sops.yaml',
    ],
    ['arn:aws:kms:eu-west-1:1:key/k', 'it looks like a key of AWS KMS: --kms, or kms in .sops.yaml'],
    ['keys.txt', 'a file of recipients is not read; age-keygen -y shows the recipient of an identity'],
  ])('--age %j', async (words, hint) => {
    expect(await hintsOf(['encrypt', '--age', words, 'plain.yaml'])).toEqual([hint])
  })

  test.each(['age', 'pgp', 'kms'])('--%s takes the word of the file', async (flag) => {
    expect((await hintsOf(['encrypt', `--${flag}`, 'plain.yaml']))[0]).toBe(
      `--${flag} takes recipients, and took the file: sops encrypt --${flag} RECIPIENT plain.yaml`,
    )
  })

  test('that the file does not have: nobody else is named', async () => {
    const other = 'age1yt3tfqlfrwdwx0z0ynwplcr6qxcxfaqycuprpmy89nr83ltx74tqdpszlw'
    const shows = 'sops doctor f.yaml shows the recipients that it has'
    expect(await hintsOf(['rotate', '-i', '--rm-age', other, 'f.yaml'])).toEqual([shows])
    expect(await hintsOf(['rotate', '-i', '--rm-pgp', '0'.repeat(40), 'f.yaml'])).toEqual([shows])
  })
})

test('the only key group', async () => {
  expect(await hintsOf(['groups', 'delete', '-i', '--file', 'f.yaml', '0'])).toEqual([
    'it is the only key group, and a file needs one: sops updatekeys f.yaml, or sops rotate with its flags, changes who can open it',
  ])
})

describe('set and unset', () => {
  const jq = (from: string): string => `jq -Rs 'rtrimstr("\\n")' < ${from} | sops set --value-stdin f.yaml '["a"]'`

  test.each<[string, readonly string[], readonly string[]]>([
    ['the file alone', ['set', 'f.yaml'], [`sops set f.yaml '["key"]' '"value"'`]],
    ['without a value', ['set', 'f.yaml', '["a"]'], [`sops set f.yaml '["a"]' '"value"'`]],
    ['--value-file', ['set', '--value-file', 'f.yaml', '["a"]'], [`sops set --value-file f.yaml '["a"]' VALUE.json`]],
    ['--value-stdin', ['set', '--value-stdin', 'f.yaml'], [`sops set --value-stdin f.yaml '["key"]'`]],
    ['unset', ['unset', 'f.yaml'], [`sops unset f.yaml '["key"]'`]],
    [
      'text in a file',
      ['set', '--value-file', 'f.yaml', '["a"]', 'v.txt'],
      [`the file holds JSON, text in double quotes; to store a text as it is: ${jq('v.txt')}`],
    ],
    [
      'both in one word',
      ['set', 'f.yaml', '["a"] "x"'],
      ['the index and the value are two words, each in quotes of its own', `sops set f.yaml '["a"]' '"value"'`],
    ],
    [
      'an equals sign',
      ['set', 'f.yaml', '["a"][0]="x"'],
      ['the index and the value are two words, each in quotes of its own', `sops set f.yaml '["a"][0]' '"value"'`],
    ],
    [
      'two indexes',
      ['unset', 'f.yaml', '["a"]', '["b"]'],
      ['unset takes one index, got 2: one call for each', `sops unset f.yaml '["key"]'`],
    ],
    ['a number that no float is', ['set', 'f.yaml', '["a"]', '1e400'], ['put it in double quotes to store it as text']],
  ])('%s', async (_, argv, hints) => {
    writeFileSync(box.path('v.txt'), 'plain text\n')
    expect(await hintsOf(argv)).toEqual(hints)
  })
})

describe('a key of a path', () => {
  test.each<[readonly string[], string]>([
    [['decrypt', '--extract', '["Password"]', 'keys.yaml'], `did you mean '["password"]'?`],
    [['decrypt', '--extract', '["db"]["usr"]["x"]', 'keys.yaml'], `did you mean '["db"]["user"]["x"]'?`],
    [
      ['decrypt', '--extract', '["list"]["0"]', 'keys.yaml'],
      `the number of an element stands without quotes: '["list"][0]'`,
    ],
    [['unset', 'keys.yaml', '["pasword"]'], `did you mean '["password"]'?`],
  ])('%j', async (argv, hint) => {
    writeFileSync(box.path('keys.yaml'), 'password: x\ndb: {user: {x: y}}\nlist: [a]\n')
    await runCli(['encrypt', '-i', '--age', recipient, 'keys.yaml'], { cwd: box.dir })
    expect(await hintsOf(argv)).toEqual([hint])
  })

  test('that is like none', async () => {
    expect(await hintsOf(['decrypt', '--extract', '["other"]', 'f.yaml'])).toEqual([])
  })
})

describe('flags', () => {
  test.each<[readonly string[], string]>([
    [
      ['decrypt', '--age', recipient, 'f.yaml'],
      'a file opens with the identities that are at hand, and its recipients stand in it: sops doctor shows both',
    ],
    [['encrypt', '-i'], 'name a file: sops encrypt -i FILE'],
    [['keyservice', '--address', '5000'], 'an address has a host, too: --address 127.0.0.1:5000'],
  ])('%j', async (argv, hint) => {
    expect(await hintsOf(argv)).toEqual([hint])
  })
})

describe('SOPS_AGE_KEY', () => {
  test.each([
    [(text: string) => text.trimEnd().replaceAll('\n', '\\n'), 'it has \\n in it, where'],
    [(text: string) => `AGE-SECRET-KEY-1\\n${text.trimEnd().split('\n').at(-1)}`, 'it has \\n in it, where'],
    [(text: string) => `export SOPS_AGE_KEY=${text.trimEnd().split('\n').at(-1)}`, 'it is an assignment'],
  ])('%#', async (change, words) => {
    const env = environmentIn(box)
    const { stderr } = await runCli(['decrypt', 'f.yaml'], {
      cwd: box.dir,
      env: { ...env, SOPS_AGE_KEY: change(env['SOPS_AGE_KEY']!) },
    })
    expect(stderr.replace(/\s*\|?\s+\|?\s*/g, ' ')).toContain(words)
    expect(stderr).not.toMatch(/AGE-SECRET-KEY-1\w/)
  })
})

describe('a configuration', () => {
  test.each<[string, string, string]>([
    [
      '.sops.yml',
      `creation_rules:\n  - age: ${recipient}\n`,
      'the configuration is read by its name alone: mv .sops.yml .sops.yaml',
    ],
    [
      '.sops.yaml',
      `creation_rules:\n  - path_regex: *.yaml\n    age: ${recipient}\n`,
      "path_regex is a regular expression, not a glob: write '\\.yaml$' for '*.yaml'",
    ],
    [
      '.sops.yaml',
      `creation_rules:\n  - path_regex: "\\.yaml$"\n    age: ${recipient}\n`,
      "in double quotes a backslash has a meaning of its own in YAML: write '\\.yaml$', in single quotes",
    ],
  ])('%s %j', async (name, text, hint) => {
    writeFileSync(box.path(name), text)
    expect((await hintsOf(['encrypt', 'plain.yaml']))[0]).toBe(hint)
    if (name === '.sops.yml') expect((await hintsOf(['updatekeys', 'f.yaml']))[0]).toBe(hint)
  })

  test('with commas in an expression', async () => {
    writeFileSync(
      box.path('.sops.yaml'),
      `creation_rules:\n  - encrypted_regex: password, token\n    age: ${recipient}\n`,
    )
    const { stdout } = await runCli(['doctor'], { cwd: box.dir, env: environmentIn(box) })
    expect(stdout.toString()).toContain(
      "fits what has this very text in it, with its commas\n    hint: for any of these words: '^(password|token)$'",
    )
  })
})

test('nested values as variables', async () => {
  expect(await hintsOf(['exec-env', 'nested.yaml', 'true'])).toEqual([
    "a variable holds one text: keep the values on the top level, or hand on the whole file: sops exec-file nested.yaml 'COMMAND {}'",
  ])
})

describe('the command of exec-env and exec-file', () => {
  const whole = 'put the whole command into one quoted argument: '
  test.each<[readonly string[], readonly string[]]>([
    [['exec-env', 'f.yaml', 'echo "$a" | cat', 'x'], [`${whole}sops exec-env f.yaml 'echo "$a" | cat x'`]],
    [['exec-env', 'f.yaml', 'echo "$a"', '-n'], [`${whole}sops exec-env f.yaml 'echo "$a" -n'`]],
    [['exec-env', 'f.yaml', 'ls', '--color'], [`${whole}sops exec-env f.yaml 'ls --color'`]],
    [['exec-env', '--foo', 'f.yaml', 'ls'], []],
    [['exec-env', 'f.yaml', '--foo', 'ls -l'], []],
    [['exec-file', 'f.yaml'], ["name the file and the command: sops exec-file f.yaml 'COMMAND {}'"]],
    [['exec-env', 'f.yaml'], ["name the file and the command: sops exec-env f.yaml 'COMMAND'"]],
  ])('%j', async (argv, hints) => {
    expect(await hintsOf(argv)).toEqual(hints)
  })

  test('receives nothing where it does not say {}', async () => {
    const run = (line: string) =>
      runCli(['exec-file', 'f.yaml', line], {
        cwd: box.dir,
        env: { ...environmentIn(box), NO_COLOR: '1' },
        tty: ['stderr'],
      })
    const note = "note: f.yaml: nothing receives the file: {} in the command stands for it, as in 'COMMAND {}'\n"
    expect((await run('true')).stderr).toBe(note)
    expect((await run('cat {} > out')).stderr).toBe('')
  })
})

describe('stdin, and files with odd names', () => {
  const stdinOf = async (argv: readonly string[], stdin: string): Promise<string[]> => {
    const { stderr } = await runCli(argv, { cwd: box.dir, env: { ...environmentIn(box), NO_COLOR: '1' }, stdin })
    return stderr.split('\n').filter((line) => line.startsWith('hint: '))
  }

  test.each(['decrypt', 'encrypt'])('%s -', async (command) => {
    expect(await hintsOf([command, '-'])).toEqual([
      `to read stdin, leave the name out: sops ${command} --filename-override secrets.yaml`,
    ])
  })

  test('without a name', async () => {
    expect(await stdinOf(['decrypt'], readFileSync(box.path('f.yaml'), 'utf8'))).toEqual([
      'hint: the text is that of an encrypted yaml file, and was read as binary',
      'hint: name its format: --input-type yaml --output-type yaml',
      'hint: or by a name that ends so: --filename-override secrets.yaml',
    ])
  })

  test('empty', async () => {
    expect((await stdinOf(['decrypt'], '')).at(-1)).toBe(
      'hint: stdin is empty: name a file, as in sops decrypt secrets.yaml',
    )
    writeFileSync(box.path('e.yaml'), '')
    for (const command of ['decrypt', 'encrypt'])
      expect((await hintsOf([command, ...(command === 'encrypt' ? ['--age', recipient] : []), 'e.yaml'])).at(-1)).toBe(
        `the file is empty: a shell empties it before it is read where the output goes to it as well (sops ${command} e.yaml > e.yaml): take it back, and then sops ${command} -i e.yaml`,
      )
  })

  test('an empty binary file', async () => {
    writeFileSync(box.path('e.txt'), '')
    const encrypt = (...argv: string[]) =>
      runCli(['encrypt', '--age', recipient, ...argv], { cwd: box.dir, env: { NO_COLOR: '1' } })
    const words =
      'warning: e.txt: the file is empty: if the shell emptied it, since the output goes to it as well, its text is gone: take it back, and use -i\n'
    expect(await encrypt('e.txt')).toMatchObject({ code: 0, stderr: expect.stringContaining(words) })
    expect((await encrypt('-i', 'e.txt')).stderr).not.toContain('the file is empty')
  })

  test('a name that begins like a flag', async () => {
    writeFileSync(box.path('-d.yaml'), 'a: x\n')
    expect((await hintsOf(['decrypt', '--', '-d.yaml'])).at(-1)).toBe('to encrypt it: sops encrypt -i ./-d.yaml')
  })
})

test('git install outside of a repository', async () => {
  mkdirSync(box.path('nowhere'))
  expect(await hintsOf(['git', 'install'], box.path('nowhere'))).toEqual([
    'run it inside of a repository; sops git install --global is for all that you have',
  ])
})

test('a flag of one letter', async () => {
  expect(await hintsOf(['encrypt', '-o', 'x', 'plain.yaml'])).toEqual(['did you mean --output?'])
})

describe('whole numbers beyond 64 bits', () => {
  test('in YAML are floats, of which SOPS shows some of the digits', async () => {
    writeFileSync(box.path('n.yaml'), 'a: 123456789012345678901\nb: "123456789012345678901"\nc: 9223372036854775807\n')
    const { stderr } = await runCli(['encrypt', '--age', recipient, 'n.yaml'], { cwd: box.dir, tty: ['stderr'] })
    expect(stderr).toContain(
      '["a"] (line 1): a number beyond 64 bits, of which SOPS shows 17 digits: quote it if all of them count',
    )
  })

  test('that SOPS refuses', async () => {
    writeFileSync(box.path('n.yaml'), 'a: 18446744073709551615\n')
    expect(await hintsOf(['encrypt', '--age', recipient, 'n.yaml'])).toEqual(['quote it to store it as text'])
  })
})
