// Reads SSH private key files: OpenSSH's own format, PKCS#1, PKCS#8 and encrypted legacy PEM.
import { createDecipheriv, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { decodeCanonical } from '../../../text/base64.ts'
import { quote } from '../../../text/quote.ts'
import { bcryptPbkdf } from './bcrypt.ts'
import { positive, type WireReader, wireReader, wireStrings } from './wire.ts'

/** A private key, ready to use. */
export type SshPrivateKey =
  | { readonly type: 'ssh-ed25519'; readonly wire: Uint8Array; readonly seed: Buffer }
  | { readonly type: 'ssh-rsa'; readonly wire: Uint8Array; readonly key: KeyObject }

export type SshKeyFile =
  | { readonly kind: 'open'; readonly key: SshPrivateKey }
  | {
      readonly kind: 'locked'
      /** The public key's wire encoding; legacy PEM has it in the `.pub` file beside it. */
      readonly wire?: Uint8Array
      /** The key, or undefined for a wrong passphrase. @throws Error when the file is broken. */
      unlock(passphrase: Buffer): Promise<SshPrivateKey | undefined>
    }

const MAGIC = 'openssh-key-v1\0'
/** Far above what ssh-keygen writes; more would only burn time. */
const MAXIMUM_ROUNDS = 10_000

const base64Url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
const base64UrlOf = (value: bigint): string => {
  const hex = value.toString(16)
  return base64Url(Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex'))
}

/** An SSH integer: a leading zero keeps it positive. */
const mpint = (bytes: Uint8Array): Uint8Array => (bytes[0]! > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)

function fromKeyObject(key: KeyObject): SshPrivateKey {
  if (key.asymmetricKeyType === 'ed25519') {
    const { d, x } = key.export({ format: 'jwk' })
    const seed = Buffer.from(d!, 'base64url')
    return { type: 'ssh-ed25519', seed, wire: wireStrings('ssh-ed25519', Buffer.from(x!, 'base64url')) }
  }
  if (key.asymmetricKeyType !== 'rsa') throw new Error(`unsupported SSH identity type: ${key.asymmetricKeyType}`)
  const { n, e } = createPublicKey(key).export({ format: 'jwk' })
  const parts = [e!, n!].map((part) => mpint(Buffer.from(part, 'base64url')))
  return { type: 'ssh-rsa', key, wire: wireStrings('ssh-rsa', ...parts) }
}

/** The decrypted list of one private key; undefined when the check words differ: a wrong passphrase. */
function readPrivate(plain: Buffer, publicWire: Uint8Array): SshPrivateKey | undefined {
  const reader = wireReader(plain)
  const check = reader.uint32()
  if (reader.uint32() !== check) return undefined
  const type = reader.string().toString('latin1')
  const key = type === 'ssh-ed25519' ? readEd25519(reader) : type === 'ssh-rsa' ? readRsa(reader) : undefined
  if (!key) throw new Error(`unsupported SSH identity type: ${quote(type)}`)
  reader.string()
  if (!reader.rest().every((byte, i) => byte === i + 1)) throw new Error('padding not as expected')
  if (Buffer.compare(key.wire, publicWire) !== 0) throw new Error('mismatched private and public SSH key')
  return key
}

function readEd25519(reader: WireReader): SshPrivateKey {
  const point = reader.string()
  const secret = reader.string()
  if (point.length !== 32 || secret.length !== 64) throw new Error('private key unexpected length')
  const seed = Buffer.from(secret.subarray(0, 32))
  const key = createPrivateKey({
    key: { kty: 'OKP', crv: 'Ed25519', d: base64Url(seed), x: base64Url(point) },
    format: 'jwk',
  })
  // The key object computes the point from the seed; the file states it twice.
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  if (x !== base64Url(point) || !secret.subarray(32).equals(point))
    throw new Error('mismatched private and public SSH key')
  return { type: 'ssh-ed25519', seed, wire: wireStrings('ssh-ed25519', point) }
}

function readRsa(reader: WireReader): SshPrivateKey {
  const parts = Array.from({ length: 6 }, () => positive(reader.string()))
  const [n, e, d, qi, p, q] = parts.map(base64Url)
  const exponent = number(parts[2]!)
  const jwk = {
    kty: 'RSA',
    ...{ n, e, d, qi, p, q },
    dp: base64UrlOf(exponent % (number(parts[4]!) - 1n)),
    dq: base64UrlOf(exponent % (number(parts[5]!) - 1n)),
  } as Record<string, string>
  return fromKeyObject(createPrivateKey({ key: jwk, format: 'jwk' }))
}

function readOpenSsh(bytes: Buffer): SshKeyFile {
  const reader = wireReader(bytes)
  if (reader.bytes(MAGIC.length).toString('latin1') !== MAGIC) throw new Error('invalid openssh private key format')
  const cipher = reader.string().toString('latin1')
  const kdf = reader.string().toString('latin1')
  const options = reader.string()
  if (reader.uint32() !== 1) throw new Error('multi-key files are not supported')
  const wire = reader.string()
  const sealed = reader.string()
  if (cipher === 'none' && kdf === 'none') {
    const key = readPrivate(sealed, wire)
    if (!key) throw new Error('malformed OpenSSH key')
    return { kind: 'open', key }
  }
  const algorithm = cipher === 'aes256-ctr' ? 'aes-256-ctr' : cipher === 'aes256-cbc' ? 'aes-256-cbc' : undefined
  if (kdf !== 'bcrypt' || algorithm === undefined) {
    throw new Error(`unknown KDF ${quote(kdf)} or cipher ${quote(cipher)}`)
  }
  const parameters = wireReader(options)
  const salt = parameters.string()
  const rounds = parameters.uint32()
  if (rounds < 1 || rounds > MAXIMUM_ROUNDS || salt.length === 0) throw new Error('invalid KDF parameters')
  if (sealed.length === 0 || sealed.length % 16 !== 0) throw new Error('invalid private key length')
  return {
    kind: 'locked',
    wire,
    async unlock(passphrase) {
      const derived = bcryptPbkdf(passphrase, salt, rounds, 48)
      const decipher = createDecipheriv(algorithm, derived.subarray(0, 32), derived.subarray(32)).setAutoPadding(false)
      const plain = Buffer.concat([decipher.update(sealed), decipher.final()])
      try {
        return readPrivate(plain, wire)
      } finally {
        derived.fill(0)
        plain.fill(0)
      }
    },
  }
}

/**
 * The first PEM block of a private key file (spec/keys.md 3.5).
 * @throws Error that never repeats the file
 */
export function parseSshPrivateKey(text: string): SshKeyFile {
  const begin = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n/.exec(text)
  const end = begin ? text.indexOf(`-----END ${begin[1]}-----`, begin.index) : -1
  if (!begin || end < 0) throw new Error('ssh: no key found')
  const type = begin[1]!
  const body = text.slice(begin.index + begin[0].length, end)
  if (type === 'OPENSSH PRIVATE KEY') return readOpenSsh(decodeCanonical(body.replace(/\s+/g, '')))
  if (type !== 'RSA PRIVATE KEY' && type !== 'PRIVATE KEY') throw new Error(`ssh: unsupported key type ${quote(type)}`)
  const pem = `-----BEGIN ${type}-----\n${body}-----END ${type}-----\n`
  if (!/^Proc-Type: 4,ENCRYPTED\r?$/m.test(body)) return { kind: 'open', key: fromKeyObject(openPem(pem)) }
  return {
    kind: 'locked',
    async unlock(passphrase) {
      let key: KeyObject
      try {
        key = createPrivateKey({ key: pem, passphrase })
      } catch {
        return undefined
      }
      return fromKeyObject(key)
    },
  }
}

function openPem(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new Error('ssh: malformed private key')
  }
}
