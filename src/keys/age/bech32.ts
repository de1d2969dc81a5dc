// Bech32 as age uses it for recipients and identities: the BIP-173 checksum without its length limit.

export interface Bech32 {
  /** The human-readable part, in the case of the text. */
  readonly hrp: string
  readonly bytes: Uint8Array
}

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

/** One step of the checksum, over a five-bit value. */
function polymod(check: number, value: number): number {
  const top = check >>> 25
  let next = ((check & 0x1ffffff) << 5) ^ value
  for (let i = 0; i < 5; i++) if ((top >> i) & 1) next ^= generator[i]!
  return next
}

function checkOf(hrp: string): number {
  let check = 1
  for (let i = 0; i < hrp.length; i++) check = polymod(check, hrp.charCodeAt(i) >> 5)
  check = polymod(check, 0)
  for (let i = 0; i < hrp.length; i++) check = polymod(check, hrp.charCodeAt(i) & 31)
  return check
}

/**
 * Decodes upper-case or lower-case Bech32 of any length.
 * @throws Error whose message never repeats the text: it may be a secret key.
 */
export function decodeBech32(text: string): Bech32 {
  const lower = text.toLowerCase()
  if (text !== lower && text !== text.toUpperCase()) throw new Error('mixed case')
  const separator = lower.lastIndexOf('1')
  if (separator < 1 || separator + 7 > lower.length) throw new Error("separator '1' at invalid position")
  const hrp = lower.slice(0, separator)
  if (!/^[\x21-\x7e]+$/.test(hrp)) throw new Error('invalid character in human-readable part')
  const bytes = new Uint8Array(((lower.length - separator - 7) * 5) >> 3)
  let check = checkOf(hrp)
  let pending = 0
  let bits = 0
  let length = 0
  for (let i = separator + 1; i < lower.length; i++) {
    const value = alphabet.indexOf(lower[i]!)
    if (value < 0) throw new Error('invalid character in data part')
    check = polymod(check, value)
    if (i >= lower.length - 6) continue
    pending = ((pending << 5) | value) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[length++] = pending >> bits
  }
  if (check !== 1) throw new Error('invalid checksum')
  if (bits >= 5 || (pending & ((1 << bits) - 1)) !== 0) throw new Error('invalid padding')
  return { hrp: text.slice(0, separator), bytes }
}

/** Lower-case Bech32. */
export function encodeBech32(hrp: string, bytes: Uint8Array): string {
  const values: number[] = []
  let pending = 0
  let bits = 0
  for (const byte of bytes) {
    pending = ((pending << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; ) {
      bits -= 5
      values.push((pending >> bits) & 31)
    }
  }
  if (bits > 0) values.push((pending << (5 - bits)) & 31)
  const lower = hrp.toLowerCase()
  const check = [...values, 0, 0, 0, 0, 0, 0].reduce(polymod, checkOf(lower)) ^ 1
  for (let i = 0; i < 6; i++) values.push((check >> (5 * (5 - i))) & 31)
  return `${lower}1${values.map((value) => alphabet[value]).join('')}`
}
