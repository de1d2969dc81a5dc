// Credentials from the machine: of its container or its instance (spec/keys.md 5.3).

import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { readCredentialsSync } from '../net/index.ts'
import { describeFailure, keepSecret } from './failure.ts'
import { loadProviders } from './packages.ts'
import { isTrue } from './settings.ts'
import type { Provider } from './sts.ts'

/** Without it some providers write warnings to the console. */
const ignore = (): void => {}
export const silent: Record<'debug' | 'info' | 'warn' | 'error', () => void> = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
}

/** `profile` is the one that was searched for, named in the message. */
export const fromMachine =
  (profile: string, ctx: Context): Provider =>
  async () => {
    const { env } = ctx
    const tried = ['AWS_ACCESS_KEY_ID', 'AWS_WEB_IDENTITY_TOKEN_FILE', `profile ${profile}`]
    const container = ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'].find(
      (variable) => env[variable],
    )
    const give = (reason: string): never => {
      const text = `no AWS credentials found (${halfSet(ctx)}tried ${tried.join(', ')}): ${reason}`
      throw new SopsError('generic', text)
    }
    if (container !== undefined) {
      tried.push(container)
      const { fromHttp } = await loadProviders()
      try {
        return await fromHttp({ logger: silent, ...containerOptions(ctx) })()
      } catch (error) {
        return give(describeFailure(error, ctx))
      }
    }
    if (isTrue(env['AWS_EC2_METADATA_DISABLED'] ?? '')) return give('instance metadata is disabled')
    tried.push('instance metadata')
    const { fromInstanceMetadata } = await loadProviders()
    try {
      // The SDK reads its endpoint from `process.env` only.
      return await fromInstanceMetadata({ timeout: 1000, maxRetries: 1, logger: silent })()
    } catch (error) {
      const { statusCode } = error as { statusCode?: number }
      return give(`${describeFailure(error, ctx)}${statusCode === undefined ? '' : ` (status ${statusCode})`}`)
    }
  }

/** Of the pair of keys that the environment may have. */
function halfSet({ env }: Context): string {
  const [id, secret] = [
    env['AWS_ACCESS_KEY_ID'] || env['AWS_ACCESS_KEY'],
    env['AWS_SECRET_ACCESS_KEY'] || env['AWS_SECRET_KEY'],
  ]
  if (Boolean(id) === Boolean(secret)) return ''
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']
  const [set, lacking] = id ? names : names.reverse()
  return `${set} is set without ${lacking}; `
}

interface ContainerOptions {
  readonly awsContainerCredentialsRelativeUri?: string
  readonly awsContainerCredentialsFullUri?: string
  readonly awsContainerAuthorizationToken: string
  readonly awsContainerAuthorizationTokenFile: string
}

/**
 * The container's credential service and the token for it, which is read here because the SDK would send the line break at the end of its file.
 * @throws SopsError `generic` for a token that cannot be read or sent.
 */
export function containerOptions(ctx: Context): ContainerOptions {
  const { env } = ctx
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
  const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI']
  const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
  const variable = file ? 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE' : 'AWS_CONTAINER_AUTHORIZATION_TOKEN'
  let token = env[variable] ?? ''
  try {
    if (file) token = readCredentialsSync(file).trim()
  } catch (error) {
    throw new SopsError('generic', `${variable}: ${messageOf(error)}`)
  }
  keepSecret(ctx, token)
  if (/[\r\n]/.test(token)) throw new SopsError('generic', `${variable}: the token has line breaks`)
  return {
    ...(relative ? { awsContainerCredentialsRelativeUri: relative } : {}),
    ...(full && !relative ? { awsContainerCredentialsFullUri: full } : {}),
    awsContainerAuthorizationToken: token,
    awsContainerAuthorizationTokenFile: '',
  }
}
