// The lines of an identity file.
import { messageOf } from '../../../errors.ts'
import type { Identity } from '../identity.ts'

/**
 * Reads one identity per line, or with `words` any number. Skips empty lines and lines that begin with `#`. Trims nothing but a line's carriage
 * return, and the byte order mark that editors on Windows put in front.
 * @throws Error with the line's number.
 */
export function identityLines(bytes: Buffer, parse: (word: string) => Identity, words = false): Identity[] {
  const text = bytes.toString('latin1').replace(/^\xef\xbb\xbf/, '')
  return text.split('\n').flatMap((full, i) => {
    const line = full.endsWith('\r') ? full.slice(0, -1) : full
    if (line === '' || line.startsWith('#')) return []
    try {
      return (words ? line.split(/\s+/).filter((word) => word !== '') : [line]).map(parse)
    } catch (error) {
      throw new Error(`error at line ${i + 1}: ${messageOf(error)}`)
    }
  })
}
