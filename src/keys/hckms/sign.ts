// The signature of HuaweiCloud requests, SDK-HMAC-SHA256 (spec/keys.md 9).
import { createHash, createHmac } from 'node:crypto'

interface Signable {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

interface AccessKey {
  readonly ak: string
  readonly sk: string
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** RFC 3986: everything but unreserved characters. */
const escapeText = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** `YYYYMMDDTHHMMSSZ`, in UTC. */
const signingDate = (now: Date): string => now.toISOString().replace(/[-:]|\.\d+/g, '')

/** The request's headers with `X-Sdk-Date` and `Authorization`. All but the content type are signed; the host is not. */
export function signed(request: Signable, key: AccessKey, now: Date): Record<string, string> {
  const date = signingDate(now)
  const headers: Record<string, string> = { ...request.headers, 'X-Sdk-Date': date }
  const lines = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .filter(([name]) => !name.startsWith('content-type') && !name.includes('_'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const names = lines.map(([name]) => name).join(';')
  const path = request.url.pathname.split('/').map((segment) => escapeText(decodeURIComponent(segment)))
  const query = [...request.url.searchParams]
    .map(([name, value]) => `${escapeText(name)}=${escapeText(value)}`)
    .sort()
    .join('&')
  const canonical = [
    request.method,
    `${path.join('/').replace(/\/$/, '')}/`,
    query,
    lines.map(([name, value]) => `${name}:${value}\n`).join(''),
    names,
    sha256(request.body),
  ].join('\n')
  const text = `SDK-HMAC-SHA256\n${date}\n${sha256(canonical)}`
  const signature = createHmac('sha256', key.sk).update(text).digest('hex')
  return {
    ...headers,
    Authorization: `SDK-HMAC-SHA256 Access=${key.ak}, SignedHeaders=${names}, Signature=${signature}`,
  }
}
