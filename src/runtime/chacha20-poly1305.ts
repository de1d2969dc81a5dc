// ChaCha20-Poly1305 (RFC 8439) without associated data: by node:crypto, or by @noble/ciphers where that knows no such cipher.

/** Loaded when it is needed: starting the program does without. */
const crypto = () => process.getBuiltinModule('node:crypto')

/** Keys have 32 bytes, nonces 12. */
interface Aead {
  /** The tag of 16 bytes comes last. */
  seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Buffer
  /** Undefined when the tag does not fit. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Buffer | undefined
}

const name = 'chacha20-poly1305'
const TAG = 16

export const nodeAead: Aead = {
  seal(key, nonce, plain) {
    const cipher = crypto().createCipheriv(name, key, nonce, { authTagLength: TAG })
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  },
  open(key, nonce, sealed) {
    if (sealed.length < TAG) return undefined
    const decipher = crypto().createDecipheriv(name, key, nonce, { authTagLength: TAG })
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
    const plain = decipher.update(sealed.subarray(0, sealed.length - TAG))
    try {
      decipher.final()
      return plain
    } catch {
      plain.fill(0)
      return undefined
    }
  },
}

export async function packageAead(): Promise<Aead> {
  const { chacha20poly1305 } = await import('@noble/ciphers/chacha.js')
  const bufferOf = ({ buffer, byteOffset, length }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, length)
  return {
    seal: (key, nonce, plain) => bufferOf(chacha20poly1305(key, nonce).encrypt(plain)),
    open(key, nonce, sealed) {
      if (sealed.length < TAG) return undefined
      try {
        return bufferOf(chacha20poly1305(key, nonce).decrypt(sealed))
      } catch (error) {
        if (error instanceof Error && error.message === 'invalid tag') return undefined
        throw error
      }
    },
  }
}

let found: Promise<Aead> | undefined

export function chaCha20Poly1305(): Promise<Aead> {
  found ??= crypto().getCipherInfo(name) === undefined ? packageAead() : Promise.resolve(nodeAead)
  return found
}
