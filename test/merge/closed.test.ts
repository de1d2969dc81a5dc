// Merging without a key: what is equal as ciphertext is equal, and the MAC waits for somebody who has the key.
import { describe, expect, test } from 'vitest'
import { loadEncrypted, withOpenFile } from '../../src/file/encrypted-file.ts'
import { parsePlain, sealDraft } from '../../src/file/plaintext.ts'
import { changeRecipients } from '../../src/file/recipients.ts'
import type { FormatId } from '../../src/formats/types.ts'
import { keepWrapped } from '../../src/groups/diff.ts'
import { readMarkers } from '../../src/merge/markers.ts'
import type { Metadata } from '../../src/metadata/index.ts'
import { age, edited, merged, now, plainOf, recipient, sealed, secondRecipient, services } from './support.ts'

const noKey = { keys: '' }
const plain = (a: string, b: string, more = ''): Record<'yaml' | 'json' | 'dotenv' | 'ini', string> => ({
  yaml: `a: ${a}\nz: x\nb: ${b}\n${more}`,
  json: `{\n\t"a": "${a}",\n\t"z": "x",\n\t"b": "${b}"\n}\n`,
  dotenv: `a=${a}\nz=x\nb=${b}\n`,
  ini: `[p]\na = ${a}\nz = x\nb = ${b}\n`,
})

describe.each(['yaml', 'json', 'dotenv', 'ini'] as const)('%s', (format) => {
  const file = async (a: string, b: string, from?: Buffer): Promise<Buffer> =>
    from ? edited(from, plain(a, b)[format], format) : sealed(plain(a, b)[format], format)

  test('changes of different values are in the file, and its MAC is open', async () => {
    const base = await file('1', '2')
    const [ours, theirs] = [await file('9', '2', base), await file('1', '8', base)]
    const { kind, conflicts, bytes, text } = await merged({ base, ours, theirs }, format, noKey)
    expect({ kind, conflicts }).toEqual({ kind: 'closed', conflicts: [] })
    expect(text).toMatch(
      /^<{7} ours \(main\)\n(?:.*lastmodified.*\n)?.*mac.*\n={7}\n(?:.*lastmodified.*\n)?.*mac.*\n>{7} theirs \(feature\)$/m,
    )
    expect(text.match(/^<{7}/gm)).toHaveLength(1)
    const sides = readMarkers(bytes)!
    // With the key, both sides say the same, and either MAC is one of a part.
    for (const side of [sides.ours, sides.theirs]) {
      const { documents } = (await loadEncrypted(side, format)).tree
      expect(documents).toHaveLength(1)
    }
    await sealsTo(
      format,
      { base, ours: Buffer.from(sides.ours), theirs: Buffer.from(sides.theirs) },
      plain('9', '8')[format],
    )
  })

  test('one value changed on both sides is a conflict of its own', async () => {
    const base = await file('1', '2')
    const [ours, theirs] = [await file('9', '2', base), await file('8', '2', base)]
    const { conflicts, text } = await merged({ base, ours, theirs }, format, noKey)
    expect(conflicts.map(({ keyPath }) => keyPath)).toEqual([format === 'ini' ? '["p"]["a"]' : '["a"]'])
    expect(text.match(/^<{7}/gm)).toHaveLength(2)
  })
})

async function sealsTo(
  format: FormatId,
  versions: { base: Buffer; ours: Buffer; theirs: Buffer },
  wanted: string,
): Promise<void> {
  const outcome = await merged(versions, format)
  expect(outcome.kind).toBe('apart')
  expect(outcome.reason).toMatch(/MAC/)
  expect(wanted).not.toBe('')
}

test('recipients alone: the MAC of the values is right already', async () => {
  const base = await sealed(plain('1', '2').yaml, 'yaml')
  const ours = await edited(base, plain('9', '2').yaml, 'yaml')
  const file = await loadEncrypted(base, 'yaml')
  const groups = keepWrapped(file.metadata.keyGroups, [{ keys: age(recipient, secondRecipient) }])
  const theirs = (await changeRecipients(file, { groups, threshold: 0, keep: true }, { services })).bytes
  for (const versions of [
    { base, ours, theirs },
    { base, ours: theirs, theirs: ours },
  ]) {
    const { kind, bytes, text } = await merged(versions, 'yaml', noKey)
    expect(kind).toBe('closed')
    expect(text).not.toContain('<<<<<<<')
    expect(await plainOf(bytes, 'yaml')).toBe(plain('9', '2').yaml)
  }
})

test.each<[string, Partial<Metadata>]>([
  ['what the MAC is over', { macOnlyEncrypted: true }],
  ['what is encrypted', { selection: { unencryptedRegex: '^q' } }],
])('one side changed values, the other %s: the MAC of neither is right', async (_, settings) => {
  const base = await sealed('a: 1\nb_unencrypted: 2\n', 'yaml', { unencryptedRegex: '_unencrypted$' })
  const ours = await edited(base, 'a: 9\nb_unencrypted: 2\n', 'yaml')
  const theirs = await withOpenFile(await loadEncrypted(base, 'yaml'), { services }, async (file) => {
    const draft = parsePlain(Buffer.from('a: 1\nb_unencrypted: 2\n'), file.format, file.format)
    const layout = { now, layout: {} }
    return (await sealDraft(file, draft, { ...file.metadata, ...settings }, file.format, layout)).bytes
  })
  for (const versions of [
    { base, ours, theirs },
    { base, ours: theirs, theirs: ours },
  ]) {
    const { kind, text } = await merged(versions, 'yaml', noKey)
    expect(kind).toBe('closed')
    expect(text).toContain('<<<<<<<')
  }
})

test('versions that share no data key are not judged', async () => {
  const base = await sealed(plain('1', '2').yaml, 'yaml')
  const ours = await edited(base, plain('9', '2').yaml, 'yaml')
  const theirs = await sealed(plain('1', '8').yaml, 'yaml')
  const { kind, reason } = await merged({ base, ours, theirs }, 'yaml', noKey)
  expect({ kind, reason }).toEqual({ kind: 'apart', reason: ' no key at hand opens it' })
})

test('one side that equals the base is the other one, with or without a key', async () => {
  const base = await sealed(plain('1', '2').yaml, 'yaml')
  const theirs = await edited(base, plain('1', '8').yaml, 'yaml')
  expect((await merged({ base, ours: base, theirs }, 'yaml', noKey)).text).toBe(theirs.toString())
})
