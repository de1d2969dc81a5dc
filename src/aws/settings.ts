// How AWS services are reached: endpoints, attempts and trust, from the environment and the shared configuration (spec/keys.md 5.3).

import type { Context } from '../context/index.ts'
import { memoKeys, onceEach } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { kmsTimeout, readCredentialsSync } from '../net/index.ts'
import { shownPath } from '../system/index.ts'
import { quote } from '../text/quote.ts'
import { type RetryStrategy, retryStrategy } from './retry.ts'
import {
  type ProfileSection,
  profileName,
  profileSection,
  requireProfile,
  setting,
  sharedConfig,
} from './shared-config.ts'
import { type Transport, transport } from './transport.ts'

type AwsService = 'kms' | 's3' | 'sts'

/** Which region is asked, with what of the shared configuration. */
export interface AwsPlace {
  readonly region: string
  /** The key's own profile; empty for none. */
  readonly profile: string
}

/** All options of an SDK client but its credentials, so that the SDK reads neither `process.env` nor files of its own choice. */
interface ClientSettings {
  readonly region: string
  readonly requestHandler: Transport
  readonly retryStrategy: RetryStrategy
  readonly endpoint?: string
  readonly ignoreConfiguredEndpointUrls: boolean
  readonly useFipsEndpoint: boolean
  readonly useDualstackEndpoint: boolean
  readonly maxAttempts: number
  readonly retryMode: 'standard'
  readonly defaultsMode: 'standard'
  readonly authSchemePreference: string[]
  readonly userAgentAppId: () => Promise<string | undefined>
}

export const isTrue = (text: string): boolean => text.toLowerCase() === 'true'

const refusedSetting = (name: string, wanted: string, text: string): SopsError =>
  new SopsError('generic', `could not load AWS config: ${name} must be ${wanted}, got ${quote(text)}`)

/** Reads settings of the environment, else of the profile. The functions throw SopsError `generic` for words that nobody knows. */
function reader(section: ProfileSection | undefined, { env }: Context) {
  const value = (variable: string, name: string): string => env[variable] || setting(section, name)
  const named = (variable: string, name: string): string => (env[variable] ? variable : name)
  return {
    value,
    truth(variable: string, name: string): boolean {
      const text = value(variable, name)
      if (!/^(?:true|false)?$/i.test(text)) throw refusedSetting(named(variable, name), 'true or false', text)
      return isTrue(text)
    },
    /** Undefined for none. */
    count(variable: string, name: string): number | undefined {
      const text = value(variable, name)
      if (!/^(?:[+-]?\d+)?$/.test(text)) throw refusedSetting(named(variable, name), 'a number', text)
      return text === '' ? undefined : Number(text)
    },
    word(variable: string, name: string, words: readonly string[]): string {
      const text = value(variable, name).toLowerCase()
      if (text !== '' && !words.includes(text)) throw refusedSetting(named(variable, name), words.join(' or '), text)
      return text
    },
  }
}

/** @throws SopsError `generic` for settings that cannot be used. */
export function clientSettings(service: AwsService, { region, profile }: AwsPlace, ctx: Context): ClientSettings {
  const { value, truth, count, word } = reader(profileSection(profile, ctx), ctx)
  const attempts = count('AWS_MAX_ATTEMPTS', 'max_attempts') ?? 0
  const maxAttempts = attempts > 0 ? attempts : 3
  const mode = word('AWS_RETRY_MODE', 'retry_mode', ['standard', 'adaptive', 'legacy'])
  const endpoint = endpointOf(service, profile, ctx)
  const appId = value('AWS_SDK_UA_APP_ID', 'sdk_ua_app_id')
  return {
    region,
    ...(endpoint === '' ? {} : { endpoint }),
    ignoreConfiguredEndpointUrls: true,
    useFipsEndpoint: truth('AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint'),
    useDualstackEndpoint: truth('AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint'),
    maxAttempts,
    retryMode: 'standard',
    retryStrategy: retryStrategy({ maxAttempts, limit: kmsTimeout(ctx), isAdaptive: mode === 'adaptive' }),
    defaultsMode: 'standard',
    authSchemePreference: [],
    userAgentAppId: async () => appId || undefined,
    requestHandler: transport(trustedCertificates(profile, ctx), ctx),
  }
}

/** The region of services that are not told one: the environment's, else the profile's. @throws SopsError `generic` where there is none. */
export function defaultRegion(ctx: Context): string {
  const { env } = ctx
  requireProfile(env['AWS_PROFILE'] ?? '', ctx)
  const name = profileName('', ctx)
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || setting(profileSection('', ctx), 'region')
  if (region === '')
    throw new SopsError('generic', `no AWS region: set AWS_REGION, or region in the AWS profile ${name}`)
  // It becomes part of a host name.
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(region))
    throw refusedSetting('the AWS region', 'a name', region)
  return region
}

type When = 'WHEN_SUPPORTED' | 'WHEN_REQUIRED'

interface S3Settings {
  readonly useArnRegion: boolean
  readonly disableS3ExpressSessionAuth: boolean
  readonly disableMultiregionAccessPoints: boolean
  readonly requestChecksumCalculation: When
  readonly responseChecksumValidation: When
  readonly sigv4aSigningRegionSet: string[]
}

/** Options of S3 alone. @throws SopsError `generic` for settings that cannot be used. */
export function s3Settings(ctx: Context): S3Settings {
  const { truth, word } = reader(profileSection('', ctx), ctx)
  const sums = (variable: string, name: string): When =>
    word(variable, name, ['when_supported', 'when_required']) === 'when_required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED'
  return {
    useArnRegion: truth('AWS_S3_USE_ARN_REGION', 's3_use_arn_region'),
    disableS3ExpressSessionAuth: truth('AWS_S3_DISABLE_EXPRESS_SESSION_AUTH', 's3_disable_express_session_auth'),
    disableMultiregionAccessPoints: truth(
      'AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS',
      's3_disable_multiregion_access_points',
    ),
    requestChecksumCalculation: sums('AWS_REQUEST_CHECKSUM_CALCULATION', 'request_checksum_calculation'),
    responseChecksumValidation: sums('AWS_RESPONSE_CHECKSUM_VALIDATION', 'response_checksum_validation'),
    sigv4aSigningRegionSet: [],
  }
}

/** @throws SopsError `generic` for what is no address. */
function endpointOf(service: AwsService, profile: string, ctx: Context): string {
  const { services } = sharedConfig(ctx)
  const section = profileSection(profile, ctx)
  const isIgnored = reader(section, ctx).truth('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'ignore_configured_endpoint_urls')
  if (isIgnored) return ''
  const variable = [`AWS_ENDPOINT_URL_${service.toUpperCase()}`, 'AWS_ENDPOINT_URL'].find((name) => ctx.env[name])
  const own = services.get(setting(section, 'services'))?.get(service)
  const inProfile = (typeof own === 'object' ? own.get('endpoint_url') : undefined) || setting(section, 'endpoint_url')
  const endpoint = variable === undefined ? inProfile : ctx.env[variable]!
  if (endpoint === '' || (/^https?:\/\//i.test(endpoint) && URL.canParse(endpoint))) return endpoint
  // It may hold a password.
  const name = variable ?? 'endpoint_url'
  throw new SopsError(
    'generic',
    `could not load AWS config: ${name} must be a URL that begins with https:// or http://`,
  )
}

/** By path; a pipe can be read only once. */
const bundles = memoKeys<string>('AWS certificates')

/**
 * The certificates of `AWS_CA_BUNDLE`, which are then the only ones trusted; undefined for the platform's.
 * @throws SopsError `generic` when the file cannot be read.
 */
function trustedCertificates(profile: string, ctx: Context): string | undefined {
  const section = profileSection(profile, ctx)
  const variable = ctx.env['AWS_CA_BUNDLE']
  const path = variable || setting(section, 'ca_bundle')
  if (path === '') return undefined
  try {
    const text = onceEach(ctx, bundles, path, () => readCredentialsSync(path))
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text
    throw new SopsError('generic', `${shownPath(path)} holds no certificate in PEM`)
  } catch (error) {
    const name = variable ? 'AWS_CA_BUNDLE' : 'ca_bundle'
    throw new SopsError('generic', `could not load AWS config: ${name}: ${messageOf(error)}`, { cause: error })
  }
}
