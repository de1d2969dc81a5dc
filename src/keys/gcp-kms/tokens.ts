// Access tokens from Google's token service and from the metadata server of its machines.
import type { Context } from '../../context.ts'
import { SopsError } from '../../errors.ts'
import { type Deadline, deadlineIn, type HttpAnswer, isLoopback, parseJson, send, withoutSecrets } from '../http.ts'
import { proxyFor } from '../http-proxy.ts'
import { kmsTimeout } from '../timeout.ts'
import type { Token, TokenMaker } from './token.ts'

const tokenService = 'https://oauth2.googleapis.com/token'

export interface RefreshGrant {
  /** `token_uri` or `token_url` of the credentials; empty for Google's own. */
  readonly tokenUri: string
  readonly clientId: string
  readonly clientSecret: string
  readonly refreshToken: string
  /** Whether the client shows its secret in a header, as for logins of other identity providers. */
  readonly usesHeader: boolean
}

/** Trades the refresh token that `gcloud` left (RFC 6749, 6). */
export const refreshedToken =
  ({ tokenUri, clientId, clientSecret, refreshToken, usesHeader }: RefreshGrant, ctx: Context): TokenMaker =>
  async () => {
    const url = secureUrl(tokenUri || tokenService, usesHeader ? 'token_url' : 'token_uri')
    const client = usesHeader ? {} : { client_id: clientId, client_secret: clientSecret }
    const form = { grant_type: 'refresh_token', ...client, refresh_token: refreshToken }
    const headers = usesHeader ? basicAuth(clientId, clientSecret) : {}
    const answer = await postForm(url, form, headers, ctx, deadlineIn(kmsTimeout(ctx)))
    return readToken(answer, [refreshToken, clientSecret], ctx)
  }

export const basicAuth = (name: string, secret: string): Record<string, string> => {
  const pair = `${encodeURIComponent(name)}:${encodeURIComponent(secret)}`
  return { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

export const postForm = (
  url: URL,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
  ctx: Context,
  deadline: Deadline,
): Promise<HttpAnswer> =>
  send(
    {
      method: 'POST',
      url,
      headers: { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
      proxy: proxyFor(url, ctx.env),
    },
    deadline,
  )

/** @throws SopsError `generic` for a place that TLS does not protect: secrets are sent there. */
export function secureUrl(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return url
  throw new SopsError('generic', `the ${name} of the credentials must be an https URL`)
}

/**
 * The token service of the machine's metadata server, if there is one: the first answer has to come within a second, so that machines
 * elsewhere do not wait for it.
 */
export async function metadataToken(ctx: Context): Promise<TokenMaker | undefined> {
  const host = ctx.env['GCE_METADATA_HOST'] || '169.254.169.254'
  const at = (path: string): URL => new URL(`http://${host}/computeMetadata/v1/${path}`)
  const headers = { 'Metadata-Flavor': 'Google' }
  try {
    const answer = await send({ method: 'GET', url: at('instance/'), headers }, deadlineIn(1000))
    if (answer.headers['metadata-flavor'] !== 'Google') return undefined
  } catch {
    return undefined
  }
  return async () => {
    const url = at('instance/service-accounts/default/token')
    return readToken(await send({ method: 'GET', url, headers }, deadlineIn(kmsTimeout(ctx))), [], ctx)
  }
}

/** The text of an answer is only shown where it is an error's name or description, and without what was sent. */
export function readToken({ status, body }: HttpAnswer, sent: readonly string[], ctx: Context): Token {
  const json = (parseJson(body) ?? {}) as Readonly<Record<string, unknown>>
  const { access_token: text, expires_in: seconds, error, error_description: description } = json
  if (status === 200 && typeof text === 'string' && text !== '') {
    return { text, expires: ctx.now().getTime() + (Number(seconds) || 0) * 1000 }
  }
  const reason = [error, description].filter((one) => typeof one === 'string').join(': ')
  const shown = withoutSecrets(reason, sent) || `status ${status}`
  throw new SopsError('generic', `cannot get an access token: ${shown}`)
}
