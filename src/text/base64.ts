// Base64, read strictly: Node's own decoder skips what it does not know.
import { SopsError } from '../errors.ts'

/** Padding is needed, and nothing else may stand in the text; undefined where it does. */
export function readBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  const { length } = text
  const padding = text.endsWith('=') ? (text.charCodeAt(length - 2) === 0x3d ? 2 : 1) : 0
  // What Buffer skips shows in the length; that it reads the URL alphabet too does not.
  const isExact = length % 4 === 0 && bytes.length === (length / 4) * 3 - padding
  return isExact && !text.includes('-') && !text.includes('_') ? bytes : undefined
}

/** Without the line breaks, which the reference's decoder skips (spec/keys.md, notions). */
export const withoutBreaks = (text: string): string => text.replace(/[\r\n]/g, '')

const refusal = (at: number): SopsError => new SopsError('generic', `illegal base64 data at input byte ${at}`)

/** Line breaks are skipped. The result has memory of its own. @throws SopsError `generic` with the place of the first wrong character. */
export function decodeBase64(text: string): Uint8Array {
  const bare = withoutBreaks(text)
  const bytes = readBase64(bare)
  if (bytes === undefined) throw refusal(/^[A-Za-z0-9+/]*/.exec(bare)![0].length)
  return new Uint8Array(bytes)
}

/** URL base64 without padding, into memory of its own. @throws SopsError `generic` with the place of the first wrong character. */
export function decodeBase64Url(text: string): Uint8Array {
  if (text.length % 4 === 1 || !/^[A-Za-z0-9_-]*$/.test(text)) {
    throw refusal(/[^A-Za-z0-9_-]/.exec(text)?.index ?? text.length)
  }
  return new Uint8Array(Buffer.from(text, 'base64url'))
}

/** Another view of the same bytes costs as much as encoding a short text, so that a Buffer is taken as it is. */
export const encodeBase64 = (bytes: Uint8Array): string =>
  (bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString('base64')

const alphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const equals = 0x3d

/** Writes what `encodeBase64` gives to `target` from `at` on; returns where it ends. For a few bytes, and public ones: it looks them up in a table. */
export function writeBase64(bytes: Uint8Array, target: Uint8Array, at: number): number {
  const whole = bytes.length - (bytes.length % 3)
  for (let i = 0; i < whole; i += 3, at += 4) {
    const group = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!
    target[at] = alphabet[group >> 18]!
    target[at + 1] = alphabet[(group >> 12) & 63]!
    target[at + 2] = alphabet[(group >> 6) & 63]!
    target[at + 3] = alphabet[group & 63]!
  }
  if (whole === bytes.length) return at
  const isOne = whole + 1 === bytes.length
  const rest = (bytes[whole]! << 16) | (isOne ? 0 : bytes[whole + 1]! << 8)
  target[at] = alphabet[rest >> 18]!
  target[at + 1] = alphabet[(rest >> 12) & 63]!
  target[at + 2] = isOne ? equals : alphabet[(rest >> 6) & 63]!
  target[at + 3] = equals
  return at + 4
}

export function encodeBase64NoPad(bytes: Uint8Array): string {
  const text = encodeBase64(bytes)
  const padding = text.indexOf('=')
  return padding < 0 ? text : text.slice(0, padding)
}

function canonical(text: string, spell: (bytes: Uint8Array) => string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (spell(bytes) !== text) throw new Error('illegal base64 data')
  return bytes
}

/** Only the one spelling that `encodeBase64` gives. @throws Error without the text. */
export const decodeCanonical = (text: string): Buffer => canonical(text, encodeBase64)

/** Only the one spelling that `encodeBase64NoPad` gives, as in age headers. @throws Error without the text. */
export const decodeCanonicalNoPad = (text: string): Buffer => canonical(text, encodeBase64NoPad)
