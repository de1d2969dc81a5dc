// The age v1 file: its parts, and how it is opened.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { chaCha20Poly1305 } from '../../../runtime/index.ts'
import { decodeCanonicalNoPad } from '../../../text/base64.ts'
import { type Stanza, stanzaOf } from './stanza.ts'

/** Somebody to wrap for. The interface is that of age-encryption, whose recipients fit it. */
export interface FileKeyRecipient {
  wrapFileKey(fileKey: Uint8Array): readonly Stanza[] | Promise<readonly Stanza[]>
}

export interface AgeFile {
  readonly stanzas: readonly Stanza[]
  /** From the version line up to and including the line of the MAC. */
  readonly header: Uint8Array
  /** The part of `header` that the MAC covers: up to and including `---`. */
  readonly authenticated: Uint8Array
  readonly mac: Uint8Array
  readonly payload: Uint8Array
}

export const VERSION = 'age-encryption.org/v1'
/** Bytes of plain payload sealed at a time. */
export const CHUNK: number = 64 * 1024
const TAG = 16

/** HKDF-SHA-256 to 32 bytes. */
export const hkdf = (secret: Uint8Array, salt: Uint8Array, info: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, 32))

/** ChaCha20-Poly1305 without associated data. Undefined when the tag does not match. */
export const openAead = async (key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Promise<Buffer | undefined> =>
  (await chaCha20Poly1305()).open(key, nonce, sealed)

/** Opens a file key. Its key is used once, hence the zero nonce (age v1). */
export const openFileKey = (key: Uint8Array, body: Uint8Array): Promise<Buffer | undefined> =>
  openAead(key, new Uint8Array(12), body)

/** Seals a file key; `key` must never seal anything else. */
export const sealFileKey = async (key: Uint8Array, fileKey: Uint8Array): Promise<Buffer> =>
  (await chaCha20Poly1305()).seal(key, new Uint8Array(12), fileKey)

/**
 * Splits a binary age file; authenticates nothing.
 * @throws Error when it does not follow the grammar of age v1.
 */
export function parseAgeFile(source: Uint8Array): AgeFile {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.length)
  let at = 0
  const line = (): string => {
    const end = bytes.indexOf(10, at)
    if (end < 0) throw new Error('unexpected end of header')
    const text = bytes.toString('latin1', at, end)
    at = end + 1
    return text
  }
  if (line() !== VERSION) throw new Error('unexpected version line')
  const stanzas: Stanza[] = []
  for (;;) {
    const start = at
    const opening = line()
    const words = opening.split(' ')
    if (words[0] === '---') {
      if (words.length !== 2) throw new Error('malformed closing line')
      const mac = decodeCanonicalNoPad(words[1]!)
      if (mac.length !== 32) throw new Error('malformed closing line')
      const header = bytes.subarray(0, at)
      return { stanzas, header, authenticated: bytes.subarray(0, start + 3), mac, payload: bytes.subarray(at) }
    }
    const add = stanzaOf(opening)
    let stanza: Stanza | undefined
    while (!stanza) stanza = add(line())
    stanzas.push(stanza)
  }
}

/**
 * Authenticates the header with the file key.
 * @throws Error when it was changed.
 */
export function checkHeader(file: AgeFile, fileKey: Uint8Array): void {
  const key = hkdf(fileKey, new Uint8Array(0), 'header')
  const mac = createHmac('sha256', key).update(file.authenticated).digest()
  key.fill(0)
  if (!timingSafeEqual(mac, file.mac)) throw new Error('bad header MAC')
}

/**
 * The whole payload, every chunk authenticated.
 * @throws Error
 */
export async function openPayload(file: AgeFile, fileKey: Uint8Array): Promise<Buffer> {
  if (file.payload.length < 16) throw new Error('failed to read nonce: unexpected EOF')
  const aead = await chaCha20Poly1305()
  const key = hkdf(fileKey, file.payload.subarray(0, 16), 'payload')
  const sealed = file.payload.subarray(16)
  const chunks: Buffer[] = []
  const count = Math.max(1, Math.ceil(sealed.length / (CHUNK + TAG)))
  const nonce = Buffer.alloc(12)
  try {
    for (let i = 0; i < count; i++) {
      nonce.writeUInt32BE(i, 7)
      nonce[11] = i === count - 1 ? 1 : 0
      const plain = aead.open(key, nonce, sealed.subarray(i * (CHUNK + TAG), (i + 1) * (CHUNK + TAG)))
      if (!plain)
        throw new Error('failed to decrypt and authenticate payload chunk, file may be corrupted or tampered with')
      chunks.push(plain)
      if (plain.length === 0 && i > 0) throw new Error('last chunk is empty')
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  } finally {
    key.fill(0)
    if (chunks.length > 1) for (const chunk of chunks) chunk.fill(0)
  }
}
