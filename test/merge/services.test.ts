// What a merge asks of key services: once for a data key that the versions share, and nothing of what a side has wrapped already.
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import { encrypt } from '../../src/file/bytes.ts'
import { emitPlain, loadEncrypted, withOpenFile } from '../../src/file/encrypted-file.ts'
import { parsePlain, sealDraft } from '../../src/file/plaintext.ts'
import { changeRecipients } from '../../src/file/recipients.ts'
import { type KeyService, localKeyService, newDataKey, wrapDataKey } from '../../src/groups/data-key.ts'
import { keepWrapped } from '../../src/groups/diff.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { withMerge } from '../../src/merge/merge.ts'
import { fakeContext } from '../support/context.ts'
import { type AwsEmulator, awsDefaults, startAws } from '../support/emulators/aws.ts'
import { closeGpgHome, gpgHome, hasGpg } from '../support/gpg.ts'
import { now } from './support.ts'

const plain = 'a: 1\nb: 2\n'

/** Files of other recipients than age, as people change them. */
interface Bench {
  readonly services: readonly KeyService[]
  readonly seal: (recipients: object) => Promise<Buffer>
  readonly edit: (bytes: Uint8Array, from: string, to: string, rotate?: boolean) => Promise<Buffer>
  readonly add: (bytes: Uint8Array, keys: readonly MasterKey[]) => Promise<Buffer>
  readonly keysOf: (bytes: Uint8Array) => Promise<readonly MasterKey[]>
  readonly merge: (
    base: Uint8Array,
    ours: Uint8Array,
    theirs: Uint8Array,
    using?: readonly KeyService[],
  ) => Promise<Buffer>
  readonly plainOf: (bytes: Uint8Array) => Promise<string>
}

function benchOf(env: Record<string, string>): Bench {
  const context = fakeContext({ env, cwd: tmpdir() })
  const services = [localKeyService(context)]
  const keysOf: Bench['keysOf'] = async (bytes) =>
    (await loadEncrypted(bytes, 'yaml')).metadata.keyGroups.flatMap(({ keys }) => keys)
  return {
    services,
    keysOf,
    seal: async (recipients) => Buffer.from(await encrypt(plain, { format: 'yaml', recipients, context })),
    edit: async (bytes, from, to, rotate = false) =>
      withOpenFile(await loadEncrypted(bytes, 'yaml'), { services }, async (file) => {
        const text = Buffer.from(await emitPlain(file, 'yaml', {}))
          .toString()
          .replace(from, to)
        const draft = parsePlain(Buffer.from(text), file.format, file.format, { earlier: file.plain })
        const dataKey = rotate ? newDataKey() : file.dataKey
        const groups = rotate
          ? (await wrapDataKey(dataKey, file.metadata.keyGroups, 0, services)).groups
          : file.metadata.keyGroups
        const metadata = { ...file.metadata, keyGroups: groups }
        const sealed = await sealDraft({ ...file, dataKey }, draft, metadata, file.format, { now, layout: {} })
        return Buffer.from(sealed.bytes)
      }),
    add: async (bytes, keys) => {
      const file = await loadEncrypted(bytes, 'yaml')
      const wanted = [{ keys: [...(await keysOf(bytes)), ...keys.map((key) => ({ ...key, enc: '' }))] }]
      const groups = keepWrapped(file.metadata.keyGroups, wanted)
      return Buffer.from((await changeRecipients(file, { groups, threshold: 0, keep: true }, { services })).bytes)
    },
    merge: async (base, ours, theirs, using = services) =>
      withMerge({ base, ours, theirs }, { open: { services: using }, format: 'yaml', now }, async (merge) => {
        if (merge.kind !== 'open') throw new Error(merge.kind)
        expect(merge.conflicts).toEqual([])
        return Buffer.from(await merge.seal())
      }),
    plainOf: async (bytes) =>
      withOpenFile(await loadEncrypted(bytes, 'yaml'), { services }, async (file) =>
        Buffer.from(await emitPlain(file, 'yaml', {})).toString(),
      ),
  }
}

describe('AWS KMS', () => {
  const [first, second] = ['one', 'two'].map((name) => `arn:aws:kms:eu-west-2:111122223333:key/${name}`)
  let aws: AwsEmulator
  let bench: Bench
  let base: Buffer
  let other: readonly MasterKey[]
  beforeAll(async () => {
    aws = await startAws({ keys: { [first!]: 'enabled', [second!]: 'enabled' } })
    bench = benchOf({ ...awsDefaults, AWS_ENDPOINT_URL: aws.url })
    base = await bench.seal({ kms: first })
    other = await bench.keysOf(await bench.seal({ kms: second }))
  })
  afterAll(() => aws.close())

  const asked = (): Readonly<Record<string, number>> => {
    const counts: Record<string, number> = {}
    for (const { action } of aws.requests.splice(0)) counts[action] = (counts[action] ?? 0) + 1
    return counts
  }

  test('a shared data key is one call, and who was added is not wrapped for again', async () => {
    const ours = await bench.edit(base, 'a: 1', 'a: 9')
    const theirs = await bench.add(await bench.edit(base, 'b: 2', 'b: 8'), other)
    asked()
    const bytes = await bench.merge(base, ours, theirs)
    expect(asked()).toEqual({ Decrypt: 1 })
    expect(await bench.keysOf(bytes)).toHaveLength(2)
    expect(await bench.plainOf(bytes)).toBe('a: 9\nb: 8\n')
  })

  test('a side that was rotated is another call, and who is new on the other is wrapped for', async () => {
    const ours = await bench.add(await bench.edit(base, 'a: 1', 'a: 9'), other)
    const theirs = await bench.edit(base, 'b: 2', 'b: 8', true)
    asked()
    const bytes = await bench.merge(base, ours, theirs)
    expect(asked()).toEqual({ Decrypt: 2, Encrypt: 1 })
    const enc = new Set((await bench.keysOf(theirs)).map((key) => key.enc))
    const keys = await bench.keysOf(bytes)
    expect(keys.map((key) => enc.has(key.enc))).toEqual([true, false])
    for (const key of keys) {
      const alone = bytes
        .toString()
        .replace(keys.find((one) => one !== key)!.enc, Buffer.from('nothing').toString('base64'))
      expect(await bench.plainOf(Buffer.from(alone))).toBe('a: 9\nb: 8\n')
    }
  })

  test('a service that refuses to wrap leaves the file unmerged', async () => {
    const ours = await bench.add(await bench.edit(base, 'a: 1', 'a: 9'), other)
    const theirs = await bench.edit(base, 'b: 2', 'b: 8', true)
    const refusing = bench.services.map(
      (service): KeyService => ({ ...service, wrap: () => Promise.reject(new SopsError('generic', 'denied')) }),
    )
    await expect(bench.merge(base, ours, theirs, refusing)).rejects.toMatchObject({
      message: expect.stringMatching(`${second}.*denied`),
    })
  })
})

describe.skipIf(!hasGpg)('PGP (skipped where there is no gpg)', () => {
  afterAll(closeGpgHome)

  test('recipients of both sides open the result', async () => {
    const home = gpgHome()
    const listed = spawnSync('gpg', ['--homedir', home, '--list-secret-keys', '--with-colons'], {
      encoding: 'utf8',
    }).stdout
    const [one, two] = [...listed.matchAll(/^sec:.*\n(?:.*\n)*?fpr:+([0-9A-F]{40})/gm)].map((found) => found[1]!)
    const bench = benchOf({ GNUPGHOME: home, PATH: process.env.PATH ?? '' })
    const base = await bench.seal({ pgp: one })
    const other = await bench.keysOf(await bench.seal({ pgp: two }))
    const ours = await bench.add(await bench.edit(base, 'a: 1', 'a: 9'), other)
    for (const rotate of [false, true]) {
      const bytes = await bench.merge(base, ours, await bench.edit(base, 'b: 2', 'b: 8', rotate))
      const keys = await bench.keysOf(bytes)
      expect(keys).toHaveLength(2)
      for (const key of keys) {
        const [part] = await Promise.all(bench.services.map((service) => service.unwrap(key, {})))
        expect(part).toBeInstanceOf(Uint8Array)
      }
      expect(await bench.plainOf(bytes)).toBe('a: 9\nb: 8\n')
    }
  }, 60_000)
})
