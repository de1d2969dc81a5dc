// Entries of another file among the recipients: a command that wraps must not hand on that file's data key, nor seal with it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  changeRecipients,
  type EncryptedFile,
  type FormatId,
  type KeyGroup,
  loadEncrypted,
  localKeyService,
  type Metadata,
  processContext,
  withMetadata,
} from '../../src/index.ts'
import { keysFolder } from '../support/conformance/case.ts'
import type { Person, Project, Ran } from '../support/project.ts'
import { threePeople } from './people.ts'

let project: Project
let alice: Person
let bob: Person
let mallory: Person

beforeEach(() => {
  ;({ project, alice, bob, mallory } = threePeople())
})
afterEach(() => project.remove())

const names = ['x.yaml', 'x.json', 'x.env', 'x.ini', 'x.bin'] as const
type Name = (typeof names)[number]
const plains: Readonly<Record<Name, readonly [FormatId, string, string]>> = {
  'x.yaml': ['yaml', 'a: 1\n', 'b: 2\n'],
  'x.json': ['json', '{"a": 1}\n', '{"b": 2}\n'],
  'x.env': ['dotenv', 'a=1\n', 'b=2\n'],
  'x.ini': ['ini', '[s]\na = 1\n', '[s]\nb = 2\n'],
  'x.bin': ['binary', 'a', 'b'],
}

const rule = (...people: readonly Person[]): string =>
  `creation_rules:\n  - age: [${people.map((one) => one.recipient).join(', ')}]\n`

const load = async (name: string, format: FormatId): Promise<EncryptedFile> =>
  loadEncrypted(readFileSync(join(project.dir, name)), format)

/** A file `A…`, and a file `B…` of which the attacker takes what `take` says into A. */
async function swapped(
  name: Name,
  take: (a: Metadata, b: Metadata) => Metadata,
  recipients: readonly string[] = [alice.recipient],
): Promise<string> {
  const [format, ...texts] = plains[name]
  for (const [i, text] of texts.entries()) {
    const file = `${'AB'[i]}${name}`
    project.write(file, text)
    const ran = await alice.sops(['encrypt', '-i', '--age', recipients.join(','), file])
    expect(ran).toMatchObject({ code: 0 })
  }
  const [a, b] = [await load(`A${name}`, format), await load(`B${name}`, format)]
  const next = withMetadata(a.tree, take(a.metadata, b.metadata), a.format.metadata, a.parsed.tree)
  writeFileSync(join(project.dir, `A${name}`), a.format.rewrite(a.parsed, next, { encrypted: true }).bytes)
  return `A${name}`
}

/** Alice's own command on A; nothing may be written, and nobody gets the key of B. */
async function expectRefused(name: string, argv: readonly string[], codes = [1, 25, 51]): Promise<Ran> {
  const before = project.read(name)
  const ran = await alice.sops(argv)
  expect(codes).toContain(ran.code)
  expect(ran.stdout).not.toContain('BEGIN AGE')
  expect(project.read(name)).toBe(before)
  return ran
}

const attacks: readonly (readonly [string, (a: Metadata, b: Metadata) => Metadata])[] = [
  ['the entry of B', (a, { keyGroups }) => ({ ...a, keyGroups })],
  ['entry, MAC and date of B', (a, { keyGroups, mac, lastModified }) => ({ ...a, keyGroups, mac, lastModified })],
  ['all of the metadata of B', (_, b) => b],
]

describe.each(names)('%s with', (name) => {
  test.each(attacks)('%s: updatekeys and groups add hand on nothing', async (_, take) => {
    const file = await swapped(name, take)
    project.write('.sops.yaml', rule(alice, mallory))
    const { stderr } = await expectRefused(file, ['updatekeys', '--yes', file])
    expect(stderr).toContain('--ignore-mac')
    await expectRefused(file, ['groups', 'add', '-i', '-f', file, '--age', mallory.recipient])
    await expectRefused(file, ['groups', 'add', '-f', file, '--age', mallory.recipient])
    await expectRefused(file, ['rotate', '-i', '--add-age', mallory.recipient, file])
  })
})

test('values in clear, and the MAC of B: refused, since the MAC is not that of the values', async () => {
  project.write('B.yaml', 'a_unencrypted: 2\n')
  expect(await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'B.yaml'])).toMatchObject({ code: 0 })
  project.write('A.yaml', project.read('B.yaml').replace('a_unencrypted: 2', 'a_unencrypted: 1'))
  project.write('.sops.yaml', rule(alice, mallory))
  await expectRefused('A.yaml', ['updatekeys', '--yes', 'A.yaml'], [51])
  await expectRefused('A.yaml', ['groups', 'add', '-i', '-f', 'A.yaml', '--age', mallory.recipient], [51])
})

describe('a file without a MAC, or with another date', () => {
  const takes: readonly (readonly [string, (a: Metadata) => Metadata])[] = [
    ['no MAC', (a) => ({ ...a, mac: '' })],
    ['another date', (a) => ({ ...a, lastModified: '2020-01-01T00:00:00Z' })],
  ]
  test.each(takes)('%s: refused, and let through by --ignore-mac alone', async (_, take) => {
    const file = await swapped('x.yaml', take)
    project.write('.sops.yaml', rule(alice, bob))
    const added = ['groups', 'add', '-i', '-f', file, '--age', alice.recipient]
    await expectRefused(file, ['updatekeys', '--yes', file], [51])
    await expectRefused(file, added, [51])
    expect(await alice.sops(['updatekeys', '--yes', '--ignore-mac', file])).toMatchObject({ code: 0 })
    expect(await bob.sops(['decrypt', '--ignore-mac', file])).toMatchObject({ code: 0, stdout: 'a: 1\n' })
    await expectRefused(file, added, [51])
    expect(await alice.sops([...added, '--ignore-mac'])).toMatchObject({ code: 0 })
    const removed = ['groups', 'delete', '-i', '-f', file, '--shamir-secret-sharing-threshold', '1', '1']
    await expectRefused(file, removed, [51])
    expect(await alice.sops([...removed, '--ignore-mac'])).toMatchObject({ code: 0 })
  })
})

describe('entries of one group that open to different data keys', () => {
  /** Alice's machine, with Bob's identity too. */
  const env = (): Record<string, string> => ({ SOPS_AGE_KEY: readFileSync(join(keysFolder, 'two.age'), 'utf8') })
  const entryOf = (groups: readonly KeyGroup[], person: Person): KeyGroup['keys'] =>
    groups.flatMap(({ keys }) => keys.filter((key) => key.fields['recipient'] === person.recipient))

  const oneOfB =
    (person: () => Person) =>
    (a: Metadata, b: Metadata): Metadata => ({
      ...a,
      keyGroups: a.keyGroups.map(({ keys }) => ({
        keys: keys.flatMap((key) =>
          key.fields['recipient'] === person().recipient ? entryOf(b.keyGroups, person()) : [key],
        ),
      })),
    })

  describe.each(names)('%s', (name) => {
    test.each<[string, (file: string) => string[]]>([
      ['updatekeys', (file) => ['updatekeys', '--yes', file]],
      ['groups add', (file) => ['groups', 'add', '-i', '-f', file, '--age', mallory.recipient]],
      ['rotate', (file) => ['rotate', '-i', file]],
    ])('%s refuses, whichever stands first, and names both', async (_, argv) => {
      for (const person of [alice, bob]) {
        const file = await swapped(
          name,
          oneOfB(() => person),
          [alice.recipient, bob.recipient],
        )
        project.write('.sops.yaml', rule(alice, bob, mallory))
        const before = project.read(file)
        const ran = await alice.sops(argv(file), { env: env() })
        expect(ran.code).toBe(1)
        expect(ran.stderr).toContain(`"${alice.recipient}", "${bob.recipient}" do not open to the same data key`)
        expect(project.read(file)).toBe(before)
      }
    })
  })

  test('without the identity of the other the entry is left, since nobody here can know', async () => {
    const file = await swapped(
      'x.yaml',
      oneOfB(() => bob),
      [alice.recipient, bob.recipient],
    )
    project.write('.sops.yaml', rule(alice, bob, mallory))
    expect(await alice.sops(['updatekeys', '--yes', file])).toMatchObject({ code: 0 })
  })

  test('rotate that takes the wrong entry out goes through', async () => {
    const file = await swapped(
      'x.yaml',
      oneOfB(() => bob),
      [alice.recipient, bob.recipient],
    )
    const ran = await alice.sops(['rotate', '-i', '--rm-age', bob.recipient, file], { env: env() })
    expect(ran).toMatchObject({ code: 0 })
  })

  test('edit --show-master-keys refuses to add a recipient', async () => {
    const file = await swapped(
      'x.yaml',
      oneOfB(() => bob),
      [alice.recipient, bob.recipient],
    )
    const script = `0,/^ *age:$/s//&\\n        - recipient: ${mallory.recipient}/`
    project.write('ed.sh', `#!/bin/sh\nsed -i '${script}' "$1"\n`)
    const before = project.read(file)
    const EDITOR = `sh ${project.dir}/ed.sh`
    const ran = await alice.sops(['edit', '-s', file], { env: { ...env(), EDITOR } })
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('do not open to the same data key') })
    expect(project.read(file)).toBe(before)
  })

  test('shares of one group: rotate, updatekeys and groups refuse', async () => {
    const group = (...people: Person[]): string => `      - age: [${people.map((one) => one.recipient).join(', ')}]\n`
    const rules = (...groups: string[]): string =>
      `creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n${groups.join('')}`
    project.write('.sops.yaml', rules(group(alice), group(alice, bob)))
    for (const [file, text] of [
      ['A.yaml', 'a: 1\n'],
      ['B.yaml', 'b: 2\n'],
    ] as const) {
      project.write(file, text)
      expect(await alice.sops(['encrypt', '-i', file])).toMatchObject({ code: 0 })
    }
    const [a, b] = [await load('A.yaml', 'yaml'), await load('B.yaml', 'yaml')]
    const next = withMetadata(a.tree, oneOfB(() => bob)(a.metadata, b.metadata), 'nested', a.parsed.tree)
    const text = a.format.rewrite(a.parsed, next, { encrypted: true }).bytes
    project.write('A.yaml', text)
    project.write('.sops.yaml', rules(group(alice), group(alice, bob, mallory)))
    for (const argv of [
      ['rotate', '-i', 'A.yaml'],
      ['updatekeys', '--yes', 'A.yaml'],
      ['groups', 'add', '-i', '-f', 'A.yaml', '--age', mallory.recipient],
      ['groups', 'delete', '-i', '-f', 'A.yaml', '--shamir-secret-sharing-threshold', '1', '0'],
    ]) {
      const ran = await alice.sops(argv, { env: env() })
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(bob.recipient) })
      expect(project.read('A.yaml')).toBe(Buffer.from(text).toString())
    }
  })
})

test('a library caller gets the same check', async () => {
  const file = await swapped('x.yaml', attacks[0]![1])
  const SOPS_AGE_KEY = readFileSync(join(keysFolder, 'one.age'), 'utf8')
  const context = { ...processContext(), env: { SOPS_AGE_KEY }, home: undefined }
  const loaded = await load(file, 'yaml')
  const wanted = { groups: loaded.metadata.keyGroups, threshold: 0 }
  const options = { services: [localKeyService(context)] }
  await expect(changeRecipients(loaded, wanted, options)).rejects.toMatchObject({ code: 'cannot-decrypt-tree' })
  expect((await changeRecipients(loaded, wanted, { ...options, ignoreMac: true })).bytes).not.toHaveLength(0)
})
