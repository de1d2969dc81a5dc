// The characters of tags, and the `%` octets that stand for others in them.
import { parseError } from './text.ts'

/** What a tag's prefix can hold only as octets. */
export const outsideTags: RegExp = /[^0-9A-Za-z_\-;/?:@&=+$.!~*'()%,[\]]/

/** A tag or prefix with its octets decoded. @throws SopsError `parse` at `offset` for octets that are none, or no UTF-8. */
export function decodeOctets(text: string, offset: number, raw: string): string {
  if (!raw.includes('%')) return raw
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) throw parseError(text, offset, 'did not find URI escaped octet')
  try {
    return decodeURIComponent(raw)
  } catch {
    throw parseError(text, offset, 'found an incorrect leading UTF-8 octet')
  }
}
