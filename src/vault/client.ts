// Requests to a Vault or OpenBao server, for transit keys and KV secrets: headers, retries, redirects and error texts.
import type { Context } from '../context/index.ts'
import { SopsError, setIn } from '../errors.ts'
import {
  type Deadline,
  deadlineIn,
  type HttpAnswer,
  type HttpRequest,
  pageInstead,
  parseJson,
  proxyFor,
  type RetryRule,
  sendPatiently,
  shownUrl,
  withoutSecrets,
} from '../net/index.ts'
import { jsonText } from './json.ts'
import { checkClearText, checkRedirect, type VaultPlace } from './place.ts'
import { findService } from './service.ts'
import { type VaultSettings, vaultSettings } from './settings.ts'

interface VaultCall {
  readonly place: VaultPlace
  /** If left out, no token is sent. */
  readonly token: string | undefined
  readonly method: 'GET' | 'PUT'
  /** Sent as JSON; integers may be bigint. */
  readonly body?: unknown
  /** Milliseconds for the call with all its retries; 60 000 if left out. */
  readonly timeout?: number
}

const defaultTimeout = 60_000

/**
 * The `data` of the answer; undefined when there is none, or, for GET, nothing at that path.
 * @throws SopsError `generic`; the message holds neither the token nor the body that was sent.
 */
export async function vaultRequest(ctx: Context, call: VaultCall): Promise<unknown> {
  const settings = await vaultSettings(ctx)
  const deadline = deadlineIn(call.timeout ?? settings.timeout ?? defaultTimeout)
  const first = await requestOf(ctx, call, settings)
  const answer = await follow(ctx, call.place, first, settings, deadline)
  if (answer.status === 404 && call.method === 'GET') return dataOf(answer)
  if (answer.status >= 400 || (answer.status >= 300 && answer.status < 400)) {
    const secrets = [call.token ?? '', ...textsIn(call.body)]
    throw new SopsError(
      'generic',
      failureLines(first, answer, (text) => withoutSecrets(text, secrets)),
    )
  }
  return dataOf(answer)
}

async function requestOf(ctx: Context, call: VaultCall, settings: VaultSettings): Promise<HttpRequest> {
  const { socketPath } = call.place
  const url = new URL(call.place.url)
  if (settings.looksUpServices && socketPath === undefined && url.port === '') {
    await findService(url)
    checkClearText(url, ctx)
  }
  if (call.token !== undefined && /[\p{C}\p{Zl}\p{Zp}]|[^\x00-\xff]/u.test(call.token)) {
    throw new SopsError('generic', 'the Vault token has characters that cannot be sent')
  }
  return {
    ctx,
    method: call.method,
    url,
    headers: {
      ...settings.headers,
      'X-Vault-Request': 'true',
      ...(call.token ? { 'X-Vault-Token': call.token } : {}),
      ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(call.body === undefined ? {} : { body: jsonText(call.body) }),
    tls: settings.tls,
    ...(socketPath === undefined ? { proxy: settings.proxy ?? proxyFor(url, ctx.env) } : { socketPath }),
  }
}

const retryRule = (retries: number): RetryRule => ({
  retries,
  isBusy: (status) => (status >= 500 && status !== 501) || status === 412 || status === 429,
  wait: () => 1000 + Math.random() * 500,
})

/** Follows one redirect, since a standby server names the active one: only to a server that the user named, and never from TLS to clear text. */
async function follow(
  ctx: Context,
  place: VaultPlace,
  request: HttpRequest,
  settings: VaultSettings,
  deadline: Deadline,
): Promise<HttpAnswer> {
  const rule = retryRule(settings.retries)
  const answer = await sendPatiently(request, rule, deadline)
  const { location } = answer.headers
  if (![301, 302, 307].includes(answer.status) || location === undefined || !settings.followsRedirects) return answer
  if (!URL.canParse(location, request.url.href)) throw new SopsError('generic', 'redirect to a malformed URL')
  const url = new URL(location, request.url)
  if (!/^https?:$/.test(url.protocol) || (request.url.protocol === 'https:' && url.protocol !== 'https:')) {
    throw new SopsError('generic', 'redirect would cause protocol downgrade')
  }
  const { socketPath, ...rest } = request
  const isSameSocket = socketPath !== undefined && url.host === request.url.host
  if (!isSameSocket) checkRedirect(place, url, ctx)
  const way = isSameSocket ? { socketPath } : { proxy: settings.proxy ?? proxyFor(url, ctx.env) }
  return sendPatiently({ ...rest, url, ...way }, rule, deadline)
}

/** What the server says about a failure, as far as it can be shown. `safe` takes out what was sent to it. */
function failureLines(request: HttpRequest, answer: HttpAnswer, safe: (text: string) => string): readonly string[] {
  const head = ['Error making API request.', '', `URL: ${request.method} ${safe(shownUrl(request.url))}`]
  const errors = errorsOf(answer)
  const page = pageInstead('Vault', request.url.host, {
    status: answer.status,
    contentType: answer.headers['content-type'],
    body: answer.body,
  })
  if (page !== undefined) return [...head, `Code: ${answer.status}. ${page}`]
  if (errors === undefined) {
    const raw = safe(answer.body.toString('utf8').slice(0, 2000))
    return [...head, `Code: ${answer.status}. Raw Message:`, '', ...setIn(raw)]
  }
  return [...head, `Code: ${answer.status}. Errors:`, '', ...errors.map((error) => `* ${safe(error)}`)]
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

function errorsOf(answer: HttpAnswer): string[] | undefined {
  const parsed = parseJson(answer.body)
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const { errors } = parsed as { errors?: unknown }
  return Array.isArray(errors) ? errors.map(String) : []
}

function dataOf(answer: HttpAnswer): unknown {
  if (answer.body.length === 0) return undefined
  const parsed = parseJson(answer.body)
  if (typeof parsed !== 'object' || parsed === null) {
    throw new SopsError('generic', 'the answer of the Vault server is not a JSON object')
  }
  return (parsed as { data?: unknown }).data ?? undefined
}
