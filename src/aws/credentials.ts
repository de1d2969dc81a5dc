// Credentials for AWS: from the key's profile, or the first of environment, web identity, profile, container and instance (spec/keys.md 5.3).

import type { AssumeRoleWithWebIdentityCommandInput } from '@aws-sdk/client-sts'
import type { Context } from '../context/index.ts'
import { memoKeys, onceEach } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { readCredentials, remember } from '../net/index.ts'
import { existsSync, irregularity, shownPath, statSync } from '../system/index.ts'
import { keepSecret } from './failure.ts'
import { containerOptions, fromMachine, silent } from './machine.ts'
import { loadProviders } from './packages.ts'
import { type AwsPlace, clientSettings } from './settings.ts'
import {
  type ProfileSection,
  profileName,
  profileSection,
  requireProfile,
  setting,
  sharedConfig,
} from './shared-config.ts'
import { type AwsCredentials, assumeRole, type Provider, sessionName } from './sts.ts'

export interface CredentialSource {
  readonly provider: Provider
  /** A program or a question may be involved, which takes people time. */
  readonly isInteractive: boolean
}

/** Settings by which a profile names a source of credentials. */
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

const lookups = memoKeys<CredentialSource>('AWS credentials')

/**
 * One look-up per profile and run; where STS is asked, one per region too.
 * @throws SopsError `generic` where `AWS_PROFILE` names a profile that is missing: no other credentials may stand in for it.
 */
export function credentialSource(place: AwsPlace, ctx: Context): CredentialSource {
  if (place.profile === '') requireProfile(ctx.env['AWS_PROFILE'] ?? '', ctx)
  const section = profileSection(place.profile, ctx)
  const asksSts = setting(section, 'role_arn') !== '' || (place.profile === '' && webIdentity(ctx) !== undefined)
  const identity = JSON.stringify([place.profile, asksSts ? place.region : ''])
  return onceEach(ctx, lookups, identity, () => makeSource(place, section, ctx))
}

function makeSource(place: AwsPlace, section: ProfileSection | undefined, ctx: Context): CredentialSource {
  const { profile } = place
  if (profile === '') {
    const fixed = fromEnvironment(ctx)
    if (fixed !== undefined) return { provider: async () => fixed, isInteractive: false }
    const identity = webIdentity(ctx)
    if (identity !== undefined)
      return { provider: remembered(fromWebIdentity(identity, place, ctx), ctx), isInteractive: false }
    if (ctx.env['AWS_WEB_IDENTITY_TOKEN_FILE'])
      throw new SopsError(
        'generic',
        'could not load AWS config: AWS_WEB_IDENTITY_TOKEN_FILE needs a role: set AWS_ROLE_ARN',
      )
  }
  const name = profileName(profile, ctx)
  refuseParts(name, section)
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

function fromEnvironment({ env }: Context): AwsCredentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'] || env['AWS_ACCESS_KEY']
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'] || env['AWS_SECRET_KEY']
  const sessionToken = env['AWS_SESSION_TOKEN']
  if (!accessKeyId || !secretAccessKey) return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}

interface WebIdentity {
  /** The variable or the setting that names the file. */
  readonly named: string
  readonly tokenFile: string
  readonly roleArn: string
  readonly session: string
}

function webIdentity({ env }: Context): WebIdentity | undefined {
  const tokenFile = env['AWS_WEB_IDENTITY_TOKEN_FILE']
  const roleArn = env['AWS_ROLE_ARN']
  return tokenFile && roleArn
    ? {
        named: 'AWS_WEB_IDENTITY_TOKEN_FILE',
        tokenFile,
        roleArn,
        session: env['AWS_ROLE_SESSION_NAME'] || sessionName(),
      }
    : undefined
}

const fromWebIdentity =
  ({ named, tokenFile, roleArn, session }: WebIdentity, place: AwsPlace, ctx: Context): Provider =>
  async () => {
    const token = await readToken(tokenFile, named, ctx)
    return withToken({ RoleArn: roleArn, RoleSessionName: session, WebIdentityToken: token }, place, ctx)
  }

async function readToken(path: string, named: string, ctx: Context): Promise<string> {
  try {
    return await readCredentials(path, ctx)
  } catch (error) {
    throw new SopsError('generic', `${named}: ${messageOf(error)}`, { cause: error })
  }
}

/** Token files often end with a line break. */
function withToken(
  input: AssumeRoleWithWebIdentityCommandInput,
  place: AwsPlace,
  ctx: Context,
): Promise<AwsCredentials> {
  const token = input.WebIdentityToken?.trim()
  keepSecret(ctx, token)
  return assumeRole({ kind: 'token', input: { ...input, WebIdentityToken: token } }, place, ctx)
}

function fromProfile(name: string, section: ProfileSection, place: AwsPlace, ctx: Context): Provider {
  const own = keysOf(section)
  const says = (name: string): boolean => setting(section, name) !== ''
  if (own !== undefined && !says('role_arn')) return async () => own
  // The SDK would use these keys and ignore the role, or find none.
  if (says('role_arn') && !['source_profile', 'credential_source', 'web_identity_token_file'].some(says)) {
    if (own !== undefined) return withOwnRole(async () => own, section, place, ctx)
    // Programs and logins are the SDK's.
    if (!sourceSettings.some((one) => one !== 'role_arn' && says(one)))
      return withOwnRole(fromMachine(name, ctx), section, place, ctx)
  }
  if (own === undefined && says('web_identity_token_file') && !['source_profile', 'credential_source'].some(says))
    return fromWebIdentity(identityOf(name, section), place, ctx)
  return async () => {
    const { configPath, credentialsPath } = sharedConfig(ctx)
    const chain = chainOf(name, ctx)
    for (const path of [configPath, credentialsPath]) refusePipe(path)
    for (const one of chain) await checkToken(one, ctx)
    // The SSO part of the chain finds its files by `process.env` and the account's home alone, as the `Environment` and
    // `Ec2InstanceMetadata` of a `credential_source` find what they read.
    const { fromIni } = await loadProviders()
    const provider = fromIni({
      profile: name,
      configFilepath: configPath,
      filepath: credentialsPath,
      ignoreCache: true,
      logger: silent,
      clientConfig: { requestHandler: clientSettings('sts', place, ctx).requestHandler },
      roleAssumer: async (credentials, input) => assumeRole({ kind: 'role', credentials, input }, place, ctx),
      roleAssumerWithWebIdentity: async (input) => withToken(input, place, ctx),
      mfaCodeProvider: (serial) => mfaCode(serial, place.profile, ctx),
      // It passes on what it is given.
      ...(chain.some(({ section }) => setting(section, 'credential_source') === 'EcsContainer')
        ? containerOptions(ctx)
        : {}),
    })
    try {
      return await provider()
    } catch (error) {
      // Node's message about a failed program begins with its command line, which may hold anything.
      if (!(error instanceof Error)) throw error
      const [first = '', ...rest] = error.message.split('\n')
      if (!first.startsWith('Command failed:')) throw error
      const said = rest.join(' ').trim()
      const run = chain.find((one) => setting(one.section, 'credential_process') !== '')?.name ?? name
      throw new SopsError('generic', `credential_process of profile ${run} failed${said === '' ? '' : `: ${said}`}`)
    }
  }
}

const identityOf = (name: string, section: ProfileSection): WebIdentity => ({
  named: tokenSetting(name),
  tokenFile: setting(section, 'web_identity_token_file'),
  roleArn: setting(section, 'role_arn'),
  session: setting(section, 'role_session_name') || sessionName(),
})

const tokenSetting = (profile: string): string => `web_identity_token_file of profile ${profile}`

/** That the SDK can read the token, which of a pipe or a device it would do for ever. @throws SopsError `generic`. */
async function checkToken({ name, section }: Named, ctx: Context): Promise<void> {
  const path = setting(section, 'web_identity_token_file')
  if (path === '') return
  const found = irregularityAt(path)
  if (found !== undefined)
    throw new SopsError(
      'generic',
      `${tokenSetting(name)}: ${shownPath(path)} is ${found}: a source needs a regular file`,
    )
  await readToken(path, tokenSetting(name), ctx)
}

/** Of what is there. */
const irregularityAt = (path: string): string | undefined =>
  existsSync(path) ? irregularity(statSync(path)) : undefined

/** The SDK reads these files again: a pipe has nothing left then, and it would wait for ever. @throws SopsError `generic`. */
function refusePipe(path: string): void {
  const found = irregularityAt(path)
  if (found === undefined) return
  const message = `could not load AWS config: ${shownPath(path)} is ${found}: roles, programs and logins of a profile need a regular file`
  throw new SopsError('generic', message)
}

/** Another source would stand in for what the profile means. @throws SopsError `generic`. */
function refuseParts(name: string, section: ProfileSection | undefined): void {
  const pairs = [
    ['aws_access_key_id', 'aws_secret_access_key'],
    ['aws_secret_access_key', 'aws_access_key_id'],
    ['web_identity_token_file', 'role_arn'],
  ] as const
  for (const [one, other] of pairs)
    if (setting(section, one) !== '' && setting(section, other) === '')
      throw new SopsError('generic', `could not load AWS config: profile ${name} has ${one} without ${other}`)
}

function keysOf(section: ProfileSection): AwsCredentials | undefined {
  const accessKeyId = setting(section, 'aws_access_key_id')
  const secretAccessKey = setting(section, 'aws_secret_access_key')
  const sessionToken = setting(section, 'aws_session_token')
  if (accessKeyId === '' || secretAccessKey === '') return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}

/** The role of a profile that names no source for it, taken on with the profile's own keys or those of the machine. */
const withOwnRole =
  (own: Provider, section: ProfileSection, place: AwsPlace, ctx: Context): Provider =>
  async () => {
    const [serial, external] = [setting(section, 'mfa_serial'), setting(section, 'external_id')]
    const input = {
      RoleArn: setting(section, 'role_arn'),
      RoleSessionName: setting(section, 'role_session_name') || sessionName(),
      DurationSeconds: Number(setting(section, 'duration_seconds') || 3600),
      ...(external === '' ? {} : { ExternalId: external }),
      ...(serial === '' ? {} : { SerialNumber: serial, TokenCode: await mfaCode(serial, place.profile, ctx) }),
    }
    return assumeRole({ kind: 'role', credentials: await own(), input }, place, ctx)
  }

/** Not echoed, as with the AWS CLI. `profile` is the key's own; empty for none. */
async function mfaCode(serial: string, profile: string, ctx: Context): Promise<string> {
  const code = await ctx.prompt(`MFA code for ${serial}: `, { secret: true })
  if (code !== undefined) return code.trim()
  const command = `aws configure export-credentials --profile ${profileName(profile, ctx)}`
  // Keys of the environment do not stand in for a key's own profile.
  const way =
    profile === ''
      ? `set the variables that "${command} --format env" prints`
      : `put the keys that "${command}" prints into that profile, in another file that AWS_CONFIG_FILE names`
  throw new SopsError('generic', `an MFA code is needed for ${serial}, and there is no terminal to ask on: ${way}`)
}

interface Named {
  readonly name: string
  readonly section: ProfileSection | undefined
}

/** The profile and those that it builds on. */
function chainOf(profile: string, ctx: Context): readonly Named[] {
  const { profiles } = sharedConfig(ctx)
  const chain = new Map<string, Named>()
  for (let name = profile; name !== '' && !chain.has(name); name = setting(profiles.get(name), 'source_profile'))
    chain.set(name, { name, section: profiles.get(name) })
  return [...chain.values()]
}

/** Whether one of them runs a program or wants an MFA code. */
const asksPeople = (profile: string, ctx: Context): boolean =>
  chainOf(profile, ctx).some(
    ({ section }) => setting(section, 'credential_process') !== '' || setting(section, 'mfa_serial') !== '',
  )
