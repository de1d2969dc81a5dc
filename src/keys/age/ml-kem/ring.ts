// Arithmetic of ML-KEM: polynomials of degree below 256 over the integers modulo 3329, and their number-theoretic transform (FIPS 203, 4.3).
// Coefficients are signed and stay below 2^15; products are kept in range by Montgomery's reduction with R = 2^16.

export const degree = 256
export const modulus = 3329

export type Polynomial = Int16Array

export const polynomial = (): Polynomial => new Int16Array(degree)

/** The inverse of the modulus, modulo 2^16, signed. */
const inverse = -3327
/** R^2 modulo the modulus. */
const squareOfR = 1353
/** R^2 / 128: undoes the factor of the transform and one Montgomery reduction. */
const scale = 1441

/** `value / R` modulo the modulus, between -3328 and 3328, for a value below 2^15 times the modulus. */
function montgomery(value: number): number {
  const factor = (Math.imul(value, inverse) << 16) >> 16
  return (value - factor * modulus) >> 16
}

/** Powers of 17, times R, in bit-reversed order of their exponents (FIPS 203, appendix A). */
const zetas = ((): Int16Array => {
  const result = new Int16Array(128)
  for (let i = 0; i < 128; i++) {
    let exponent = 0
    for (let bit = 0; bit < 7; bit++) exponent |= ((i >> bit) & 1) << (6 - bit)
    let power = 65536 % modulus
    for (; exponent > 0; exponent--) power = (power * 17) % modulus
    result[i] = power > modulus >> 1 ? power - modulus : power
  }
  return result
})()

/** In place (algorithm 9), for coefficients up to the modulus; returns its argument. */
export function toNtt(poly: Polynomial): Polynomial {
  let next = 1
  for (let length = 128; length >= 2; length >>= 1) {
    for (let start = 0; start < degree; start += 2 * length) {
      const zeta = zetas[next++]!
      for (let i = start; i < start + length; i++) {
        const product = montgomery(zeta * poly[i + length]!)
        const value = poly[i]!
        poly[i + length] = value - product
        poly[i] = value + product
      }
    }
  }
  reduce(poly)
  return poly
}

/** In place (algorithm 10), for reduced coefficients that `addProduct` divided by R; returns its argument. */
export function fromNtt(poly: Polynomial): Polynomial {
  let next = 127
  for (let length = 2; length <= 128; length <<= 1) {
    for (let start = 0; start < degree; start += 2 * length) {
      const zeta = zetas[next--]!
      for (let i = start; i < start + length; i++) {
        const value = poly[i]!
        const other = poly[i + length]!
        poly[i] = center(value + other)
        poly[i + length] = montgomery(zeta * (other - value))
      }
    }
  }
  for (let i = 0; i < degree; i++) poly[i] = montgomery(poly[i]! * scale)
  return poly
}

/** Adds the product of two polynomials in NTT form, divided by R (algorithms 11 and 12). */
export function addProduct(sum: Polynomial, a: Polynomial, b: Polynomial): void {
  for (let i = 0; i < degree; i += 2) {
    const zeta = i & 2 ? -zetas[64 + (i >> 2)]! : zetas[64 + (i >> 2)]!
    const [a0, a1, b0, b1] = [a[i]!, a[i + 1]!, b[i]!, b[i + 1]!]
    sum[i] = sum[i]! + montgomery(montgomery(a1 * b1) * zeta) + montgomery(a0 * b0)
    sum[i + 1] = sum[i + 1]! + montgomery(a0 * b1) + montgomery(a1 * b0)
  }
}

/** Multiplies by R. */
export function toMontgomery(poly: Polynomial): void {
  for (let i = 0; i < degree; i++) poly[i] = montgomery(poly[i]! * squareOfR)
}

/** The representative between -1664 and 1664 of a value below 2^15. */
const center = (value: number): number => value - ((20159 * value + (1 << 25)) >> 26) * modulus

/** Makes every coefficient the one between 0 and 3328. */
export function reduce(poly: Polynomial): void {
  for (let i = 0; i < degree; i++) {
    const value = center(poly[i]!)
    poly[i] = value + ((value >> 31) & modulus)
  }
}
