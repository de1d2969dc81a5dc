// Google's services for identities on loopback: token exchange, refreshing, acting as a service account; and an identity provider's.
import { json, type Listening, type ListenOptions, listen } from './listen.ts'

export interface IdentityRequest {
  readonly path: string
  readonly authorization: string | undefined
  /** A form's or a JSON object's fields. */
  readonly fields: Readonly<Record<string, unknown>>
}

export interface IdentityServer extends Listening {
  readonly requests: IdentityRequest[]
}

export interface IdentityOptions {
  /** What the provider gives for the header `x-want: token`. */
  readonly subject?: string
  /** Refuses to act as a service account. */
  readonly denied?: boolean
  readonly tls?: NonNullable<ListenOptions['tls']>
}

/** `/sts` takes `subject-token` and gives `federated`; `/refresh` gives `refreshed`; paths that end with `:generateAccessToken` give `acting`. */
export async function startGcpIdentity(options: IdentityOptions = {}): Promise<IdentityServer> {
  const { subject = 'subject-token', denied = false } = options
  const requests: IdentityRequest[] = []
  const server = await listen(({ path, headers, body }, response) => {
    const isJson = String(headers['content-type']).includes('json')
    const fields: Record<string, unknown> = isJson ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body))
    const { authorization } = headers
    requests.push({ path, authorization, fields })
    const grant = (token: string): void =>
      json(response, 200, { access_token: token, expires_in: 3600, token_type: 'Bearer' })
    const refuse = (text: string): void => json(response, 400, { error: 'invalid_grant', error_description: text })
    if (path === '/subject') {
      if (headers['x-want'] !== 'token') return json(response, 403, {})
      return json(response, 200, { value: { nested: 1 }, id_token: subject })
    }
    if (path === '/refresh' || path === '/token')
      return fields['refresh_token'] === 'the-refresh' ? grant('refreshed') : refuse('gone')
    if (path === '/sts') {
      const isExchange = fields['grant_type'] === 'urn:ietf:params:oauth:grant-type:token-exchange'
      const isKnown = fields['subject_token'] === subject || String(fields['subject_token']).startsWith('%7B')
      return isExchange && isKnown ? grant('federated') : refuse(`not this token: ${fields['subject_token']}`)
    }
    if (path.endsWith(':generateAccessToken')) {
      const known = ['federated', 'refreshed', 'acting'].some((one) => authorization === `Bearer ${one}`)
      if (denied || !known) {
        const message = `Permission 'iam.serviceAccounts.getAccessToken' denied for ${authorization}`
        return json(response, 403, { error: { code: 403, status: 'PERMISSION_DENIED', message } })
      }
      return json(response, 200, { accessToken: 'acting', expireTime: new Date(Date.now() + 3_600_000).toISOString() })
    }
    return json(response, 404, {})
  }, options)
  return { ...server, requests }
}
