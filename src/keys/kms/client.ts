// KMS for a region, profile and role: its calls, and their credentials.
import type { Context } from '../../context.ts'
import { SopsError } from '../../errors.ts'
import { decodeBase64 } from '../base64.ts'
import { type Deadline, type HttpAnswer, parseJson } from '../http.ts'
import type { MasterKey } from '../types.ts'
import { type AwsFault, type AwsPlace, callAws } from './call.ts'
import { type CredentialSource, credentialSource, remembered } from './credentials.ts'
import { describeFailure } from './failure.ts'
import { sharedConfig } from './shared-config.ts'
import type { Provider } from './sts.ts'

export interface KmsClient extends CredentialSource {
  readonly place: AwsPlace
  /** Assumed first; empty for none. */
  readonly role: string
}

const text = (key: MasterKey, name: string): string => {
  const value = key.fields[name]
  return typeof value === 'string' ? value : ''
}

/**
 * The region in the key's ARN.
 * @throws SopsError `generic` for a text that is no ARN of a key or alias.
 */
export function regionOf(arn: string): string {
  const region = /^arn:aws[\w-]*:kms:([^\n]+):[0-9]+:(?:key|alias)\/[^\n]/.exec(arn)?.[1]
  if (region === undefined) throw new SopsError('generic', `no valid ARN found in '${arn}'`)
  return region
}

/**
 * A profile that is missing here counts as none where `isOptional`: its name comes from the file, from somebody else's machine.
 * @throws SopsError `generic`.
 */
export function kmsClient(key: MasterKey, isOptional: boolean, ctx: Context): Promise<KmsClient> {
  const region = regionOf(text(key, 'arn'))
  const role = text(key, 'role')
  const profile = presentProfile(text(key, 'aws_profile'), isOptional, ctx)
  return ctx.once(`aws kms ${JSON.stringify([region, role, profile])}`, async () => {
    const place = { region, profile }
    const source = await credentialSource(place, ctx)
    const provider = role === '' ? source.provider : withRole(role, source.provider, place, ctx)
    return { place, role, provider, isInteractive: source.isInteractive }
  })
}

function presentProfile(profile: string, isOptional: boolean, ctx: Context): string {
  if (profile === '' || sharedConfig(ctx).profiles.has(profile)) return profile
  if (!isOptional) throw new SopsError('generic', missingProfile(profile))
  ctx.once(`aws missing profile ${profile}`, () => {
    const message = 'The AWS profile named in the file does not exist here, using the default credentials'
    ctx.log({ level: 'warning', logger: 'AWSKMS', message, fields: { profile } })
  })
  return ''
}

export const missingProfile = (profile: string): string =>
  `could not load AWS config: failed to get shared config profile, ${profile}`

function withRole(role: string, base: Provider, place: AwsPlace, ctx: Context): Provider {
  return remembered(async () => {
    try {
      const { assumeRole, sessionName } = await import('./sts.ts')
      return await assumeRole({ RoleArn: role, RoleSessionName: sessionName() }, await base(), place, ctx)
    } catch (error) {
      if (error instanceof SopsError && error.code === 'missing-dependency') throw error
      throw new SopsError('generic', `failed to assume role '${role}': ${describeFailure(error, ctx)}`)
    }
  }, ctx)
}

/**
 * The bytes in a field of the answer, in memory of their own; undefined where it has none.
 * @throws SopsError `generic` with the service's error, which may quote what was signed.
 */
export async function callKms(
  { provider, place }: KmsClient,
  operation: 'Encrypt' | 'Decrypt',
  input: Readonly<Record<string, unknown>>,
  field: string,
  ctx: Context,
  deadline: Deadline,
): Promise<Uint8Array | undefined> {
  const request = {
    service: 'kms',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` },
    body: JSON.stringify(input),
    credentials: await provider(),
  } as const
  const answer = await callAws(request, place, faultOf, ctx, deadline)
  const value = ((parseJson(answer) ?? {}) as Record<string, unknown>)[field]
  answer.fill(0)
  return typeof value === 'string' && value !== '' ? decodeBase64(value) : undefined
}

function faultOf({ status, headers, body }: HttpAnswer): AwsFault {
  const { __type, message, Message } = (parseJson(body) ?? {}) as Record<string, unknown>
  const type = __type ?? headers['x-amzn-errortype']
  const name = typeof type === 'string' ? type.replace(/^.*#/, '').replace(/:.*$/, '') : `status ${status}`
  return { name, message: String(message ?? Message ?? '') }
}
