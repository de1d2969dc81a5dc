// One KMS client for a region, profile and role, with its credentials.

import type { KMSClient } from '@aws-sdk/client-kms'
import {
  assumeRole,
  type CredentialSource,
  clientSettings,
  credentialSource,
  describeFailure,
  type KmsSdk,
  loadKms,
  nameHosts,
  type Provider,
  remembered,
  requireProfile,
  sessionName,
  sharedConfig,
} from '../../aws/index.ts'
import type { Context } from '../../context/index.ts'
import { memoKeys, onceEach } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import type { MasterKey } from '../types.ts'
import { regionOf } from './arn.ts'

export interface AwsClient extends CredentialSource {
  readonly sdk: KmsSdk
  readonly client: KMSClient
  /** Assumed first; empty for none. */
  readonly role: string
}

const text = (key: MasterKey, name: string): string => {
  const value = key.fields[name]
  return typeof value === 'string' ? value : ''
}

const clients = memoKeys<Promise<AwsClient>>('AWS KMS clients')
const missingTold = memoKeys<void>('missing AWS profiles')

/**
 * With `isOptional`, a profile that is missing here counts as none: its name comes from the file, and so from somebody else's machine.
 * @throws SopsError `generic`.
 */
export async function kmsClient(key: MasterKey, isOptional: boolean, ctx: Context): Promise<AwsClient> {
  const region = regionOf(text(key, 'arn'))
  const role = text(key, 'role')
  const profile = presentProfile(text(key, 'aws_profile'), isOptional, ctx)
  return onceEach(ctx, clients, JSON.stringify([region, role, profile]), async () => {
    const sdk = await loadKms()
    const place = { region, profile }
    const source = credentialSource(place, ctx)
    const provider = role === '' ? source.provider : withRole(role, source.provider, region, profile, ctx)
    const client = new sdk.KMSClient({
      ...clientSettings('kms', place, ctx),
      credentials: provider,
    })
    nameHosts(client)
    return { sdk, client, role, provider, isInteractive: source.isInteractive }
  })
}

function presentProfile(profile: string, isOptional: boolean, ctx: Context): string {
  if (profile === '' || sharedConfig(ctx).profiles.has(profile)) return profile
  if (!isOptional) requireProfile(profile, ctx)
  onceEach(ctx, missingTold, profile, () => {
    const message = 'The AWS profile named in the file does not exist here, using the default credentials'
    ctx.log({ level: 'advice', logger: 'AWSKMS', message, fields: { profile } })
  })
  return ''
}

function withRole(role: string, base: Provider, region: string, profile: string, ctx: Context): Provider {
  return remembered(async () => {
    try {
      const input = { RoleArn: role, RoleSessionName: sessionName() }
      return await assumeRole({ kind: 'role', credentials: await base(), input }, { region, profile }, ctx)
    } catch (error) {
      if (error instanceof SopsError && error.code === 'missing-dependency') throw error
      throw new SopsError('generic', `failed to assume role '${role}': ${describeFailure(error, ctx)}`)
    }
  }, ctx)
}
