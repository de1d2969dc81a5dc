// Who asks AWS: the key's profile, or the first of environment, web identity, profile, container and instance (spec/keys.md 5.3).
import type { Context } from '../../context.ts'
import { SopsError } from '../../errors.ts'
import { remember } from '../remember.ts'
import type { AwsPlace } from './call.ts'
import { fromEnvironment } from './environment.ts'
import { describeFailure, keepSecret } from './failure.ts'
import { profileName, sharedConfig } from './shared-config.ts'
import type { Provider } from './sts.ts'

export interface CredentialSource {
  readonly provider: Provider
  /** A program or a question may be involved, for which people need their time. */
  readonly isInteractive: boolean
}

/** What is only needed where the environment holds no keys. */
const others = { profile: () => import('./profile.ts'), machine: () => import('./machine.ts') }

/** One lookup for a profile in a run; those that ask STS, one for each region. */
export async function credentialSource(place: AwsPlace, ctx: Context): Promise<CredentialSource> {
  const { profile } = place
  const fixed = profile === '' ? fromEnvironment(ctx) : undefined
  if (fixed !== undefined) return { provider: async () => fixed, isInteractive: false }
  const { asksSts, asksPeople, namesSource } = await others.profile()
  const name = profileName(profile, ctx)
  const identity = profile === '' ? webIdentity(ctx) : undefined
  const regional = identity !== undefined || asksSts(name, ctx) ? place.region : ''
  return ctx.once(`aws credentials ${JSON.stringify([profile, regional])}`, () => {
    if (identity !== undefined)
      return { provider: remembered(fromToken(identity, place, ctx), ctx), isInteractive: false }
    return namesSource(sharedConfig(ctx).profiles.get(name))
      ? { provider: remembered(fromProfile(name, place, ctx), ctx), isInteractive: asksPeople(name, ctx) }
      : { provider: remembered(fromMachine(name, ctx), ctx), isInteractive: false }
  })
}

/** Credentials until five minutes before they expire. */
export const remembered = (provider: Provider, ctx: Context): Provider =>
  remember(
    async () => {
      const credentials = await provider()
      keepSecret(ctx, credentials.secretAccessKey, credentials.sessionToken)
      return credentials
    },
    ({ expiration }) => (expiration === undefined ? Number.POSITIVE_INFINITY : expiration.getTime() - 300_000),
    ctx,
  )

interface WebIdentity {
  readonly tokenFile: string
  readonly role: string
  readonly session: string
}

function webIdentity({ env }: Context): WebIdentity | undefined {
  const { AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile, AWS_ROLE_ARN: role, AWS_ROLE_SESSION_NAME: session = '' } = env
  return tokenFile && role ? { tokenFile, role, session } : undefined
}

const fromToken =
  ({ tokenFile, role, session }: WebIdentity, place: AwsPlace, ctx: Context): Provider =>
  async () =>
    (await others.profile()).webIdentityCredentials(tokenFile, role, session, place, ctx)

const fromProfile =
  (name: string, place: AwsPlace, ctx: Context): Provider =>
  async () =>
    (await others.profile()).profileCredentials(name, place, ctx)

const fromMachine =
  (profile: string, ctx: Context): Provider =>
  async () => {
    const tried = ['AWS_ACCESS_KEY_ID', 'AWS_WEB_IDENTITY_TOKEN_FILE', `profile ${profile}`]
    const give = (reason: string): never => {
      throw new SopsError('generic', `no AWS credentials found (tried ${tried.join(', ')}): ${reason}`)
    }
    const { containerCredentials, instanceCredentials, isInContainer } = await others.machine()
    const inContainer = isInContainer(ctx)
    if (!inContainer && (ctx.env['AWS_EC2_METADATA_DISABLED'] ?? '').toLowerCase() === 'true') {
      return give('instance metadata is disabled')
    }
    tried.push(inContainer ? 'container credentials' : 'instance metadata')
    try {
      return await (inContainer ? containerCredentials(ctx) : instanceCredentials(ctx))
    } catch (error) {
      return give(describeFailure(error, ctx))
    }
  }
