// Which names of buckets and objects are accepted from `.sops.yaml`: they become parts of hosts and paths.

import { SopsError } from '../errors.ts'
import { quote } from '../text/quote.ts'

const bucketName = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?$/
/** An S3 access point: partition, region and account, then its name. */
const accessPoint = /^arn:aws[a-z-]*:s3[a-z-]*:[a-z0-9-]*:[0-9]*:[A-Za-z][A-Za-z0-9.:/_-]*$/

/** @throws SopsError `generic` for names that could lead to another host, bucket or object. */
export function checkObject(bucket: string, name: string): void {
  if (bucket.includes('..') || !(bucketName.test(bucket) || accessPoint.test(bucket))) {
    throw new SopsError(
      'generic',
      `the bucket ${quote(bucket)} is refused: it is neither a bucket's name nor an access point`,
    )
  }
  if (/\p{Cc}/u.test(name) || name.split('/').some((part) => part === '.' || part === '..')) {
    throw new SopsError(
      'generic',
      `the object ${quote(name)} is refused: no part of it may be "." or "..", or hold a control character`,
    )
  }
}
