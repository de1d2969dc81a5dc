// Cloud KMS over HTTP and JSON.
import type { Context } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import { cloudRetry, deadlineIn, kmsTimeout, parseJson, proxyFor, refusalText, sendPatiently } from '../../net/index.ts'
import { decodeBase64, encodeBase64 } from '../../text/base64.ts'
import { cloudKms } from './refusal.ts'
import type { CloudKms } from './service.ts'

export const restService =
  (base: URL, ctx: Context): CloudKms =>
  async (operation, name, payload, headers) => {
    const url = new URL(base)
    const path = name.split('/').map(encodeURIComponent).join('/')
    url.pathname = `${base.pathname.replace(/\/$/, '')}/v1/${path}:${operation}`
    const text = encodeBase64(payload)
    const request = {
      ctx,
      method: 'POST',
      url,
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(operation === 'encrypt' ? { plaintext: text } : { ciphertext: text }),
      secrets: [text],
      proxy: proxyFor(url, ctx.env),
    }
    const answer = await sendPatiently(request, cloudRetry, deadlineIn(kmsTimeout(ctx)))
    const json = parseJson(answer.body)
    if (answer.status !== 200 || typeof json !== 'object' || json === null) {
      throw new SopsError('generic', refusalText(cloudKms, request, answer))
    }
    const { ciphertext, plaintext } = json as Record<string, unknown>
    const result = operation === 'encrypt' ? ciphertext : plaintext
    return typeof result === 'string' ? decodeBase64(result) : new Uint8Array(0)
  }
