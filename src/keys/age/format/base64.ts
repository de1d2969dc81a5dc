// Canonical base64: a text that does not encode back to itself is refused.

const decoded = (text: string, spelled: (bytes: Buffer) => string): Buffer => {
  const bytes = Buffer.from(text, 'base64')
  if (spelled(bytes) !== text) throw new Error('illegal base64 data')
  return bytes
}

export const encodeBase64NoPad = (bytes: Uint8Array): string => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
  const padding = text.indexOf('=')
  return padding < 0 ? text : text.slice(0, padding)
}

/** @throws Error without the text. */
export const decodeBase64 = (text: string): Buffer => decoded(text, (bytes) => bytes.toString('base64'))

/** The unpadded spelling, as in age headers. @throws Error without the text. */
export const decodeBase64NoPad = (text: string): Buffer => decoded(text, encodeBase64NoPad)
