// SSH keys as age recipients and identities: the stanzas ssh-ed25519 and ssh-rsa (spec/keys.md 3.2).
import { constants, createHash, createPublicKey, privateDecrypt, publicEncrypt } from 'node:crypto'
import { encodeBase64NoPad } from '../../../text/base64.ts'
import { type FileKeyRecipient, hkdf, openFileKey, sealFileKey } from '../format/file.ts'
import type { Stanza } from '../format/stanza.ts'
import { ephemeralKey, publicPoint, scalarKey, sharedSecret, shareOf } from '../x25519.ts'
import { montgomeryPoint } from './ed25519-point.ts'
import type { SshPrivateKey } from './key.ts'
import type { SshPublicKey } from './wire.ts'

const ED25519_INFO = 'age-encryption.org/v1/ssh-ed25519'
const RSA_LABEL = Buffer.from('age-encryption.org/v1/ssh-rsa')
const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: RSA_LABEL }

/** How a stanza marks the key it is for: by the first four bytes of the key's hash. */
export const tagOf = (wire: Uint8Array): string =>
  encodeBase64NoPad(createHash('sha256').update(wire).digest().subarray(0, 4))

/** The key that seals the file key, from the plain shared secret; it is tweaked by the SSH key's own encoding. */
function wrappingKey(secret: Buffer, wire: Uint8Array, share: Uint8Array, point: Uint8Array): Buffer {
  const tweak = hkdf(new Uint8Array(0), wire, ED25519_INFO)
  const tweaked = sharedSecret(scalarKey(tweak), secret)
  const key = hkdf(tweaked, Buffer.concat([share, point]), ED25519_INFO)
  secret.fill(0)
  tweaked.fill(0)
  return key
}

async function wrapEd25519(key: SshPublicKey, fileKey: Uint8Array): Promise<Stanza> {
  const point = montgomeryPoint(key.parts[0]!)
  const { privateKey, share } = ephemeralKey()
  const sealing = wrappingKey(sharedSecret(privateKey, point), key.wire, share, point)
  const body = await sealFileKey(sealing, fileKey)
  sealing.fill(0)
  return { args: [key.type, tagOf(key.wire), encodeBase64NoPad(share)], body }
}

function wrapRsa(key: SshPublicKey, fileKey: Uint8Array): Stanza {
  const [e, n] = key.parts.map((part) => Buffer.from(part).toString('base64url'))
  const publicKey = createPublicKey({ key: { kty: 'RSA', e: e!, n: n! }, format: 'jwk' })
  return { args: [key.type, tagOf(key.wire)], body: publicEncrypt({ key: publicKey, ...oaep }, fileKey) }
}

export const sshRecipient = (key: SshPublicKey): FileKeyRecipient => ({
  wrapFileKey: async (fileKey) => [
    key.type === 'ssh-ed25519' ? await wrapEd25519(key, fileKey) : wrapRsa(key, fileKey),
  ],
})

/**
 * Whether a stanza is for the key with this wire encoding.
 * @throws Error when it is of the key's type but broken.
 */
export function isFor(stanza: Stanza, type: SshPrivateKey['type'], tag: string): boolean {
  if (stanza.args[0] !== type) return false
  if (type === 'ssh-ed25519') shareOf(stanza, 2)
  else if (stanza.args.length !== 2) throw new Error('invalid ssh-rsa recipient block')
  return stanza.args[1] === tag
}

async function unwrapEd25519(stanza: Stanza, seed: Uint8Array, wire: Uint8Array): Promise<Buffer> {
  const hashed = createHash('sha512').update(seed).digest()
  const privateKey = scalarKey(hashed.subarray(0, 32))
  hashed.fill(0)
  const share = shareOf(stanza, 2)
  const key = wrappingKey(sharedSecret(privateKey, share), wire, share, publicPoint(privateKey))
  const fileKey = await openFileKey(key, stanza.body)
  key.fill(0)
  if (!fileKey) throw new Error('failed to decrypt file key')
  return fileKey
}

function unwrapRsa(stanza: Stanza, key: Extract<SshPrivateKey, { type: 'ssh-rsa' }>): Buffer {
  let fileKey: Buffer
  try {
    fileKey = privateDecrypt({ key: key.key, ...oaep }, stanza.body)
  } catch {
    throw new Error('failed to decrypt file key')
  }
  if (fileKey.length !== 16) throw new Error('failed to decrypt file key: unexpected length')
  return fileKey
}

/** The file key from the first stanza for this key. @throws Error when that stanza is broken */
export async function unwrapWithSshKey(stanzas: readonly Stanza[], key: SshPrivateKey): Promise<Buffer | undefined> {
  const tag = tagOf(key.wire)
  const stanza = stanzas.find((one) => isFor(one, key.type, tag))
  if (!stanza) return undefined
  return key.type === 'ssh-ed25519' ? unwrapEd25519(stanza, key.seed, key.wire) : unwrapRsa(stanza, key)
}
