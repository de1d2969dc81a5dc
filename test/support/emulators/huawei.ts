// HuaweiCloud's KMS and identity service on loopback: AES-GCM bound to the key, and a check of every request's signature.
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import {
  json as answer,
  type Fault,
  fail,
  type Listening,
  type ListenOptions,
  listen,
  type SeenRequest,
} from './listen.ts'

export interface HuaweiServer extends Listening {
  readonly requests: SeenRequest[]
  /** Answers for the next requests, used up in order. */
  readonly faults: Fault[]
}

export interface HuaweiOptions {
  readonly ak?: string
  readonly sk?: string
  readonly keys?: readonly string[]
  /** Names of projects the identity service knows, with their ids. */
  readonly projects?: readonly { readonly id: string; readonly name: string }[]
  /** What the identity service takes for a token of the identity provider. */
  readonly idToken?: string
  readonly tls?: NonNullable<ListenOptions['tls']>
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The signature over what really arrived, built from the header that names what was signed. */
function isSigned({ method, path, headers, body }: SeenRequest, ak: string, sk: string): boolean {
  const scheme = /^SDK-HMAC-SHA256 Access=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/
  const [, access, names, signature] = scheme.exec(String(headers.authorization)) ?? []
  if (access !== ak || names === undefined || !names.split(';').includes('x-sdk-date')) return false
  if ([...names.split(';')].sort().join(';') !== names) return false
  const [route = '', query = ''] = path.split('?')
  const lines = names.split(';').map((name) => `${name}:${headers[name]}\n`)
  const canonical = `${method}\n${route}/\n${query}\n${lines.join('')}\n${names}\n${sha256(body)}`
  const text = `SDK-HMAC-SHA256\n${headers['x-sdk-date']}\n${sha256(canonical)}`
  return createHmac('sha256', sk).update(text).digest('hex') === signature
}

export async function startHuawei(options: HuaweiOptions = {}): Promise<HuaweiServer> {
  const { ak = 'AK', sk = 'SK-secret', projects = [], idToken } = options
  const keys = new Map((options.keys ?? ['key-1']).map((id) => [id, randomBytes(32)]))
  const requests: SeenRequest[] = []
  const faults: Fault[] = []

  const refuse = (response: ServerResponse, status: number, code: string, text: string): unknown =>
    answer(response, status, { error: { error_code: code, error_msg: text } })

  function crypt(response: ServerResponse, verb: string, body: Record<string, string>): unknown {
    const key = keys.get(body['key_id'] ?? '')
    if (key === undefined) return refuse(response, 404, 'KMS.0401', 'The key does not exist.')
    if (body['encryption_algorithm'] !== 'SYMMETRIC_DEFAULT') return refuse(response, 400, 'KMS.0205', 'Bad algorithm.')
    if (verb === 'encrypt') {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      const sealed = [iv, cipher.update(body['plain_text'] ?? '', 'utf8'), cipher.final(), cipher.getAuthTag()]
      return answer(response, 200, { key_id: body['key_id'], cipher_text: Buffer.concat(sealed).toString('base64') })
    }
    const blob = Buffer.from(body['cipher_text'] ?? '', 'base64')
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(0, 12))
      decipher.setAuthTag(blob.subarray(-16))
      const opened = Buffer.concat([decipher.update(blob.subarray(12, -16)), decipher.final()])
      return answer(response, 200, { key_id: body['key_id'], plain_text: opened.toString('utf8') })
    } catch {
      return refuse(response, 400, 'KMS.0206', 'Invalid ciphertext.')
    }
  }

  function handle(request: SeenRequest, response: ServerResponse): unknown {
    const { path: url, headers } = request
    requests.push(request)
    const fault = faults.shift()
    if (fault !== undefined) return fail(response, fault)
    if (url === '/v3.0/OS-AUTH/id-token/tokens' && idToken !== undefined) {
      const { auth } = JSON.parse(request.body)
      if (headers['x-idp-id'] !== 'idp' || auth.id_token.id !== idToken) return refuse(response, 401, 'IAM.1', 'no')
      const project = projects.find(({ id, name }) => id === auth.scope.project.id || name === auth.scope.project.name)
      return answer(response, 201, { token: { project } }, { 'X-Subject-Token': 'federated' })
    }
    const isKnown = headers['x-auth-token'] === 'federated' || isSigned(request, ak, sk)
    if (!isKnown) return refuse(response, 401, 'APIGW.0301', 'Incorrect IAM authentication information')
    if (url.startsWith('/v3/projects?name=')) {
      const name = decodeURIComponent(url.slice('/v3/projects?name='.length))
      return answer(response, 200, { projects: projects.filter((project) => project.name === name) })
    }
    const [, project, verb] = /^\/v1\.0\/([^/]+)\/kms\/(encrypt|decrypt)-data$/.exec(url) ?? []
    if (verb === undefined || project !== headers['x-project-id'])
      return refuse(response, 404, 'APIGW.0101', 'No such API')
    return crypt(response, verb, JSON.parse(request.body))
  }

  return { ...(await listen(handle, options.tls ? { tls: options.tls } : {})), requests, faults }
}
