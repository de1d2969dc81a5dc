// Private keys in clear. What is protected by a passphrase is none, nor is the mere beginning of one, as documentation has it.
import { bytesOf } from '../system/index.ts'

/** An identity of age, whole: bech32 of 32 bytes, or of a hybrid key's 32-byte seed. */
const ageIdentity = /\bAGE-SECRET-KEY-(?:PQ-)?1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}(?![A-Z0-9])/g

/** The first line of a key, and as much of what follows that it must be one: line ends may be written as two characters. */
const pem =
  /-----BEGIN ((?:RSA |EC |DSA |OPENSSH )?PRIVATE KEY|PGP PRIVATE KEY BLOCK)-----((?:\s|\\r|\\n|\\t|["',+]|[A-Za-z-]+: [^\n\\]*)*)([A-Za-z0-9+/=]{16,})/g

interface PrivateKey {
  /** Offset into the text, which is read as Latin-1. */
  readonly at: number
  /** `an age identity`, `a PEM private key`. */
  readonly what: string
}

const marks = ['AGE-SECRET-KEY-', 'PRIVATE KEY']

/** Those in a text, in its order. */
export function privateKeysIn(bytes: Uint8Array): readonly PrivateKey[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!marks.some((mark) => buffer.includes(mark))) return []
  const text = buffer.toString('latin1')
  const found: PrivateKey[] = []
  for (const { index } of text.matchAll(ageIdentity)) found.push({ at: index, what: 'an age identity' })
  for (const { index, 1: kind = '', 2: head = '', 3: body = '' } of text.matchAll(pem)) {
    if (/Proc-Type: 4,ENCRYPTED/.test(head) || (kind.startsWith('OPENSSH') && isProtected(body))) continue
    found.push({ at: index, what: kind.startsWith('PGP') ? 'a PGP private key' : whatOf(kind) })
  }
  return found.sort((a, b) => a.at - b.at)
}

const whatOf = (kind: string): string => (kind.startsWith('OPENSSH') ? 'an SSH private key' : 'a PEM private key')

/** An OpenSSH key names the cipher that protects it in its first bytes: the magic, then a length and a name; `none` is no protection. */
function isProtected(body: string): boolean {
  const head = Buffer.from(body.slice(0, 64), 'base64')
  const magic = 'openssh-key-v1\0'
  if (!head.toString('latin1').startsWith(magic)) return false
  const length = head.length >= magic.length + 4 ? head.readUInt32BE(magic.length) : 0
  const name = head.toString('latin1', magic.length + 4, magic.length + 4 + length)
  return length > 0 && name !== 'none'
}

/** Those in one value. */
export const privateKeyIn = (value: string | Uint8Array): PrivateKey | undefined =>
  privateKeysIn(typeof value === 'string' ? bytesOf(value) : value)[0]
