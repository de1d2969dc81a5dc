// Who asks AWS: the key's profile, or the first of environment, web identity, profile, container and instance (spec/keys.md 5.3).
import { readFileSync } from 'node:fs'
import type { Context } from '../../context.ts'
import { SopsError } from '../../errors.ts'
import { remember } from '../remember.ts'
import { describeFailure, keepSecret } from './failure.ts'
import { loadProviders } from './sdk.ts'
import { profileName, type Section, setting, sharedConfig } from './shared-config.ts'
import { assumeRole, type Credentials, type Provider, type StsPlace, sessionName } from './sts.ts'
import { transport } from './transport.ts'

export interface CredentialSource {
  readonly provider: Provider
  /** A program or a question may be involved, for which people need their time. */
  readonly isInteractive: boolean
}

/** Some providers would write warnings to the console. */
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Whatever makes a profile say where credentials come from. */
const sourceSettings = [
  'aws_access_key_id',
  'role_arn',
  'credential_process',
  'web_identity_token_file',
  'login_session',
  'sso_session',
  'sso_start_url',
  'sso_account_id',
]

/** One lookup for a profile in a run; those that ask STS, one for each region. */
export function credentialSource(place: StsPlace, ctx: Context): CredentialSource {
  const section = sharedConfig(ctx).profiles.get(profileName(place.profile, ctx))
  const asksSts = setting(section, 'role_arn') !== '' || (place.profile === '' && webIdentity(ctx) !== undefined)
  const identity = JSON.stringify([place.profile, asksSts ? place.region : ''])
  return ctx.once(`aws credentials ${identity}`, () => makeSource(place, section, ctx))
}

function makeSource(place: StsPlace, section: Section | undefined, ctx: Context): CredentialSource {
  const { profile } = place
  if (profile === '') {
    const fixed = fromEnvironment(ctx)
    if (fixed !== undefined) return { provider: async () => fixed, isInteractive: false }
    const identity = webIdentity(ctx)
    if (identity !== undefined)
      return { provider: remembered(fromWebIdentity(identity, place, ctx), ctx), isInteractive: false }
  }
  const name = profileName(profile, ctx)
  if (section !== undefined && sourceSettings.some((one) => setting(section, one) !== '')) {
    return { provider: remembered(fromProfile(name, section, place, ctx), ctx), isInteractive: asksPeople(name, ctx) }
  }
  return { provider: remembered(fromMachine(name, ctx), ctx), isInteractive: false }
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

function fromEnvironment({ env }: Context): Credentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'] || env['AWS_ACCESS_KEY']
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'] || env['AWS_SECRET_KEY']
  const sessionToken = env['AWS_SESSION_TOKEN']
  if (!accessKeyId || !secretAccessKey) return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}

interface WebIdentity {
  readonly tokenFile: string
  readonly roleArn: string
  readonly session: string
}

function webIdentity({ env }: Context): WebIdentity | undefined {
  const tokenFile = env['AWS_WEB_IDENTITY_TOKEN_FILE']
  const roleArn = env['AWS_ROLE_ARN']
  return tokenFile && roleArn
    ? { tokenFile, roleArn, session: env['AWS_ROLE_SESSION_NAME'] || sessionName() }
    : undefined
}

const fromWebIdentity =
  ({ tokenFile, roleArn, session }: WebIdentity, place: StsPlace, ctx: Context): Provider =>
  async () => {
    const token = readFileSync(tokenFile, 'utf8').trim()
    keepSecret(ctx, token)
    const input = { RoleArn: roleArn, RoleSessionName: session, WebIdentityToken: token }
    return assumeRole({ kind: 'token', input }, place, ctx)
  }

function fromProfile(name: string, section: Section, place: StsPlace, ctx: Context): Provider {
  const accessKeyId = setting(section, 'aws_access_key_id')
  const secretAccessKey = setting(section, 'aws_secret_access_key')
  const sessionToken = setting(section, 'aws_session_token')
  if (accessKeyId && secretAccessKey && setting(section, 'role_arn') === '') {
    return async () => ({ accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) })
  }
  return async () => {
    const { configPath, credentialsPath } = sharedConfig(ctx)
    // The SSO part of the chain finds its files by `process.env` and the account's home alone.
    const { fromIni } = await loadProviders()
    const provider = fromIni({
      profile: name,
      configFilepath: configPath,
      filepath: credentialsPath,
      ignoreCache: true,
      logger: silent,
      clientConfig: { requestHandler: transport(place.profile, ctx) },
      roleAssumer: async (credentials, input) => assumeRole({ kind: 'role', credentials, input }, place, ctx),
      roleAssumerWithWebIdentity: async (input) => assumeRole({ kind: 'token', input }, place, ctx),
      mfaCodeProvider: async (serial) => {
        const code = await ctx.prompt(`MFA code for ${serial}: `)
        if (code === undefined)
          throw new SopsError('generic', 'an MFA code is needed, and there is no terminal to ask on')
        return code.trim()
      },
    })
    try {
      return await provider()
    } catch (error) {
      // What Node says of a failed program starts with its command line, which may hold anything.
      if (setting(section, 'credential_process') === '' || !(error instanceof Error)) throw error
      const [first = '', ...rest] = error.message.split('\n')
      if (!first.startsWith('Command failed:')) throw error
      const said = rest.join(' ').trim()
      throw new SopsError('generic', `credential_process of profile ${name} failed${said === '' ? '' : `: ${said}`}`)
    }
  }
}

/** Whether the profile, or one that it builds on, runs a program or wants an MFA code. */
function asksPeople(name: string, ctx: Context): boolean {
  const { profiles } = sharedConfig(ctx)
  const seen = new Set<string>()
  for (let at = name; at !== '' && !seen.has(at); at = setting(profiles.get(at), 'source_profile')) {
    seen.add(at)
    const section = profiles.get(at)
    if (setting(section, 'credential_process') !== '' || setting(section, 'mfa_serial') !== '') return true
  }
  return false
}

const fromMachine =
  (profile: string, ctx: Context): Provider =>
  async () => {
    const { env } = ctx
    const tried = ['AWS_ACCESS_KEY_ID', 'AWS_WEB_IDENTITY_TOKEN_FILE', `profile ${profile}`]
    const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
    const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI']
    const give = (reason: string): never => {
      throw new SopsError('generic', `no AWS credentials found (tried ${tried.join(', ')}): ${reason}`)
    }
    if (relative || full) {
      tried.push('container credentials')
      const token = env['AWS_CONTAINER_AUTHORIZATION_TOKEN']
      const tokenFile = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
      const { fromHttp } = await loadProviders()
      try {
        return await fromHttp({
          logger: silent,
          ...(relative ? { awsContainerCredentialsRelativeUri: relative } : { awsContainerCredentialsFullUri: full! }),
          ...(tokenFile ? { awsContainerAuthorizationTokenFile: tokenFile } : {}),
          ...(token && !tokenFile ? { awsContainerAuthorizationToken: token } : {}),
        })()
      } catch (error) {
        return give(describeFailure(error, ctx))
      }
    }
    if ((env['AWS_EC2_METADATA_DISABLED'] ?? '').toLowerCase() === 'true') return give('instance metadata is disabled')
    tried.push('instance metadata')
    const { fromInstanceMetadata } = await loadProviders()
    try {
      // Its endpoint is read from `process.env` and nowhere else.
      return await fromInstanceMetadata({ timeout: 1000, maxRetries: 1, logger: silent })()
    } catch (error) {
      return give(describeFailure(error, ctx))
    }
  }
