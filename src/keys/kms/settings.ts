// How AWS services are reached: endpoints, attempts and trust, from the environment and the shared configuration (spec/keys.md 5.3).

import type { Context } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { readCredentialsSync } from '../../net/index.ts'
import { profileName, setting, sharedConfig } from './shared-config.ts'

type AwsService = 'kms' | 'sts'

/** All options of an SDK client, so that the SDK reads neither `process.env` nor files of its own choice. */
interface ClientSettings {
  readonly endpoint?: string
  readonly ignoreConfiguredEndpointUrls: boolean
  readonly useFipsEndpoint: boolean
  readonly useDualstackEndpoint: boolean
  readonly maxAttempts: number
  readonly retryMode: string
  readonly defaultsMode: 'standard'
  readonly authSchemePreference: string[]
  readonly userAgentAppId: () => Promise<string | undefined>
}

export const isTrue = (text: string): boolean => text.toLowerCase() === 'true'

/** `profile` is the key's own; empty for none. */
export function clientSettings(service: AwsService, profile: string, ctx: Context): ClientSettings {
  const { env } = ctx
  const section = sharedConfig(ctx).profiles.get(profileName(profile, ctx))
  const value = (variable: string, name: string): string => env[variable] || setting(section, name)
  const attempts = Number(value('AWS_MAX_ATTEMPTS', 'max_attempts'))
  const endpoint = endpointOf(service, profile, ctx)
  const appId = value('AWS_SDK_UA_APP_ID', 'sdk_ua_app_id')
  return {
    ...(endpoint === '' ? {} : { endpoint }),
    ignoreConfiguredEndpointUrls: true,
    useFipsEndpoint: isTrue(value('AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint')),
    useDualstackEndpoint: isTrue(value('AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint')),
    maxAttempts: Number.isInteger(attempts) && attempts > 0 ? attempts : 3,
    retryMode: value('AWS_RETRY_MODE', 'retry_mode').toLowerCase() === 'adaptive' ? 'adaptive' : 'standard',
    defaultsMode: 'standard',
    authSchemePreference: [],
    userAgentAppId: async () => appId || undefined,
  }
}

function endpointOf(service: AwsService, profile: string, ctx: Context): string {
  const { env } = ctx
  const { profiles, services } = sharedConfig(ctx)
  const section = profiles.get(profileName(profile, ctx))
  if (isTrue(env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] || setting(section, 'ignore_configured_endpoint_urls')))
    return ''
  const own = services.get(setting(section, 'services'))?.get(service)
  return (
    env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] ||
    env['AWS_ENDPOINT_URL'] ||
    (typeof own === 'object' ? own.get('endpoint_url') : undefined) ||
    setting(section, 'endpoint_url')
  )
}

/**
 * The certificates of `AWS_CA_BUNDLE`, which are then the only ones trusted; undefined for the platform's.
 * @throws SopsError `generic` when the file cannot be read.
 */
export function trustedCertificates(profile: string, ctx: Context): string | undefined {
  const section = sharedConfig(ctx).profiles.get(profileName(profile, ctx))
  const path = ctx.env['AWS_CA_BUNDLE'] || setting(section, 'ca_bundle')
  if (path === '') return undefined
  try {
    return readCredentialsSync(path)
  } catch (error) {
    throw new SopsError('generic', `could not load AWS config: AWS_CA_BUNDLE: ${messageOf(error)}`, { cause: error })
  }
}
