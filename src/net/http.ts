// One HTTP request within a deadline, repeated while the service is busy; for key services that need no SDK.

import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http'
import { request as requestPlain } from 'node:http'
import type { SecureContext } from 'node:tls'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { codeOf } from '../system/index.ts'
import { connectionText, isCutOff, trustsOwn } from './failure.ts'
import { type RetryRule, sleep } from './retry.ts'
import type { TlsOptions } from './trust.ts'

export interface HttpRequest {
  /** Says which authorities are trusted. */
  readonly ctx: Pick<Context, 'env' | 'cwd' | 'platform' | 'once'>
  readonly method: string
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** What of the body no message may show; of the headers and URLs that is known (`secretsOf`). */
  readonly secrets?: readonly string[]
  readonly tls?: TlsOptions
  /** A Unix socket instead of the URL's host. */
  readonly socketPath?: string
  /** An HTTP proxy, with user information where it needs any. */
  readonly proxy?: URL | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** How often the service was asked; once if left out. */
  readonly attempts?: number
}

export interface Deadline {
  readonly signal: AbortSignal
  /** Milliseconds until the signal fires. */
  left(): number
}

/** Far above anything a key service or a secrets engine returns. */
const longestBody = 16 * 1024 * 1024

class TooLong extends Error {}

export function deadlineIn(ms: number): Deadline {
  const end = performance.now() + ms
  return { signal: AbortSignal.timeout(Math.max(1, Math.ceil(ms))), left: () => end - performance.now() }
}

/** Names and addresses that never leave this machine. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  /^127(\.\d{1,3}){3}$/.test(hostname) ||
  hostname === '[::1]' ||
  hostname === '::1'

/** The URL for messages: without user information. */
export function shownUrl(url: URL): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href
}

/** A server's text, for messages. Some gateways echo what they were sent, as it was or escaped. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const spellings = secrets
    .filter((secret) => secret.length > 3)
    .flatMap((secret) => [secret, escapedForUrl(secret), JSON.stringify(secret).slice(1, -1)])
  // A part of a longer one goes after it, or the rest would stay.
  return [...new Set(spellings)]
    .sort((a, b) => b.length - a.length)
    .reduce((shown, one) => shown.replaceAll(one, '…'), text)
}

const escapedForUrl = (text: string): string => encodeURIComponent(text.toWellFormed())

/** Undefined where the text is not JSON. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

/**
 * Sends one request and reads the answer, whatever its status; a redirect is an answer too.
 * @throws SopsError `generic` when there is no answer, or none in time.
 */
export async function send(request: HttpRequest, deadline: Deadline): Promise<HttpAnswer> {
  try {
    return await exchange(request, deadline.signal)
  } catch (error) {
    const where = request.socketPath ?? request.url.host
    if (deadline.signal.aborted) throw new SopsError('generic', `no answer from ${where} in time`)
    if (error instanceof SopsError) throw error
    if (error instanceof TooLong) throw new SopsError('generic', `the answer of ${where} is longer than 16 MiB`)
    if (error instanceof Error && request.tls?.ca !== undefined) Object.assign(error, { [trustsOwn]: true })
    const text = isCutOff(error)
      ? `the answer of ${where} is cut off`
      : `cannot reach ${where}: ${connectionText(error, request.ctx)}`
    throw new SopsError('generic', text, { details: { connection: codeOf(error) ?? '' }, cause: error })
  }
}

/**
 * Repeats `send` for as long as the rule says so and the deadline allows. The last answer or error counts; where time runs out within an
 * attempt, the one before, which says more.
 */
export async function sendPatiently(request: HttpRequest, rule: RetryRule, deadline: Deadline): Promise<HttpAnswer> {
  let before: (() => HttpAnswer) | undefined
  for (let attempt = 0; ; attempt++) {
    let wait = rule.wait(attempt)
    const isLast = attempt >= rule.retries
    try {
      const answer = { ...(await send(request, deadline)), attempts: attempt + 1 }
      if (isLast || !rule.isBusy(answer.status)) return answer
      wait = Math.max(wait, retryAfter(answer.headers['retry-after']) ?? 0)
      if (wait >= deadline.left()) return answer
      before = () => answer
    } catch (error) {
      if (before !== undefined && deadline.signal.aborted) return before()
      if (isLast || !isTransient(error) || wait >= deadline.left()) throw error
      before = () => {
        throw error
      }
    }
    await sleep(wait)
  }
}

/** Milliseconds of a `Retry-After` header: seconds or a date. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  if (/^\d+$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

/** Failures that mean there is no server there, as opposed to one that is not trusted. */
const transientCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

export const isTransientCode = (code: string | undefined): boolean => transientCodes.has(code ?? '')

const isTransient = (error: unknown): boolean => error instanceof SopsError && isTransientCode(error.details.connection)

async function exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const { url, method, headers, body, socketPath } = request
  const isTls = url.protocol === 'https:'
  const proxy = socketPath === undefined ? request.proxy : undefined
  const options: RequestOptions & { secureContext?: SecureContext } = {
    method,
    signal,
    headers: { ...headers },
    path: url.pathname + url.search,
    ...(url.username === '' && url.password === '' ? {} : { auth: `${plain(url.username)}:${plain(url.password)}` }),
    ...(socketPath === undefined ? { hostname: bare(url), port: url.port } : { socketPath }),
    ...(isTls ? await tlsOptions(request) : {}),
  }
  if (proxy !== undefined) {
    const { throughProxy } = await import('./proxy.ts')
    Object.assign(options, await throughProxy(url, proxy, options, signal))
  }
  const start = isTls ? (await import('node:https')).request : requestPlain
  return new Promise((resolve, reject) => {
    const outgoing = start(options, (answer) => collect(answer).then(resolve, reject))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

async function tlsOptions({ ctx, tls = {} }: HttpRequest): Promise<object> {
  const { secured } = await import('./trust.ts')
  const { servername, rejectUnauthorized } = tls
  return {
    ...secured(ctx, tls),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  }
}

const plain = (text: string): string => decodeURIComponent(text)

/** The host without the brackets of IPv6. */
const bare = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '')

async function collect(answer: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > longestBody) throw new TooLong()
    chunks.push(chunk)
  }
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }
}
