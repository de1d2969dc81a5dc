// Upload to an S3 bucket, with the settings and credentials of the AWS SDK's default chain (spec/keys.md 12).
import { loadPackage } from '../keys/optional.ts'
import { loadPublishPackage } from './package.ts'

const sdk = '@aws-sdk/client-s3'

/** @throws whatever the SDK throws; SopsError `missing-dependency` without the SDK. */
export async function uploadToS3(bucket: string, key: string, bytes: Uint8Array): Promise<void> {
  const { S3Client, PutObjectCommand } = loadPublishPackage<typeof import('@aws-sdk/client-s3')>(sdk)
  silenceUpgradeNotice()
  const client = new S3Client({})
  try {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }))
  } finally {
    client.destroy()
  }
}

/** On Node 20 the SDK would print a reminder to upgrade among our own messages. */
function silenceUpgradeNotice(): void {
  try {
    const { state } = loadPackage<{ state?: { warningEmitted: boolean } }>('@aws-sdk/core/client', sdk)
    if (state !== undefined) state.warningEmitted = true
  } catch {
    // Another layout of the SDK only means that the notice is shown.
  }
}
