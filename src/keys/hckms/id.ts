// The two parts of a HuaweiCloud key identifier (spec/keys.md 9).

import { SopsError } from '../../errors.ts'
import { quote } from '../../text/quote.ts'

interface KeyId {
  readonly region: string
  readonly uuid: string
}

/** @throws SopsError `generic`. */
export function parseKeyId(text: string): KeyId {
  const id = text.trim()
  const colon = id.indexOf(':')
  if (colon < 0) {
    throw new SopsError('generic', `invalid key ID format: expected 'region:key-uuid', got ${quote(text)}`)
  }
  const [region, uuid] = [id.slice(0, colon).trim(), id.slice(colon + 1).trim()]
  if (region === '') throw new SopsError('generic', `region cannot be empty in key ID: ${quote(text)}`)
  if (uuid === '') throw new SopsError('generic', `key UUID cannot be empty in key ID: ${quote(text)}`)
  return { region, uuid }
}
