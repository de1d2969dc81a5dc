// Wrapping and unwrapping a data key by HuaweiCloud KMS (spec/keys.md 9).
import type { Context } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { deadlineIn, kmsTimeout } from '../../net/index.ts'
import { decodeBase64, encodeBase64 } from '../../text/base64.ts'
import type { MasterKey, Operation } from '../types.ts'
import { kmsClient } from './client.ts'
import { parseKeyId } from './id.ts'
import { checkRegion } from './region.ts'

const algorithm = 'SYMMETRIC_DEFAULT'

/** The service's `cipher_text`, unchanged. @throws SopsError `generic`. */
export async function wrap(key: MasterKey, dataKey: Uint8Array, ctx: Context): Promise<string> {
  const body = { plain_text: encodeBase64(dataKey) }
  const { cipher_text: text } = await call(key, 'encrypt', body, ctx)
  if (typeof text !== 'string' || text === '') {
    throw new SopsError('generic', 'encryption response missing ciphertext')
  }
  return text
}

/** @throws SopsError `generic`. */
export async function unwrap(key: MasterKey, ctx: Context): Promise<Uint8Array> {
  const { plain_text: text } = await call(key, 'decrypt', { cipher_text: key.enc }, ctx)
  if (typeof text !== 'string' || text === '') throw new SopsError('generic', 'decryption response missing plaintext')
  try {
    return decodeBase64(text)
  } catch (error) {
    throw new SopsError('generic', `failed to base64 decode decrypted data key: ${messageOf(error)}`)
  }
}

async function call(
  key: MasterKey,
  verb: Operation,
  body: Readonly<Record<string, string>>,
  ctx: Context,
): Promise<Record<string, unknown>> {
  const { region, uuid } = parseKeyId(String(key.fields.key_id ?? ''))
  checkRegion(region)
  const client = await kmsClient(region, ctx, deadlineIn(kmsTimeout(ctx)))
  try {
    const fields = { key_id: uuid, ...body, encryption_algorithm: algorithm }
    return (await client.post(`${verb}-data`, fields)) as Record<string, unknown>
  } catch (error) {
    throw new SopsError('generic', `failed to ${verb} sops data key with HuaweiCloud KMS: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
