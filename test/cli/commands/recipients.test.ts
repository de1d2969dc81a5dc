// Recipients go in once and do not go out unnoticed.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { distinctKeys } from '../../../src/keys/identity.ts'
import type { KeyTypeId, MasterKey } from '../../../src/keys/types.ts'
import { makeProject, type Person, type Project } from '../../support/project.ts'

let project: Project
let alice: Person
let bob: Person

beforeEach(async () => {
  project = makeProject({ 'f.yaml': 'a: 1\n', 'plain.yaml': 'a: 1\n' })
  alice = project.person('one')
  bob = project.person('two')
  await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])
})
afterEach(() => project.remove())

const recipientsIn = (text: string): string[] => text.match(/age1\w+/g) ?? []

describe('in', () => {
  test.each<[string, (a: string) => readonly string[], (a: string) => Record<string, string>]>([
    ['encrypt --age A,A', (a) => ['encrypt', '--age', `${a},${a}`, 'plain.yaml'], () => ({})],
    ['SOPS_AGE_RECIPIENTS', () => ['encrypt', 'plain.yaml'], (a) => ({ SOPS_AGE_RECIPIENTS: `${a},${a}` })],
    ['rotate --add-age', (a) => ['rotate', '--add-age', a, 'f.yaml'], () => ({})],
    ['a list in .sops.yaml', () => ['--config', 'c.yaml', 'encrypt', 'plain.yaml'], () => ({})],
  ])('%s gives one entry', async (_, argv, env) => {
    const a = alice.recipient
    project.write('c.yaml', `creation_rules:\n  - age: [${a}, "${a}"]\n`)
    const { code, stdout } = await alice.sops(argv(a), { env: env(a) })
    expect(code).toBe(0)
    expect(recipientsIn(stdout)).toEqual([a])
  })

  test('groups add gives one entry in its group, and the other group keeps its own', async () => {
    const { recipient } = alice
    const argv = ['groups', 'add', '--file', 'f.yaml', '--age', recipient, '--age', `${bob.recipient},${recipient}`]
    const { stdout } = await alice.sops(argv)
    expect(recipientsIn(stdout)).toEqual([recipient, recipient, bob.recipient])
  })

  test.each<[KeyTypeId, Record<string, string>, Record<string, string>, number]>([
    [
      'pgp',
      { fp: '84A7186F9832D9E67FAF2010DEF64C926113B527' },
      { fp: '0x84a7186f9832d9e67faf2010def64c926113b527' },
      1,
    ],
    ['age', { recipient: 'ssh-ed25519 AAAA me@here' }, { recipient: 'ssh-ed25519 AAAA' }, 1],
    ['age', { recipient: 'ssh-ed25519 AAAA' }, { recipient: 'ssh-ed25519 AAAa' }, 2],
    [
      'hc_vault',
      { vault_address: 'https://V.example', engine_path: 't', key_name: 'k' },
      { vault_address: 'https://v.example:443/', engine_path: 't', key_name: 'k' },
      1,
    ],
    [
      'hc_vault',
      { vault_address: 'https://v', engine_path: 't', key_name: 'k' },
      { vault_address: 'https://v', engine_path: 'T', key_name: 'k' },
      2,
    ],
    [
      'azure_kv',
      { vault_url: 'https://V.vault.azure.net/', name: 'k', version: 'a' },
      { vault_url: 'https://v.vault.azure.net', name: 'k', version: 'a' },
      1,
    ],
    ['hckms', { key_id: 'r: U' }, { key_id: 'r:u' }, 1],
    ['kms', { arn: 'a', role: '', aws_profile: '' }, { arn: 'a', role: 'r', aws_profile: '' }, 2],
    ['gcp_kms', { resource_id: 'p/k' }, { resource_id: 'p/K' }, 2],
  ])('%s %j and %j are %3$d', (type, a, b, count) => {
    const key = (fields: Record<string, string>): MasterKey => ({ type, fields, enc: '' })
    expect(distinctKeys([key(a), key(b)])).toHaveLength(count)
  })
})

describe('out', () => {
  test.each<[string, (b: string) => readonly string[]]>([
    ['--rm-age', (b) => ['rotate', '-i', '--rm-age', b, 'f.yaml']],
    ['--rm-age of what --add-age adds', (b) => ['rotate', '-i', '--add-age', b, '--rm-age', b, 'f.yaml']],
    ['--rm-pgp', () => ['rotate', '-i', '--rm-pgp', '84A7186F9832D9E67FAF2010DEF64C926113B527', 'f.yaml']],
    ['--rm-kms', () => ['rotate', '-i', '--rm-kms', 'arn:aws:kms:eu-west-1:1:key/k', 'f.yaml']],
    ['--rm-hckms', () => ['rotate', '-i', '--rm-hckms', 'r:k', 'f.yaml']],
    ['the flag form', (b) => ['-r', '-i', '--rm-age', b, 'f.yaml']],
  ])('%s that takes nothing away fails, and nobody else is named', async (_, argv) => {
    const before = project.read('f.yaml')
    const { code, stderr } = await alice.sops(argv(bob.recipient))
    expect(code).toBe(1)
    expect(stderr).toContain('sops doctor f.yaml shows the recipients that it has')
    expect(project.read('f.yaml')).toBe(before)
  })

  test('so does a recipient with a wrong letter, which is none at all', async () => {
    const { code, stderr } = await alice.sops([
      'rotate',
      '-i',
      '--rm-age',
      `${alice.recipient.slice(0, -1)}q`,
      'f.yaml',
    ])
    expect(code).toBe(1)
    expect(stderr).toContain('invalid checksum')
    expect(stderr).toContain(`did you mean ${alice.recipient}?`)
  })

  test.each([
    '--add-age',
    '--add-kms',
    '--rm-age',
    '--rm-pgp',
    '--rm-kms',
    '--rm-gcp-kms',
    '--rm-azure-kv',
    '--rm-hc-vault-transit',
    '--rm-hckms',
  ])('%s with an empty text, as a variable that is not set leaves it, fails', async (flag) => {
    const before = project.read('f.yaml')
    const { code, stderr } = await alice.sops(['rotate', '-i', flag, '', 'f.yaml'])
    expect(code).toBe(1)
    expect(stderr).toContain(`${flag} names no recipient`)
    expect(project.read('f.yaml')).toBe(before)
  })

  test('without --rotate the flags are refused', async () => {
    const before = project.read('f.yaml')
    const ran = await alice.sops(['-i', '--rm-age', alice.recipient, 'f.yaml'], { env: { EDITOR: 'true' } })
    expect(ran).toMatchObject({ code: 8, stderr: expect.stringContaining('--rm-age does nothing without --rotate') })
    expect(project.read('f.yaml')).toBe(before)
  })

  test('an absent group is refused by its number', async () => {
    const ran = await alice.sops(['groups', 'delete', '-i', '--file', 'f.yaml', '3'])
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no key group 3') })
  })
})
