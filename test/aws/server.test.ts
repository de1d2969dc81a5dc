// What a server of AWS must do for the program, by the emulators; or by the server that SOPS_TEST_AWS names (scripts/real-servers/aws.sh).
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kms } from '../../src/keys/kms.ts'
import { uploadToS3 } from '../../src/publish/s3.ts'
import { dataKey, file, keyOf, arn as ownArn, role } from '../keys/kms-support.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { awsDefaults, startAws } from '../support/emulators/aws.ts'
import { startS3 } from '../support/emulators/s3.ts'

const region = 'eu-west-2'
const bucket = 'sops-test-bucket'

interface Place {
  /** Of KMS and STS. */
  readonly url: string
  readonly s3: string
  readonly arn: string
  /** What an object holds. */
  read(key: string): Promise<string | undefined>
  close(): Promise<unknown>
}

async function emulated(): Promise<Place> {
  const [aws, s3] = [await startAws({ keys: { [ownArn]: 'enabled' }, roles: [role] }), await startS3()]
  return {
    url: aws.url,
    s3: s3.address,
    arn: ownArn,
    read: async (key) => s3.objects.get(`${bucket}/${key}`)?.toString(),
    close: () => Promise.all([aws.close(), s3.close()]),
  }
}

async function real(url: string): Promise<Place> {
  const credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: awsDefaults.AWS_SECRET_ACCESS_KEY }
  const options = { endpoint: url, region, credentials }
  const { KeyMetadata } = await new KMSClient(options).send(new CreateKeyCommand({}))
  const s3 = new S3Client({ ...options, forcePathStyle: true })
  await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: region } }))
  return {
    url,
    s3: url,
    arn: KeyMetadata!.Arn!,
    read: async (key) => (await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))).Body?.transformToString(),
    close: async () => {},
  }
}

let place: Place
beforeAll(async () => {
  const url = process.env.SOPS_TEST_AWS
  console.info(url ? `against ${url}` : 'against the emulators: SOPS_TEST_AWS names no server')
  place = url ? await real(url) : await emulated()
})
afterAll(() => place.close())

const contextWith = (env: Record<string, string | undefined> = {}): FakeContext =>
  fakeContext({
    env: {
      ...awsDefaults,
      AWS_REGION: region,
      AWS_ENDPOINT_URL: place.url,
      AWS_ENDPOINT_URL_S3: place.s3,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
    now: new Date(),
  })

test('a data key, with its encryption context and no other', async () => {
  const fields = { arn: place.arn, context: { env: 'prod' } }
  const enc = await kms.wrap(keyOf(fields), dataKey, contextWith())
  expect(await kms.unwrap(keyOf(fields, enc), contextWith())).toEqual(dataKey)
  await expect(kms.unwrap(keyOf({ arn: place.arn }, enc), contextWith())).rejects.toThrow(
    /InvalidCiphertextException.*: the encryption context is not the one it was encrypted with \(the file has none\)/,
  )
})

test('a role, and a web identity', async () => {
  // Of the key's own account, in which servers look for it.
  const own = role.replace(/\d{12}/, place.arn.split(':')[4]!)
  const enc = await kms.wrap(keyOf({ arn: place.arn, role: own }), dataKey, contextWith())
  const identity = {
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_WEB_IDENTITY_TOKEN_FILE: file('a.b.c\n'),
    AWS_ROLE_ARN: own,
  }
  expect(await kms.unwrap(keyOf({ arn: place.arn }, enc), contextWith(identity))).toEqual(dataKey)
})

test('a key that is not there', async () => {
  const arn = place.arn.replace(/key\/.*/, 'key/00000000-0000-0000-0000-000000000000')
  await expect(kms.wrap(keyOf({ arn }), dataKey, contextWith())).rejects.toThrow(/NotFoundException: .*\(status 400/)
})

test('an object, whatever is in its name', async () => {
  for (const key of ['p/f.yaml', 'p/ä & +.yaml']) {
    await uploadToS3(bucket, key, Buffer.from(`name: ${key}\n`), contextWith())
    expect(await place.read(key)).toBe(`name: ${key}\n`)
  }
})
