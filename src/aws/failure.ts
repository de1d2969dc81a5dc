// The text of an AWS failure: who answered what, without anything secret.

import type { Context } from '../context/index.ts'
import { memoKey } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { connectionText, kmsTimeout, unreachable } from '../net/index.ts'
import { secretValues } from '../system/index.ts'

const secrets = memoKey<Set<string>>('AWS secrets')

const known = (ctx: Context): Set<string> => ctx.once(secrets, () => new Set())

/** Texts that must not be shown, beyond those in the environment. */
export function keepSecret(ctx: Context, ...texts: readonly (string | undefined)[]): void {
  for (const text of texts) if (text) known(ctx).add(text)
}

/** Service errors quote what was signed, session token included. */
function redact(text: string, ctx: Context): string {
  const secrets = [...known(ctx), ...secretValues(ctx.env)]
  return secrets.filter((secret) => secret.length >= 4).reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
}

/** The hosts that errors came from, or that could not be reached. */
const hosts = new WeakMap<object, string>()

type Handler = (args: { request: unknown }) => Promise<unknown>

interface Response {
  readonly statusCode?: number
  readonly headers?: Readonly<Record<string, string>>
}

const isPage = ({ headers }: Response): boolean => /\bhtml\b/i.test(headers?.['content-type'] ?? '')

const foreign = (status: number, host: string): string =>
  `status ${status} from ${host}: an answer of a proxy, not of AWS`

/** What is common to the middleware stacks of the SDK's clients. */
interface Watchable {
  readonly middlewareStack: { add(middleware: unknown, options: object): void }
}

/** Remembers for every failed request of the client which host it went to. */
export function nameHosts(client: object): void {
  const watch = (next: Handler) => async (args: { request: unknown }) => {
    const { hostname = '', port } = args.request as { hostname?: string; port?: number }
    const host = port === undefined ? hostname : `${hostname}:${port}`
    try {
      const done = await next(args)
      const { response, output = {} } = done as { response: Response; output?: object }
      // Where somebody has to log in, every request is answered. The page may be XML enough to be read, or need not be read at all.
      if (isPage(response) && Object.keys(output).every((name) => name === '$metadata'))
        throw new SopsError('generic', foreign(response.statusCode ?? 0, host))
      return done
    } catch (error) {
      if (typeof error === 'object' && error !== null) hosts.set(error, host)
      throw error
    }
  }
  ;(client as Watchable).middlewareStack.add(watch, { step: 'finalizeRequest', priority: 'low', name: 'nameHosts' })
}

/** What the SDK adds to errors. */
interface Answered {
  readonly $metadata?: { readonly requestId?: string; readonly httpStatusCode?: number }
  readonly $response?: Response
}

interface Answer {
  readonly status: number
  readonly host: string
  readonly requestId: string
  readonly type: string
  readonly bucketRegion: string
}

function answerOf(error: Error & Answered): Answer | undefined {
  const { $response: response, $metadata: metadata } = error
  const status = response?.statusCode ?? metadata?.httpStatusCode
  if (status === undefined) return undefined
  const headers = response?.headers ?? {}
  return {
    status,
    host: hosts.get(error) ?? 'the service',
    requestId: metadata?.requestId || headers['x-amzn-requestid'] || headers['x-amz-request-id'] || '',
    type: headers['content-type'] ?? '',
    bucketRegion: /^[a-z0-9-]+$/.exec(headers['x-amz-bucket-region'] ?? '')?.[0] ?? '',
  }
}

/** Characters of a service's text that are shown. */
const longestText = 2000

/** Names that the SDK gives to what has none of its own. */
const nameless = /^(?:Unknown(?:Error)?|Error|SyntaxError|TypeError|\w*ServiceException|\d{3}|)$/

/** One line: the service's name for the error, and its text; what the system refused has no such name. */
export function describeFailure(error: unknown, ctx: Context): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    const [first] = error.errors
    const host = hosts.get(error)
    if (host !== undefined && typeof first === 'object' && first !== null) hosts.set(first, host)
    return describeFailure(first, ctx)
  }
  if (!(error instanceof Error)) return 'unknown failure'
  if (error instanceof SopsError) return redact(error.message, ctx)
  const answer = answerOf(error)
  // The SDK takes it from the answer, whatever it is there.
  const text = typeof error.message === 'string' ? oneLine(redact(messageOf(error), ctx)) : ''
  if (answer !== undefined) return answerText(error.name, text, answer)
  const host = hosts.get(error)
  if (host !== undefined && /\btimed out\b/.test(text))
    return `no answer from ${host} within ${kmsTimeout(ctx) / 1000}s (SOPS_KMS_TIMEOUT sets the limit)`
  const named = awayText(error, text, host, ctx)
  if ('syscall' in error || (host !== undefined && 'code' in error) || error.name === 'Error' || error.name === '')
    return named
  return text === '' ? error.name : `${error.name}: ${named}`
}

/** Why there is no answer. */
function awayText(error: Error, text: string, host: string | undefined, ctx: Context): string {
  const away = unreachable(error, ctx)
  if (away !== undefined) return redact(away, ctx)
  if (host === undefined) return text
  if (text === 'aborted') return `the answer of ${host} broke off`
  if (text.includes(host)) return text
  return `cannot reach ${host}: ${oneLine(redact(connectionText(error, ctx), ctx))}`
}

function answerText(name: string, text: string, answer: Answer): string {
  const { status, host, requestId, type, bucketRegion } = answer
  const isService = requestId !== '' || !nameless.test(name) || (status < 300 && /\b(?:json|xml)\b/i.test(type))
  if (!isService) return foreign(status, host)
  const id = requestId === '' ? '' : `, request id ${requestId}`
  if (status < 300 || /Deserialization error/.test(text))
    return `the answer of ${host} cannot be read: it is cut short, or no answer of AWS (status ${status}${id})`
  const said = [nameless.test(name) ? '' : name, /^Unknown(?:Error)?$/.test(text) ? '' : text].filter(
    (part) => part !== '',
  )
  const elsewhere = bucketRegion === '' ? '' : `; the bucket is in ${bucketRegion}: set AWS_REGION`
  if (said.length === 0) return `status ${status} from ${host}, without a reason${id}`
  return `${said.join(': ')} (status ${status}${id})${elsewhere}`
}

function oneLine(text: string): string {
  const line = text.trim().replace(/\s*\n\s*/g, ' ')
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line
}
