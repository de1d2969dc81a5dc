// A recipient in a file chooses no program of this machine: `age1NAME1…` starts age-plugin-NAME only where the user named it.
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encrypt, localKeyService } from '../../src/index.ts'
import { encodeBech32 } from '../../src/keys/age/bech32.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { fakeContext } from '../support/context.ts'
import { makeProject, type Person, type Project } from '../support/project.ts'

const evil = encodeBech32('age1evil', Buffer.from('recipient'))
const other = encodeBech32('age1evil', Buffer.from('another'))
const identity = encodeBech32('AGE-PLUGIN-EVIL-', Buffer.from('identity')).toUpperCase()
const refusal = 'age-plugin-evil is not started for a recipient that only the file names'

/** The file with another recipient in its first group, beside alice. */
function withEvil(text: string): string {
  const entry = /^ +(?:- )*- (?:enc|recipient): (?:.*\n)+?(?: +-----END.*\n)(?: +recipient: .*\n)?/m.exec(text)![0]
  return text.replace(entry, entry + entry.replace('- age:', '     ').replace(alice.recipient, evil))
}

let project: Project
let alice: Person
let env: Record<string, string>

beforeEach(async () => {
  project = makeProject({ 'f.yaml': 'a: 1\n' })
  alice = project.person('one')
  const bin = join(project.dir, '..')
  env = { PATH: `${bin}${delimiter}${process.env.PATH}` }
  writeFileSync(join(bin, 'age-plugin-evil'), `#!/bin/sh\ntouch ${join(bin, 'started')}\nexit 1\n`)
  chmodSync(join(bin, 'age-plugin-evil'), 0o755)
  await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])
  project.write('f.yaml', withEvil(project.read('f.yaml')))
})
afterEach(() => project.remove())

const isStarted = (): boolean => existsSync(join(project.dir, '..', 'started'))

const commands: readonly (readonly [string, readonly string[]])[] = [
  ['rotate', ['rotate', '-i', 'f.yaml']],
  ['rotate of several files', ['rotate', '-i', 'f.yaml', 'f.yaml']],
  ['the old form of rotate', ['-r', '-i', 'f.yaml']],
  ['groups add', ['groups', 'add', '-i', '-f', 'f.yaml', '--age', 'ALICE']],
]

describe('nobody names the recipient', () => {
  test.each(commands)('%s does not start the plugin, and writes nothing', async (_, words) => {
    const before = project.read('f.yaml')
    const { code, stderr } = await alice.sops(
      words.map((word) => word.replace('ALICE', alice.recipient)),
      { env },
    )
    expect(code).not.toBe(0)
    expect(stderr).toContain(refusal)
    expect(isStarted()).toBe(false)
    expect(project.read('f.yaml')).toBe(before)
  })

  test('edit wraps for nobody but those added there', async () => {
    project.write('threshold.sed', 's/^sops:/&\\n    shamir_threshold: 1/\n')
    const more = { ...env, EDITOR: 'sed -i -f threshold.sed' }
    expect(await alice.sops(['edit', '--show-master-keys', 'f.yaml'], { env: more })).toMatchObject({ code: 0 })
    expect(isStarted()).toBe(false)
  })

  test('edit does not start the plugin where every group gets another share', async () => {
    project.write('f.yaml', 'a: 1\n')
    await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])
    await alice.sops(['groups', 'add', '-i', '-f', 'f.yaml', '--age', alice.recipient])
    const third = ['--age', alice.recipient, '--shamir-secret-sharing-threshold', '2']
    await alice.sops(['groups', 'add', '-i', '-f', 'f.yaml', ...third])
    project.write('f.yaml', withEvil(project.read('f.yaml')))
    const before = project.read('f.yaml')
    expect(before).toContain(evil)
    const more = { ...env, EDITOR: "sed -i 's/shamir_threshold: 2/shamir_threshold: 3/'" }
    const { code, stderr } = await alice.sops(['edit', '--show-master-keys', 'f.yaml'], { env: more })
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(refusal) })
    expect(isStarted()).toBe(false)
    expect(project.read('f.yaml')).toBe(before)
  })

  test.each([
    ['a rule for other files names it', (): void => rule('other', evil), {}],
    ['the rule names another recipient of the plugin', (): void => rule('f', other), {}],
    ['a variable names another recipient of the plugin', (): void => {}, { SOPS_AGE_RECIPIENTS: other }],
    ['the configuration cannot be used', (): void => project.write('.sops.yaml', 'creation_rules: []\n'), {}],
  ])('even where %s', async (_, prepare, more) => {
    prepare()
    const { stderr } = await alice.sops(['rotate', '-i', 'f.yaml'], { env: { ...env, ...more } })
    expect(stderr).toContain(refusal)
    expect(isStarted()).toBe(false)
  })
})

const rule = (regex: string, recipient: string): void =>
  project.write('.sops.yaml', `creation_rules:\n  - path_regex: ${regex}\n    age: ${recipient}\n`)

const nothing = (): void => {}

describe('the user names the recipient', () => {
  test.each<[string, () => void, readonly string[], Record<string, string>]>([
    ['in the creation rule of the file', () => rule('^f\\.yaml$', evil), [], {}],
    ['with a flag', nothing, ['--add-age', evil], {}],
    ['in a variable', nothing, [], { SOPS_AGE_RECIPIENTS: `${other}, ${evil}` }],
    ['by an identity of the plugin', nothing, [], { SOPS_AGE_KEY: identity }],
    ['by an identity that a command prints', nothing, [], { SOPS_AGE_KEY_CMD: `echo ${identity}` }],
  ])('%s', async (_, prepare, flags, more) => {
    prepare()
    const { stderr } = await alice.sops(['rotate', '-i', ...flags, 'f.yaml'], { env: { ...env, ...more } })
    expect(stderr).not.toContain(refusal)
    expect(isStarted()).toBe(true)
  })

  test('in the editor', async () => {
    project.write('add.sed', `s/^ *age:$/&\\n        - recipient: ${other}\\n          enc: ""/\n`)
    project.write('f.yaml', project.read('f.yaml').replaceAll(evil, alice.recipient))
    await alice.sops(['edit', '--show-master-keys', 'f.yaml'], { env: { ...env, EDITOR: 'sed -i -f add.sed' } })
    expect(isStarted()).toBe(true)
  })

  test('by what updatekeys takes from the rule, and by encrypting for it', async () => {
    rule('f', `${alice.recipient},${other}`)
    await alice.sops(['updatekeys', '--yes', 'f.yaml'], { env })
    expect(isStarted()).toBe(true)
  })
})

describe('the library', () => {
  const key: MasterKey = { type: 'age', fields: { recipient: evil }, enc: '' }
  const context = (): ReturnType<typeof fakeContext> => fakeContext({ env, cwd: project.dir })

  test('starts no plugin for a key that nobody named', async () => {
    await expect(localKeyService(context()).wrap(key, Buffer.alloc(32))).rejects.toThrow(refusal)
    expect(isStarted()).toBe(false)
  })

  test('starts it where the context says so', async () => {
    const ctx = { ...context(), namesRecipient: async (recipient: string) => recipient === evil }
    await expect(localKeyService(ctx).wrap(key, Buffer.alloc(32))).rejects.toThrow('evil plugin: ')
    expect(isStarted()).toBe(true)
  })

  test.each([
    ['recipients', { recipients: { age: evil } }],
    ['key groups', { keyGroups: [{ keys: [key] }] }],
  ])('starts it for the %s of a new file', async (_, options) => {
    await expect(encrypt('a: 1\n', { format: 'yaml', context: context(), ...options })).rejects.toThrow('evil plugin: ')
    expect(isStarted()).toBe(true)
  })
})
