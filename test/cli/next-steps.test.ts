// What is said where a user goes wrong, and what to do next: every hint fits the command that was run.
import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { encryptedBox, environmentIn, identity, recipient } from './exec-support.ts'

let box: Sandbox
beforeEach(async () => {
  box = await encryptedBox({ 'f.yaml': 'a: x\n' })
  writeFileSync(box.path('plain.yaml'), 'a: x\n')
})
afterEach(() => box.remove())

interface Run {
  readonly config?: string
  readonly env?: Readonly<Record<string, string>>
  readonly tty?: readonly 'stderr'[]
}

/** Lines of stderr, with the folder as DIR. */
async function said(argv: readonly string[], { config, env, tty = [] }: Run = {}): Promise<string[]> {
  if (config !== undefined) writeFileSync(box.path('.sops.yaml'), config)
  const options = { cwd: box.dir, env: { ...environmentIn(box), NO_COLOR: '1', ...env }, tty }
  const { stderr } = await runCli(argv, options)
  return stderr.replaceAll(box.dir, 'DIR').trimEnd().split('\n')
}

describe('no recipients', () => {
  const nobody = 'Could not generate data key: [empty key group provided]'
  const name = 'name at least one, for example an age recipient (age1…); sops keygen makes one'
  const place = 'hint: the recipients are those of creation_rules[0] in .sops.yaml'

  test.each<[string, string, readonly string[]]>([
    ['a rule without any', 'creation_rules: [{path_regex: plain}]\n', [`hint: there is no recipient: ${name}`, place]],
    [
      'a misspelt field',
      `creation_rules:\n  - path_regex: plain\n    agee: ${recipient}\n`,
      [
        `hint: there is no recipient: ${name}`,
        'hint: .sops.yaml, line 3: unknown field "agee" in creation_rules[0] is ignored; did you mean "age"?',
        place,
      ],
    ],
    [
      'one group of two',
      `creation_rules: [{key_groups: [{age: [${recipient}]}, {}]}]\n`,
      [`hint: key group 1 has no recipient: ${name}`, place],
    ],
  ])('%s', async (_, config, hints) => {
    expect(await said(['encrypt', 'plain.yaml'], { config })).toEqual([nobody])
    const shown = await said(['encrypt', 'plain.yaml'], { tty: ['stderr'] })
    expect(shown.filter((line) => !line.startsWith('note: '))).toEqual([`error: plain.yaml: ${nobody}`, ...hints])
  })

  test('of a new file, and of one that exists', async () => {
    const config = 'creation_rules: [{path_regex: yaml}]\n'
    expect(await said(['edit', 'new.yaml'], { config })).toEqual([
      'error: new.yaml: Error encrypting the data key with one or more master keys: [empty key group provided]',
      `hint: there is no recipient: ${name}`,
      place,
    ])
    expect((await said(['updatekeys', '-y', 'f.yaml'])).slice(-3)).toEqual([
      'error: f.yaml: error updating one or more master keys: [empty key group provided]',
      `hint: there is no recipient: ${name}`,
      place,
    ])
    expect(await said(['rotate', '--rm-age', recipient, 'f.yaml'], { tty: ['stderr'] })).toEqual([
      `error: f.yaml: ${nobody}`,
      `hint: there is no recipient: ${name}`,
    ])
  })
})

describe('no configuration', () => {
  const none = 'config file not found'

  test.each<[readonly string[], readonly string[]]>([
    [
      ['updatekeys', 'f.yaml'],
      [
        `error: f.yaml: ${none}`,
        'hint: the recipients come from a creation rule of .sops.yaml: sops keygen shows how to write one',
        'hint: without one: sops rotate -i --add-age age1… f.yaml',
      ],
    ],
    [['updatekeys'], ['error: no file specified', 'hint: name one: sops updatekeys FILE']],
    [['publish'], ['error: no file specified', 'hint: name one: sops publish FILE']],
    [
      ['publish', 'f.yaml'],
      [
        `error: f.yaml: ${none}`,
        'hint: where files go is said in destination_rules of .sops.yaml: make one here, or name one with sops --config CONFIG publish',
      ],
    ],
    [
      ['encrypt', 'plain.yaml'],
      [
        'error: plain.yaml: config file not found, or has no creation rules, and no keys provided through command line options',
        'hint: add a creation rule to .sops.yaml; sops keygen shows how to write one',
        'hint: or name a recipient as a flag, for example --age age1…',
      ],
    ],
  ])('%j', async (argv, lines) => {
    expect(await said(argv)).toEqual(lines)
  })
})

describe('fields that are not known, where they explain the failure', () => {
  const config = `creation_rule:\n  - age: ${recipient}\ndestination_rule:\n  - s3_bucket: b\n`
  const rules = 'hint: .sops.yaml, line 1: unknown field "creation_rule" is ignored; did you mean "creation_rules"?'
  const destinations =
    'hint: .sops.yaml, line 3: unknown field "destination_rule" is ignored; did you mean "destination_rules"?'

  test.each<[readonly string[], string]>([
    [['encrypt', 'plain.yaml'], rules],
    [['edit', 'new.yaml'], rules],
    [['-e', 'plain.yaml'], rules],
    [['updatekeys', 'f.yaml'], rules],
    [['publish', 'f.yaml'], destinations],
  ])('%j', async (argv, hint) => {
    expect(await said(argv, { config })).toContain(hint)
  })

  test('a destination', async () => {
    const misspelt = 'destination_rules:\n  - s3_buckets: b\n'
    expect(await said(['publish', 'f.yaml'], { config: misspelt })).toEqual([
      'error: f.yaml: no destination configured for this file',
      'hint: .sops.yaml, line 2: unknown field "s3_buckets" in destination_rules[0] is ignored; did you mean "s3_bucket"?',
      'hint: destination_rules[0] in .sops.yaml applies: give it an s3_bucket, a gcs_bucket or a vault_path',
    ])
  })
})

describe('a folder', () => {
  const find = (folder: string, command: string): string =>
    `hint: the command takes one file: find ${folder} -name '*.yaml' ! -name .sops.yaml -type f -exec sops ${command}`

  test.each<[readonly string[], string]>([
    [['-d', 'd'], 'hint: a folder stands for the files in it that the command is for: sops decrypt DIR/d'],
    [['-e', 'd'], 'hint: a folder stands for the files in it that the command is for: sops encrypt -i DIR/d'],
    [['edit', 'd'], find('DIR/d', 'edit {} \\;')],
    [['exec-env', 'd', 'true'], find('DIR/d', "exec-env {} 'COMMAND' \\;")],
    [['exec-file', 'd', 'true'], find('DIR/d', "exec-file {} 'COMMAND' \\;")],
  ])('%j', async (argv, hint) => {
    box.remove()
    box = sandbox({ 'd/x.yaml': 'a: 1\n' })
    expect((await said(argv)).slice(-2)).toEqual(['error: d: Error reading file: read DIR/d: is a directory', hint])
  })

  test.each<readonly string[]>([
    ['decrypt', 'd'],
    ['decrypt', '-i', 'd'],
    ['rotate', '-i', 'd'],
    ['updatekeys', '-y', 'd'],
    ['set', 'd', '["a"]', '"x"'],
    ['unset', 'd', '["a"]'],
    ['groups', 'add', '-i', '-f', 'd', '--age', recipient],
  ])('%j takes the encrypted files in it', async (...argv) => {
    box.remove()
    box = sandbox({ 'd/x.yaml': 'a: 1\n' })
    const [error, why] = await said(argv)
    expect(error).toMatch(/^error: d: (?:Error reading file: read DIR\/d: is|can't operate on) a directory$/)
    expect(why).toBe('hint: no encrypted file in it')
  })

  test.each<[readonly string[], string]>([
    [['edit', '.'], find('DIR', 'edit {} \\;')],
    [['encrypt', '-r', '.'], 'hint: a folder stands for the files in it that the command is for: sops encrypt -i DIR'],
  ])('%j', async (argv, hint) => {
    expect(await said(argv, { config: `creation_rules: [{age: ${recipient}}]\n` })).toContain(hint)
  })
})

describe('an expression that does not compile', () => {
  const glob =
    "hint: path_regex is a regular expression, not a glob: write '(^|/)secrets/[^/]*\\.yaml$' for '**/secrets/*.yaml'"

  test.each<[string, readonly string[], string]>([
    ['creation_rules', ['encrypt', 'plain.yaml'], 'plain.yaml'],
    ['creation_rules', ['edit', 'new.yaml'], 'new.yaml'],
    ['creation_rules', ['updatekeys', 'f.yaml'], 'f.yaml'],
    ['destination_rules', ['publish', 'f.yaml'], 'f.yaml'],
  ])('%s: %j', async (list, argv, file) => {
    const config = `${list}:\n  - path_regex: nothing\n  - path_regex: '**/secrets/*.yaml'\n`
    expect((await said(argv, { config })).slice(-2)).toEqual([
      `error: ${file}: can not compile regexp: error parsing regexp: missing argument to repetition operator: \`*\` (path_regex of ${list}[1] in .sops.yaml)`,
      glob,
    ])
  })

  test.each<[string, string]>([
    ['*.yaml', "encrypted_regex is a regular expression, not a glob: write '\\.yaml$' for '*.yaml'"],
    ['[a', 'a [ begins a set of characters, which ends with ]; \\[ is the character itself'],
    ['(?=a)', 'expressions follow RE2: no look-around and no back-references'],
  ])('--encrypted-regex %s', async (expression, hint) => {
    const argv = ['encrypt', '--age', recipient, '--encrypted-regex', expression, 'plain.yaml']
    expect((await said(argv)).at(-1)).toBe(`hint: ${hint}`)
  })
})

describe('a command whose words stand apart', () => {
  test.each<[readonly string[], string]>([
    [['exec-env', 'f.yaml', 'ls', '-l'], "sops exec-env f.yaml 'ls -l'"],
    [['exec-env', 'f.yaml', '--', 'ls', '-l'], "sops exec-env f.yaml 'ls -l'"],
    [
      ['exec-env', 'f.yaml', 'ls', 'x', '--color=always', 'a b'],
      "sops exec-env f.yaml 'ls x --color=always '\\''a b'\\'''",
    ],
    [['exec-file', 'f.yaml', 'cat', '-n', '{}'], "sops exec-file f.yaml 'cat -n {}'"],
    [['exec-file', 'f.yaml', 'cat', '{}'], "sops exec-file f.yaml 'cat {}'"],
  ])('%j', async (argv, line) => {
    expect(await said(argv)).toContain(`hint: put the whole command into one quoted argument: ${line}`)
  })
})

describe('a file that is not encrypted', () => {
  const hints = (name: string): readonly string[] => [
    'hint: the file is not encrypted: there is neither an encrypted value nor metadata in it',
    /\.(?:txt|pem)$/.test(name)
      ? `hint: to encrypt it: sops encrypt -i ${name}`
      : `hint: to encrypt it, mend its text first, then: sops encrypt -i ${name}`,
  ]

  test.each<[string, string, string]>([
    ['a.txt', 'hello\n', "Could not unmarshal input data: invalid character 'h' looking for beginning of value"],
    ['a.pem', '-----BEGIN CERTIFICATE-----\nMII\n', "Could not unmarshal input data: invalid character '-'"],
    ['a.env', 'no line of such a file\n', 'invalid dotenv input line'],
    ['a.ini', 'no line of such a file\n', 'Could not unmarshal input data: key-value delimiter not found'],
    ['a.json', '[1]', 'Could not unmarshal input data: SOPS only supports JSON files'],
    ['a.yaml', 'a: [1\n', 'yaml: line 2: did not find expected'],
  ])('%s', async (name, text, words) => {
    writeFileSync(box.path(name), text)
    for (const command of [['decrypt'], ['edit'], ['rotate', '-i'], ['unset']]) {
      const [first, ...more] = await said([...command, name, ...(command[0] === 'unset' ? ['["a"]'] : [])])
      expect(first).toContain(`error: ${name}: ${words}`)
      expect(more).toEqual(hints(name))
    }
  })

  test.each(['a text that says ENC[AES256_GCM,', 'sops: {'])('but not of %j', async (text) => {
    writeFileSync(box.path('a.txt'), text)
    expect((await said(['decrypt', 'a.txt'])).join()).not.toContain('is not encrypted')
  })

  test('an encrypted file that is cut off keeps its own words', async () => {
    writeFileSync(box.path('cut.json'), '{"a": "ENC[AES256_GCM,data:')
    expect((await said(['decrypt', 'cut.json'])).join()).not.toContain('is not encrypted')
  })
})

describe('what gave a recipient', () => {
  const noAge = 'failed to parse input, unknown recipient type: "x"'

  test.each<[readonly string[], Readonly<Record<string, string>>, string]>([
    [['encrypt', '--age', 'x', 'plain.yaml'], {}, `error: plain.yaml: ${noAge} (--age)`],
    [['encrypt', 'plain.yaml'], { SOPS_AGE_RECIPIENTS: 'x' }, `error: plain.yaml: ${noAge} (SOPS_AGE_RECIPIENTS)`],
    [['encrypt', '--hc-vault-transit', 'x', 'plain.yaml'], {}, '(--hc-vault-transit)'],
    [['encrypt', 'plain.yaml'], { SOPS_AZURE_KEYVAULT_URLS: 'x' }, '(SOPS_AZURE_KEYVAULT_URLS)'],
    [['rotate', '--add-age', 'x', 'f.yaml'], {}, `error: f.yaml: ${noAge} (--add-age)`],
    [['rotate', '--rm-age', 'x', 'f.yaml'], {}, `error: f.yaml: ${noAge} (--rm-age)`],
    [['rotate', '--rm-pgp', 'x', 'f.yaml'], {}, 'cannot remove "x": the file has no such recipient (--rm-pgp)'],
    [['groups', 'add', '-f', 'f.yaml', '--age', 'x'], {}, `error: f.yaml: ${noAge} (--age)`],
    [['encrypt', '--kms', 'x', 'plain.yaml'], {}, 'hint: the recipients are those of --kms'],
    [['encrypt', 'plain.yaml'], { SOPS_KMS_ARN: 'x' }, 'hint: the recipients are those of SOPS_KMS_ARN'],
    [['rotate', '--add-kms', 'x', 'f.yaml'], {}, 'hint: recipients were added with --add-kms'],
    [['groups', 'add', '-f', 'f.yaml', '--kms', 'x'], {}, 'hint: the recipients of the new group are those of --kms'],
  ])('%j %j', async (argv, env, words) => {
    expect((await said(argv, { env })).join('\n')).toContain(words)
  })
})

test.each([
  ['an error of syntax', '.sops.yaml', 'creation_rules:\n\t- age: x\n', ['encrypt', 'plain.yaml'], 2],
  ['deeper', '.sops.yaml', 'creation_rules:\n  - age: x\n  \tpath_regex: y\n', ['encrypt', 'plain.yaml'], 3],
  ['in a file', 'tab.yaml', 'a:\n\tb: 1\n', ['encrypt', '--age', recipient, 'tab.yaml'], 2],
  ['in an encrypted file', 'tab.yaml', 'sops:\n\tb: 1\n', ['decrypt', 'tab.yaml'], 2],
])('a tab: %s', async (_, name, text, argv, line) => {
  writeFileSync(box.path(name), text)
  expect(await said(argv)).toContain(`hint: a tab indents line ${line}: YAML takes blanks alone`)
})

test('a text without tabs has no such hint', async () => {
  writeFileSync(box.path('.sops.yaml'), 'creation_rules: [\n# \tx\n')
  expect((await said(['encrypt', 'plain.yaml'])).join()).not.toContain('a tab')
})

describe('doctor does not send to itself', () => {
  test.each([
    'creation_rules:\n\t- age: x\n',
    'creation_rules: 1\n',
    'creation_rules: [{age: AGE-SECRET-KEY-1ABCDEFGH}]\n',
    'creation_rules: [{pgp: [1]}]\n',
    '<<<<<<< a\n=======\n>>>>>>> b\n',
    `creation_rules: [{age: ${recipient}, path_regex: '*'}]\n`,
  ])('%j', async (config) => {
    writeFileSync(box.path('.sops.yaml'), config)
    const options = { cwd: box.dir, env: { ...environmentIn(box), SOPS_AGE_KEY: undefined } }
    const { code, stdout, stderr } = await runCli(['doctor', 'f.yaml', 'plain.yaml', 'none.yaml'], options)
    expect([code, stderr]).toEqual([1, ''])
    const text = stdout.toString()
    expect(text).not.toContain('sops doctor')
    const [, counted] = /^(\d+) problems?\b/.exec(text)!
    expect(text.match(/^ +problem: /gm)).toHaveLength(Number(counted))
  })
})

test('lists of later documents get the help of the first', async () => {
  for (const [text, list] of [
    ['a: 1\n---\n- 1\n', true],
    ['a: 1\n--- [1]\n', true],
    ['- 1\n', true],
    ['a: 1\n---\nx\n', false],
    ['x\n', false],
  ] as const) {
    writeFileSync(box.path('l.yaml'), text)
    expect((await said(['encrypt', '--age', recipient, 'l.yaml'])).slice(1)).toEqual([
      list
        ? 'hint: SOPS takes a document of keys and values: put the list below a key, as in "items:"'
        : 'hint: SOPS takes a document of keys and values: "key: value", with a space behind the colon',
      'hint: or encrypt the text as one value: --input-type binary, and to decrypt it --output-type binary',
    ])
  }
  expect(readFileSync(box.path('l.yaml'), 'utf8')).toBe('x\n')
})

describe('an encrypted file whose metadata is not found', () => {
  const lost = [
    'hint: its values are encrypted, but its sops block, without which nothing opens them, is missing',
    'hint: take the file from where it is whole: git log -- NAME shows its versions, git checkout -- NAME brings the last one back',
  ]
  const read = (seen: string, id: string): readonly string[] => [
    `hint: the text is that of an encrypted ${seen} file, and was read as ${id}`,
    `hint: name its format: --input-type ${seen} --output-type ${seen}`,
  ]

  const files: readonly [string, string, (text: string) => string, readonly string[]][] = [
    ['f.yaml', 't.yaml', (text) => text.slice(0, text.indexOf('sops:')), lost],
    ['k.env', 't.env', (text) => text.replace(/^sops_.*\n?/gm, ''), lost],
    ['c.ini', 't.ini', (text) => text.slice(0, text.indexOf('[sops]')), lost],
    ['j.json', 't.json', (text) => JSON.stringify({ ...JSON.parse(text), sops: undefined }), lost],
    [
      'f.yaml',
      't.yaml',
      (text) => text.replace('sops:', 'Sops:'),
      [
        'hint: its values are encrypted, but their metadata stands below the key Sops: it is called sops, in small letters',
      ],
    ],
    ['k.env', 'v.ini', (text) => text, read('dotenv', 'ini')],
    ['w.bin', 'm.env', (text) => text, read('binary', 'dotenv')],
    [
      'f.yaml',
      'q.yaml',
      (text) => text.replace(/^/gm, '> '),
      ["hint: every line begins with >, as in a mail: take that away, as in sed 's/^> //' NAME"],
    ],
  ]

  test.each(files)('%s as %s', async (from, name, change, hints) => {
    box.remove()
    box = await encryptedBox({
      'f.yaml': 'a: x\n',
      'k.env': 'A=x\n',
      'c.ini': '[a]\nb = x\n',
      'j.json': '{"a": "x"}\n',
      'w.bin': 'x\n',
    })
    writeFileSync(box.path(name), change(readFileSync(box.path(from), 'utf8').trimEnd()))
    const shown = hints.map((hint) => hint.replaceAll('NAME', name))
    expect((await said(['decrypt', name])).filter((line) => line.startsWith('hint'))).toEqual(shown)
    const doctor = await runCli(['doctor', name], { cwd: box.dir, env: environmentIn(box) })
    for (const hint of shown) expect(doctor.stdout.toString()).toContain(hint.replace('hint: ', ''))
    expect(doctor.stdout.toString()).not.toContain('encrypt -i')
  })

  test('is encrypted again, as SOPS does, with a warning', async () => {
    const text = readFileSync(box.path('f.yaml'), 'utf8')
    writeFileSync(box.path('t.yaml'), text.slice(0, text.indexOf('sops:')))
    expect(await said(['encrypt', '-i', '--age', recipient, 't.yaml'])).toEqual([
      'warning: t.yaml: encrypted already before this: ["a"]; decrypting gives these texts back, and not what they hold: if the sops block of the file was lost, take the file from where it is whole (git log -- FILE)',
    ])
  })

  test('an identity is left as it is', async () => {
    writeFileSync(box.path('id.txt'), identity)
    expect((await said(['decrypt', 'id.txt'])).slice(1)).toEqual([
      'hint: the file holds an identity, which opens encrypted files: it stays as it is, outside of all repositories',
    ])
  })
})
