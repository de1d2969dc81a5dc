// What is told of an answer that gives nothing: status, host, cause and what to do, without what was sent.
import type { HttpAnswer, HttpRequest } from './http.ts'
import { parseJson, withoutSecrets } from './http.ts'

/** A service as its failures name it. */
export interface Service {
  /** `Google Cloud KMS`. */
  readonly name: string
  /** The service's own words in the JSON of an answer; undefined where it is in another form than the service's. */
  readonly wordsIn: (json: object) => string | undefined
  /** What the user can do about it. */
  readonly advice: (status: number, words: string) => string | undefined
}

/** Characters of another program's text that are shown. */
const longestWords = 2000
const longestTitle = 100

/** Headers whose values may be shown; any other may hold a token. */
const publicHeaders =
  /^(?:accept|content-type|user-agent|metadata-flavor|x-vault-(?:request|namespace)|x-goog-user-project|x-project-id|x-sdk-date|x-idp-id)$/i

/** What services and gateways call the name by which they find a request in their logs. */
const requestIds = [
  'x-ms-request-id',
  'x-request-id',
  'x-goog-request-id',
  'x-guploader-uploadid',
  'x-amzn-requestid',
  'x-correlation-id',
]

/** Everything in a request that no message may show. */
export function secretsOf({ headers = {}, url, proxy, secrets = [] }: HttpRequest): string[] {
  const users = [url, ...(proxy === undefined ? [] : [proxy])].flatMap(({ username, password }) => [username, password])
  const values = Object.entries(headers).flatMap(([name, value]) =>
    // The scheme of an authorization is none.
    publicHeaders.test(name) ? [] : [value.replace(/^[A-Za-z]+ (?=\S)/, '')],
  )
  return [...secrets, ...values, ...users.map(unescaped), ...users]
}

/** The text as it stands where it has a malformed escape. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** `, request id 7f…`; empty where the answer has none. */
export function requestIdText({ headers }: HttpAnswer): string {
  const id = requestIds.map((name) => headers[name]).find((value) => typeof value === 'string')
  return typeof id === 'string' && /^[\w.:/+=-]{1,200}$/.test(id) ? `, request id ${id}` : ''
}

/** The cause of a failed answer on one line, as in `Forbidden: no (status 403 from vault.example): …`. */
export function refusalText(service: Service, request: HttpRequest, answer: HttpAnswer): string {
  const json = parseJson(answer.body)
  const words = typeof json === 'object' && json !== null ? service.wordsIn(json) : undefined
  const text =
    words === undefined ? foreignText(service, request, answer, json) : ownText(service, request, answer, words)
  // In this order: half a secret, or one on one line, is not found.
  return oneLine(withoutSecrets(text, secretsOf(request)).slice(0, longestWords))
}

const hostOf = ({ socketPath, url }: HttpRequest): string => socketPath ?? url.host

function ownText(service: Service, request: HttpRequest, answer: HttpAnswer, words: string): string {
  const { status, attempts = 1 } = answer
  const again = attempts > 1 ? `, after ${attempts} attempts` : ''
  const place = `(status ${status} from ${hostOf(request)}${requestIdText(answer)}${again})`
  const advice = service.advice(status, words)
  return `${words} ${place}${advice === undefined ? '' : `: ${advice}`}`
}

/** An answer in another form than the service's: a proxy's, a sign-in page, or a part of an answer. */
function foreignText(service: Service, request: HttpRequest, answer: HttpAnswer, json: unknown): string {
  const { status, headers, body, attempts = 1 } = answer
  const place = `status ${status} from ${hostOf(request)}${requestIdText(answer)}${attempts > 1 ? `, after ${attempts} attempts` : ''}`
  const target = status >= 300 && status < 400 ? headers.location : undefined
  if (target !== undefined) return `${place}: ${redirectText(target, request)}`
  // JSON in an unknown form may hold what must not be shown.
  const text = json === undefined ? body.toString('utf8').trim() : ''
  if (isMarkup(answer)) return `${place}: ${proxyText(service.name, text)}`
  if (status < 300) return `${place}: the answer is empty, cut off or no JSON; is ${service.name} what answers there?`
  const advice = service.advice(status, text)
  return `${place}: ${text === '' ? 'no reason given' : text}${advice === undefined ? '' : `; ${advice}`}`
}

/** HTML or XML, which none of the services answers with. */
export const isMarkup = ({ headers, body }: HttpAnswer): boolean =>
  /html/i.test(headers['content-type'] ?? '') || /^\s*</.test(body.toString('utf8', 0, 100))

/** What an answer in HTML means, with its title: most gateways say there what is wrong. */
export function proxyText(service: string, html: string): string {
  const title = oneLine(/<title[^>]*>([^<]*)/i.exec(html)?.[1] ?? '')
    .trim()
    .slice(0, longestTitle)
  const shown = title === '' ? '' : ` ("${title}")`
  return `an answer of a proxy, not of ${service}${shown}; see HTTPS_PROXY and NO_PROXY, or ask who runs it`
}

/** A redirect may lead a token astray, so none is followed. */
function redirectText(location: string, { url }: HttpRequest): string {
  const target = URL.canParse(location, url.href) ? new URL(location, url.href).origin : 'a malformed URL'
  return `a redirect to ${target}, which is not followed; name the server that answers itself`
}

const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
