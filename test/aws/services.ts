// One request of each service, as the program makes it, for tests that take something through all of them.

import { kms } from '../../src/keys/kms.ts'
import { uploadToS3 } from '../../src/publish/s3.ts'
import { dataKey, file, keyOf, role } from '../keys/kms-support.ts'
import type { FakeContext } from '../support/context.ts'

export type ServiceName = 'kms' | 'sts' | 's3'
export const services: readonly ServiceName[] = ['kms', 'sts', 's3']

/** That of KMS is signed with given credentials, that of STS is before one of KMS. @throws what the program says. */
export const use: Readonly<Record<ServiceName, (ctx: FakeContext) => Promise<unknown>>> = {
  kms: (ctx) => kms.wrap(keyOf(), dataKey, ctx),
  sts: (ctx) => kms.wrap(keyOf({ role }), dataKey, ctx),
  s3: (ctx) => uploadToS3('bucket', 'f.yaml', Buffer.from('a: 1\n'), ctx),
}

/** A file for each of the variables that name one. */
export const shared = (config: string, credentials = ''): Record<string, string> => ({
  AWS_CONFIG_FILE: file(config),
  AWS_SHARED_CREDENTIALS_FILE: file(credentials),
})
