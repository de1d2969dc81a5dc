// Wrapping and unwrapping a data key by a transit engine (spec/keys.md 8.3).
import type { Context } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { kmsTimeout } from '../../net/index.ts'
import { decodeBase64, encodeBase64 } from '../../text/base64.ts'
import { checkName, checkPath, placeOrAgent, type VaultPlace, vaultRequest, vaultSettings } from '../../vault/index.ts'
import type { MasterKey, Operation } from '../types.ts'
import { vaultToken } from './token.ts'

/** The engine's answer, `vault:v1:…`, unchanged. @throws SopsError `generic`. */
export async function wrap(key: MasterKey, dataKey: Uint8Array, ctx: Context): Promise<string> {
  const { address, path } = placeOf(key, 'encrypt')
  const access = await accessTo(address, path, ctx)
  try {
    const body = { plaintext: encodeBase64(dataKey) }
    const data = await vaultRequest(ctx, { ...access, method: 'PUT', body })
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
  const { address, path } = placeOf(key, 'decrypt')
  const access = await accessTo(address, path, ctx)
  try {
    const data = await vaultRequest(ctx, { ...access, method: 'PUT', body: { ciphertext: key.enc } })
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

/** @throws SopsError `generic` for parts that would lead elsewhere. */
function placeOf({ fields }: MasterKey, verb: Operation): { address: string; path: string } {
  const [engine, name] = [String(fields.engine_path ?? ''), String(fields.key_name ?? '')]
  checkPath(engine, 'the engine_path of a Vault key,')
  checkName(name, 'the key_name of a Vault key,')
  return { address: String(fields.vault_address ?? ''), path: `${engine}/${verb}/${name}` }
}

interface Access {
  readonly place: VaultPlace
  readonly token: string | undefined
  readonly timeout: number
}

/** Looks for the token only once it is certain that the server may have it. */
async function accessTo(address: string, path: string, ctx: Context): Promise<Access> {
  const place = placeOrAgent(address, path, ctx)
  const token = await vaultToken(ctx)
  const { timeout } = await vaultSettings(ctx)
  const limit = ctx.env['SOPS_KMS_TIMEOUT'] ? undefined : timeout
  return { place, token, timeout: limit ?? kmsTimeout(ctx) }
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
