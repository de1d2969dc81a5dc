// ML-KEM-768 for whoever holds the seed (FIPS 203): the public key, and opening a ciphertext. Written for code that runs once, right after the
// start: it hashes with node:crypto and stays in small integers, where a library spends most of its time before it is compiled. Nothing
// branches on, divides by or is indexed by a secret.
import { createHash } from 'node:crypto'
import {
  addProduct,
  degree,
  fromNtt,
  modulus,
  type Polynomial,
  polynomial,
  reduce,
  toMontgomery,
  toNtt,
} from './ring.ts'

/** FIPS 203, table 2: k = 3, eta1 = eta2 = 2, du = 10, dv = 4. */
const rank = 3
const bitsOfU = 10
const bitsOfV = 4

/** Bytes of a ciphertext. */
export const ciphertextLength = 1088

type Vector = readonly Polynomial[]

export interface MlKemKey {
  /** 1184 bytes. */
  readonly publicKey: Buffer
  /** 32 bytes for a ciphertext; other ones, unpredictable, for one that was not made for this key. @throws Error for another length. */
  decapsulate(ciphertext: Uint8Array): Buffer
}

const indices = [0, 1, 2] as const
const vector = (make: (index: number) => Polynomial): Vector => indices.map(make)

/** `outputLength` (bytes) is for the functions of the SHAKE family. */
function digest(name: string, parts: readonly Uint8Array[], outputLength?: number): Buffer {
  const hash = createHash(name, outputLength === undefined ? {} : { outputLength })
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** An element of the matrix, in NTT form, from public bytes (algorithm 7). */
function uniform(rho: Uint8Array, column: number, row: number): Polynomial {
  const result = polynomial()
  // Four blocks are enough but for one element in 10^38.
  for (let length = 672; ; length *= 2) {
    const bytes = digest('shake128', [rho, Uint8Array.of(column, row)], length)
    let count = 0
    for (let at = 0; at < length && count < degree; at += 3) {
      const low = bytes[at]! | ((bytes[at + 1]! & 15) << 8)
      const high = (bytes[at + 1]! >> 4) | (bytes[at + 2]! << 4)
      if (low < modulus) result[count++] = low
      if (high < modulus && count < degree) result[count++] = high
    }
    if (count === degree) return result
  }
}

/** Small coefficients (algorithm 8, eta = 2) from a seed and a number. */
function small(seed: Uint8Array, number: number): Polynomial {
  const bytes = digest('shake256', [seed, Uint8Array.of(number)], 128)
  const result = polynomial()
  for (let at = 0; at < 128; at++) {
    const byte = bytes[at]!
    const sums = (byte & 0x55) + ((byte >> 1) & 0x55)
    result[2 * at] = (sums & 3) - ((sums >> 2) & 3)
    result[2 * at + 1] = ((sums >> 4) & 3) - (sums >> 6)
  }
  bytes.fill(0)
  return result
}

const add = (target: Polynomial, other: Polynomial): void => {
  for (let i = 0; i < degree; i++) target[i] = target[i]! + other[i]!
}

/** The sum of products of two vectors in NTT form. */
function inner(a: Vector, b: Vector): Polynomial {
  const sum = polynomial()
  for (const i of indices) addProduct(sum, a[i]!, b[i]!)
  reduce(sum)
  return sum
}

/** Numbers of `bits` bits, least significant bit first (algorithm 6). */
function unpack(bytes: Uint8Array, bits: number): Polynomial {
  const result = polynomial()
  let held = 0
  let count = 0
  let at = 0
  for (let i = 0; i < degree; i++) {
    for (; count < bits; count += 8) held |= bytes[at++]! << count
    result[i] = held & ((1 << bits) - 1)
    held >>= bits
    count -= bits
  }
  return result
}

/** Twelve bits for each coefficient, which must be reduced (algorithm 5). */
function pack(target: Buffer, offset: number, source: Polynomial): void {
  for (let i = 0, at = offset; i < degree; i += 2, at += 3) {
    const [low, high] = [source[i]!, source[i + 1]!]
    target[at] = low
    target[at + 1] = (low >> 8) | (high << 4)
    target[at + 2] = high >> 4
  }
}

/** A multiplication: the time of a division may depend on what is divided. The half keeps it away from whole numbers. */
const compress = (value: number, bits: number): number =>
  (((value << bits) + (modulus >> 1) + 0.5) * (1 / modulus)) & ((1 << bits) - 1)

const decompress = (values: Polynomial, bits: number): Polynomial => {
  for (let i = 0; i < degree; i++) values[i] = (values[i]! * modulus + (1 << (bits - 1))) >> bits
  return values
}

/** Zero when the compressed coefficients are those of the ciphertext. */
function difference(values: Polynomial, bits: number, sent: Polynomial): number {
  let result = 0
  for (let i = 0; i < degree; i++) result |= compress(values[i]!, bits) ^ sent[i]!
  return result
}

/** The key pair of a seed: 32 bytes `d`, then 32 bytes `z` (algorithms 13 and 16). The seed stays with the caller. */
export function mlKem768(seed: Uint8Array): MlKemKey {
  const expanded = digest('sha3-512', [seed.subarray(0, 32), Uint8Array.of(rank)])
  const rho = Buffer.from(expanded.subarray(0, 32))
  const sigma = expanded.subarray(32)
  const rejection = Buffer.from(seed.subarray(32, 64))
  const rows = indices.map((row) => vector((column) => uniform(rho, column, row)))
  const columns = indices.map((column) => vector((row) => rows[row]![column]!))
  const secret = vector((i) => toNtt(small(sigma, i)))
  const publicVector = vector((i) => {
    const product = inner(rows[i]!, secret)
    toMontgomery(product)
    add(product, toNtt(small(sigma, rank + i)))
    reduce(product)
    return product
  })
  expanded.fill(0)
  const publicKey = Buffer.alloc(384 * rank + 32)
  for (const i of indices) pack(publicKey, 384 * i, publicVector[i]!)
  rho.copy(publicKey, 384 * rank)
  const publicHash = digest('sha3-256', [publicKey])

  /** The 32-byte message in the ciphertext (algorithm 15). */
  const open = (u: Vector, v: Polynomial): Buffer => {
    const noisy = fromNtt(
      inner(
        secret,
        u.map((part) => toNtt(decompress(part.slice(), bitsOfU))),
      ),
    )
    for (let i = 0; i < degree; i++) noisy[i] = v[i]! - noisy[i]!
    reduce(noisy)
    const message = Buffer.alloc(32)
    for (let i = 0; i < degree; i++) message[i >> 3]! |= compress(noisy[i]!, 1) << (i & 7)
    noisy.fill(0)
    return message
  }

  /** Zero when sealing the message with this randomness gives the ciphertext (algorithm 14). */
  const check = (message: Buffer, random: Buffer, u: Vector, v: Polynomial): number => {
    const y = vector((i) => toNtt(small(random, i)))
    let result = 0
    for (const i of indices) {
      const part = fromNtt(inner(columns[i]!, y))
      add(part, small(random, rank + i))
      reduce(part)
      result |= difference(part, bitsOfU, u[i]!)
    }
    const last = fromNtt(inner(publicVector, y))
    add(last, small(random, 2 * rank))
    for (let i = 0; i < degree; i++) last[i] = last[i]! + (-((message[i >> 3]! >> (i & 7)) & 1) & ((modulus + 1) >> 1))
    reduce(last)
    for (const one of y) one.fill(0)
    return result | difference(last, bitsOfV, v)
  }

  return {
    publicKey,
    decapsulate(ciphertext) {
      if (ciphertext.length !== ciphertextLength) throw new Error('malformed ML-KEM-768 ciphertext')
      const u = vector((i) => unpack(ciphertext.subarray(320 * i, 320 * (i + 1)), bitsOfU))
      const v = unpack(ciphertext.subarray(320 * rank), bitsOfV)
      const message = open(u, decompress(v.slice(), bitsOfV))
      const derived = digest('sha3-512', [message, publicHash])
      const shared = Buffer.from(derived.subarray(0, 32))
      const rejected = digest('shake256', [rejection, ciphertext], 32)
      // All ones when the ciphertext is another than this message gives, so that the shared bytes are taken without a branch.
      const isOther = -((check(message, derived.subarray(32), u, v) + 0xffff) >> 16) & 0xff
      for (let i = 0; i < 32; i++) shared[i] = (shared[i]! & ~isOther) | (rejected[i]! & isOther)
      for (const one of [message, derived, rejected]) one.fill(0)
      return shared
    },
  }
}
