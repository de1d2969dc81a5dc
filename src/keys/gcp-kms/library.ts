// Google's federated and impersonated identities, by its own library.
import type * as GoogleAuth from 'google-auth-library'
import type { Context } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import {
  agentsFor,
  cloudRetry,
  isTransientCode,
  kmsTimeout,
  loadOptional,
  repeatedly,
  unreachable,
  withoutSecrets,
} from '../../net/index.ts'
import { codeOf } from '../../system/index.ts'
import { scope } from './endpoint.ts'
import type { GoogleToken } from './tokens.ts'
import { serviceAt } from './tokens.ts'

interface LibraryJson {
  readonly token_url?: unknown
  readonly service_account_impersonation_url?: unknown
  readonly source_credentials?: unknown
}

/**
 * The library reads what programs and AWS need, from `process.env` alone.
 * @throws SopsError `missing-dependency`; `generic`, never with what the credentials keep secret.
 */
export function libraryToken(json: object, ctx: Context): () => Promise<GoogleToken> {
  const secrets = secretsOf(json)
  let client: GoogleAuth.AuthClient | undefined
  return async () => {
    checkServices(json)
    const library = await loadOptional('google-auth-library', () => import('google-auth-library'))
    try {
      client ??= makeClient(json, library, secrets, ctx)
      const asked = client
      const { token } = await repeatedly(() => asked.getAccessToken(), isPassing)
      if (!token) throw new SopsError('generic', 'the credentials gave no access token')
      return { text: token, expires: client.credentials.expiry_date ?? Number.POSITIVE_INFINITY }
    } catch (error) {
      const text = (unreachable(error, ctx) ?? messageOf(error))
        .replace(/Unexpected token .*? is not valid JSON/gs, 'no valid JSON')
        .replace(/\bBearer \S+/g, 'Bearer …')
      // No `cause`: the library's errors hold the request.
      throw new SopsError('generic', withoutSecrets(text, [...secrets]))
    }
  }
}

/** Whether the library's error is of a service that is busy, or of a connection that failed. */
const isPassing = (error: unknown): boolean => {
  const { status, response } = error as { status?: unknown; response?: { status?: unknown } }
  const answered = status ?? response?.status
  return typeof answered === 'number' ? cloudRetry.isBusy(answered) : isTransientCode(codeOf(error))
}

function makeClient(
  json: object,
  library: typeof GoogleAuth,
  secrets: Set<string>,
  ctx: Context,
): GoogleAuth.AuthClient {
  const client = new library.GoogleAuth({ scopes: [scope] }).fromJSON(json as GoogleAuth.JWTInput)
  const agent = agentsFor(ctx, kmsTimeout(ctx))
  if ('scopes' in client) client.scopes = [scope]
  const { sourceClient } = client as unknown as { sourceClient?: GoogleAuth.AuthClient }
  for (const one of [client, sourceClient]) {
    // The exchange of tokens has a transporter of its own.
    const { stsCredential: exchange } = (one ?? {}) as unknown as { stsCredential?: Partial<GoogleAuth.AuthClient> }
    for (const { transporter } of [one ?? {}, exchange ?? {}] as Partial<GoogleAuth.AuthClient>[]) {
      if (transporter !== undefined) Object.assign(transporter.defaults, { agent })
    }
    if (!(one instanceof library.BaseExternalAccountClient)) continue
    const retrieve = one.retrieveSubjectToken.bind(one)
    // Token files often end with a line break, which the library would send.
    one.retrieveSubjectToken = async () => {
      const token = (await retrieve()).trim()
      secrets.add(token)
      return token
    }
  }
  return client
}

/** Where tokens are sent; credentials nested in others name services of their own. */
function checkServices(json: LibraryJson): void {
  const { token_url: exchange, service_account_impersonation_url: acting, source_credentials: source } = json
  if (typeof exchange === 'string') serviceAt(exchange, 'token_url')
  if (typeof acting === 'string') serviceAt(acting, 'service_account_impersonation_url')
  if (typeof source === 'object' && source !== null) checkServices(source)
}

/** Secret texts that a service's answer might quote. */
function secretsOf(json: object): Set<string> {
  const found = new Set<string>()
  for (const [name, value] of Object.entries(json)) {
    if (typeof value === 'object' && value !== null) for (const one of secretsOf(value)) found.add(one)
    else if (/^(client_secret|refresh_token|private_key)$/.test(name)) found.add(String(value))
  }
  return found
}
