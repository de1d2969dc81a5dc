// SSH's wire encoding of public keys and the authorized_keys line that carries it.
import { decodeCanonical } from '../../../text/base64.ts'
import { quote } from '../../../text/quote.ts'
import { montgomeryPoint } from './ed25519-point.ts'

export interface SshPublicKey {
  readonly type: 'ssh-ed25519' | 'ssh-rsa'
  /** The whole wire encoding: what is base64 in an authorized_keys line. */
  readonly wire: Uint8Array
  /** ssh-ed25519: the 32-byte point. ssh-rsa: exponent and modulus, big-endian without leading zeros. */
  readonly parts: readonly Uint8Array[]
}

/** age accepts no RSA key below 2048 bits. */
const MINIMUM_RSA_BYTES = 256

/** Reads length-prefixed strings in sequence. */
export interface WireReader {
  uint32(): number
  string(): Buffer
  bytes(length: number): Buffer
  rest(): Buffer
}

export function wireReader(source: Uint8Array): WireReader {
  const all = Buffer.from(source.buffer, source.byteOffset, source.length)
  let at = 0
  const bytes = (length: number): Buffer => {
    if (length > all.length - at) throw new Error('short read')
    at += length
    return all.subarray(at - length, at)
  }
  const uint32 = (): number => bytes(4).readUInt32BE()
  return { uint32, bytes, string: () => bytes(uint32()), rest: () => all.subarray(at) }
}

/** The parts as SSH strings, concatenated. */
export function wireStrings(...parts: readonly (Uint8Array | string)[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part as string)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )
}

/** A positive multi-precision integer without its leading zero. */
export function positive(mpint: Buffer): Buffer {
  if (mpint.length === 0 || mpint[0]! > 127) throw new Error('invalid integer')
  return mpint[0] === 0 ? mpint.subarray(1) : mpint
}

/** @throws Error for other types and for keys age refuses. */
export function parsePublicKey(wire: Uint8Array): SshPublicKey {
  const reader = wireReader(wire)
  const type = reader.string().toString('latin1')
  if (type === 'ssh-ed25519') {
    const point = reader.string()
    if (point.length !== 32) throw new Error('invalid size for Ed25519 public key')
    if (reader.rest().length > 0) throw new Error('trailing junk in public key')
    montgomeryPoint(point)
    return { type, wire, parts: [point] }
  }
  if (type === 'ssh-rsa') {
    const exponent = positive(reader.string())
    const modulus = positive(reader.string())
    if (reader.rest().length > 0) throw new Error('trailing junk in public key')
    if (exponent.length > 3 || exponent.readUIntBE(0, exponent.length) < 3 || exponent.at(-1)! % 2 === 0) {
      throw new Error('incorrect exponent')
    }
    if (modulus.length < MINIMUM_RSA_BYTES) throw new Error('RSA key size is too small')
    return { type, wire, parts: [exponent, modulus] }
  }
  throw new Error(`unsupported key type ${quote(type)}`)
}

/**
 * One line `TYPE BASE64 [COMMENT]`.
 * @throws Error with the reference's shape of message (spec/keys.md 3.1).
 */
export function parseAuthorizedKey(line: string): SshPublicKey {
  const malformed = (cause: string): Error => new Error(`malformed SSH recipient: ${quote(line)}: ${cause}`)
  const [type = '', base64 = ''] = line.split(/[ \t\r\n]+/, 2)
  let wire: Buffer
  let wireType: string
  try {
    wire = decodeCanonical(base64)
    wireType = wireReader(wire).string().toString('latin1')
  } catch {
    throw malformed('ssh: no key found')
  }
  if (wireType !== type) throw malformed('ssh: no key found')
  if (type !== 'ssh-ed25519' && type !== 'ssh-rsa') throw new Error(`unknown SSH recipient type: ${quote(type)}`)
  try {
    return parsePublicKey(wire)
  } catch (error) {
    throw malformed((error as Error).message)
  }
}
