// Standard base64 as the reference's decoder takes it (spec/keys.md, notions).
import { SopsError } from '../errors.ts'

/** Padding is needed, line breaks are skipped. @throws SopsError `generic` with the place of the first wrong character. */
export function decodeBase64(text: string): Uint8Array {
  const bare = text.replace(/[\r\n]/g, '')
  const match = /^[A-Za-z0-9+/]*/.exec(bare)![0]
  const padding = bare.slice(match.length)
  const needed = ['', undefined, '==', '='][match.length % 4]
  if (padding !== needed) {
    throw new SopsError('generic', `illegal base64 data at input byte ${match.length}`)
  }
  return new Uint8Array(Buffer.from(bare, 'base64'))
}

export const encodeBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
