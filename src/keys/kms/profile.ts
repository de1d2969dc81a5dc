// The credentials that a profile of the shared configuration leads to, as the Go SDK reads it (spec/keys.md 5.3).
import { readFileSync } from 'node:fs'
import type { Context } from '../../context.ts'
import { messageOf, SopsError } from '../../errors.ts'
import type { AwsPlace } from './call.ts'
import { fromEnvironment } from './environment.ts'
import { keepSecret } from './failure.ts'
import { containerCredentials, instanceCredentials } from './machine.ts'
import { programCredentials } from './program.ts'
import { loadProviders } from './sdk.ts'
import { type Section, setting, sharedConfig } from './shared-config.ts'
import type { Credentials } from './sign.ts'
import { assumeRole, sessionName } from './sts.ts'
import { transport } from './transport.ts'

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

export const namesSource = (section: Section | undefined): boolean =>
  sourceSettings.some((one) => setting(section, one) !== '')

/** The profile and those that it builds on. */
function chainOf(name: string, ctx: Context): Section[] {
  const { profiles } = sharedConfig(ctx)
  const seen = new Map<string, Section>()
  for (let at = name; at !== '' && !seen.has(at); at = setting(profiles.get(at), 'source_profile')) {
    const section = profiles.get(at)
    if (section === undefined) break
    seen.set(at, section)
  }
  return [...seen.values()]
}

/** Whether a program or an MFA code takes part. */
export const asksPeople = (name: string, ctx: Context): boolean =>
  chainOf(name, ctx).some((one) => setting(one, 'credential_process') !== '' || setting(one, 'mfa_serial') !== '')

export const asksSts = (name: string, ctx: Context): boolean =>
  chainOf(name, ctx).some((one) => setting(one, 'role_arn') !== '')

/** @throws SopsError, or what the SDK throws. */
export const profileCredentials = (name: string, place: AwsPlace, ctx: Context): Promise<Credentials> =>
  resolve(name, [], place, ctx)

async function resolve(name: string, above: readonly string[], place: AwsPlace, ctx: Context): Promise<Credentials> {
  const section = sharedConfig(ctx).profiles.get(name)
  if (section === undefined) {
    const user = above.at(-1)
    throw new SopsError('generic', `the profile ${name}, which profile ${user} builds on, does not exist`)
  }
  const role = setting(section, 'role_arn')
  const tokenFile = setting(section, 'web_identity_token_file')
  if (role === '') return ownCredentials(name, section, place, ctx)
  if (tokenFile !== '')
    return webIdentityCredentials(tokenFile, role, setting(section, 'role_session_name'), place, ctx)
  const base = await baseOf(name, section, above, place, ctx)
  const mfa = setting(section, 'mfa_serial')
  const parameters = {
    RoleArn: role,
    RoleSessionName: setting(section, 'role_session_name') || sessionName(),
    ExternalId: setting(section, 'external_id'),
    DurationSeconds: setting(section, 'duration_seconds'),
    ...(mfa === '' ? {} : { SerialNumber: mfa, TokenCode: await mfaCode(mfa, ctx) }),
  }
  return assumeRole(parameters, base, place, ctx)
}

/** What the role of a profile is assumed with. */
async function baseOf(
  name: string,
  section: Section,
  above: readonly string[],
  place: AwsPlace,
  ctx: Context,
): Promise<Credentials> {
  const source = setting(section, 'source_profile')
  if (source === name || (source === '' && setting(section, 'credential_source') === '')) {
    return ownCredentials(name, section, place, ctx)
  }
  if (source !== '') {
    if (above.includes(source)) {
      throw new SopsError('generic', `the profiles ${[...above, name].join(', ')} build on each other`)
    }
    return resolve(source, [...above, name], place, ctx)
  }
  const kind = setting(section, 'credential_source')
  if (kind === 'Ec2InstanceMetadata') return instanceCredentials(ctx)
  if (kind === 'EcsContainer') return containerCredentials(ctx)
  const found = kind === 'Environment' ? fromEnvironment(ctx) : undefined
  if (found !== undefined) return found
  throw new SopsError('generic', `the credential_source of profile ${name} gives no credentials: ${kind}`)
}

async function ownCredentials(name: string, section: Section, place: AwsPlace, ctx: Context): Promise<Credentials> {
  const accessKeyId = setting(section, 'aws_access_key_id')
  const secretAccessKey = setting(section, 'aws_secret_access_key')
  const sessionToken = setting(section, 'aws_session_token')
  if (accessKeyId !== '' && secretAccessKey !== '') {
    return { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) }
  }
  if (['sso_session', 'sso_start_url', 'sso_account_id', 'login_session'].some((one) => setting(section, one) !== '')) {
    return loginCredentials(name, place, ctx)
  }
  const command = setting(section, 'credential_process')
  if (command !== '') return programCredentials(command, name, ctx)
  throw new SopsError('generic', `profile ${name} names no credentials`)
}

/** Some providers would write warnings to the console. */
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** `aws sso login` and `aws login`, whose files the SDK finds by `process.env` and the account's home alone. */
async function loginCredentials(name: string, place: AwsPlace, ctx: Context): Promise<Credentials> {
  const { configPath, credentialsPath } = sharedConfig(ctx)
  const { fromIni } = await loadProviders()
  return fromIni({
    profile: name,
    configFilepath: configPath,
    filepath: credentialsPath,
    ignoreCache: true,
    logger: silent,
    clientConfig: { requestHandler: transport(place.profile, ctx) },
  })()
}

async function mfaCode(serial: string, ctx: Context): Promise<string> {
  const code = await ctx.prompt(`MFA code for ${serial}: `)
  if (code === undefined) throw new SopsError('generic', 'an MFA code is needed, and there is no terminal to ask on')
  return code.trim()
}

/** Trades the token in a file for the role's credentials. */
export async function webIdentityCredentials(
  tokenFile: string,
  role: string,
  session: string,
  place: AwsPlace,
  ctx: Context,
): Promise<Credentials> {
  let token: string
  try {
    token = readFileSync(tokenFile, 'utf8').trim()
  } catch (error) {
    throw new SopsError('generic', `cannot read the web identity token: ${messageOf(error)}`)
  }
  keepSecret(ctx, token)
  const parameters = { RoleArn: role, RoleSessionName: session || sessionName(), WebIdentityToken: token }
  return assumeRole(parameters, undefined, place, ctx)
}
