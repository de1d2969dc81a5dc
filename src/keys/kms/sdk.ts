// The packages of the AWS SDK, loaded quietly.
import type * as Kms from '@aws-sdk/client-kms'
import type * as Sts from '@aws-sdk/client-sts'
import type * as Providers from '@aws-sdk/credential-providers'
import { loadOptional } from '../../net/index.ts'
import { silenceUpgradeNotice } from '../aws-notice.ts'

/** @throws SopsError `missing-dependency`, as the others. */
export const loadKms = (): Promise<typeof Kms> => quietly('@aws-sdk/client-kms', () => import('@aws-sdk/client-kms'))

export const loadSts = (): Promise<typeof Sts> => quietly('@aws-sdk/client-sts', () => import('@aws-sdk/client-sts'))

export const loadProviders = (): Promise<typeof Providers> =>
  quietly('@aws-sdk/credential-providers', () => import('@aws-sdk/credential-providers'))

async function quietly<T>(name: string, load: () => Promise<T>): Promise<T> {
  const sdk = await loadOptional(name, load)
  await silenceUpgradeNotice()
  return sdk
}
