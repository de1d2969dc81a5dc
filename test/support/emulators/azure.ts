// Azure Key Vault on loopback, over TLS: RSA-OAEP-256, bearer challenges, and the token endpoints of its identities.
import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { json as answer, type Fault, fail, type Listening, listen, type SeenRequest } from './listen.ts'

/** Vault, authority and identity endpoint in one. */
export interface AzureServer extends Listening {
  readonly requests: SeenRequest[]
  /** Answers for the next requests, used up in order. */
  readonly faults: Fault[]
  /** What tokens are worth from now on. */
  validToken: string
}

export interface AzureOptions {
  readonly tls: { readonly key: string; readonly cert: string }
  /** Names of keys, with their versions; the last one is the latest. */
  readonly keys?: Readonly<Record<string, readonly string[]>>
  readonly tenant?: string
  /** What the challenge asks for. */
  readonly resource?: string
  readonly secret?: string
  /** Seconds. */
  readonly lifetime?: number
}

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }

export async function startAzure(options: AzureOptions): Promise<AzureServer> {
  const { keys = { main: ['v1', 'v2'] }, tenant = 'tenant-1', resource = 'https://vault.azure.net' } = options
  const { secret = 'client-secret', lifetime = 3600 } = options
  const requests: SeenRequest[] = []

  const refuse = (response: ServerResponse, status: number, code: string, message: string): unknown =>
    answer(response, status, { error: { code, message } })

  function grant(response: ServerResponse, request: SeenRequest): unknown {
    const form = new URLSearchParams(request.body)
    const isProven = form.get('client_secret') === secret || form.get('client_assertion') === secret
    if (!isProven || form.get('client_id') !== 'client-1') {
      return answer(response, 401, {
        error: 'invalid_client',
        error_description: 'AADSTS7000215: Invalid client secret provided.\r\nTrace ID: x',
      })
    }
    if (form.get('scope') !== `${resource}/.default`) return answer(response, 400, { error: 'invalid_scope' })
    return answer(response, 200, { token_type: 'Bearer', expires_in: lifetime, access_token: server.validToken })
  }

  function vault(response: ServerResponse, request: SeenRequest): unknown {
    const { headers, body, path } = request
    if (headers.authorization === undefined) {
      const challenge = `Bearer authorization="https://login.microsoftonline.com/${tenant}", resource="${resource}"`
      return answer(response, 401, { error: { code: 'Unauthorized' } }, { 'WWW-Authenticate': challenge })
    }
    if (headers.authorization !== `Bearer ${server.validToken}`) {
      return refuse(response, 401, 'Unauthorized', 'Token validation failed.')
    }
    const [route = '', query = ''] = path.split('?')
    if (!new URLSearchParams(query).has('api-version')) return refuse(response, 400, 'BadParameter', 'api-version')
    const [, , name = '', version = '', verb] = route.split('/')
    const versions = keys[name]
    if (versions === undefined) return refuse(response, 404, 'KeyNotFound', `A key with name ${name} was not found.`)
    if (request.method === 'GET') {
      const kid = `${server.address}/keys/${name}/${version || versions.at(-1)}`
      return answer(response, 200, { key: { kid, kty: 'RSA' }, attributes: { enabled: true } })
    }
    if (!versions.includes(version)) return refuse(response, 404, 'KeyNotFound', 'No such version.')
    const { alg, value } = JSON.parse(body)
    if (alg !== 'RSA-OAEP-256') return refuse(response, 400, 'BadParameter', 'alg')
    const input = Buffer.from(value, 'base64url')
    try {
      const output =
        verb === 'encrypt'
          ? publicEncrypt({ key: publicKey, ...oaep }, input)
          : privateDecrypt({ key: privateKey, ...oaep }, input)
      return answer(response, 200, { kid: 'x', value: output.toString('base64url') })
    } catch {
      return refuse(response, 400, 'BadParameter', 'The parameter is incorrect.')
    }
  }

  function handle(request: SeenRequest, response: ServerResponse): unknown {
    const { path: url, headers } = request
    requests.push(request)
    const fault = server.faults.shift()
    if (fault !== undefined) return fail(response, fault)
    if (url === `/${tenant}/oauth2/v2.0/token`) return grant(response, request)
    if (url.startsWith('/msi/token?')) {
      const query = new URLSearchParams(url.slice(url.indexOf('?')))
      const isKnown = headers['x-identity-header'] === 'header-1' && query.get('resource') === resource
      const expires = Math.floor(Date.now() / 1000) + lifetime
      return isKnown
        ? answer(response, 200, { access_token: server.validToken, expires_on: String(expires), token_type: 'Bearer' })
        : answer(response, 400, { error: 'invalid_request', error_description: 'no' })
    }
    return url.startsWith('/keys/') ? vault(response, request) : refuse(response, 404, 'NotFound', url)
  }

  const listening = await listen(handle, { tls: options.tls })
  const server: AzureServer = { ...listening, requests, faults: [], validToken: 'token-of-the-test' }
  return server
}
