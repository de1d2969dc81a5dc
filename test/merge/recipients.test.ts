// Who can open a merged file: recipients come and go on either side, and every entry holds the data key of the result.
import { describe, expect, test } from 'vitest'
import { emitPlain, loadEncrypted, withOpenFile } from '../../src/file/encrypted-file.ts'
import { parsePlain, sealDraft } from '../../src/file/plaintext.ts'
import { changeRecipients } from '../../src/file/recipients.ts'
import { localKeyService, newDataKey, wrapDataKey } from '../../src/groups/data-key.ts'
import { keepWrapped } from '../../src/groups/diff.ts'
import { labelOf } from '../../src/keys/key-types.ts'
import type { KeyGroup } from '../../src/keys/types.ts'
import { identity } from '../cli/exec-support.ts'
import { fakeContext } from '../support/context.ts'
import {
  age,
  edited,
  merged,
  now,
  plainOf,
  recipient,
  sealed,
  secondIdentity,
  secondRecipient,
  services,
} from './support.ts'

const plain = 'a: 1\nb: 2\nc: 3\n'
/** Nobody here has its identity. */
const third = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'

async function withRecipients(bytes: Uint8Array, groups: readonly KeyGroup[], threshold = 0): Promise<Buffer> {
  const file = await loadEncrypted(bytes, 'yaml')
  const wanted = keepWrapped(file.metadata.keyGroups, groups)
  const { bytes: next } = await changeRecipients(
    file,
    { groups: wanted, threshold, keep: wanted !== groups },
    { services },
  )
  return Buffer.from(next)
}

const group = (...texts: readonly string[]): readonly KeyGroup[] => [{ keys: age(...texts) }]

/** The same file under another data key. */
async function rotated(bytes: Uint8Array, groups?: readonly KeyGroup[]): Promise<Buffer> {
  return withOpenFile(await loadEncrypted(bytes, 'yaml'), { services }, async (file) => {
    const dataKey = newDataKey()
    const wrapped = await wrapDataKey(
      dataKey,
      groups ?? file.metadata.keyGroups,
      file.metadata.shamirThreshold,
      services,
    )
    const metadata = { ...file.metadata, keyGroups: wrapped.groups, shamirThreshold: wrapped.threshold }
    const draft = parsePlain(await emitPlain(file, 'yaml', {}), file.format, file.format, { earlier: file.plain })
    const next = await sealDraft({ ...file, dataKey }, draft, metadata, file.format, { now, layout: {} })
    return Buffer.from(next.bytes)
  })
}

const recipientsOf = async (bytes: Uint8Array): Promise<string[][]> =>
  (await loadEncrypted(bytes, 'yaml')).metadata.keyGroups.map(({ keys }) => keys.map(labelOf))

/** Every identity that should open the file does, by itself. */
async function opensWith(bytes: Uint8Array, ...identities: readonly string[]): Promise<void> {
  for (const one of identities) {
    const own = [localKeyService(fakeContext({ env: { SOPS_AGE_KEY: one } }))]
    await withOpenFile(await loadEncrypted(bytes, 'yaml'), { services: own }, (file) => {
      expect(file.plain.documents).toHaveLength(1)
    })
  }
}

const base = await sealed(plain, 'yaml')
const two = await withRecipients(base, group(recipient, secondRecipient))
const change = async (bytes: Uint8Array, from: string, to: string): Promise<Buffer> =>
  edited(bytes, (await plainOf(bytes, 'yaml')).replace(from, to), 'yaml')

describe('one group', () => {
  test('whom a side added stays', async () => {
    const ours = await change(base, 'a: 1', 'a: 9')
    const theirs = await change(two, 'b: 2', 'b: 9')
    for (const versions of [
      { base, ours, theirs },
      { base, ours: theirs, theirs: ours },
    ]) {
      const { bytes, unrotated, admitted } = await merged(versions, 'yaml')
      expect(admitted).toEqual(versions.ours === ours ? [secondRecipient] : [])
      expect(await recipientsOf(bytes)).toEqual([[recipient, secondRecipient]])
      expect(await plainOf(bytes, 'yaml')).toBe('a: 9\nb: 9\nc: 3\n')
      expect(unrotated).toEqual([])
      await opensWith(bytes, identity, secondIdentity)
    }
  })

  test('whom a side removed goes, and without a new data key that is said', async () => {
    const ours = await change(two, 'a: 1', 'a: 9')
    const theirs = await withRecipients(two, group(recipient))
    for (const versions of [
      { base: two, ours, theirs },
      { base: two, ours: theirs, theirs: ours },
    ]) {
      const { bytes, unrotated } = await merged(versions, 'yaml')
      expect(await recipientsOf(bytes)).toEqual([[recipient]])
      expect(unrotated).toEqual([secondRecipient])
    }
  })

  test('to remove wins over to keep, and another is added', async () => {
    const ours = await withRecipients(two, group(recipient, secondRecipient, third))
    const theirs = await change(await withRecipients(two, group(recipient)), 'a: 1', 'a: 9')
    const { bytes } = await merged({ base: two, ours, theirs }, 'yaml')
    expect(await recipientsOf(bytes)).toEqual([[recipient, third]])
  })

  test('each side takes out whom the other leaves: nobody would remain', async () => {
    const ours = await withRecipients(two, group(recipient))
    const theirs = await withRecipients(two, group(secondRecipient))
    const { conflicts } = await merged({ base: two, ours, theirs }, 'yaml')
    expect(conflicts).toMatchObject([{ keyPath: '["sops"]["recipients"]' }])
  })

  test('a file that is new on both sides, for different recipients', async () => {
    const ours = await sealed(plain, 'yaml')
    const theirs = await withRecipients(await change(base, 'a: 1', 'a: 9'), group(recipient, secondRecipient))
    const open = await merged({ ours, theirs }, 'yaml')
    expect(open.conflicts.map(({ keyPath }) => keyPath)).toEqual(['["sops"]["recipients"]', '["a"]'])
    expect(open.text).toContain('<<<<<<< ours (main)')
  })
})

describe('the data key', () => {
  const sides = async (change1: (bytes: Buffer) => Promise<Buffer>, change2: (bytes: Buffer) => Promise<Buffer>) => ({
    base: two,
    ours: await change1(await change(two, 'a: 1', 'a: 9')),
    theirs: await change2(await change(two, 'b: 2', 'b: 9')),
  })
  const same = async (bytes: Buffer): Promise<Buffer> => bytes
  const removing = (bytes: Buffer): Promise<Buffer> => rotated(bytes, group(recipient))
  const adding = (bytes: Buffer): Promise<Buffer> => withRecipients(bytes, group(recipient, secondRecipient, third))

  test.each([
    ['ours rotated', rotated, same, [recipient, secondRecipient], [identity, secondIdentity]],
    ['theirs rotated', same, rotated, [recipient, secondRecipient], [identity, secondIdentity]],
    ['both rotated', rotated, rotated, [recipient, secondRecipient], [identity, secondIdentity]],
    ['ours rotated to remove somebody', removing, same, [recipient], [identity]],
    ['theirs rotated to remove somebody', same, removing, [recipient], [identity]],
    [
      'ours rotated, theirs added somebody',
      rotated,
      adding,
      [recipient, secondRecipient, third],
      [identity, secondIdentity],
    ],
    ['ours added somebody, theirs rotated to remove another', adding, removing, [recipient, third], [identity]],
    ['both rotated, one removed', rotated, removing, [recipient], [identity]],
  ] as const)('%s', async (_, change1, change2, recipients, identities) => {
    const versions = await sides(change1, change2)
    const { bytes, kind, unrotated, admitted } = await merged(versions, 'yaml')
    expect(admitted).toEqual(change2 === adding ? [third] : [])
    expect(kind).toBe('open')
    expect(await plainOf(bytes, 'yaml')).toBe('a: 9\nb: 9\nc: 3\n')
    expect(await recipientsOf(bytes)).toEqual([[...recipients]])
    expect(unrotated).toEqual([])
    await opensWith(bytes, ...identities)
  })

  test('an old data key opens nothing of a file that one side rotated', async () => {
    const { base: old, ours, theirs } = await sides(same, removing)
    const { bytes } = await merged({ base: old, ours, theirs }, 'yaml')
    const own = [localKeyService(fakeContext({ env: { SOPS_AGE_KEY: secondIdentity } }))]
    await expect(
      loadEncrypted(bytes, 'yaml').then((file) => withOpenFile(file, { services: own }, () => 0)),
    ).rejects.toMatchObject({ code: 'no-data-key' })
  })

  test('who is new on one side opens the other with the same data key', async () => {
    const ours = await change(two, 'a: 1', 'a: 9')
    const theirs = await change(base, 'b: 2', 'b: 9')
    const { bytes, kind } = await merged({ base, ours, theirs }, 'yaml', { keys: secondIdentity })
    expect(kind).toBe('open')
    await opensWith(bytes, identity, secondIdentity)
  })
})

describe('several groups', () => {
  const groups = (...all: readonly (readonly string[])[]): readonly KeyGroup[] =>
    all.map((texts) => ({ keys: age(...texts) }))

  test('each is merged by itself, and shares are made anew', async () => {
    const old = await withRecipients(base, groups([recipient], [secondRecipient]), 2)
    const ours = await withRecipients(old, groups([recipient, third], [secondRecipient]), 2)
    const theirs = await change(old, 'a: 1', 'a: 9')
    const { bytes, conflicts } = await merged({ base: old, ours, theirs }, 'yaml')
    expect(conflicts).toEqual([])
    expect(await recipientsOf(bytes)).toEqual([[recipient, third], [secondRecipient]])
    expect(await plainOf(bytes, 'yaml')).toBe('a: 9\nb: 2\nc: 3\n')
  })

  test('a threshold that both sides changed is a conflict', async () => {
    const four = groups([recipient], [secondRecipient], [third], [recipient, third])
    const [old, ours, theirs] = await Promise.all([2, 3, 4].map((threshold) => withRecipients(base, four, threshold)))
    const { conflicts } = await merged({ base: old!, ours: ours!, theirs: theirs! }, 'yaml')
    expect(conflicts.map(({ keyPath }) => keyPath)).toEqual(['["sops"]["shamir_threshold"]'])
  })

  test('another number of groups on one side is taken, on both it is a conflict', async () => {
    const ours = await change(base, 'a: 1', 'a: 9')
    const theirs = await withRecipients(base, groups([recipient], [secondRecipient]), 2)
    const { bytes } = await merged({ base, ours, theirs }, 'yaml')
    expect(await recipientsOf(bytes)).toEqual([[recipient], [secondRecipient]])
    const other = await withRecipients(base, groups([recipient], [secondRecipient], [third]), 2)
    const both = await merged({ base, ours: other, theirs }, 'yaml')
    expect(both.conflicts.map(({ keyPath }) => keyPath)).toContain('["sops"]["key_groups"]')
  })
})

describe('settings', () => {
  /** With another setting in the metadata, which nothing authenticates. */
  const forged = (bytes: Buffer, setting: string): Buffer =>
    Buffer.from(bytes.toString().replace(/unencrypted_suffix: .*/, setting))

  test('a changed setting brings nothing to light that the other side encrypts', async () => {
    const ours = await change(base, 'a: 1', 'a: 1\nnew_secret: 5')
    const theirs = forged(await change(base, 'b: 2', 'b: 2'), 'unencrypted_regex: ^new_')
    await expect(merged({ base, ours, theirs }, 'yaml')).rejects.toMatchObject({
      message: expect.stringContaining('["new_secret"]'),
    })
  })

  test('a side with values that were changed without the key is not sealed again', async () => {
    const ours = await change(base, 'a: 1', 'a: 9')
    const theirs = Buffer.from((await change(base, 'b: 2', 'b: 9')).toString().replace(/^c: .*$/m, 'c: ""'))
    const { kind, reason } = await merged({ base, ours, theirs }, 'yaml')
    expect({ kind, reason }).toEqual({
      kind: 'apart',
      reason: expect.stringMatching(/^theirs has a MAC that does not match/),
    })
  })

  test.each(['theirs', 'ours', 'base'] as const)(
    '%s was cut off, without its metadata: it is no plaintext',
    async (side) => {
      const versions = { base, ours: await change(base, 'a: 1', 'a: 9'), theirs: await change(base, 'b: 2', 'b: 9') }
      const cut = versions[side].subarray(0, versions[side].indexOf('\n') + 1)
      const { kind, reason } = await merged({ ...versions, [side]: cut }, 'yaml')
      expect({ kind, reason }).toEqual({
        kind: 'apart',
        reason: `${side} cannot be read: it has encrypted values, but no metadata`,
      })
    },
  )

  test('both changed the setting, each in its own way', async () => {
    const own = await sealed(plain, 'yaml', { encryptedRegex: '^a' })
    const other = await sealed(plain, 'yaml', { encryptedRegex: '^b' })
    const { conflicts } = await merged({ base, ours: own, theirs: other }, 'yaml')
    expect(conflicts[0]?.keyPath).toBe('["sops"]["encrypted_regex"]')
  })
})
