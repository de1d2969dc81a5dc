// A Vault server on loopback: transit keys with real AES-GCM, KV secrets of both versions, and faults on demand.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Fault, fail, json, type Listening, listen, type SeenRequest } from './listen.ts'

export interface VaultServer extends Listening {
  /** Requests so far, oldest first. */
  readonly requests: SeenRequest[]
  /** Answers for the next requests, used up in order. */
  readonly faults: Fault[]
  /** What KV mounts hold, by path. */
  readonly secrets: Map<string, unknown>
}

export interface VaultServerOptions {
  readonly token?: string
  /** Engine and key names that exist, as `transit/dev`. */
  readonly keys?: readonly string[]
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string; readonly requestCert?: boolean }
  readonly socketPath?: string
}

export async function startVault(options: VaultServerOptions = {}): Promise<VaultServer> {
  const token = options.token ?? 'test-token'
  const keys = new Map((options.keys ?? ['transit/dev']).map((name) => [name, randomBytes(32)]))
  const requests: SeenRequest[] = []
  const faults: Fault[] = []
  const secrets = new Map<string, unknown>()
  // As the server does, numbers keep their digits.
  const texts = new Map<string, string>()

  const answer = (response: ServerResponse, status: number, body?: unknown): unknown => {
    if (body !== undefined) return json(response, status, body)
    return response.writeHead(status).end()
  }

  const transit = (response: ServerResponse, verb: string, name: string, body: string): unknown => {
    const key = keys.get(name)
    if (key === undefined) return answer(response, 400, { errors: ['encryption key not found'] })
    const { plaintext, ciphertext } = JSON.parse(body) as { plaintext?: string; ciphertext?: string }
    if (verb === 'encrypt') {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      const sealed = [iv, cipher.update(Buffer.from(plaintext ?? '', 'base64')), cipher.final(), cipher.getAuthTag()]
      const data = { ciphertext: `vault:v1:${Buffer.concat(sealed).toString('base64')}`, key_version: 1 }
      return answer(response, 200, { request_id: 'r', lease_id: '', data, warnings: null })
    }
    const blob = Buffer.from((ciphertext ?? '').replace(/^vault:v1:/, ''), 'base64')
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(0, 12))
      decipher.setAuthTag(blob.subarray(-16))
      const opened = Buffer.concat([decipher.update(blob.subarray(12, -16)), decipher.final()])
      return answer(response, 200, { data: { plaintext: opened.toString('base64') } })
    } catch {
      return answer(response, 400, { errors: ['cipher: message authentication failed'] })
    }
  }

  const handle = (request: SeenRequest, response: ServerResponse): unknown => {
    const { path: url, headers, body } = request
    requests.push(request)
    const fault = faults.shift()
    if (fault !== undefined) return fail(response, fault)
    if (headers['x-vault-token'] !== token) return answer(response, 403, { errors: ['permission denied'] })
    const [, engine, verb, name] = /^\/v1\/(.+)\/(encrypt|decrypt)\/([^/]+)$/.exec(url) ?? []
    if (engine !== undefined && verb !== undefined && request.method !== 'GET') {
      return transit(response, verb, `${engine}/${decodeURIComponent(name ?? '')}`, body)
    }
    if (request.method === 'GET') {
      const data = secrets.get(url)
      if (data === undefined) return answer(response, 404, { errors: [] })
      response.writeHead(200, { 'Content-Type': 'application/json' })
      return response.end(`{"data":${texts.get(url) ?? JSON.stringify(data)}}`)
    }
    texts.set(url, url.includes('/data/') ? body.replace(/\}$/, ',"metadata":{}}') : body)
    secrets.set(url, url.includes('/data/') ? { data: JSON.parse(body).data, metadata: {} } : JSON.parse(body))
    return answer(
      response,
      url.includes('/data/') ? 200 : 204,
      url.includes('/data/') ? { data: { version: 1 } } : undefined,
    )
  }

  const { tls, socketPath } = options
  const server = await listen(handle, { ...(tls ? { tls } : {}), ...(socketPath ? { socketPath } : {}) })
  return { ...server, requests, faults, secrets }
}
