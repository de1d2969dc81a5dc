// bcrypt_pbkdf, the key derivation of encrypted OpenSSH private keys. Only they need it; node:crypto has no Blowfish state to share.
import { createHash } from 'node:crypto'

const P_WORDS = 18
const WORDS = P_WORDS + 4 * 256
const HASH_BYTES = 32
/** The cipher text every hash starts from. */
const MAGIC = 'OxychromaticBlowfishSwatDynamite'

/** Blowfish's initial state is the fraction of pi in binary; Machin's formula gives it without a table of a thousand numbers. */
function fractionOfPi(): Uint32Array {
  const guard = 64n
  const one = 1n << (BigInt(WORDS * 32) + guard)
  const arctanOfInverse = (n: bigint): bigint => {
    let term = one / n
    let sum = term
    for (let k = 3n; term !== 0n; k += 2n) {
      term /= -(n * n)
      sum += term / k
    }
    return sum
  }
  const pi = 4n * (4n * arctanOfInverse(5n) - arctanOfInverse(239n))
  const digits = ((pi % one) >> guard).toString(16).padStart(WORDS * 8, '0')
  return Uint32Array.from({ length: WORDS }, (_, i) => Number.parseInt(digits.slice(i * 8, i * 8 + 8), 16))
}

/** 64 bytes as 16 big-endian words. */
const wordsOf = (digest: Uint8Array): Uint32Array => {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.length)
  return Uint32Array.from({ length: digest.length / 4 }, (_, i) => view.getUint32(i * 4))
}

/** Enciphers the two words at `at` of `block` in place. `state` holds P and the four S-boxes. */
function encipher(state: Uint32Array, block: Uint32Array, at: number): void {
  let left = block[at]! ^ state[0]!
  let right = block[at + 1]!
  for (let i = 1; i <= 16; i++) {
    const mixed =
      (((state[P_WORDS + (left >>> 24)]! + state[P_WORDS + 256 + ((left >>> 16) & 255)]!) ^
        state[P_WORDS + 512 + ((left >>> 8) & 255)]!) +
        state[P_WORDS + 768 + (left & 255)]!) |
      0
    const next = right ^ mixed ^ state[i]!
    right = left
    left = next
  }
  block[at] = right ^ state[17]!
  block[at + 1] = left
}

/** Mixes a key, and a salt if there is one, into the whole state. */
function expand(state: Uint32Array, key: Uint32Array, salt?: Uint32Array): void {
  for (let i = 0; i < P_WORDS; i++) state[i]! ^= key[i % key.length]!
  const block = new Uint32Array(2)
  let at = 0
  for (let i = 0; i < WORDS; i += 2) {
    if (salt) {
      block[0]! ^= salt[at % salt.length]!
      block[1]! ^= salt[(at + 1) % salt.length]!
      at += 2
    }
    encipher(state, block, 0)
    state[i] = block[0]!
    state[i + 1] = block[1]!
  }
}

function hash(initial: Uint32Array, passphrase: Uint32Array, salt: Uint32Array): Uint8Array {
  const state = initial.slice()
  expand(state, passphrase, salt)
  for (let i = 0; i < 64; i++) {
    expand(state, salt)
    expand(state, passphrase)
  }
  const block = wordsOf(Buffer.from(MAGIC))
  for (let i = 0; i < 64; i++) for (let at = 0; at < block.length; at += 2) encipher(state, block, at)
  const out = new Uint8Array(HASH_BYTES)
  const view = new DataView(out.buffer)
  for (const [i, word] of block.entries()) view.setUint32(i * 4, word, true)
  state.fill(0)
  return out
}

const sha512 = (...parts: readonly Uint8Array[]): Uint32Array => {
  const digest = createHash('sha512')
  for (const part of parts) digest.update(part)
  return wordsOf(digest.digest())
}

/** `length` bytes from a passphrase (OpenBSD's bcrypt_pbkdf: bytes of the blocks interleaved). */
export function bcryptPbkdf(passphrase: Uint8Array, salt: Uint8Array, rounds: number, length: number): Buffer {
  const initial = fractionOfPi()
  const secret = sha512(passphrase)
  const stride = Math.ceil(length / HASH_BYTES)
  const key = Buffer.alloc(length)
  const counter = Buffer.alloc(4)
  for (let block = 0; block < stride; block++) {
    counter.writeUInt32BE(block + 1)
    let last = hash(initial, secret, sha512(salt, counter))
    const sum = last.slice()
    for (let round = 1; round < rounds; round++) {
      last = hash(initial, secret, sha512(last))
      for (let i = 0; i < HASH_BYTES; i++) sum[i]! ^= last[i]!
    }
    for (let i = 0; i * stride + block < length; i++) key[i * stride + block] = sum[i]!
    last.fill(0)
    sum.fill(0)
  }
  secret.fill(0)
  return key
}
