// Sends a published file to its destination, of whichever kind.
import type { Destination } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { unreachable } from '../net/index.ts'
import type { Tree } from '../tree/tree.ts'
import { checkObject } from './bucket.ts'
import { publishToVault, type VaultDestination, vaultPath } from './vault.ts'

type BucketDestination = Exclude<Destination, VaultDestination>

/** A bucket gets the encrypted file, Vault its values. `name` is appended to the destination's prefix. */
export type Parcel =
  | { readonly name: string; readonly bucket: BucketDestination; readonly bytes: Uint8Array }
  | { readonly name: string; readonly vault: VaultDestination; readonly plain: Tree }

/** The destination as the user is asked to confirm it. */
export function destinationText(destination: Destination, name: string): string {
  if (destination.kind === 'vault') return `${destination.address}/v1/${vaultPath(destination, name)}`
  return `${destination.kind}://${destination.bucket}/${destination.prefix}${name}`
}

/**
 * Returns when the destination has confirmed the content.
 * @throws SopsError `generic` or `missing-dependency`.
 */
export async function upload(parcel: Parcel, ctx: Context): Promise<void> {
  try {
    await send(parcel, ctx)
  } catch (error) {
    const known = error instanceof SopsError
    if (known && error.code === 'missing-dependency') throw error
    const place = destinationText('vault' in parcel ? parcel.vault : parcel.bucket, parcel.name)
    throw new SopsError('generic', `could not publish to ${place}: ${unreachable(error, ctx) ?? messageOf(error)}`, {
      ...(known && error.path ? { path: error.path } : {}),
      hints: known ? error.hints : [],
      cause: error,
    })
  }
}

async function send(parcel: Parcel, ctx: Context): Promise<void> {
  if ('vault' in parcel) return publishToVault(parcel.vault, parcel.name, parcel.plain, ctx)
  const { kind, bucket, prefix } = parcel.bucket
  const key = prefix + parcel.name
  checkObject(bucket, key)
  if (kind === 's3') await (await import('./s3.ts')).uploadToS3(bucket, key, parcel.bytes, ctx)
  else await (await import('./gcs.ts')).uploadToGcs(bucket, key, parcel.bytes, ctx)
}
