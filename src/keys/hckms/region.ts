// Where the services of a HuaweiCloud region answer (spec/keys.md 9).

import { join } from 'node:path'
import type { Context } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { isLoopback, readCredentials } from '../../net/index.ts'
import { quote } from '../../text/quote.ts'

const series = (area: string, ...numbers: readonly number[]): string[] => numbers.map((n) => `${area}-${n}`)

const knownRegions = new Set([
  ...series('cn-north', 1, 2, 4, 9, 11, 12),
  ...series('cn-east', 2, 3, 4, 5),
  ...series('cn-south', 1, 2, 4),
  ...series('cn-southwest', 2, 3),
  ...series('ap-southeast', 1, 2, 3, 4, 5),
  ...['af-south-1', 'af-north-1', 'la-south-2', 'la-north-2', 'sa-brazil-1', 'na-mexico-1', 'tr-west-1', 'ae-ad-1'],
  ...['my-kualalumpur-1', 'ru-moscow-1', 'me-east-1', 'eu-west-101'],
])

/**
 * Comes before any search for credentials: the region becomes part of the names of hosts and variables.
 * @throws SopsError `generic`.
 */
export function checkRegion(region: string): void {
  if (/^[A-Za-z0-9-]{1,63}$/.test(region)) return
  throw new SopsError('generic', `invalid region ${quote(region)}: only letters, digits and hyphens make one`)
}

const hostOf = (service: string, region: string): string =>
  `https://${service}.${region}.myhuaweicloud.${region === 'eu-west-101' ? 'eu' : 'com'}`

/**
 * Endpoints of a region's KMS in the order in which they are tried: from the environment, a file of regions, or the table.
 * @throws SopsError `generic` for an unknown region.
 */
export async function kmsEndpoints(region: string, ctx: Context): Promise<URL[]> {
  const named = ctx.env[`HUAWEICLOUD_SDK_REGION_KMS_${region.toUpperCase().replaceAll('-', '_')}`]
  try {
    if (named) return named.split(',').map(endpoint)
    const fromFile = await endpointsInFile(region, ctx)
    if (fromFile.length > 0) return fromFile.map(endpoint)
    if (knownRegions.has(region)) return [endpoint(hostOf('kms', region))]
    throw new SopsError('generic', 'no such region of the KMS service is known')
  } catch (error) {
    throw new SopsError('generic', `invalid region ${quote(region)}: ${messageOf(error)}`, { cause: error })
  }
}

/** The region's identity service. @throws SopsError `generic` for a malformed endpoint. */
export function iamEndpoint(region: string, fromProfile: string | undefined, ctx: Context): URL {
  if (fromProfile) return endpoint(fromProfile)
  const named = ctx.env['HUAWEICLOUD_SDK_IAM_ENDPOINT']
  if (named) return endpoint(named.startsWith('https://') ? named : `https://${named}`)
  return endpoint(knownRegions.has(region) ? hostOf('iam', region) : 'https://iam.myhuaweicloud.com')
}

/** TLS, except to this machine. */
function endpoint(text: string): URL {
  const trimmed = text.trim()
  const spelled = trimmed.includes('://') ? trimmed : `https://${trimmed}`
  const url = URL.canParse(spelled) ? new URL(spelled) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return url
  throw new SopsError('generic', `the endpoint ${quote(trimmed)} is not an https URL`)
}

interface RegionEntry {
  readonly id?: unknown
  readonly endpoint?: unknown
  readonly endpoints?: unknown
}

async function endpointsInFile(region: string, ctx: Context): Promise<string[]> {
  const named = ctx.env['HUAWEICLOUD_SDK_REGIONS_FILE']
  const path = named || (ctx.home === undefined ? undefined : join(ctx.home, '.huaweicloud', 'regions.yaml'))
  if (path === undefined) return []
  let text: string
  try {
    text = await readCredentials(path, ctx)
  } catch (error) {
    if (!named) return []
    throw new SopsError('generic', `cannot read the file of HUAWEICLOUD_SDK_REGIONS_FILE: ${messageOf(error)}`)
  }
  const { parse } = await import('yaml')
  let services: unknown
  try {
    services = parse(text)
  } catch {
    throw new SopsError('generic', 'the regions file is not valid YAML')
  }
  const entries = Object.entries((services ?? {}) as Record<string, unknown>)
    .filter(([service]) => service.toUpperCase() === 'KMS')
    .flatMap(([, list]) => (Array.isArray(list) ? (list as (RegionEntry | null)[]) : []))
  return entries
    .filter((entry) => entry?.id === region)
    .flatMap((entry) => entry?.endpoints ?? entry?.endpoint ?? [])
    .filter((one): one is string => typeof one === 'string')
}
