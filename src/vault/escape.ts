// Percent escapes in URL paths, octet by octet, so that no path is refused for its encoding.

const octets = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
const escapeOctet = (c: string): string => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

/** Escapes every octet that must not stand in a path. */
export const escapePath = (path: string): string => octets(path).replace(/[^A-Za-z0-9\-_.~$&+,/:;=@]/g, escapeOctet)

/** The path unchanged if it may stand in a URL, else escaped uniformly. Escapes in it must be well-formed. */
export function escapedAsNeeded(path: string): string {
  if (/^[A-Za-z0-9\-_.~!$&'()*+,;=:@[\]%/]*$/.test(path)) return path
  const plain = octets(path).replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return plain.replace(/[^A-Za-z0-9\-_.~$&+,/:;=@]/g, escapeOctet)
}
