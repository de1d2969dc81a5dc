// Uploads to an S3 bucket, with the settings and credentials of the AWS SDK's default chain (spec/keys.md 12).
import { silenceUpgradeNotice } from '../keys/index.ts'
import { loadForPublishing } from './package.ts'

/** @throws whatever the SDK throws; SopsError `missing-dependency` without the SDK. */
export async function uploadToS3(bucket: string, key: string, bytes: Uint8Array): Promise<void> {
  const { S3Client, PutObjectCommand } = await loadForPublishing(
    '@aws-sdk/client-s3',
    () => import('@aws-sdk/client-s3'),
  )
  await silenceUpgradeNotice()
  const client = new S3Client({})
  try {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }))
  } finally {
    client.destroy()
  }
}
