// Requests to a Vault or OpenBao server, for transit keys and KV secrets: headers, retries, redirects and error texts.
import type { Context } from '../context/index.ts'
import { SopsError, setIn } from '../errors.ts'
import {
  backoff,
  cloudRetry,
  type Deadline,
  deadlineIn,
  type HttpAnswer,
  type HttpRequest,
  isMarkup,
  parseJson,
  proxyFor,
  proxyText,
  type RetryRule,
  requestIdText,
  secretsOf,
  sendPatiently,
  shownUrl,
  withoutSecrets,
} from '../net/index.ts'
import { exactJson, jsonText } from './json.ts'
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
  /** Numbers in the answer are read by their digits (`exactJson`). */
  readonly exact?: boolean
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
  if (answer.status === 404 && call.method === 'GET') return dataOf(first, answer, call.exact)
  if (answer.status >= 400 || (answer.status >= 300 && answer.status < 400)) {
    throw new SopsError('generic', failureLines(first, answer))
  }
  return dataOf(first, answer, call.exact)
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
  const body = call.body === undefined ? undefined : jsonText(call.body)
  return {
    ctx,
    method: call.method,
    url,
    headers: {
      ...settings.headers,
      'X-Vault-Request': 'true',
      ...(call.token ? { 'X-Vault-Token': call.token } : {}),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body, secrets: [body, ...textsIn(call.body)] }),
    tls: settings.tls,
    ...(socketPath === undefined ? { proxy: settings.proxy ?? proxyFor(url, ctx.env) } : { socketPath }),
  }
}

/** Milliseconds before the second attempt. */
const vaultWait = 1000

/** As for every cloud, but as often as the user says, and from one second on. A server that lags behind another answers 412. */
const retryRule = (retries: number): RetryRule => ({
  retries,
  isBusy: (status) => status === 412 || cloudRetry.isBusy(status),
  wait: (attempt) => backoff(attempt, vaultWait),
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

/** Characters of a server's text that are shown. */
const longestText = 2000

/** What the server says about a failure, as far as it can be shown, and what can be done about it. */
function failureLines(request: HttpRequest, answer: HttpAnswer): readonly string[] {
  const secrets = secretsOf(request)
  // What is cut first may begin or end with half a secret.
  const safe = (text: string): string => withoutSecrets(text, secrets).slice(0, longestText)
  const namespace = request.headers?.['X-Vault-Namespace']
  const head = [
    'Error making API request.',
    '',
    ...(namespace ? [`Namespace: ${namespace}`] : []),
    `URL: ${request.method} ${safe(shownUrl(request.url))}`,
  ]
  const code = `Code: ${answer.status}${requestIdText(answer)}.`
  const errors = errorsOf(answer)
  if (errors === undefined) {
    const text = answer.body.toString('utf8')
    const raw = isMarkup(answer) ? [safe(proxyText('Vault', text))] : setIn(safe(text))
    return [...head, `${code} Raw Message:`, '', ...raw]
  }
  const advice = adviceFor(answer, errors, namespace)
  return [
    ...head,
    `${code} Errors:`,
    '',
    ...errors.map((error) => `* ${safe(error)}`),
    ...(advice === undefined ? [] : ['', advice]),
  ]
}

function adviceFor(
  { status, headers }: HttpAnswer,
  errors: readonly string[],
  namespace: string | undefined,
): string | undefined {
  const where = namespace ? `in the namespace ${namespace}` : '(VAULT_NAMESPACE is not set)'
  if (status === 403) return `the token has expired, or none of its policies allows this ${where}`
  if (status === 404 || errors.some((error) => /no handler for route|unsupported path/.test(error)))
    return `no secrets engine is mounted there ${where}`
  if (errors.some((error) => /encryption key not found/.test(error))) return `the engine has no such key ${where}`
  if (status >= 300 && status < 400 && headers.location !== undefined)
    return 'name the server that answers itself in VAULT_ADDR'
  return undefined
}

/** Of texts and numbers, which an answer might quote. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number' || typeof value === 'bigint') return [jsonText(value)]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

function errorsOf(answer: HttpAnswer): string[] | undefined {
  const parsed = parseJson(answer.body)
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const { errors } = parsed as { errors?: unknown }
  return Array.isArray(errors) ? errors.map(String) : []
}

function dataOf(request: HttpRequest, answer: HttpAnswer, isExact = false): unknown {
  if (answer.body.length === 0) return undefined
  const parsed = parseJson(answer.body)
  if (typeof parsed !== 'object' || parsed === null) {
    const text = withoutSecrets(proxyText('Vault', answer.body.toString('utf8')), secretsOf(request))
    const what = isMarkup(answer) ? text : 'the answer of the Vault server is cut off, or not a JSON object'
    throw new SopsError('generic', `${what} (status ${answer.status} from ${request.socketPath ?? request.url.host})`)
  }
  const json = isExact ? exactJson(answer.body.toString('utf8')) : parsed
  return (json as { data?: unknown }).data ?? undefined
}
