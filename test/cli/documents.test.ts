// Several documents in one file: those of different files are never written over, and what leaves some out says so.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decrypt, decryptToObject, replacePlaintext } from '../../src/file/bytes.ts'
import { loadEncrypted, openFile, sealFile } from '../../src/file/encrypted-file.ts'
import { withRecipients } from '../../src/file/recipients.ts'
import { localKeyService } from '../../src/groups/data-key.ts'
import { splitHints } from '../../src/metadata/others.ts'
import { fakeContext } from '../support/context.ts'
import { makeProject, type Person, type Project, type Ran } from '../support/project.ts'
import { identity } from './exec-support.ts'

let project: Project
let alice: Person
let bob: Person
/** Encrypted texts by name. */
const sealed: Record<string, string> = {}

const config = (...recipients: string[]): void =>
  project.write('.sops.yaml', `creation_rules:\n  - age: ${recipients.join(',')}\n`)

async function seal(person: Person, name: string, plain: string): Promise<string> {
  project.write(name, plain)
  expect(await person.sops(['encrypt', '-i', '--age', person.recipient, name])).toMatchObject({ code: 0, stderr: '' })
  return project.read(name)
}

beforeAll(async () => {
  project = makeProject()
  alice = project.person('one')
  bob = project.person('two')
  config(alice.recipient)
  sealed['a'] = await seal(alice, 'a.yaml', 'a: one\n')
  sealed['b'] = await seal(alice, 'b.yaml', 'b: two\n')
  sealed['bob'] = await seal(bob, 'bob.yaml', 'c: three\n')
  sealed['two'] = await seal(alice, 'two.yaml', 'a: one\n---\na: two\nb: bee\n')
  expect(await alice.sops(['set', 'a.yaml', '["a"]', '"new"'])).toMatchObject({ code: 0 })
  sealed['a2'] = project.read('a.yaml')
})
afterAll(() => project.remove())

const joined = (...texts: string[]): string => texts.join('---\n')
const bare = (text: string): string => text.slice(0, text.indexOf('\nsops:') + 1)

/** Runs on a file of this text, with a rule that asks for one more recipient. Says what the file holds afterwards. */
async function on(text: string, argv: readonly string[], person: Person = alice): Promise<Ran & { after: string }> {
  project.write('t.yaml', text)
  config(alice.recipient, bob.recipient)
  const editor = project.editorWriting('a: edited\n---\nb: edited\n')
  const ran = await person.sops(argv, { env: { EDITOR: editor } })
  return { ...ran, after: project.read('t.yaml') }
}

const writers = (): readonly (readonly string[])[] => [
  ['set', 't.yaml', '["a"]', '"v"'],
  ['set', '--ignore-mac', 't.yaml', '["b"]', '"v"'],
  ['unset', 't.yaml', '["a"]'],
  ['edit', 't.yaml'],
  ['edit', '--ignore-mac', 't.yaml'],
  ['edit', '--show-master-keys', 't.yaml'],
  ['rotate', '-i', 't.yaml'],
  ['--rotate', '--ignore-mac', '-i', 't.yaml'],
  ['--set', '["a"] "v"', 't.yaml'],
  ['updatekeys', '--yes', 't.yaml'],
  ['groups', 'add', '-i', '--file', 't.yaml', '--age', bob.recipient],
  ['groups', 'delete', '-i', '--file', 't.yaml', '0'],
]

describe('documents with different sops blocks', () => {
  const joins: readonly (readonly [string, () => string, RegExp])[] = [
    ['two files', () => joined(sealed['a']!, sealed['b']!), /document 2 has the sops block of another file/],
    [
      'files of two people',
      () => joined(sealed['a']!, sealed['bob']!),
      /document 2 has the sops block of another file/,
    ],
    ['two versions', () => joined(sealed['a']!, sealed['a2']!), /document 2 has the sops block of another version/],
    [
      'the third of three',
      () => joined(sealed['two']!, sealed['b']!),
      /^(?!.*document 2).*document 3 has the sops block of another file/m,
    ],
    [
      'the second of three',
      () => joined(sealed['a']!, sealed['b']!, sealed['a']!),
      /document 2 has the sops block of another file(?!.*document 3 has)/,
    ],
    [
      'other settings',
      () => joined(sealed['a']!, sealed['a']!.replace('unencrypted_suffix: _unencrypted', 'encrypted_regex: ^a$')),
      /document 2 has other settings/,
    ],
    ['data in its place', () => joined(sealed['a']!, 'sops: 5\n'), /document 2 has an entry sops that is no metadata/],
    [
      'a list in its place',
      () => joined(sealed['a']!, 'sops: []\n'),
      /document 2 has an entry sops that is no metadata/,
    ],
    ['an empty one', () => joined(sealed['a']!, 'sops: {}\n'), /document 2 has an entry sops that is no metadata/],
  ]

  describe.each(joins)('%s', (_, text, reason) => {
    test('no command writes the file', async () => {
      for (const argv of writers()) {
        const { code, stderr, after } = await on(text(), argv)
        expect([argv, code, stderr]).toEqual([argv, 1, expect.stringMatching(reason)])
        for (const hint of splitHints) expect(stderr).toContain(`hint: ${hint.replace('FILE', 't.yaml')}\n`)
        expect(after).toBe(text())
      }
    })

    test('reading names it', async () => {
      const { stderr } = await on(text(), ['decrypt', '--ignore-mac', 't.yaml'])
      expect(stderr).toMatch(reason)
      expect((await alice.sops(['filestatus', 't.yaml'])).stderr).toMatch(reason)
      expect((await alice.sops(['doctor', 't.yaml'])).stdout).toMatch(reason)
    })
  })

  test('publish does not send them', async () => {
    project.write('.sops.yaml', 'destination_rules:\n  - s3_bucket: bucket\n')
    for (const text of [joined(sealed['a']!, sealed['b']!), joined(sealed['a']!, 'b: canary\n')]) {
      project.write('t.yaml', text)
      const { code, stderr } = await alice.sops(['publish', '--yes', 't.yaml'])
      expect(code).toBe(1)
      expect(stderr).toMatch(/^error: t\.yaml: document 2 has /)
    }
  })

  test('git diff shows a word on them', async () => {
    const { stdout } = await on(joined(sealed['a']!, 'sops: 5\n'), ['git', 'textconv', 't.yaml'])
    expect(stdout).toMatch(/^# sops: document 2 has an entry sops that is no metadata\na: one\n/)
  })

  test('the library does not write them either', async () => {
    const context = fakeContext({ env: { SOPS_AGE_KEY: identity } })
    const text = joined(sealed['a']!, 'sops: 5\n')
    await expect(replacePlaintext(text, 'a: 2\n---\n{}\n', { context })).rejects.toThrow('document 2 has an entry sops')
    const file = await openFile(await loadEncrypted(Buffer.from(text), 'yaml'), {
      services: [localKeyService(context)],
    })
    expect(() => sealFile(file, file.format, new Date(), {})).toThrow('document 2 has an entry sops')
    const wrapped = { groups: file.metadata.keyGroups, threshold: 0 }
    await expect(withRecipients(file, wrapped, {})).rejects.toThrow('document 2 has an entry sops')
  })

  test('a document under another data key cannot be read: the error says which and why', async () => {
    const { code, stderr, stdout } = await on(joined(sealed['a']!, sealed['b']!), ['decrypt', 't.yaml'])
    expect({ code, stdout }).toEqual({ code: 25, stdout: '' })
    expect(stderr).toContain('Error walking tree: document 2: Could not decrypt value')
    expect(stderr).toContain('hint: document 2 has the sops block of another file')
  })

  test('nor by somebody who has the key of the second only', async () => {
    const { code, stderr } = await on(joined(sealed['a']!, sealed['bob']!), ['decrypt', 't.yaml'], bob)
    expect(code).toBe(128)
    expect(stderr).toContain('hint: document 2 has the sops block of another file')
  })

  test.skipIf(process.platform === 'win32')('the way to part them that errors show works', async () => {
    project.write('parts/FILE', joined(sealed['a']!, sealed['b']!))
    const line = splitHints[1]!.replace('for example: ', '')
    execFileSync('/bin/sh', ['-c', line], { cwd: join(project.dir, 'parts') })
    expect(readdirSync(join(project.dir, 'parts')).sort()).toEqual(['FILE', 'part1.yaml', 'part2.yaml'])
    expect(await alice.sops(['decrypt', 'parts/part1.yaml'])).toMatchObject({ code: 0, stdout: 'a: one\n' })
    expect(await alice.sops(['decrypt', 'parts/part2.yaml'])).toMatchObject({ code: 0, stdout: 'b: two\n' })
  })
})

describe('blocks that say the same in other words', () => {
  const second = (change: (block: string) => string): string => {
    const [one, two] = sealed['two']!.split('\n---\na: ') as [string, string]
    const at = two.indexOf('sops:')
    return `${one}\n---\na: ${two.slice(0, at)}${change(two.slice(at))}`
  }

  test.each<[string, (block: string) => string]>([
    ['as they are', (block) => block],
    ['comments and blank lines', (block) => block.replace('    mac:', '    # c\n\n    mac:')],
    ['quotes', (block) => block.replace(/version: (.*)/, "version: '$1'")],
    ['a date without quotes', (block) => block.replace(/lastmodified: "(.*)"/, 'lastmodified: $1')],
    ['a date in another zone', (block) => block.replace(/lastmodified: "(.*)Z"/, 'lastmodified: "$1+00:00"')],
    ['another order', (block) => block.replace(/( {4}mac: .*\n)([\s\S]*)/, '$2$1')],
    ['a key that means nothing here', (block) => `${block}    note: x\n`],
    ['a block scalar without its last line end', (block) => block.replace('enc: |', 'enc: |-')],
    ['one recipient not in a list', (block) => block.replace('- enc', '  enc')],
    ['deeper', (block) => block.replace(/^ {4}/gm, '      ')],
    ['an anchor', (block) => block.replace('sops:', 'sops: &s')],
  ])('%s', async (_, change) => {
    for (const argv of writers().filter((words) => words[0] !== 'groups' && !words.includes('--show-master-keys'))) {
      const { code, stderr } = await on(second(change), argv)
      expect([argv, code, stderr]).toEqual([argv, 0, expect.not.stringContaining('sops block')])
      expect(await alice.sops(['decrypt', 't.yaml'])).toMatchObject({ code: 0, stderr: '' })
    }
  })
})

describe('documents without a sops block', () => {
  test('clear text behind an encrypted document is named', async () => {
    const { code, stderr, stdout } = await on(joined(sealed['a']!, 'b: canary\n'), ['decrypt', 't.yaml'])
    expect({ code, stdout }).toEqual({ code: 25, stdout: '' })
    expect(stderr).toContain('document 2 is clear text in an encrypted file')
    expect(stderr).not.toContain('canary')
  })

  test('so is clear text with a copy of the block', async () => {
    const block = sealed['a']!.slice(sealed['a']!.indexOf('sops:'))
    const { code, stderr } = await on(joined(sealed['a']!, `b: 5\n${block}`), ['decrypt', 't.yaml'])
    expect(code).toBe(25)
    expect(stderr).toContain('document 2 is clear text in an encrypted file')
  })

  test('clear text before an encrypted document: the error says where the metadata is', async () => {
    for (const argv of [['decrypt', 't.yaml'], ...writers()]) {
      const text = joined('b: 1\n', sealed['a']!)
      const { code, stderr, after } = await on(text, argv)
      expect([argv, code, after]).toEqual([argv, 1, text])
      expect(stderr).toMatch(
        /^error: t\.yaml: sops metadata not found\nhint: document 2 has a sops block, but document 1 is clear text/m,
      )
    }
    expect((await alice.sops(['filestatus', 't.yaml'])).stdout).toBe('{"encrypted":false}\n')
    const { code, stderr } = await alice.sops(['encrypt', '--age', alice.recipient, 't.yaml'])
    expect(code).toBe(203)
    expect(stderr).toContain('hint: the entry is in document 2')
  })

  const unmarked = (): string => bare(sealed['two']!.split('\n---\n')[1]!)
  const first = (): string => `${sealed['two']!.split('\n---\n')[0]}\n`

  test('encrypted values: read with a warning, and written by what opens them', async () => {
    const text = joined(first(), unmarked())
    expect(await on(text, ['decrypt', 't.yaml'])).toMatchObject({
      code: 0,
      stdout: 'a: one\n---\na: two\nb: bee\n',
      stderr: expect.stringContaining('document 2 has no sops block'),
    })
    expect(await on(text, ['rotate', '-i', 't.yaml'])).toMatchObject({ code: 0 })
    expect(project.read('t.yaml').match(/^sops:/gm)).toHaveLength(2)
    for (const argv of [
      ['updatekeys', '--yes', 't.yaml'],
      ['groups', 'add', '-i', '--file', 't.yaml', '--age', bob.recipient],
    ]) {
      const { code, stderr, after } = await on(text, argv)
      expect([code, after]).toEqual([1, text])
      expect(stderr).toContain('document 2 has no sops block')
    }
  })

  test('an empty one is nothing to tell', async () => {
    const { code, stderr } = await on(`${sealed['a']!}---\n`, ['updatekeys', '--yes', 't.yaml'])
    expect(code).toBe(0)
    expect(stderr).not.toContain('document')
    expect(await alice.sops(['decrypt', '--extract', '["a"]', 't.yaml'])).toMatchObject({ stdout: 'one', stderr: '' })
  })
})

test.each([
  ['the same file twice', ['a', 'a'], 'document 1 alone: document 2 came'],
  ['a file of two documents and one of them again', ['two', 'two'], 'documents 1 to 2 alone: documents 3 to 4 came'],
])('%s: the error says what the MAC is of', async (_, names, words) => {
  const { code, stderr } = await on(joined(...names.map((name) => sealed[name]!)), ['decrypt', 't.yaml'])
  expect(code).toBe(51)
  expect(stderr).toContain(`hint: the MAC is that of ${words} from elsewhere`)
  expect(stderr).toContain(splitHints[0])
})

describe('files of other formats that were joined', () => {
  test.each([
    ['f.json', '{"a": 1}', 'two files were joined'],
    ['f.env', 'A=1\n', 'two encrypted files were joined'],
    ['f.ini', '[s]\na = 1\n', 'two encrypted files were joined'],
    ['f.yaml', 'a: 1\n', 'two encrypted files were joined'],
    ['f.bin', 'x', 'two files were joined'],
  ])('%s: the cause is named', async (name, plain, words) => {
    const text = await seal(alice, name, plain)
    for (const other of [text, await seal(alice, name, plain)]) {
      project.write(name, text + other)
      const { code, stderr } = await alice.sops(['decrypt', name])
      expect(code).toBe(1)
      expect(stderr).toContain(words)
    }
  })
})

describe('paths', () => {
  const warning = (text: string): string => text.replaceAll('\\"', '"')

  test.each([
    [['decrypt', '--extract', '["a"]', 't.yaml'], 'one', 'only document 1 was read; ["a"] is in document 2 too'],
    [['exec-env', 't.yaml', 'test "$a$b" = one'], '', 'only document 1 is in the environment: document 2 left out'],
    [['decrypt', '--output-type', 'json', 't.yaml'], '{\n\t"a": "one"\n}\n', 'in the json output'],
    [['decrypt', '--output-type', 'dotenv', 't.yaml'], 'a=one\n', 'in the dotenv output: document 2 left out'],
    [['exec-file', '--output-type', 'dotenv', 't.yaml', 'test "$(cat {})" = a=one'], '', 'in the dotenv output'],
  ])('%j', async (argv, stdout, words) => {
    const ran = await on(sealed['two']!, argv)
    expect(ran).toMatchObject({ code: 0, stdout })
    expect(warning(ran.stderr)).toContain(words)
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  test.each([
    [['set', 't.yaml', '["a"]', '"v"'], 'a: v\n---\na: two\nb: bee\n', 'only document 1 was changed; ["a"] is in'],
    [['set', 't.yaml', '["b"]', '"v"'], 'a: one\n---\na: two\nb: v\n', 'only document 2 was changed, the only one'],
    [['set', 't.yaml', '["new"]', '"v"'], 'a: one\nnew: v\n---\na: two\nb: bee\n', 'only document 1 was changed'],
    [['unset', 't.yaml', '["a"]'], '{}\n---\na: two\nb: bee\n', 'only document 1 was changed; ["a"] is in'],
    [['unset', 't.yaml', '["b"]'], 'a: one\n---\na: two\n', 'only document 2 was changed, the only one'],
    [['--set', '["b"] "v"', 't.yaml'], 'a: one\n---\na: two\nb: v\n', 'only document 2 was changed'],
  ])('%j', async (argv, plain, words) => {
    const { code, stderr } = await on(sealed['two']!, argv)
    expect([code, warning(stderr)]).toEqual([0, expect.stringContaining(words)])
    expect(await alice.sops(['decrypt', 't.yaml'])).toMatchObject({ code: 0, stdout: plain, stderr: '' })
  })

  test('--extract looks at the first document only, and says where else the path is', async () => {
    const { code, stdout, stderr } = await on(sealed['two']!, ['decrypt', '--extract', '["b"]', 't.yaml'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('hint: --extract looks at document 1: ["b"] is in document 2')
  })

  test('unset --idempotent does not go on to the next document when it runs again', async () => {
    expect(await on(sealed['two']!, ['unset', '--idempotent', 't.yaml', '["a"]'])).toMatchObject({ code: 0 })
    const before = project.read('t.yaml')
    const again = await alice.sops(['unset', '--idempotent', 't.yaml', '["a"]'])
    expect(again).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('["a"] is in document 2, not in document 1'),
    })
    expect(project.read('t.yaml')).toBe(before)
    expect(await alice.sops(['unset', '--idempotent', 't.yaml', '["n"]'])).toMatchObject({ code: 0, stderr: '' })
  })

  test('the library says what it leaves out', async () => {
    const context = fakeContext({ env: { SOPS_AGE_KEY: identity } })
    expect(await decryptToObject(sealed['two']!, { context })).toEqual({ a: 'one' })
    await decrypt(sealed['two']!, { context, output: 'json' })
    await decrypt(sealed['two']!, { context })
    expect(context.notable.map(({ message }) => message)).toEqual([
      'only document 1 is in the object: document 2 left out',
      'only document 1 is in the json output: document 2 left out',
    ])
  })

  test('edit does not show several documents in a format that holds one', async () => {
    const { code, stderr, after } = await on(sealed['two']!, ['edit', '--output-type', 'json', 't.yaml'])
    expect([code, after]).toEqual([4, sealed['two']])
    expect(stderr).toContain('json holds one document, the input has 2')
  })

  test('edit --show-master-keys shows the one block that counts, and gives it to every document', async () => {
    project.write('t.yaml', sealed['two']!)
    const editor = `sed -i -e s/bee/wasp/ -e w${join(project.dir, 'shown')}`
    expect(await alice.sops(['edit', '-s', 't.yaml'], { env: { EDITOR: editor } })).toMatchObject({ code: 0 })
    expect(project.read('shown').match(/^sops:/gm)).toHaveLength(1)
    expect(project.read('t.yaml').match(/^sops:/gm)).toHaveLength(2)
    expect((await alice.sops(['decrypt', 't.yaml'])).stdout).toBe('a: one\n---\na: two\nb: wasp\n')
  })
})
