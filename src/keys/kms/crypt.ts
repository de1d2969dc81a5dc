// Wraps and unwraps data keys with AWS KMS (spec/keys.md 5.4).
import { describeFailure, missingProfile, sharedConfig } from '../../aws/index.ts'
import type { Context } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import { kmsTimeout, within } from '../../net/index.ts'
import { decodeBase64, encodeBase64 } from '../../text/base64.ts'
import { quote } from '../../text/quote.ts'
import type { MasterKey, StringMap, Unavailable } from '../types.ts'
import { type AwsClient, kmsClient } from './client.ts'

const wrapping = 'failed to encrypt sops data key with AWS KMS'
const unwrapping = 'failed to decrypt sops data key with AWS KMS'

const textOf = (key: MasterKey, name: string): string => String(key.fields[name] ?? '')

/** Absent where there is none. */
function contextOf(key: MasterKey): { EncryptionContext?: Record<string, string> } {
  const context = key.fields.context as StringMap | undefined
  return context !== undefined && Object.keys(context).length > 0 ? { EncryptionContext: { ...context } } : {}
}

/** A finished message passes; anything else becomes the cause behind `headline`. */
function failure(headline: string, error: unknown, ctx: Context): SopsError {
  if (error instanceof SopsError && error.code === 'missing-dependency') return error
  // No `cause`: the SDK's errors hold requests and answers.
  return new SopsError('generic', `${headline}: ${describeFailure(error, ctx)}`)
}

/** KMS gives no reason. */
const isWrongContext = (error: unknown): boolean =>
  error instanceof Error && error.name === 'InvalidCiphertextException'

function wrongContext(key: MasterKey): string {
  const names = Object.keys(contextOf(key).EncryptionContext ?? {})
  const held =
    names.length === 0 ? 'the file has none' : `that of the file has ${names.map((name) => quote(name)).join(', ')}`
  return `the encryption context is not the one it was encrypted with (${held}), or the ciphertext was changed`
}

/** Why there are no credentials for the key. */
function lookupFailure(headline: string, key: MasterKey, client: AwsClient, error: unknown, ctx: Context): SopsError {
  const profile = textOf(key, 'aws_profile')
  if (profile !== '' && !sharedConfig(ctx).profiles.has(profile)) return failure(missingProfile(profile), error, ctx)
  return client.role !== '' && error instanceof SopsError ? error : failure(headline, error, ctx)
}

/** A time limit for everything but questions to people. */
async function limited<T>(
  client: AwsClient,
  ctx: Context,
  headline: string,
  lookup: () => Promise<unknown>,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (client.isInteractive) await lookup()
  return within(kmsTimeout(ctx), headline, async (signal) => {
    await lookup()
    return call(signal)
  })
}

/** @throws SopsError. */
export async function wrap(key: MasterKey, dataKey: Uint8Array, ctx: Context): Promise<string> {
  const client = await kmsClient(key, false, ctx)
  const { sdk } = client
  const lookup = async (): Promise<void> => {
    await client.provider().catch((error: unknown) => {
      throw lookupFailure(wrapping, key, client, error, ctx)
    })
  }
  return limited(client, ctx, wrapping, lookup, async (signal) => {
    const input = { KeyId: textOf(key, 'arn'), Plaintext: dataKey, ...contextOf(key) }
    const answer = await client.client
      .send(new sdk.EncryptCommand(input), { abortSignal: signal })
      .catch((error: unknown) => {
        throw failure(wrapping, error, ctx)
      })
    if (!answer.CiphertextBlob?.length) throw new SopsError('generic', `${wrapping}: the answer holds no ciphertext`)
    return encodeBase64(answer.CiphertextBlob)
  })
}

/** Missing credentials are a value, not an error. @throws SopsError. */
export async function unwrap(key: MasterKey, ctx: Context): Promise<Uint8Array | Unavailable> {
  const blob = decoded(key.enc)
  const client = await kmsClient(key, true, ctx)
  const { sdk } = client
  let unavailable: Unavailable | undefined
  const lookup = async (): Promise<void> => {
    await client.provider().catch((error: unknown) => {
      const reason = lookupFailure(unwrapping, key, client, error, ctx)
      if (reason.code === 'missing-dependency') throw reason
      unavailable = { unavailable: reason.message }
    })
  }
  return limited<Uint8Array | Unavailable>(client, ctx, unwrapping, lookup, async (signal) => {
    if (unavailable !== undefined) return unavailable
    const input = { KeyId: textOf(key, 'arn'), CiphertextBlob: blob, ...contextOf(key) }
    const answer = await client.client
      .send(new sdk.DecryptCommand(input), { abortSignal: signal })
      .catch((error: unknown) => {
        const cause = failure(unwrapping, error, ctx)
        throw isWrongContext(error) ? new SopsError(cause.code, `${cause.message}: ${wrongContext(key)}`) : cause
      })
    const plain = answer.Plaintext
    if (!plain?.length) throw new SopsError('generic', `${unwrapping}: the answer holds no plaintext`)
    const dataKey = Uint8Array.from(plain)
    plain.fill(0)
    return dataKey
  })
}

function decoded(enc: string): Uint8Array {
  try {
    return decodeBase64(enc)
  } catch (error) {
    throw new SopsError('generic', `error base64-decoding encrypted data key: ${(error as Error).message}`)
  }
}
