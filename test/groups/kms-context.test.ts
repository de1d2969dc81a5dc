import { afterEach, expect, test } from 'vitest'
import { localKeyService } from '../../src/groups/data-key.ts'
import { recoverWithRepair, repairContextCandidates } from '../../src/groups/kms-context.ts'
import { keyTypes } from '../../src/keys/key-types.ts'
import type { KeyGroup, MasterKey, StringMap } from '../../src/keys/types.ts'
import type { Metadata } from '../../src/metadata/metadata.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { type AwsEmulator, awsDefaults, startAws } from '../support/emulators/aws.ts'

const arn = 'arn:aws:kms:eu-west-2:1:key/a'
const kmsKey = (context: StringMap, enc = ''): MasterKey => ({
  type: 'kms',
  fields: { arn, role: '', context, aws_profile: '' },
  createdAt: '2017-01-01T00:00:00Z',
  enc,
})
const ageKey: MasterKey = { type: 'age', fields: { recipient: 'age1x' }, enc: '' }

const metadata = (keyGroups: readonly KeyGroup[], version: string): Metadata => ({
  keyGroups,
  shamirThreshold: 0,
  lastModified: '2017-01-01T00:00:00Z',
  mac: '',
  version,
  macOnlyEncrypted: false,
  selection: {},
})

const contexts = (candidates: readonly (readonly KeyGroup[])[]): unknown[] =>
  candidates.map((groups) => groups.map(({ keys }) => keys.map(({ fields }) => fields.context)))

test.each([
  ['3.3.0', { a: '1', b: '2' }, []],
  ['3.2.9', { a: '1', b: '1' }, []],
  ['3.2.9', { a: '1' }, []],
  [
    '1.16',
    { a: '1', b: '2' },
    [
      { a: '1', b: '1' },
      { a: '2', b: '2' },
    ],
  ],
  [
    'v3.0.0',
    { a: '1', b: '2', c: '1' },
    [
      { a: '1', b: '1', c: '1' },
      { a: '2', b: '2', c: '2' },
    ],
  ],
  [
    '3.3.0-beta',
    { a: '1', b: '2' },
    [
      { a: '1', b: '1' },
      { a: '2', b: '2' },
    ],
  ],
])('candidates of version %s with %j', (version, context, expected) => {
  const found = repairContextCandidates(metadata([{ keys: [ageKey, kmsKey(context)] }], version))
  expect(contexts(found)).toEqual(expected.map((one) => [[undefined, one]]))
})

test('each value goes to the keys that hold it, in all groups; other keys stay', () => {
  const groups = [{ keys: [kmsKey({ a: '1', b: '2' }), kmsKey({ x: '9' })] }, { keys: [kmsKey({ a: '2', b: '3' })] }]
  expect(contexts(repairContextCandidates(metadata(groups, '2.0.0')))).toEqual([
    [[{ a: '1', b: '1' }, { x: '9' }], [{ a: '2', b: '3' }]],
    [[{ a: '2', b: '2' }, { x: '9' }], [{ a: '2', b: '2' }]],
    [[{ a: '1', b: '2' }, { x: '9' }], [{ a: '3', b: '3' }]],
  ])
})

let server: AwsEmulator | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const dataKey = new Uint8Array(32).fill(7)

async function wrappedUnder(context: StringMap): Promise<{ enc: string; ctx: FakeContext }> {
  server = await startAws({ keys: { [arn]: 'enabled' } })
  const ctx = fakeContext({ env: { ...awsDefaults, AWS_ENDPOINT_URL: server.url } })
  return { enc: await keyTypes.kms!.wrap(kmsKey(context), dataKey, ctx), ctx }
}

const recover = (context: StringMap, enc: string, version: string, ctx: FakeContext): Promise<Uint8Array> =>
  recoverWithRepair(metadata([{ keys: [kmsKey(context, enc)] }], version), [localKeyService(ctx)], { log: ctx.log })

test('a key that was wrapped under one of the values is recovered, and said', async () => {
  const { enc, ctx } = await wrappedUnder({ env: 'a', app: 'a' })
  expect(await recover({ env: 'b', app: 'a' }, enc, '3.2.0', ctx)).toEqual(dataKey)
  expect(ctx.notable).toEqual([expect.objectContaining({ level: 'advice', logger: 'AWSKMS' })])
})

test('the stored context comes first, silently', async () => {
  const { enc, ctx } = await wrappedUnder({ env: 'b', app: 'a' })
  expect(await recover({ env: 'b', app: 'a' }, enc, '3.2.0', ctx)).toEqual(dataKey)
  expect(ctx.notable).toEqual([])
  expect(server!.requests).toHaveLength(2)
})

test('newer files, and files that no value fits, fail as they are', async () => {
  const { enc, ctx } = await wrappedUnder({ env: 'a', app: 'a' })
  await expect(recover({ env: 'b', app: 'a' }, enc, '3.3.0', ctx)).rejects.toMatchObject({ code: 'no-data-key' })
  await expect(recover({ env: 'b', app: 'c' }, enc, '3.2.0', ctx)).rejects.toMatchObject({ code: 'no-data-key' })
  expect(ctx.notable).toEqual([])
})
