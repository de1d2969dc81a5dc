// Shamir's secret sharing over GF(2^8), one polynomial per secret byte (spec/format.md 3.3, spec/keys.md 11).
import { randomFillSync } from 'node:crypto'
import { SopsError } from '../errors.ts'

/** Product in the AES field, without branches or tables that depend on the operands. */
export function multiply(a: number, b: number): number {
  let product = 0
  let x = a
  for (let bit = 0; bit < 8; bit++) {
    product ^= -((b >> bit) & 1) & x
    x = ((x << 1) ^ (-(x >> 7) & 0x11b)) & 0xff
  }
  return product
}

/** a^254, which is 1/a; 0 for 0. */
function invert(a: number): number {
  let power = a
  let result = 1
  for (let i = 0; i < 7; i++) {
    power = multiply(power, power)
    result = multiply(result, power)
  }
  return result
}

export const divide = (a: number, b: number): number => multiply(a, invert(b))

/** Value at x; coefficients from the constant term up. */
export function evaluate(coefficients: Uint8Array, x: number): number {
  let y = 0
  for (let i = coefficients.length - 1; i >= 0; i--) y = multiply(y, x) ^ coefficients[i]!
  return y
}

const refuse = (message: string): never => {
  throw new SopsError('generic', message)
}

/**
 * Shares of `secret.length + 1` bytes: the values, then x (1 for the first share). Any `threshold` of them give the secret back.
 * @throws SopsError `generic` for impossible numbers. The caller wipes the shares.
 */
export function split(secret: Uint8Array, parts: number, threshold: number): Uint8Array[] {
  if (parts < threshold) refuse('parts cannot be less than threshold')
  if (parts > 255) refuse('parts cannot exceed 255')
  if (threshold < 2) refuse('threshold must be at least 2')
  if (threshold > 255) refuse('threshold cannot exceed 255')
  if (secret.length === 0) refuse('cannot split an empty secret')
  const shares = Array.from({ length: parts }, (_, i) => {
    const share = new Uint8Array(secret.length + 1)
    share[secret.length] = i + 1
    return share
  })
  const polynomial = new Uint8Array(threshold)
  for (let at = 0; at < secret.length; at++) {
    randomFillSync(polynomial)
    polynomial[0] = secret[at]!
    for (let i = 0; i < parts; i++) shares[i]![at] = evaluate(polynomial, i + 1)
  }
  polynomial.fill(0)
  return shares
}

/**
 * The secret, by interpolation at 0 over all shares. Too few or foreign shares give wrong bytes, which only decryption notices.
 * @throws SopsError `generic` for shares that cannot belong together. The caller wipes shares and secret.
 */
export function combine(shares: readonly Uint8Array[]): Uint8Array {
  const first = shares[0]
  if (first === undefined || shares.length < 2)
    return refuse('less than two parts cannot be used to reconstruct the secret')
  if (first.length < 2) refuse('parts must be at least two bytes')
  if (shares.some((share) => share.length !== first.length)) refuse('all parts must be the same length')
  const size = first.length - 1
  const xs = shares.map((share) => share[size]!)
  if (new Set(xs).size !== xs.length) refuse('duplicate part detected')
  const weights = xs.map((x, i) =>
    xs.reduce((weight, other, j) => (i === j ? weight : multiply(weight, divide(other, x ^ other))), 1),
  )
  const secret = new Uint8Array(size)
  for (let at = 0; at < size; at++) {
    for (let i = 0; i < shares.length; i++) secret[at] = secret[at]! ^ multiply(shares[i]![at]!, weights[i]!)
  }
  return secret
}
