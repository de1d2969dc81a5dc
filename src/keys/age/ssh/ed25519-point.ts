// From an Ed25519 public key to the X25519 point of the same key (RFC 7748 4.1).

const p = 2n ** 255n - 19n
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base % p
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % p
    square = (square * square) % p
  }
  return result
}

const inverse = (value: bigint): bigint => power(value, p - 2n)

/**
 * The Montgomery u-coordinate, little-endian, of a compressed Edwards point.
 * @throws Error when the 32 bytes are not a point on the curve.
 */
export function montgomeryPoint(edwards: Uint8Array): Buffer {
  const littleEndian = Buffer.from(edwards).reverse()
  littleEndian[0]! &= 0x7f
  const y = BigInt(`0x${littleEndian.toString('hex')}`) % p
  const square = (y * y) % p
  const x2 = ((square - 1n + p) * inverse((d * square + 1n) % p)) % p
  if (x2 !== 0n && power(x2, (p - 1n) / 2n) !== 1n) throw new Error('invalid Ed25519 public key')
  const u = ((1n + y) * inverse((1n - y + p) % p)) % p
  return Buffer.from(u.toString(16).padStart(64, '0'), 'hex').reverse()
}
