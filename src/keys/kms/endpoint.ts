// Where an AWS service of a region is: as the environment or the shared configuration says, else in the region's own domain.
import type { Context } from '../../context.ts'
import { quote } from '../../core/quote.ts'
import { SopsError } from '../../errors.ts'
import { profileName, type Section, setting, sharedConfig } from './shared-config.ts'

export type Service = 'kms' | 'sts'

/** Regions with a domain of their own, by the beginning of their names: the domain, and the one that also has IPv6 addresses. */
const domains: readonly (readonly [start: string, domain: string, dual: string])[] = [
  ['cn-', 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
  ['eusc-', 'amazonaws.eu', 'api.amazonwebservices.eu'],
  ['us-isob-', 'sc2s.sgov.gov', 'api.aws.scloud'],
  ['us-isof-', 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
  ['us-iso-', 'c2s.ic.gov', 'api.aws.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
  ['', 'amazonaws.com', 'api.aws'],
]

const isTrue = (text: string): boolean => text.toLowerCase() === 'true'

/**
 * `profile` is the key's own; empty for none.
 * @throws SopsError `generic` for a region that is no part of a host name, and for a configured endpoint that is no URL.
 */
export function endpointOf(service: Service, region: string, profile: string, ctx: Context): URL {
  const { env } = ctx
  const section = sharedConfig(ctx).profiles.get(profileName(profile, ctx))
  const own = configured(service, section, ctx)
  if (own !== '') {
    const url = URL.canParse(own) ? new URL(own) : undefined
    if (url?.protocol === 'https:' || url?.protocol === 'http:') return bare(url)
    throw new SopsError('generic', `the endpoint that is configured for ${service} is no URL: ${quote(own)}`)
  }
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(region)) {
    throw new SopsError('generic', `no region of AWS: ${quote(region)}`)
  }
  const asks = (variable: string, name: string): boolean => isTrue(env[variable] || setting(section, name))
  const isFips = asks('AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint')
  const isDual = asks('AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint')
  const [, domain, dual] = domains.find(([start]) => region.startsWith(start))!
  // The government's STS is one that has no second name.
  const isOneName = service === 'sts' && region.startsWith('us-gov-') && !isDual
  const host = isFips && !isOneName ? `${service}-fips` : service
  return new URL(`https://${host}.${region}.${isDual ? dual : domain}/`)
}

/** Signing leaves no room for a query. */
function bare(url: URL): URL {
  url.search = ''
  url.hash = ''
  return url
}

function configured(service: Service, section: Section | undefined, ctx: Context): string {
  const { env } = ctx
  if (isTrue(env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] || setting(section, 'ignore_configured_endpoint_urls')))
    return ''
  const own = sharedConfig(ctx).services.get(setting(section, 'services'))?.get(service)
  return (
    env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] ||
    env['AWS_ENDPOINT_URL'] ||
    (typeof own === 'object' ? own.get('endpoint_url') : undefined) ||
    setting(section, 'endpoint_url')
  )
}
