// What is said of input that is nearly right: a file that is nearly of its format, a recipient that is nearly one, a word in a flag's place.
import { mkdirSync, writeFileSync } from 'node:fs'
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
  const jq = (from: string): string => `jq -Rs . < ${from} | sops set --value-stdin f.yaml '["a"]'`

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
    ['a number that no float is', ['set', 'f.yaml', '["a"]', '1e400'], ['put it in double quotes to store it as text']],
  ])('%s', async (_, argv, hints) => {
    writeFileSync(box.path('v.txt'), 'plain text\n')
    expect(await hintsOf(argv)).toEqual(hints)
  })
})

test('nested values as variables', async () => {
  expect(await hintsOf(['exec-env', 'nested.yaml', 'true'])).toEqual([
    'a variable holds one text: keep the values on the top level, or hand on the whole file: sops exec-file nested.yaml COMMAND',
  ])
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
