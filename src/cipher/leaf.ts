// One encrypted leaf: AES-GCM with a 32-byte nonce, written as ENC[…] (spec/format.md 2.1, 2.2).
import {
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type DecipherGCM,
  type KeyObject,
  randomFillSync,
} from 'node:crypto'
import { SopsError } from '../errors.ts'
import { encodeBase64, readBase64, writeBase64 } from '../text/base64.ts'
import type { ScalarType } from '../tree/scalar.ts'
import { bytesOfText } from '../tree/utf8.ts'
import { splitToken, tokenStart } from './token.ts'

const ivLength = 32
export const tagLength = 16

/** A data key ready for use; one KeyObject serves all leaves. */
export interface LeafCipher {
  readonly key: KeyObject
  /** Undefined when AES has no keys of this length. */
  readonly algorithm: 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' | undefined
}

interface DecryptedLeaf {
  readonly type: ScalarType
  readonly bytes: Uint8Array
  readonly iv: Uint8Array
}

/** The caller keeps (and wipes) the data key's bytes. */
export function createLeafCipher(dataKey: Uint8Array): LeafCipher {
  const bits = dataKey.length * 8
  const algorithm = bits === 128 || bits === 192 || bits === 256 ? (`aes-${bits}-gcm` as const) : undefined
  return { key: createSecretKey(dataKey), algorithm }
}

export function algorithmOf(cipher: LeafCipher): NonNullable<LeafCipher['algorithm']> {
  if (cipher.algorithm === undefined) {
    throw new SopsError('generic', `the data key has ${cipher.key.symmetricKeySize} bytes, which AES cannot use`)
  }
  return cipher.algorithm
}

let block = Buffer.alloc(0)
let blockAt = 0
const passing = Buffer.allocUnsafeSlow(ivLength)

/** Draws random bytes in blocks; none is handed out twice. A block is not filled again: who keeps a nonce holds a view of it. */
export function newIv(): Uint8Array {
  if (blockAt === block.length) {
    block = randomFillSync(Buffer.allocUnsafeSlow(ivLength * 512))
    blockAt = 0
  }
  blockAt += ivLength
  return block.subarray(blockAt - ivLength, blockAt)
}

/** `newIv` without a view of its own: good until the next call. */
function passingIv(): Uint8Array {
  if (blockAt === block.length) return newIv()
  for (let i = 0; i < ivLength; i++) passing[i] = block[blockAt + i]!
  blockAt += ivLength
  return passing
}

/**
 * The ENC[…] text of a plaintext; the empty plaintext stays empty. An `iv` that is given must never have been used with this key for
 * another plaintext or other additional data.
 */
export function encryptLeaf(
  cipher: LeafCipher,
  aad: string,
  type: ScalarType,
  plaintext: Uint8Array | string,
  iv: Uint8Array = passingIv(),
): string {
  if (plaintext.length === 0) return ''
  // Its tag has `tagLength` bytes: to say so takes the executable a tenth of the call.
  const gcm = createCipheriv(algorithmOf(cipher), cipher.key, iv)
  gcm.setAAD(bytesOfAad(aad))
  if (plaintext.length > chunkSize) return encryptLarge(gcm, type, plaintext, iv)
  const data = typeof plaintext === 'string' ? gcm.update(plaintext, 'utf8') : gcm.update(plaintext)
  gcm.final()
  if (data.length + iv.length <= shortSize) return shortToken(data, iv, gcm.getAuthTag(), type)
  return `${tokenStart}${encodeBase64(data)}${ending(gcm, type, iv)}`
}

const tokenBytes = Buffer.allocUnsafeSlow(4096)
const dataAt = tokenBytes.write(tokenStart, 'latin1')
/** Bytes of ciphertext and nonce whose token fits into `tokenBytes`; an earlier version of a file may have nonces of any length. */
const shortSize = 2048

const marks = {
  iv: Buffer.from(',iv:'),
  tag: Buffer.from(',tag:'),
  str: Buffer.from(',type:str]'),
  int: Buffer.from(',type:int]'),
  float: Buffer.from(',type:float]'),
  bool: Buffer.from(',type:bool]'),
  time: Buffer.from(',type:time]'),
  comment: Buffer.from(',type:comment]'),
} satisfies Record<ScalarType | 'iv' | 'tag', Uint8Array>

/** Makes one string: one for each part and one of them all take twice as long. */
function shortToken(data: Uint8Array, iv: Uint8Array, tag: Uint8Array, type: ScalarType): string {
  let at = writeBase64(data, tokenBytes, dataAt)
  at = writeMark(marks.iv, at)
  at = writeBase64(iv, tokenBytes, at)
  at = writeMark(marks.tag, at)
  at = writeBase64(tag, tokenBytes, at)
  at = writeMark(marks[type], at)
  return tokenBytes.toString('latin1', 0, at)
}

function writeMark(mark: Uint8Array, at: number): number {
  for (let i = 0; i < mark.length; i++) tokenBytes[at + i] = mark[i]!
  return at + mark.length
}

const utf8 = new TextEncoder()
const aadBytes = Buffer.allocUnsafeSlow(4096)
/** The beginnings of `aadBytes` by their length. */
const aadViews: (Buffer | undefined)[] = []

/** Good until the next call: a Buffer of its own for each text takes the executable a tenth of encrypting a leaf. */
function bytesOfAad(aad: string): Buffer {
  if (aad.length * 3 > aadBytes.length || !aad.isWellFormed()) return bytesOfText(aad)
  const { written } = utf8.encodeInto(aad, aadBytes)
  const known = aadViews[written]
  if (known !== undefined) return known
  const view = aadBytes.subarray(0, written)
  aadViews[written] = view
  return view
}

/** What stands behind the data. */
export const ending = (gcm: CipherGCM, type: ScalarType, iv: Uint8Array): string =>
  `,iv:${encodeBase64(iv)},tag:${encodeBase64(gcm.getAuthTag())},type:${type}]`

/**
 * Large values are processed in pieces, so that neither ciphertext nor base64 is in memory twice; the pieces are small, so that their memory
 * is free again at once. A multiple of 3 and of 4.
 */
const chunkSize = 96 * 1024

function encryptLarge(gcm: CipherGCM, type: ScalarType, plaintext: Uint8Array | string, iv: Uint8Array): string {
  const bytes = typeof plaintext === 'string' ? Buffer.from(plaintext, 'utf8') : plaintext
  const text = Buffer.allocUnsafe(tokenStart.length + Math.ceil(bytes.length / 3) * 4 + 256)
  let at = text.write(tokenStart, 'latin1')
  for (let from = 0; from < bytes.length; from += chunkSize) {
    const chunk = gcm.update(bytes.subarray(from, from + chunkSize))
    at += text.write(encodeBase64(chunk), at, 'latin1')
  }
  gcm.final()
  at += text.write(ending(gcm, type, iv), at, 'latin1')
  return text.toString('latin1', 0, at)
}

/** A line break's CR may stand in a part, as in the reference. */
export function decode(part: string, name: string): Buffer {
  const bytes = readBase64(part.includes('\r') ? part.replaceAll('\r', '') : part)
  if (bytes === undefined) throw new SopsError('generic', `Error base64-decoding ${name}`)
  return bytes
}

export const types: Readonly<Record<string, ScalarType>> = {
  __proto__: null as never,
  ...({
    str: 'str',
    int: 'int',
    float: 'float',
    bool: 'bool',
    time: 'time',
    comment: 'comment',
    bytes: 'str',
  } as const),
}

/**
 * Opens an ENC[…] text. `bytes` as a type reads as a string (spec/format.md 14).
 * @throws SopsError `generic`; the message contains neither text nor plaintext.
 */
export function decryptLeaf(cipher: LeafCipher, text: string, aad: string): DecryptedLeaf {
  const parts = splitToken(text)
  if (parts === undefined) throw new SopsError('generic', "Input string does not match sops' data format")
  let tag = decode(parts.tag, 'tag')
  const iv = decode(parts.iv, 'iv')
  let data: Buffer | string = parts.data
  if (tag.length !== tagLength) {
    // Only the last 16 bytes of data and tag together count.
    const joined = Buffer.concat([decode(data, 'data'), tag])
    if (joined.length < tagLength) throw new SopsError('generic', authenticationFailed)
    data = joined.subarray(0, joined.length - tagLength)
    tag = joined.subarray(joined.length - tagLength)
  } else if (data.length <= chunkSize || data.includes('\r')) {
    data = decode(data, 'data')
  }
  const gcm = createDecipheriv(algorithmOf(cipher), cipher.key, iv, { authTagLength: tagLength })
  gcm.setAuthTag(tag)
  gcm.setAAD(bytesOfAad(aad))
  const bytes = typeof data === 'string' ? decryptLarge(gcm, data) : gcm.update(data)
  try {
    // `bytes` must not leave this function before the tag is checked.
    gcm.final()
  } catch {
    throw new SopsError('generic', authenticationFailed)
  }
  const type = types[parts.type]
  if (type === undefined) throw new SopsError('generic', 'Unknown datatype')
  return { type, bytes, iv }
}

function decryptLarge(gcm: DecipherGCM, data: string): Buffer {
  const bytes = Buffer.allocUnsafe(Math.ceil(data.length / 4) * 3)
  let at = 0
  for (let from = 0; from < data.length; from += chunkSize) {
    const isLast = from + chunkSize >= data.length
    const chunk = decode(data.slice(from, from + chunkSize), 'data')
    if (!isLast && chunk.length !== (chunkSize / 4) * 3) throw new SopsError('generic', 'Error base64-decoding data')
    at += gcm.update(chunk).copy(bytes, at)
  }
  return bytes.subarray(0, at)
}

export const authenticationFailed = 'Could not decrypt with AES_GCM: cipher: message authentication failed'
