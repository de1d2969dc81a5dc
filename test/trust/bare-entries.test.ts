// Somebody without the data key writes himself into a file as a recipient, without a wrapped key, and waits for one who fills it in.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FormatId, type KeyGroup, loadEncrypted, type MasterKey, withMetadata } from '../../src/index.ts'
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

const plains: Readonly<Record<string, readonly [FormatId, string]>> = {
  'f.yaml': ['yaml', 'a: apple\nb: 2\n'],
  'f.json': ['json', '{"a": "apple", "b": 2}\n'],
  'f.env': ['dotenv', 'a=apple\nb=2\n'],
  'f.ini': ['ini', '[s]\na = apple\nb = 2\n'],
  'f.bin': ['binary', 'apple'],
}
const names = Object.keys(plains)

async function encrypted(name: string, ...flags: readonly string[]): Promise<void> {
  project.write(name, plains[name]![1])
  const recipients = flags.length > 0 ? flags : ['--age', alice.recipient]
  expect(await alice.sops(['encrypt', '-i', ...recipients, name])).toMatchObject({ code: 0 })
}

/** Other key groups in the text of a file, as somebody without its key can write them. */
async function tamper(name: string, change: (groups: readonly KeyGroup[]) => readonly KeyGroup[]): Promise<void> {
  const file = await loadEncrypted(Buffer.from(project.read(name)), plains[name]![0])
  const { format, parsed, tree } = file
  const metadata = { ...file.metadata, keyGroups: change(file.metadata.keyGroups) }
  const next = withMetadata(tree, metadata, format.metadata, parsed.tree)
  project.write(name, format.rewrite(parsed, next, { encrypted: true }).bytes)
}

const keysOf = async (name: string): Promise<readonly KeyGroup[]> =>
  (await loadEncrypted(Buffer.from(project.read(name)), plains[name]![0])).metadata.keyGroups

/** What stands for the wrapped key in the entry. */
const encs: readonly (readonly [string, Pick<MasterKey, 'enc' | 'isBare'>])[] = [
  ['no enc', { enc: '', isBare: true }],
  ['an empty enc', { enc: '' }],
  ['white space as enc', { enc: ' \t ' }],
]

const entryOf = (person: Person, enc: Pick<MasterKey, 'enc' | 'isBare'> = encs[0]![1]): MasterKey => ({
  type: 'age',
  fields: { recipient: person.recipient },
  ...enc,
})

const withEntry =
  (entry: MasterKey, at = 0) =>
  (groups: readonly KeyGroup[]): readonly KeyGroup[] =>
    groups.map(({ keys }, i) => ({ keys: i === at ? [...keys, entry] : keys }))

const says = (person: Person): RegExp =>
  new RegExp(`^warning: \\S+: the file names .*${person.recipient}.* without`, 'm')

async function expectLockedOut(person: Person, name: string): Promise<void> {
  expect(await person.sops(['decrypt', name])).toMatchObject({ code: 128, stdout: '' })
}

describe.each(names)('%s', (name) => {
  const at = (index: string): string => (name === 'f.ini' ? `["s"]${index}` : index)

  test.each(encs)('%s: decrypt goes on with the other keys and names the entry', async (_, enc) => {
    await encrypted(name)
    await tamper(name, withEntry(entryOf(mallory, enc)))
    const ran = await alice.sops(['decrypt', name])
    expect(ran.code).toBe(0)
    expect(ran.stderr).toMatch(says(mallory))
  })

  const runs: readonly (readonly [string, readonly string[], string])[] = [
    ['edit', ['edit', name], 's/apple/pear/'],
    ['edit --show-master-keys', ['edit', '--show-master-keys', name], 's/apple/pear/'],
    ...(name === 'f.bin'
      ? []
      : ([
          ['set', ['set', name, at('["a"]'), '"x"'], ''],
          ['unset', ['unset', name, at('["b"]')], ''],
        ] as const)),
  ]
  describe.each(runs)('%s', (_, argv, script) => {
    test.each(encs)('%s: leaves the entry as it stands', async (_, enc) => {
      await encrypted(name)
      await tamper(name, withEntry(entryOf(mallory, enc)))
      const before = project.read(name)
      const entries = await keysOf(name)
      const ran = await alice.sops(argv, { env: { EDITOR: `sed -i '${script}'` } })
      expect(ran.code).toBe(0)
      expect(ran.stderr).toMatch(says(mallory))
      expect(project.read(name)).not.toBe(before)
      expect(await keysOf(name)).toEqual(entries)
      await expectLockedOut(mallory, name)
    })
  })

  test.each(encs)('%s: rotate refuses, names the entry and changes nothing', async (_, enc) => {
    await encrypted(name)
    await tamper(name, withEntry(entryOf(mallory, enc)))
    const before = project.read(name)
    const ran = await alice.sops(['rotate', '-i', name])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain(mallory.recipient)
    expect(ran.stderr).toContain('rotate --rm-')
    expect(project.read(name)).toBe(before)
  })

  test('groups add refuses, and so does groups delete while the entry stays', async () => {
    await encrypted(name)
    await tamper(name, withEntry(entryOf(mallory)))
    const before = project.read(name)
    const add = await alice.sops(['groups', 'add', '-i', '-f', name, '--age', bob.recipient])
    expect(add).toMatchObject({ code: 1, stderr: expect.stringContaining(mallory.recipient) })
    expect(project.read(name)).toBe(before)
  })
})

const foreign: readonly MasterKey[] = [
  { type: 'kms', fields: { arn: 'arn:aws:kms:eu-west-1:1:key/k', role: '', context: {}, aws_profile: '' }, enc: '' },
  { type: 'gcp_kms', fields: { resource_id: 'projects/p/locations/l/keyRings/r/cryptoKeys/k' }, enc: '' },
  { type: 'hckms', fields: { key_id: 'eu-west-1:key' }, enc: '' },
  { type: 'azure_kv', fields: { vault_url: 'https://v.vault.azure.net', name: 'k', version: 'v' }, enc: '' },
  { type: 'hc_vault', fields: { vault_address: 'https://v.invalid', engine_path: 'e', key_name: 'k' }, enc: '' },
  { type: 'pgp', fields: { fp: '84A7186F9832D9E67FAF2010DEF64C926113B527' }, enc: '' },
]
test.each(foreign.map((key) => [key.type, key] as const))(
  'an entry of the type %s is refused by rotate',
  async (_, key) => {
    await encrypted('f.yaml')
    const dated = key.type === 'pgp' || key.type !== 'age' ? { createdAt: '2026-01-01T00:00:00Z' } : {}
    await tamper('f.yaml', withEntry({ ...key, ...dated }))
    const before = project.read('f.yaml')
    const ran = await alice.sops(['rotate', '-i', 'f.yaml'])
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('without a wrapped data key (enc): none is made'),
    })
    expect(project.read('f.yaml')).toBe(before)
  },
)

describe('edit --show-master-keys', () => {
  const added = (person: Person): string => `sed -i -e '0,/^ *age:$/s//&\\n        - recipient: ${person.recipient}/'`
  const edit = (editor: string): Promise<Ran> => {
    project.write('ed.sh', `#!/bin/sh\n${editor} "$1"\n`)
    return alice.sops(['edit', '--show-master-keys', 'f.yaml'], { env: { EDITOR: `sh ${project.dir}/ed.sh` } })
  }

  test('wraps for whom the user adds, and for nobody else', async () => {
    await encrypted('f.yaml')
    await tamper('f.yaml', withEntry(entryOf(mallory)))
    const ran = await edit(added(bob))
    expect(ran.code).toBe(0)
    expect(ran.stderr).toMatch(says(mallory))
    expect(await bob.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 0 })
    await expectLockedOut(mallory, 'f.yaml')
  })

  test('wraps anew for nobody whose entry holds something that does not open', async () => {
    await encrypted('f.yaml')
    await tamper('f.yaml', withEntry(entryOf(mallory, { enc: 'garbage' })))
    expect(await edit(added(bob))).toMatchObject({ code: 0 })
    expect(await bob.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 0 })
    await expectLockedOut(mallory, 'f.yaml')
  })

  test('does not take a second entry of the same recipient for a new one', async () => {
    await encrypted('f.yaml')
    await tamper('f.yaml', withEntry(entryOf(mallory)))
    await edit(added(mallory))
    await expectLockedOut(mallory, 'f.yaml')
  })

  test('keeps the wrapped key of a recipient whom a bare entry stands in front of', async () => {
    await encrypted('f.yaml')
    await tamper('f.yaml', ([group]) => [{ keys: [entryOf(alice), ...group!.keys] }])
    expect(await edit(added(bob))).toMatchObject({ code: 0 })
    expect(await alice.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 0 })
    expect(await bob.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 0 })
  })
})

describe('key groups', () => {
  beforeEach(async () => {
    const group = (...people: Person[]): string => `      - age: [${people.map((one) => one.recipient).join(', ')}]\n`
    project.write(
      '.sops.yaml',
      `creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n${group(alice)}${group(alice, bob)}`,
    )
    project.write('f.yaml', plains['f.yaml']![1])
    expect(await alice.sops(['encrypt', '-i', 'f.yaml'])).toMatchObject({ code: 0 })
    await tamper('f.yaml', withEntry(entryOf(mallory), 1))
  })

  test.each([
    ['rotate', ['rotate', '-i', 'f.yaml']],
    ['groups add', ['groups', 'add', '-i', '-f', 'f.yaml', '--age', 'BOB']],
    [
      'groups delete of another group',
      ['groups', 'delete', '-i', '-f', 'f.yaml', '--shamir-secret-sharing-threshold', '1', '0'],
    ],
    ['rotate --add-age, which adds to the first group', ['rotate', '-i', '--add-age', 'MALLORY', 'f.yaml']],
  ])('%s gives no share', async (_, argv) => {
    const before = project.read('f.yaml')
    const people: Readonly<Record<string, string>> = { BOB: bob.recipient, MALLORY: mallory.recipient }
    const ran = await alice.sops(argv.map((word) => people[word] ?? word))
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(mallory.recipient) })
    expect(project.read('f.yaml')).toBe(before)
  })

  test('edit --show-master-keys gives no share when another recipient is added, or a group is taken away', async () => {
    for (const script of [
      `0,/^ *- recipient|- age:$/s//&\\n            - recipient: ${bob.recipient}/`,
      's/shamir_threshold: 2/shamir_threshold: 3/',
    ]) {
      const before = project.read('f.yaml')
      project.write('ed.sh', `#!/bin/sh\nsed -i -E '${script}' "$1"\n`)
      const ran = await alice.sops(['edit', '-s', 'f.yaml'], { env: { EDITOR: `sh ${project.dir}/ed.sh` } })
      expect(ran.code).not.toBe(0)
      expect(project.read('f.yaml')).toBe(before)
    }
  })

  test('the group with the entry can be taken out, and the entry too', async () => {
    const text = project.read('f.yaml')
    expect(await alice.sops(['rotate', '-i', '--rm-age', mallory.recipient, 'f.yaml'])).toMatchObject({ code: 0 })
    project.write('f.yaml', text)
    const argv = ['groups', 'delete', '-i', '-f', 'f.yaml', '--shamir-secret-sharing-threshold', '1', '1']
    expect(await alice.sops(argv)).toMatchObject({ code: 0 })
    expect(await alice.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('asked for by name, the recipient is let in', () => {
  beforeEach(async () => {
    await encrypted('f.yaml')
    await tamper('f.yaml', withEntry(entryOf(mallory)))
  })

  test('by rotate --add-age', async () => {
    expect(await alice.sops(['rotate', '-i', '--add-age', mallory.recipient, 'f.yaml'])).toMatchObject({ code: 0 })
    expect(await mallory.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 0, stderr: '' })
  })

  test('by updatekeys, which shows it as an addition', async () => {
    project.write('.sops.yaml', `creation_rules:\n  - age: [${alice.recipient}, ${mallory.recipient}]\n`)
    const ran = await alice.sops(['updatekeys', '--yes', 'f.yaml'])
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining(`+++ ${mallory.recipient}`) })
    expect(await mallory.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 0, stderr: '' })
  })

  test('or shown out by updatekeys, where the rule does not name it', async () => {
    project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient}\n`)
    const ran = await alice.sops(['updatekeys', '--yes', 'f.yaml'])
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining(`--- ${mallory.recipient}`) })
    expect(await alice.sops(['decrypt', 'f.yaml'])).toMatchObject({ code: 0, stderr: '' })
  })
})
