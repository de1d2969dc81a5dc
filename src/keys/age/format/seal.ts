// Writes age v1 files: header, its MAC, and the STREAM payload.
import { createHmac, randomBytes } from 'node:crypto'
import { chaCha20Poly1305 } from '../../../runtime/index.ts'
import { encodeBase64NoPad } from '../../../text/base64.ts'
import { CHUNK, type FileKeyRecipient, hkdf, VERSION } from './file.ts'
import { encodeStanza } from './stanza.ts'

async function sealPayload(fileKey: Uint8Array, plain: Uint8Array): Promise<Buffer[]> {
  const aead = await chaCha20Poly1305()
  const salt = randomBytes(16)
  const key = hkdf(fileKey, salt, 'payload')
  const parts: Buffer[] = [salt]
  const nonce = Buffer.alloc(12)
  const count = Math.max(1, Math.ceil(plain.length / CHUNK))
  for (let i = 0; i < count; i++) {
    nonce.writeUInt32BE(i, 7)
    nonce[11] = i === count - 1 ? 1 : 0
    parts.push(aead.seal(key, nonce, plain.subarray(i * CHUNK, (i + 1) * CHUNK)))
  }
  key.fill(0)
  return parts
}

/**
 * A binary age file for one recipient.
 * @throws whatever the recipient throws.
 */
export async function sealAgeFile(plain: Uint8Array, recipient: FileKeyRecipient): Promise<Buffer> {
  const fileKey = randomBytes(16)
  try {
    const stanzas = await recipient.wrapFileKey(fileKey)
    const authenticated = `${VERSION}\n${stanzas.map(encodeStanza).join('')}---`
    const key = hkdf(fileKey, new Uint8Array(0), 'header')
    const mac = createHmac('sha256', key).update(authenticated).digest()
    key.fill(0)
    const header = Buffer.from(`${authenticated} ${encodeBase64NoPad(mac)}\n`)
    return Buffer.concat([header, ...(await sealPayload(fileKey, plain))])
  } finally {
    fileKey.fill(0)
  }
}
