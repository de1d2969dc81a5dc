// What is used of the SDK's client for S3.
export { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
