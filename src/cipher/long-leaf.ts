// The ENC[…] text of values too long for a string, written and read in pieces (spec/format.md 2.1, 2.2).
import { createCipheriv, createDecipheriv, createHash, type DecipherGCM } from 'node:crypto'
import { SopsError } from '../errors.ts'
import { encodeBase64 } from '../text/base64.ts'
import { bytesOfText } from '../tree/utf8.ts'
import { algorithmOf, authenticationFailed, decode, ending, type LeafCipher, newIv, tagLength, types } from './leaf.ts'
import { splitToken, tokenStart } from './token.ts'

/** Bytes that can be read anywhere, and more than once. */
export interface Pieces {
  readonly size: number
  /** Exactly the bytes from `from` to `to`. @throws when there are fewer by now. */
  read(from: number, to: number): Promise<Uint8Array>
}

/** Bytes of plaintext at a time: a multiple of 3, so that each piece is base64 of its own. */
const plainStep = 3 * 2 ** 18
const codeStep = (plainStep / 3) * 4

const utf8 = new TextEncoder()

/** The text of one leaf. `add` is given the plaintext. */
export async function* encryptLong(
  cipher: LeafCipher,
  aad: string,
  plain: Pieces,
  add: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const iv = newIv()
  const gcm = createCipheriv(algorithmOf(cipher), cipher.key, iv, { authTagLength: tagLength })
  gcm.setAAD(bytesOfText(aad))
  yield utf8.encode(tokenStart)
  for (let from = 0; from < plain.size; from += plainStep) {
    const bytes = await plain.read(from, Math.min(from + plainStep, plain.size))
    add(bytes)
    yield utf8.encode(encodeBase64(gcm.update(bytes)))
  }
  gcm.final()
  yield utf8.encode(ending(gcm, 'str', iv))
}

/** An ENC[…] text whose data is not read into memory. */
export interface LongToken {
  /** The base64 text in `pieces`. */
  readonly from: number
  readonly to: number
  /** The whole text but for its data. */
  readonly frame: string
}

/** A leaf whose tag was checked. */
interface LongLeaf {
  /** Decrypts the plaintext again; only the bytes that were checked come out. */
  plaintext(): AsyncGenerator<Uint8Array>
}

/**
 * Decrypts the whole leaf without showing any of it. `add` is given the plaintext.
 * @throws SopsError `generic` as `decryptLeaf`.
 */
export async function openLong(
  cipher: LeafCipher,
  aad: string,
  token: LongToken,
  pieces: Pieces,
  add: (bytes: Uint8Array) => void,
): Promise<LongLeaf> {
  const parts = splitToken(token.frame)
  if (parts === undefined) throw new SopsError('generic', "Input string does not match sops' data format")
  if (types[parts.type] !== 'str') throw new SopsError('generic', 'Unknown datatype')
  const tag = decode(parts.tag, 'tag')
  const iv = decode(parts.iv, 'iv')
  if (tag.length !== tagLength) throw new SopsError('generic', authenticationFailed)
  const start = (): DecipherGCM => {
    const gcm = createDecipheriv(algorithmOf(cipher), cipher.key, iv, { authTagLength: tagLength })
    gcm.setAuthTag(tag)
    gcm.setAAD(bytesOfText(aad))
    return gcm
  }
  const digests: Buffer[] = []
  const gcm = start()
  for await (const bytes of dataOf(token, pieces)) {
    digests.push(digestOf(bytes))
    add(gcm.update(bytes))
  }
  try {
    gcm.final()
  } catch {
    throw new SopsError('generic', authenticationFailed)
  }
  return {
    async *plaintext() {
      const again = start()
      let at = 0
      for await (const bytes of dataOf(token, pieces)) {
        if (digests[at++]?.equals(digestOf(bytes)) !== true) throw changed()
        yield again.update(bytes)
      }
    },
  }
}

/** The ciphertext. */
async function* dataOf({ from, to }: LongToken, pieces: Pieces): AsyncGenerator<Buffer> {
  for (let at = from; at < to; at += codeStep) {
    const end = Math.min(at + codeStep, to)
    const text = await pieces.read(at, end)
    const bytes = decode(Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1'), 'data')
    if (end < to && bytes.length !== plainStep) throw new SopsError('generic', 'Error base64-decoding data')
    yield bytes
  }
}

const digestOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

const changed = (): SopsError =>
  new SopsError('bad-input', 'the file was changed by another program while it was read', {
    hints: ['what was written of it so far is not complete: run the command again'],
  })
