// ML-KEM-768 for the holder of the seed (FIPS 203): by node:crypto from Node 24.7 on, else by @noble/post-quantum.
import crypto, { type KeyObject } from 'node:crypto'

export interface MlKemKey {
  /** 1184 bytes. */
  readonly publicKey: Uint8Array
  /** The 32-byte secret; for a ciphertext made for another key, 32 unpredictable bytes. @throws Error for another length. */
  decapsulate(ciphertext: Uint8Array): Uint8Array
}

/** Bytes of a ciphertext. */
export const ciphertextLength = 1088

const publicKeyLength = 1184

/** What stands before the seed in the DER of a private key that consists of its seed (RFC 9935). */
const pkcs8Prefix = Buffer.from('3054020100300b060960864801650304040204428040', 'hex')

/** Absent before Node 24.7, and from the types of earlier versions. */
const { decapsulate } = crypto as { decapsulate?: (key: KeyObject, ciphertext: Uint8Array) => Buffer }

/** Undefined where Node, or its OpenSSL, has no ML-KEM. */
export function nativeKey(seed: Uint8Array): MlKemKey | undefined {
  if (decapsulate === undefined) return undefined
  const der = Buffer.concat([pkcs8Prefix, seed])
  try {
    const key = crypto.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const spki = crypto.createPublicKey(key).export({ format: 'der', type: 'spki' })
    return {
      publicKey: spki.subarray(-publicKeyLength),
      decapsulate: (ciphertext) => decapsulate(key, checked(ciphertext)),
    }
  } catch {
    return undefined
  } finally {
    der.fill(0)
  }
}

export async function packageKey(seed: Uint8Array): Promise<MlKemKey> {
  const { ml_kem768: kem } = await import('@noble/post-quantum/ml-kem.js')
  const { publicKey, secretKey } = kem.keygen(seed)
  return { publicKey, decapsulate: (ciphertext) => kem.decapsulate(checked(ciphertext), secretKey) }
}

function checked(ciphertext: Uint8Array): Uint8Array {
  if (ciphertext.length !== ciphertextLength) throw new Error('malformed ML-KEM-768 ciphertext')
  return ciphertext
}

/** The key pair of a seed: 32 bytes `d`, then 32 bytes `z` (FIPS 203, algorithms 13 and 16). The seed stays with the caller. */
export const mlKem768 = async (seed: Uint8Array): Promise<MlKemKey> => nativeKey(seed) ?? (await packageKey(seed))
