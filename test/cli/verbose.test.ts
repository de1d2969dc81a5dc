// What `--verbose` of the flag-only form shows, recorded from SOPS 3.13.2: order, loggers, levels and fields.
import { copyFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tellOfKeys } from '../../src/groups/log.ts'
import { keyTypes } from '../../src/keys/key-types.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'
import { closeGpgHome, gpgHome, hasGpg } from '../support/gpg.ts'
import { identity, recipient, secondRecipient } from './exec-support.ts'

const fingerprint = '84A7186F9832D9E67FAF2010DEF64C926113B527'

let box: Sandbox
beforeAll(() => {
  box = sandbox({
    'p.yaml': 'a: 1\nb: x\n',
    'editor.sh': '#!/bin/sh\necho "new: 2" >> "$1"\n',
    'groups.sops.yaml': `creation_rules:
  - shamir_threshold: 2
    key_groups:
      - age: [${recipient}]
      - age: [${secondRecipient}, ${recipient}]
`,
  })
})
afterAll(() => {
  box.remove()
  closeGpgHome()
})

/** Status and log of a run; addresses and labels of keys, and times, are left out. */
async function verbose(argv: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const { stderr, stdout, code } = await runCli(['--verbose', ...argv], {
    cwd: box.dir,
    home: box.dir,
    env: { PATH: process.env['PATH'], HOME: box.dir, TMPDIR: box.dir, SOPS_AGE_KEY: identity, ...env },
  })
  expect(code, stderr).toBe(0)
  writeFileSync(box.path('out.yaml'), stdout)
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/time="[^"]*" level=/, '').replace(/available: {2}\[[^\]]*\]/, 'available:  []'))
}

/** Encrypts a fresh copy, and gives it this name. */
async function sealed(name: string, argv: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const said = await verbose([...argv, 'p.yaml'], env)
  copyFileSync(box.path('out.yaml'), box.path(name))
  return said
}

const available = '[CMD]\t debug msg="Master keys available:  []"'
const sealedFor = (who: string): string => `[AGE]\t info msg="Encryption succeeded" recipient=${who}`
const opened = '[AGE]\t info msg="Decryption succeeded"'
const failed = '[AGE]\t info msg="Decryption failed"'
const recovered = ['[SOPS]\t info msg="Data key recovered successfully"', '[SOPS]\t debug msg="Decrypting tree"']
const written = '[CMD]\t info msg="File written successfully"'
const split = '[SOPS]\t info msg="Splitting data key with Shamir Secret Sharing" parts=2 quorum=2'

describe('one group of age', () => {
  test('-e', async () => {
    expect(await sealed('f.yaml', ['-e', '--age', recipient])).toEqual([available, sealedFor(recipient)])
  })

  test.each([
    ['-d', ['-d', 'f.yaml'], []],
    ['-d to a file', ['-d', '--output', 'o.yaml', 'f.yaml'], []],
    ['--extract', ['-d', '--extract', '["b"]', 'f.yaml'], ['[SOPS]\t info msg="Truncating tree" path="[b]"']],
    ['-r', ['-r', 'f.yaml'], [sealedFor(recipient)]],
    [
      '-r with another',
      ['-r', '--add-age', secondRecipient, 'f.yaml'],
      [sealedFor(recipient), sealedFor(secondRecipient)],
    ],
    ['-r -i', ['-r', '-i', 'f.yaml'], [sealedFor(recipient), written]],
    ['--set', ['--set', '["c"] 3', 'f.yaml'], [written]],
    ['-d -i', ['-d', '-i', 'f.yaml'], [written]],
  ])('%s', async (_, argv, more) => {
    await sealed('f.yaml', ['-e', '--age', recipient])
    expect(await verbose(argv)).toEqual([opened, ...recovered, ...more])
  })

  test('the editor', async () => {
    await sealed('f.yaml', ['-e', '--age', recipient])
    const env = { EDITOR: `sh ${box.path('editor.sh')}` }
    expect(await verbose(['f.yaml'], env)).toEqual([opened, ...recovered, written])
    expect(await verbose(['--age', recipient, 'new.yaml'], env)).toEqual([available, sealedFor(recipient), written])
  })
})

test('a key that does not open it', async () => {
  await sealed('f.yaml', ['-e', '--age', `${secondRecipient},${recipient}`])
  expect(await verbose(['-d', 'f.yaml'])).toEqual([failed, opened, ...recovered])
})

test('several groups', async () => {
  const parts = [recipient, secondRecipient, recipient].map(sealedFor)
  expect(await sealed('f.yaml', ['--config', 'groups.sops.yaml', '-e'])).toEqual([split, ...parts])
  const both = [opened, failed, opened, ...recovered]
  expect(await verbose(['-d', 'f.yaml'])).toEqual(both)
  expect(await verbose(['--config', 'groups.sops.yaml', '-r', 'f.yaml'])).toEqual([...both, split, ...parts])
})

test.skipIf(!hasGpg)('PGP', async () => {
  const env = { GNUPGHOME: gpgHome() }
  const lineOf = (what: string): string => `[PGP]\t info msg="${what}" fingerprint=${fingerprint}`
  const argv = ['-e', '--pgp', fingerprint, '--age', secondRecipient]
  expect(await sealed('f.yaml', argv, env)).toEqual([
    available,
    lineOf('Encryption succeeded'),
    sealedFor(secondRecipient),
  ])
  expect(await verbose(['-d', 'f.yaml'], env)).toEqual([failed, lineOf('Decryption succeeded'), ...recovered])
})

describe('how each key type names its key', () => {
  const keys: readonly (readonly [MasterKey['type'], MasterKey['fields'], object, object])[] = [
    ['age', { recipient: 'age1x' }, { recipient: 'age1x' }, {}],
    ['pgp', { fp: 'AB' }, { fingerprint: 'AB' }, { fingerprint: 'AB' }],
    ['kms', { arn: 'arn:x' }, { arn: 'arn:x' }, { arn: 'arn:x' }],
    ['gcp_kms', { resource_id: 'projects/p' }, { resourceID: 'projects/p' }, { resourceID: 'projects/p' }],
    ['azure_kv', { name: 'k', version: '01' }, { key: 'k', version: '01' }, { key: 'k', version: '01' }],
    [
      'hc_vault',
      { engine_path: 'transit', key_name: 'k' },
      { Path: 'transit/encrypt/k' },
      { Path: 'transit/decrypt/k' },
    ],
    ['hckms', { key_id: 'r:k' }, { keyID: 'r:k' }, { keyID: 'r:k' }],
  ]

  test('each one has a row', () => expect(keys.map(([type]) => type).sort()).toEqual(Object.keys(keyTypes).sort()))

  test.each(keys)('%s', (type, fields, wrapped, unwrapped) => {
    const ctx = fakeContext()
    const attempt = { key: { type, fields, enc: '' }, service: ctx, isDone: false }
    tellOfKeys('wrap', [attempt])
    tellOfKeys('unwrap', [{ ...attempt, isDone: true }])
    expect(ctx.lines.map(({ message, fields }) => [message, fields])).toEqual([
      ['Encryption failed', wrapped],
      ['Decryption succeeded', unwrapped],
    ])
  })
})

test('without --verbose there is not a word', async () => {
  await sealed('f.yaml', ['-e', '--age', recipient])
  const { stderr } = await runCli(['-d', 'f.yaml'], { cwd: box.dir, env: { SOPS_AGE_KEY: identity } })
  expect(stderr).toBe('')
})
