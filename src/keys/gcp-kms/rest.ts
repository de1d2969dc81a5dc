// Cloud KMS over HTTP and JSON.
import type { Context } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import { deadlineIn, kmsTimeout, proxyFor, type RetryRule, sendPatiently } from '../../net/index.ts'
import { decodeBase64, encodeBase64 } from '../../text/base64.ts'
import type { CloudKms } from './service.ts'

const busy = new Set([429, 502, 503, 504])
const retryRule: RetryRule = {
  retries: 3,
  isBusy: (status) => busy.has(status),
  wait: (attempt) => 100 * 2 ** attempt,
}

export const restService =
  (base: URL, ctx: Context): CloudKms =>
  async (operation, name, payload, headers) => {
    const url = new URL(base)
    const path = name.split('/').map(encodeURIComponent).join('/')
    url.pathname = `${base.pathname.replace(/\/$/, '')}/v1/${path}:${operation}`
    const text = encodeBase64(payload)
    const answer = await sendPatiently(
      {
        ctx,
        method: 'POST',
        url,
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: JSON.stringify(operation === 'encrypt' ? { plaintext: text } : { ciphertext: text }),
        proxy: proxyFor(url, ctx.env),
      },
      retryRule,
      deadlineIn(kmsTimeout(ctx)),
    )
    const json = parseAnswer(answer.body)
    if (answer.status !== 200) throw new SopsError('generic', errorText(answer.status, json))
    const result = operation === 'encrypt' ? json['ciphertext'] : json['plaintext']
    return typeof result === 'string' ? decodeBase64(result) : new Uint8Array(0)
  }

function parseAnswer(body: Buffer): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(body.toString('utf8'))
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function errorText(status: number, json: Record<string, unknown>): string {
  const { message, status: name } = (json['error'] ?? {}) as { message?: unknown; status?: unknown }
  const text = [name, message].filter((one) => typeof one === 'string').join(': ')
  return `Error ${status}${text === '' ? '' : `: ${text}`}`
}
