// The part of the AWS SDK that knows logins, loaded quietly. KMS and STS are asked without it: it takes longer to load than a whole run.
import type * as Providers from '@aws-sdk/credential-providers'
import { loadOptional } from '../optional.ts'

/** @throws SopsError `missing-dependency`. */
export async function loadProviders(): Promise<typeof Providers> {
  const sdk = await loadOptional('@aws-sdk/credential-providers', () => import('@aws-sdk/credential-providers'))
  await silenceUpgradeNotice()
  return sdk
}

/** On Node 20 the SDK would print a reminder to upgrade; users of a command line can do nothing about it in the middle of a pipe. */
export async function silenceUpgradeNotice(): Promise<void> {
  try {
    const { state } = (await import('@aws-sdk/core/client')) as { state?: { warningEmitted: boolean } }
    if (state !== undefined) state.warningEmitted = true
  } catch {
    // Another layout of the SDK only means that the notice is shown.
  }
}
