// The packages of the AWS SDK, each loaded quietly when it is needed.
import { loadOptional } from '../net/index.ts'
import { silenceUpgradeNotice } from './notice.ts'

export type KmsSdk = typeof import('./sdk/kms.ts')

/** @throws SopsError `missing-dependency`, as the others. */
export const loadKms = (): Promise<KmsSdk> => quietly('@aws-sdk/client-kms', () => import('./sdk/kms.ts'))

export const loadSts = (): Promise<typeof import('./sdk/sts.ts')> =>
  quietly('@aws-sdk/client-sts', () => import('./sdk/sts.ts'))

export const loadS3 = (): Promise<typeof import('./sdk/s3.ts')> =>
  quietly('@aws-sdk/client-s3', () => import('./sdk/s3.ts'))

export const loadProviders = (): Promise<typeof import('./sdk/providers.ts')> =>
  quietly('@aws-sdk/credential-providers', () => import('./sdk/providers.ts'))

async function quietly<T>(name: string, load: () => Promise<T>): Promise<T> {
  const sdk = await loadOptional(name, load)
  await silenceUpgradeNotice()
  return sdk
}
