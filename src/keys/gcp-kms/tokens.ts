// Access tokens from Google's token service and from the metadata server of its machines.
import type { Context } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import {
  cloudRetry,
  deadlineIn,
  type HttpAnswer,
  type HttpRequest,
  isLoopback,
  kmsTimeout,
  parseJson,
  proxyFor,
  refusalText,
  type Service,
  send,
  sendPatiently,
} from '../../net/index.ts'
import { googleMetadata, googleTokens } from './refusal.ts'

export interface GoogleToken {
  readonly text: string
  /** Milliseconds since 1970; Infinity when unknown. */
  readonly expires: number
}

const tokenService = 'https://oauth2.googleapis.com/token'

interface RefreshGrant {
  /** `token_uri` of the credentials; empty for Google's own. */
  readonly tokenUri: string
  readonly clientId: string
  readonly clientSecret: string
  readonly refreshToken: string
}

/** Trades the refresh token that `gcloud` left (RFC 6749, 6). */
export const refreshedToken =
  ({ tokenUri, clientId, clientSecret, refreshToken }: RefreshGrant, ctx: Context): (() => Promise<GoogleToken>) =>
  async () => {
    const url = serviceAt(tokenUri || tokenService, 'token_uri')
    const form = {
      grant_type: 'refresh_token',
      client_id: clientId,
      client_secret: clientSecret,
      refresh_token: refreshToken,
    }
    const request = {
      ctx,
      method: 'POST',
      url,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
      secrets: [clientSecret, refreshToken],
      proxy: proxyFor(url, ctx.env),
    }
    return askForToken(request, googleTokens, ctx)
  }

/** @throws SopsError `generic` for clear text to another machine: secrets go there. */
export function serviceAt(text: string, field: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return url
  throw new SopsError('generic', `the ${field} of the credentials must be an https URL`)
}

/**
 * The token service of the machine's metadata server, if there is one: its first answer must come within a second, so that machines outside
 * Google's cloud do not wait for it.
 */
export async function metadataToken(ctx: Context): Promise<(() => Promise<GoogleToken>) | undefined> {
  const host = ctx.env['GCE_METADATA_HOST'] || '169.254.169.254'
  const at = (path: string): URL => new URL(`http://${host}/computeMetadata/v1/${path}`)
  const headers = { 'Metadata-Flavor': 'Google' }
  try {
    const answer = await send({ ctx, method: 'GET', url: at('instance/'), headers }, deadlineIn(1000))
    if (answer.headers['metadata-flavor'] !== 'Google') return undefined
  } catch {
    return undefined
  }
  return async () => {
    const url = at('instance/service-accounts/default/token')
    return askForToken({ ctx, method: 'GET', url, headers }, googleMetadata, ctx)
  }
}

async function askForToken(request: HttpRequest, service: Service, ctx: Context): Promise<GoogleToken> {
  const answer = await sendPatiently(request, cloudRetry, deadlineIn(kmsTimeout(ctx))).catch((error: unknown) => {
    throw new SopsError('generic', `cannot get an access token: ${messageOf(error)}`, { cause: error })
  })
  const token = tokenIn(answer, ctx)
  if (token !== undefined) return token
  throw new SopsError('generic', `cannot get an access token: ${refusalText(service, request, answer)}`)
}

function tokenIn({ status, body }: HttpAnswer, ctx: Context): GoogleToken | undefined {
  const json = parseJson(body)
  if (status !== 200 || typeof json !== 'object' || json === null) return undefined
  const { access_token: text, expires_in: seconds } = json as { access_token?: unknown; expires_in?: unknown }
  if (typeof text !== 'string' || text === '') return undefined
  return { text, expires: ctx.now().getTime() + (typeof seconds === 'number' ? seconds * 1000 : 0) }
}
