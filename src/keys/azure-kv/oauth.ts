// The token endpoint of Microsoft Entra, and what it and its kind answer.
import type { Context } from '../../context.ts'
import { SopsError } from '../../errors.ts'
import {
  type Deadline,
  type HttpAnswer,
  type HttpRequest,
  parseJson,
  type RetryRule,
  sendPatiently,
  withoutSecrets,
} from '../http.ts'
import { proxyFor } from '../http-proxy.ts'
import type { Challenge } from './challenge.ts'
import type { Token } from './credential.ts'

export const retryRule: RetryRule = {
  retries: 3,
  isBusy: (status) => [408, 429, 500, 502, 503, 504].includes(status),
  wait: (attempt) => 800 * 2 ** attempt * (0.8 + Math.random() * 0.4),
}

/** Endpoints in clear text are on the machine or its link, where no proxy leads. */
export const exchange = (request: HttpRequest, ctx: Context, deadline: Deadline): Promise<HttpAnswer> => {
  const proxy = request.url.protocol === 'https:' ? proxyFor(request.url, ctx.env) : undefined
  return sendPatiently({ ...request, proxy }, retryRule, deadline)
}

export const formRequest = (url: URL, form: Readonly<Record<string, string>>, headers = {}): HttpRequest => ({
  method: 'POST',
  url,
  headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json', ...headers },
  body: new URLSearchParams(form).toString(),
})

/** @throws SopsError `generic` with the error's name and the first line of its description, without what was `sent` in secret. */
export function readToken(answer: HttpAnswer, sent: readonly string[] = []): Token {
  const parsed = (parseJson(answer.body) ?? {}) as Record<string, unknown>
  const { access_token: text, expires_in: lifetime, expires_on: end, error, error_description: description } = parsed
  if (answer.status === 200 && typeof text === 'string' && text !== '') {
    return { text, lifetime: Number(lifetime ?? secondsUntil(end)) || 0 }
  }
  const reason = typeof error === 'string' ? `${error}: ${String(description ?? '').split(/[\r\n]/)[0]}` : 'no token'
  throw new SopsError('generic', `authentication failed: ${withoutSecrets(reason, sent)} (status ${answer.status})`)
}

/** Seconds from now to a time in seconds of the epoch or as a date. */
export function secondsUntil(end: unknown): number {
  if (end === undefined || end === null) return 0
  const seconds = Number(end)
  return (Number.isNaN(seconds) ? Date.parse(String(end)) / 1000 : seconds) - Date.now() / 1000
}

/**
 * Where a tenant gives out tokens. The tenant that the vault names must be the configured one, or allowed beside it.
 * @throws SopsError `generic`.
 */
export function tokenEndpoint({ tenant }: Challenge, own: string, { env }: Context): URL {
  const authority = env['AZURE_AUTHORITY_HOST'] || 'https://login.microsoftonline.com'
  if (!/^https:\/\//.test(authority) || !URL.canParse(authority)) {
    throw new SopsError('generic', 'AZURE_AUTHORITY_HOST must be an https URL')
  }
  if (!/^[A-Za-z0-9.-]+$/.test(own)) {
    throw new SopsError('generic', 'AZURE_TENANT_ID must be the id or the domain of a tenant')
  }
  const directory = tenant === undefined || isAllowed(tenant, own, env) ? (tenant ?? own) : undefined
  if (directory !== undefined) return new URL(`${authority.replace(/\/+$/, '')}/${directory}/oauth2/v2.0/token`)
  throw new SopsError(
    'generic',
    `the vault belongs to tenant ${tenant}, which AZURE_TENANT_ID and AZURE_ADDITIONALLY_ALLOWED_TENANTS do not name`,
  )
}

function isAllowed(tenant: string, own: string, env: Context['env']): boolean {
  const others = (env['AZURE_ADDITIONALLY_ALLOWED_TENANTS'] ?? '').split(';').map((one) => one.trim().toLowerCase())
  return tenant.toLowerCase() === own.toLowerCase() || others.includes('*') || others.includes(tenant.toLowerCase())
}
