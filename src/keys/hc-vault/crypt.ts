// Wrapping and unwrapping a data key by a transit engine (spec/keys.md 8.3).
import type { Context } from '../../context.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { decodeBase64, encodeBase64 } from '../base64.ts'
import { kmsTimeout } from '../timeout.ts'
import type { MasterKey } from '../types.ts'
import { vaultRequest } from '../vault/client.ts'
import { vaultSettings } from '../vault/settings.ts'
import { checkAllowed, vaultToken } from './access.ts'

/** The engine's answer, `vault:v1:…`, unchanged. @throws SopsError `generic`. */
export async function wrap(key: MasterKey, dataKey: Uint8Array, ctx: Context): Promise<string> {
  const { address, engine, name } = placeOf(key)
  const access = await accessTo(address, ctx)
  const path = `${engine}/encrypt/${name}`
  try {
    const body = { plaintext: encodeBase64(dataKey) }
    const data = await vaultRequest(ctx, { ...access, method: 'PUT', path, body })
    return fieldOf(data, 'ciphertext', 'no encrypted data', 'encrypted ciphertext cannot be cast to string')
  } catch (error) {
    throw new SopsError(
      'generic',
      `failed to encrypt sops data key to Vault transit backend '${path}': ${messageOf(error)}`,
      { cause: error },
    )
  }
}

/** @throws SopsError `generic`. */
export async function unwrap(key: MasterKey, ctx: Context): Promise<Uint8Array> {
  const { address, engine, name } = placeOf(key)
  const access = await accessTo(address, ctx)
  const path = `${engine}/decrypt/${name}`
  try {
    const data = await vaultRequest(ctx, { ...access, method: 'PUT', path, body: { ciphertext: key.enc } })
    const text = fieldOf(data, 'plaintext', 'no decrypted data', 'decrypted plaintext data cannot be cast to string')
    return bytesOf(text)
  } catch (error) {
    throw new SopsError(
      'generic',
      `failed to decrypt sops data key from Vault transit backend '${path}': ${messageOf(error)}`,
      { cause: error },
    )
  }
}

const placeOf = ({ fields }: MasterKey): { address: string; engine: string; name: string } => ({
  address: String(fields.vault_address ?? ''),
  engine: String(fields.engine_path ?? ''),
  name: String(fields.key_name ?? ''),
})

interface Access {
  readonly address: string
  readonly token: string | undefined
  readonly timeout: number
}

async function accessTo(address: string, ctx: Context): Promise<Access> {
  checkAllowed(address, ctx)
  const token = await vaultToken(ctx)
  const { agentAddress, timeout } = await vaultSettings(ctx)
  const limit = ctx.env['SOPS_KMS_TIMEOUT'] ? undefined : timeout
  return { address: agentAddress ?? address, token, timeout: limit ?? kmsTimeout(ctx) }
}

function fieldOf(data: unknown, name: string, missing: string, mistyped: string): string {
  if (typeof data !== 'object' || data === null) throw new SopsError('generic', 'transit backend is empty')
  if (!Object.hasOwn(data, name)) throw new SopsError('generic', missing)
  const value = (data as Record<string, unknown>)[name]
  if (typeof value !== 'string') throw new SopsError('generic', mistyped)
  return value
}

function bytesOf(text: string): Uint8Array {
  try {
    return decodeBase64(text)
  } catch {
    throw new SopsError('generic', 'cannot decode base64 plaintext into data key bytes')
  }
}
