// The part of the AWS SDK that knows logins, loaded quietly. KMS and STS are asked without it: it takes longer to load than a whole run.
import type * as Providers from '@aws-sdk/credential-providers'
import { silenceUpgradeNotice } from '../aws-notice.ts'
import { loadOptional } from '../optional.ts'

/** @throws SopsError `missing-dependency`. */
export async function loadProviders(): Promise<typeof Providers> {
  const sdk = await loadOptional('@aws-sdk/credential-providers', () => import('@aws-sdk/credential-providers'))
  await silenceUpgradeNotice()
  return sdk
}
