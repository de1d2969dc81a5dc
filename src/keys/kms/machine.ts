// The credentials that a container or an instance gives to what runs in it (spec/keys.md 5.3).
import { readFileSync } from 'node:fs'
import type { Context } from '../../context.ts'
import { messageOf, SopsError } from '../../errors.ts'
import {
  type Deadline,
  deadlineIn,
  type HttpAnswer,
  isLoopback,
  parseJson,
  type RetryRule,
  send,
  sendPatiently,
} from '../http.ts'
import { proxyFor } from '../http-proxy.ts'
import { kmsTimeout } from '../timeout.ts'
import { keepSecret } from './failure.ts'
import { profileName, setting, sharedConfig } from './shared-config.ts'
import type { Credentials } from './sign.ts'

const retryRule: RetryRule = {
  retries: 2,
  isBusy: (status) => status === 429 || status >= 500,
  wait: (attempt) => 100 * 2 ** attempt,
}

export const isInContainer = ({ env }: Context): boolean =>
  Boolean(env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || env['AWS_CONTAINER_CREDENTIALS_FULL_URI'])

/** Addresses of the agents on ECS and EKS, which are asked in clear text. */
const agents = new Set(['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]'])

/** @throws SopsError `generic`. */
export async function containerCredentials(ctx: Context): Promise<Credentials> {
  const { env } = ctx
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
  const text = relative ? `http://169.254.170.2${relative}` : (env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '')
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isKnown = url?.protocol === 'http:' && (isLoopback(url.hostname) || agents.has(url.hostname))
  if (url === undefined || (url.protocol !== 'https:' && !isKnown)) {
    throw new SopsError('generic', 'AWS_CONTAINER_CREDENTIALS_FULL_URI must be an https URL, or one of this machine')
  }
  const authorization = containerToken(ctx)
  const proxy = url.protocol === 'https:' ? proxyFor(url, env) : undefined
  const headers = authorization === '' ? {} : { Authorization: authorization }
  const request = { method: 'GET', url, headers, proxy }
  return readCredentials(await sendPatiently(request, retryRule, deadlineIn(kmsTimeout(ctx))), ctx)
}

/** The file is renewed while programs run, the variable is not. */
function containerToken(ctx: Context): string {
  const file = ctx.env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
  let token = ctx.env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] ?? ''
  try {
    if (file) token = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new SopsError('generic', `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: ${messageOf(error)}`)
  }
  keepSecret(ctx, token)
  if (/[\r\n]/.test(token)) throw new SopsError('generic', 'the container authorization token has line breaks')
  return token
}

/** How long a machine may take that has no such service: elsewhere nobody should wait for it. */
const probeMs = 1000

/** Instance metadata, version 2: a token first. @throws SopsError `generic`. */
export async function instanceCredentials(ctx: Context): Promise<Credentials> {
  const base = metadataBase(ctx)
  const at = (path: string): URL => new URL(`${base}/latest/${path}`)
  const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' }
  const token = await send({ method: 'PUT', url: at('api/token'), headers: ttl }, deadlineIn(probeMs))
  if (token.status !== 200) throw refusal('token', token)
  const headers = { 'x-aws-ec2-metadata-token': token.body.toString('utf8') }
  const limit: Deadline = deadlineIn(kmsTimeout(ctx))
  const folder = 'meta-data/iam/security-credentials/'
  const names = await sendPatiently({ method: 'GET', url: at(folder), headers }, retryRule, limit)
  const role = names.status === 200 ? names.body.toString('utf8').split('\n')[0]!.trim() : ''
  if (role === '') throw new SopsError('generic', 'the instance has no role')
  const url = at(folder + encodeURIComponent(role))
  return readCredentials(await sendPatiently({ method: 'GET', url, headers }, retryRule, limit), ctx)
}

function metadataBase(ctx: Context): string {
  const { env } = ctx
  const section = sharedConfig(ctx).profiles.get(profileName('', ctx))
  const value = (variable: string, name: string): string => env[variable] || setting(section, name)
  const own = value('AWS_EC2_METADATA_SERVICE_ENDPOINT', 'ec2_metadata_service_endpoint')
  const mode = value('AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE', 'ec2_metadata_service_endpoint_mode')
  const base = own || (mode.toLowerCase() === 'ipv6' ? 'http://[fd00:ec2::254]' : 'http://169.254.169.254')
  if (!URL.canParse(base) || !/^https?:/i.test(base)) {
    throw new SopsError('generic', 'AWS_EC2_METADATA_SERVICE_ENDPOINT must be a URL')
  }
  return base.replace(/\/+$/, '')
}

const refusal = (what: string, { status }: HttpAnswer): SopsError =>
  new SopsError('generic', `the ${what} is refused (status ${status})`)

function readCredentials(answer: HttpAnswer, ctx: Context): Credentials {
  if (answer.status !== 200) throw refusal('request for credentials', answer)
  const parsed = (parseJson(answer.body) ?? {}) as Record<string, unknown>
  return credentialsIn(parsed, ctx)
}

/**
 * Credentials as services of machines and programs write them: `AccessKeyId`, `SecretAccessKey`, `Token` or `SessionToken`, `Expiration`.
 * @throws SopsError `generic`.
 */
export function credentialsIn(parsed: Readonly<Record<string, unknown>>, ctx: Context): Credentials {
  const { AccessKeyId: id, SecretAccessKey: secret, Token, SessionToken, Expiration } = parsed
  if (typeof id !== 'string' || typeof secret !== 'string' || id === '' || secret === '') {
    throw new SopsError('generic', 'the answer holds no credentials')
  }
  const token = Token ?? SessionToken
  keepSecret(ctx, secret, typeof token === 'string' ? token : undefined)
  const expiration = typeof Expiration === 'string' ? new Date(Expiration) : undefined
  return {
    accessKeyId: id,
    secretAccessKey: secret,
    ...(typeof token === 'string' && token !== '' ? { sessionToken: token } : {}),
    ...(expiration === undefined || Number.isNaN(expiration.getTime()) ? {} : { expiration }),
  }
}
