// X25519 by node:crypto, and age's native identity built on it.
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { decodeCanonicalNoPad, encodeBase64NoPad } from '../../text/base64.ts'
import { encodeBech32 } from './bech32.ts'
import { type FileKeyRecipient, hkdf, openFileKey, sealFileKey } from './format/file.ts'
import type { Stanza } from './format/stanza.ts'
import type { Identity } from './identity.ts'

/** DER around a raw private key (RFC 8410). Unlike a JWK's text it can be wiped. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')

const INFO = 'age-encryption.org/v1/X25519'

/** A private key from its 32-byte scalar. */
export function scalarKey(scalar: Uint8Array): KeyObject {
  const der = Buffer.concat([PKCS8_PREFIX, scalar])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return key
}

/** The 32-byte public point of a private key. */
export const publicPoint = (key: KeyObject): Buffer =>
  Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x!, 'base64url')

/** The public key that a 32-byte point is. */
function pointKey(point: Uint8Array): KeyObject {
  const x = Buffer.from(point).toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
}

/** @throws Error for points of low order, whose secret is zero for everybody. */
export function sharedSecret(privateKey: KeyObject, point: Uint8Array | KeyObject): Buffer {
  const publicKey = point instanceof Uint8Array ? pointKey(point) : point
  try {
    return diffieHellman({ privateKey, publicKey })
  } catch {
    throw new Error('bad X25519 point: low order')
  }
}

/**
 * The 32-byte share in a stanza's argument, and its body, which must be a sealed 16-byte file key.
 * @throws Error naming the stanza type.
 */
export function shareOf(stanza: Stanza, index: number): Buffer {
  const type = stanza.args[0]
  if (stanza.args.length !== index + 1) throw new Error(`invalid ${type} recipient block`)
  let share: Buffer
  try {
    share = decodeCanonicalNoPad(stanza.args[index]!)
  } catch {
    throw new Error(`failed to parse ${type} recipient: illegal base64 data`)
  }
  if (share.length !== 32 || stanza.body.length !== 32) throw new Error(`invalid ${type} recipient block`)
  return share
}

/** RFC 7748, section 4.1: what times a scalar is its public point. */
const basePoint = Buffer.from('09'.padEnd(64, '0'), 'hex')

let baseKey: KeyObject | undefined

/**
 * A key pair for a single use: private key and public point. The point is computed, not exported: Node 20 holds the lock of a key that it has
 * generated while it makes the text of a JWK, and waits for it once more where memory is collected in that moment, forever.
 */
export function ephemeralKey(): { readonly privateKey: KeyObject; readonly share: Buffer } {
  const { privateKey } = generateKeyPairSync('x25519')
  baseKey ??= pointKey(basePoint)
  return { privateKey, share: sharedSecret(privateKey, baseKey) }
}

/** The native recipient with this 32-byte point. */
export const x25519Recipient = (point: Uint8Array): FileKeyRecipient => ({
  async wrapFileKey(fileKey) {
    const { privateKey, share } = ephemeralKey()
    const secret = sharedSecret(privateKey, point)
    const key = hkdf(secret, Buffer.concat([share, point]), INFO)
    const body = await sealFileKey(key, fileKey)
    secret.fill(0)
    key.fill(0)
    return [{ args: ['X25519', encodeBase64NoPad(share)], body }]
  },
})

/** A native identity; the scalar stays with the caller. */
export function x25519Identity(scalar: Uint8Array): Identity {
  const privateKey = scalarKey(scalar)
  const point = publicPoint(privateKey)
  return {
    cost: 'native',
    recipient: async () => encodeBech32('age', point),
    async unwrap({ stanzas }) {
      for (const stanza of stanzas) {
        if (stanza.args[0] !== 'X25519') continue
        const share = shareOf(stanza, 1)
        const secret = sharedSecret(privateKey, share)
        const key = hkdf(secret, Buffer.concat([share, point]), INFO)
        const fileKey = await openFileKey(key, stanza.body)
        secret.fill(0)
        key.fill(0)
        if (fileKey) return fileKey
      }
      return undefined
    },
  }
}
