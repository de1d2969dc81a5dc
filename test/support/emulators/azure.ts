// Azure Key Vault on loopback, over TLS: RSA-OAEP-256, bearer challenges, and the token endpoints of its identities.
import {
  constants,
  createHash,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  verify,
  X509Certificate,
} from 'node:crypto'
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
  /** PEM of the application's certificate. */
  readonly certificate?: string
  /** Status of the instance metadata service, 404 for none. */
  readonly metadata?: number
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

  /** As Entra checks what an application's certificate signed. */
  function isSigned(jwt: string): boolean {
    if (options.certificate === undefined || jwt.split('.').length !== 3) return false
    const [header = '', claims = '', signature = ''] = jwt.split('.')
    const certificate = new X509Certificate(options.certificate)
    const { alg, 'x5t#S256': thumbprint } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const { aud, iss, sub, jti, nbf, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    const now = Date.now() / 1000
    const key = { key: certificate.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
    return (
      alg === 'PS256' &&
      thumbprint === createHash('sha256').update(certificate.raw).digest('base64url') &&
      aud === `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token` &&
      [iss, sub].every((one) => one === 'client-1') &&
      String(jti).length > 20 &&
      nbf <= now + 1 &&
      exp > now &&
      exp <= now + 601 &&
      verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'))
    )
  }

  /** The instance metadata service: without its header it only says that it is there. */
  function metadata(response: ServerResponse, { path, headers }: SeenRequest): unknown {
    const query = new URLSearchParams(path.slice(path.indexOf('?')))
    if (headers['metadata'] !== 'true') return answer(response, 400, { error: 'bad_request' })
    if (options.metadata !== 200) {
      return answer(response, options.metadata ?? 404, {
        error: 'invalid_request',
        error_description: 'Identity not found',
      })
    }
    const isRight = query.get('api-version') === '2018-02-01' && query.get('resource') === resource
    const granted = { access_token: server.validToken, expires_in: String(lifetime), token_type: 'Bearer' }
    return isRight ? answer(response, 200, granted) : answer(response, 400, { error: 'invalid_resource' })
  }

  function grant(response: ServerResponse, request: SeenRequest): unknown {
    const form = new URLSearchParams(request.body)
    const isUser =
      form.get('grant_type') === 'password' && form.get('username') === 'me' && form.get('password') === secret
    const assertion = form.get('client_assertion') ?? ''
    const isProven = form.get('client_secret') === secret || isUser || assertion === secret || isSigned(assertion)
    if (!isProven || form.get('client_id') !== 'client-1') {
      return answer(response, 401, {
        error: 'invalid_client',
        error_description: 'AADSTS7000215: Invalid client secret provided.\r\nTrace ID: x',
      })
    }
    if (!form.get('scope')?.split(' ').includes(`${resource}/.default`))
      return answer(response, 400, { error: 'invalid_scope' })
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
    if (url.split('?')[0] === `/${tenant}/oauth2/v2.0/token`) return grant(response, request)
    if (url.startsWith('/msi/token?')) {
      const query = new URLSearchParams(url.slice(url.indexOf('?')))
      const isKnown = headers['x-identity-header'] === 'header-1' && query.get('resource') === resource
      const expires = Math.floor(Date.now() / 1000) + lifetime
      return isKnown
        ? answer(response, 200, { access_token: server.validToken, expires_on: String(expires), token_type: 'Bearer' })
        : answer(response, 400, { error: 'invalid_request', error_description: 'no' })
    }
    if (url.startsWith('/metadata/identity/oauth2/token') && options.metadata !== undefined)
      return metadata(response, request)
    if (url.startsWith('/older/token?') || url === '/shell/token') {
      const query = new URLSearchParams(url.startsWith('/older') ? url.slice(url.indexOf('?')) : request.body)
      const isKnown = url.startsWith('/older') ? headers['secret'] === 'msi-secret' : headers['metadata'] === 'true'
      const expires_on = '11/22/2099 01:02:03 AM +00:00'
      return isKnown && query.get('resource') === resource
        ? answer(response, 200, { access_token: server.validToken, expires_on, token_type: 'Bearer' })
        : answer(response, 401, { error: 'no' })
    }
    return url.startsWith('/keys/') ? vault(response, request) : refuse(response, 404, 'NotFound', url)
  }

  const listening = await listen(handle, { tls: options.tls })
  const server: AzureServer = { ...listening, requests, faults: [], validToken: 'token-of-the-test' }
  return server
}
